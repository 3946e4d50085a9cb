//! A host whose API goes away, or that ends the plugin, while calls are under way; and many calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use plugin_proto::hook::{MessageWillBePosted, OnDeactivate};
use plugin_proto::pb::OnDeactivateRequest;
use plugin_proto::{Rpc as _, find_hook};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

use super::{claimed, told_in};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::backend::Mishap;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Asking, Heard, Session};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Api;
    /// The API's server goes away during a call, and stays away.
    "plugin/api/outage/lost" => lost: ["AP-080", "AP-081"], deadline(40);
    /// The host ends the plugin while a call is under way.
    "plugin/api/outage/ending" => ending: ["AP-082"];
    /// 64 calls, answered when all of them have come.
    "plugin/api/outage/crowd" => crowd: ["AP-083"], deadline(40);
}

/// By when a call whose server is gone has come to an error: long before a hook would be given up.
const NOTICED: Duration = Duration::from_secs(5);
/// What go-plugin waits between `Shutdown` and SIGKILL.
const AFTER_SHUTDOWN: Duration = Duration::from_secs(2);
/// By when everything is under way that is to be.
const BEGUN: Duration = Duration::from_secs(5);

/// A call of `KVGet` that is never answered; the other value hears of its arrival.
fn unanswered(case: &mut Case, session: &Session) -> Result<(Asking, Arc<Notify>), Interruption> {
    let key = case.nonce();
    let arrived = Arc::new(Notify::new());
    let arriving = Arc::clone(&arrived);
    let never = move || {
        arriving.notify_one();
        std::future::pending()
    };
    session.raw.api.mishap(&key, Mishap::after(never));
    Ok((asking(case, session, &key)?, arrived))
}

/// An order to get a key.
fn asking(case: &mut Case, session: &Session, key: &str) -> Result<Asking, Interruption> {
    let hook = find_hook(MessageWillBePosted::METHOD.name)
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let word = Word::Api("KVGet", json!({ "key": key }));
    Ok(session.asking(case, hook, json!({}), &word))
}

/// What the plugin says came of its call.
fn told(heard: &Heard) -> Value {
    match heard.json() {
        Ok(answer) => told_in(answer["rejection_reason"].as_str().unwrap_or_default()),
        Err(status) => Value::String(status),
    }
}

async fn lost(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-080", &["KVGet"]) | !claimed(case, "AP-081", &["KVGet"]) {
        return Ok(());
    }
    let session = Session::start(case, Word::Allow, &[]).await?;
    let (call, arrived) = unanswered(case, &session)?;
    let (begun, noticed) = (case.scaled(BEGUN), case.scaled(NOTICED));
    let mut answers = Vec::new();
    {
        let mut hearing = std::pin::pin!(session.hear(call));
        let under_way = tokio::select! {
            begun = tokio::time::timeout(begun, arrived.notified()) => begun.is_ok(),
            _ = &mut hearing => false,
        };
        if under_way {
            session.raw.close_api().await;
            answers.push(tokio::time::timeout(noticed, hearing).await);
        }
    }
    let witness = (!answers.is_empty()).then_some("KVGet");
    if witness.is_some() {
        // And one to a server that is not there.
        let later = asking(case, &session, "later")?;
        answers.push(tokio::time::timeout(noticed, session.hear(later)).await);
    }
    for (answer, what) in answers
        .into_iter()
        .zip(["during the call", "before the call"])
    {
        let (told, reason) = match answer {
            Err(_) => (Value::Null, "waits-for-ever"),
            Ok(heard) => {
                let told = told(&heard?);
                let reason = match () {
                    () if told.get("ok").is_some() => "error-lost",
                    () => "process-ended",
                };
                (told, reason)
            }
        };
        case.require("AP-080")
            .seen("the call at the host", witness)
            .holds(
                told.get("error").is_some(),
                format!(
                    "server lost {what}: an error within {} s",
                    NOTICED.as_secs()
                ),
                format!("server lost {what}: {told}"),
                reason,
            );
    }
    goes_on_and_ends(case, session, witness).await
}

/// The plugin is healthy, answers a hook, and ends when it is asked to.
async fn goes_on_and_ends(
    case: &mut Case,
    session: Session,
    witness: Option<&str>,
) -> ScenarioResult {
    let health = session.services.health("plugin").await;
    let hook = find_hook(MessageWillBePosted::METHOD.name)
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let word = Word::Reject("later".to_owned());
    let later = session.order(case, hook, &word).await?;
    let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
    let goes_on = serving && later.json() == Ok(json!({ "rejection_reason": "later" }));
    let exit = end(&session).await;
    let reason = match (&exit, goes_on) {
        (None, _) => "still-there",
        (Some(_), true) => "wrong-exit",
        (Some(_), false) => "process-ended",
    };
    case.require("AP-081")
        .seen("the call at the host", witness)
        .holds(
            goes_on && exit.as_deref() == Some("exit status 0"),
            "SERVING, a later hook answered, and an end with status 0 when it is asked for",
            format!(
                "health: {}; {}; {}",
                health.words(),
                later.words(),
                exit.as_deref().unwrap_or("still there")
            ),
            reason,
        );
    session.end(case).await;
    Ok(())
}

/// Deactivates it and asks it to end, as a host does; how it ended, if it did in time.
async fn end(session: &Session) -> Option<String> {
    let deactivated = session
        .services
        .hook::<OnDeactivate>(OnDeactivateRequest::default());
    let asked = async {
        // Whether it took the last hook well is for others to judge, and a server may stop before it has answered the request.
        let _ = deactivated.await;
        let _ = session.services.shutdown().await;
        std::future::pending::<()>().await;
    };
    let exit = tokio::select! {
        exit = session.raw.exit_within(BEGUN + AFTER_SHUTDOWN) => exit,
        () = asked => None,
    };
    exit.map(|exit| exit.to_string())
}

async fn ending(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-082", &["KVGet"]) {
        return Ok(());
    }
    let session = Session::start(case, Word::Allow, &[]).await?;
    let (call, arrived) = unanswered(case, &session)?;
    let begun = case.scaled(BEGUN);
    let (under_way, exit) = {
        let mut hearing = std::pin::pin!(session.hear(call));
        let under_way = tokio::select! {
            begun = tokio::time::timeout(begun, arrived.notified()) => begun.is_ok(),
            _ = &mut hearing => false,
        };
        // Neither the answer to this nor the handler that makes the call is waited for.
        let shutting = async {
            let _ = tokio::join!(session.services.shutdown(), hearing);
            std::future::pending::<()>().await;
        };
        let exit = tokio::select! {
            exit = session.raw.exit_within(AFTER_SHUTDOWN) => exit,
            () = shutting => None,
        };
        (under_way, exit)
    };
    case.require("AP-082")
        .seen("the call at the host", under_way.then_some("KVGet"))
        .holds(
            exit.is_some(),
            "an end within 2 s",
            exit.map_or("still there".to_owned(), |exit| exit.to_string()),
            "waits-for-call",
        );
    session.end(case).await;
    Ok(())
}

const CROWD: usize = 64;

async fn crowd(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-083", &["KVGet"]) {
        return Ok(());
    }
    let session = Session::start(case, Word::Allow, &[]).await?;
    let gate = Arc::new(Gate {
        barrier: Barrier::new(CROWD),
        patience: case.scaled(BEGUN),
        under_way: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let mut calls = Vec::new();
    for number in 0..CROWD {
        let key = format!("crowd-{number}");
        let at_gate = Arc::clone(&gate);
        let passing = move || Arc::clone(&at_gate).pass();
        session.raw.api.mishap(&key, Mishap::after(passing));
        calls.push(asking(case, &session, &key)?);
    }
    let heard = join_all(calls.into_iter().map(|call| session.hear(call))).await;
    let mut answered = 0;
    for heard in heard {
        answered += usize::from(told(&heard?).get("ok").is_some());
    }
    let most = gate.most.load(Ordering::Relaxed);
    case.require("AP-083")
        .seen("calls at the host", some(most))
        .same(
            "calls under way at once, and calls answered",
            (CROWD, CROWD),
            (most, answered),
            "one-after-another",
        );
    session.end(case).await;
    Ok(())
}

/// Where calls wait for each other, but not for ever.
struct Gate {
    barrier: Barrier,
    patience: Duration,
    under_way: AtomicUsize,
    most: AtomicUsize,
    over: AtomicBool,
}

impl Gate {
    async fn pass(self: Arc<Self>) {
        let here = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(here, Ordering::Relaxed);
        if !self.over.load(Ordering::Relaxed) {
            let all = tokio::time::timeout(self.patience, self.barrier.wait());
            if all.await.is_err() {
                self.over.store(true, Ordering::Relaxed);
            }
        }
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
