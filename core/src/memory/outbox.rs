//! What actions tell plugins: written down under the lock, told after it, each in a task of its own, as the server does it. So two
//! events may overtake each other.

use std::collections::HashMap;
use std::sync::OnceLock;

use bytes::Bytes;
use plugin_proto::pb::{PluginContext, RequestContext};
use plugin_proto::{HOOKS, Method, Rpc, reflect};
use prost::Message;

use crate::memory::Tables;

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct Outbox(Vec<Telling>);

/// One hook that nobody waits for; its contexts are still missing.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) hook: &'static Method,
    pub(super) request: Bytes,
}

impl Tables {
    /// All plugins that have the hook are told, in the background.
    pub(super) fn tell<H: Rpc>(&mut self, request: H::Request) {
        self.outbox.0.push(Telling {
            hook: H::METHOD,
            request: request.encode_to_vec().into(),
        });
    }

    /// What is to be told now.
    pub(super) fn empty_outbox(&mut self) -> Vec<Telling> {
        std::mem::take(&mut self.outbox.0)
    }
}

/// The two contexts of a hook's request, where it has them.
#[derive(Clone, PartialEq, Message)]
struct Contexts {
    #[prost(message, optional, tag = "1")]
    context: Option<RequestContext>,
    #[prost(message, optional, tag = "2")]
    plugin_context: Option<PluginContext>,
}

/// The request of a hook with contexts that carry its request id and, as nobody is logged in, nothing else.
pub(super) fn in_context(hook: &Method, request_id: &str, request: &Bytes) -> Bytes {
    let (has_context, has_plugin_context) = contexts_of(hook);
    let contexts = Contexts {
        context: has_context.then(|| RequestContext {
            request_id: request_id.to_owned(),
            ..RequestContext::default()
        }),
        plugin_context: has_plugin_context.then(|| PluginContext {
            request_id: request_id.to_owned(),
            ..PluginContext::default()
        }),
    };
    let mut whole = contexts.encode_to_vec();
    // Messages that follow each other are one.
    whole.extend_from_slice(request);
    whole.into()
}

fn contexts_of(hook: &Method) -> (bool, bool) {
    static CONTEXTS: OnceLock<HashMap<&'static str, (bool, bool)>> = OnceLock::new();
    let contexts = CONTEXTS.get_or_init(|| {
        let of = |hook: &'static Method| {
            let request = reflect::pool().get_message_by_name(hook.request);
            let request = request.expect("the descriptor has the messages of each of its methods");
            let has = |number, name| {
                let field = request.get_field(number);
                field.is_some_and(|field| field.name() == name)
            };
            (hook.name, (has(1, "context"), has(2, "plugin_context")))
        };
        HOOKS.iter().map(of).collect()
    });
    contexts.get(hook.name).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::hook::{ConfigurationWillBeSaved, UserHasBeenCreated};
    use plugin_proto::pb::{
        ConfigJson, ConfigurationWillBeSavedRequest, User, UserHasBeenCreatedRequest,
    };

    #[test]
    fn a_request_gets_the_contexts_that_it_has_and_keeps_the_rest() {
        let request = UserHasBeenCreatedRequest {
            user: Some(User::default()),
            ..UserHasBeenCreatedRequest::default()
        };
        let bytes = request.encode_to_vec().into();
        let whole = in_context(UserHasBeenCreated::METHOD, "r", &bytes);
        let whole = UserHasBeenCreatedRequest::decode(whole).unwrap();
        assert_eq!(whole.user, request.user);
        assert_eq!(whole.context.unwrap().request_id, "r");
        assert_eq!(whole.plugin_context.unwrap().request_id, "r");

        let request = ConfigurationWillBeSavedRequest {
            context: None,
            new_config: Some(ConfigJson {
                config_json: "{}".into(),
            }),
        };
        let bytes = request.encode_to_vec().into();
        let whole = in_context(ConfigurationWillBeSaved::METHOD, "r", &bytes);
        let whole = ConfigurationWillBeSavedRequest::decode(whole).unwrap();
        assert_eq!(whole.new_config, request.new_config);
        assert_eq!(whole.context.unwrap().request_id, "r");
    }
}
