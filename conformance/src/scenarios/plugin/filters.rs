//! What comes back from hooks that may change or refuse something, and from those that may not.

use plugin_host::hooks::Outcome;
use plugin_proto::Rpc;
use plugin_proto::hook::{
    ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted, UserWillLogIn,
};
use plugin_proto::pb::{
    MessageWillBePostedRequest, MessageWillBePostedResponse, Post, UserWillLogInResponse,
};

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::evidence::{Evidence, difference};
use crate::plugin_run::message::{as_json, in_words, post};
use crate::plugin_run::order::{MODIFIED, Word};
use crate::plugin_run::running::{Obeyed, Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// A post passes, is changed, is rejected, is dropped without a word.
    "plugin/hooks/filters" => filters: ["HK-054", "HK-055", "HK-056", "HK-057"];
    /// A login passes or is rejected.
    "plugin/hooks/login" => login: ["HK-061"];
    /// A notification is answered after its handler ran.
    "plugin/hooks/notification" => notification: ["HK-059"];
    /// A command gives its response, and the error of one comes back in band.
    "plugin/hooks/command" => command: ["HK-060"];
}

/// The reason by which a post is dropped without a word to its author.
const DISMISS: &str = "plugin.message_will_be_posted.dismiss_post";

/// Sends a post with an order, and gives back its answer and the order's nonce as evidence.
async fn posted(
    case: &mut Case,
    running: &Running,
    word: Word,
) -> Result<(Obeyed<MessageWillBePostedResponse>, String), Interruption> {
    let order = fresh(case, word);
    let obeyed = running.order::<MessageWillBePosted>(&order).await?;
    Ok((obeyed, order.to_string()))
}

/// The nonce of evidence.
fn nonce(evidence: Option<Evidence>) -> Option<String> {
    evidence.map(|evidence| evidence.nonce)
}

/// An answer in words, whole.
fn shown<R: Rpc>(outcome: &Outcome<R::Response>) -> String {
    match outcome {
        Outcome::Answered(answer) => in_words::<R>(answer),
        other => other.to_string(),
    }
}

async fn filters(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    allowed(case, &running).await?;
    changed(case, &running).await?;
    let why = format!("  not «here» | {} ", case.nonce());
    let why = why.trim().to_owned();
    let (obeyed, _) = posted(case, &running, Word::Reject(why.clone())).await?;
    rejected(
        case,
        "HK-056",
        obeyed,
        &why,
        ("rejection-lost", "reason-changed"),
    );
    let (obeyed, _) = posted(case, &running, Word::Dismiss).await?;
    rejected(
        case,
        "HK-057",
        obeyed,
        DISMISS,
        ("dismissal-lost", "dismissal-changed"),
    );
    running.end().await;
    Ok(())
}

async fn allowed(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let (obeyed, _) = posted(case, running, Word::Allow).await?;
    let nothing = MessageWillBePostedResponse::default();
    let passes = matches!(&obeyed.outcome, Outcome::Answered(answer) if *answer == nothing);
    let reason = match &obeyed.outcome {
        Outcome::Answered(answer) if !answer.rejection_reason.is_empty() => "rejected",
        Outcome::Answered(_) => "replaced",
        _ => "not-answered",
    };
    let seen = shown::<MessageWillBePosted>(&obeyed.outcome);
    case.require("HK-054")
        .seen("evidence", nonce(obeyed.evidence))
        .holds(passes, "an empty answer", seen, reason);
    Ok(())
}

async fn changed(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let (obeyed, text) = posted(case, running, Word::Modify).await?;
    let expected = post(format!("{text}{MODIFIED}"));
    let problem = match &obeyed.outcome {
        Outcome::Answered(answer) if !answer.rejection_reason.is_empty() => Some("rejected-too"),
        Outcome::Answered(answer) => match &answer.modified_post {
            None => Some("change-lost"),
            Some(post) if post.message != expected.message => Some("wrong-text"),
            Some(post) if *post != expected => Some("fields-lost"),
            Some(_) => None,
        },
        _ => Some("not-answered"),
    };
    let seen = match &obeyed.outcome {
        Outcome::Answered(answer) => answer.modified_post.as_ref().map_or_else(
            || in_words::<MessageWillBePosted>(answer),
            |post| {
                format!(
                    "reason {}, fields that differ: {}",
                    answer.rejection_reason.words(),
                    differing(&expected, post)
                )
            },
        ),
        other => other.to_string(),
    };
    case.require("HK-055")
        .seen("evidence", nonce(obeyed.evidence))
        .holds(
            problem.is_none(),
            format!(
                "the whole post with the message {}",
                expected.message.words()
            ),
            seen,
            problem.unwrap_or("fields-lost"),
        );
    Ok(())
}

/// The first field in which a post differs from another.
fn differing(expected: &Post, got: &Post) -> String {
    let as_json = |post: &Post| {
        as_json::<MessageWillBePosted>(&MessageWillBePostedRequest {
            post: Some(post.clone()),
            ..MessageWillBePostedRequest::default()
        })
    };
    let (expected, got) = (as_json(expected), as_json(got));
    difference(&expected, &got, "").unwrap_or_else(|| "some that have no JSON".to_owned())
}

/// A rejection comes back word for word.
fn rejected(
    case: &Case,
    id: &'static str,
    obeyed: Obeyed<MessageWillBePostedResponse>,
    why: &str,
    (lost, altered): (&'static str, &'static str),
) {
    let (reason, got) = match &obeyed.outcome {
        Outcome::Answered(answer) if answer.rejection_reason.is_empty() => (lost, String::new()),
        Outcome::Answered(answer) => (altered, answer.rejection_reason.clone()),
        other => ("not-answered", other.to_string()),
    };
    case.require(id)
        .seen("evidence", nonce(obeyed.evidence))
        .same("the reason", why, got.as_str(), reason);
}

async fn login(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let order = fresh(case, Word::Allow);
    let passed = running.order::<UserWillLogIn>(&order).await?;
    let why = format!("not on a Sunday {}", case.nonce());
    let order = fresh(case, Word::Reject(why.clone()));
    let refused = running.order::<UserWillLogIn>(&order).await?;
    let reason_of = |obeyed: &Obeyed<UserWillLogInResponse>| match &obeyed.outcome {
        Outcome::Answered(answer) => Ok(answer.rejection_reason.clone()),
        other => Err(other.to_string()),
    };
    let (first, second) = (reason_of(&passed), reason_of(&refused));
    let reason = match (&first, &second) {
        (Ok(text), _) if !text.is_empty() => "login-rejected",
        (Ok(_), Ok(text)) if text.is_empty() => "rejection-lost",
        (Ok(_), Ok(_)) => "reason-changed",
        _ => "not-answered",
    };
    case.require("HK-061")
        .seen("evidence of the first", nonce(passed.evidence))
        .and("evidence of the second", nonce(refused.evidence))
        .same(
            "the answers",
            (Ok(String::new()), Ok(why)),
            (first, second),
            reason,
        );
    running.end().await;
    Ok(())
}

async fn notification(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let order = fresh(case, Word::Sleep(50));
    let obeyed = running.order::<MessageHasBeenPosted>(&order).await?;
    let answered = matches!(obeyed.outcome, Outcome::Answered(_));
    let ran = obeyed.evidence.is_some();
    let later = fresh(case, Word::Allow);
    let control = running.order::<MessageWillBePosted>(&later).await?;
    let reason = if answered {
        "handler-not-run"
    } else {
        "not-answered"
    };
    case.require("HK-059")
        .seen("control, another hook", nonce(control.evidence))
        .holds(
            answered && ran,
            "an answer, and evidence with the nonce",
            format!(
                "answer: {}; evidence: {ran}",
                shown::<MessageHasBeenPosted>(&obeyed.outcome)
            ),
            reason,
        );
    running.end().await;
    Ok(())
}

async fn command(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let text = format!("the weather: ☀ {}", case.nonce());
    let order = fresh(case, Word::Reject(text.clone()));
    let obeyed = running.order::<ExecuteCommand>(&order).await?;
    let problem = match &obeyed.outcome {
        Outcome::Answered(answer) => match &answer.response {
            None => Some("response-lost"),
            Some(response) if response.text != text => Some("response-changed"),
            Some(_) => None,
        },
        _ => Some("not-answered"),
    };
    let seen = shown::<ExecuteCommand>(&obeyed.outcome);
    case.require("HK-060")
        .seen("evidence of the first", nonce(obeyed.evidence))
        .holds(
            problem.is_none(),
            format!("a response with the text {text:?}"),
            seen,
            problem.unwrap_or("response-lost"),
        );
    let why = format!("no such city {}", case.nonce());
    let order = fresh(case, Word::Fail(why.clone()));
    let obeyed = running.order::<ExecuteCommand>(&order).await?;
    let problem = match &obeyed.outcome {
        Outcome::Refused(error) if error.message.contains(&why) => None,
        Outcome::Refused(_) => Some("message-lost"),
        Outcome::Answered(_) => Some("error-swallowed"),
        _ => Some("error-as-status"),
    };
    let seen = shown::<ExecuteCommand>(&obeyed.outcome);
    case.require("HK-060")
        .seen("evidence of the second", nonce(obeyed.evidence))
        .holds(
            problem.is_none(),
            format!("status OK with an error in band whose message holds {why:?}"),
            seen,
            problem.unwrap_or("message-lost"),
        );
    running.end().await;
    Ok(())
}
