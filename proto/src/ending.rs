//! How the tasks of a server end: told to, within a bound, and the rest is dropped.
//!
//! Every task of a server holds a [`Tasks`]; the last to go lets [`Ending::stop`] return. Nothing of a server outlives its [`Ending`],
//! not even what hyper spawns.

use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::{mpsc, watch};

/// How far a server has been told to end; later words include earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Nothing new is begun, and what is under way may end.
    Draining,
    Closed,
}

/// Ends the tasks of a server. Dropping it ends them at once.
#[derive(Debug)]
pub struct Ending {
    phase: watch::Sender<Phase>,
    /// Closes when the last task has ended.
    alive: mpsc::Receiver<()>,
}

impl Ending {
    /// The end of a server, and what its tasks hold.
    #[must_use]
    pub fn new() -> (Self, Tasks) {
        let (phase, watching) = watch::channel(Phase::Open);
        let (holder, alive) = mpsc::channel(1);
        let tasks = Tasks {
            phase: watching,
            _holder: holder,
        };
        (Self { phase, alive }, tasks)
    }

    /// Tells all tasks to end, waits for them at most `within`, and drops what is left then. Answers whether nothing was.
    pub async fn stop(&mut self, within: Duration) -> bool {
        self.phase.send_replace(Phase::Draining);
        let drained = tokio::time::timeout(within, self.alive.recv())
            .await
            .is_ok();
        self.phase.send_replace(Phase::Closed);
        if !drained {
            self.alive.recv().await;
        }
        drained
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Closed);
    }
}

/// Held by each task of a server. Spawns hyper's so that they end with it.
#[derive(Debug, Clone)]
pub struct Tasks {
    phase: watch::Receiver<Phase>,
    _holder: mpsc::Sender<()>,
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut own = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                () = own.closed() => {}
            }
        });
    }
}

impl Tasks {
    /// Waits until nothing new is to be begun.
    pub async fn draining(&mut self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until everything is to end.
    pub async fn closed(&mut self) {
        self.reached(Phase::Closed).await;
    }

    async fn reached(&mut self, phase: Phase) {
        // An error means that the server was dropped, which closes it as well.
        let _ = self.phase.wait_for(|now| *now >= phase).await;
    }
}
