//! Plans from outside: what runs keep of subjects with a fault, and what `replay` makes of it.

mod bodies;
mod faults;

use std::path::Path;
use std::process::Command;

use crate::built;

/// Runs the binary in a folder: exit code, stdout, stderr.
fn check(folder: &Path, words: &[&str]) -> (i32, String, String) {
    built::fake();
    let output = Command::new(built::program())
        .args(words)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("PLUGIN_CONFORMANCE_FAKE")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}
