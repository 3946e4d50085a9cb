//! `plugin-conformance serve`, as its users have it: a process, plugins behind it, clients before it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod bodies;
mod browser;
mod data;
mod life;
mod served;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The program.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_plugin-conformance"))
}

/// The fake, built once.
fn fake() -> PathBuf {
    static FAKE: OnceLock<PathBuf> = OnceLock::new();
    let built = FAKE.get_or_init(|| {
        let run = escargot::CargoBuild::new()
            .args([
                "--package=plugin-conformance",
                "--package=fake-interpreters",
            ])
            .bin("fake-interpreter")
            .run();
        run.unwrap().path().to_owned()
    });
    built.clone()
}
