//! What is told of a plan that could not be made small.

use std::sync::Arc;

use super::*;
use crate::case::Setting;
use crate::subject::{Capabilities, HostCommand, Subject, SubjectKind};

const LISTED: &[&str] = &["FP-001"];

/// A case that is cut after this time, and keeps plans in its own folder.
fn case(folder: &Path, after: Duration) -> Case {
    let command = HostCommand {
        program: "true".into(),
        args: Vec::new(),
    };
    Case::new(Setting {
        listed: LISTED,
        subject: Arc::new(Subject {
            name: "host".to_owned(),
            kind: SubjectKind::Host(command),
            capabilities: Capabilities::all(),
        }),
        seed: 7,
        drawn: Vec::new(),
        folder: folder.join("case"),
        mark: "mark".to_owned(),
        deadline: Instant::now() + after,
        timeout_scale: 1.0,
        planning: Planning {
            count: Some(1),
            folder: Some(folder.join("plans")),
            ..Planning::default()
        },
    })
}

/// Fails whatever is played.
fn broken<'a>(case: &'a mut Case, _: &'a FaultPlan) -> Running<'a> {
    Box::pin(async {
        case.require("FP-001").fails("wrong", "this", "that");
        Ok(())
    })
}

async fn told(after: Duration) -> Failure {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(folder.path(), after);
    hunt(&mut case, (Side::Host, 1), LISTED, broken)
        .await
        .unwrap();
    match case.said().0.remove("FP-001") {
        Some(Outcome::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plan_that_had_no_time_to_be_made_small_says_so() {
    let failure = told(RESERVE).await;
    assert!(failure.seen.contains("the time"), "{}", failure.seen);
    assert!(failure.seen.contains("after 0 smaller"), "{}", failure.seen);
}

#[tokio::test]
async fn a_plan_that_is_the_smallest_is_told_as_it_is() {
    let failure = told(Duration::from_secs(600)).await;
    assert_eq!(failure.seen, "that");
}
