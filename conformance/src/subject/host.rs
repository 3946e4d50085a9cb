//! A host under test as a process: starts its driver, sends orders, collects answers and events.
//!
//! It knows the protocol and nothing of verdicts. A driver that ends, writes what is no message, or does not answer in time is an error
//! for the scenario to turn into words; none of them can make the suite wait for ever.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Capabilities, HostCommand, Skipped, Subject, SubjectFactory, SubjectKind, fake};
use crate::driver::protocol::{Event, Message, Order, Refusal, Request};
use crate::requirement::Side;

/// Where the driver's talk is noted: one line for each order, answer and event.
pub type Notes = Arc<dyn Fn(String) + Send + Sync>;

/// Why a driver is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// It could not be started.
    #[error("cannot start the host {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It closed its stdout before it had answered.
    #[error("the host ended before it answered {order:?}; its stderr ends with {stderr:?}")]
    Gone {
        /// The order's word.
        order: &'static str,
        /// The last of its stderr.
        stderr: String,
    },
    /// It did not answer in time.
    #[error("the host did not answer {order:?} within {within:?}")]
    Silent {
        /// The order's word.
        order: &'static str,
        /// The time it had.
        within: Duration,
    },
    /// It answered with something that the order does not have.
    #[error("the host's answer to {order:?} is no such answer: {source}: {answer}")]
    Answer {
        /// The order's word.
        order: &'static str,
        /// The answer.
        answer: Value,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

type Answer = Result<Value, Refusal>;

#[derive(Default)]
struct Seen {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    events: Vec<Event>,
    stderr: String,
    ended: bool,
}

/// A driver that runs. Dropping it kills it with SIGKILL.
#[derive(Debug)]
pub struct HostProcess {
    child: AsyncMutex<Child>,
    pid: u32,
    stdin: AsyncMutex<Option<ChildStdin>>,
    next: AtomicU64,
    shared: Shared,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Seen>>,
    /// Counts what has been seen, for those who wait for more.
    count: watch::Sender<u64>,
    notes: Notes,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// An order that was sent.
#[derive(Debug)]
pub struct Sent {
    /// Its number, by which another order can name it.
    pub id: u64,
    word: &'static str,
    answer: oneshot::Receiver<Answer>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.count.send_modify(|count| *count += 1);
    }
}

/// The last bytes of a driver's stderr that are kept.
const STDERR_KEPT: usize = 4096;

impl HostProcess {
    /// Starts a driver in a folder, with exactly this environment.
    pub fn start(
        command: &HostCommand,
        directory: &Path,
        environment: &BTreeMap<OsString, OsString>,
        notes: Notes,
    ) -> Result<HostProcess, DriverError> {
        let failed = |source| DriverError::Start {
            program: command.program.display().to_string(),
            source,
        };
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .current_dir(directory)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let no_pipe = || failed(io::Error::other("no pipe"));
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let pid = child.id().ok_or_else(no_pipe)?;
        let shared = Shared {
            seen: Arc::default(),
            count: watch::channel(0).0,
            notes,
        };
        let readers = vec![
            tokio::spawn(read_messages(stdout, shared.clone())),
            tokio::spawn(read_stderr(stderr, shared.clone())),
        ];
        let stdin = AsyncMutex::new(Some(stdin));
        Ok(HostProcess {
            child: AsyncMutex::new(child),
            pid,
            stdin,
            next: AtomicU64::new(1),
            shared,
            readers,
        })
    }

    /// The driver's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends an order and waits for its answer.
    pub async fn ask(&self, order: Order, within: Duration) -> Result<Answer, DriverError> {
        let sent = self.send(order).await;
        self.answer(sent, within).await
    }

    /// Sends an order, whose answer is to be taken with [`HostProcess::answer`].
    pub async fn send(&self, order: Order) -> Sent {
        let word = order.word();
        let (sender, answer) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut seen = self.shared.seen();
            if seen.ended {
                // Nobody will answer, and a sender that is kept would hide it.
                drop(sender);
            } else {
                seen.waiting.insert(id, sender);
            }
        }
        let line = serde_json::to_string(&Request { id, order }).unwrap_or_default();
        (self.shared.notes)(format!("→ {line}"));
        if let Some(stdin) = self.stdin.lock().await.as_mut() {
            // A driver that does not read any more shows as one that has ended.
            let _ = stdin.write_all(format!("{line}\n").as_bytes()).await;
        }
        Sent { id, word, answer }
    }

    /// Waits for the answer to an order.
    pub async fn answer(&self, sent: Sent, within: Duration) -> Result<Answer, DriverError> {
        let Sent { word, answer, .. } = sent;
        match timeout(within, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(DriverError::Gone {
                order: word,
                stderr: self.shared.seen().stderr.clone(),
            }),
            Err(_) => Err(DriverError::Silent {
                order: word,
                within,
            }),
        }
    }

    /// Sends an order whose answer has a form of its own.
    pub async fn ask_for<A: DeserializeOwned>(
        &self,
        order: Order,
        within: Duration,
    ) -> Result<Result<A, Refusal>, DriverError> {
        let word = order.word();
        match self.ask(order, within).await? {
            Err(refusal) => Ok(Err(refusal)),
            Ok(value) => match serde_json::from_value(value.clone()) {
                Ok(answer) => Ok(Ok(answer)),
                Err(source) => Err(DriverError::Answer {
                    order: word,
                    answer: value,
                    source,
                }),
            },
        }
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.shared.seen().events.clone()
    }

    /// The first event that the function wants, if it comes in time.
    pub async fn event(&self, within: Duration, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        let mut count = self.shared.count.subscribe();
        let search = async {
            loop {
                {
                    let seen = self.shared.seen();
                    if let Some(event) = seen.events.iter().find(|event| wanted(event)) {
                        return Some(event.clone());
                    }
                    if seen.ended {
                        return None;
                    }
                }
                if count.changed().await.is_err() {
                    return None;
                }
            }
        };
        timeout(within, search).await.unwrap_or(None)
    }

    /// Closes the driver's stdin, which is an order to shut down, and waits for its end. Whether it ended in time.
    pub async fn close(&self, within: Duration) -> bool {
        drop(self.stdin.lock().await.take());
        let mut child = self.child.lock().await;
        matches!(timeout(within, child.wait()).await, Ok(Ok(_)))
    }

    /// Kills the driver with SIGKILL and takes its exit status.
    pub async fn kill(&self) -> io::Result<()> {
        self.child.lock().await.kill().await
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

async fn read_messages(stdout: ChildStdout, shared: Shared) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        (shared.notes)(format!("← {line}"));
        match serde_json::from_str(&line) {
            Ok(Message::Done { id, ok }) => answer(&shared, id, Ok(ok)),
            Ok(Message::Failed { id, error }) => answer(&shared, id, Err(error)),
            Ok(Message::Event(event)) => shared.seen().events.push(event),
            Err(error) => (shared.notes)(format!("the line before is no message: {error}")),
        }
        shared.changed();
    }
    {
        let mut seen = shared.seen();
        seen.ended = true;
        seen.waiting.clear();
    }
    shared.changed();
}

fn answer(shared: &Shared, id: u64, answer: Answer) {
    if let Some(waiting) = shared.seen().waiting.remove(&id) {
        // Whoever gave up waiting does not want it any more.
        let _ = waiting.send(answer);
    }
}

async fn read_stderr(mut stderr: ChildStderr, shared: Shared) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut seen = shared.seen();
        seen.stderr
            .push_str(&String::from_utf8_lossy(&buffer[..count]));
        let surplus = seen.stderr.len().saturating_sub(STDERR_KEPT);
        let cut = (surplus..=seen.stderr.len())
            .find(|at| seen.stderr.is_char_boundary(*at))
            .unwrap_or(0);
        seen.stderr.drain(..cut);
    }
}

/// Our own host: this very program with the subcommand `drive`.
#[derive(Clone, Debug, Default)]
pub struct OwnHost {
    fault: Option<&'static str>,
    damage: Option<&'static str>,
}

impl OwnHost {
    /// The name of the subject.
    pub const NAME: &str = "host";

    /// The host as it should be.
    pub fn new() -> OwnHost {
        OwnHost::default()
    }

    /// The host with one fault.
    pub fn with_fault(fault: &'static str) -> OwnHost {
        OwnHost {
            fault: Some(fault),
            damage: None,
        }
    }

    /// The host whose API is damaged in this way.
    pub fn with_damage(damage: &'static str) -> OwnHost {
        OwnHost {
            fault: None,
            damage: Some(damage),
        }
    }
}

impl SubjectFactory for OwnHost {
    fn name(&self) -> &str {
        OwnHost::NAME
    }

    fn side(&self) -> Side {
        Side::Host
    }

    fn make(&self) -> Result<Subject, Skipped> {
        if fake::binary().is_none() {
            return Err(Skipped {
                subject: OwnHost::NAME.to_owned(),
                reason: "the fake interpreter, with which hosts are judged, is not built"
                    .to_owned(),
                enable: fake::ENABLE.to_owned(),
            });
        }
        let program = std::env::current_exe().map_err(|error| Skipped {
            subject: OwnHost::NAME.to_owned(),
            reason: format!("this program cannot find itself: {error}"),
            enable: "run it by its path".to_owned(),
        })?;
        let mut args: Vec<OsString> = vec!["drive".into()];
        if let Some(fault) = self.fault {
            args.extend(["--fault".into(), fault.into()]);
        }
        if let Some(damage) = self.damage {
            args.extend(["--damage".into(), damage.into()]);
        }
        let kind = SubjectKind::Host(HostCommand { program, args });
        Ok(Subject {
            name: OwnHost::NAME.to_owned(),
            kind,
            capabilities: Capabilities::all(),
        })
    }
}

#[cfg(test)]
mod tests;
