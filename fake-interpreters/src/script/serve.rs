//! The serve step: what each gRPC service of the fake answers.

use std::collections::BTreeMap;

use plugin_proto::{find_api, find_hook};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Answer, HttpStep, ScriptError, ServeHttp, SignalName, Stream, Tls};
use crate::fault::Fault;

/// What the gRPC server answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// What the hook `Implemented` answers. Default: the names in `hooks`; for a testee all hooks of a testee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implemented: Option<Implemented>,
    /// Answers by hook name; a name with `/` is a whole gRPC path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hooks: BTreeMap<String, Answer>,
    /// What `ServeHTTP` does with its stream; a plugin that says so here has the hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<ServeHttp>,
    /// What other hooks answer.
    pub other_hooks: OtherHooks,
    /// The gRPC health service.
    pub health: Health,
    /// go-plugin's GRPCController.
    pub controller: Controller,
    /// go-plugin's GRPCStdio.
    pub stdio: Stdio,
    /// One answer to every call of every service, in place of all the above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_call: Option<Answer>,
    /// Obeys the orders in hook messages and writes evidence to stderr, as a plugin under test.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub testee: bool,
    /// The one thing that this testee does wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Calls of the API that are made in a hook say in which: by its request id, as metadata `x-request-id`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub names_hooks: bool,
    /// Encrypts the connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Ends when the host has died. A testee does so anyway.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub watch_parent: bool,
}

/// What the hook `Implemented` answers: a list of names, or any other answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Implemented {
    /// These names, in this order, repeated ones too.
    Names(Vec<String>),
    /// Something else.
    Answer(Answer),
}

impl<'de> Deserialize<'de> for Implemented {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = if value.is_array() {
            serde_json::from_value(value).map(Self::Names)
        } else {
            serde_json::from_value(value).map(Self::Answer)
        };
        read.map_err(D::Error::custom)
    }
}

/// What hooks without an answer of their own get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherHooks {
    /// The status UNIMPLEMENTED.
    #[default]
    Unimplemented,
    /// An empty message.
    Empty,
}

/// The gRPC health service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// No such service.
    Unimplemented,
    /// Never an answer.
    Hang,
    /// `SERVING` and so on by service name; the name `*` stands for any other, without it they are NOT_FOUND.
    #[serde(untagged)]
    Services(BTreeMap<String, String>),
}

impl Default for Health {
    fn default() -> Self {
        Self::Services(
            ["plugin", ""]
                .into_iter()
                .map(|name| (name.to_owned(), "SERVING".to_owned()))
                .collect(),
        )
    }
}

/// go-plugin's GRPCController, by which a host asks a plugin to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// Answers, then ends with code 0.
    #[default]
    Exit,
    /// Answers and goes on.
    Ignore,
    /// No such service.
    Unimplemented,
    /// Never an answer.
    Hang,
    /// Answers, and ends with code 0 so many milliseconds later.
    ExitAfterMs(u64),
    /// Answers, then ends with this code.
    ExitCode(i32),
    /// Answers, then sends itself this signal.
    Raise(SignalName),
}

/// go-plugin's GRPCStdio, a stream of what the plugin wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdio {
    /// No such service.
    #[default]
    Unimplemented,
    /// A stream on which nothing comes.
    Quiet,
    /// These pieces; then the stream stays open.
    Stream(Vec<Piece>),
    /// These pieces; then the stream ends well.
    End(Vec<Piece>),
    /// These pieces, and no hook but Implemented is answered before they have been taken: how a Go plugin whose output
    /// nobody reads comes to stand still.
    MustBeRead(Vec<Piece>),
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Which stream it belongs to.
    pub channel: Stream,
    /// What was written.
    pub text: String,
}

impl Serve {
    /// Refuses names that no host can call and faults that nobody would play.
    pub(super) fn check(&self) -> Result<(), ScriptError> {
        for (name, answer) in &self.hooks {
            if !name.contains('/') && find_hook(name).is_none() {
                return Err(ScriptError::UnknownHook(name.clone()));
            }
            check_answer(answer)?;
        }
        if let Some(answer) = &self.every_call {
            check_answer(answer)?;
        }
        for step in self.http.iter().flat_map(|http| &http.steps) {
            if let HttpStep::Api(order) = step {
                check_method(&order.method)?;
            }
        }
        match self.fault {
            Some(fault) if !self.testee => Err(ScriptError::FaultWithoutTestee(fault.name())),
            Some(fault) if fault.is_of_steps() => Err(ScriptError::FaultOfSteps(fault.name())),
            _ => Ok(()),
        }
    }

    /// The names that `Implemented` answers when the script does not say.
    pub fn announced(&self) -> Vec<String> {
        if self.testee {
            crate::testee::hooks()
                .map(|hook| hook.name.to_owned())
                .chain(["ServeHTTP".to_owned()])
                .collect()
        } else {
            let named = self.hooks.keys().cloned();
            let http = self.http.as_ref().map(|_| "ServeHTTP".to_owned());
            named
                .chain(http)
                .filter(|name| !name.contains('/') && *name != "Implemented")
                .collect()
        }
    }
}

fn check_answer(answer: &Answer) -> Result<(), ScriptError> {
    match answer {
        Answer::Api(order, then) => {
            check_method(&order.method)?;
            check_answer(then)
        }
        Answer::After(_, then) => check_answer(then),
        _ => Ok(()),
    }
}

/// Refuses the names of methods that the API does not have.
pub(super) fn check_method(name: &str) -> Result<(), ScriptError> {
    match find_api(name) {
        Some(_) => Ok(()),
        None => Err(ScriptError::UnknownMethod(name.to_owned())),
    }
}
