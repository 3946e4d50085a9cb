//! A plugin that answers HTTP requests: requests by hand with an order in them, the answers, and what their handlers showed.

use std::time::Duration;

use bytes::Bytes;
use plugin_proto::pb::ServeHttpRequestInit;

use crate::case::Case;
use crate::plugin_run::evidence::{Digest, Evidence};
use crate::plugin_run::http::{Heard, Packing, head, messages, steps};
use crate::plugin_run::order::Word;
use crate::plugin_run::running::fresh;
use crate::plugin_run::seen::EVIDENCE;
use crate::plugin_run::session::Session;
use crate::scenario::Interruption;

/// A running plugin.
#[derive(Debug)]
pub struct Site {
    /// Its process and services.
    pub session: Session,
    patience: Duration,
}

/// A request that is about to be made.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The nonce of its order.
    pub nonce: String,
    /// Its head.
    pub head: ServeHttpRequestInit,
    /// Its body.
    pub pieces: Vec<Bytes>,
    /// What the messages of the body carry besides.
    pub packing: Packing,
}

/// What came of a request.
#[derive(Debug)]
pub struct Asked {
    /// The answer.
    pub heard: Heard,
    /// What its handler saw.
    pub evidence: Option<Evidence>,
    /// What its handler read to the end.
    pub body: Option<Digest>,
}

impl Asked {
    /// What shows that the handler ran.
    pub fn witness(&self) -> Option<String> {
        let evidence = self.evidence.as_ref()?;
        Some(format!("{} {}", evidence.hook, evidence.nonce))
    }
}

impl Site {
    /// Activates the plugin.
    pub async fn open(case: &mut Case) -> Result<Site, Interruption> {
        Site::with(case, &[]).await
    }

    /// The same with more variables.
    pub async fn with(case: &mut Case, variables: &[(&str, &str)]) -> Result<Site, Interruption> {
        Ok(Site {
            session: Session::start(case, Word::Allow, variables).await?,
            patience: case.scaled(EVIDENCE),
        })
    }

    /// A request with this order.
    pub fn asking(&self, case: &mut Case, method: &str, word: Word) -> Asking {
        let order = fresh(case, word);
        Asking {
            head: head(method, &order),
            nonce: order.nonce,
            pieces: Vec::new(),
            packing: Packing::Together,
        }
    }

    /// Makes a request, and waits for the evidence of it.
    pub async fn ask(&self, asking: Asking) -> Asked {
        let reads = reads(&asking.head);
        let messages = messages(asking.head, asking.pieces, asking.packing);
        let heard = self.session.services.http(messages).await;
        self.asked(heard, &asking.nonce, reads).await
    }

    /// Makes one with these steps and without a body.
    pub async fn get(&self, case: &mut Case, done: &[&str]) -> Asked {
        let word = steps(done.iter().copied());
        self.ask(self.asking(case, "GET", word)).await
    }

    /// An answer with the evidence that belongs to it; of the body, if its handler reads it.
    pub async fn asked(&self, heard: Heard, nonce: &str, reads: bool) -> Asked {
        // Evidence comes by another pipe; of a request that was refused there may be none.
        let patience = if heard.end.is_ok() {
            self.patience
        } else {
            self.patience / 10
        };
        let seen = &self.session.raw.seen;
        let evidence = seen.evidence_for(nonce, patience).await;
        let body = match &evidence {
            Some(_) if reads => seen.body_for(nonce, patience).await,
            _ => None,
        };
        Asked {
            heard,
            evidence,
            body,
        }
    }

    /// How many of the requests with these nonces have a handler that runs, once all have one or the time is over.
    pub async fn running(&self, nonces: &[String], within: Duration) -> usize {
        let seen = &self.session.raw.seen;
        let count = || {
            let evidence = seen.evidence();
            let ours = |seen: &&Evidence| nonces.contains(&seen.nonce);
            evidence.iter().filter(ours).count()
        };
        let all = |_: &_| (count() == nonces.len()).then_some(());
        seen.wait(within, all).await;
        count()
    }

    /// Ends it without ceremony.
    pub async fn close(self, case: &Case) {
        self.session.end(case).await;
    }
}

/// Whether this order has its handler read the whole body.
fn reads(head: &ServeHttpRequestInit) -> bool {
    let values = head.headers.iter().flat_map(|header| &header.values);
    let steps = |order: &String| order.contains("\"read\"") || order.contains("\"echo\"");
    values.take(1).any(steps)
}

/// Reads the body, and answers.
pub fn read_it() -> Word {
    steps(["read", "write 1 read"])
}

/// Bytes of which no two stretches are alike.
pub fn bytes(size: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(size).collect()
}

/// Cuts bytes into pieces of this size.
pub fn cut(bytes: &Bytes, size: usize) -> Vec<Bytes> {
    let starts = (0..bytes.len()).step_by(size);
    starts
        .map(|start| bytes.slice(start..bytes.len().min(start + size)))
        .collect()
}
