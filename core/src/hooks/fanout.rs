//! A hook that goes to many plugins: what the next one is asked, and when it is over. Pure.
//!
//! Plugins are asked one after another, in the order in which they are given (the environment's is that of their ids). What
//! one of them does, ends the rest only in a chain and only by saying no.
//!
//! Invariant: a plugin that failed takes its turn and nothing else.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use plugin_proto::pb::RequestContext;
use plugin_proto::{Method, Rpc};
use prost::{DecodeError, Message as _};

use crate::hooks::ruling::{Ruled, Ruling};
use crate::hooks::table::{FanOut, Row};
use crate::hooks::wire::{self, WireError};
use crate::ids::PluginId;

/// One plugin's part.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which plugin.
    pub plugin: PluginId,
    /// What came of its call.
    pub ruling: Ruling,
    /// How long it took.
    pub took: Duration,
}

/// What came of a hook that went to many plugins.
#[derive(Debug, Clone, PartialEq)]
pub struct FannedOut {
    /// The hook.
    pub hook: &'static Method,
    /// The request as it is to be taken now.
    pub request: Bytes,
    /// The plugins that were asked, in their order; one that does not have the hook is none of them.
    pub parts: Vec<Part>,
    /// Whether the last of them ended it.
    pub stopped: bool,
}

impl FannedOut {
    /// The plugin that ended the chain, and how.
    pub fn stopped_by(&self) -> Option<&Part> {
        self.parts.last().filter(|_| self.stopped)
    }

    /// Whether every plugin that was asked did what it was asked to do.
    pub fn is_success(&self) -> bool {
        self.parts.iter().all(|part| part.ruling.is_success())
    }

    /// The request as it is to be taken now, in the types of the hook.
    ///
    /// # Errors
    /// When the request that it began with is none of this hook.
    pub fn request_as<R: Rpc>(&self) -> Result<R::Request, DecodeError> {
        R::Request::decode(self.request.clone())
    }

    /// The answers in the types of the hook, with the plugins that gave them.
    pub fn answers<R: Rpc>(&self) -> impl Iterator<Item = (&PluginId, R::Response)> {
        self.parts.iter().filter_map(|part| {
            let answer = part.ruling.answer()?;
            // A ruling has an answer only if it decodes.
            Some((&part.plugin, R::Response::decode(answer.clone()).ok()?))
        })
    }
}

/// A fan-out under way.
#[derive(Debug)]
pub struct FanningOut {
    row: &'static Row,
    request: Bytes,
    parts: Vec<Part>,
    stopped: bool,
}

impl FanningOut {
    /// Begins with the caller's request.
    pub fn new(row: &'static Row, request: Bytes) -> Self {
        Self {
            row,
            request,
            parts: Vec::new(),
            stopped: false,
        }
    }

    /// The request as far as it has come, without being anybody's in particular.
    pub fn request(&self) -> &Bytes {
        &self.request
    }

    /// What the next plugin is sent: the request, with that plugin in its context.
    ///
    /// # Errors
    /// When the request does not decode.
    pub fn request_for(&self, plugin: &PluginId) -> Result<Bytes, WireError> {
        const CONTEXT: u32 = 1;
        let given = wire::message(&self.request, CONTEXT)?.unwrap_or_default();
        let context = RequestContext {
            plugin_id: plugin.to_string(),
            ..RequestContext::decode(given).map_err(|_| WireError)?
        };
        wire::with(&self.request, CONTEXT, &[context.encode_to_vec().into()])
    }

    /// Takes what came of a plugin's call.
    pub fn take(&mut self, plugin: PluginId, ruled: Ruled, took: Duration) -> ControlFlow<()> {
        let Ruled { request, ruling } = ruled;
        if ruling == Ruling::NotImplemented {
            return ControlFlow::Continue(());
        }
        let chain = self.row.fan_out == FanOut::ChainUntilRejected;
        if chain {
            self.request = request;
        }
        self.stopped = chain && ruling.stops();
        self.parts.push(Part {
            plugin,
            ruling,
            took,
        });
        if self.stopped {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// What came of it.
    pub fn end(self) -> FannedOut {
        FannedOut {
            hook: self.row.hook,
            request: self.request,
            parts: self.parts,
            stopped: self.stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hooks::outcome::Failure;
    use crate::hooks::table::row;
    use plugin_proto::find_hook;
    use plugin_proto::hook::MessageHasBeenPosted;
    use plugin_proto::pb::MessageHasBeenPostedRequest;

    fn id(text: &str) -> PluginId {
        PluginId::parse(text).unwrap()
    }

    fn failed(passes: bool) -> Ruling {
        let failure = Failure::inactive("x");
        Ruling::Failed { failure, passes }
    }

    /// Plays rulings, each of which would make its own number of the request; how many plugins were asked, and what is left.
    fn play(hook: &str, rulings: Vec<Ruling>) -> (usize, Bytes, FannedOut) {
        let row = row(find_hook(hook).unwrap()).unwrap();
        let mut fan_out = FanningOut::new(row, Bytes::from_static(b"0"));
        let mut asked = 0;
        for (index, ruling) in rulings.into_iter().enumerate() {
            asked += 1;
            let request = match ruling {
                Ruling::Changed(_) => Bytes::from(format!("{}", index + 1)),
                _ => fan_out.request().clone(),
            };
            let plugin = id(&format!("com.example.{index}"));
            let ruled = Ruled { request, ruling };
            if fan_out.take(plugin, ruled, Duration::ZERO).is_break() {
                break;
            }
        }
        let ended = fan_out.end();
        (asked, ended.request.clone(), ended)
    }

    fn changed() -> Ruling {
        Ruling::Changed(Bytes::new())
    }

    fn passed() -> Ruling {
        Ruling::Passed(Bytes::new())
    }

    #[test]
    fn a_chain_goes_on_with_what_each_made_of_it() {
        let (asked, request, ended) = play(
            "MessageWillBePosted",
            vec![
                changed(),
                passed(),
                failed(true),
                changed(),
                Ruling::NotImplemented,
            ],
        );
        assert_eq!((asked, &request[..]), (5, &b"4"[..]));
        assert_eq!(ended.parts.len(), 4);
        assert!(!ended.stopped && ended.stopped_by().is_none() && !ended.is_success());
    }

    #[test]
    fn the_first_no_ends_a_chain() {
        for no in [
            Ruling::Rejected("no".to_owned()),
            Ruling::Refused(Box::default()),
            failed(false),
        ] {
            let rulings = vec![changed(), no.clone(), changed()];
            let (asked, request, ended) = play("MessageWillBePosted", rulings);
            assert_eq!((asked, &request[..]), (2, &b"1"[..]));
            assert_eq!(ended.stopped_by().unwrap().ruling, no);
        }
    }

    #[test]
    fn nothing_ends_a_notification_and_nothing_changes_it() {
        let rulings = vec![
            failed(true),
            Ruling::Refused(Box::default()),
            changed(),
            passed(),
        ];
        let (asked, request, ended) = play("MessageHasBeenPosted", rulings);
        assert_eq!((asked, &request[..]), (4, &b"0"[..]));
        assert!(!ended.stopped && !ended.is_success());
    }

    #[test]
    fn each_plugin_is_named_in_the_context_and_the_rest_of_it_stays() {
        let request = MessageHasBeenPostedRequest {
            context: Some(RequestContext {
                plugin_id: "nobody".to_owned(),
                request_id: "r".to_owned(),
                user_id: "u".to_owned(),
                ..RequestContext::default()
            }),
            ..MessageHasBeenPostedRequest::default()
        };
        let row = row(MessageHasBeenPosted::METHOD).unwrap();
        let fan_out = FanningOut::new(row, request.encode_to_vec().into());
        for plugin in ["com.example.a", "com.example.b"] {
            let sent = fan_out.request_for(&id(plugin)).unwrap();
            let sent = MessageHasBeenPostedRequest::decode(sent).unwrap();
            let context = sent.context.unwrap();
            assert_eq!(context.plugin_id, plugin);
            assert_eq!(
                (context.request_id.as_str(), context.user_id.as_str()),
                ("r", "u")
            );
        }
        let bare = FanningOut::new(row, Bytes::new()).request_for(&id("com.example.a"));
        let bare = MessageHasBeenPostedRequest::decode(bare.unwrap()).unwrap();
        assert_eq!(bare.context.unwrap().plugin_id, "com.example.a");
    }
}
