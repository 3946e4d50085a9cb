//! The foreign peers, where `scripts/peers` has built them once: each still keeps what it claims. Built anew by that script, whose quick
//! selection is played; what is not built here is skipped, which is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::built;

/// Whoever is judged is alone: two builds of one peer would meet in one folder.
static ALONE: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the list: name, kind and tool.
fn rows() -> Vec<[String; 3]> {
    let list = fs::read_to_string(root().join("conformance/peers/list")).unwrap();
    let rows = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    rows.map(|line| words(line).try_into().expect("three words in each row"))
        .collect()
}

/// The script with the suite of this build; what it said, and its exit code.
fn judge(arguments: &[&str], path: Option<&Path>) -> (String, Option<i32>) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut command = Command::new(root().join("scripts/peers"));
    command
        .args(arguments)
        .env("PLUGIN_CONFORMANCE", built::program())
        .env("TIMEOUT_SCALE", "6");
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&said).into_owned(),
        output.status.code(),
    )
}

#[test]
fn peers_that_are_built_here_keep_what_they_claim() {
    for [name, ..] in rows() {
        if !root().join("target/peers").join(&name).is_dir() {
            eprintln!("skipped {name}: not built here; scripts/peers does that");
            continue;
        }
        let (said, code) = judge(&["--quick", &name], None);
        let skipped = said.contains(&format!("skipped {name}"));
        if skipped {
            eprintln!("{said}");
        }
        assert_eq!(code, Some(0), "{said}");
        assert!(skipped || said.contains("\npassed: checked "), "{said}");
    }
}

#[test]
fn a_peer_without_its_tool_is_skipped_which_is_said() {
    // A search path with what the script itself needs, and with no tool of any peer.
    let tools = tempfile::tempdir().unwrap();
    for program in ["sh", "dirname", "tar", "mkdir", "cmp", "cp"] {
        let found = ["/bin", "/usr/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(program))
            .find(|path| path.exists())
            .unwrap();
        std::os::unix::fs::symlink(found, tools.path().join(program)).unwrap();
    }
    let (said, code) = judge(&[], Some(tools.path()));
    assert_eq!(code, Some(0), "{said}");
    for [name, _, tool] in rows() {
        assert!(
            said.contains(&format!("skipped {name}: there is no {tool}")),
            "{said}"
        );
    }
}

#[test]
fn each_peer_is_whole() {
    for [name, kind, tool] in rows() {
        let folder = root().join("conformance/peers").join(&name);
        assert!(["plugin", "host"].contains(&&*kind), "{name}: {kind}");
        assert!(["go", "node"].contains(&&*tool), "{name}: {tool}");
        let locked = if tool == "go" {
            "go.sum"
        } else {
            "package-lock.json"
        };
        for file in ["ledger.toml", locked] {
            assert!(folder.join(file).is_file(), "{name} has no {file}");
        }
    }
}

#[test]
fn an_unknown_peer_is_refused() {
    let (said, code) = judge(&["nobody"], None);
    assert_eq!(code, Some(2), "{said}");
}
