//! Leaves a process behind: the fake starts itself again with a hidden argument.
//!
//! Invariant: when the step is over, the process is as the script describes it. It holds the writing end of a pipe as its
//! standard input until then; the fake waits for the end of that pipe.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::setsid;
use serde::{Deserialize, Serialize};

use crate::journal::{Event, Journal};
use crate::kin::Kin;
use crate::script::{Grandchild, SignalName};
use crate::stage::{Effect, Stage};

/// The hidden argument.
pub(crate) const ARGUMENT: &str = "--grandchild";

/// What the new process is told.
#[derive(Debug, Serialize, Deserialize)]
struct Role {
    grandchild: Grandchild,
    journal: PathBuf,
    start: u32,
}

/// Starts the process and waits until it is as described.
pub(super) async fn leave(stage: &Stage, grandchild: &Grandchild) -> io::Result<()> {
    let (mut ready, held) = io::pipe()?;
    let role = Role {
        grandchild: grandchild.clone(),
        journal: stage.journal.path().to_owned(),
        start: stage.journal.start(),
    };
    let mut child = command(&role)?.stdin(Stdio::from(held)).spawn()?;
    if grandchild.double_fork {
        // The one in between has ended as soon as it has started the other.
        child.wait()?;
    }
    tokio::task::spawn_blocking(move || ready.read_to_end(&mut Vec::new()))
        .await
        .map_err(io::Error::other)??;
    stage.happened("grandchild");
    Ok(())
}

/// Plays the role that is told in the hidden argument.
pub(crate) fn be_grandchild(role: &str) -> io::Result<()> {
    let mut role: Role = serde_json::from_str(role)?;
    if role.grandchild.double_fork {
        role.grandchild.double_fork = false;
        command(&role)?.stdin(Stdio::inherit()).spawn()?;
        return Ok(());
    }
    if role.grandchild.setsid {
        setsid()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(live(&role))
}

async fn live(role: &Role) -> io::Result<()> {
    let stage = Stage::new(Journal::open(&role.journal, role.start)?);
    if role.grandchild.ignore_term {
        stage.take_signal(SignalName::Term, Effect::Ignored)?;
    }
    let Kin { ppid, pgid, sid } = Kin::own()?;
    stage.journal.note(Event::Grandchild { ppid, pgid, sid });
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    tokio::time::sleep(Duration::from_secs(role.grandchild.seconds)).await;
    Ok(())
}

fn command(role: &Role) -> io::Result<Command> {
    let mut command = Command::new(own_program()?);
    command.arg(ARGUMENT).arg(serde_json::to_string(role)?);
    if !role.grandchild.holds_pipes {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    Ok(command)
}

fn own_program() -> io::Result<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        Ok(link.to_owned())
    } else {
        std::env::current_exe()
    }
}
