//! The files of a run, from outside: valid whenever the run is killed, and equal for equal runs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::built;
use plugin_conformance::report::board::Board;
use plugin_conformance::report::format::Format;
use plugin_conformance::report::record::{Record, RecordError};
use plugin_conformance::rng::Rng;
use plugin_conformance::runner::kill_matrix::figures::KillMatrix;
use plugin_conformance::subject::{Skipped, python};

/// What is killed so often is small: one scenario with a plugin that ends at once, over and over.
const SMALL: &str = "run plugin/handshake/line --subject null-exit --repeat 60 --seed 7 --jobs 2";

/// What is played twice: all of a part, with a subject that passes and one that does not.
const TWICE: &str =
    "run plugin/handshake/* --subject rust-fake --subject null-exit --seed 5 --jobs 2";

fn program(words: &str, folder: &Path) -> Command {
    let mut command = Command::new(built::program());
    command
        .args(words.split_whitespace())
        .env("TMPDIR", folder)
        .env_remove("NO_COLOR")
        .env_remove("PLUGIN_CONFORMANCE_FAKE")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The documents that `run` writes, with their options.
fn documents(folder: &Path) -> Vec<(Format, PathBuf)> {
    let written = Format::ALL
        .into_iter()
        .filter(|format| *format != Format::Json);
    written
        .map(|format| (format, folder.join(format.as_str())))
        .collect()
}

/// A run that is killed as soon as its log has so many bytes, or not at all if it never has.
fn killed_at(bytes: u64, folder: &Path, temporary: &Path) {
    let log = folder.join("log");
    let mut command = program(SMALL, temporary);
    command.arg("--json").arg(&log);
    for (format, path) in documents(folder) {
        command.arg(format!("--{format}")).arg(path);
    }
    let mut run = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let size = fs::metadata(&log).map_or(0, |there| there.len());
        if size >= bytes || run.try_wait().unwrap().is_some() {
            break;
        }
        assert!(Instant::now() < end, "the log has only {size} bytes");
        thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
}

/// The log is whole but for its last line, and every document is the one of some beginning of it: it was written by one rename.
fn check(folder: &Path) -> usize {
    let events = match Record::read(&folder.join("log")) {
        Ok(record) => record.events().to_vec(),
        Err(RecordError::Empty(_)) => Vec::new(),
        // Killed before it could be made.
        Err(RecordError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Vec::new()
        }
        Err(error) => panic!("{error}"),
    };
    let beginnings: Vec<Board> = (0..=events.len())
        .map(|end| Board::of(&events[..end]))
        .collect();
    // All documents are written one after the other, so the next one belongs where the last one did, or close by.
    let mut last = 0;
    for (format, path) in documents(folder) {
        let Ok(text) = fs::read_to_string(&path) else {
            assert!(
                events.is_empty(),
                "{format} is not there, and the run has begun"
            );
            continue;
        };
        let mut places: Vec<usize> = (0..beginnings.len()).collect();
        places.sort_by_key(|place| place.abs_diff(last));
        let known = places
            .into_iter()
            .find(|place| format.render(&beginnings[*place]).unwrap() == text);
        let known =
            known.unwrap_or_else(|| panic!("{format} belongs to no beginning of the log:\n{text}"));
        last = known;
    }
    events.len()
}

#[test]
fn every_file_is_valid_whenever_a_run_is_killed() {
    built::fake();
    let temporary = tempfile::tempdir().unwrap();
    let mut random = Rng::new(20);
    let moments: Vec<u64> = (0..100).map(|_| random.next() % 12_000).collect();
    let kill = &|bytes: &u64| {
        let folder = tempfile::tempdir().unwrap();
        killed_at(*bytes, folder.path(), temporary.path());
        check(folder.path())
    };
    // Most of the time of a run is waited for.
    let mut lengths: Vec<usize> = thread::scope(|scope| {
        let parts = moments.chunks(25);
        let parts =
            parts.map(|part| scope.spawn(move || part.iter().map(kill).collect::<Vec<_>>()));
        let parts: Vec<_> = parts.collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    lengths.sort_unstable();
    lengths.dedup();
    assert!(
        lengths.len() > 5,
        "runs were killed at few moments: {lengths:?}"
    );
    let end = Instant::now() + Duration::from_secs(30);
    while fs::read_dir(temporary.path()).unwrap().next().is_some() {
        assert!(Instant::now() < end, "folders of killed runs are left");
        thread::yield_now();
    }
}

/// What is killed here plays one case after another, for much longer than it takes to see the first rows.
const MUTANTS: &str = "mutants HS-00* --jobs 1 --seed 7";

#[test]
fn a_kill_matrix_is_valid_whenever_the_run_is_killed() {
    built::fake();
    let folder = tempfile::tempdir().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let [json, html] = ["matrix.json", "kills.html"].map(|name| folder.path().join(name));
    let read = || serde_json::from_slice::<KillMatrix>(&fs::read(&json).unwrap()).unwrap();
    let mut all = Vec::new();
    for wanted in [0, 1, 4] {
        for path in [&json, &html] {
            // What an earlier run has left is no matrix of this one.
            fs::write(path, "{}").unwrap();
        }
        let mut command = program(MUTANTS, temporary.path());
        command.arg("--matrix").arg(&json).arg("--html").arg(&html);
        let mut run = command.spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(240);
        // The page is written after the matrix.
        while fs::read(&html).unwrap() == b"{}" || read().rows.len() < wanted {
            assert!(Instant::now() < end, "no {wanted} rows in {:?}", read());
            assert_eq!(run.try_wait().unwrap(), None, "it came to its end");
            // A look at the file, not a wait for a time: nobody tells when it is written anew.
            thread::sleep(Duration::from_millis(5));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        let matrix = read();
        assert!(matrix.rows.len() >= wanted, "{matrix:?}");
        assert!(matrix.open > 0, "{matrix:?}");
        all.push(matrix.rows.len() + matrix.open);
        let page = fs::read_to_string(&html).unwrap();
        assert!(page.ends_with("</html>\n"), "{page}");
        assert!(page.contains("The run did not come to its end"), "{page}");
    }
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    let end = Instant::now() + Duration::from_secs(30);
    while fs::read_dir(temporary.path()).unwrap().next().is_some() {
        assert!(Instant::now() < end, "folders of killed runs are left");
        thread::yield_now();
    }
}

#[test]
fn two_runs_of_one_plan_give_the_same_bytes_but_for_the_listed_fields() {
    built::fake();
    let folder = tempfile::tempdir().unwrap();
    let logs = ["first", "second"].map(|name| folder.path().join(name));
    for log in &logs {
        program(TWICE, folder.path())
            .arg("--json")
            .arg(log)
            .status()
            .unwrap();
    }
    assert_ne!(fs::read(&logs[0]).unwrap(), fs::read(&logs[1]).unwrap());
    let convert = |log: &Path, format: Format| {
        let output = program("report convert --stable", folder.path())
            .arg(log)
            .arg("--to")
            .arg(format.as_str())
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    for format in Format::ALL {
        let [first, second] = [0, 1].map(|place| convert(&logs[place], format));
        assert!(first.len() > 50, "{first}");
        assert_eq!(first, second, "{format}");
    }
}

#[test]
fn a_torn_log_is_converted_up_to_its_last_whole_line_and_that_is_said() {
    built::fake();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut run = program("run HS-053 --subject null-exit --seed 5", folder.path());
    run.arg("--json").arg(&log).status().unwrap();
    let whole = fs::read_to_string(&log).unwrap();
    let lines = whole.lines().count();
    fs::write(&log, &whole[..whole.len() - 10]).unwrap();
    let mut convert = program("report convert --to json", folder.path());
    convert
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = convert.output().unwrap();
    assert!(output.status.success());
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains(&format!("line {lines} is torn and was left out")),
        "{note}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), lines - 1);
    assert!(whole.starts_with(&text), "{text}");

    // A page has no place for a matrix that is none, and other documents have no place for one at all.
    for (words, said) in [
        ("--to html --matrix", "cannot read the kill matrix"),
        (
            "--to tap --matrix",
            "only html shows a kill matrix, not tap",
        ),
    ] {
        let mut convert = program("report convert", folder.path());
        convert.arg(&log).args(words.split_whitespace()).arg(&log);
        let output = convert.stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{text}");
    }
}

/// Reads a schema and files of JSON lines, and says what in them is not as the schema has it.
const VALIDATE: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
schema, lines, *files = sys.argv[1:]
with open(schema) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
count = 0
for name in files:
    with open(name) as file:
        values = [json.loads(line) for line in file] if lines == "lines" else [json.load(file)]
    for value in values:
        count += 1
        for error in validator.iter_errors(value):
            print(f"{name}: {error.json_path}: {error.message}")
print(f"judged {count}")
"#;

/// What a validator that knows nothing of our types says.
fn validate(venv: &Path, schema: &str, lines: &str, files: &[&Path]) -> String {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(schema);
    let mut command = Command::new(venv.join("bin/python"));
    command
        .args(["-c", VALIDATE])
        .arg(schema)
        .arg(lines)
        .args(files);
    command.env_remove("PYTHONUNBUFFERED");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn real_logs_and_matrices_are_as_the_published_schemas_say() {
    // Where there is no Python environment `scripts/test` has said so and stopped; a bare `cargo test` goes on without.
    let venv = match python::environment() {
        Ok((_, venv)) => venv,
        Err(Skipped { reason, enable, .. }) => {
            let note =
                format!("the test of the schemas is skipped: {reason}; {enable} makes one\n");
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return;
        }
    };
    built::fake();
    let folder = tempfile::tempdir().unwrap();
    let (log, matrix) = (folder.path().join("log"), folder.path().join("matrix"));
    let mut run = program(TWICE, folder.path());
    run.arg("--json").arg(&log).status().unwrap();
    let mut mutants = program("mutants HS-053 HS-001", folder.path());
    mutants.arg("--matrix").arg(&matrix).status().unwrap();
    let events = fs::read_to_string(&log).unwrap().lines().count();
    assert_eq!(
        validate(&venv, "log.schema.json", "lines", &[&log]),
        format!("judged {events}\n")
    );
    assert_eq!(
        validate(&venv, "matrix.schema.json", "whole", &[&matrix]),
        "judged 1\n"
    );

    // The schema can say no: a level that there is not, and a field that is missing.
    let broken = folder.path().join("broken");
    let text = fs::read_to_string(&log).unwrap();
    let case = text
        .lines()
        .find(|line| line.contains("case_ended"))
        .unwrap();
    let wrong = [
        case.replacen("\"level\":\"MUST\"", "\"level\":\"OUGHT\"", 1),
        case.replacen("\"duration_ms\"", "\"length\"", 1),
    ];
    for line in wrong {
        assert_ne!(line, case);
        fs::write(&broken, line).unwrap();
        let said = validate(&venv, "log.schema.json", "lines", &[&broken]);
        assert!(said.lines().count() > 1, "{said}");
    }
}
