//! Logs that are whole, torn, and wrong in every way that has a message of its own.

use rstest::rstest;

use super::*;

const START: &str = r#"{"event":"run_started","format":1,"suite_version":"0.1.0","seed":18446744073709551615,"jobs":2,"timeout_scale":1.0,"repeat":1,"cases":2,"subjects":[{"name":"p","side":"plugin"}],"skipped":[]}"#;
const CASE: &str = r#"{"event":"case_ended","subject":"p","scenario":"a/b","repeat":0,"side":"plugin","profile":"http","seed":3,"duration_ms":4,"end":"broken_off","reason":"ä","judgements":[{"id":"HS-001","level":"MUST","sentence":"s","outcome":"failed","reason":"wrong-line","expected":"e","seen":"s","entry":0}],"timeline":[{"at_ms":1,"source":"rpc","text":"t"}],"reproduce":"r"}"#;
const END: &str = r#"{"event":"run_ended","verdict":"failed","interrupted":false,"duration_ms":5,"suite_faults":0,"subjects":[{"name":"p","side":"plugin","ready":true,"levels":{"MUST":{"passed":0,"failed":1,"inconclusive":0,"not_applicable":0}},"must_passed_per_mille":0,"not_passed":[]}],"skipped":[]}"#;

fn log(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn parse(text: impl AsRef<[u8]>) -> Result<Record, RecordError> {
    Record::parse(Path::new("run.json"), text.as_ref())
}

#[test]
fn a_whole_log_is_read_back_as_it_was_written() {
    let text = log(&[START, CASE, END]);
    let record = parse(&text).unwrap();
    assert_eq!(record.note(), None);
    assert_eq!(record.cases().count(), 1);
    assert_eq!(record.started().seed, u64::MAX);
    assert!(record.ended().is_some());
    let again: String = record
        .events()
        .iter()
        .map(|event| serde_json::to_string(event).unwrap() + "\n")
        .collect();
    assert_eq!(again, text);
}

#[test]
fn every_beginning_of_a_log_is_read_up_to_its_last_whole_line() {
    let text = log(&[START, CASE, END]);
    let ends: Vec<usize> = text.match_indices('\n').map(|(place, _)| place).collect();
    for cut in 0..=text.len() {
        let read = parse(&text.as_bytes()[..cut]);
        // A line lacks nothing but its line feed, or has it.
        let whole = ends.iter().filter(|end| **end <= cut).count();
        if whole == 0 {
            assert!(
                matches!(read, Err(RecordError::Empty(_))),
                "{cut}: {read:?}"
            );
            continue;
        }
        let record = read.unwrap();
        assert_eq!(record.events().len(), whole, "cut at {cut}");
        let rest = cut > ends[whole - 1] + 1;
        assert_eq!(record.torn(), rest.then_some(whole + 1), "cut at {cut}");
        assert_eq!(record.note().is_some(), whole < 3, "cut at {cut}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let record = parse(format!("{START}\n{CASE}\n{}", &END[..20])).unwrap();
    assert_eq!(
        record.note().unwrap(),
        "the run did not come to its end: 1 of 2 cases are in the log; line 3 is torn and was left out"
    );
}

#[rstest]
#[case::nothing(String::new(), "run.json: the log has no whole line")]
#[case::later_format(
    log(&[&START.replace("\"format\":1", "\"format\":2")]),
    "run.json:1: the log has the format 2, and this version reads only 1"
)]
#[case::before_formats(
    log(&[&START.replace("\"format\":1,", "")]),
    "run.json:1: the log has the format of a version before there were numbers, and this version reads only 1"
)]
#[case::later_format_with_other_words(
    log(&[r#"{"event":"run_started","format":2}"#]),
    "run.json:1: the log has the format 2, and this version reads only 1"
)]
#[case::torn_in_the_middle(
    log(&[START, &CASE[..30], END]),
    "run.json:2: column 30: EOF while parsing a string"
)]
#[case::torn_at_the_end_but_with_a_line_feed(
    log(&[START, &CASE[..30]]),
    "run.json:2: column 30: EOF while parsing a string"
)]
#[case::unknown_event(
    log(&[START, r#"{"event":"surprise"}"#]),
    "run.json:2: column 19: unknown variant `surprise`, expected one of `run_started`, `case_started`, `case_ended`, `run_ended`"
)]
#[case::unknown_event_without_line_feed(
    format!("{START}\n{}", r#"{"event":"surprise"}"#),
    "run.json:2: column 19: unknown variant `surprise`, expected one of `run_started`, `case_started`, `case_ended`, `run_ended`"
)]
#[case::malformed_reason(
    log(&[START, &CASE.replace("wrong-line", "Wrong line")]),
    "run.json:2: invalid value: string \"Wrong line\", expected lower-case words joined by dashes"
)]
#[case::empty_line(log(&[START, "", END]), "run.json:2: EOF while parsing a value")]
#[case::begins_elsewhere(log(&[CASE]), "run.json:1: a log begins with run_started")]
#[case::two_runs(log(&[START, END, START]), "run.json:3: a second run_started")]
#[case::after_the_end(log(&[START, END, CASE]), "run.json:3: an event after run_ended")]
fn what_is_wrong_is_named_with_file_and_line(#[case] text: String, #[case] expect: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expect);
}
