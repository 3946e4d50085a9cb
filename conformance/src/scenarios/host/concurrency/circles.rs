//! Circles: a hook that calls an API method that calls a hook of the same plugin, and so on.

use std::time::Duration;

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, ApiOrder, Script, Serve};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::super::stage::{Setting, Stage};
use super::super::traces::calls;
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Called;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// A hook in an API call in a hook in an API call in a hook, several times at once.
    "host/concurrency/circle" => circle: ["CC-011"], waits();
    /// The same with a plugin that gets one call at a time.
    "host/concurrency/circle-of-one" => circle_of_one: ["CC-012"], waits();
}

/// How many circles at the same time.
const CIRCLES: usize = 8;

async fn circle(case: &mut Case) -> ScenarioResult {
    // Ends a circle that does not close.
    let hook = case.scaled(Duration::from_secs(4));
    let setting = Setting::new()
        .bound("hook", hook)
        .in_api("KVGet", "ExecuteCommand")
        .in_api("KVList", "MessageHasBeenPosted");
    let stage = Stage::open_with(case, setting).await?;
    let asks = |method: &str| {
        let order = ApiOrder::new(method, json!({}));
        Answer::Api(order, Box::new(Answer::empty()))
    };
    let serve = Serve::good()
        .hook("MessageWillBePosted", asks("KVGet"))
        .hook("ExecuteCommand", asks("KVList"));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let hooks =
        join_all((0..CIRCLES).map(|_| stage.hook(&folder, "MessageWillBePosted", Value::Null)));
    let ends: Vec<_> = hooks
        .await
        .into_iter()
        .collect::<Result<_, Interruption>>()?;
    let entries = folder.entries()?;
    let inner = ["ExecuteCommand", "MessageHasBeenPosted"].map(|name| calls(&entries, name).len());
    let answered = entries.iter().filter(|entry| is_answered(entry)).count();
    let open: Vec<_> = ends
        .iter()
        .filter(|end| !matches!(end, Ok(Called::Answered { .. })))
        .collect();
    let seen = || {
        let judge = case.require("CC-011").seen("circles begun", CIRCLES);
        judge.and("hooks called by the API", inner.words())
    };
    seen().holds(
        open.is_empty(),
        "every outer hook is answered",
        open.words(),
        "circle-stands-still",
    );
    seen().same(
        "inner hooks that each plugin saw",
        [CIRCLES; 2],
        inner,
        "inner-hook-not-called",
    );
    seen().same(
        "answers of the API",
        2 * CIRCLES,
        answered,
        "api-not-answered",
    );
    stage.close().await
}

async fn circle_of_one(case: &mut Case) -> ScenarioResult {
    // Ends a hook that waits for itself.
    let hook = case.scaled(Duration::from_secs(4));
    let setting = Setting::new()
        .bound("hook", hook)
        .calls(1, CIRCLES)
        .in_api("KVGet", "ExecuteCommand");
    let stage = Stage::open_with(case, setting).await?;
    let order = ApiOrder::new("KVGet", json!({}));
    let asks = Answer::Api(order, Box::new(Answer::empty()));
    let serve = Serve::good().hook("MessageWillBePosted", asks);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let hooks = (0..2).map(|_| stage.hook(&folder, "MessageWillBePosted", Value::Null));
    let ends: Vec<_> = join_all(hooks)
        .await
        .into_iter()
        .collect::<Result<_, Interruption>>()?;
    let entries = folder.entries()?;
    let [outer, inner] =
        ["MessageWillBePosted", "ExecuteCommand"].map(|name| calls(&entries, name).len());
    let kept = ends
        .iter()
        .all(|end| matches!(end, Ok(Called::Answered { .. })));
    case.require("CC-012")
        .seen("hooks that call the API", outer)
        .holds(
            kept && inner == 2,
            "both hooks are answered, and those that their API calls lead to are called",
            format!("{}; called by the API: {inner}", ends.words()),
            "waits-for-itself",
        );
    stage.close().await
}

/// Whether this is an API call that was answered.
fn is_answered(entry: &Entry) -> bool {
    matches!(
        &entry.event,
        Seen::Api {
            response: Some(_),
            ..
        }
    )
}
