//! What an order makes a handler do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::order::Word;
use super::reply::Outcome;
use super::{Testee, log, told};
use crate::fault::Fault;
use crate::journal::Event;
use crate::play::put_all;
use crate::script::{Flood, Stream};

impl Testee {
    /// Carries out an order.
    pub(super) async fn obey(&self, word: Word, request_id: &str) -> Outcome {
        match word {
            Word::Allow => Outcome::Allowed,
            Word::Api { method, request } => {
                Outcome::Told(self.call_api(&method, &request, request_id).await)
            }
            Word::Env(names) => Outcome::Told(told::environment(&names)),
            Word::Modify => Outcome::Modified,
            Word::Reject(why) => Outcome::Rejected(why),
            Word::Dismiss => Outcome::Dismissed,
            Word::Fail(why) => Outcome::Failed(why),
            Word::Answer(json) => serde_json::from_str(&json).map_or_else(
                |error| Outcome::Failed(format!("the answer is no JSON: {error}")),
                Outcome::Answered,
            ),
            Word::Exit(_) if self.has(Fault::ExitIgnored) => Outcome::Allowed,
            Word::Exit(_) if self.has(Fault::ExitStatusLost) => self.stage.exit(1, "fault"),
            Word::Exit(code) => self.stage.exit(code, "order"),
            Word::Quit(_) if self.has(Fault::QuitEndsProcess) => self.stage.exit(3, "fault"),
            Word::Sleep(ms) => {
                let pause = Duration::from_millis(ms);
                if self.has(Fault::HookBlocksServer) {
                    std::thread::sleep(pause);
                } else {
                    tokio::time::sleep(pause).await;
                }
                Outcome::Allowed
            }
            Word::Quit(code) => Outcome::Failed(format!("SystemExit: {code}")),
            Word::Flood(bytes) => {
                self.flood(bytes).await;
                if self.has(Fault::FloodHangs) {
                    std::future::pending().await
                }
                if self.has(Fault::FloodStopsHooks) {
                    self.stuck.store(true, Ordering::Relaxed);
                }
                Outcome::Allowed
            }
            Word::Log { level, text } => {
                self.write_log(&level, &text);
                Outcome::Allowed
            }
        }
    }

    /// Lines of 1,024 bytes to both streams. A thread writes them: the reader may be slow.
    async fn flood(&self, bytes: usize) {
        let written = tokio::task::spawn_blocking(move || {
            for to in [Stream::Stdout, Stream::Stderr] {
                let flood = Flood {
                    to,
                    bytes,
                    line_length: 1024,
                };
                put_all(to, &flood.content())?;
            }
            std::io::Result::Ok(())
        });
        if let Ok(Err(error)) = written.await {
            self.stage.journal.note(Event::Trouble {
                message: error.to_string(),
            });
        }
    }

    fn write_log(&self, level: &str, text: &str) {
        if !self.log.lets_pass(level) || self.has(Fault::LogsLost) {
            return;
        }
        let line = match self.fault {
            Some(Fault::LogsWithoutLevel) => format!("{text}\n"),
            Some(Fault::LogLevelNumber) => {
                format!("{}\n", json!({ "@level": 20, "@message": text }))
            }
            _ => log::line(level, text),
        };
        let stream = if self.has(Fault::LogsOnStdout) {
            Stream::Stdout
        } else {
            Stream::Stderr
        };
        let _ = put_all(stream, line.as_bytes());
    }
}
