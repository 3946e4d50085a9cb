//! What tests of HTTP requests share: steps of a plugin's answer, how a request ended, and what was counted of it.

use fake_interpreters::script::{HttpMessage, HttpStep};
use plugin_host::hooks::{Failure, HttpAnswer, Outcome};
use plugin_host::metrics::Kind;
use tokio::time::timeout;

use crate::world::{LONG, World};

/// The head of an answer.
pub(crate) fn head() -> HttpStep {
    HttpMessage::head(200).step()
}

/// A piece of its body.
pub(crate) fn piece() -> HttpStep {
    HttpMessage::piece("x", 1).step()
}

/// Its last piece.
pub(crate) fn last() -> HttpStep {
    HttpMessage::piece("y", 1).complete().step()
}

/// What came of the whole body: all of it, or what came before a failure.
pub(crate) async fn whole(answer: &mut HttpAnswer) -> Result<Vec<u8>, (Vec<u8>, Failure)> {
    let mut body = Vec::new();
    loop {
        match timeout(LONG, answer.body.next()).await.unwrap() {
            Ok(Some(piece)) => body.extend_from_slice(&piece.bytes),
            Ok(None) => return Ok(body),
            Err(failure) => return Err((body, failure)),
        }
    }
}

/// Why there is no whole body.
pub(crate) async fn broken(answer: &mut HttpAnswer) -> Failure {
    whole(answer).await.unwrap_err().1
}

pub(crate) fn answered(outcome: Outcome<HttpAnswer>) -> HttpAnswer {
    match outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("{other}"),
    }
}

pub(crate) fn failed(outcome: Outcome<HttpAnswer>) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other}"),
    }
}

/// Successes and failures that were counted.
pub(crate) fn counted(world: &World) -> (u64, u64) {
    let samples = world.environment.metrics().snapshot().samples;
    let of = |success| {
        let own = samples.iter().filter(move |sample| {
            (sample.kind, sample.name, sample.success) == (Kind::Hook, "ServeHTTP", success)
        });
        own.map(|sample| sample.histogram.count).sum()
    };
    (of(true), of(false))
}
