//! API calls lead to hooks of real plugins, and chains of them that never end are stopped.

use std::sync::Arc;

use fake_interpreters::Script;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, ApiOrder, Serve};
use plugin_host::api::Backend as _;
use plugin_host::api::chain::TOO_DEEP;
use plugin_host::api::journal::CallOutcome;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_host::memory::{Making, Memory};
use plugin_host::policy::{CallLimit, HookPolicy};
use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::ExecuteCommandRequest;
use plugin_proto::{Call, Form, Methods, find_api, reflect};
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::metadata::MetadataMap;

use crate::world::{LONG, Setting, World};

/// Asks the server as some plugin would that does not run; no error.
pub(crate) async fn ask(memory: &Memory, method: &str, request: Value) -> Value {
    let answer = ask_for(memory, method, request).await;
    assert_eq!(answer.get("error"), None, "{method}");
    answer
}

/// The same with whatever comes.
pub(crate) async fn ask_for(memory: &Memory, method: &str, request: Value) -> Value {
    let mut methods = Methods::new();
    memory.register(
        &PluginId::parse("com.example.asking").unwrap(),
        &mut methods,
    );
    let row = find_api(method).unwrap();
    let call = Call {
        path: row.path.into(),
        metadata: MetadataMap::new(),
        message: reflect::from_json(row, Form::Request, &request).unwrap(),
    };
    let answer = methods.dispatch(call).await.unwrap();
    reflect::to_json(row, Form::Response, &answer).unwrap()
}

/// A server with a channel and a user, and a post for both.
async fn server() -> (Memory, Value) {
    let memory = Memory::of(Making {
        chain_limit: 2,
        ..Making::default()
    });
    let user = json!({"username": "alice", "email": "alice@example.com", "password": "password1"});
    let user = ask(&memory, "CreateUser", json!({ "user": user })).await;
    let channel = json!({"name": "place", "type": "CHANNEL_TYPE_OPEN"});
    let channel = ask(&memory, "CreateChannel", json!({ "channel": channel })).await;
    let post = json!({"user_id": user["user"]["id"], "channel_id": channel["channel"]["id"], "message": "m"});
    (memory, json!({ "post": post }))
}

fn world(memory: &Memory, serve: Serve) -> World {
    limited(memory, serve, None)
}

fn limited(memory: &Memory, serve: Serve, calls: Option<CallLimit>) -> World {
    let setting = Setting {
        backend: Some(Arc::new(memory.clone())),
        hooks: HookPolicy {
            calls,
            ..HookPolicy::default()
        },
        ..Setting::default()
    };
    World::new(&Script::serving(serve), setting)
}

#[tokio::test]
async fn a_post_is_shown_to_plugins_before_and_after() {
    let (memory, post) = server().await;
    let serve = Serve::good()
        .hook("MessageWillBePosted", Answer::empty())
        .hook("MessageHasBeenPosted", Answer::empty());
    let world = world(&memory, serve);
    world.activate().await.unwrap();
    ask(&memory, "CreatePost", post).await;
    timeout(LONG, memory.settled()).await.unwrap();
    let rpcs = world.rpcs();
    for hook in ["MessageWillBePosted", "MessageHasBeenPosted"] {
        assert_eq!(
            rpcs.iter().filter(|rpc| *rpc == hook).count(),
            1,
            "{rpcs:?}"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_posts_whenever_something_is_posted_is_stopped() {
    let (memory, post) = server().await;
    let order = ApiOrder::new("CreatePost", post.clone());
    let serve = Serve::good().hook(
        "MessageHasBeenPosted",
        Answer::Api(order, Box::new(Answer::empty())),
    );
    let world = world(&memory, serve);
    world.activate().await.unwrap();
    ask(&memory, "CreatePost", post).await;
    timeout(LONG, memory.settled()).await.unwrap();
    let calls = world.environment.journal().entries();
    let ends: Vec<_> = calls.iter().filter_map(|call| call.ended.clone()).collect();
    let refused =
        |end: &CallOutcome| matches!(end, CallOutcome::Refused { id, .. } if id == TOO_DEEP);
    assert_eq!(
        ends.iter().filter(|(end, _)| refused(end)).count(),
        1,
        "{ends:?}"
    );
    // The plugin does not say in which hook it calls, so it has five times the room.
    assert_eq!(
        ends.iter()
            .filter(|(end, _)| *end == CallOutcome::Answered)
            .count(),
        9
    );
}

#[tokio::test]
async fn a_hook_that_its_own_plugin_waits_for_needs_no_turn_and_one_behind_it_does() {
    let (memory, post) = server().await;
    let order = ApiOrder::new("CreatePost", post);
    let serve = Serve::good()
        .hook(
            "ExecuteCommand",
            Answer::Api(order, Box::new(Answer::empty().after(50))),
        )
        .hook("MessageWillBePosted", Answer::empty())
        .hook("MessageHasBeenPosted", Answer::empty());
    let one = CallLimit {
        concurrent: 1,
        queued: 1,
    };
    let world = limited(&memory, serve, Some(one));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let outer = hooks.call::<ExecuteCommand>(ExecuteCommandRequest::default());
    let outer = timeout(LONG, outer).await.unwrap();
    assert!(matches!(outer, Outcome::Answered(_)), "{outer}");
    timeout(LONG, memory.settled()).await.unwrap();
    let rpcs = world.rpcs();
    let at = |hook: &str| rpcs.iter().position(|rpc| rpc == hook).unwrap();
    assert!(at("ExecuteCommand") < at("MessageWillBePosted"), "{rpcs:?}");
    // It came when the command was answered: until then the only turn was taken.
    let entries = world.journal();
    let answered = |hook: &str| {
        let is = |entry: &&Entry| matches!(&entry.event, Seen::Answered { path, .. } if path.ends_with(hook));
        entries.iter().find(is).unwrap().t_ms
    };
    let behind = entries.iter().find(|entry| {
        matches!(entry.event, Seen::Rpc { .. }) && entry.method() == Some("MessageHasBeenPosted")
    });
    assert!(behind.unwrap().t_ms >= answered("/ExecuteCommand"));
}

#[tokio::test]
async fn a_plugin_that_says_in_which_hook_it_calls_is_stopped_at_the_limit() {
    let (memory, post) = server().await;
    let order = ApiOrder::new("CreatePost", post.clone());
    let serve = Serve::good().naming_hooks().hook(
        "MessageHasBeenPosted",
        Answer::Api(order, Box::new(Answer::empty())),
    );
    let world = world(&memory, serve);
    world.activate().await.unwrap();
    ask(&memory, "CreatePost", post).await;
    timeout(LONG, memory.settled()).await.unwrap();
    let calls = world.environment.journal().entries();
    let ends: Vec<_> = calls
        .iter()
        .map(|call| call.ended.as_ref().unwrap().0.word())
        .collect();
    // The first post was somebody else's; the chain has two hooks, and each has led to one more call.
    assert_eq!(ends, ["answered", "refused"]);
}
