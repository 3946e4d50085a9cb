//! Plans are written and read back, are as many as they say, and tell a plugin what comes out as they expect.

use std::collections::HashSet;

use plugin_host::body::split::PIECE;
use rstest::rstest;

use super::generate::{Choice, Part, plans};
use super::stored::StoredBodyPlan;
use super::told::told;
use super::*;

fn choice(direction: Direction) -> Choice {
    Choice {
        direction,
        seed: 7,
        cases: 300,
        streams: true,
    }
}

fn stored(plan: BodyPlan) -> StoredBodyPlan {
    StoredBodyPlan {
        suite_version: "1.2.3".to_owned(),
        subject: "rust-fake".to_owned(),
        law: plugin_host::body::laws::Law::Flush,
        plan,
    }
}

#[test]
fn every_plan_of_a_run_is_written_and_read_back() {
    for direction in Direction::ALL {
        for part in Part::ALL {
            for plan in plans(part, choice(direction)) {
                let stored = stored(plan);
                let text = stored.to_json();
                assert!(StoredBodyPlan::is_one(&text), "{text}");
                assert_eq!(StoredBodyPlan::parse(&text).unwrap(), stored, "{text}");
            }
        }
    }
}

#[test]
fn a_run_tries_every_split_of_short_bodies_in_each_direction() {
    for direction in Direction::ALL {
        let plans: Vec<_> = plans(Part::Exhaustive, choice(direction)).collect();
        let splits: HashSet<_> = plans.iter().map(|plan| &plan.split).collect();
        assert_eq!((plans.len(), splits.len()), (8_190, 8_190));
        let flushes = splits.iter().any(|split| !split.flushes().is_empty());
        assert_eq!(flushes, direction == Direction::Down);
    }
}

#[test]
fn drawn_plans_depend_on_the_seed_alone() {
    let draw = |seed| -> Vec<BodyPlan> {
        let choice = Choice {
            seed,
            ..choice(Direction::Up)
        };
        plans(Part::Random, choice).collect()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let manners: HashSet<_> = draw(1).iter().map(|plan| plan.manner).collect();
    assert!(manners.contains(&Manner::Early), "{manners:?}");
}

#[test]
fn only_who_streams_is_asked_to_answer_early() {
    let choice = Choice {
        streams: false,
        ..choice(Direction::Up)
    };
    for part in Part::ALL {
        for plan in plans(part, choice) {
            assert!(!matches!(plan.manner, Manner::Early | Manner::Unread));
        }
    }
}

/// What a handler that obeys its steps writes, and after how many bytes it flushes.
fn obeyed(steps: &[String], request: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut body, mut flushes) = (Vec::new(), Vec::new());
    for step in steps {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "write" => {
                let (times, text) = rest.split_once(' ').unwrap();
                body.extend(text.repeat(times.parse().unwrap()).bytes());
            }
            "flush" => flushes.push(body.len()),
            "echo" => body.extend_from_slice(request),
            "status" | "header" | "read" => {}
            other => panic!("{other}"),
        }
    }
    (body, flushes)
}

#[test]
fn a_handler_that_obeys_answers_what_is_expected() {
    for direction in Direction::ALL {
        for part in [Part::Exhaustive, Part::Borders, Part::Random] {
            for plan in plans(part, choice(direction)).step_by(7) {
                let told = told(&plan, 0, "nonce");
                let sent = told.frames.concat();
                assert_eq!(
                    obeyed(&told.steps, &sent),
                    (told.answer.to_vec(), told.flushes.clone()),
                    "{plan}"
                );
                let sizes: Vec<_> = told.frames.iter().map(bytes::Bytes::len).collect();
                match direction {
                    Direction::Up => assert_eq!(Split::of(sizes), plan.split),
                    Direction::Down => assert_eq!(told.answer.len(), plan.split.length()),
                }
            }
        }
    }
}

#[test]
fn neighbours_have_bodies_of_their_own() {
    for direction in Direction::ALL {
        for fill in [Fill::binary(3), Fill::text(3)] {
            let plan = BodyPlan::through(direction, fill, Split::of([1, 2, PIECE]));
            let bodies: HashSet<_> = (0..8)
                .map(|number| told(&plan, number, "n").answer)
                .collect();
            assert_eq!(bodies.len(), 8, "{plan}");
        }
    }
}

#[rstest]
#[case::law(r#""law": "flush""#, r#""law": "gravity""#, "no law \"gravity\"")]
#[case::format(r#""format": 1"#, r#""format": 9"#, "`format` is 9")]
#[case::field(r#""salt""#, r#""sugar""#, "unknown field `sugar`")]
#[case::flush(
    r#""flush_after": []"#,
    r#""flush_after": [1]"#,
    "`flush_after` is 1; 0 at most"
)]
#[case::up(
    r#""flush_after": []"#,
    r#""flush_after": [0]"#,
    "an upload has no flushes"
)]
#[case::beside(r#""beside": 0"#, r#""beside": 99"#, "`beside` is 99; 15 at most")]
#[case::bytes("[\n      5\n    ]", "[99999999]", "the sum of `pieces`")]
fn what_is_no_plan_is_refused_by_name(
    #[case] text: &str,
    #[case] other: &str,
    #[case] expect: &str,
) {
    let plan = BodyPlan::through(Direction::Up, Fill::default(), Split::whole(5));
    let written = stored(plan).to_json();
    assert!(written.contains(text), "{written}");
    let error = StoredBodyPlan::parse(&written.replace(text, other)).unwrap_err();
    assert!(error.to_string().contains(expect), "{error}");
}

#[test]
fn smaller_plans_are_smaller_and_keep_what_they_are_about() {
    let plan = BodyPlan {
        manner: Manner::Cancel { times: 3 },
        ..BodyPlan::through(Direction::Down, Fill::text(9), Split::of([5, 0, 7])).beside(3)
    };
    let smaller = plan.smaller();
    assert!(smaller.contains(&plan.beside(0)));
    assert!(
        smaller
            .iter()
            .all(|other| other.direction == plan.direction && *other != plan)
    );
    let cancels = |plan: &BodyPlan| matches!(plan.manner, Manner::Cancel { times: 1.. });
    assert!(smaller.iter().all(cancels));
}
