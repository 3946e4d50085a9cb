//! The binary: reads the command line, does what it says, and ends with the exit code of it.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use plugin_conformance::cli::{Arguments, command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = command::dispatch(&arguments, &mut io::stdout()).unwrap_or_else(|error| {
        // There is nothing left to do if stderr is closed, too.
        let _ = tell(&error);
        error.exit()
    });
    exit.into()
}

/// An error with its sources, on stderr.
fn tell(error: &command::CommandError) -> io::Result<()> {
    let mut stderr = io::stderr();
    write!(stderr, "plugin-conformance: {error}")?;
    let mut source = error.source();
    while let Some(cause) = source {
        write!(stderr, ": {cause}")?;
        source = cause.source();
    }
    writeln!(stderr)
}
