//! What an administrator decides about hooks: what a failed call means, what `MessagesWillBeConsumed` may do, and how many
//! calls a plugin gets at a time. Pure.
//!
//! Values only. Which hooks there are, and which of them decide anything, is the hook table's to know; the table also refuses
//! names that are no hooks.

use std::collections::BTreeMap;

/// What an administrator decides about hooks. The default is what the reference does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookPolicy {
    /// For hooks that decide about something, by name: what it means that the call failed. Others keep the table's default.
    pub on_failure: BTreeMap<String, OnFailure>,
    /// What the answer to `MessagesWillBeConsumed` means.
    pub consumed: Consumed,
    /// How many calls one plugin gets at a time; no limit by default.
    pub calls: Option<CallLimit>,
    /// How many bytes of a request's body one message of `ServeHTTP` holds at most.
    pub http_piece: HttpPieceLimit,
}

/// A number of bytes; by default the 64 KiB of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpPieceLimit(pub usize);

impl Default for HttpPieceLimit {
    fn default() -> Self {
        Self(64 * 1024)
    }
}

impl HookPolicy {
    /// The names of the hooks that an administrator has closed.
    pub fn closed(&self) -> impl Iterator<Item = &str> {
        let closed = |(_, means): &(&String, &OnFailure)| **means == OnFailure::Stop;
        self.on_failure
            .iter()
            .filter(closed)
            .map(|(name, _)| name.as_str())
    }
}

/// What it means that nothing usable came back from a hook that decides about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// Fail open: go on as if the plugin had no opinion.
    Pass,
    /// Fail closed: what was asked about does not happen.
    Stop,
}

impl OnFailure {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "open",
            Self::Stop => "closed",
        }
    }

    /// The value of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pass, Self::Stop]
            .into_iter()
            .find(|value| value.word() == word)
    }
}

/// What the posts in an answer to `MessagesWillBeConsumed` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Consumed {
    /// Each replaces the post with its id, the others stay; an empty answer changes nothing. What the real server does.
    #[default]
    ReplaceById,
    /// They are all that is left: a post that is missing is removed. What the contract's text says.
    AnswerIsAll,
}

impl Consumed {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReplaceById => "replace_by_id",
            Self::AnswerIsAll => "answer_is_all",
        }
    }

    /// The value of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::ReplaceById, Self::AnswerIsAll]
            .into_iter()
            .find(|value| value.word() == word)
    }
}

/// A limit on the calls that one plugin gets at a time.
///
/// A hook keeps its turn while its handler calls the API. Where an API call waits for a hook of the plugin that made it, or for one of
/// another plugin that was asked because of it and so on, that hook needs no turn: it may be the first hook that has it, and they would
/// wait for each other until the deadline. Such hooks a plugin brings upon itself; those that nobody waits for take their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallLimit {
    /// So many are under way.
    pub concurrent: usize,
    /// So many more may wait for their turn; the next one fails at once. Waiting counts against the deadline.
    pub queued: usize,
}
