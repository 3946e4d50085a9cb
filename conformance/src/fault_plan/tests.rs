//! The laws of plans: what is drawn can be played and written down, what is written is read strictly, and what shrinks stays a failure.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rstest::rstest;

use super::generate::{USUAL_HOST, USUAL_PLUGIN, plans};
use super::life::{Begin, Told, lives};
use super::place::{Kind, Place, pairs};
use super::script::script;
use super::shrink::{Shrinking, smaller};
use super::stored::StoredPlan;
use super::*;

fn any_side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Host), Just(Side::Plugin)]
}

fn any_plan() -> impl Strategy<Value = FaultPlan> {
    (any::<u64>(), any_side(), 1usize..20).prop_map(|(seed, side, count)| {
        let drawn = plans(seed, side, count);
        drawn[count / 2].clone()
    })
}

fn stored(plan: FaultPlan) -> StoredPlan {
    StoredPlan {
        suite_version: "0.1.0".to_owned(),
        subject: "host".to_owned(),
        requirement: "FP-001".to_owned(),
        reason: "not-answered-in-time".to_owned(),
        event: None,
        plan,
    }
}

proptest! {
    #[test]
    fn the_same_seed_draws_the_same_plans(seed in any::<u64>(), side in any_side(), count in 0usize..20) {
        let drawn = plans(seed, side, count);
        prop_assert_eq!(drawn.len(), count);
        prop_assert_eq!(&drawn, &plans(seed, side, count));
    }

    #[test]
    fn what_is_drawn_is_valid_and_survives_its_file(plan in any_plan()) {
        prop_assert_eq!(FaultPlan::new(plan.seed, plan.side, plan.steps.clone()), Ok(plan.clone()));
        let stored = stored(plan);
        prop_assert_eq!(StoredPlan::parse(&stored.to_json()).unwrap(), stored.clone());
        let with_event = StoredPlan {
            event: Some("ended".to_owned()),
            ..stored
        };
        prop_assert_eq!(StoredPlan::parse(&with_event.to_json()).unwrap(), with_event);
    }

    #[test]
    fn every_part_of_a_plan_can_be_played(plan in any_plan(), kept in any::<u64>()) {
        let steps = plan.steps.iter().enumerate();
        let steps = steps.filter(|(at, _)| kept >> (at % 64) & 1 == 1).map(|(_, step)| step.clone());
        let part = plan.with(steps.collect());
        let script = script(&part);
        prop_assert!(script.check().is_ok());
        let lives = lives(&part);
        prop_assert_eq!(script.starts.len(), lives.len());
        // Every step is in exactly one life, and the order is kept.
        let in_lives: Vec<&Step> = lives
            .iter()
            .flat_map(|life| life.starting.iter().chain(&life.active).chain(&life.stopping))
            .copied()
            .collect();
        prop_assert_eq!(in_lives, part.steps.iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_first_life_is_activated_and_the_last_is_a_good_one(plan in any_plan()) {
        let lives = lives(&plan);
        prop_assert_eq!(lives[0].begin, Begin::Activate);
        let last = lives.last().unwrap();
        prop_assert_eq!(last.told(), Told::Runs);
        prop_assert!(last.starting.is_empty() && last.active.is_empty() && last.stopping.is_empty());
        for pair in lives.windows(2) {
            prop_assert_eq!(pair[1].begin, pair[0].next());
            prop_assert!(pair[1].begin != Begin::ByStep || pair[1].starting.is_empty());
        }
    }

    #[test]
    fn smaller_steps_are_valid_and_come_to_an_end(plan in any_plan()) {
        for step in plan.steps {
            let (mut step, mut rounds) = (step, 0);
            while let Some(next) = smaller(&step).into_iter().next_back() {
                prop_assert!(FaultPlan::new(0, plan.side, vec![next.clone()]).is_ok(), "{next}");
                step = next;
                rounds += 1;
                prop_assert!(rounds < 100);
            }
        }
    }

    #[test]
    fn what_shrinks_still_fails_and_no_step_of_it_can_be_left_out(
        plan in any_plan(),
        needed in proptest::collection::btree_set(0usize..12, 0..4),
        tries in prop_oneof![Just(0usize), 1usize..30, Just(100_000)],
    ) {
        // It fails as long as all of these steps are in it, by their kinds and points.
        let needed: Vec<Step> = needed.iter().filter_map(|at| plan.steps.get(*at).cloned()).collect();
        let fails = |candidate: &FaultPlan| {
            needed.iter().all(|step| {
                candidate.steps.iter().any(|other| {
                    other.at == step.at && other.action.kind() == step.action.kind()
                })
            })
        };
        let mut shrinking = Shrinking::new(plan.clone(), tries);
        let mut tried = 0;
        while let Some(candidate) = shrinking.candidate() {
            tried += 1;
            prop_assert!(tried <= tries);
            prop_assert!(candidate.steps.len() <= shrinking.smallest().steps.len());
            prop_assert!(&candidate != shrinking.smallest());
            shrinking.tell(fails(&candidate));
        }
        let smallest = shrinking.smallest();
        prop_assert!(fails(smallest));
        prop_assert!(smallest.steps.len() <= plan.steps.len());
        if tries == 100_000 {
            for at in 0..smallest.steps.len() {
                let mut steps = smallest.steps.clone();
                steps.remove(at);
                prop_assert!(!fails(&smallest.with(steps)), "step {at} is not needed: {smallest}");
            }
            for (at, step) in smallest.steps.iter().enumerate() {
                for smaller in smaller(step) {
                    let mut steps = smallest.steps.clone();
                    steps[at] = smaller;
                    prop_assert!(!fails(&smallest.with(steps)));
                }
            }
        }
    }
}

#[test]
fn the_usual_number_of_plans_plays_every_pair() {
    for (side, count) in [(Side::Host, USUAL_HOST), (Side::Plugin, USUAL_PLUGIN)] {
        for seed in 0..50 {
            let drawn = plans(seed, side, count);
            let played: BTreeSet<(Place, Kind)> = drawn
                .iter()
                .flat_map(|plan| &plan.steps)
                .map(|step| (step.at.place(), step.action.kind()))
                .collect();
            assert_eq!(played, pairs(side).into_iter().collect(), "{side} {seed}");
        }
    }
}

#[test]
fn names_of_places_and_kinds_are_those_of_files() {
    for plan in plans(1, Side::Host, 8)
        .iter()
        .chain(&plans(1, Side::Plugin, 2))
    {
        for step in &plan.steps {
            let written = serde_json::to_value(step).unwrap();
            let key = |value: &serde_json::Value| match value {
                serde_json::Value::String(word) => word.clone(),
                other => other.as_object().unwrap().keys().next().unwrap().clone(),
            };
            assert_eq!(key(&written["at"]), step.at.place().name());
            assert_eq!(key(&written["do"]), step.action.kind().name());
        }
    }
}

/// A file of which one text was replaced.
fn broken(from: &str, to: &str) -> String {
    let steps = vec![
        Step {
            at: Point::InHook {
                hook: "ExecuteCommand".to_owned(),
            },
            action: Action::Late { ms: 20 },
        },
        Step {
            at: Point::Idle,
            action: Action::Exit { code: 3 },
        },
    ];
    let text = stored(FaultPlan::new(5, Side::Host, steps).unwrap()).to_json();
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1)
}

#[rstest]
#[case::format(r#""format": 1"#, r#""format": 2"#, "`format` is 2", 7)]
#[case::top(r#""subject""#, r#""subjekt""#, "unknown field `subjekt`", 3)]
#[case::side(r#""host","#, r#""guest","#, "", 0)]
#[case::plan_field(r#""seed""#, r#""seeds""#, "unknown field `seeds`", 8)]
#[case::point(r#""in_hook""#, r#""in_hooks""#, "unknown variant `in_hooks`", 13)]
#[case::hook(r#"ExecuteCommand"#, r#"NoSuchHook"#, "`hook` is NoSuchHook", 22)]
#[case::value(r#""ms": 20"#, r#""ms": 20000"#, "`late.ms` is 20000", 22)]
#[case::surplus(r#""ms": 20"#, r#""ms": 20, "us": 1"#, "unknown field `us`", 19)]
#[case::type_of_value(r#""code": 3"#, r#""code": 300"#, "300", 27)]
#[case::pair(r#""idle""#, r#""in_shutdown", "at2": 1"#, "unknown field `at2`", 24)]
#[case::impossible(r#""late""#, r#""close_listener""#, "unknown field `ms`", 19)]
fn what_is_wrong_in_a_file_is_named_with_its_line(
    #[case] from: &str,
    #[case] to: &str,
    #[case] expect: &str,
    #[case] line: usize,
) {
    let read = StoredPlan::parse(&broken(from, to));
    if expect.is_empty() {
        // The name of the subject is free text.
        assert_eq!(read.unwrap().subject, "guest");
        return;
    }
    let error = read.unwrap_err();
    assert!(error.to_string().contains(expect), "{error}");
    assert_eq!(error.line(), line, "{error}");
}

#[test]
fn a_pair_that_the_table_does_not_have_is_refused() {
    let step = |at, action| vec![Step { at, action }];
    let refused = |side, steps| FaultPlan::new(0, side, steps).unwrap_err().to_string();
    let idle_hang = step(Point::Idle, Action::Hang {});
    assert_eq!(
        refused(Side::Host, idle_hang),
        "`do`: hang cannot happen at idle to a host"
    );
    let big = step(Point::Idle, Action::Big { bytes: 1 });
    assert!(FaultPlan::new(0, Side::Plugin, big.clone()).is_ok());
    assert!(refused(Side::Host, big).contains("big cannot happen"));
    let noise = step(
        Point::BeforeHandshake,
        Action::Noise {
            stream: Stream::Stdout,
            hex: "0a".to_owned(),
        },
    );
    assert!(refused(Side::Host, noise).contains("`stream` is stdout"));
    let message = step(
        Point::InActivate,
        Action::Garbage {
            hex: "0a00".to_owned(),
        },
    );
    assert!(refused(Side::Host, message).contains("`garbage.hex`"));
    let many = vec![
        Step {
            at: Point::Idle,
            action: Action::Kill {},
        };
        MOST_STEPS + 1
    ];
    assert_eq!(
        FaultPlan::new(0, Side::Host, many),
        Err(PlanError::TooManySteps(MOST_STEPS + 1))
    );
}

#[test]
fn a_life_ends_where_it_cannot_go_on() {
    let step = |at: Point, action: Action| Step { at, action };
    let hook = |name: &str| Point::InHook {
        hook: name.to_owned(),
    };
    let check = |steps: Vec<Step>, expect: &[(Begin, Told)]| {
        let plan = FaultPlan::new(0, Side::Host, steps).unwrap();
        let seen: Vec<(Begin, Told)> = lives(&plan)
            .iter()
            .map(|life| (life.begin, life.told()))
            .collect();
        assert_eq!(seen, expect, "{plan}");
    };
    use Begin::{Activate, ByStep, Restart};
    use Told::{Refused, Runs};
    check(vec![], &[(Activate, Runs), (Activate, Runs)]);
    // One process goes through a late start, two hooks and a stop.
    check(
        vec![
            step(Point::InActivate, Action::Late { ms: 1 }),
            step(hook("ExecuteCommand"), Action::Late { ms: 1 }),
            step(hook("MessageWillBePosted"), Action::Late { ms: 1 }),
            step(Point::InShutdown, Action::Hang {}),
        ],
        &[(Activate, Runs), (Activate, Runs)],
    );
    // A hook has one answer in one life.
    check(
        vec![
            step(hook("ExecuteCommand"), Action::Late { ms: 1 }),
            step(hook("ExecuteCommand"), Action::Exit { code: 1 }),
        ],
        &[(Activate, Runs), (Activate, Runs), (Restart, Runs)],
    );
    // A start that failed is restarted; a restart is a good start.
    check(
        vec![
            step(Point::AfterHandshake, Action::Hang {}),
            step(Point::Idle, Action::Restart {}),
            step(Point::InActivate, Action::Hang {}),
        ],
        &[
            (Activate, Refused),
            (Restart, Runs),
            (ByStep, Runs),
            (Activate, Refused),
            (Restart, Runs),
        ],
    );
}
