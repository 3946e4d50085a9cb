//! AutoMTLS: plugins with every kind of certificate and of connection behind it, and the broker that nobody needs.
//!
//! Whether a host uses AutoMTLS is an administrator's decision: one that does not ask a plugin for it when it is told to is not judged here.

pub mod table;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{
    Answer, Certificate, Client, HttpMessage, HttpStep, Script, Serve, Served, Tls,
};
use futures_util::future::join_all;
use plugin_host::process::environment::CLIENT_CERT;
use serde_json::Value;

use super::failed_start::{connects_soon, judge_no_connection};
use super::http::get;
use super::stage::{Setting, Stage, good};
use super::traces::{called, calls, environment_of};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Called, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use table::Row;

scenarios! {
    Host, Handshake;
    /// The certificate that the host tells its plugins.
    "host/tls/client-certificate" => client_certificate: ["HS-200"];
    /// Everything that is said to a plugin is encrypted.
    "host/tls/connections" => connections: ["HS-201"];
    /// Certificates of every kind that is good.
    "host/tls/good-certificates" => good_certificates: ["HS-202"];
    /// Another certificate than the announced one.
    "host/tls/other-certificate" => other_certificate: ["HS-203"];
    /// The announced certificate without its key.
    "host/tls/signature" => signature: ["HS-204"];
    /// A certificate out of its time.
    "host/tls/time" => time: ["HS-205"];
    /// A certificate for another name.
    "host/tls/name" => name: ["HS-206"];
    /// A certificate for clients.
    "host/tls/usage" => usage: ["HS-207"];
    /// No protocol is agreed upon.
    "host/tls/protocol" => protocol: ["HS-208"];
    /// Plain text behind a certificate.
    "host/tls/plain-text" => plain_text: ["HS-209"];
    /// No certificate at all.
    "host/tls/no-certificate" => no_certificate: ["HS-210"];
    /// A certificate that is none.
    "host/tls/bad-certificate" => bad_certificate: ["HS-211"];
    /// Each refusal says what it is about.
    "host/tls/refusals" => refusals: ["HS-212"];
    /// A plugin that takes connections and says nothing.
    "host/tls/mute" => mute: ["HS-213"], waits();
    /// A plugin without a broker, and one whose broker nobody asks.
    "host/broker" => broker: ["HS-220"];
}

const NOT_ASKED: &str = "the host was told to use AutoMTLS and did not ask the plugin for it";

fn asks() -> Setting {
    Setting::new().auto_mtls()
}

/// The certificate that the host told the latest start of a plugin.
fn told(folder: &PluginFolder) -> Result<Option<String>, Interruption> {
    let entries = folder.entries()?;
    let environment = environment_of(&entries);
    Ok(environment.and_then(|environment| environment.get(CLIENT_CERT).cloned()))
}

/// A plugin that is as the host must have it, whatever else is wrong with the host: it does not ask for the host's certificate, and its own
/// is what any verifier takes.
fn easy() -> Script {
    let tls = Tls {
        certificate: Certificate::P256,
        client: Client::NotAsked,
        ..Tls::default()
    };
    Script::serving_secured(Serve::good(), tls)
}

async fn client_certificate(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, asks()).await?;
    let mut certificates: Vec<String> = Vec::new();
    for name in ["first", "second"] {
        let folder = stage.place(name, &easy())?;
        let started = stage.activate(&folder).await?;
        let Some(pem) = told(&folder)? else {
            return Err(Interruption::broken_off(NOT_ASKED));
        };
        let judge = case
            .require("HS-200")
            .seen("start", started.words())
            .and("certificate", pem.clone());
        match der_of(&pem) {
            None => {
                let expected = "PEM with line breaks, of one certificate";
                judge.holds(false, expected, &pem, "not-pem");
            }
            Some(der) => {
                let missing = table::of_the_host()
                    .into_iter()
                    .filter(|(_, bytes)| !der.windows(bytes.len()).any(|part| part == *bytes));
                let missing: Vec<&str> = missing.map(|(what, _)| what).collect();
                judge.absent("parts that are missing", &missing, "wrong-certificate");
            }
        }
        certificates.push(pem);
    }
    let judge = case
        .require("HS-200")
        .seen("two starts", certificates.len());
    judge.holds(
        certificates[0] != certificates[1],
        "two certificates",
        "the same one twice",
        "certificate-reused",
    );
    stage.close().await
}

/// The bytes of the one certificate in a text, if that is what it is.
fn der_of(pem: &str) -> Option<Vec<u8>> {
    let body = pem
        .trim_end()
        .strip_prefix("-----BEGIN CERTIFICATE-----\n")?
        .strip_suffix("\n-----END CERTIFICATE-----")?;
    fake_interpreters::base64::decode(&body.lines().collect::<String>())
}

async fn connections(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, asks()).await?;
    for (name, script) in table::secured_places(&conversation()) {
        let folder = stage.place(name, &script)?;
        let started = stage.activate(&folder).await?;
        if told(&folder)?.is_none() {
            return Err(Interruption::broken_off(NOT_ASKED));
        }
        let judge = case.require("HS-201").seen(name, started.words());
        if !judge.holds(
            started.is_ok(),
            "a plugin that runs",
            started.words(),
            "good-plugin-refused",
        ) {
            continue;
        }
        let hook = stage
            .hook(&folder, "MessageHasBeenPosted", Value::Null)
            .await?;
        let page = get(&stage, &folder).await?;
        stage.health(&folder).await?;
        stage.deactivate(&folder).await?;
        let entries = folder.entries()?;
        let judge = case
            .require("HS-201")
            .seen("a hook", hook.words())
            .and("a request", format!("{page:?}"))
            .and("calls", called(&entries).join(", "));
        let wrong = wrong_connections(&entries);
        judge.absent(
            "connections that are not as they must be",
            &wrong,
            "wrong-connection",
        );
        let said = |method: &str| !calls(&entries, method).is_empty();
        let judge = case
            .require("HS-201")
            .seen("calls", called(&entries).join(", "));
        judge.holds(
            said("MessageHasBeenPosted") && said("ServeHTTP"),
            "hooks and requests over encrypted connections",
            called(&entries).join(", "),
            "call-lost",
        );
    }
    stage.close().await
}

/// A plugin with which there is something to talk about.
fn conversation() -> Serve {
    let page: [HttpStep; 1] = [HttpMessage::head(200).complete().step()];
    Serve::good().http(page)
}

/// The connections that are not TLS 1.2 or later for localhost, with h2 and the host's certificate. One that was given up within the
/// handshake has carried nothing.
fn wrong_connections(entries: &[Entry]) -> Vec<String> {
    let secured = entries.iter().filter_map(|entry| match &entry.event {
        Seen::Secured {
            version,
            server_name,
            alpn,
            client_certificate,
        } => {
            let good = matches!(version.as_deref(), Some("TLSv1_2" | "TLSv1_3"))
                && server_name.as_deref() == Some("localhost")
                && alpn.as_deref() == Some("h2")
                && *client_certificate;
            (!good).then(|| format!("{:?}", entry.event))
        }
        _ => None,
    });
    secured.collect()
}

/// What came of one row.
struct Played {
    row: Row,
    outcome: Result<Activated, Refusal>,
    /// The calls that the plugin saw.
    calls: Vec<String>,
}

impl Played {
    fn is_refused(&self) -> bool {
        self.outcome.is_err() && self.calls.is_empty()
    }

    fn words(&self) -> String {
        let calls = self.calls.len();
        match &self.outcome {
            Ok(_) => format!("it runs, and saw {calls} calls"),
            Err(refusal) => format!("{} after {calls} calls", refusal.kind),
        }
    }
}

/// Plays rows at the same time; all of them must have been asked for AutoMTLS.
async fn play(stage: &Stage<'_>, rows: Vec<Row>) -> Result<Vec<Played>, Interruption> {
    let mut folders = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let folder = stage.place(&format!("row-{number}"), &row.script())?;
        folders.push((row, folder));
    }
    let activations = folders.into_iter().map(|(row, folder)| async move {
        let outcome = stage.activate(&folder).await?;
        if told(&folder)?.is_none() {
            return Err(Interruption::broken_off(NOT_ASKED));
        }
        let calls = called(&folder.entries()?);
        Ok(Played {
            row,
            outcome,
            calls,
        })
    });
    join_all(activations).await.into_iter().collect()
}

/// Rows that are refused, beside a plugin that is not.
async fn refused(
    case: &mut Case,
    id: &'static str,
    reason: &'static str,
) -> Result<(), Interruption> {
    let stage = Stage::open_with(case, asks()).await?;
    let rows: Vec<Row> = table::refused()
        .into_iter()
        .filter(|row| row.id == id)
        .collect();
    let played = play(&stage, rows).await?;
    let control = control(&stage).await?;
    if control.is_err() && played.iter().all(Played::is_refused) {
        let text = format!("a good plugin does not run either: {}", control.words());
        return Err(Interruption::broken_off(text));
    }
    for one in &played {
        let line = format!("row {:?}", one.row.name);
        let judge = case
            .require(id)
            .go_host(format!("says {}", one.row.go.words()))
            .seen("control", control.words())
            .and(&line, one.words());
        let expected = format!("{line}: refused before any call");
        judge.holds(one.is_refused(), expected, one.words(), reason);
    }
    stage.close().await
}

/// Whether a plugin runs with which nothing is wrong.
async fn control(stage: &Stage<'_>) -> Result<Result<(), String>, Interruption> {
    let folder = stage.place("control", &easy())?;
    match stage.activate(&folder).await? {
        Ok(_) if called(&folder.entries()?).is_empty() => Ok(Err("it was never called".to_owned())),
        Ok(_) => Ok(Ok(())),
        Err(refusal) => Ok(Err(format!("{}: {}", refusal.kind, refusal.message))),
    }
}

async fn good_certificates(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, asks()).await?;
    for one in play(&stage, table::good()).await? {
        let line = format!("row {:?}", one.row.name);
        let judge = case.require("HS-202").seen(&line, one.words());
        judge.holds(
            one.outcome.is_ok() && !one.calls.is_empty(),
            format!("{line}: it runs and is called"),
            one.words(),
            "good-certificate-refused",
        );
    }
    stage.close().await
}

async fn other_certificate(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-203", "other-certificate-accepted").await
}

async fn signature(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-204", "signature-not-checked").await
}

async fn time(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-205", "bad-time-accepted").await
}

async fn name(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-206", "bad-name-accepted").await
}

async fn usage(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-207", "bad-usage-accepted").await
}

async fn protocol(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-208", "protocol-not-agreed").await
}

async fn plain_text(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-209", "plain-text-accepted").await
}

async fn no_certificate(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-210", "plain-text-accepted").await
}

async fn bad_certificate(case: &mut Case) -> ScenarioResult {
    refused(case, "HS-211", "bad-certificate-accepted").await
}

async fn refusals(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, asks()).await?;
    for one in play(&stage, table::refused()).await? {
        let line = format!("row {:?}", one.row.name);
        let Err(refusal) = &one.outcome else {
            let text = format!("{line} runs: there is no refusal");
            return Err(Interruption::broken_off(text));
        };
        let judge = case.require("HS-212").seen(&line, refusal.message.clone());
        judge.holds(
            one.row.kinds.contains(&refusal.kind.as_str()),
            format!("{line}: {}", one.row.kinds.join(" or ")),
            &refusal.kind,
            "wrong-refusal",
        );
    }
    stage.close().await
}

async fn mute(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, connects_soon(asks())).await?;
    let tls = Tls {
        served: Served::Mute,
        ..Tls::default()
    };
    let folder = stage.place("mute", &Script::serving_secured(Serve::good(), tls))?;
    if judge_no_connection(&stage, "HS-213", "mute", &folder, &["connect.", "tls."]).await? {
        if told(&folder)?.is_none() {
            return Err(Interruption::broken_off(NOT_ASKED));
        }
        if let Err(why) = control(&stage).await? {
            let text = format!("a good plugin does not run either: {why}");
            return Err(Interruption::broken_off(text));
        }
    }
    stage.close().await
}

async fn broker(case: &mut Case) -> ScenarioResult {
    const START_STREAM: &str = "/plugin.GRPCBroker/StartStream";
    let stage = Stage::open(case).await?;
    let quiet = Script::serving(Serve::good().hook(START_STREAM, Answer::Hang));
    for (name, script) in [("without", good()), ("quiet", quiet)] {
        let folder = stage.place(name, &script)?;
        let started = stage.activate(&folder).await?;
        let judge = case.require("HS-220").seen(name, started.words());
        if !judge.holds(
            started.is_ok(),
            "a plugin that runs",
            started.words(),
            "broker-demanded",
        ) {
            continue;
        }
        let hook = stage
            .hook(&folder, "MessageHasBeenPosted", Value::Null)
            .await?;
        let stopped = stage.deactivate(&folder).await?;
        let arrived = calls(&folder.entries()?, "MessageHasBeenPosted").len();
        let judge = case.require("HS-220").seen("stop", format!("{stopped:?}"));
        judge.holds(
            matches!(hook, Ok(Called::Answered { .. })) && arrived == 1 && stopped.stopped,
            "a call that arrives, its answer, and a stop",
            format!("{}; calls that arrived: {arrived}", hook.words()),
            "call-lost",
        );
    }
    stage.close().await
}
