//! HTTP requests to a plugin: what arrives, what comes back, and every way in which a stream can end before it is whole.

pub mod limits;

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Grandchild, HttpMessage, HttpStep, Script, Serve, SignalName};
use futures_util::StreamExt as _;
use plugin_proto::reflect;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::filled::{differences, filled};
use super::listing::once_over;
use super::refusal::family;
use super::stage::{Stage, good};
use super::stopping::{SLACK, short};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::http::{Http, HttpAnswered, HttpOrder, HttpText};
use crate::driver::protocol::{Called, Order};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// A request with every field filled, and bodies of all sizes.
    "host/http/request" => request: ["HT-001", "HT-002"];
    /// An answer with many headers, a long body and the status 0.
    "host/http/answer" => answer: ["HT-003"];
    /// Streams that end too early or break the rules.
    "host/http/violations" => violations: ["HT-004", "HT-005", "HT-010"];
    /// A process that ends in the middle of its answer.
    "host/http/death" => death: ["HT-006"];
    /// A plugin that has no ServeHTTP.
    "host/http/not-implemented" => not_implemented: ["HT-007"];
    /// Each trouble in a stream.
    "host/http/crash-matrix" => crash_matrix: ["HT-008"], waits(), deadline(60);
}

/// The largest piece of a request.
const PIECE: usize = 64 * 1024;

/// The hook that every plugin here answers well.
const CONTROL: &str = "RunDataRetention";

const HEAD: &str = "mattermost.pluginapi.v1.ServeHTTPRequestInit";

pub(super) fn serving(steps: impl IntoIterator<Item = HttpStep>) -> Script {
    Script::serving(Serve::good().http(steps))
}

async fn ask(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    head: Value,
    body: HttpText,
) -> Result<Http, Interruption> {
    let plugin = folder.id.clone();
    let order = HttpOrder { plugin, head, body };
    stage.done(Order::Http(order)).await
}

pub(super) async fn get(stage: &Stage<'_>, folder: &PluginFolder) -> Result<Http, Interruption> {
    let head = json!({ "method": "GET", "url": "/page" });
    ask(stage, folder, head, HttpText::default()).await
}

/// A 200 with one piece of a body that goes on.
fn begun() -> [HttpStep; 2] {
    [
        HttpMessage::head(200).step(),
        HttpMessage::piece("begun", 1).step(),
    ]
}

fn then(steps: impl IntoIterator<Item = HttpStep>) -> Vec<HttpStep> {
    begun().into_iter().chain(steps).collect()
}

fn last() -> HttpStep {
    HttpMessage::piece("last", 1).complete().step()
}

/// The requests that were read to their end, as `messages, inits, bytes, largest, sha256, complete`.
fn requests(entries: &[Entry]) -> Vec<(usize, usize, usize, usize, String, bool)> {
    let read = entries.iter().filter_map(|entry| match &entry.event {
        Seen::HttpRequest {
            messages,
            inits,
            bytes,
            largest,
            sha256,
            complete,
        } => Some((
            *messages,
            *inits,
            *bytes,
            *largest,
            sha256.clone(),
            *complete,
        )),
        _ => None,
    });
    read.collect()
}

fn digest(bytes: &[u8]) -> String {
    fake_interpreters::hex::encode(Sha256::digest(bytes).as_slice())
}

async fn request(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let steps = [HttpStep::Read {}, HttpMessage::head(204).complete().step()];
    let folder = stage.started("plugin", &serving(steps)).await?;
    let mut head = filled(HEAD);
    // A name that is a text like any other is none, and a host may refuse it.
    for (at, header) in head["headers"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .enumerate()
    {
        header["key"] = json!(format!("X-Filled-{at}"));
    }
    let bodies = [0, 1, PIECE - 1, PIECE, PIECE + 1, 1_000_003];
    for (at, times) in bodies.into_iter().enumerate() {
        let body = HttpText {
            text: "b".to_owned(),
            times,
            stalls: false,
        };
        let bytes = body.bytes();
        let outcome = ask(&stage, &folder, head.clone(), body).await?;
        let entries = folder.entries()?;
        let control = matches!(outcome, Http::Answered(_)).then(|| outcome.words());
        let seen = |id| {
            case.require(id)
                .seen("an answered request", control.clone())
        };

        let arrived = calls(&entries, "ServeHTTP");
        let got = arrived.last().and_then(|entry| head_of(entry));
        let lost = got.map_or_else(
            || vec!["all of it".to_owned()],
            |got| differences(&head, &got),
        );
        // What came with a body is told by its digest alone.
        if times == 0 {
            seen("HT-001").absent("difference in the head", &lost, "field-lost");
        }
        let Some((messages, inits, size, largest, sha256, complete)) =
            requests(&entries).into_iter().nth(at)
        else {
            seen("HT-002").holds(false, "a request that ends", "none", "body-differs");
            break;
        };
        let as_sent = sha256 == digest(&bytes) && complete && inits == 1;
        seen("HT-002").holds(
            as_sent,
            format!("{} bytes as they were sent, one init, complete", bytes.len()),
            format!(
                "{size} bytes with the digest {sha256}, messages with an init: {inits}, complete: {}",
                complete.words()
            ),
            "body-differs",
        );
        seen("HT-002").holds(
            largest <= PIECE,
            format!("pieces of at most {PIECE} bytes"),
            largest.to_string(),
            "piece-too-large",
        );
        if times == 0 {
            seen("HT-002").same(
                "messages of an empty body",
                1,
                messages,
                "empty-body-in-pieces",
            );
        }
    }
    stage.close().await
}

/// The head in the first message of a request, if the journal has kept it.
pub(super) fn head_of(entry: &Entry) -> Option<Value> {
    let request = entry.request()?;
    let wire = reflect::message_from_json(HEAD, &request["init"]).ok()?;
    reflect::message_to_json(HEAD, &wire).ok()
}

async fn answer(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let long = "0123456789abcdef";
    let table = [
        (0, 200, 0),
        (200, 200, 1),
        (404, 404, 4096),
        (999, 999, 50_000),
    ];
    for (sent, status, times) in table {
        let head = HttpMessage::head(sent)
            .header("Content-Type", "text/plain")
            .header("Set-Cookie", "a=1")
            .header("Set-Cookie", "b=2")
            .with("head");
        let steps = [
            head.step(),
            HttpMessage::piece(long, times).step(),
            HttpMessage::default().complete().step(),
        ];
        let name = format!("plugin{status}-{times}");
        let folder = stage.started(&name, &serving(steps)).await?;
        let outcome = get(&stage, &folder).await?;
        let asked = calls(&folder.entries()?, "ServeHTTP").len();
        let seen = || {
            case.require("HT-003")
                .seen("requests", (asked > 0).then_some(asked))
        };
        let Http::Answered(answered) = outcome else {
            seen().holds(false, "an answer", outcome.words(), "no-answer");
            continue;
        };
        let headers = [
            ("Content-Type", vec!["text/plain"]),
            ("Set-Cookie", vec!["a=1", "b=2"]),
        ];
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let headers: Vec<(String, Vec<String>)> = headers
            .iter()
            .map(|(name, values)| ((*name).to_owned(), owned(values)))
            .collect();
        seen().same("the status", status, answered.status, "head-differs");
        seen().same("the headers", headers, answered.headers, "head-differs");
        let body = format!("head{}", long.repeat(times));
        let got = (answered.bytes, answered.sha256);
        let sent = (body.len(), digest(body.as_bytes()));
        seen().same("length and digest of the body", sent, got, "body-differs");
    }
    stage.close().await
}

async fn violations(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let piece = || HttpMessage::piece("more", 1).step();
    let status = |number| vec![HttpMessage::head(number).step(), last()];
    type Row = (&'static str, &'static str, Vec<HttpStep>);
    let table: Vec<Row> = vec![
        ("HT-004", "half-closed", then([])),
        ("HT-004", "never-began", vec![]),
        ("HT-005", "no-init", vec![piece(), last()]),
        (
            "HT-005",
            "second-init",
            then([HttpMessage::head(200).step(), last()]),
        ),
        ("HT-005", "data-after", then([last(), piece()])),
        ("HT-005", "completed-twice", then([last(), last()])),
        ("HT-005", "status-negative", status(-1)),
        ("HT-005", "status-42", status(42)),
        ("HT-005", "status-1000", status(1000)),
        ("HT-010", "interim-100", status(100)),
        ("HT-010", "interim-199", status(199)),
    ];
    for (id, name, steps) in table {
        let folder = stage.started(name, &serving(steps)).await?;
        let outcome = get(&stage, &folder).await?;
        let next = stage.hook(&folder, CONTROL, Value::Null).await?;
        let asked = calls(&folder.entries()?, "ServeHTTP").len();
        let seen = || {
            case.require(id)
                .seen("requests", (asked > 0).then_some(asked))
        };
        let reason = match id {
            "HT-004" => "truncation-accepted",
            "HT-010" => "interim-accepted",
            _ => "violation-accepted",
        };
        let named = matches!(&outcome, Http::Failed { message, .. } if !message.is_empty());
        let said = outcome.words();
        seen().holds(
            named,
            format!("{name} is a failure that is named"),
            said,
            reason,
        );
        seen().holds(
            matches!(next, Ok(Called::Answered { .. })),
            "the next hook is answered",
            next.words(),
            "plugin-ended",
        );
    }
    stage.close().await
}

async fn death(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let signal = SignalName::Kill;
    let ends = [
        ("exits", HttpStep::Exit { code: 3 }),
        ("killed", HttpStep::Raise { signal }),
    ];
    for (name, end) in ends {
        let folder = stage.started(name, &serving(then([end]))).await?;
        let began = Instant::now();
        let outcome = get(&stage, &folder).await?;
        let took = began.elapsed();
        let asked = calls(&folder.entries()?, "ServeHTTP").len();
        let seen = || {
            case.require("HT-006")
                .seen("requests", (asked > 0).then_some(asked))
        };
        let named = matches!(&outcome, Http::Failed { kind, .. } if kind == "unavailable");
        let said = outcome.words();
        seen().holds(named, "a failure: unavailable", said, "truncation-accepted");
        seen().within(case.scaled(SLACK), took, "not-at-once");
    }
    stage.close().await
}

async fn not_implemented(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("without", &good()).await?;
    let outcome = get(&stage, &folder).await?;
    let next = stage.hook(&folder, CONTROL, Value::Null).await?;
    let entries = folder.entries()?;
    let control = matches!(next, Ok(Called::Answered { .. })).then_some("an answered hook");
    let seen = || case.require("HT-007").seen("control", control);
    seen().same(
        "the outcome",
        Http::NotImplemented {},
        outcome,
        "wrong-outcome",
    );
    seen().absent("request", &calls(&entries, "ServeHTTP"), "was-called");
    stage.close().await
}

/// What goes wrong in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Exit,
    Killed,
    Hang,
    Sigstop,
    LostConnection,
}

use Trouble::{Exit, Hang, Killed, LostConnection, Sigstop};

const ROWS: [(Trouble, &str, &str); 5] = [
    (Exit, "exit", "unavailable"),
    (Killed, "killed", "unavailable"),
    (Hang, "hang", "deadline"),
    (Sigstop, "sigstop", "deadline"),
    (LostConnection, "lost-connection", "unavailable"),
];

async fn crash_matrix(case: &mut Case) -> ScenarioResult {
    let setting = short().bound("hook", Duration::from_secs(2));
    let stage = Stage::open_with(case, setting).await?;
    let rows: Vec<_> = ROWS.iter().map(|row| play(&stage, *row)).collect();
    let rows = futures_util::stream::iter(rows).buffer_unordered(ROWS.len());
    let played: Vec<ScenarioResult> = rows.collect().await;
    played.into_iter().collect::<ScenarioResult>()?;
    stage.close().await
}

async fn play(
    stage: &Stage<'_>,
    (trouble, word, expected): (Trouble, &str, &str),
) -> ScenarioResult {
    let name = format!("stream-{word}");
    let signal_name = SignalName::Kill;
    let hurt = match trouble {
        Exit => HttpStep::Exit { code: 3 },
        Killed => HttpStep::Raise {
            signal: signal_name,
        },
        Hang => HttpStep::Hang {},
        Sigstop => HttpStep::Raise {
            signal: SignalName::Stop,
        },
        LostConnection => HttpStep::Close {},
    };
    let script = Script::new()
        .grandchild(Grandchild::default())
        .then(&serving(then([hurt])))
        .next_start()
        .then(&serving([HttpMessage::head(200)
            .with("well")
            .complete()
            .step()]));
    let folder = stage.started(&name, &script).await?;
    let outcome = get(stage, &folder).await?;
    let before = family(&folder.entries()?);
    if matches!(trouble, Exit | Killed) {
        stage.wait_exit(&folder).await?;
        // What has ended is started again as it is, whatever the host has made of its end.
        once_over(stage, &folder).await?;
    } else {
        stage.deactivate(&folder).await?;
    }
    stage
        .until(SLACK, || !before.iter().any(|pid| alive(*pid)))
        .await;
    let left: Vec<u32> = before.iter().copied().filter(|pid| alive(*pid)).collect();
    let again = stage.activate(&folder).await?;
    let next = match &again {
        Ok(_) => Some(get(stage, &folder).await?),
        Err(_) => None,
    };
    let processes = pids(&folder.entries()?);

    let seen = || {
        stage
            .case()
            .require("HT-008")
            .seen(&name, processes.clone())
    };
    let clear = matches!(&outcome, Http::Failed { kind, message, before: Some(_) } if kind == expected && !message.is_empty());
    seen().holds(
        clear,
        format!("{name}: {expected}, after the head"),
        outcome.words(),
        "wrong-outcome",
    );
    seen().absent(&format!("process left by {name}"), &left, "process-left");
    let whole = matches!(&next, Some(Http::Answered(HttpAnswered { text: Some(text), .. })) if text == "well");
    seen().holds(
        whole && processes.len() == 2,
        format!("{name}: a second process that answers"),
        format!("{}, {}, {}", again.words(), next.words(), processes.words()),
        "next-start-failed",
    );
    stage.deactivate(&folder).await?;
    Ok(())
}
