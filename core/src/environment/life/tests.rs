//! Any sequence of commands and happenings, against a world that carries the effects out and knows what must never be.

mod shown;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::timing::Recovery;

/// What the world does next. What cannot happen just now is left out.
#[derive(Debug, Clone, Copy)]
enum Act {
    Activate {
        elsewhere: bool,
        anew: bool,
    },
    Deactivate,
    Remove,
    StartEnds {
        well: bool,
    },
    Exits,
    IsUnhealthy,
    StopEnds,
    PauseEnds,
    ForgettingEnds {
        well: bool,
    },
    /// News of an earlier start.
    LateNews,
    LookAfter(bool),
    ShutDown,
    TimePasses(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<bool>(), any::<bool>()).prop_map(|(elsewhere, anew)| Act::Activate { elsewhere, anew }),
        3 => Just(Act::Deactivate),
        2 => Just(Act::Remove),
        4 => any::<bool>().prop_map(|well| Act::ForgettingEnds { well }),
        6 => any::<bool>().prop_map(|well| Act::StartEnds { well }),
        3 => Just(Act::Exits),
        3 => Just(Act::IsUnhealthy),
        6 => Just(Act::StopEnds),
        4 => Just(Act::PauseEnds),
        1 => Just(Act::LateNews),
        1 => any::<bool>().prop_map(Act::LookAfter),
        1 => Just(Act::ShutDown),
        1 => any::<u16>().prop_map(Act::TimePasses),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    Starting { called_off: bool },
    Running,
    Stopping,
}

/// Carries effects out, and panics where one must not be.
struct World {
    life: Life,
    recovery: Recovery,
    now: Duration,
    process: Option<Process>,
    pause: Option<u64>,
    /// The removal that is under way.
    forgetting: Option<Ticket>,
    is_known: bool,
    /// For each command the latest start when it was given.
    given: BTreeMap<Ticket, (Wish, u64)>,
    answers: BTreeMap<Ticket, Option<Reply>>,
    is_over: bool,
    /// Whether the latest command wanted it not to run.
    is_unwanted: bool,
    is_looked_after: bool,
}

impl World {
    fn new(is_looked_after: bool) -> Self {
        Self {
            life: Life::new(PathBuf::from("/here"), is_looked_after),
            recovery: Recovery::default(),
            now: Duration::ZERO,
            process: None,
            pause: None,
            forgetting: None,
            is_known: true,
            given: BTreeMap::new(),
            answers: BTreeMap::new(),
            is_over: false,
            is_unwanted: true,
            is_looked_after,
        }
    }

    fn ask(&mut self, wish: Wish) -> Vec<Effect> {
        let ticket = self.answers.len() as Ticket;
        self.answers.insert(ticket, None);
        self.is_unwanted = !matches!(wish, Wish::Activate { .. });
        self.given.insert(ticket, (wish.clone(), self.life.start()));
        self.life.ask(ticket, wish)
    }

    fn play(&mut self, act: Act) {
        let before = self.life.state();
        let effects = match (act, self.process) {
            (Act::Activate { elsewhere, anew }, _) => {
                let folder = if elsewhere { "/there" } else { "/here" };
                self.ask(Wish::Activate {
                    folder: folder.into(),
                    anew,
                })
            }
            (Act::Deactivate, _) => self.ask(Wish::Deactivate),
            (Act::Remove, _) => self.ask(Wish::Remove),
            (Act::StartEnds { well: true }, Some(Process::Starting { .. })) => {
                self.process = Some(Process::Running);
                self.life.started()
            }
            (Act::StartEnds { well: false }, Some(Process::Starting { called_off })) => {
                self.process = None;
                let (_, effects) = self.life.start_failed(called_off, self.now, &self.recovery);
                effects
            }
            (Act::Exits, Some(Process::Running)) => {
                self.life
                    .exited(self.life.start(), self.now, &self.recovery)
                    .1
            }
            (Act::IsUnhealthy, Some(Process::Running)) if self.is_looked_after => {
                let start = self.life.start();
                self.life.unhealthy(start, self.now, &self.recovery).1
            }
            (Act::StopEnds, Some(Process::Stopping)) => {
                self.process = None;
                self.life.stopped()
            }
            (Act::PauseEnds, _) => match self.pause.take() {
                Some(start) => self.life.due(start),
                None => Vec::new(),
            },
            (Act::ForgettingEnds { well }, _) if self.forgetting.is_some() => {
                self.forgetting = None;
                self.is_known = !well;
                self.life.forgotten(well)
            }
            (Act::LateNews, _) => {
                let Some(earlier) = self.life.start().checked_sub(1) else {
                    return;
                };
                let late = self.life.exited(earlier, self.now, &self.recovery);
                assert_eq!(late, (Verdict::Late, Vec::new()));
                let late = self.life.unhealthy(earlier, self.now, &self.recovery);
                assert_eq!(late, (Verdict::Late, Vec::new()));
                assert_eq!(self.life.due(earlier), []);
                Vec::new()
            }
            (Act::LookAfter(yes), _) if !self.is_over => {
                self.is_looked_after = yes;
                self.life.look_after(yes);
                Vec::new()
            }
            (Act::ShutDown, _) => {
                self.is_over = true;
                self.is_unwanted = true;
                self.is_looked_after = false;
                self.life.shut_down()
            }
            (Act::TimePasses(seconds), _) => {
                self.now += Duration::from_secs(seconds.into());
                Vec::new()
            }
            _ => return,
        };
        for effect in effects {
            self.carry_out(effect, before);
        }
        self.check(act, before);
    }

    fn carry_out(&mut self, effect: Effect, before: State) {
        match effect {
            Effect::Start { by } => {
                assert_eq!(self.process, None, "a second process");
                assert!(!self.is_over, "a start after the shutdown");
                if by.is_none() {
                    assert_eq!(before, State::Recovering, "a start that nobody asked for");
                    assert!(!self.is_unwanted, "brought back against the last command");
                    assert!(self.is_looked_after, "brought back by nobody");
                }
                assert_eq!(self.forgetting, None, "started while it is taken away");
                self.is_known = true;
                self.process = Some(Process::Starting { called_off: false });
            }
            Effect::CallOff => {
                assert!(matches!(self.process, Some(Process::Starting { .. })));
                self.process = Some(Process::Starting { called_off: true });
            }
            Effect::Stop => {
                assert_eq!(
                    self.process,
                    Some(Process::Running),
                    "nothing there to be stopped"
                );
                self.process = Some(Process::Stopping);
            }
            Effect::Retry { after } => {
                assert!(after <= self.recovery.backoff.cap);
                self.pause = Some(self.life.start());
            }
            Effect::Forget(ticket) => {
                assert_eq!(self.process, None, "forgotten while it lives");
                assert_eq!(self.answers[&ticket], None);
                assert!(self.is_known, "forgotten twice");
                let other = self.forgetting.replace(ticket);
                assert_eq!(other, None, "two removals at a time");
            }
            Effect::Answer(ticket, reply) => {
                let (wish, start) = &self.given[&ticket];
                if matches!(wish, Wish::Activate { anew: true, .. })
                    && matches!(reply, Reply::Start | Reply::AlreadyRunning)
                {
                    assert!(self.life.start() > *start, "an old process for a restart");
                }
                let is_unknown =
                    *wish == Wish::Remove && !self.is_known && reply != Reply::Forgotten;
                assert_eq!(reply == Reply::NotKnown, is_unknown);
                let answer = self.answers.get_mut(&ticket).expect("a command");
                assert_eq!(answer.replace(reply), None, "answered twice");
            }
        }
    }

    fn check(&self, act: Act, before: State) {
        let state = self.life.state();
        assert_eq!(
            state.has_process(),
            self.process.is_some(),
            "{state:?} {:?}",
            self.process
        );
        assert_eq!(self.life.is_forgotten(), !self.is_known);
        if state == State::Recovering {
            assert_eq!(self.pause, Some(self.life.start()), "nothing will happen");
        }
        if self.is_over {
            assert!(!matches!(state, State::Recovering | State::Mending));
        }
        if state == before {
            return;
        }
        let start_failed = matches!(act, Act::StartEnds { well: false });
        let process_ended = matches!(act, Act::StopEnds);
        let comes_from = match state {
            State::Running => matches!(act, Act::StartEnds { well: true }),
            State::FailedToStart => start_failed,
            State::Recovering => start_failed || process_ended,
            State::FailedToStayRunning => {
                start_failed || process_ended || matches!(act, Act::LookAfter(false))
            }
            State::Mending => matches!(act, Act::Exits | Act::IsUnhealthy),
            State::Cleaning => {
                matches!(
                    act,
                    Act::Exits | Act::IsUnhealthy | Act::LookAfter(false) | Act::ShutDown
                )
            }
            State::NotRunning | State::Starting | State::Stopping => true,
        };
        assert!(comes_from, "{before:?} became {state:?} by {act:?}");
    }

    /// Lets everything come to its end that ends by itself.
    fn settle(&mut self) {
        for _ in 0..200 {
            let act = match self.process {
                Some(Process::Starting { called_off }) => Act::StartEnds { well: !called_off },
                Some(Process::Stopping) => Act::StopEnds,
                None if self.forgetting.is_some() => Act::ForgettingEnds { well: true },
                None if self.life.state() == State::Recovering => Act::PauseEnds,
                _ => break,
            };
            self.play(act);
        }
        assert!(!self.life.state().is_passing(), "it never comes to rest");
        assert_ne!(self.life.state(), State::Recovering);
        let open: Vec<_> = self
            .answers
            .iter()
            .filter(|(_, reply)| reply.is_none())
            .collect();
        assert!(open.is_empty(), "never answered: {open:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_the_invariants(is_looked_after: bool, acts in prop::collection::vec(act(), 0..60)) {
        let mut world = World::new(is_looked_after);
        for act in acts {
            world.play(act);
        }
        world.settle();
        world.play(Act::ShutDown);
        world.settle();
        prop_assert_eq!(world.process, None);
        prop_assert_eq!(world.life.state(), State::NotRunning);
    }
}

/// Plays one after the other; gives the answers in the order of the commands.
fn answers(acts: &[Act]) -> Vec<Option<Reply>> {
    let mut world = World::new(true);
    acts.iter().for_each(|act| world.play(*act));
    world.answers.into_values().collect()
}

#[test]
fn the_second_of_two_removals_finds_nothing_and_brings_nothing_back() {
    let both = [ACTIVATE, WELL, Act::Remove, Act::Remove, Act::StopEnds];
    for (well, second) in [(true, Some(Reply::NotKnown)), (false, None)] {
        let mut acts = both.to_vec();
        acts.push(Act::ForgettingEnds { well });
        // Where the first has failed, the second tries again.
        let expected = [Some(Reply::Start), Some(Reply::Forgotten), second];
        assert_eq!(answers(&acts), expected);
    }
}

#[test]
fn a_restart_replaces_a_process_whose_start_is_older_than_it() {
    const ANEW: Act = Act::Activate {
        elsewhere: false,
        anew: true,
    };
    let acts = [ACTIVATE, ANEW, ANEW, WELL, Act::StopEnds];
    let (begun, done) = (None, Some(Reply::Start));
    assert_eq!(answers(&acts), [done, begun, begun]);
    assert_eq!(states(&acts).last(), Some(&State::Starting));
    let acts = [&acts[..], &[WELL]].concat();
    assert_eq!(answers(&acts), [done; 3]);
    assert_eq!(states(&acts).last(), Some(&State::Running));
}

/// Plays one after the other; gives the states in between.
fn states(acts: &[Act]) -> Vec<State> {
    let mut world = World::new(true);
    let step = |act: &Act| {
        world.play(*act);
        world.life.state()
    };
    acts.iter().map(step).collect()
}

const ACTIVATE: Act = Act::Activate {
    elsewhere: false,
    anew: false,
};
const WELL: Act = Act::StartEnds { well: true };
const FAILS: Act = Act::StartEnds { well: false };

#[test]
fn a_failed_restart_uses_up_the_allowance_and_is_not_final() {
    use State::{FailedToStayRunning, Mending, Recovering, Running, Starting};
    let acts = [
        ACTIVATE,
        WELL,
        Act::Exits,
        Act::StopEnds,
        Act::PauseEnds,
        FAILS,
        Act::PauseEnds,
        FAILS,
    ];
    let expected = [
        Starting,
        Running,
        Mending,
        Recovering,
        Starting,
        Recovering,
        Starting,
        FailedToStayRunning,
    ];
    assert_eq!(states(&acts), expected);
}

#[test]
fn a_start_by_hand_gives_a_whole_allowance() {
    let crash = [
        WELL,
        Act::IsUnhealthy,
        Act::StopEnds,
        Act::PauseEnds,
        WELL,
        Act::Exits,
        Act::StopEnds,
    ];
    let mut acts = vec![ACTIVATE];
    acts.extend(crash);
    acts.push(ACTIVATE);
    acts.extend(crash);
    assert_eq!(states(&acts).last(), Some(&State::Recovering));
    acts.extend([Act::PauseEnds, WELL, Act::Exits]);
    assert_eq!(states(&acts).last(), Some(&State::Cleaning));
}

#[test]
fn a_deactivation_at_any_moment_of_a_recovery_has_the_last_word() {
    let recovery = [
        ACTIVATE,
        WELL,
        Act::Exits,
        Act::StopEnds,
        Act::PauseEnds,
        WELL,
    ];
    for moment in 3..=recovery.len() {
        let mut world = World::new(true);
        recovery[..moment].iter().for_each(|act| world.play(*act));
        world.play(Act::Deactivate);
        world.settle();
        world.play(Act::PauseEnds);
        assert_eq!(world.life.state(), State::NotRunning, "{moment}");
    }
}

#[test]
fn what_fails_and_is_then_ended_is_not_running_in_the_end() {
    for looked_after in [true, false] {
        for end in [Act::Deactivate, Act::ShutDown] {
            let mut world = World::new(looked_after);
            for act in [ACTIVATE, WELL, Act::Exits, end] {
                world.play(act);
            }
            world.settle();
            assert_eq!(
                world.life.state(),
                State::NotRunning,
                "{looked_after} {end:?}"
            );
        }
    }
}
