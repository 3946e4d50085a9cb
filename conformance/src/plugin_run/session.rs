//! A plugin that was activated by hand: any hook by the JSON of its message, with an order in it, and what came of it.
//!
//! The calls go past our own host, so that nothing of a message is missing that a host keeps back, and nothing of an answer is
//! read for the scenario. Orders of hooks without a text are in the environment from the start: one word for all of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fake_interpreters::testee::{hooks, place};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plugin_proto::hook::{OnActivate, OnConfigurationChange};
use plugin_proto::method::Form;
use plugin_proto::{Method, pb, reflect};
use serde_json::{Value, json};
use tonic::Status;

use super::evidence::Evidence;
use super::launch;
use super::order::{self, Order, Word};
use super::raw::{Raw, Services};
use super::running::fresh;
use super::seen::{EVIDENCE, evidence_of};
use crate::case::Case;
use crate::case::words::Words as _;
use crate::scenario::Interruption;

/// Calls at the same time, where a scenario has many to make.
const AT_A_TIME: usize = 8;
/// The hooks of the life cycle: they are called by the session itself.
const LIFECYCLE: [&str; 3] = ["OnActivate", "OnDeactivate", "OnConfigurationChange"];

/// An activated plugin.
#[derive(Debug)]
pub struct Session {
    /// Its process.
    pub raw: Raw,
    /// Its services.
    pub services: Services,
    fixed: BTreeMap<&'static str, Order>,
    patience: Duration,
}

/// What came of a call.
#[derive(Debug)]
pub struct Heard {
    /// The hook.
    pub hook: &'static Method,
    /// The nonce of its order.
    pub nonce: String,
    /// The answer, undecoded.
    pub answer: Result<Bytes, Status>,
    /// The evidence, if it came.
    pub evidence: Option<Evidence>,
    /// How long the answer took.
    pub took: Duration,
}

impl Heard {
    /// The answer in its JSON form; what is no answer in words.
    pub fn json(&self) -> Result<Value, String> {
        match &self.answer {
            Ok(answer) => reflect::to_json(self.hook, Form::Response, answer)
                .map_err(|error| error.to_string()),
            Err(status) => Err(status.words()),
        }
    }

    /// The answer in a few words, with the hook's name.
    pub fn words(&self) -> String {
        let mut text = match self.json() {
            Ok(answer) => answer.to_string(),
            Err(status) => status,
        };
        if let Some((end, _)) = text.char_indices().nth(400) {
            text.truncate(end);
            text.push('…');
        }
        format!("{}: {text}", self.hook.name)
    }

    /// What shows that the handler ran.
    pub fn witness(&self) -> Option<String> {
        self.evidence
            .as_ref()
            .map(|evidence| format!("{} {}", evidence.hook, evidence.nonce))
    }
}

/// A call that is about to be made.
#[derive(Clone, Debug)]
pub struct Asking {
    hook: &'static Method,
    nonce: String,
    message: Value,
}

impl Session {
    /// Starts the plugin, has it change its configuration and activates it. `word` is for all hooks without a text.
    pub async fn start(
        case: &mut Case,
        word: Word,
        variables: &[(&str, &str)],
    ) -> Result<Session, Interruption> {
        let own = hooks().filter(|hook| !LIFECYCLE.contains(&hook.name));
        let fixed: BTreeMap<&'static str, Order> = own
            .filter(|hook| place::of(hook.name).is_none())
            .map(|hook| (hook.name, fresh(case, word.clone())))
            .collect();
        Session::with_orders(case, fixed, variables).await
    }

    /// The same with an order of its own for each hook without a text.
    pub async fn with_orders(
        case: &Case,
        fixed: BTreeMap<&'static str, Order>,
        variables: &[(&str, &str)],
    ) -> Result<Session, Interruption> {
        let session = Session::connected(case, fixed, variables).await?;
        let refused = |status: Status| Interruption::broken_off(format!("activation: {status}"));
        let configured = session
            .services
            .hook::<OnConfigurationChange>(pb::OnConfigurationChangeRequest::default());
        configured.await.map_err(refused)?;
        let activated = session
            .services
            .hook::<OnActivate>(pb::OnActivateRequest::default());
        match activated.await.map_err(refused)?.error {
            None => Ok(session),
            Some(error) => Err(Interruption::broken_off(format!(
                "activation: {}",
                error.message
            ))),
        }
    }

    /// The same, not activated.
    pub async fn connected(
        case: &Case,
        fixed: BTreeMap<&'static str, Order>,
        variables: &[(&str, &str)],
    ) -> Result<Session, Interruption> {
        let folder = case.plugin()?.place(case.folder())?;
        let orders: Vec<(&'static str, Order)> = fixed
            .iter()
            .map(|(hook, order)| (*hook, order.clone()))
            .collect();
        let raw = Raw::start(case, &folder, |command| {
            launch::set(command, order::VARIABLE, order::variable(&orders));
            for (name, value) in variables {
                launch::set(command, name, *value);
            }
        })
        .await?;
        let (_, services) = raw.up().await?;
        Ok(Session {
            fixed,
            ..Session::over(case, raw, services)
        })
    }

    /// A session with a plugin that somebody else has started and connected to, without orders in its environment.
    pub fn over(case: &Case, raw: Raw, services: Services) -> Session {
        Session {
            raw,
            services,
            fixed: BTreeMap::new(),
            patience: case.scaled(EVIDENCE),
        }
    }

    /// A call with an order in its message; the order of a hook without a text is the one that it has already.
    pub fn asking(
        &self,
        case: &mut Case,
        hook: &'static Method,
        message: Value,
        word: &Word,
    ) -> Asking {
        self.asking_with(case, hook, message, word, "")
    }

    /// The same with more text behind the order.
    pub fn asking_with(
        &self,
        case: &mut Case,
        hook: &'static Method,
        mut message: Value,
        word: &Word,
        tail: &str,
    ) -> Asking {
        let nonce = match place::of(hook.name) {
            Some(place) => {
                let order = fresh(case, word.clone());
                place::write(&mut message, place, &format!("{order}{tail}"));
                order.nonce
            }
            None => self.nonce_of(hook),
        };
        Asking {
            hook,
            nonce,
            message,
        }
    }

    /// The nonce of the order that a hook has from the start; empty if it has none.
    pub fn nonce_of(&self, hook: &Method) -> String {
        self.fixed
            .get(hook.name)
            .map(|order| order.nonce.clone())
            .unwrap_or_default()
    }

    /// Makes the call.
    pub async fn hear(&self, asking: Asking) -> Result<Heard, Interruption> {
        let wire = asking.wire()?;
        Ok(self.hear_bytes(asking.hook, &asking.nonce, wire).await)
    }

    /// Makes many calls, some of them at the same time; what came of them is in the order of the calls.
    pub async fn hear_all(&self, askings: Vec<Asking>) -> Result<Vec<Heard>, Interruption> {
        stream::iter(askings.into_iter().map(|asking| self.hear(asking)))
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    /// A call with these bytes.
    pub async fn hear_bytes(&self, hook: &'static Method, nonce: &str, message: Bytes) -> Heard {
        let is_of_this =
            |evidence: &Evidence| evidence.hook == hook.name && evidence.nonce == nonce;
        let before = self.raw.seen.evidence();
        let mut before = before.iter().filter(|seen| is_of_this(seen)).count();
        let begun = Instant::now();
        let answer = self.services.call(hook, message).await;
        let took = begun.elapsed();
        // A plugin that refuses a call may not have run anything, and then there is little to wait for.
        let patience = if answer.is_ok() {
            self.patience
        } else {
            self.patience / 10
        };
        let next = |what: &_| {
            let evidence = evidence_of(what).filter(is_of_this)?;
            if before > 0 {
                before -= 1;
                return None;
            }
            Some(evidence)
        };
        let evidence = self.raw.seen.wait(patience, next).await;
        Heard {
            hook,
            nonce: nonce.to_owned(),
            answer,
            evidence,
            took,
        }
    }

    /// An order without anything around it.
    pub async fn order(
        &self,
        case: &mut Case,
        hook: &'static Method,
        word: &Word,
    ) -> Result<Heard, Interruption> {
        let asking = self.asking(case, hook, json!({}), word);
        self.hear(asking).await
    }

    /// Ends it without ceremony. A scenario says something about whatever hook it called, be it that its answer cannot be judged; what
    /// is left is about hooks that the plugin does not claim, and not applicable. Of a plugin that claims all hooks it stays open.
    pub async fn end(self, case: &Case) {
        if case.subject().capabilities.hooks.is_some() {
            for id in case.unjudged() {
                case.not_applicable(id, "the hooks that this is about");
            }
        }
        self.raw.end().await;
    }
}

impl Asking {
    /// What is sent, but for what handlers are not given: the context of the request.
    pub fn sent(&self) -> Value {
        let mut message = self.message.clone();
        if let Some(fields) = message.as_object_mut() {
            fields.remove("context");
        }
        message
    }

    /// The nonce of its order.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The message on the wire.
    pub fn wire(&self) -> Result<Bytes, Interruption> {
        reflect::from_json(self.hook, Form::Request, &self.message)
            .map_err(|error| Interruption::Suite(error.to_string().into()))
    }
}

/// The hooks that the plugin under test claims and that are not of its life cycle.
pub fn claimed(case: &Case) -> Vec<&'static Method> {
    let claims = &case.subject().capabilities;
    hooks()
        .filter(|hook| !LIFECYCLE.contains(&hook.name) && claims.claims_hook(hook.name))
        .collect()
}
