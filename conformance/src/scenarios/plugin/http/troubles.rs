//! HTTP requests that go wrong: handlers that fail, streams against the rules, processes that end, and plugins without the hook.

use std::time::Duration;

use bytes::Bytes;
use plugin_host::process::Exit;
use plugin_proto::find_hook;
use plugin_proto::hook::Implemented;
use plugin_proto::pb::{ImplementedRequest, ServeHttpRequest};
use tonic::Code;

use super::site::{Asked, Site, bytes, cut, read_it};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::evidence::Digest;
use crate::plugin_run::http::{Heard, Packing, complete, messages, piece, steps};
use crate::plugin_run::order::Word;
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Http;
    /// Handlers that fail, before and after they have written something.
    "plugin/http/failures" => failures: ["HT-066", "HT-067", "HT-068", "HT-069"];
    /// Requests without an end, without a head, with two heads and with something after their end.
    "plugin/http/violations" => violations: ["HT-070", "HT-071", "HT-072", "HT-073", "HT-074"];
    /// A process that ends in a handler.
    "plugin/http/exit" => exit: ["HT-081"];
    /// A plugin without the hook.
    "plugin/http/without" => without: ["HT-082"];
}

/// Whether a client would take this for a page that is as it should be.
pub(super) fn passes_for_whole(heard: &Heard) -> bool {
    heard.is_whole() && (1..400).contains(&heard.status())
}

/// Judges that the plugin goes on: the same process answers another request, and is SERVING.
pub(super) async fn goes_on(case: &mut Case, site: &Site, id: &'static str) {
    let later = site.get(case, &["read", "write 1 later"]).await;
    let health = site.session.services.health("plugin").await;
    let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
    let answered = later.heard.is_whole() && later.heard.body() == b"later" && later.body.is_some();
    let exit = match answered && serving {
        true => site.session.raw.exit(),
        // A process that ends closes its connections a moment before.
        false => site.session.raw.exit_within(Duration::from_secs(1)).await,
    };
    let reason = match (&exit, serving) {
        (Some(_), _) => "process-ended",
        (None, false) => "unhealthy",
        (None, true) => "not-answered",
    };
    case.require(id)
        .seen("process", site.session.raw.pid())
        .holds(
            answered && serving && exit.is_none(),
            "the same process, SERVING, that answers another request",
            format!(
                "{}; health: {}; exit: {}",
                later.heard.words(),
                health.words(),
                exit.words()
            ),
            reason,
        );
}

async fn failures(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let secret = format!("secret{}", case.nonce());
    let fail = format!("fail {secret}");
    let early: [(&str, Word); 3] = [
        ("at once", Word::Fail(secret.clone())),
        (
            "after the head",
            steps(["status 201", "header X-A b", &fail]),
        ),
        ("after the body was read", steps(["read", &fail])),
    ];
    for (name, word) in early {
        let asked = site.ask(site.asking(case, "GET", word)).await;
        let reason = match asked.heard.is_whole() {
            true => "wrong-status",
            false => "no-answer",
        };
        case.require("HT-066").seen(name, asked.witness()).holds(
            asked.heard.is_whole() && asked.heard.status() == 500,
            format!("a handler that fails {name}: a whole answer of 500"),
            asked.heard.words(),
            reason,
        );
        not_shown(case, name, &secret, &asked);
    }
    for (name, first) in [
        ("after a write", ["write 1 begun", "status 200"]),
        ("after a flush", ["write 1 begun", "flush"]),
        ("after a large write", ["write 200000 x", "flush"]),
    ] {
        let asked = site.get(case, &[first[0], first[1], &fail]).await;
        case.require("HT-068").seen(name, asked.witness()).holds(
            !passes_for_whole(&asked.heard),
            format!("a handler that fails {name}: no whole answer, or 500"),
            asked.heard.words(),
            "part-completed",
        );
        not_shown(case, name, &secret, &asked);
    }
    goes_on(case, &site, "HT-069").await;
    site.close(case).await;
    Ok(())
}

fn not_shown(case: &Case, name: &str, secret: &str, asked: &Asked) {
    let heard = &asked.heard;
    let headers = heard.head().into_iter().flat_map(|head| &head.headers);
    let mut places: Vec<&str> = Vec::new();
    if String::from_utf8_lossy(&heard.body()).contains(secret) {
        places.push("body");
    }
    if headers
        .flat_map(|header| &header.values)
        .any(|value| value.contains(secret))
    {
        places.push("header");
    }
    if matches!(&heard.end, Err(status) if status.message().contains(secret)) {
        places.push("status of the stream");
    }
    let witness = asked.witness();
    case.require("HT-067").seen(name, witness).absent(
        "place with the error's text",
        &places,
        "text-shown",
    );
}

async fn violations(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let body = bytes(1000);
    let mut broken_off = Vec::new();
    for kept in [0, 1, 3] {
        let asking = site.asking(case, "POST", read_it());
        let mut request = messages(asking.head, cut(&body, 300), Packing::Apart);
        request.truncate(1 + kept);
        let heard = site.session.services.http(request).await;
        broken_off.push((kept, asking.nonce, heard));
    }
    let asking = site.asking(case, "POST", read_it());
    let mut twice = messages(asking.head, cut(&body, 300), Packing::Together);
    let again = twice[0].init.clone();
    twice[2].init = again;
    let second = site.session.services.http(twice).await;

    let headless: [Vec<ServeHttpRequest>; 3] = [
        vec![piece(body.clone()), complete()],
        vec![complete()],
        vec![],
    ];
    let mut unheaded = Vec::new();
    for request in headless {
        unheaded.push(site.session.services.http(request).await);
    }

    let late = site.asking(case, "POST", read_it());
    let mut request = messages(late.head, [body.clone()], Packing::Together);
    request.extend([piece(Bytes::from_static(b"late")), complete()]);
    let heard = site.session.services.http(request).await;
    let late = site.asked(heard, &late.nonce, true).await;

    // Whatever those handlers would have shown has come before the evidence of this one.
    goes_on(case, &site, "HT-074").await;
    for (kept, nonce, heard) in broken_off {
        let shown = site.session.raw.seen.body_for(&nonce, Duration::ZERO).await;
        case.require("HT-070")
            .seen("request", some(kept + 1))
            .holds(
                shown.is_none() && !passes_for_whole(&heard),
                format!("no body, and no whole answer to a request that ends after {kept} pieces"),
                format!("body: {}; {}", shown.words(), heard.words()),
                "part-taken-for-whole",
            );
    }
    let shown = site
        .session
        .raw
        .seen
        .body_for(&asking.nonce, Duration::ZERO)
        .await;
    case.require("HT-072").seen("answer", second.words()).holds(
        shown.is_none() && !passes_for_whole(&second),
        "a failure",
        format!("body: {}; {}", shown.words(), second.words()),
        "second-head-taken",
    );
    let evidence = site.session.raw.seen.evidence();
    let ran = evidence
        .iter()
        .filter(|seen| seen.hook == "ServeHTTP" && seen.nonce.is_empty())
        .count();
    for heard in unheaded {
        let named = match &heard.end {
            Err(status) => !status.message().is_empty(),
            Ok(()) => heard.is_whole() && heard.status() >= 400,
        };
        case.require("HT-071").seen("answer", heard.words()).holds(
            named && ran == 0,
            "a failure that is named, and no handler",
            format!("{}; {ran} handlers ran", heard.words()),
            "missing-head-taken",
        );
    }
    let expected = Digest::of(&body);
    let exact = late.body.as_ref() == Some(&expected)
        || (late.body.is_none() && !passes_for_whole(&late.heard));
    case.require("HT-073")
        .seen("answer", late.heard.words())
        .holds(
            exact,
            format!("{}, or a failure", expected.words()),
            format!("{}; {}", late.body.words(), late.heard.words()),
            "late-data-taken",
        );
    site.close(case).await;
    Ok(())
}

/// The status of a process that ends by an order.
pub(super) const CODE: i32 = 7;

async fn exit(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let pid = site.session.raw.pid();
    let exit = format!("exit {CODE}");
    let asked = site.get(case, &["write 1 begun", "flush", &exit]).await;
    case.require("HT-081")
        .seen("handler", asked.witness())
        .holds(
            asked.heard.end.is_err() && !asked.heard.is_whole(),
            "a stream that fails",
            asked.heard.words(),
            "part-completed",
        );
    ended(case, "HT-081", &site).await;
    site.close(case).await;
    let mut second = case.part("again")?;
    let again = Site::open(&mut second).await?;
    case.spawned(again.session.raw.pid());
    let later = again.get(&mut second, &["write 1 later"]).await;
    case.require("HT-081").seen("first process", pid).holds(
        later.heard.is_whole() && later.heard.body() == b"later",
        "a second process that answers",
        later.heard.words(),
        "next-start-failed",
    );
    again.close(&second).await;
    Ok(())
}

/// Judges that the process ended by the order.
pub(super) async fn ended(case: &Case, id: &'static str, site: &Site) {
    let ended = site.session.raw.exit_within(EVIDENCE).await;
    case.require(id)
        .seen("process", site.session.raw.pid())
        .holds(
            ended == Some(Exit::Code(CODE)),
            format!("a process that ends with {CODE}"),
            ended.words(),
            "wrong-exit-status",
        );
}

async fn without(case: &mut Case) -> ScenarioResult {
    let site = Site::with(case, &[("CONFORMANCE_WITHOUT", "ServeHTTP")]).await?;
    let services = &site.session.services;
    let listed = services
        .hook::<Implemented>(ImplementedRequest::default())
        .await;
    let listed =
        listed.map_err(|status| Interruption::broken_off(format!("Implemented: {status}")))?;
    let wrong: Vec<&String> = listed
        .hooks
        .iter()
        .filter(|name| *name == "ServeHTTP")
        .collect();
    case.require("HT-082")
        .seen("hooks that are listed", some(listed.hooks.len()))
        .absent("hook listed without a handler", &wrong, "listed");
    let asked = site.get(case, &["write 1 page"]).await;
    let kept = match &asked.heard.end {
        Err(status) => status.code() == Code::Unimplemented,
        Ok(()) => asked.heard.is_whole() && [404, 501].contains(&asked.heard.status()),
    };
    case.require("HT-082")
        .seen("answer", asked.heard.words())
        .holds(
            kept && asked.evidence.is_none(),
            "UNIMPLEMENTED, 404 or 501",
            asked.heard.words(),
            "answered",
        );
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let control = site.session.order(case, hook, &Word::Allow).await?;
    let health = site.session.services.health("plugin").await;
    case.require("HT-082")
        .seen("process", site.session.raw.pid())
        .holds(
            control.evidence.is_some() && site.session.raw.exit().is_none(),
            "a plugin that goes on",
            format!("{}; health: {}", control.words(), health.words()),
            "process-ended",
        );
    site.close(case).await;
    Ok(())
}
