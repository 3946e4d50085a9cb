//! Plugins that do nothing useful: what they score shows what a pass is worth.

use plugin_conformance::requirement::Level;
use plugin_conformance::requirement::catalogue::Catalogue;
use plugin_conformance::runner::{RunOptions, run};
use plugin_conformance::suite::Suite;
use plugin_conformance::verdict::readiness::Readiness;

use crate::runner::world::options;

/// The most that such a plugin may score, in per mille of the MUST requirements.
const MOST: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_do_nothing_useful_score_about_nothing() {
    crate::built::fake();
    let suite = Suite::of_this_binary(Catalogue::embedded().unwrap());
    let options = RunOptions {
        subjects: vec!["null-*".to_owned()],
        jobs: 8,
        // They wait for most of it.
        timeout_scale: 0.1,
        ..options()
    };
    let summary = run(&suite, &options, &mut |_| {}).await.unwrap();
    assert_eq!(summary.suite_faults, 0);
    assert_eq!(summary.subjects.len(), 5);
    for subject in &summary.subjects {
        let name = &subject.subject.name;
        assert_eq!(subject.ready, Some(false), "{name}");
        let must = &subject.levels[&Level::Must];
        assert!(must.total() > 50, "{name}: {must:?}");
        assert!(must.failed > 0, "{name}: {must:?}");
        let score = must.passed_per_mille(Readiness::NeverReady);
        assert!(score <= MOST, "{name}: {score} per mille, {must:?}");
    }
}
