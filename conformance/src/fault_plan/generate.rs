//! Plans from a seed. Pure: the same seed gives the same plans.
//!
//! All plans of a run share one deck, which holds every pair of a point and an action once; each plan is dealt its part of it. So a run
//! plays every pair, if its plans have room for them, and the seed decides in which company and with which values.

use fake_interpreters::hex;
use fake_interpreters::script::{SignalName, Stream};
use plugin_proto::Method;

use super::place::{Kind, Place, pairs};
use super::range::{NO_TAGS, STATUSES};
use super::{Action, FaultPlan, Point, Step, hooks};
use crate::requirement::Side;
use crate::rng::Rng;

/// How many plans a host is judged by if nobody says otherwise.
pub const USUAL_HOST: usize = 12;

/// How many plans a plugin is judged by: its starts may cost more.
pub const USUAL_PLUGIN: usize = 3;

/// The most steps that a drawn plan has: more would not tell more, and take longer to shrink.
pub const LONGEST: usize = 12;

/// The hook of plans for plugins: the one that every order can be given by.
pub const ORDERED: &str = "MessageWillBePosted";

/// What is written to a standard stream to see what a reader makes of it.
const NOISE: [&[u8]; 5] = [
    b"{\"@level\":7,\"@message\":[1]}\n",
    b"{\"@level\":\n",
    b"\xff\xfe\x00 not text\n",
    b"\n\n\r\n\n",
    b"1|1|tcp|127.0.0.1:1|grpc\n",
];

/// So many plans for a side.
pub fn plans(seed: u64, side: Side, count: usize) -> Vec<FaultPlan> {
    let mut rng = Rng::new(seed);
    // What is waited for is dealt first, so that every plan gets its share of it.
    let (mut deck, mut others): (Vec<_>, Vec<_>) =
        pairs(side).into_iter().partition(|(_, kind)| waits(*kind));
    rng.shuffle(&mut deck);
    rng.shuffle(&mut others);
    deck.extend(others);
    let mut dealt: Vec<Vec<(Place, Kind)>> = vec![Vec::new(); count];
    for (number, card) in deck.into_iter().enumerate() {
        if let Some(hand) = dealt.get_mut(number % count.max(1))
            && hand.len() < LONGEST
        {
            hand.push(card);
        }
    }
    let mut plan = |mut hand: Vec<(Place, Kind)>| {
        let seed = rng.next();
        let mut rng = Rng::new(seed);
        rng.shuffle(&mut hand);
        // Half of the plans have their steps in the order of a life, so that one process goes through many.
        if rng.below(2) == 0 {
            hand.sort_by_key(|(place, _)| *place);
        }
        let steps = hand
            .into_iter()
            .map(|card| step(&mut rng, side, card))
            .collect();
        FaultPlan { seed, side, steps }
    };
    dealt.into_iter().map(&mut plan).collect()
}

/// Whether a bound of the host has to run out for it.
fn waits(kind: Kind) -> bool {
    matches!(kind, Kind::Hang | Kind::Stop)
}

fn step(rng: &mut Rng, side: Side, (place, kind): (Place, Kind)) -> Step {
    Step {
        at: point(rng, side, place, kind),
        action: action(rng, side, place, kind),
    }
}

fn point(rng: &mut Rng, side: Side, place: Place, kind: Kind) -> Point {
    let mut hook = || match side {
        Side::Plugin => ORDERED.to_owned(),
        Side::Host => {
            let fit: Vec<&Method> = hooks()
                .filter(|hook| kind != Kind::Error || hook.has_error)
                .collect();
            pick(rng, &fit).map_or_else(String::new, |hook| hook.name.to_owned())
        }
    };
    match place {
        Place::BeforeHandshake => Point::BeforeHandshake,
        Place::AfterHandshake => Point::AfterHandshake,
        Place::InImplemented => Point::InImplemented,
        Place::InConfiguration => Point::InConfiguration,
        Place::InActivate => Point::InActivate,
        Place::Idle => Point::Idle,
        Place::InHook => Point::InHook { hook: hook() },
        Place::InApi => Point::InApi { hook: hook() },
        Place::InDeactivate => Point::InDeactivate,
        Place::InShutdown => Point::InShutdown,
    }
}

fn action(rng: &mut Rng, side: Side, place: Place, kind: Kind) -> Action {
    match kind {
        Kind::Exit => Action::Exit {
            code: byte(rng).max(1),
        },
        Kind::Raise => Action::Raise {
            signal: pick(rng, &[SignalName::Kill, SignalName::Abrt]).unwrap_or(SignalName::Kill),
        },
        Kind::Hang => Action::Hang {},
        Kind::Late => Action::Late {
            ms: 1 + rng.below(120) as u64,
        },
        Kind::Garbage => Action::Garbage {
            hex: garbage(rng, place),
        },
        Kind::Status => Action::Status {
            code: pick(rng, &STATUSES).unwrap_or("INTERNAL").to_owned(),
        },
        Kind::Error => Action::Error {
            message: format!("error {:08x}", rng.next() as u32),
        },
        Kind::CloseConnections => Action::CloseConnections {},
        Kind::CloseListener => Action::CloseListener {},
        Kind::CloseStream => Action::CloseStream {
            stream: any_stream(rng),
        },
        Kind::Flood => Action::Flood {
            stream: stream(rng, place),
            // More than a pipe holds.
            bytes: (96 << 10) + rng.below(96 << 10),
        },
        Kind::Noise => Action::Noise {
            stream: stream(rng, place),
            hex: noise(rng),
        },
        Kind::Grandchild => Action::Grandchild {},
        Kind::IgnoreTerm => Action::IgnoreTerm {},
        Kind::Kill => Action::Kill {},
        Kind::Stop => Action::Stop {
            resume: side == Side::Plugin || rng.below(2) == 0,
        },
        Kind::Activate => Action::Activate {},
        Kind::Deactivate => Action::Deactivate {},
        Kind::Restart => Action::Restart {},
        Kind::Health => Action::Health {},
        Kind::Hooks => Action::Hooks {
            count: 2 + rng.below(7),
        },
        Kind::Big => Action::Big {
            bytes: 1 + rng.below(1 << 20),
        },
        Kind::Cancel => Action::Cancel {},
    }
}

/// Before the handshake nothing but a handshake may go to stdout.
fn stream(rng: &mut Rng, place: Place) -> Stream {
    match place {
        Place::BeforeHandshake => Stream::Stderr,
        _ => any_stream(rng),
    }
}

fn any_stream(rng: &mut Rng) -> Stream {
    pick(rng, &[Stream::Stdout, Stream::Stderr]).unwrap_or_default()
}

/// All of it, in some order.
fn noise(rng: &mut Rng) -> String {
    let mut parts = NOISE.to_vec();
    rng.shuffle(&mut parts);
    hex::encode(&parts.concat())
}

fn garbage(rng: &mut Rng, place: Place) -> String {
    let mut bytes = vec![pick(rng, &NO_TAGS).unwrap_or(NO_TAGS[0])];
    bytes.extend((0..rng.below(24)).map(|_| byte(rng)));
    if place == Place::BeforeHandshake {
        bytes.push(b'\n');
    }
    hex::encode(&bytes)
}

fn byte(rng: &mut Rng) -> u8 {
    u8::try_from(rng.below(256)).unwrap_or_default()
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> Option<T> {
    from.get(rng.below(from.len())).copied()
}
