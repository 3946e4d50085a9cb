//! `fuzz body` from outside: what holds, what each fault of a plugin is found by, and what is kept of it for `replay`.

use std::fs;
use std::path::{Path, PathBuf};

use plugin_conformance::body_plan::stored::StoredBodyPlan;
use plugin_host::body::laws::Law;
use rstest::rstest;

/// The same with its arguments in one line.
fn check(folder: &Path, words: &str) -> (i32, String, String) {
    let words: Vec<&str> = words.split_whitespace().collect();
    super::check(folder, &words)
}

/// The one plan that a run has kept, and its file.
fn kept(folder: &Path) -> (StoredBodyPlan, PathBuf) {
    let plans = folder.join("plugin-conformance-plans");
    let folders: Vec<_> = fs::read_dir(&plans).unwrap().flatten().collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let file = folders[0].path().join("plan.json");
    let stored = StoredBodyPlan::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    (stored, file)
}

#[test]
fn every_law_holds_for_the_testee_in_all_parts_and_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let words = "fuzz body --subject rust-fake --cases 100 --seed 7";
    let (code, stdout, stderr) = check(folder.path(), words);
    assert_eq!(code, 0, "{stdout}{stderr}");
    for direction in ["up", "down"] {
        let row = |part: &str| {
            let starts = |line: &&str| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.starts_with(&["rust-fake", direction, part])
            };
            let row = stdout.lines().find(starts);
            row.unwrap_or_else(|| panic!("{direction} {part}: {stdout}"))
                .to_owned()
        };
        let exhaustive = row("exhaustive");
        assert!(exhaustive.contains(" 8190 cases "), "{exhaustive}");
        assert!(
            exhaustive.contains(" 8190 distinct splits "),
            "{exhaustive}"
        );
        assert!(row("random").contains(" 100 cases "));
        row("borders");
        row("manners");
    }
    assert!(stdout.contains("passed: "), "{stdout}");
    assert!(stdout.contains("cases per second"), "{stdout}");
    assert!(!folder.path().join("plugin-conformance-plans").exists());
}

/// Where a fault has to be found: in all parts that try every split there is, and in drawn ones.
const PARTS: [&str; 2] = [
    "--part exhaustive --part borders --part manners",
    "--part random --cases 200",
];

#[rstest]
#[case::dropped_up("http-request-piece-dropped", "up", Law::Bytes, 64)]
#[case::duplicated_up("http-request-piece-duplicated", "up", Law::Bytes, 64)]
#[case::swapped_up("http-request-pieces-swapped", "up", Law::Bytes, 64)]
#[case::truncated_up("http-request-piece-truncated", "up", Law::Bytes, 64)]
#[case::border_up("http-request-border-off-by-one", "up", Law::Bytes, 65_536)]
#[case::empty_up("http-empty-piece-ends", "up", Law::Bytes, 64)]
#[case::as_text_up("http-pieces-as-text", "up", Law::Bytes, 64)]
#[case::dropped_down("http-answer-piece-dropped", "down", Law::Bytes, 64)]
#[case::duplicated_down("http-answer-piece-duplicated", "down", Law::Bytes, 64)]
#[case::swapped_down("http-answer-pieces-swapped", "down", Law::Bytes, 64)]
#[case::truncated_down("http-answer-piece-truncated", "down", Law::Bytes, 64)]
#[case::border_down("http-answer-border-off-by-one", "down", Law::Bytes, 65_536)]
#[case::completion_lost("http-completion-lost", "down", Law::Completion, 64)]
#[case::completion_twice("http-completion-twice", "down", Law::Completion, 64)]
#[case::init_lost("http-answer-init-lost", "down", Law::Init, 64)]
#[case::init_twice("http-answer-init-twice", "down", Law::Init, 64)]
#[case::header_merged("http-header-merged", "down", Law::Head, 64)]
#[case::flush_swallowed("http-flush-swallowed", "down", Law::Flush, 64)]
#[case::flush_unmarked("http-flush-unmarked", "down", Law::Flush, 64)]
#[case::wrong_stream("http-wrong-stream-answered", "down", Law::Stream, 64)]
fn each_fault_is_found_by_every_split_and_by_200_drawn_ones_and_is_made_small(
    #[case] fault: &str,
    #[case] direction: &str,
    #[case] law: Law,
    #[case] longest: usize,
) {
    let parts = match longest {
        64 => PARTS,
        _ => ["--part borders", PARTS[1]],
    };
    for parts in parts {
        let folder = tempfile::tempdir().unwrap();
        let words =
            format!("fuzz body --subject plugin/{fault} --direction {direction} --seed 11 {parts}");
        let (code, stdout, stderr) = check(folder.path(), &words);
        assert_eq!(code, 1, "{stdout}{stderr}");
        let (stored, _) = kept(folder.path());
        assert_eq!(stored.law, law, "{stdout}");
        let head = format!("BROKEN {law} - plugin/{fault} {direction}");
        assert!(stdout.contains(&head), "{head} in {stdout}");
        assert!(stdout.contains(&law.sentence()[..40]), "{stdout}");
        let split = &stored.plan.split;
        assert!(split.pieces().len() <= 3, "{}", stored.plan);
        assert!(split.length() <= longest, "{}", stored.plan);
        assert!(stored.plan.beside <= 1, "{}", stored.plan);
    }
}

/// What is complete too early breaks one law or the other, as more follows with or without a completion of its own.
#[test]
fn a_completion_that_comes_early_is_found_by_every_split_and_by_200_drawn_ones() {
    for parts in PARTS {
        let folder = tempfile::tempdir().unwrap();
        let words = format!(
            "fuzz body --subject plugin/http-completion-early --direction down --seed 11 {parts}"
        );
        let (code, stdout, stderr) = check(folder.path(), &words);
        assert_eq!(code, 1, "{stdout}{stderr}");
        let (stored, _) = kept(folder.path());
        assert!(
            [Law::Completion, Law::Silence].contains(&stored.law),
            "{stdout}"
        );
        assert!(stored.plan.split.pieces().len() <= 3, "{}", stored.plan);
        assert!(stored.plan.split.length() <= 64, "{}", stored.plan);
    }
}

#[rstest]
#[case::early("http-early-answer-waits", Law::Early)]
#[case::request_hoarded("http-request-hoarded", Law::Memory)]
#[case::answer_hoarded("http-answer-hoarded", Law::Memory)]
#[case::slots_kept("http-cancelled-keep-slots", Law::Cancel)]
#[case::killed("http-cancel-kills", Law::Cancel)]
fn what_is_not_about_splits_is_found_by_its_own_part(#[case] fault: &str, #[case] law: Law) {
    let folder = tempfile::tempdir().unwrap();
    let words = format!(
        "fuzz body --subject plugin/{fault} --direction up --part manners --timeout-scale 0.4"
    );
    let (code, stdout, stderr) = check(folder.path(), &words);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert_eq!(kept(folder.path()).0.law, law, "{stdout}");
}

#[rstest]
#[case::bytes("http-request-border-off-by-one", "--part borders")]
#[case::flush("http-flush-unmarked", "--part exhaustive")]
#[case::stream("http-wrong-stream-answered", "--part exhaustive")]
fn a_kept_plan_shows_the_same_in_20_of_20_plays_and_nothing_with_a_sound_plugin(
    #[case] fault: &str,
    #[case] part: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let words = format!("fuzz body --subject plugin/{fault} {part} --seed 3");
    let (code, stdout, stderr) = check(folder.path(), &words);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let plans = folder.path().join("plugin-conformance-plans");
    let file = fs::read_dir(plans).unwrap().flatten().next().unwrap();
    let file = file.path().join("plan.json");
    let stored = StoredBodyPlan::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    let file = file.display();
    let (code, stdout, stderr) = check(folder.path(), &format!("replay {file} --repeat 20"));
    assert_eq!(code, 1, "{stdout}{stderr}");
    let same = format!(
        "the stored verdict: the law of {} is broken in 20 of 20 plays",
        stored.law
    );
    assert!(stdout.contains(&same), "{stdout}");

    let words = format!("replay {file} --subject rust-fake --repeat 2");
    let (code, stdout, stderr) = check(folder.path(), &words);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("not the stored verdict"), "{stdout}");
    assert!(stdout.contains("in none of 2 plays"), "{stdout}");
}

#[rstest]
#[case::part(
    "fuzz body --part silly",
    "none of exhaustive, borders, manners, random",
    2
)]
#[case::direction("fuzz body --direction sideways", "sideways", 2)]
#[case::subject("fuzz body --subject nobody", "no subject is called", 2)]
#[case::host("fuzz body --subject host", "no subject can be tested", 3)]
#[case::nothing("fuzz", "body", 2)]
fn what_cannot_be_fuzzed_ends_with_its_code_and_says_why(
    #[case] words: &str,
    #[case] expect: &str,
    #[case] code: i32,
) {
    let folder = tempfile::tempdir().unwrap();
    let (seen, stdout, stderr) = check(folder.path(), words);
    assert_eq!(seen, code, "{stdout}{stderr}");
    assert!(stderr.contains(expect), "{expect} in {stderr}");
}

#[test]
fn a_plugin_that_does_not_start_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let words = "fuzz body --subject null-exit --direction up --cases 1";
    let (code, stdout, stderr) = check(folder.path(), words);
    assert_eq!(code, 3, "{stdout}{stderr}");
    assert!(stdout.contains("null-exit: not judged: "), "{stdout}");
}

#[test]
fn a_body_plan_that_is_none_is_refused_with_field_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let text = r#"{
  "suite_version": "0.1.0",
  "subject": "rust-fake",
  "law": "gravity",
  "plan": {"format": 1, "kind": "body"}
}"#;
    fs::write(&file, text).unwrap();
    let (code, _, stderr) = check(folder.path(), "replay plan.json");
    assert_eq!(code, 2, "{stderr}");
    for part in [
        "plan.json is no plan that can be played",
        "no law \"gravity\"",
        "at line 4",
    ] {
        assert!(stderr.contains(part), "{part} in {stderr}");
    }
}
