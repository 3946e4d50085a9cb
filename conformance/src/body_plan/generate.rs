//! The plans of a run: every split of a short body, the splits around the borders, what is not about splits, and drawn ones. Pure.

use plugin_host::body::split::draw::{Drawing, draw};
use plugin_host::body::split::fill::{Fill, Kind};
use plugin_host::body::split::{EXHAUSTIVE, MESSAGE, PIECE, Split, all, sparse, three_ways};

use super::{BodyPlan, Direction, Manner};
use crate::rng::Rng;

/// How often an exchange is given up before the next one has to be served: more often than anybody has places for streams.
const GIVEN_UP: usize = 64;
/// A body that is longer than all that may be on its way.
const UNREAD: usize = 64 << 20;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Every split of every body of up to 12 bytes, as it is and with an empty piece at each border.
    Exhaustive,
    /// Splits into three around 64 KiB, and some around 1 MiB and 4 MiB.
    Borders,
    /// Answers that come early, uploads that are given up, answers that nobody reads.
    Manners,
    /// Drawn from the seed.
    Random,
}

impl Part {
    /// All of them, in the order in which they are played.
    pub const ALL: [Part; 4] = [Part::Exhaustive, Part::Borders, Part::Manners, Part::Random];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Part::Exhaustive => "exhaustive",
            Part::Borders => "borders",
            Part::Manners => "manners",
            Part::Random => "random",
        }
    }
}

/// What the plans of a run depend on.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The direction.
    pub direction: Direction,
    /// The seed of drawn plans.
    pub seed: u64,
    /// How many are drawn.
    pub cases: usize,
    /// Whether handlers begin before the body is there, and answers leave piece by piece.
    pub streams: bool,
}

/// The plans of a part.
pub fn plans(part: Part, choice: Choice) -> Box<dyn Iterator<Item = BodyPlan> + Send> {
    match part {
        Part::Exhaustive => Box::new(exhaustive(choice.direction, EXHAUSTIVE)),
        Part::Borders => Box::new(borders(choice.direction)),
        Part::Manners => Box::new(manners(choice)),
        Part::Random => Box::new(random(choice)),
    }
}

/// Every split of every body of up to `longest` bytes, plain and with an empty piece at each border; downwards with flushes there, too.
pub fn exhaustive(direction: Direction, longest: usize) -> impl Iterator<Item = BodyPlan> + Send {
    let with_empties = move |split: Split| match direction {
        Direction::Up => split.with_empty_pieces(),
        Direction::Down => split.with_empty_pieces().with_flushes(),
    };
    // The plain ones first: what breaks a law there is the plainer fault.
    numbered(
        direction,
        all(longest).chain(all(longest).map(with_empties)),
    )
}

fn borders(direction: Direction) -> impl Iterator<Item = BodyPlan> + Send {
    let long = [1024 * 1024, MESSAGE].into_iter().flat_map(sparse);
    numbered(direction, three_ways(PIECE).into_iter().chain(long))
}

/// Text and other bytes by turns, each plan with a salt of its own.
fn numbered(
    direction: Direction,
    splits: impl Iterator<Item = Split> + Send,
) -> impl Iterator<Item = BodyPlan> + Send {
    splits.enumerate().map(move |(number, split)| {
        let kind = if number % 2 == 0 {
            Kind::Binary
        } else {
            Kind::Text
        };
        let salt = (number / 2) as u8;
        BodyPlan::through(direction, Fill { kind, salt }, split)
    })
}

fn manners(choice: Choice) -> impl Iterator<Item = BodyPlan> + Send {
    let up = choice.direction == Direction::Up;
    let early = [Split::of([1]), Split::of([1; 40]), Split::of([PIECE; 64])];
    let early = early.map(|split| (Manner::Early, split));
    let unread = [(Manner::Unread, Split::whole(UNREAD).capped(PIECE))];
    let given_up = [Split::of([3, 4]), Split::of([PIECE; 4])];
    let given_up = given_up.map(|split| (Manner::Cancel { times: GIVEN_UP }, split));
    let stalled = early.into_iter().chain(unread);
    stalled
        .filter(move |_| up && choice.streams)
        .chain(given_up)
        .map(move |(manner, split)| BodyPlan {
            manner,
            ..BodyPlan::through(choice.direction, Fill::default(), split)
        })
}

fn random(choice: Choice) -> impl Iterator<Item = BodyPlan> + Send {
    let (direction, streams) = (choice.direction, choice.streams);
    // The two directions of a run draw different splits.
    let mut rng = Rng::new(choice.seed ^ (direction as u64) << 63);
    let drawing = Drawing {
        flushes: direction == Direction::Down,
        ..Drawing::default()
    };
    (0..choice.cases).map(move |_| {
        let split = draw(drawing, &mut |bound| rng.below(bound));
        let kind = if rng.below(2) == 0 {
            Kind::Binary
        } else {
            Kind::Text
        };
        let salt = rng.below(256) as u8;
        let manner = match rng.below(64) {
            0 if direction == Direction::Up && streams => Manner::Early,
            1 => Manner::Cancel {
                times: 1 + rng.below(3),
            },
            _ => Manner::Through,
        };
        BodyPlan {
            manner,
            ..BodyPlan::through(direction, Fill { kind, salt }, split)
        }
    })
}
