//! Hosts that do nothing: what they score shows what a pass is worth.

use std::collections::BTreeMap;

use plugin_conformance::requirement::Level;
use plugin_conformance::requirement::catalogue::Catalogue;
use plugin_conformance::runner::event::{Event, Judgement};
use plugin_conformance::runner::{RunOptions, run};
use plugin_conformance::subject::{Capabilities, HostCommand, Subject, SubjectKind};
use plugin_conformance::suite::Suite;
use plugin_conformance::verdict::Outcome;

use crate::runner::world::options;

/// A host that is a loop of shell: one line for each order, `$id` is the order's number.
fn host(name: &str, answer: &str) -> Subject {
    let script = format!("id=0; while read -r line; do id=$((id + 1)); {answer}; done");
    let command = HostCommand {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
    };
    Subject {
        name: name.to_owned(),
        kind: SubjectKind::Host(command),
        capabilities: Capabilities::all(),
    }
}

/// What each host passes, as requirement and scenario.
async fn passes(hosts: Vec<Subject>) -> BTreeMap<String, Vec<String>> {
    let names = hosts.iter().map(|host| (host.name.clone(), Vec::new()));
    let mut passed: BTreeMap<String, Vec<String>> = names.collect();
    let suite = Suite::of_this_binary(Catalogue::embedded().unwrap());
    let options = RunOptions {
        patterns: vec!["host/*".to_owned()],
        plugins: hosts,
        jobs: 8,
        // Nobody is waited for here, so a second is a long time.
        timeout_scale: 0.1,
        ..options()
    };
    let mut note = |event: &Event| {
        let Event::CaseEnded(report) = event else {
            return;
        };
        let kept = |judged: &&Judgement| matches!(judged.outcome, Outcome::Passed { .. });
        let line = |judged: &Judgement| format!("{} by {}", judged.id, report.name.scenario);
        if let Some(passed) = passed.get_mut(&report.name.subject) {
            passed.extend(report.judgements.iter().filter(kept).map(line));
        }
    };
    let summary = run(&suite, &options, &mut note).await.unwrap();
    assert_eq!(summary.suite_faults, 0);
    for subject in &summary.subjects {
        let asked = subject.levels[&Level::Must].total();
        assert!(asked > 70, "{}: {asked}", subject.subject.name);
    }
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_do_nothing_pass_nothing() {
    let agree = r#"printf '{"id":%d,"ok":{}}\n' $id"#;
    let refuse =
        r#"printf '{"id":%d,"error":{"kind":"handshake.malformed","message":"no"}}\n' $id"#;
    let claim = concat!(
        r#"printf '{"id":%d,"ok":{"plugin":"a.b","started":true,"state":"running","healthy":true,"#,
        r#""outcome":"answered","response":{},"exited":true,"stopped":true,"steps":[]}}\n' $id"#,
    );
    let hosts = vec![
        host("gone", "exit 0"),
        host("agrees", agree),
        host("refuses", &format!("test $id = 1 && {agree} || {refuse}")),
        host("claims", claim),
    ];
    for (host, passed) in passes(hosts).await {
        assert_eq!(passed, Vec::<String>::new(), "passed by a host that {host}");
    }
}
