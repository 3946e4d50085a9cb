//! How a scenario judges a requirement: first what was seen, then how it compares.
//!
//! ```text
//! case.require("HS-012") ── seen("first line", &line) ──▶ Witness ── same("core version", expected, got, "reason") ──▶ passed or failed
//!        │                        └─ nothing there ─▶ inconclusive, whatever is compared
//!        └── fails / inconclusive / not_applicable
//! ```
//! There is no way from a requirement to a pass that does not go through something seen. A negative check ("no SIGTERM arrived") shows as
//! evidence the positive control that would have been missing too if nobody had looked.

use std::time::Duration;

use super::Case;
use super::words::{Telling, Words};
use crate::verdict::{Failure, Outcome, Reason};

/// Something that a scenario saw; `None` if it turns out that there was nothing to see.
pub trait Evidence {
    /// The evidence in words.
    fn describe(&self) -> Option<String>;
}

impl Evidence for str {
    fn describe(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.to_owned())
    }
}

impl Evidence for String {
    fn describe(&self) -> Option<String> {
        self.as_str().describe()
    }
}

impl<T: Evidence + ?Sized> Evidence for &T {
    fn describe(&self) -> Option<String> {
        (**self).describe()
    }
}

impl<T: Evidence> Evidence for Option<T> {
    fn describe(&self) -> Option<String> {
        self.as_ref().and_then(Evidence::describe)
    }
}

impl<T: Evidence> Evidence for [T] {
    fn describe(&self) -> Option<String> {
        let all: Vec<String> = self.iter().filter_map(Evidence::describe).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl<T: Evidence> Evidence for Vec<T> {
    fn describe(&self) -> Option<String> {
        self.as_slice().describe()
    }
}

impl Evidence for Duration {
    fn describe(&self) -> Option<String> {
        Some(format!("{} ms", self.as_millis()))
    }
}

impl Evidence for serde_json::Value {
    fn describe(&self) -> Option<String> {
        (!self.is_null()).then(|| self.to_string())
    }
}

/// Numbers that were read off something are evidence, 0 included; for how many things were seen there is [`some`].
macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Evidence for $number {
            fn describe(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+};
}
numbers!(u8, u16, u32, u64, usize, i32, i64);

/// How many things were seen; none of them are no evidence.
pub fn some(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}

/// A requirement that is about to be judged.
#[derive(Debug)]
#[must_use = "a requirement that is only named stays inconclusive"]
pub struct Judge<'a> {
    case: &'a Case,
    id: &'static str,
    method: Option<&'static str>,
    entry: Option<usize>,
    go_host: Option<String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(case: &'a Case, id: &'static str) -> Judge<'a> {
        Judge {
            case,
            id,
            method: None,
            entry: None,
            go_host: None,
        }
    }

    /// It is judged for this method of the API, one of many that it holds for.
    pub fn of_method(mut self, method: &'static str) -> Judge<'a> {
        self.method = Some(method);
        self
    }

    /// The entry of the timeline that would contradict the requirement; without it a failure points at the latest one.
    pub fn at(mut self, entry: usize) -> Judge<'a> {
        self.entry = Some(entry);
        self
    }

    /// What a Go host does with a subject that fails here.
    pub fn go_host(mut self, does: impl Into<String>) -> Judge<'a> {
        self.go_host = Some(does.into());
        self
    }

    /// What was seen. If there is nothing in it, the requirement is inconclusive.
    pub fn seen(self, what: &str, evidence: impl Evidence) -> Witness<'a> {
        let mut witness = Witness {
            judge: self,
            seen: Vec::new(),
            missing: None,
        };
        witness.look(what, &evidence);
        witness
    }

    /// The requirement is broken, and it needs no comparison to see it.
    pub fn fails(
        self,
        reason: impl Into<Reason>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        if self.entry.is_none() {
            self.case.unpointed(self.id);
        }
        let entry = self.entry.or_else(|| self.case.timeline.last());
        let failure = Failure {
            reason: reason.into(),
            expected: expected.into(),
            seen: seen.into(),
            go_host: self.go_host.clone(),
            replay: None,
            entry,
        };
        self.decide(Outcome::Failed(failure));
    }

    /// It cannot be judged.
    pub fn inconclusive(self, reason: impl Into<String>) {
        self.decide(Outcome::inconclusive(reason));
    }

    fn decide(&self, outcome: Outcome) {
        match self.method {
            Some(method) => self.case.judge_method(self.id, method, outcome),
            None => self.case.judge(self.id, outcome),
        }
    }
}

/// A requirement with something seen; any of its comparisons decides. Each returns whether the requirement was kept.
#[derive(Debug)]
#[must_use = "evidence alone decides nothing: compare it"]
pub struct Witness<'a> {
    judge: Judge<'a>,
    seen: Vec<String>,
    missing: Option<String>,
}

impl Witness<'_> {
    /// More that was seen; all of it must be there.
    pub fn and(mut self, what: &str, evidence: impl Evidence) -> Self {
        self.look(what, &evidence);
        self
    }

    /// Kept if both are equal; for what says in words what it is.
    pub fn equals<E: PartialEq<G> + Telling, G: Telling>(
        self,
        expected: E,
        got: G,
        reason: impl Into<Reason>,
    ) -> bool {
        let kept = expected == got;
        self.holds(kept, expected.words(), got.words(), reason)
    }

    /// Kept if both are equal; for numbers and the like, which are named: "processes of the plugin: 2".
    pub fn same<E: PartialEq<G> + Words, G: Words>(
        self,
        what: &str,
        expected: E,
        got: G,
        reason: impl Into<Reason>,
    ) -> bool {
        let kept = expected == got;
        let named = |words: String| format!("{what}: {words}");
        self.holds(kept, named(expected.words()), named(got.words()), reason)
    }

    /// Kept if the text contains the part.
    pub fn contains(self, part: &str, text: &str, reason: impl Into<Reason>) -> bool {
        self.holds(
            text.contains(part),
            format!("something with {part:?}"),
            text.words(),
            reason,
        )
    }

    /// Kept if the list is empty; what was seen must be a positive control.
    pub fn absent<T: Words>(self, what: &str, found: &[T], reason: impl Into<Reason>) -> bool {
        self.holds(
            found.is_empty(),
            format!("no {what}"),
            found.words(),
            reason,
        )
    }

    /// Kept if no more time passed than allowed.
    pub fn within(self, allowed: Duration, took: Duration, reason: impl Into<Reason>) -> bool {
        let words = |time: Duration| format!("{} ms", time.as_millis());
        self.holds(
            took <= allowed,
            format!("at most {}", words(allowed)),
            words(took),
            reason,
        )
    }

    /// Kept if the condition holds; both texts are for the case that it does not.
    pub fn holds(
        self,
        kept: bool,
        expected: impl Into<String>,
        got: impl Into<String>,
        reason: impl Into<Reason>,
    ) -> bool {
        match (self.missing, kept) {
            (Some(missing), _) => self.judge.inconclusive(format!("never saw {missing}")),
            (None, true) => self.judge.decide(Outcome::Passed { seen: self.seen }),
            (None, false) => self.judge.fails(reason, expected, got),
        }
        kept
    }

    fn look(&mut self, what: &str, evidence: &dyn Evidence) {
        match evidence.describe() {
            Some(description) => self.seen.push(format!("{what}: {description}")),
            None if self.missing.is_none() => self.missing = Some(what.to_owned()),
            None => {}
        }
    }
}
