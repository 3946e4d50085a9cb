//! Errors as explanations: what is wrong, why it matters, how to mend it. Pure.

use plugin_host::handshake::LineError;
use plugin_host::manifest::{Manifest, ManifestError};
use plugin_host::process::environment::{COOKIE_NAME, COOKIE_VALUE};
use plugin_host::process::{CommandError, Diagnosis};

use super::Finding;

const HANDSHAKE: &str = "1|1|tcp|127.0.0.1:PORT|grpc";

/// A manifest that cannot be used.
pub fn of_manifest(error: &ManifestError) -> Finding {
    let mend = match error {
        ManifestError::Missing { .. } => {
            "write plugin.json with id, name, version and server: {\"runtime\": \"python\", \"executable\": \"plugin.py\"}"
        }
        ManifestError::Unreadable { .. } => "let the server's user read the file",
        ManifestError::Invalid { .. } => "correct the field at that place",
        ManifestError::Id { .. } => {
            "choose an id of 3 to 190 letters, digits, '-', '_' and '.', for instance com.example.my-plugin"
        }
        ManifestError::NoComponent { .. } => "add the section server with runtime and executable",
        ManifestError::Runtime { .. } => "write \"python\" or leave the field out",
    };
    Finding::fault("manifest", error.to_string()).mend(mend)
}

/// A manifest that names nothing that could be started.
pub fn of_command(error: &CommandError, manifest: &Manifest) -> Finding {
    let executable = manifest
        .server
        .as_ref()
        .map_or("", |server| server.executable_for_this_machine());
    let mend = match error.kind() {
        "manifest.no_server" => "add the section server with runtime and executable".to_owned(),
        "interpreter.not_found" | "interpreter.venv_path_empty" => NEW_VENV.to_owned(),
        "interpreter.venv_path_outside" => {
            "move the virtual environment into the plugin's folder and name it by a relative path"
                .to_owned()
        }
        "interpreter.not_executable" | "interpreter.not_a_file" => {
            format!("the environment is broken: remove it, then {NEW_VENV}")
        }
        "script.empty" => "name the script: server.executable, for instance plugin.py".to_owned(),
        "script.not_found" => {
            format!(
                "put {executable} into the folder (if it is built, build it), or correct server.executable (case matters)"
            )
        }
        "script.not_executable" => format!(
            "chmod +x {executable}, or set server.runtime to python if it is a Python script"
        ),
        _ => "name a file inside the plugin's folder by a relative path".to_owned(),
    };
    Finding::fault("command", error.to_string()).mend(mend)
}

/// The mend of every missing environment.
pub(super) const NEW_VENV: &str = "make one in the plugin's folder: python3 -m venv venv && venv/bin/pip install mattermost-plugin-sdk (and what else it imports)";

/// A first line that is no handshake. `later` is the handshake that came after it, if one did.
pub fn of_line(error: &LineError, first: Option<&str>, later: Option<&str>) -> Finding {
    let printed = matches!(
        error,
        LineError::NotAHandshake { .. } | LineError::Blank | LineError::Overlong { .. }
    );
    let prefixed = matches!(error, LineError::CoreSyntax { .. })
        && first.is_some_and(|line| line.contains("|tcp|") || line.contains("|unix|"));
    let finding = if printed || prefixed {
        let says = match later {
            Some(_) => {
                "something was printed to stdout before the handshake; hosts read the first line and nothing else"
            }
            None => {
                "the first line on stdout is no handshake, and none came after it; hosts read the first line and nothing else"
            }
        };
        let mend = "print nothing to stdout before the handshake: send logs to stderr (Python: print(..., file=sys.stderr), or logging), \
                    also in modules that are imported";
        Finding::fault("handshake", says).mend(mend)
    } else {
        Finding::fault("handshake", error.to_string()).mend(mend_of_field(error))
    };
    let first = first.map(|line| format!("first line: \"{line}\""));
    let later = later.map(|line| format!("later line: \"{line}\"  <- this is the handshake"));
    finding
        .shows(first.into_iter().chain(later))
        .shows([format!("expected:   \"{HANDSHAKE}\"")])
}

fn mend_of_field(error: &LineError) -> &'static str {
    match error {
        LineError::CoreSyntax { .. }
        | LineError::CoreRange { .. }
        | LineError::CoreVersion { .. } => {
            "the first field is go-plugin's core protocol version: write 1"
        }
        LineError::AppSyntax { .. } | LineError::AppRange { .. } | LineError::AppVersion { .. } => {
            "the second field is the application's protocol version: write 1, which is what PLUGIN_PROTOCOL_VERSIONS offers"
        }
        LineError::Network { .. } => {
            "the third field is exactly tcp or unix, in lower case and without blanks"
        }
        LineError::Address { .. } | LineError::NoSuchHost { .. } => {
            "the fourth field is the address to dial: 127.0.0.1:PORT, or the path of a unix socket"
        }
        LineError::ProtocolMissing => {
            "a fifth field is missing: write |grpc at the end; without it hosts take the plugin for a net/rpc one"
        }
        LineError::Netrpc => {
            "net/rpc is a protocol of Go alone: serve gRPC and announce grpc in the fifth field"
        }
        LineError::Protocol { .. } => {
            "the fifth field is exactly grpc, in lower case and without blanks"
        }
        LineError::CertificateEncoding { .. }
        | LineError::CertificateMalformed
        | LineError::AutoMtls => {
            "leave the sixth field empty: a certificate may be sent only if PLUGIN_CLIENT_CERT is set"
        }
        LineError::CertificateMissing => {
            "the sixth field is the server's certificate, which was asked for: one DER certificate as base64 without padding"
        }
        LineError::Multiplexing => {
            "leave the seventh field out: it may be sent only if PLUGIN_MULTIPLEX_GRPC is set"
        }
        LineError::Closed
        | LineError::Overlong { .. }
        | LineError::Blank
        | LineError::NotAHandshake { .. } => "write the handshake as the first line of stdout",
    }
}

/// A process that ended before it had announced itself. `own_environment` is false if the machine's own Python ran it.
pub fn of_early_end(diagnosis: &Diagnosis, own_environment: bool) -> Finding {
    let tail = &diagnosis.stderr_tail;
    let end = match diagnosis.exit {
        Some(exit) => format!("the process ended ({exit}) before its handshake"),
        None => "the plugin closed its stdout before its handshake".to_owned(),
    };
    let trouble = Trouble::find(tail);
    let shows = trouble
        .as_ref()
        .map_or_else(|| last_lines(tail), |trouble| last_lines(&trouble.lines));
    let package = missing_package(tail);
    let finding = match trouble {
        Some(Trouble {
            error: Kind::Syntax,
            what,
            ..
        }) => Finding::fault(
            "start",
            format!("the Python code has a syntax error: {what}"),
        )
        .mend("correct the line that is shown"),
        Some(Trouble {
            error: Kind::MissingModule(module),
            ..
        }) => {
            let from = if own_environment {
                "the plugin's virtual environment"
            } else {
                "this machine's own Python, because there is no virtual environment in the folder"
            };
            let says = format!("the module {module} is missing: the plugin was run by {from}");
            let mend = if own_environment {
                format!(
                    "install it there: venv/bin/pip install {}",
                    package_of(&module)
                )
            } else {
                NEW_VENV.to_owned()
            };
            Finding::fault("start", says).mend(mend)
        }
        Some(Trouble {
            error: Kind::Other,
            what,
            ..
        }) => {
            Finding::fault("start", format!("{end}: {what}")).mend("the traceback names the place")
        }
        None if package.is_some() => {
            let line = package.unwrap_or_default();
            Finding::fault("start", format!("{end}: {line}"))
                .mend("install in the plugin's folder what its package.json names: npm ci")
        }
        None if speaks_of_cookie(tail) => Finding::fault(
            "cookie",
            format!("{end}, although the cookie was right: the plugin's check of it is wrong"),
        )
        .mend(compare_cookie()),
        None => Finding::fault("start", end).mend(match tail.is_empty() {
            true => format!(
                "it said nothing; if it ended by its check of the cookie, {}; else run it by hand",
                compare_cookie()
            ),
            false => format!(
                "its last words on stderr are below; if they are its check of the cookie, {}",
                compare_cookie()
            ),
        }),
    };
    finding.shows(shows)
}

/// No line came in time. `partial` is what there was of one.
pub fn of_silence(diagnosis: &Diagnosis) -> Finding {
    let time = format!("{:.1} s", diagnosis.budget.as_secs_f64());
    let finding = match &diagnosis.first_line {
        Some(line) => Finding::fault(
            "handshake",
            format!("the handshake has no end: {} bytes came on stdout within {time}, and no line feed", diagnosis.stdout_bytes),
        )
        .mend("end the line with a line feed, and flush it")
        .shows([format!("so far: \"{line}\"")]),
        None => Finding::fault("handshake", format!("nothing came on stdout within {time}, and the process is still there"))
            .mend("print the handshake as soon as the server listens; what the plugin said on stderr is below"),
    };
    finding.shows(last_lines(&diagnosis.stderr_tail))
}

/// The handshake came once Python did not buffer.
pub fn of_unflushed(budget: std::time::Duration) -> Finding {
    let says = format!(
        "the handshake is printed and not flushed: nothing came within {:.1} s, and with PYTHONUNBUFFERED=1 it came at once",
        budget.as_secs_f64()
    );
    Finding::fault("handshake", says)
        .mend("flush after print: print(line, flush=True), or sys.stdout.flush()")
}

/// A Python error at the end of a plugin's stderr.
#[derive(Debug, PartialEq, Eq)]
struct Trouble {
    error: Kind,
    /// The line that names it.
    what: String,
    /// The traceback.
    lines: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Syntax,
    MissingModule(String),
    Other,
}

impl Trouble {
    fn find(tail: &[String]) -> Option<Trouble> {
        // Python begins with the place in a file, and above it with "Traceback" unless the file itself could not be read.
        let named = tail.iter().rposition(|line| names_error(line))?;
        let begun = tail[..named]
            .iter()
            .rposition(|line| line.starts_with("Traceback (most recent call last)"));
        let placed = tail[..named]
            .iter()
            .position(|line| line.trim_start().starts_with("File \""));
        let first = begun.or(placed)?;
        let what = tail[named].trim().to_owned();
        let error = match what.split_once(':') {
            Some(("SyntaxError" | "IndentationError" | "TabError", _)) => Kind::Syntax,
            Some(("ModuleNotFoundError", text)) => Kind::MissingModule(quoted(text)),
            _ => Kind::Other,
        };
        Some(Trouble {
            error,
            what,
            lines: tail[first..=named].to_vec(),
        })
    }
}

/// `SomethingError: text`, at the beginning of a line.
fn names_error(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let word = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    word && (name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Interrupt"))
}

/// The part between the first two quotes.
fn quoted(text: &str) -> String {
    text.split('\'').nth(1).unwrap_or(text).trim().to_owned()
}

/// The distribution that has a module, where its name is another.
fn package_of(module: &str) -> &str {
    match module.split('.').next().unwrap_or(module) {
        "mattermost_plugin" => "mattermost-plugin-sdk",
        "grpc" => "grpcio",
        "google" => "protobuf",
        module => module,
    }
}

fn compare_cookie() -> String {
    format!("compare the variable {COOKIE_NAME} with exactly {COOKIE_VALUE:?}")
}

/// The line by which Node says that an import leads nowhere.
fn missing_package(tail: &[String]) -> Option<&str> {
    let words = ["Cannot find package '", "Cannot find module '"];
    let found = |line: &&String| words.iter().any(|words| line.contains(words));
    tail.iter().find(found).map(|line| line.trim())
}

fn speaks_of_cookie(tail: &[String]) -> bool {
    let text = tail.join("\n").to_lowercase();
    [
        "cookie",
        "mattermost_plugin ",
        "mattermost host",
        "plugin host",
        "this binary is a plugin",
        "not meant to be",
        "started by hand",
        "run by hand",
        "by a mattermost server",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// The last few lines, marked as what they are.
fn last_lines(lines: &[String]) -> Vec<String> {
    let first = lines.len().saturating_sub(12);
    lines[first..]
        .iter()
        .map(|line| format!("stderr: {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<Trouble> {
        Trouble::find(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn syntax_errors_have_no_traceback() {
        let text = "  File \"/p/plugin.py\", line 3\n    def x(:\n          ^\nSyntaxError: invalid syntax";
        let trouble = find(text).unwrap();
        assert_eq!(trouble.error, Kind::Syntax);
        assert_eq!(trouble.lines.len(), 4);
    }

    #[test]
    fn missing_modules_are_named() {
        let text = "log\nTraceback (most recent call last):\n  File \"p.py\", line 1, in <module>\n    import x.y\nModuleNotFoundError: No module named 'x.y'";
        let trouble = find(text).unwrap();
        assert_eq!(trouble.error, Kind::MissingModule("x.y".to_owned()));
        assert_eq!(trouble.lines.len(), 4);
        assert_eq!(package_of("google.protobuf"), "protobuf");
    }

    #[test]
    fn packages_that_node_misses_are_named() {
        let tail = "node:internal\n\nError [ERR_MODULE_NOT_FOUND]: Cannot find package 'x' imported from /p/plugin.js\n    at y";
        let tail: Vec<String> = tail.lines().map(str::to_owned).collect();
        assert_eq!(missing_package(&tail), Some(tail[2].as_str()));
        assert_eq!(missing_package(&tail[3..]), None);
    }

    #[test]
    fn other_words_are_no_trouble() {
        assert_eq!(find("2026-01-01 ERROR: something\nError connecting"), None);
        assert!(speaks_of_cookie(&["This binary is a plugin.".to_owned()]));
        assert!(!speaks_of_cookie(&["panic".to_owned()]));
    }

    #[test]
    fn a_print_is_told_from_a_wrong_field() {
        let error = plugin_host::handshake::line::parse(b"hello").unwrap_err();
        let finding = of_line(&error, Some("hello"), Some("1|1|tcp|127.0.0.1:1|grpc"));
        assert!(
            finding
                .says
                .contains("printed to stdout before the handshake"),
            "{finding:?}"
        );
        assert!(finding.shows[1].contains("this is the handshake"));
        let error = plugin_host::handshake::line::parse(b"1|1|tcp|127.0.0.1:1|netrpc").unwrap_err();
        assert!(
            of_line(&error, None, None)
                .mend
                .unwrap()
                .contains("serve gRPC")
        );
    }
}
