//! From a [`Launch`] to a running process.
//!
//! Without uid changes and `pre_exec` the standard library uses `posix_spawn`, whose cost does not grow with the host's
//! memory. The process group is set by an attribute of it.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::process::{Child as Process, Command};
use tokio::sync::{mpsc, watch};

use super::owner::Owner;
use super::pipes::{self, Output};
use super::{Child, ChildSetting, Shared};
use crate::event::What;
use crate::process::Launch;
use crate::process::group::Target;

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
#[error("starting {}: {source}", program.display())]
pub struct SpawnError {
    /// The program.
    pub program: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl SpawnError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self
            .source
            .raw_os_error()
            .map(rustix::io::Errno::from_raw_os_error)
        {
            Some(rustix::io::Errno::NOEXEC) => "spawn.exec_format",
            _ => match self.source.kind() {
                io::ErrorKind::NotFound => "spawn.not_found",
                io::ErrorKind::PermissionDenied => "spawn.permission_denied",
                io::ErrorKind::ExecutableFileBusy => "spawn.busy",
                _ => "spawn.failed",
            },
        }
    }

    /// What a Go host says.
    pub fn go_wording(&self) -> String {
        let why = match self.kind() {
            "spawn.exec_format" => "exec format error".to_owned(),
            "spawn.not_found" => "no such file or directory".to_owned(),
            "spawn.permission_denied" => "permission denied".to_owned(),
            "spawn.busy" => "text file busy".to_owned(),
            _ => self.source.to_string(),
        };
        format!("fork/exec {}: {why}", self.program.display())
    }
}

impl Child {
    /// Starts the process and the tasks that serve it. Needs a tokio runtime.
    pub fn spawn(launch: &Launch, setting: ChildSetting) -> Result<Self, SpawnError> {
        let failed = |source| SpawnError {
            program: launch.program.clone(),
            source,
        };
        let started_at = SystemTime::now();
        let mut process = start(launch).map_err(failed)?;
        let started = Instant::now();
        let gone = || failed(io::Error::other("the process has no id or no pipes"));
        let pid = process.id().ok_or_else(gone)?;
        let stdout = process.stdout.take().ok_or_else(gone)?;
        let stderr = process.stderr.take().ok_or_else(gone)?;
        let target = if launch.own_group {
            Target::Group(pid)
        } else {
            Target::Process(pid)
        };
        if let (Some(guard), Target::Group(_)) = (&setting.guard, target) {
            guard.add_group(pid);
        }
        setting.events.emit(spawned(pid, launch));

        let output = Arc::new(Output::default());
        let (first_line_sender, first_line) = watch::channel(None);
        let pumps = [
            tokio::spawn(pipes::pump_stdout(
                stdout,
                output.clone(),
                first_line_sender,
                setting.events.clone(),
            )),
            tokio::spawn(pipes::pump_stderr(
                stderr,
                output.clone(),
                setting.events.clone(),
                !setting.policy.ignore_tracebacks,
            )),
        ];
        let (signals, orders) = mpsc::unbounded_channel();
        let (exit_sender, exit) = watch::channel(None);
        let (remains_sender, remains) = watch::channel(None);
        let socket = Arc::new(Mutex::new(None));
        let owner = Owner {
            process,
            pid,
            target,
            started,
            setting: setting.clone(),
            orders,
            exit: exit_sender,
            remains: remains_sender,
            socket: socket.clone(),
            pumps,
        };
        tokio::spawn(owner.run());
        Ok(Self {
            shared: Arc::new(Shared {
                pid,
                started,
                started_at,
                setting,
                output,
                socket,
                first_line,
                exit,
                remains,
                signals,
            }),
        })
    }
}

/// How long a program is tried that is still open for writing.
const BUSY: Duration = Duration::from_millis(500);

/// A program that was written a moment ago may still be open in a child that another thread is starting: every open file is
/// inherited until the child executes its own program. Nothing announces that moment, but it is near unless the machine
/// is overloaded, so the calling thread waits for it.
fn start(launch: &Launch) -> io::Result<Process> {
    let began = Instant::now();
    loop {
        match command(launch).spawn() {
            Err(error) if is_busy(&error) && began.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(1));
            }
            started => return started,
        }
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ExecutableFileBusy
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.arguments)
        .current_dir(&launch.directory)
        .env_clear()
        .envs(&launch.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // For a runtime that ends with the owner's task in it; the task itself kills more than the process.
        .kill_on_drop(true);
    if launch.own_group {
        command.process_group(0);
    }
    command
}

fn spawned(pid: u32, launch: &Launch) -> What {
    What::Spawned {
        pid,
        program: launch.program.display().to_string(),
        arguments: launch
            .arguments
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        directory: launch.directory.display().to_string(),
    }
}
