//! Slash commands: those of plugins, which live as long as the host; custom ones, which are kept; and the built-in ones.

mod custom;

mod execute;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Command, ListBuiltInCommandsRequest, ListBuiltInCommandsResponse, ListCommandsRequest,
    ListCommandsResponse, ListCustomCommandsRequest, ListCustomCommandsResponse,
    ListPluginCommandsRequest, ListPluginCommandsResponse, RegisterCommandRequest,
    RegisterCommandResponse, UnregisterCommandRequest, UnregisterCommandResponse,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, row};
use crate::memory::{Refusal, Store, Tables, handlers};

/// The built-in commands: trigger, and what they do.
const BUILT_IN: &[(&str, &str)] = &[
    ("away", "Set your status away"),
    (
        "dnd",
        "Do not disturb disables desktop and mobile push notifications.",
    ),
    ("me", "Do an action"),
    ("offline", "Set your status offline"),
    ("online", "Set your status online"),
    ("shrug", r"Adds ¯\_(ツ)_/¯ to your message"),
];

/// All commands but the built-in ones.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// In the order in which they were registered.
    of_plugins: Vec<(PluginId, Command)>,
    custom: Rows<Command>,
}
area!(Commands: custom);
row!(Command, "commands", model, String: |command| command.id.clone());

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        RegisterCommand => add,
        UnregisterCommand => remove,
        ListCommands => list,
        ListPluginCommands => list_of_plugins,
        ListCustomCommands => list_custom,
        ListBuiltInCommands => list_built_in,
    );
    custom::register(methods, store, caller);
    execute::register(methods, store, caller);
}

/// The same plugin's same command is replaced where it stands; another plugin's stays beside it.
fn add(
    t: &mut Tables,
    caller: &PluginId,
    r: RegisterCommandRequest,
) -> Result<RegisterCommandResponse, Refusal> {
    let given = r.command.unwrap_or_default();
    if given.trigger.is_empty() {
        return Err(Refusal::plain("invalid command"));
    }
    let command = Command {
        trigger: given.trigger.to_lowercase(),
        team_id: given.team_id,
        auto_complete: given.auto_complete,
        auto_complete_desc: given.auto_complete_desc,
        auto_complete_hint: given.auto_complete_hint,
        display_name: given.display_name,
        plugin_id: caller.to_string(),
        ..Command::default()
    };
    let same = |(plugin, other): &&mut (PluginId, Command)| {
        plugin == caller && (&other.trigger, &other.team_id) == (&command.trigger, &command.team_id)
    };
    match t.commands.of_plugins.iter_mut().find(same) {
        Some((_, other)) => *other = command,
        None => t.commands.of_plugins.push((caller.clone(), command)),
    }
    Ok(RegisterCommandResponse::default())
}

/// A plugin that is switched off takes its commands along.
pub(super) fn drop_of(t: &mut Tables, plugin: &PluginId) {
    t.commands.of_plugins.retain(|(owner, _)| owner != plugin);
}

/// Whoever registered it.
fn remove(
    t: &mut Tables,
    _: &PluginId,
    r: UnregisterCommandRequest,
) -> Result<UnregisterCommandResponse, Refusal> {
    let trigger = r.trigger.to_lowercase();
    let is_meant = |command: &Command| command.trigger == trigger && command.team_id == r.team_id;
    t.commands
        .of_plugins
        .retain(|(_, command)| !is_meant(command));
    Ok(UnregisterCommandResponse::default())
}

/// Those for a team; of several with the same trigger the first.
fn of_plugins(t: &Tables, team_id: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for (_, command) in &t.commands.of_plugins {
        let for_team = command.team_id.is_empty() || command.team_id == team_id;
        if for_team
            && commands
                .iter()
                .all(|other| other.trigger != command.trigger)
        {
            commands.push(command.clone());
        }
    }
    commands
}

fn custom_of(t: &Tables, team_id: &str) -> Vec<Command> {
    let live = |command: &&Command| command.delete_at == 0 && command.team_id == team_id;
    t.commands.custom.values().filter(live).cloned().collect()
}

fn built_in() -> Vec<Command> {
    let command = |(trigger, description): &(&str, &str)| Command {
        trigger: (*trigger).to_owned(),
        display_name: (*trigger).to_owned(),
        auto_complete: true,
        auto_complete_desc: (*description).to_owned(),
        ..Command::default()
    };
    BUILT_IN.iter().map(command).collect()
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: ListCommandsRequest,
) -> Result<ListCommandsResponse, Refusal> {
    let mut commands = of_plugins(t, &r.team_id);
    commands.extend(built_in());
    commands.extend(custom_of(t, &r.team_id));
    Ok(ListCommandsResponse {
        commands,
        error: None,
    })
}

fn list_of_plugins(
    t: &mut Tables,
    _: &PluginId,
    r: ListPluginCommandsRequest,
) -> Result<ListPluginCommandsResponse, Refusal> {
    Ok(ListPluginCommandsResponse {
        commands: of_plugins(t, &r.team_id),
        error: None,
    })
}

fn list_custom(
    t: &mut Tables,
    _: &PluginId,
    r: ListCustomCommandsRequest,
) -> Result<ListCustomCommandsResponse, Refusal> {
    Ok(ListCustomCommandsResponse {
        commands: custom_of(t, &r.team_id),
        error: None,
    })
}

fn list_built_in(
    _: &mut Tables,
    _: &PluginId,
    _: ListBuiltInCommandsRequest,
) -> Result<ListBuiltInCommandsResponse, Refusal> {
    Ok(ListBuiltInCommandsResponse {
        commands: built_in(),
        error: None,
    })
}
