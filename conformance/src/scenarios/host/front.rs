//! The HTTP front: what a client gets over a real connection, and what of its request reaches the plugin.

mod client;

pub mod course;

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::Entry;
use fake_interpreters::script::{HttpMessage, HttpStep, Script, Serve};
use futures_util::future::join_all;
use serde_json::Value;

use super::http::head_of;
use super::stage::{PATIENCE, Setting, Stage, good};
use super::traces::calls;
use crate::case::Case;
use crate::driver::protocol::Order;
use crate::driver::protocol::http::{FrontOpened, FrontOrder};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use client::{Client, Reply, in_words};

scenarios! {
    Host, Hooks;
    /// Answers that break off, seen by the client.
    "host/front/truncation" => truncation: ["HT-013"];
    /// Headers of one connection, headers that are none, and headers of the host alone.
    "host/front/headers" => headers: ["HT-011", "HT-012", "HT-020"];
    /// What a client gets where no plugin answers.
    "host/front/refusals" => refusals: ["HT-014"];
    /// Paths that a tidy host would change.
    "host/front/paths" => paths: ["HT-015"];
    /// Answers that have no body by their nature.
    "host/front/no-body" => no_body: ["HT-016"];
    /// Bodies of many sizes, there and back.
    "host/front/bodies" => bodies: ["HT-017"], deadline(60);
    /// Many requests at once.
    "host/front/crowd" => crowd: ["HT-022"];
}

/// What a plugin's own pages say; it is shown to nobody whose answer is an error of the host.
const WITHHELD: &str = "the plugin's own words";

/// How many clients come at once.
const CROWD: usize = 32;

fn serving(steps: impl IntoIterator<Item = HttpStep>) -> Script {
    Script::serving(Serve::good().http(steps))
}

fn answering(text: &str) -> HttpStep {
    HttpMessage::head(200).with(text).complete().step()
}

/// A host with a front, and its address.
struct Front<'a> {
    stage: Stage<'a>,
    address: String,
}

impl<'a> Front<'a> {
    async fn open(case: &'a Case) -> Result<Self, Interruption> {
        Self::open_with(case, Setting::new()).await
    }

    async fn open_with(case: &'a Case, setting: Setting) -> Result<Self, Interruption> {
        let stage = Stage::open_with(case, setting).await?;
        let opened: FrontOpened = stage.done(Order::Front(FrontOrder::default())).await?;
        let address = opened.address;
        Ok(Self { stage, address })
    }

    async fn connect(&self) -> Result<Client, Interruption> {
        Client::connect(&self.address, self.stage.case().scaled(PATIENCE)).await
    }

    async fn ask(
        &self,
        method: &str,
        target: &str,
        fields: &[&str],
    ) -> Result<Option<Reply>, Interruption> {
        let mut client = self.connect().await?;
        client.head(method, target, fields).await;
        Ok(client.reply(method).await)
    }

    async fn get(&self, folder: &PluginFolder) -> Result<Option<Reply>, Interruption> {
        self.ask("GET", &page(folder), &[]).await
    }

    /// How often a plugin was asked, as evidence.
    fn asked(&self, folder: &PluginFolder) -> Result<Option<usize>, Interruption> {
        Ok(Some(calls(&folder.entries()?, "ServeHTTP").len()).filter(|asked| *asked > 0))
    }
}

fn page(folder: &PluginFolder) -> String {
    format!("/plugins/{}/page", folder.id)
}

/// The latest head that a plugin got.
fn last_head(entries: &[Entry]) -> Option<Value> {
    calls(entries, "ServeHTTP")
        .last()
        .and_then(|entry| head_of(entry))
}

/// The values of a header in the head that a plugin got.
fn values(head: Option<&Value>, name: &str) -> Vec<String> {
    let headers = head.and_then(|head| head["headers"].as_array());
    let found = headers.into_iter().flatten().find(|header| {
        header["key"]
            .as_str()
            .is_some_and(|key| key.eq_ignore_ascii_case(name))
    });
    let values = found.and_then(|header| header["values"].as_array());
    let texts = values.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

async fn truncation(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let begun = || HttpMessage::head(200).with("begun").step();
    let piece = || HttpMessage::piece("more", 1).step();
    let table = [
        ("half-closed", vec![begun(), piece()]),
        ("exits", vec![begun(), HttpStep::Exit { code: 3 }]),
        ("cut", vec![begun(), HttpStep::Close {}]),
        ("second-init", vec![begun(), begun(), answering("end")]),
    ];
    for (name, steps) in table {
        let folder = front.stage.started(name, &serving(steps)).await?;
        let reply = front.get(&folder).await?;
        case.require("HT-013")
            .seen("requests", front.asked(&folder)?)
            .and(
                "the end of the connection",
                reply.as_ref().map(Reply::to_string),
            )
            .holds(
                reply.as_ref().is_some_and(|reply| !reply.whole),
                format!("{name}: an answer that the client sees to be broken off"),
                in_words(reply.as_ref()),
                "truncation-looks-whole",
            );
    }
    front.stage.close().await
}

async fn headers(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let hops = HttpMessage::head(200)
        .header("Connection", "X-Back")
        .header("X-Back", "1")
        .header("Keep-Alive", "timeout=5")
        .header("Upgrade", "h2c")
        .header("X-Kept", "kept")
        .with("page")
        .complete();
    let folder = front.stage.started("hops", &serving([hops.step()])).await?;
    let fields = [
        "Connection: close, X-Hop",
        "X-Hop: 1",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Mattermost-User-Id: somebody",
        "X-Kept: kept",
    ];
    let reply = front.ask("GET", &page(&folder), &fields).await?;
    let head = last_head(&folder.entries()?);
    let kept = values(head.as_ref(), "X-Kept");
    let seen = |id| {
        case.require(id)
            .seen("the header X-Kept", kept.first().cloned())
    };
    let passed: Vec<String> = ["Connection", "X-Hop", "Keep-Alive", "TE"]
        .into_iter()
        .filter(|name| !values(head.as_ref(), name).is_empty())
        .map(str::to_owned)
        .collect();
    seen("HT-011").absent(
        "header of the client's connection at the plugin",
        &passed,
        "hop-passed",
    );
    let back: Vec<String> = ["x-back", "keep-alive", "upgrade"]
        .into_iter()
        .filter(|name| {
            reply
                .as_ref()
                .is_some_and(|reply| reply.header(name).is_some())
        })
        .map(str::to_owned)
        .collect();
    let got = reply.as_ref().and_then(|reply| reply.header("x-kept"));
    seen("HT-011")
        .and("the plugin's header X-Kept", got.map(str::to_owned))
        .absent(
            "header of the plugin's connection at the client",
            &back,
            "hop-passed",
        );
    let claimed = values(head.as_ref(), "Mattermost-User-Id");
    seen("HT-020").absent(
        "user that the client claims to be",
        &claimed,
        "client-believed",
    );

    let lawless = [
        ("line-break", "X-Page", "1\r\nX-Injected: 1"),
        ("no-name", "X Page", "1"),
        ("nul", "X-Page", "1\0"),
    ];
    for (name, key, value) in lawless {
        let page = HttpMessage::head(200)
            .header(key, value)
            .with(WITHHELD)
            .complete();
        let folder = front.stage.started(name, &serving([page.step()])).await?;
        let reply = front.get(&folder).await?;
        let refused = reply.as_ref().is_some_and(|reply| {
            reply.status == 502
                && reply.header("x-injected").is_none()
                && !reply.text().contains(WITHHELD)
        });
        case.require("HT-012")
            .seen("requests", front.asked(&folder)?)
            .holds(
                refused,
                format!("{name}: the status 502 and nothing of the answer"),
                in_words(reply.as_ref()),
                "lawless-header-passed",
            );
    }
    front.stage.close().await
}

async fn refusals(case: &mut Case) -> ScenarioResult {
    let setting = Setting::new().bound("hook", case.scaled(Duration::from_millis(1500)));
    let front = Front::open_with(case, setting).await?;
    let bad = |status| HttpMessage::head(status).with(WITHHELD).complete().step();
    let table = [
        ("without", good(), 404),
        ("dies", serving([HttpStep::Exit { code: 3 }]), 502),
        ("silent", serving([]), 502),
        (
            "lawless",
            serving([HttpMessage::piece(WITHHELD, 1).complete().step()]),
            502,
        ),
        ("negative", serving([bad(-1)]), 500),
        ("interim", serving([bad(103)]), 500),
        ("too-high", serving([bad(1000)]), 500),
        ("late", serving([HttpStep::Hang {}]), 504),
    ];
    let mut rows = Vec::new();
    for (name, script, status) in &table {
        let folder = front.stage.started(name, script).await?;
        rows.push((*name, page(&folder), *status));
    }
    let stopped = front
        .stage
        .started("stopped", &serving([answering(WITHHELD)]))
        .await?;
    front.stage.deactivate(&stopped).await?;
    rows.push(("stopped", page(&stopped), 503));
    rows.push(("unknown", "/plugins/conf.nobody/page".to_owned(), 404));
    let control = front
        .stage
        .started("control", &serving([answering("page")]))
        .await?;
    let well = front.get(&control).await?;
    let control = well
        .filter(|reply| reply.status == 200)
        .map(|reply| reply.to_string());
    for (name, target, status) in rows {
        let reply = front.ask("GET", &target, &[]).await?;
        let told = reply.as_ref().is_some_and(|reply| {
            reply.status == status && reply.whole && !reply.text().contains(WITHHELD)
        });
        case.require("HT-014")
            .seen("a page of a plugin", control.clone())
            .holds(
                told,
                format!("{name}: the status {status} in the host's own words"),
                in_words(reply.as_ref()),
                "wrong-refusal",
            );
    }
    front.stage.close().await
}

async fn paths(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let folder = front
        .stage
        .started("paths", &serving([answering("page")]))
        .await?;
    let paths = [
        "/a//b/../c",
        "/a%2Fb/%2e%2e/",
        "//",
        "/%C3%BC?x=1&x=%20+&y",
        "/?",
        "/a;b=1",
    ];
    for path in paths {
        let target = format!("/plugins/{}{path}", folder.id);
        front.ask("GET", &target, &[]).await?;
        let head = last_head(&folder.entries()?);
        let field = |name: &str| {
            let value = head.as_ref().and_then(|head| head[name].as_str());
            value.unwrap_or("nothing").to_owned()
        };
        case.require("HT-015")
            .seen("requests", front.asked(&folder)?)
            .holds(
                field("url") == path && field("request_uri") == target,
                format!("{path}, asked for as {target}"),
                format!("{}, asked for as {}", field("url"), field("request_uri")),
                "path-changed",
            );
    }
    front.stage.close().await
}

async fn no_body(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let page_of = HttpMessage::head(status).with(WITHHELD).complete();
        let name = format!("{method}-{status}").to_lowercase();
        let folder = front
            .stage
            .started(&name, &serving([page_of.step()]))
            .await?;
        let reply = front.ask(method, &page(&folder), &[]).await?;
        let bare = reply
            .as_ref()
            .is_some_and(|reply| i32::from(reply.status) == status && reply.body.is_empty());
        case.require("HT-016")
            .seen("requests", front.asked(&folder)?)
            .holds(
                bare,
                format!("{method}, {status}: a head with nothing behind it"),
                in_words(reply.as_ref()),
                "body-behind-head",
            );
    }
    front.stage.close().await
}

async fn bodies(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let folder = front
        .stage
        .started("echo", &serving([HttpStep::Echo {}]))
        .await?;
    for size in [0, 1, 65_535, 65_536, 65_537, 4_194_304, 5_000_011] {
        let body: Vec<u8> = (0..size)
            .map(|at: usize| b"0123456789abcdef!"[at % 17])
            .collect();
        for chunked in [false, true] {
            let mut client = front.connect().await?;
            let field = match chunked {
                true => "Transfer-Encoding: chunked".to_owned(),
                false => format!("Content-Length: {size}"),
            };
            client.head("POST", &page(&folder), &[&field]).await;
            let sent = match chunked {
                true => in_chunks(&body),
                false => body.clone(),
            };
            let reply = client.exchange(&sent).await;
            let same = reply
                .as_ref()
                .is_some_and(|reply| reply.whole && reply.body == body);
            let how = if chunked {
                "in chunks"
            } else {
                "with a length"
            };
            case.require("HT-017")
                .seen("requests", front.asked(&folder)?)
                .holds(
                    same,
                    format!("{size} bytes, sent {how}, come back"),
                    in_words(reply.as_ref()),
                    "body-differs",
                );
        }
    }
    front.stage.close().await
}

/// A body in chunks of an odd size.
fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(body.len() + 64);
    for piece in body.chunks(77_777) {
        all.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        all.extend_from_slice(piece);
        all.extend_from_slice(b"\r\n");
    }
    all.extend_from_slice(b"0\r\n\r\n");
    all
}

async fn crowd(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let folder = front
        .stage
        .started("crowd", &serving([HttpStep::Echo {}]))
        .await?;
    let clients = (0..CROWD).map(|number| {
        let (front, target) = (&front, page(&folder));
        async move {
            let body = format!("{number} ").repeat(5_000 + number);
            let mut client = front.connect().await?;
            client
                .head(
                    "POST",
                    &target,
                    &[&format!("Content-Length: {}", body.len())],
                )
                .await;
            let reply = client.exchange(body.as_bytes()).await;
            let own = reply
                .as_ref()
                .is_some_and(|reply| reply.whole && reply.body == body.as_bytes());
            Ok::<_, Interruption>(
                (!own).then(|| format!("client {number}: {}", in_words(reply.as_ref()))),
            )
        }
    });
    let all: Result<Vec<_>, _> = join_all(clients).await.into_iter().collect();
    let wrong: Vec<String> = all?.into_iter().flatten().collect();
    case.require("HT-022")
        .seen(
            "requests",
            front.asked(&folder)?.filter(|asked| *asked == CROWD),
        )
        .absent("client without its own answer", &wrong, "answers-mixed");
    front.stage.close().await
}
