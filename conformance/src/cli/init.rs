//! `init`: writes a starting folder and says what to do next.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::command::CommandError;
use crate::exit::Exit;
use crate::starter::{GO, NODE, PYTHON, Starter};

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder: a new or an empty one.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The language of the plugin.
    #[arg(long, value_enum)]
    pub lang: Language,
}

/// A language for which there is a starting folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With the SDK mattermost_plugin.
    Python,
    /// With hashicorp/go-plugin.
    Go,
    /// JavaScript with @grpc/grpc-js.
    Node,
}

impl Language {
    fn starter(self) -> Starter {
        match self {
            Language::Python => PYTHON,
            Language::Go => GO,
            Language::Node => NODE,
        }
    }
}

/// `init`.
pub(super) fn init(arguments: &Init, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let starter = arguments.lang.starter();
    let count = starter.write(&arguments.folder)?;
    tell(arguments, &starter, count, out)?;
    Ok(Exit::Passed)
}

fn tell(arguments: &Init, starter: &Starter, count: usize, out: &mut dyn Write) -> io::Result<()> {
    let folder = arguments.folder.display();
    writeln!(
        out,
        "{folder}: {count} files, {} that does what TESTEE.md says",
        starter.about
    )?;
    writeln!(out, "next:\n  cd {folder}")?;
    for command in starter.build {
        writeln!(out, "  {command}")?;
    }
    let ledger = starter.ledger.map(|file| format!(" --ledger {file}"));
    writeln!(out, "  plugin-conformance doctor .")?;
    writeln!(
        out,
        "  plugin-conformance run --plugin .{}",
        ledger.as_deref().unwrap_or_default()
    )?;
    let without = starter.ledger.map(|file| {
        format!(", and leave --ledger out: {file} lists failures of other profiles, too")
    });
    writeln!(
        out,
        "conformance.json says what is judged. If you put your own SDK in the place of this one, begin there with \
         {{\"profiles\": [\"handshake\", \"lifecycle\"]}}{}",
        without.unwrap_or_default()
    )
}
