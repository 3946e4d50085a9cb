//! A host under test as a process: starts its driver, sends orders, collects answers and events.
//!
//! It knows the protocol and nothing of verdicts. A driver that ends, writes what is no message, or does not answer in time is an error
//! for the scenario to turn into words; none of them can make the suite wait for ever. An order that the driver does not claim is not sent.
//! - `error`: what is wrong with a driver;
//! - `message`: what a line of a driver says;
//! - `wire`: messages of hooks as bytes, for drivers that do not read them;
//! - `own`: our own host; `foreign`: the command that a user names.

mod error;
mod message;
mod wire;

pub mod foreign;
pub mod own;

pub use error::DriverError;
pub use own::OwnHost;

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
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::HostCommand;
use crate::driver::protocol::hello::{Feature, Hello, UNSUPPORTED};
use crate::driver::protocol::{Event, Message, Order, Refusal, Request};
use error::NoMessage;

/// Where the driver's talk is noted: one line for each order, answer and event.
pub type Notes = Arc<dyn Fn(String) + Send + Sync>;

type Answer = Result<Value, Refusal>;

#[derive(Default)]
struct Seen {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    events: Vec<Event>,
    stderr: String,
    /// The line that was no message; nothing after it was read.
    garbage: Option<NoMessage>,
    ended: bool,
    stderr_ended: bool,
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
    claims: Option<Arc<Hello>>,
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
    /// The hook that is called, if the driver has only the bytes of its messages.
    wire: Option<String>,
    /// Where the answer comes; nowhere if the order was not sent, because the driver does not claim it.
    answer: Option<oneshot::Receiver<Answer>>,
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

/// How long the end of its stderr is waited for when a driver has closed its stdout.
const LAST_WORDS: Duration = Duration::from_millis(250);

impl HostProcess {
    /// Starts a driver in a folder, with exactly this environment.
    pub fn start(
        command: &HostCommand,
        directory: &Path,
        environment: &BTreeMap<OsString, OsString>,
        notes: Notes,
    ) -> Result<HostProcess, DriverError> {
        let failed = |why| DriverError::Start {
            program: command.program.display().to_string(),
            why,
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
            claims: None,
        })
    }

    /// The same driver, held to what it has claimed; without this it claims everything.
    #[must_use]
    pub fn claiming(mut self, claims: Option<Arc<Hello>>) -> HostProcess {
        self.claims = claims;
        self
    }

    /// Whether the driver claims something.
    pub fn claims(&self, claimed: impl Fn(&Hello) -> bool) -> bool {
        self.claims.as_deref().is_none_or(claimed)
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
    pub async fn send(&self, mut order: Order) -> Sent {
        let word = order.word();
        let (sender, answer) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if !self.claims(|claims| claims.orders.contains(word)) {
            return Sent {
                id,
                word,
                wire: None,
                answer: None,
            };
        }
        let wire = match &mut order {
            Order::Hook { hook, request, .. }
                if !self.claims(|claims| claims.features.contains(&Feature::Messages)) =>
            {
                *request = wire::request(hook, request);
                Some(hook.clone())
            }
            _ => None,
        };
        let answer = Some(answer);
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
        Sent {
            id,
            word,
            wire,
            answer,
        }
    }

    /// Waits for the answer to an order.
    pub async fn answer(&self, sent: Sent, within: Duration) -> Result<Answer, DriverError> {
        let Sent {
            word, answer, wire, ..
        } = sent;
        let Some(answer) = answer else {
            return Err(DriverError::NotClaimed { order: word });
        };
        match timeout(within, answer).await {
            Ok(Ok(Err(refusal))) if refusal.kind == UNSUPPORTED => {
                Err(DriverError::Dead { order: word })
            }
            Ok(Ok(Ok(value))) => Ok(Ok(match wire {
                Some(hook) => wire::answer(&hook, value),
                None => value,
            })),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => {
                self.last_words().await;
                let seen = self.shared.seen();
                let stderr = seen.stderr.clone();
                Err(match seen.garbage.clone() {
                    Some(line) => DriverError::Garbage { order: word, line },
                    None => DriverError::Gone {
                        order: word,
                        stderr,
                    },
                })
            }
            Err(_) => Err(DriverError::Silent {
                order: word,
                within,
            }),
        }
    }

    /// Waits for what a driver that ended said last on stderr: its two streams are read by two tasks, and either may be the first to see the
    /// end. Not for long, since a child of the driver may hold the pipe.
    async fn last_words(&self) {
        let mut count = self.shared.count.subscribe();
        let ended = count.wait_for(|_| {
            let seen = self.shared.seen();
            seen.stderr_ended || seen.garbage.is_some()
        });
        // Without its end there is what came so far.
        let _ = timeout(LAST_WORDS, ended).await;
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
                Err(why) => Err(DriverError::Answer {
                    order: word,
                    answer: value,
                    why,
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
    let mut lines = message::Lines::new(BufReader::new(stdout));
    while let Some(line) = lines.next().await {
        let message = match line {
            Ok(line) => {
                (shared.notes)(format!("← {line}"));
                message::read(&line, lines.number())
            }
            Err(garbage) => Err(garbage),
        };
        match message {
            Ok(Message::Done { id, ok }) => answer(&shared, id, Ok(ok)),
            Ok(Message::Failed { id, error }) => answer(&shared, id, Err(error)),
            Ok(Message::Event(event)) => shared.seen().events.push(event),
            Err(garbage) => {
                (shared.notes)(garbage.to_string());
                shared.seen().garbage = Some(garbage);
                break;
            }
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
    shared.seen().stderr_ended = true;
    shared.changed();
}

#[cfg(test)]
mod tests;
