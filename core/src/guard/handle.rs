//! The host's end of the guard's pipe.
//!
//! Nothing here blocks: what the pipe does not take at once waits for the next order. A guard that died is replaced once it
//! is noticed, which is at the next order.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::order::{Charge, Order};

/// The program that outlives the host and cleans up after it; it must run [`super::serve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardProgram {
    /// Path of the program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// The guard of one host; cheap to clone. When the last clone is dropped, the guard cleans up and ends.
#[derive(Clone)]
pub struct GuardHandle {
    state: Arc<Mutex<State>>,
}

struct State {
    program: GuardProgram,
    charge: Charge,
    line: Option<Line>,
    /// Where a successor is started from, whoever notices that it is needed.
    runtime: Handle,
}

/// A running guard.
struct Line {
    process: Child,
    pipe: OwnedFd,
    /// What the pipe did not take yet.
    backlog: VecDeque<u8>,
}

impl GuardHandle {
    /// Starts the guard. Needs a tokio runtime.
    pub fn start(program: &GuardProgram, run_mark: &str) -> io::Result<Self> {
        let mut charge = Charge::default();
        charge.apply(Order::Mark(run_mark.to_owned()));
        let line = Line::start(program, &charge)?;
        Ok(Self {
            state: Arc::new(Mutex::new(State {
                program: program.clone(),
                charge,
                line: Some(line),
                runtime: Handle::current(),
            })),
        })
    }

    /// A process group that must not outlive the host.
    pub fn add_group(&self, leader: u32) {
        self.tell(Order::AddGroup(leader));
    }

    /// The group is gone.
    pub fn remove_group(&self, leader: u32) {
        self.tell(Order::RemoveGroup(leader));
    }

    /// A folder or socket file that must not outlive the host.
    pub fn add_folder(&self, folder: &Path) {
        self.tell(Order::AddPath(folder.to_owned()));
    }

    /// The folder is gone, or may stay.
    pub fn remove_folder(&self, folder: &Path) {
        self.tell(Order::RemovePath(folder.to_owned()));
    }

    /// The process id of the guard, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lock().line.as_ref()?.process.id()
    }

    /// Lets the guard clean up and waits until it has ended; `false` if it takes longer than the limit. Orders after this
    /// are not heard.
    pub async fn close(&self, limit: Duration) -> bool {
        let Some(line) = self.lock().line.take() else {
            return true;
        };
        let Line {
            mut process, pipe, ..
        } = line;
        drop(pipe);
        tokio::time::timeout(limit, process.wait()).await.is_ok()
    }

    fn tell(&self, order: Order) {
        let mut state = self.lock();
        state.charge.apply(order.clone());
        let State {
            program,
            charge,
            line,
            runtime,
        } = &mut *state;
        let Some(running) = line else {
            return;
        };
        if running.write(&order.to_line()).is_ok() {
            return;
        }
        tracing::warn!("the guard is gone, starting another");
        let _inside = runtime.enter();
        *line = match Line::start(program, charge) {
            Ok(line) => Some(line),
            Err(error) => {
                tracing::error!(%error, "no guard: plugins will outlive this host if it is killed");
                None
            }
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the state is whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for GuardHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardHandle")
            .field("pid", &self.pid())
            .finish()
    }
}

impl Line {
    fn start(program: &GuardProgram, charge: &Charge) -> io::Result<Self> {
        // The working directory is another one, so a relative path would lead elsewhere.
        let mut process = Command::new(std::path::absolute(&program.program)?)
            .args(&program.args)
            // The guard must not carry the mark, and needs nothing else either.
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let stdin = process
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("the guard has no standard input"))?;
        let pipe = stdin.into_owned_fd()?;
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let mut line = Self {
            process,
            pipe,
            backlog: VecDeque::new(),
        };
        for order in charge.orders() {
            line.write(&order.to_line())?;
        }
        Ok(line)
    }

    /// Writes what the pipe takes and keeps the rest.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        self.backlog.extend(bytes);
        while !self.backlog.is_empty() {
            match rustix::io::write(&self.pipe, self.backlog.make_contiguous()) {
                Ok(written) => drop(self.backlog.drain(..written)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
