//! What bounds a stream of `ServeHTTP`: the length in its head, the end of its answer, the deadline.

use std::time::Duration;

use fake_interpreters::script::{HttpMessage, HttpStep};
use serde_json::json;

use super::{get, serving};
use crate::case::Case;
use crate::driver::protocol::http::{Http, HttpOrder, HttpText};
use crate::driver::protocol::{Order, Refusal};
use crate::scenario::{ScenarioResult, scenarios};
use crate::scenarios::host::stage::Stage;
use crate::scenarios::host::stopping::short;
use crate::scenarios::host::traces::calls;
use crate::subject::host::DriverError;

scenarios! {
    Host, Hooks;
    /// Bodies that do not have the length in their head.
    "host/http/lengths" => lengths: ["HT-023"];
    /// An answer that is there before the upload is.
    "host/http/stalled-upload" => stalled_upload: ["HT-009"];
    /// A plugin that says nothing.
    "host/http/late" => late: ["HT-024"], waits();
}

async fn lengths(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let head = |lengths: &[&str]| {
        let head = HttpMessage::head(200);
        lengths
            .iter()
            .fold(head, |head, length| head.header("Content-Length", length))
    };
    let table = [
        ("too-long", vec!["3"], false),
        ("too-short", vec!["5"], false),
        ("no-number", vec!["four"], false),
        ("negative", vec!["-4"], false),
        ("contradictory", vec!["4", "5"], false),
        ("as-announced", vec!["4"], true),
    ];
    for (name, announced, fits) in table {
        let folder = stage
            .started(
                name,
                &serving([head(&announced).with("page").complete().step()]),
            )
            .await?;
        let outcome = get(&stage, &folder).await?;
        let asked = calls(&folder.entries()?, "ServeHTTP").len();
        let taken = matches!(outcome, Http::Answered(_));
        let expected = match fits {
            true => format!("{name}: a whole answer"),
            false => format!("{name}: a failure that is named"),
        };
        case.require("HT-023")
            .seen("requests", (asked > 0).then_some(asked))
            .holds(
                taken == fits,
                expected,
                outcome.to_string(),
                "length-not-looked-at",
            );
    }
    stage.close().await
}

async fn stalled_upload(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs_order("http")?;
    let page = HttpMessage::head(200).with("enough").complete().step();
    // It reads on: its stream is over only when the request is.
    let steps = [page, HttpStep::Read {}];
    let folder = stage.started("early", &serving(steps)).await?;
    let order = HttpOrder {
        plugin: folder.id.clone(),
        head: json!({ "method": "POST", "url": "/upload", "content_length": 1_000_000 }),
        body: HttpText {
            text: "a beginning".to_owned(),
            times: 1,
            stalls: true,
        },
    };
    let outcome = stage.try_ask::<Http>(Order::Http(order)).await;
    let asked = calls(&folder.entries()?, "ServeHTTP").len();
    let whole = matches!(&outcome, Ok(Ok(Http::Answered(answered))) if answered.text.as_deref() == Some("enough"));
    case.require("HT-009")
        .seen("requests", (asked > 0).then_some(asked))
        .holds(
            whole,
            "the whole answer while the rest of the upload does not come",
            said(outcome),
            "waits-for-upload",
        );
    stage.close().await
}

/// What the host answered, or why there is no answer.
fn said(outcome: Result<Result<Http, Refusal>, DriverError>) -> String {
    match outcome {
        Ok(Ok(outcome)) => outcome.to_string(),
        Ok(Err(refusal)) => refusal.to_string(),
        Err(error) => error.to_string(),
    }
}

async fn late(case: &mut Case) -> ScenarioResult {
    let bound = case.scaled(Duration::from_secs(1));
    let stage = Stage::open_with(case, short().bound("hook", bound)).await?;
    stage.needs_order("http")?;
    let folder = stage.started("late", &serving([HttpStep::Hang {}])).await?;
    let head = json!({ "method": "GET", "url": "/page" });
    let order = HttpOrder {
        plugin: folder.id.clone(),
        head,
        body: HttpText::default(),
    };
    let outcome = stage.try_ask::<Http>(Order::Http(order)).await;
    let asked = calls(&folder.entries()?, "ServeHTTP").len();
    let ended = matches!(&outcome, Ok(Ok(Http::Failed { kind, .. })) if kind == "deadline");
    case.require("HT-024")
        .seen("requests", (asked > 0).then_some(asked))
        .holds(
            ended,
            format!("a failure, deadline, after {} ms", bound.as_millis()),
            said(outcome),
            "not-in-time",
        );
    stage.close().await
}
