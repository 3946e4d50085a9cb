//! Plans from outside: what runs keep of subjects with a fault, and what `replay` makes of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod bodies;
mod faults;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use assert_cmd::cargo::cargo_bin;

/// Runs the binary in a folder: exit code, stdout, stderr.
fn check(folder: &Path, words: &[&str]) -> (i32, String, String) {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let fake = escargot::CargoBuild::new()
            .args([
                "--package=plugin-conformance",
                "--package=fake-interpreters",
            ])
            .bin("fake-interpreter");
        fake.run().unwrap();
    });
    let output = Command::new(cargo_bin!("plugin-conformance"))
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
