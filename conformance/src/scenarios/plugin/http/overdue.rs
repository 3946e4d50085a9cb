//! Handlers of HTTP requests that take longer than the host allows.

use std::time::{Duration, Instant};

use super::site::Site;
use super::troubles::{goes_on, passes_for_whole};
use crate::case::Case;
use crate::plugin_run::http::{messages, steps};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Http;
    /// Handlers that stand still, before and after they have written something.
    "plugin/http/overdue" => overdue: ["HT-094", "HT-095"], waits(), deadline(60);
}

const TIMEOUT: &str = "MATTERMOST_PLUGIN_HOOK_TIMEOUT";
/// How long handlers may take, in seconds.
const ALLOWED: &str = "1";
/// How long they take.
const SLEEP: Duration = Duration::from_secs(9);
/// By when an answer does not come from a handler that was waited for.
const BY: Duration = Duration::from_secs(8);

async fn overdue(case: &mut Case) -> ScenarioResult {
    let site = Site::with(case, &[(TIMEOUT, ALLOWED)]).await?;
    let sleep = format!("sleep {}", SLEEP.as_millis());
    let rows = [
        ("HT-094", vec![&*sleep, "write 1 late"]),
        (
            "HT-095",
            vec!["write 1 begun", "flush", &*sleep, "write 1 late"],
        ),
    ];
    for (id, done) in rows {
        let asking = site.asking(case, "GET", steps(done));
        let nonce = asking.nonce.clone();
        let request = messages(asking.head, asking.pieces, asking.packing);
        let begun = Instant::now();
        let heard = site.session.services.http(request).await;
        let took = begun.elapsed();
        let asked = site.asked(heard, &nonce, false).await;
        let heard = &asked.heard;
        let (expected, kept, reason) = match id {
            "HT-094" => (
                "a whole answer of 500",
                heard.is_whole() && heard.status() == 500,
                "no-answer",
            ),
            _ => (
                "a stream that fails",
                !passes_for_whole(heard),
                "part-completed",
            ),
        };
        let in_time = took <= BY;
        case.require(id).seen("handler", asked.witness()).holds(
            in_time && kept,
            format!("{expected} after about {ALLOWED} s"),
            format!("after {} ms: {}", took.as_millis(), heard.words()),
            if in_time { reason } else { "timeout-ignored" },
        );
    }
    goes_on(case, &site, "HT-094").await;
    site.close(case).await;
    Ok(())
}
