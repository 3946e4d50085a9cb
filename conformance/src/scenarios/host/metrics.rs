//! What a host counts, and in which form it says so.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::script::{Answer, ApiOrder, Script, Serve};
use serde_json::json;

use super::stage::Stage;
use super::traces::calls;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::Order;
use crate::driver::protocol::hooks::{Cancelled, Metrics, Sample};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Calls of hooks, their time, and hooks that were not called.
    "host/metrics/hooks" => hooks: ["ME-001", "ME-005", "ME-007"];
    /// Calls that were no success.
    "host/metrics/failures" => failures: ["ME-002"];
    /// Calls of the API.
    "host/metrics/api" => api: ["ME-003"];
    /// Fan-outs: each plugin's part and the whole.
    "host/metrics/fan-out" => fan_out: ["ME-004"];
    /// The text that a scrape is answered with.
    "host/metrics/text" => text: ["ME-006"];
}

const FILTER: &str = "MessageWillBePosted";
const POSTED: &str = "MessageHasBeenPosted";

/// Successes and others of one kind and name; of one plugin, or of none in particular.
fn counted(metrics: &Metrics, kind: &str, plugin: Option<&PluginFolder>, name: &str) -> (u64, u64) {
    let of = |success: bool| -> u64 {
        let wanted = |sample: &&Sample| {
            sample.kind == kind
                && sample.plugin.as_deref() == plugin.map(|folder| folder.id.as_str())
                && sample.name == name
                && sample.success == success
        };
        metrics
            .samples
            .iter()
            .filter(wanted)
            .map(|sample| sample.count)
            .sum()
    };
    (of(true), of(false))
}

/// What [`counted`] gives, in words.
fn both(kind: &str, of: &str) -> String {
    format!("successful and failed {kind} of {of}")
}

async fn hooks(case: &mut Case) -> ScenarioResult {
    let took = Duration::from_millis(150);
    let stage = Stage::open(case).await?;
    let serve = Serve::good()
        .implemented(["OnActivate", FILTER, POSTED])
        .hook(FILTER, Answer::empty().after(150));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    stage.ask_hook(&folder, FILTER, json!({})).await?;
    for _ in 0..3 {
        stage.ask_hook(&folder, POSTED, json!({})).await?;
    }
    stage.ask_hook(&folder, "UserWillLogIn", json!({})).await?;
    let metrics = stage.metrics().await?;
    let entries = folder.entries()?;
    let asked = calls(&entries, POSTED).len();
    let seen = |id| case.require(id).seen("calls of a hook", some(asked));
    for (hook, count) in [("OnActivate", 1), (FILTER, 1), (POSTED, 3)] {
        let counted = counted(&metrics, "hook", Some(&folder), hook);
        let what = both("calls", hook);
        seen("ME-001").same(&what, (count, 0), counted, "not-counted");
    }
    let skipped = counted(&metrics, "hook", Some(&folder), "UserWillLogIn");
    let what = both("calls", "UserWillLogIn");
    seen("ME-005").same(&what, (0, 0), skipped, "skipped-counted");
    let slow = metrics
        .samples
        .iter()
        .find(|sample| sample.kind == "hook" && sample.name == FILTER);
    let sum = Duration::from_nanos(slow.map_or(0, |sample| sample.sum_ns));
    seen("ME-007").holds(
        sum >= took && sum < took + case.scaled(Duration::from_secs(10)),
        format!("{} and a little", took.words()),
        sum.words(),
        "wrong-time",
    );
    stage.close().await
}

async fn failures(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let no = Answer::Value(json!({"rejection_reason": "no"}));
    let serve = Serve::good()
        .implemented([
            "OnActivate",
            FILTER,
            POSTED,
            "UserWillLogIn",
            "ExecuteCommand",
            "UserHasLoggedIn",
        ])
        .hook(POSTED, Answer::status("INTERNAL", "broken"))
        .hook("UserWillLogIn", Answer::Raw(vec![0x0a, 0xff]))
        .hook("ExecuteCommand", Answer::error("a.b", "no"))
        .hook("UserHasLoggedIn", Answer::Hang)
        .hook(FILTER, no);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in [POSTED, "ExecuteCommand", "UserWillLogIn", FILTER] {
        stage.ask_hook(&folder, hook, json!({})).await?;
    }
    let order = Order::Hook {
        plugin: folder.id.clone(),
        hook: "UserHasLoggedIn".to_owned(),
        request: json!({}),
    };
    let sent = stage.host().send(order).await;
    stage
        .journal(&folder, |entries| {
            !calls(entries, "UserHasLoggedIn").is_empty()
        })
        .await?;
    stage
        .done::<Cancelled>(Order::Cancel { order: sent.id })
        .await?;
    // Its own answer says that it has ended.
    let ended = stage.host().answer(sent, stage.patience()).await.is_ok();
    let metrics = stage.metrics().await?;
    let rejected = counted(&metrics, "hook", Some(&folder), FILTER);
    let asked = calls(&folder.entries()?, POSTED).len();
    let seen = || {
        case.require("ME-002")
            .go_host("counts failures as successes")
            .seen("calls of a broken hook", some(asked))
            .and("a cancelled call has ended", ended.then_some("ended"))
    };
    let what = both("calls", "the hook that rejects");
    seen().same(&what, (1, 0), rejected, "rejection-counted-as-failure");
    for hook in [POSTED, "ExecuteCommand", "UserWillLogIn", "UserHasLoggedIn"] {
        let counted = counted(&metrics, "hook", Some(&folder), hook);
        let what = both("calls", hook);
        seen().same(&what, (0, 1), counted, "failure-counted-as-success");
    }
    stage.close().await
}

async fn api(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let order = |method: &str| ApiOrder::new(method, json!({}));
    let answer = Answer::Api(
        order("GetServerVersion"),
        Box::new(Answer::Api(order("GetUser"), Box::new(Answer::empty()))),
    );
    let serve = Serve::good().hook(POSTED, answer);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    stage.ask_hook(&folder, POSTED, json!({})).await?;
    let metrics = stage.metrics().await?;
    let asked = calls(&folder.entries()?, POSTED).len();
    let seen = || {
        case.require("ME-003")
            .seen("hooks that called the API", some(asked))
    };
    let version = counted(&metrics, "api", Some(&folder), "GetServerVersion");
    let what = both("API calls", "GetServerVersion");
    seen().same(&what, (1, 0), version, "api-not-counted");
    let user = counted(&metrics, "api", Some(&folder), "GetUser");
    let what = both("API calls", "GetUser");
    seen().same(&what, (0, 1), user, "api-failure-counted-as-success");
    stage.close().await
}

async fn fan_out(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = || Serve::good().implemented(["OnActivate", POSTED]);
    let good = stage.started("a", &Script::serving(serve())).await?;
    let broken = serve().hook(POSTED, Answer::status("INTERNAL", "broken"));
    let broken = stage.started("b", &Script::serving(broken)).await?;
    let without = Serve::good().implemented(["OnActivate"]);
    let without = stage.started("c", &Script::serving(without)).await?;
    stage.fan_out(POSTED, json!({})).await?;
    let metrics = stage.metrics().await?;
    let asked = calls(&good.entries()?, POSTED).len();
    let seen = || {
        case.require("ME-004")
            .seen("calls of the hook", some(asked))
    };
    for (plugin, expected) in [(&good, (1, 0)), (&broken, (0, 1)), (&without, (0, 0))] {
        let turn = counted(&metrics, "turn", Some(plugin), POSTED);
        let what = both("turns", &plugin.id);
        seen().same(&what, expected, turn, "fan-out-not-counted");
    }
    let whole = counted(&metrics, "fan_out", None, POSTED);
    let what = both("fan-outs", POSTED);
    seen().same(&what, (0, 1), whole, "fan-out-not-counted");
    stage.close().await
}

async fn text(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage
        .started("plugin", &Script::serving(Serve::good()))
        .await?;
    for _ in 0..2 {
        stage.fan_out(POSTED, json!({})).await?;
    }
    let metrics = stage.metrics().await?;
    let counted: u64 = metrics.samples.iter().map(|sample| sample.count).sum();
    let wrong = exposition(&metrics.text, counted, &folder.id);
    case.require("ME-006")
        .seen("lines", metrics.text.lines().count())
        .and("calls counted", counted)
        .absent("fault in the text", &wrong, "bad-exposition");
    stage.close().await
}

/// What is wrong with a text in Prometheus' format that holds histograms only, with so many calls and this plugin.
fn exposition(text: &str, counted: u64, plugin: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut types, mut series) = (BTreeMap::new(), BTreeMap::<String, Series>::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            match (words.next(), words.next(), words.next()) {
                (Some("HELP"), Some(name), Some(_)) => drop(types.insert(name, "")),
                (Some("TYPE"), Some(name), Some(kind)) if types.get(name) == Some(&"") => {
                    types.insert(name, kind);
                }
                _ => wrong.push(format!("out of place: {line}")),
            }
            continue;
        }
        if let Err(problem) = read_sample(line, &types, &mut series) {
            wrong.push(format!("{problem}: {line}"));
        }
    }
    wrong.extend(series.iter().filter_map(|(labels, series)| {
        let problem = series.problem()?;
        Some(format!("{problem}: {labels}"))
    }));
    let total: f64 = series.values().filter_map(|series| series.count).sum();
    if total.to_string() != counted.to_string() {
        wrong.push(format!("{total} calls, not {counted}"));
    }
    if !text.contains(&format!("plugin=\"{plugin}\"")) {
        wrong.push(format!("no plugin {plugin}"));
    }
    wrong
}

#[derive(Default)]
struct Series {
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

impl Series {
    fn problem(&self) -> Option<&'static str> {
        let rising = self
            .buckets
            .is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1);
        match (self.buckets.last(), self.count) {
            _ if !rising => Some("buckets do not rise"),
            (Some((bound, last)), Some(count)) if bound.is_infinite() && *last == count => {
                self.sum.is_none().then_some("no sum")
            }
            _ => Some("the last bucket is not +Inf with all calls"),
        }
    }
}

fn read_sample(
    line: &str,
    types: &BTreeMap<&str, &str>,
    series: &mut BTreeMap<String, Series>,
) -> Result<(), &'static str> {
    let (head, value) = line.rsplit_once(' ').ok_or("no value")?;
    let value: f64 = value.parse().map_err(|_| "no number")?;
    let (name, labels) = head.split_once('{').ok_or("no labels")?;
    let labels = labels.strip_suffix('}').ok_or("no end of labels")?;
    let (metric, part) = name.rsplit_once('_').ok_or("no part of a histogram")?;
    if types.get(metric) != Some(&"histogram") {
        return Err("no TYPE histogram before");
    }
    let (own, bound): (Vec<&str>, Vec<&str>) = labels
        .split(',')
        .partition(|label| !label.starts_with("le="));
    if own
        .iter()
        .any(|label| !label.contains("=\"") || !label.ends_with('"'))
    {
        return Err("a label without quotes");
    }
    let series = series
        .entry(format!("{metric}{{{}}}", own.join(",")))
        .or_default();
    match (part, bound.first()) {
        ("bucket", Some(bound)) => {
            let bound = bound.trim_start_matches("le=").trim_matches('"');
            let bound = bound.parse().map_err(|_| "a bound that is no number")?;
            series.buckets.push((bound, value));
        }
        ("sum", None) => series.sum = Some(value),
        ("count", None) => series.count = Some(value),
        _ => return Err("no part of a histogram"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# HELP m Some time.\n# TYPE m histogram\nm_bucket{plugin=\"a.b\",le=\"0.5\"} 1\nm_bucket{plugin=\"a.b\",le=\"+Inf\"} 2\nm_sum{plugin=\"a.b\"} 3.5\nm_count{plugin=\"a.b\"} 2\n";

    #[test]
    fn a_good_text_has_nothing_wrong_and_each_fault_is_found() {
        assert_eq!(exposition(GOOD, 2, "a.b"), [""; 0]);
        for (part, other) in [
            ("# HELP m Some time.\n", ""),
            ("# TYPE m histogram\n", ""),
            ("# TYPE m histogram", "# TYPE m counter"),
            ("m_bucket{plugin=\"a.b\",le=\"+Inf\"} 2\n", ""),
            ("le=\"0.5\"} 1", "le=\"0.5\"} 3"),
            ("m_count{plugin=\"a.b\"} 2", "m_count{plugin=\"a.b\"} 1"),
            ("m_sum{plugin=\"a.b\"} 3.5\n", ""),
            ("m_sum{plugin=\"a.b\"} 3.5", "m_sum{plugin=a.b} 3.5"),
            ("3.5", "much"),
        ] {
            let text = GOOD.replace(part, other);
            assert_ne!(text, GOOD);
            assert_ne!(exposition(&text, 2, "a.b"), [""; 0], "{text}");
        }
        assert_ne!(exposition(GOOD, 3, "a.b"), [""; 0]);
        assert_ne!(exposition(GOOD, 2, "c.d"), [""; 0]);
    }
}
