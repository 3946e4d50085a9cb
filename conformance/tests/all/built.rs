//! The binaries that the tests run.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The program itself.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_plugin-conformance"))
}

/// The fake interpreter, built beside the program, where the program looks for it.
pub(crate) fn fake() -> &'static Path {
    static FAKE: OnceLock<PathBuf> = OnceLock::new();
    FAKE.get_or_init(|| {
        // The packages that the scripts build together: of the fake alone, cargo would build what is beneath it with other features.
        let fake = escargot::CargoBuild::new()
            .args([
                "--package=plugin-conformance",
                "--package=fake-interpreters",
            ])
            .bin("fake-interpreter");
        fake.run().unwrap().path().to_owned()
    })
}
