//! Everything that is remembered, by area.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::Path;

use crate::memory::fresh::Fresh;
use crate::memory::keeper::{Found, StoreError};
use crate::memory::outbox::Outbox;
use crate::memory::{Clock, LogRecord, Making, OnLog, ServerFacts};
use crate::memory::{
    bot, channel, command, config, emoji, file, group, installation, kv, oauth, outbound, post,
    preference, property, reaction, session, shared_channel, sidebar, status, team, user,
    websocket,
};

/// Everything that is remembered, by area.
pub(crate) struct Tables {
    pub(super) clock: Clock,
    pub(super) facts: ServerFacts,
    pub(super) fresh: Fresh,
    pub(super) outbox: Outbox,
    pub(super) installation: installation::Installation,
    pub(super) config: config::Config,
    pub(super) kv: kv::Pairs,
    pub(super) logs: VecDeque<LogRecord>,
    pub(super) on_log: Option<OnLog>,
    pub(super) websocket: websocket::Sent,
    /// How many users there may be at most; no limit by default.
    pub(super) user_limit: Option<usize>,
    pub(super) users: user::Users,
    pub(super) statuses: status::Statuses,
    pub(super) sessions: session::Sessions,
    pub(super) preferences: preference::Preferences,
    pub(super) teams: team::Teams,
    pub(super) channels: channel::Channels,
    pub(super) sidebar: sidebar::Sidebars,
    pub(super) posts: post::Posts,
    pub(super) reactions: reaction::Reactions,
    pub(super) emojis: emoji::Emojis,
    pub(super) files: file::Files,
    pub(super) bots: bot::Bots,
    pub(super) commands: command::Commands,
    pub(super) oauth: oauth::Apps,
    pub(super) groups: group::Groups,
    pub(super) shared: shared_channel::Shared,
    pub(super) properties: property::Properties,
    pub(super) outbound: outbound::Outbound,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl Tables {
    pub(super) fn new(making: Making) -> Self {
        let seed = making.seed;
        let mut tables = Self::blank(making);
        tables.begin(seed);
        tables
    }

    /// Gives the server what it has from its installation on; a seed stands for other ids each time that it begins.
    pub(super) fn begin(&mut self, seed: u64) {
        let now = self.now();
        self.fresh = self.installation.begin(seed, now);
    }

    /// Takes what a file holds.
    pub(super) fn restore(&mut self, path: &Path, found: Vec<Found>) -> Result<(), StoreError> {
        let path = || path.to_owned();
        let mut tables: HashMap<_, _> = self.kept().map(|kept| (kept.table(), kept)).collect();
        for (table, row) in found {
            let Some(kept) = tables.get_mut(table.as_str()) else {
                return Err(StoreError::UnknownTable {
                    path: path(),
                    table,
                });
            };
            if let Err(source) = kept.restore(&row) {
                let path = path();
                return Err(StoreError::Row {
                    path,
                    table,
                    source,
                });
            }
        }
        drop(tables);
        self.reindex();
        Ok(())
    }

    /// A server that was not even installed.
    pub(super) fn blank(making: Making) -> Self {
        Self {
            clock: making.clock,
            facts: making.facts,
            fresh: Fresh::new(making.seed),
            outbox: Outbox::default(),
            installation: installation::Installation::default(),
            config: config::Config::default(),
            kv: kv::Pairs::default(),
            logs: VecDeque::new(),
            on_log: None,
            websocket: websocket::Sent::default(),
            user_limit: None,
            users: user::Users::default(),
            statuses: status::Statuses::default(),
            sessions: session::Sessions::default(),
            preferences: preference::Preferences::default(),
            teams: team::Teams::default(),
            channels: channel::Channels::default(),
            sidebar: sidebar::Sidebars::default(),
            posts: post::Posts::default(),
            reactions: reaction::Reactions::default(),
            emojis: emoji::Emojis::default(),
            files: file::Files::default(),
            bots: bot::Bots::default(),
            commands: command::Commands::default(),
            oauth: oauth::Apps::default(),
            groups: group::Groups::default(),
            shared: shared_channel::Shared::default(),
            properties: property::Properties::default(),
            outbound: outbound::Outbound::default(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub(super) fn new_id(&mut self) -> String {
        self.fresh.id()
    }
}
