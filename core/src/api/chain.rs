//! Chains: an API call leads to a hook, and in the hook the plugin calls the API. Some never end; they are stopped here.
//!
//! A call says in which hook it was made by sending that hook's request id as metadata [`REQUEST_ID`]. Of a plugin that has never
//! sent one it is guessed: the deepest hook that it has just been asked. A plugin that always has calls under way may be guessed
//! wrong, so a guess is given `GUESSED` times the room.
//!
//! A chain also says who waits: the plugins by whose calls it came this far. A hook that goes back to one of them is not held up by
//! the limit on that plugin's calls, for the turn that it would wait for is held by a hook that waits for it.
//!
//! Invariant: what no API call led to has depth 0.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plugin_proto::Method;
use plugin_proto::pb::AppError;

use crate::ids::PluginId;

/// The metadata that carries the request id of the hook in which an API call is made.
pub const REQUEST_ID: &str = "x-request-id";
/// Id of the error that stops a chain.
pub const TOO_DEEP: &str = "plugin.api.chain_too_deep.app_error";
/// How many hooks may lie below each other.
pub const DEFAULT_LIMIT: usize = 20;
/// How much longer a guessed chain may be.
const GUESSED: usize = 5;
/// How many hooks that are over are remembered: a handler may go on after its answer.
const OVER: usize = 4096;

/// What an API call was made in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// How many hooks lie above it.
    pub depth: usize,
    /// The hook that it was made in; none if no API call led to it.
    pub hook: Option<&'static str>,
    guessed: bool,
    /// The plugins that wait for it: who calls, and those whose calls led there.
    waiting: Vec<PluginId>,
}

impl Cause {
    /// The same for something that nobody waits for.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self {
            waiting: Vec::new(),
            ..self.clone()
        }
    }
}

/// The hooks that API calls led to.
#[derive(Debug)]
pub struct Chains {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    running: BTreeMap<u64, Hop>,
    over: HashMap<String, (usize, &'static str)>,
    /// The ids in `over`, oldest first.
    order: VecDeque<String>,
    /// Plugins that have sent a request id.
    speaking: BTreeSet<PluginId>,
}

#[derive(Debug)]
struct Hop {
    request_id: String,
    depth: usize,
    hook: &'static str,
    asked: Option<PluginId>,
    waiting: Vec<PluginId>,
}

impl Chains {
    /// Chains of at most this many hooks.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            state: Mutex::default(),
        })
    }

    /// What a call by `plugin` was made in; `request_id` is what it says itself.
    pub fn cause(&self, plugin: &PluginId, request_id: Option<&str>) -> Cause {
        let mut state = self.lock();
        let mut cause = state.cause(plugin, request_id);
        if !cause.waiting.contains(plugin) {
            cause.waiting.push(plugin.clone());
        }
        cause
    }

    /// Whether a call may lead to further hooks.
    ///
    /// # Errors
    /// With the error for the caller when the chain is too long.
    pub fn admit(
        &self,
        cause: &Cause,
        plugin: &PluginId,
        method: &Method,
    ) -> Result<(), Box<AppError>> {
        let limit = match cause.guessed {
            true => self.limit.saturating_mul(GUESSED),
            false => self.limit,
        };
        let Some(hook) = cause.hook.filter(|_| cause.depth >= limit) else {
            return Ok(());
        };
        Err(Box::new(AppError {
            id: TOO_DEEP.to_owned(),
            message: format!(
                "Plugin {plugin} calls {} in its {hook}, which such calls have led to {limit} times in a row.",
                method.name
            ),
            status_code: 508,
            r#where: method.name.to_owned(),
            ..AppError::default()
        }))
    }

    /// A hook begins that a call led to; it has the request id by which the calls made in it say so.
    pub fn begin(self: &Arc<Self>, cause: &Cause, hook: &'static Method, request_id: &str) -> Link {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let hop = Hop {
            request_id: request_id.to_owned(),
            depth: cause.depth + 1,
            hook: hook.name,
            asked: None,
            waiting: cause.waiting.clone(),
        };
        state.running.insert(number, hop);
        Link {
            chains: self.clone(),
            number,
            waiting: cause.waiting.clone(),
        }
    }

    fn asked(&self, number: u64, plugin: Option<PluginId>) {
        if let Some(link) = self.lock().running.get_mut(&number) {
            link.asked = plugin;
        }
    }

    fn end(&self, number: u64) {
        let mut state = self.lock();
        let Some(link) = state.running.remove(&number) else {
            return;
        };
        if state.order.len() == OVER
            && let Some(oldest) = state.order.pop_front()
        {
            state.over.remove(&oldest);
        }
        state.order.push_back(link.request_id.clone());
        state.over.insert(link.request_id, (link.depth, link.hook));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What a call was made in, as far as is known.
    fn cause(&mut self, plugin: &PluginId, request_id: Option<&str>) -> Cause {
        if let Some(id) = request_id {
            if !self.speaking.contains(plugin) {
                self.speaking.insert(plugin.clone());
            }
            let running = self.running.values().find(|link| link.request_id == id);
            // Of a hook that is over nobody waits any more.
            let over = || {
                let (depth, hook) = self.over.get(id).copied()?;
                Some(Cause {
                    depth,
                    hook: Some(hook),
                    ..Cause::default()
                })
            };
            let found = running.map(|link| link.cause(false)).or_else(over);
            return found.unwrap_or_default();
        }
        if self.running.is_empty() || self.speaking.contains(plugin) {
            return Cause::default();
        }
        let asked = self
            .running
            .values()
            .filter(|link| link.asked.as_ref() == Some(plugin));
        let deepest = asked.max_by_key(|link| link.depth);
        deepest.map_or_else(Cause::default, |link| link.cause(true))
    }
}

impl Hop {
    fn cause(&self, guessed: bool) -> Cause {
        Cause {
            depth: self.depth,
            hook: Some(self.hook),
            guessed,
            waiting: self.waiting.clone(),
        }
    }
}

/// A hook under way; whose turn it is. Dropped, the hook is over.
#[derive(Debug)]
pub struct Link {
    chains: Arc<Chains>,
    number: u64,
    waiting: Vec<PluginId>,
}

impl Link {
    /// Whether this plugin waits for the hook, its own call having led there.
    pub fn is_waited_for_by(&self, plugin: &PluginId) -> bool {
        self.waiting.contains(plugin)
    }

    /// It is this plugin's turn, until the answer is dropped.
    pub fn turn(&self, plugin: &PluginId) -> Turn<'_> {
        self.chains.asked(self.number, Some(plugin.clone()));
        Turn(self)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.chains.end(self.number);
    }
}

/// One plugin's turn.
#[derive(Debug)]
pub struct Turn<'a>(&'a Link);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.chains.asked(self.0.number, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::Rpc as _;
    use plugin_proto::api::CreatePost;
    use plugin_proto::hook::MessageHasBeenPosted;

    fn id(text: &str) -> PluginId {
        PluginId::parse(text).unwrap()
    }

    const HOOK: &Method = MessageHasBeenPosted::METHOD;

    #[test]
    fn a_chain_that_says_what_it_is_in_ends_at_the_limit() {
        let chains = Chains::new(3);
        let plugin = id("com.example.a");
        let mut said = None;
        for depth in 0..3 {
            let cause = chains.cause(&plugin, said.as_deref());
            assert_eq!(cause.depth, depth);
            chains.admit(&cause, &plugin, CreatePost::METHOD).unwrap();
            let next = format!("r{depth}");
            // Over before the call that is made in it: a handler went on after its answer.
            drop(chains.begin(&cause, HOOK, &next));
            said = Some(next);
        }
        let cause = chains.cause(&plugin, said.as_deref());
        let error = chains
            .admit(&cause, &plugin, CreatePost::METHOD)
            .unwrap_err();
        assert_eq!((error.id.as_str(), error.status_code), (TOO_DEEP, 508));
        for word in ["com.example.a", "MessageHasBeenPosted", "CreatePost"] {
            assert!(error.message.contains(word), "{}", error.message);
        }
        // A call that says nothing is made in nothing, now that this plugin is known to say it.
        assert_eq!(chains.cause(&plugin, None).hook, None);
    }

    #[test]
    fn of_a_silent_plugin_it_is_guessed_with_more_room() {
        let chains = Chains::new(2);
        let (plugin, other) = (id("com.example.a"), id("com.example.b"));
        let mut turns = Vec::new();
        for depth in 0..2 * GUESSED {
            let cause = chains.cause(&plugin, None);
            assert_eq!(cause.depth, depth);
            assert!(chains.admit(&cause, &plugin, CreatePost::METHOD).is_ok());
            let link = chains.begin(&cause, HOOK, &format!("r{depth}"));
            chains.asked(link.number, Some(plugin.clone()));
            turns.push(link);
        }
        let cause = chains.cause(&plugin, None);
        assert!(chains.admit(&cause, &plugin, CreatePost::METHOD).is_err());
        assert_eq!(chains.cause(&other, None).hook, None);
        turns.clear();
        assert_eq!(chains.cause(&plugin, None).hook, None);
    }

    #[test]
    fn a_turn_ends_before_its_hook() {
        let chains = Chains::new(2);
        let plugin = id("com.example.a");
        let link = chains.begin(&Cause::default(), HOOK, "r");
        let turn = link.turn(&plugin);
        assert_eq!(chains.cause(&plugin, None).depth, 1);
        drop(turn);
        assert_eq!(chains.cause(&plugin, None).depth, 0);
        assert_eq!(chains.cause(&plugin, Some("r")).depth, 1);
    }

    #[test]
    fn whoever_called_waits_as_long_as_the_hook_runs() {
        let chains = Chains::new(9);
        let [a, b, c] = ["a", "b", "c"].map(|name| id(&format!("com.example.{name}")));
        let first = chains.begin(&chains.cause(&a, None), HOOK, "r1");
        assert!(first.is_waited_for_by(&a) && !first.is_waited_for_by(&b));
        // Asked, b calls in its turn, and says so; c has nothing to do with it.
        let cause = chains.cause(&b, Some("r1"));
        let second = chains.begin(&cause, HOOK, "r2");
        assert!(second.is_waited_for_by(&a) && second.is_waited_for_by(&b));
        assert!(!second.is_waited_for_by(&c));
        let behind = chains.begin(&cause.in_background(), HOOK, "r3");
        assert!(!behind.is_waited_for_by(&a) && !behind.is_waited_for_by(&b));
        drop(first);
        // The handler of b goes on after its answer: a waits no more.
        let late = chains.begin(&chains.cause(&b, Some("r1")), HOOK, "r4");
        assert!(!late.is_waited_for_by(&a) && late.is_waited_for_by(&b));
    }
}
