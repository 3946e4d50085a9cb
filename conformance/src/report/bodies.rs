//! What `fuzz body` and the replay of a body plan say to people. Texts only; whoever plays says what is to be told.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::failure::fold;
use super::paint::Paint;
use crate::body_fuzz::hunt::{Found, Tally};
use crate::body_plan::generate::Part;
use crate::body_plan::stored::StoredBodyPlan;
use crate::body_plan::{BodyPlan, Direction};
use crate::runner::plan::quoted;
use crate::verdict::OutcomeKind;

/// One part of a run, done with or up to its breach.
pub fn part(subject: &str, direction: Direction, part: Part, tally: &Tally) -> String {
    format!(
        "{subject:<14} {:<5} {:<11} {:>6} cases  {:>6} distinct splits  {:>8.2} s  {:>7.0} cases per second",
        direction.name(),
        part.name(),
        tally.cases,
        tally.splits.len(),
        tally.took.as_secs_f64(),
        rate(tally.cases, tally.took)
    )
}

/// A law that was broken.
pub fn found(subject: &str, found: &Found, file: &Path, paint: Paint) -> String {
    let law = found.law();
    let mut lines = vec![format!(
        "{} {} - {subject} {}",
        paint.outcome(OutcomeKind::Failed, "BROKEN"),
        paint.strong(law.name()),
        found.plan.direction.name()
    )];
    field(&mut lines, "law", law.sentence());
    field(&mut lines, "plan", &found.plan.to_string());
    field(&mut lines, "expected", &found.breach.expected);
    field(&mut lines, "seen", &found.breach.seen);
    if let Some(offset) = found.breach.offset {
        field(&mut lines, "at", &format!("byte {offset} of the body"));
    }
    let mut first = format!("case {}: {}", found.after, found.first);
    if !found.again {
        first.push_str("; it broke no law when it was played again");
    }
    field(&mut lines, "found by", &first);
    let file = file.display().to_string();
    // A command is not folded: it is there to be copied.
    lines.push(format!(
        "  {:<12} plugin-conformance replay {}",
        "reproduce",
        quoted(&file)
    ));
    lines.join("\n") + "\n"
}

/// The last line of a run.
pub fn summary(kind: OutcomeKind, total: &Tally, splits: usize, paint: Paint) -> String {
    format!(
        "{}: {} cases, {splits} distinct splits in {:.2} s, {:.0} cases per second",
        paint.outcome(kind, kind.as_str()),
        total.cases,
        total.took.as_secs_f64(),
        rate(total.cases, total.took)
    )
}

/// What one play of a stored plan showed.
pub fn play(
    number: usize,
    plan: &BodyPlan,
    breach: Option<&plugin_host::body::laws::Breach>,
) -> String {
    match breach {
        None => format!("play {number}: every law held, {plan}"),
        Some(breach) => format!("play {number}: {breach}"),
    }
}

/// What the plays say about the verdict that is stored.
pub fn compared(stored: &StoredBodyPlan, same: usize, plays: usize) -> String {
    let what = format!("the law of {} is broken", stored.law);
    let mut text = match same {
        0 => format!("not the stored verdict: {what} in none of {plays} plays"),
        _ if same == plays => format!("the stored verdict: {what} in {same} of {plays} plays"),
        _ => format!("the stored verdict not every time: {what} in {same} of {plays} plays"),
    };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        " (stored for {} by version {})",
        stored.subject, stored.suite_version
    );
    text
}

fn rate(cases: usize, took: Duration) -> f64 {
    cases as f64 / took.as_secs_f64().max(1e-3)
}

fn field(lines: &mut Vec<String>, name: &str, text: &str) {
    for (number, line) in fold(text).into_iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        lines.push(format!("  {name:<12} {line}"));
    }
}
