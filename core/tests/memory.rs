//! The in-memory Mattermost, method by method, against what the real server is known to do: each line of a story is one fact.
//!
//! Methods are called by name with JSON, through the table that plugins are served by; hooks go to a recording double.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "memory/world.rs"]
mod world;

#[path = "memory/documents.rs"]
mod documents;

#[path = "memory/fleet.rs"]
mod fleet;

#[path = "memory/plugins.rs"]
mod plugins;

#[path = "memory/users.rs"]
mod users;

#[path = "memory/teams.rs"]
mod teams;

#[path = "memory/team_members.rs"]
mod team_members;

#[path = "memory/channels.rs"]
mod channels;

#[path = "memory/posts.rs"]
mod posts;

#[path = "memory/files.rs"]
mod files;

#[path = "memory/outbound.rs"]
mod outbound;

#[path = "memory/groups.rs"]
mod groups;

#[path = "memory/models.rs"]
mod models;

#[path = "memory/presence.rs"]
mod presence;

#[path = "memory/sessions.rs"]
mod sessions;

#[path = "memory/search.rs"]
mod search;

#[path = "memory/reactions.rs"]
mod reactions;

#[path = "memory/commands.rs"]
mod commands;

#[path = "memory/properties.rs"]
mod properties;

#[path = "memory/bots.rs"]
mod bots;

#[path = "memory/channel_members.rs"]
mod channel_members;

#[path = "memory/sidebars.rs"]
mod sidebars;

#[path = "memory/shared_channels.rs"]
mod shared_channels;

#[path = "memory/full.rs"]
mod full;

#[path = "memory/fixtures.rs"]
mod fixtures;

#[path = "memory/kept.rs"]
mod kept;

#[path = "memory/channel_models.rs"]
mod channel_models;
