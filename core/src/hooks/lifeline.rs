//! Calls end with the process that they are for, even where its connection does not: a descendant may hold it open.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::process::Exit;

/// How long after the exit an answer may still be on its way. The connection of a process that ended mostly ends with it,
/// so this is rarely waited for.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Tells when a process has ended.
#[derive(Debug, Clone)]
pub struct Lifeline {
    exit: watch::Receiver<Option<Exit>>,
}

impl Lifeline {
    /// The lifeline of the process whose exit is published there.
    pub fn new(exit: watch::Receiver<Option<Exit>>) -> Self {
        Self { exit }
    }

    /// Waits for an answer as long as the process lives, and a moment more.
    ///
    /// # Errors
    /// How the process ended, if no answer came.
    pub async fn hold<T>(&self, answer: impl Future<Output = T>) -> Result<T, Exit> {
        let mut answer = std::pin::pin!(answer);
        let exit = tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            exit = self.exited() => exit,
        };
        timeout(LAST_WORDS, answer).await.map_err(|_| exit)
    }

    async fn exited(&self) -> Exit {
        match self.exit.clone().wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Unknown),
            Err(_) => Exit::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_come_a_moment_after_the_exit_but_not_much_later() {
        let (sender, exit) = watch::channel(None);
        let line = Lifeline::new(exit);
        let answer_after = |delay| async move {
            tokio::time::sleep(delay).await;
            "answer"
        };
        assert_eq!(
            line.hold(answer_after(Duration::from_secs(9))).await,
            Ok("answer")
        );
        sender.send_replace(Some(Exit::Code(3)));
        assert_eq!(line.hold(answer_after(LAST_WORDS / 2)).await, Ok("answer"));
        assert_eq!(
            line.hold(answer_after(LAST_WORDS * 2)).await,
            Err(Exit::Code(3))
        );
    }
}
