//! `doctor` with real folders: each has one thing wrong, and the cause and the mend are named.
//!
//! The interpreters are shell scripts where only the start matters, and fakes where there is a server; Python's own errors come from the
//! checkout's Python environment where there is one.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::built;
use fake_interpreters::preset::Preset;
use fake_interpreters::{Fault, Script};
use plugin_conformance::doctor::{Examination, Finding, Grade, Options, examine};
use plugin_conformance::subject::{Skipped, python};
use rstest::rstest;

const MANIFEST: &str = r#"{"id": "com.example.patient", "version": "1.0.0", "server": {"runtime": "python", "executable": "plugin.py"}}"#;

/// A folder whose interpreter is this shell script.
fn shell(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.json"), MANIFEST).unwrap();
    fs::write(folder.path().join("plugin.py"), "").unwrap();
    let bin = folder.path().join("venv/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("python"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(bin.join("python"), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A folder whose interpreter is the fake.
fn fake(script: &Script) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fake_interpreters::place(folder.path(), built::fake(), "com.example.patient", script).unwrap();
    folder
}

fn examined(folder: &Path, start: Duration) -> Examination {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(examine(folder, &Options::new(start)))
}

/// The worst finding, the first of them.
fn worst(examination: &Examination) -> &Finding {
    let grade = examination
        .findings
        .iter()
        .map(|finding| finding.grade)
        .max();
    let mut findings = examination.findings.iter();
    findings
        .find(|finding| Some(finding.grade) == grade)
        .unwrap()
}

fn check(examination: &Examination, grade: Grade, says: &str, mend: &str) {
    let worst = worst(examination);
    let whole = format!("{examination:#?}");
    assert_eq!(worst.grade, grade, "{whole}");
    let shown = worst.shows.join("\n");
    assert!(format!("{} {shown}", worst.says).contains(says), "{whole}");
    assert!(
        worst.mend.as_deref().unwrap_or_default().contains(mend),
        "{whole}"
    );
}

const SOON: Duration = Duration::from_millis(300);
const AMPLE: Duration = Duration::from_secs(10);

#[rstest]
#[case::print_first(
    "echo hello; echo '1|1|tcp|127.0.0.1:9|grpc'; sleep 9",
    AMPLE,
    "1|1|tcp|127.0.0.1:9|grpc\"  <- this is the handshake",
    "print nothing to stdout"
)]
#[case::print_shows_the_line(
    "echo 'hel\tlo'; exit 1",
    AMPLE,
    "first line: \"hel\\tlo\"",
    "print nothing to stdout"
)]
#[case::unflushed(
    "[ -n \"$PYTHONUNBUFFERED\" ] && echo '1|1|tcp|127.0.0.1:9|grpc'; sleep 9",
    SOON,
    "printed and not flushed",
    "flush=True"
)]
#[case::no_line_feed(
    "printf '1|1|tcp|127.0.0.1:9|grpc'; sleep 9",
    SOON,
    "no line feed",
    "end the line with a line feed"
)]
#[case::silence(
    "echo busy >&2; sleep 9",
    SOON,
    "stderr: busy",
    "as soon as the server listens"
)]
#[case::early_end("echo oh no >&2; exit 3", AMPLE, "exit status 3", "stderr")]
#[case::early_signal("kill -9 $$", AMPLE, "SIGKILL", "by hand")]
#[case::cookie(
    "echo 'This binary is a plugin. These are not meant to be executed directly.' >&2; exit 1",
    AMPLE,
    "although the cookie was right",
    "Securely message teams"
)]
#[case::syntax(
    "printf '  File \"plugin.py\", line 2\\n    def x(:\\nSyntaxError: invalid syntax\\n' >&2; exit 1",
    AMPLE,
    "SyntaxError: invalid syntax",
    "line that is shown"
)]
#[case::module(
    "printf 'Traceback (most recent call last):\\n  File \"plugin.py\", line 1\\nModuleNotFoundError: No module named '\"'grpc'\"'\\n' >&2; exit 1",
    AMPLE,
    "the module grpc is missing",
    "pip install grpcio"
)]
#[case::netrpc(
    "echo '1|1|tcp|127.0.0.1:9|netrpc'; sleep 9",
    AMPLE,
    "netrpc",
    "serve gRPC"
)]
#[case::four_fields("echo '1|1|tcp|127.0.0.1:9'; sleep 9", AMPLE, "protocol", "|grpc")]
#[case::version(
    "echo '2|1|tcp|127.0.0.1:9|grpc'; sleep 9",
    AMPLE,
    "core protocol",
    "write 1"
)]
fn a_start_that_fails_is_explained(
    #[case] script: &str,
    #[case] start: Duration,
    #[case] says: &str,
    #[case] mend: &str,
) {
    let folder = shell(script);
    check(&examined(folder.path(), start), Grade::Fault, says, mend);
}

#[rstest]
#[case::good(Script::testee(), Grade::Fine, "", "")]
#[case::nobody_listens(Fault::AddressNotListening.script(), Grade::Fault, "nobody listens", "really listens")]
#[case::too_early(Fault::AnnouncesBeforeListening.script(), Grade::Fault, "comes too early", "listen first")]
#[case::not_serving(Fault::HealthNotServing.script(), Grade::Fault, "NOT_SERVING", "SERVING before the handshake")]
#[case::no_health(Fault::HealthUnimplemented.script(), Grade::Fault, "no health service", "grpcio-health-checking")]
#[case::health_unknown(Fault::HealthPluginUnknown.script(), Grade::Fault, "does not know", "register")]
#[case::no_implemented(Fault::ImplementedUnimplemented.script(), Grade::Fault, "Implemented is not served", "list the hooks")]
#[case::unknown_hook(Fault::ImplementedUnknownName.script(), Grade::Fault, "NoSuchHook", "exactly")]
#[case::activation(Preset::ActivateFails.script(), Grade::Fault, "the licence has expired", "message is the plugin's own")]
#[case::no_controller(Fault::ShutdownUnimplemented.script(), Grade::Warning, "no controller", "GRPCController/Shutdown")]
#[case::shutdown_ignored(Fault::ShutdownIgnored.script(), Grade::Warning, "two seconds after Shutdown", "end the process")]
#[case::left_behind(Fault::GrandchildLeft.script(), Grade::Fault, "still there after its end", "child processes")]
#[case::no_cookie_check(Fault::CookieNotChecked.script(), Grade::Warning, "starts without the cookie", "say on stderr")]
#[case::all_interfaces(Fault::AnnouncesAllInterfaces.script(), Grade::Warning, "not a loopback address", "127.0.0.1")]
fn a_plugin_that_is_up_is_examined(
    #[case] script: Script,
    #[case] grade: Grade,
    #[case] says: &str,
    #[case] mend: &str,
) {
    let folder = fake(&script);
    check(&examined(folder.path(), AMPLE), grade, says, mend);
}

#[test]
fn a_slow_start_is_a_warning() {
    let folder = fake(&Script::new().sleep(600).then(&Script::testee()));
    check(
        &examined(folder.path(), Duration::from_secs(1)),
        Grade::Warning,
        "more than half",
        "import late",
    );
}

#[rstest]
#[case::nothing(&[], "no manifest", "plugin.json")]
#[case::no_script(&[("plugin.json", MANIFEST), ("venv/bin/python", "")], "no such file", "put plugin.py")]
#[case::wrong_type(&[("plugin.json", "{\"id\": \"com.example.a\",\n \"server\": {\"executable\": 5}}")], "plugin.json:2", "correct the field")]
#[case::outside(&[("plugin.json", "{\"id\": \"com.example.a\", \"server\": {\"runtime\": \"python\", \"executable\": \"../x.py\"}}"), ("venv/bin/python", "")], "traversal", "inside")]
fn a_folder_that_cannot_be_started_is_explained(
    #[case] files: &[(&str, &str)],
    #[case] says: &str,
    #[case] mend: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    check(&examined(folder.path(), AMPLE), Grade::Fault, says, mend);
}

/// Real Python, where the checkout has one.
#[rstest]
#[case::syntax("def x(:\n  pass\n", "SyntaxError", "line that is shown")]
#[case::print_first(
    "print('hello', flush=True)\nimport time; time.sleep(9)\n",
    "first line: \"hello\"",
    "print nothing to stdout"
)]
#[case::unflushed(
    "import time\nprint('1|1|tcp|127.0.0.1:9|grpc')\ntime.sleep(9)\n",
    "printed and not flushed",
    "flush=True"
)]
#[case::module(
    "import no_such_module\n",
    "no_such_module is missing",
    "pip install no_such_module"
)]
#[case::cookie(
    "import sys\nsys.exit('This binary is a plugin. Where is the cookie?')\n",
    "although the cookie was right",
    "MATTERMOST_PLUGIN"
)]
fn real_python_is_understood(#[case] code: &str, #[case] says: &str, #[case] mend: &str) {
    // Where there is no Python environment `scripts/test` has said so and stopped; a bare `cargo test` goes on without.
    let venv = match python::environment() {
        Ok((_, venv)) => venv,
        Err(Skipped { reason, enable, .. }) => {
            // Not by a macro: what those print is not shown of a test that passes.
            let note =
                format!("real_python_is_understood is skipped: {reason}; {enable} makes one\n");
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.json"), MANIFEST).unwrap();
    fs::write(folder.path().join("plugin.py"), code).unwrap();
    std::os::unix::fs::symlink(venv, folder.path().join("venv")).unwrap();
    check(
        &examined(folder.path(), Duration::from_secs(3)),
        Grade::Fault,
        says,
        mend,
    );
}

/// Runs the binary: exit code and stdout.
fn doctor(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = std::process::Command::new(built::program())
        .arg("doctor")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), stdout)
}

#[test]
fn people_read_the_cause_and_the_mend_and_the_exit_code_tells_scripts() {
    let patient = shell("echo 'loading\u{1b}[0m'; exit 0");
    let (code, stdout) = doctor(patient.path(), &[]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("FAULT   handshake"), "{stdout}");
    assert!(stdout.contains("mend: print nothing to stdout"), "{stdout}");
    assert!(
        stdout.contains("first line: \"loading\\x1b[0m\""),
        "{stdout}"
    );
    let (code, stdout) = doctor(fake(&Script::testee()).path(), &[]);
    assert_eq!(code, 0, "{stdout}");
    assert!(
        stdout.ends_with("a host can work with this plugin\n"),
        "{stdout}"
    );
}

#[test]
fn programs_read_json() {
    let patient = shell("exit 3");
    let (code, stdout) = doctor(patient.path(), &["--json", "--start-timeout", "5"]);
    let examination: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let worst = examination["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (code, &worst["grade"], &worst["step"]),
        (1, &"fault".into(), &"start".into())
    );
}
