//! What all parts of a playing fake share: the journal, what has happened so far, and the ways to end.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

use crate::journal::{Event, Journal};
use crate::script::SignalName;

/// How long running calls may take to leave the house once the fake has been asked to end.
const DRAIN: Duration = Duration::from_millis(250);

/// How many turns of all tasks it takes until an answer that is ready has been written.
const TURNS: u32 = 8;

/// Shared by everything a fake does.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) journal: Journal,
    /// Who started the process. Asked at once: after the handshake a host may die at any moment.
    pub(crate) parent: Option<Pid>,
    counts: Mutex<HashMap<String, u32>>,
    changed: Notify,
    effects: Mutex<HashMap<SignalName, Effect>>,
    socket_files: Mutex<Vec<PathBuf>>,
    /// Counts the orders to cut all connections.
    pub(crate) cuts: watch::Sender<u32>,
    /// Bytes that take the place of the next write to a connection.
    pub(crate) spoilt: Mutex<Option<Vec<u8>>>,
    /// Counts writes to connections.
    pub(crate) writes: AtomicU64,
    /// Becomes true when open streams are to end.
    pub(crate) draining: watch::Sender<bool>,
}

/// What a signal does once it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is written down.
    Noted,
    /// It is written down, and no later step changes that.
    Ignored,
    /// The process ends with this code.
    Ends(i32),
}

impl Stage {
    pub(crate) fn new(journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            journal,
            parent: getppid(),
            counts: Mutex::default(),
            changed: Notify::new(),
            effects: Mutex::default(),
            socket_files: Mutex::default(),
            cuts: watch::Sender::new(0),
            spoilt: Mutex::default(),
            writes: AtomicU64::new(0),
            draining: watch::Sender::new(false),
        })
    }

    /// Says that `event` has happened.
    pub(crate) fn happened(&self, event: &str) {
        *lock(&self.counts).entry(event.to_owned()).or_default() += 1;
        self.changed.notify_waiters();
    }

    /// Waits until `event` has happened `count` times since the start.
    pub(crate) async fn wait_for(&self, event: &str, count: u32) {
        loop {
            let changed = self.changed.notified();
            if lock(&self.counts)
                .get(event)
                .is_some_and(|seen| *seen >= count)
            {
                return;
            }
            changed.await;
        }
    }

    /// Takes a signal from now on.
    pub(crate) fn take_signal(
        self: &Arc<Self>,
        name: SignalName,
        effect: Effect,
    ) -> std::io::Result<()> {
        let mut effects = lock(&self.effects);
        match effects.get(&name) {
            Some(Effect::Ignored) => return Ok(()),
            Some(_) => {}
            None => {
                let mut taken = signal(SignalKind::from_raw(number(name).as_raw()))?;
                let stage = Arc::clone(self);
                tokio::spawn(async move {
                    while taken.recv().await.is_some() {
                        stage.signalled(name);
                    }
                });
            }
        }
        // A later note does not undo an effect.
        if effect != Effect::Noted || !effects.contains_key(&name) {
            effects.insert(name, effect);
        }
        Ok(())
    }

    fn signalled(&self, name: SignalName) {
        self.journal.note(Event::Signal {
            signal: name.name().to_owned(),
        });
        self.happened(&format!("signal:{}", name.name()));
        let effect = lock(&self.effects).get(&name).copied();
        if let Some(Effect::Ends(code)) = effect {
            self.exit(code, &format!("signal:{}", name.name()));
        }
    }

    /// This file is removed at a regular end.
    pub(crate) fn owns_socket_file(&self, path: PathBuf) {
        lock(&self.socket_files).push(path);
    }

    /// Ends the process.
    pub(crate) fn exit(&self, code: i32, why: &str) -> ! {
        for path in lock(&self.socket_files).drain(..) {
            let _ = std::fs::remove_file(path);
        }
        self.journal.note(Event::Exiting {
            code,
            why: why.to_owned(),
        });
        std::process::exit(code)
    }

    /// How much has been written to connections so far; to be asked before the answer that [`Stage::drain`] lets leave.
    pub(crate) fn written(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Lets answers leave, within a bound: until more has been written than before, and then no more. All tasks share
    /// one thread, so that with a few turns each that can go on has gone on; the caller is not waited for.
    pub(crate) async fn drain(&self, before: u64) {
        self.draining.send_replace(true);
        self.leaves(before).await;
    }

    /// The same for one message of a stream that goes on.
    pub(crate) async fn leaves(&self, before: u64) {
        let gone = async {
            loop {
                let seen = self.written();
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                match self.written() {
                    now if now != seen => {}
                    now if now != before => return,
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        };
        // What has not left by now stays.
        let _ = tokio::time::timeout(DRAIN, gone).await;
    }

    /// Sends a signal to itself. Where it does not end the process, the caller goes on.
    pub(crate) fn raise(&self, name: SignalName) {
        // Rust's runtime takes the first SEGV for a stack that is full, finds that it is not, and leaves the next one to the system.
        if name == SignalName::Segv {
            let _ = kill_process(getpid(), number(name));
        }
        if let Err(error) = kill_process(getpid(), number(name)) {
            self.journal.note(Event::Trouble {
                message: format!("cannot raise {}: {error}", name.name()),
            });
        }
    }
}

/// A poisoned lock means a panic in a handler; what it guards is whole all the same.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(name: SignalName) -> Signal {
    match name {
        SignalName::Hup => Signal::HUP,
        SignalName::Int => Signal::INT,
        SignalName::Quit => Signal::QUIT,
        SignalName::Abrt => Signal::ABORT,
        SignalName::Kill => Signal::KILL,
        SignalName::Usr1 => Signal::USR1,
        SignalName::Segv => Signal::SEGV,
        SignalName::Usr2 => Signal::USR2,
        SignalName::Pipe => Signal::PIPE,
        SignalName::Term => Signal::TERM,
        SignalName::Stop => Signal::STOP,
    }
}
