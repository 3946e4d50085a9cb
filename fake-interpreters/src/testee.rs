//! The plugin under test in Rust: it obeys the orders that it finds in hook messages and gives evidence of what it saw.
//!
//! It stands for a good SDK, or with a [`Fault`] for one that does exactly one thing wrong. What every hook goes through is
//! here; what a hook's message says is in `input`, and where its order stands in [`place`], the evidence line in `evidence`, how
//! an order reads in `order`, what it makes the handler do in `obey` and `told`, the faults of its calls of the API in `slip`, what is
//! refused in `refusal`, the answer of each hook in `reply`. Nothing is
//! written per hook but two tables: everything else goes by the shape of the answer. The one hook that streams is in [`http`].

pub mod http;
pub mod place;

mod deviation;
mod evidence;
mod input;
mod log;
mod obey;
mod order;
mod refusal;
mod reply;
mod slip;
mod status;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use plugin_proto::{Call, Method, Shape};
use serde_json::json;
use tokio::sync::Semaphore;
use tonic::Status;

use crate::apiclient::ApiClient;
use crate::fault::Fault;
use crate::play::put_all;
use crate::script::Stream;
use crate::stage::{Stage, lock};
use input::Input;
use order::Order;
use reply::Outcome;

/// The hooks of a testee that are one call with one answer: all but the one that streams.
pub fn hooks() -> impl Iterator<Item = &'static Method> {
    plugin_proto::HOOKS
        .iter()
        .filter(|hook| hook.name != "Implemented" && hook.shape != Shape::Stream)
}

/// Orders for hooks whose message has no text: JSON, hook name to order.
pub const ORDERS: &str = "CONFORMANCE_ORDERS";

/// Hooks that the plugin is to be without in this process: names with blanks between them.
pub const WITHOUT: &str = "CONFORMANCE_WITHOUT";

/// How long a handler may take, in seconds.
const HOOK_TIMEOUT: &str = "MATTERMOST_PLUGIN_HOOK_TIMEOUT";

/// Calls that run at the same time, with the fault that counts them.
const SLOTS: usize = 32;

/// What the file `conformance.json` of a testee says.
pub fn capabilities() -> String {
    let api: Vec<&str> = plugin_proto::API.iter().map(|method| method.name).collect();
    format!(
        "{:#}\n",
        json!({ "profiles": ["handshake", "lifecycle", "hooks", "api", "crash", "http", "stream", "tls"], "api": api })
    )
}

/// A running plugin under test.
#[derive(Debug)]
pub(crate) struct Testee {
    stage: Arc<Stage>,
    api: Arc<ApiClient>,
    fault: Option<Fault>,
    orders: BTreeMap<String, String>,
    without: BTreeSet<String>,
    timeout: Duration,
    log: log::Threshold,
    calls: AtomicU32,
    announced: AtomicU32,
    running: AtomicU32,
    activated: AtomicBool,
    failed: AtomicBool,
    /// No hook is answered any more.
    stuck: AtomicBool,
    /// A call was given up, and the fault that minds it is there.
    cancelled: AtomicBool,
    /// OnDeactivate has been called.
    ending: AtomicBool,
    /// Places for running calls, of which the fault that leaks them gives none back when a call is cancelled.
    slots: Semaphore,
    /// Held by the running call when calls wait for each other.
    turn: tokio::sync::Mutex<()>,
    /// The input of the latest call, for the fault that mixes calls up.
    latest: Mutex<Option<Input>>,
    /// The request of the latest API call, for the fault that mixes those up.
    latest_request: Mutex<serde_json::Value>,
    /// The HTTP requests that are open, for the fault that mixes their answers up.
    open: http::Open,
}

impl Testee {
    pub(crate) fn new(stage: Arc<Stage>, api: Arc<ApiClient>, fault: Option<Fault>) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let api = match fault {
            Some(Fault::ApiTargetIgnored) => {
                Arc::new(ApiClient::at(Some("127.0.0.1:9".to_owned())))
            }
            _ => api,
        };
        let timeout = variable(HOOK_TIMEOUT).filter(|_| fault != Some(Fault::HookTimeoutIgnored));
        Self {
            stage,
            api,
            fault,
            orders: variable(ORDERS)
                .and_then(|orders| serde_json::from_str(&orders).ok())
                .unwrap_or_default(),
            without: variable(WITHOUT)
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            timeout: timeout
                .and_then(|text| seconds(&text))
                .unwrap_or(Duration::from_secs(30)),
            log: log::Threshold::of(
                variable(log::LEVEL)
                    .filter(|_| fault != Some(Fault::LogLevelIgnored))
                    .as_deref(),
            ),
            calls: AtomicU32::new(0),
            announced: AtomicU32::new(0),
            running: AtomicU32::new(0),
            activated: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            slots: Semaphore::new(SLOTS),
            turn: tokio::sync::Mutex::new(()),
            latest: Mutex::default(),
            latest_request: Mutex::default(),
            open: http::Open::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What `Implemented` lists, given what it should list.
    pub(crate) fn announce(&self, mut names: Vec<String>) -> Vec<String> {
        let asked = self.announced.fetch_add(1, Ordering::Relaxed);
        if !self.has(Fault::AbsentListed) {
            names.retain(|name| !self.without.contains(name));
        }
        match self.fault {
            Some(Fault::ImplementedUnknownName) => names.push("NoSuchHook".to_owned()),
            Some(Fault::ImplementedDuplicate) => names.push("OnActivate".to_owned()),
            Some(Fault::ImplementedOmits) => names.retain(|name| name != "MessageWillBePosted"),
            Some(Fault::ImplementedChanges) if !names.is_empty() => {
                let last = names.len() - 1;
                names.remove(last - asked as usize % names.len());
            }
            Some(Fault::ImplementedSnakeCase) => {
                names = names.iter().map(|name| reply::snake_case(name)).collect()
            }
            _ => {}
        }
        names
    }

    /// True while the testee is to be reported as not serving.
    pub(crate) fn is_down(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
            || (self.has(Fault::HealthDownDuringHook) && self.running.load(Ordering::Relaxed) > 0)
            || (self.has(Fault::HealthDownAfterFailure) && self.failed.load(Ordering::Relaxed))
            || (self.has(Fault::HealthDownAfterDeactivate) && self.ending.load(Ordering::Relaxed))
    }

    /// Waits until no call runs any more, the one who asks not being counted.
    pub(crate) async fn quiet(&self) {
        while self.running.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// One hook call.
    pub(crate) async fn answer(
        &self,
        call: &Call,
        method: Option<&'static Method>,
    ) -> Result<Bytes, Status> {
        let Some(method) = method.filter(|method| self.serves(method)) else {
            return self.answer_unknown(call);
        };
        self.refuse(call, method)?;
        if self.stuck.load(Ordering::Relaxed) {
            return Err(Status::unavailable("no worker is free"));
        }
        if self.has(Fault::LargeMessageNotRun) && call.message.len() > 64 * 1024 {
            return Ok(Bytes::new());
        }
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 >= 10
            && self.has(Fault::DiesAfterTenCalls)
        {
            self.stage.exit(1, "fault");
        }
        let mut running = Running::new(self);
        let _turn = match self.fault {
            Some(Fault::HooksSerialised | Fault::HttpBlocksHooks) => Some(self.turn.lock().await),
            _ => None,
        };
        if self.has(Fault::CancelledKeepSlots) {
            // The permit comes back only if the call is answered.
            self.slots
                .acquire()
                .await
                .map_err(|_| Status::internal("the slots are closed"))?
                .forget();
        }
        let answer = match Input::read(method, &call.message) {
            Ok(input) => self.run(input).await,
            Err(_) if self.has(Fault::GarbageKills) => self.stage.exit(1, "fault"),
            Err(_) if self.has(Fault::GarbageTaken) => Ok(Bytes::new()),
            Err(_) if self.has(Fault::GarbageUnanswered) => std::future::pending().await,
            Err(status) if self.has(Fault::GarbageStopsHooks) => {
                self.stuck.store(true, Ordering::Relaxed);
                Err(status)
            }
            Err(status) => Err(status),
        };
        if self.has(Fault::CancelledKeepSlots) {
            self.slots.add_permits(1);
        }
        running.answered = true;
        match answer {
            Ok(answer) if self.has(Fault::LargeAnswerRefused) && answer.len() > 4 * 1024 * 1024 => {
                Err(Status::resource_exhausted("Sent message larger than max"))
            }
            answer => answer,
        }
    }

    fn serves(&self, method: &Method) -> bool {
        let dead = self.has(Fault::ImplementedListsDead) && method.name == "UserHasLoggedIn";
        let without = self.without.contains(method.name) && !self.has(Fault::AbsentRuns);
        !dead && !without && hooks().any(|hook| hook.name == method.name)
    }

    async fn run(&self, input: Input) -> Result<Bytes, Status> {
        let name = input.method.name;
        let input = self.seen(input).await;
        if name == "OnDeactivate" {
            self.ending.store(true, Ordering::Relaxed);
        }
        match (self.fault, name) {
            (Some(Fault::ActivateNotRun), "OnActivate")
            | (Some(Fault::DeactivateNotRun), "OnDeactivate")
            | (Some(Fault::ConfigurationNotRun), "OnConfigurationChange")
            | (Some(Fault::NotificationNotRun), "MessageHasBeenPosted")
            | (Some(Fault::ConnectNotRun), "OnWebSocketConnect") => {
                return Ok(Bytes::new());
            }
            (Some(Fault::DeactivateCrashes), "OnDeactivate") => self.stage.exit(1, "fault"),
            (Some(Fault::DeactivateHangs), "OnDeactivate") => std::future::pending().await,
            _ => {}
        }
        let times = if self.has(Fault::ActivateRunsTwice) && name == "OnActivate" {
            2
        } else {
            1
        };
        let mut outcome = Outcome::Allowed;
        for _ in 0..times {
            outcome = self.handle(&input).await;
        }
        if name == "OnActivate" {
            self.activated.store(true, Ordering::Relaxed);
        }
        if let Outcome::Failed(_) = outcome {
            self.failed.store(true, Ordering::Relaxed);
            self.after_failure(name);
        }
        reply::reply(&input, &outcome, self.fault)
    }

    /// The input as the handler sees it.
    async fn seen(&self, input: Input) -> Input {
        match self.fault {
            Some(Fault::CallsMixedUp) => {
                *lock(&self.latest) = Some(input.clone());
                tokio::time::sleep(Duration::from_millis(20)).await;
                let latest = lock(&self.latest).clone();
                latest
                    .filter(|latest| latest.method.name == input.method.name)
                    .unwrap_or(input)
            }
            _ => deviation::deviate(self.fault, input),
        }
    }

    /// What a plugin's own handler does: evidence, then the order, within the time that the host allows.
    async fn handle(&self, input: &Input) -> Outcome {
        let order = Order::find(&input.text, self.order_of(input.method.name));
        let mut nonce = order.nonce.clone();
        if self.has(Fault::NonceWrong) && !nonce.is_empty() {
            nonce.push('0');
        }
        let late = || {
            Outcome::Failed(format!(
                "hook {} timed out after {} s",
                input.method.name,
                self.timeout.as_secs_f64()
            ))
        };
        let handled = async {
            self.give_evidence(input, &nonce);
            let handling = Handling {
                hook: input.method.name,
                nonce: &nonce,
                request_id: &input.request_id,
            };
            match self.carry_out(handling, order.word).await {
                // A hook that can only succeed or fail gives the result away by failing.
                Outcome::Told(told) if !has_room(input.method) => match told.get("ok") {
                    Some(_) => Outcome::Allowed,
                    None => Outcome::Rejected(told.to_string()),
                },
                outcome => outcome,
            }
        };
        tokio::time::timeout(self.timeout, handled)
            .await
            .unwrap_or_else(|_| late())
    }

    /// The order that the environment has for a hook.
    fn order_of(&self, hook: &str) -> Option<&str> {
        self.orders.get(hook).map(String::as_str)
    }

    /// Carries out an order; if it is to sleep, it shows that nobody waits for it any more.
    async fn carry_out(&self, handling: Handling<'_>, word: order::Word) -> Outcome {
        let sleeps = matches!(word, order::Word::Sleep(_));
        let guard = sleeps.then(|| Sleeper {
            testee: self,
            hook: handling.hook,
            nonce: handling.nonce,
        });
        let obeyed = self.obey(word, handling.request_id).await;
        if !self.has(Fault::CancelAlwaysShown) {
            // It was not dropped in its sleep.
            std::mem::forget(guard);
        }
        obeyed
    }

    fn give_evidence(&self, input: &Input, nonce: &str) {
        if !self.has(Fault::EvidenceMissing) {
            let line = evidence::line(input.method.name, nonce, input.fields.clone());
            // Evidence that nobody reads is no reason to answer otherwise.
            let _ = put_all(Stream::Stderr, line.as_bytes());
        }
    }
}

/// Whether the hook's answer has a text that can hold what an order asked for.
fn has_room(method: &Method) -> bool {
    method.shape == Shape::Filter || method.name == "ExecuteCommand"
}

/// The call that a handler is answering.
#[derive(Clone, Copy)]
struct Handling<'a> {
    hook: &'static str,
    nonce: &'a str,
    request_id: &'a str,
}

/// Shows that a sleeping handler was given up: it is dropped then.
struct Sleeper<'a> {
    testee: &'a Testee,
    hook: &'a str,
    nonce: &'a str,
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        if !self.testee.has(Fault::CancelNotShown) {
            let line = evidence::cancelled(self.hook, self.nonce);
            // Evidence that nobody reads is no reason to do otherwise.
            let _ = put_all(Stream::Stderr, line.as_bytes());
        }
    }
}

/// Counts a running call for as long as it lives, and knows whether it was answered or given up.
struct Running<'a> {
    testee: &'a Testee,
    answered: bool,
}

impl<'a> Running<'a> {
    fn new(testee: &'a Testee) -> Self {
        testee.running.fetch_add(1, Ordering::Relaxed);
        Self {
            testee,
            answered: false,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.testee.running.fetch_sub(1, Ordering::Relaxed);
        if !self.answered && self.testee.has(Fault::CancelledTakeHealthDown) {
            self.testee.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim()
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
}
