//! Custom commands: kept by the server, which would call their URLs.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Command, CreateCommandRequest, CreateCommandResponse, DeleteCommandRequest,
    DeleteCommandResponse, GetCommandRequest, GetCommandResponse, UpdateCommandRequest,
    UpdateCommandResponse,
};

use crate::ids::PluginId;
use crate::memory::command::BUILT_IN;
use crate::memory::names::{fits, invalid};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateCommand => create,
        GetCommand => get,
        UpdateCommand => update,
        DeleteCommand => delete,
    );
}

/// The first rule that a command breaks.
fn check(command: &Command) -> Result<(), Refusal> {
    let refuse = |id| Err(invalid(id, "Command.IsValid", ""));
    if !fresh::is_id(&command.id) {
        return refuse("model.command.is_valid.id.app_error");
    }
    if command.plugin_id.is_empty() && !fresh::is_id(&command.creator_id) {
        return refuse("model.command.is_valid.user_id.app_error");
    }
    if !command.plugin_id.is_empty() && !command.creator_id.is_empty() {
        return refuse("model.command.is_valid.plugin_id.app_error");
    }
    if !fresh::is_id(&command.team_id) {
        return refuse("model.command.is_valid.team_id.app_error");
    }
    let trigger = &command.trigger;
    if !(1..=128).contains(&trigger.len()) || trigger.starts_with('/') || trigger.contains(' ') {
        return refuse("model.command.is_valid.trigger.app_error");
    }
    if !(1..=1024).contains(&command.url.len()) {
        return refuse("model.command.is_valid.url.app_error");
    }
    if !command.url.starts_with("http://") && !command.url.starts_with("https://") {
        return refuse("model.command.is_valid.url_http.app_error");
    }
    if !matches!(command.method.as_str(), "G" | "P") {
        return refuse("model.command.is_valid.method.app_error");
    }
    if !fits(&command.display_name, 64) {
        return refuse("model.command.is_valid.display_name.app_error");
    }
    if !fits(&command.description, 128) {
        return refuse("model.command.is_valid.description.app_error");
    }
    Ok(())
}

fn create(
    t: &mut Tables,
    caller: &PluginId,
    r: CreateCommandRequest,
) -> Result<CreateCommandResponse, Refusal> {
    let given = r.cmd.unwrap_or_default();
    if !given.id.is_empty() {
        return Err(Refusal::new(
            "app.command.createcommand.internal_error",
            500,
        ));
    }
    let now = t.now();
    let command = Command {
        id: t.new_id(),
        token: t.new_id(),
        create_at: now,
        update_at: now,
        delete_at: 0,
        creator_id: String::new(),
        plugin_id: caller.to_string(),
        trigger: given.trigger.to_lowercase(),
        ..given
    };
    let taken = |other: &Command| {
        other.delete_at == 0
            && (&other.team_id, &other.trigger) == (&command.team_id, &command.trigger)
    };
    let is_built_in = BUILT_IN
        .iter()
        .any(|(trigger, _)| *trigger == command.trigger);
    if is_built_in || t.commands.custom.values().any(taken) {
        return Err(Refusal::new("api.command.duplicate_trigger.app_error", 400));
    }
    check(&command)?;
    t.commands.custom.put(command.clone());
    Ok(CreateCommandResponse {
        command: Some(command),
        error: None,
    })
}

fn find(t: &Tables, id: &str) -> Result<Command, Refusal> {
    let found = t
        .commands
        .custom
        .get(id)
        .filter(|command| command.delete_at == 0);
    found
        .cloned()
        .ok_or_else(|| Refusal::plain(format!("there is no command {id}")))
}

fn get(t: &mut Tables, _: &PluginId, r: GetCommandRequest) -> Result<GetCommandResponse, Refusal> {
    Ok(GetCommandResponse {
        command: Some(find(t, &r.command_id)?),
        error: None,
    })
}

/// Whoever updates a command owns it; whether its trigger is another's is not asked.
fn update(
    t: &mut Tables,
    caller: &PluginId,
    r: UpdateCommandRequest,
) -> Result<UpdateCommandResponse, Refusal> {
    let old = find(t, &r.command_id)?;
    let given = r.updated_cmd.unwrap_or_default();
    let command = Command {
        id: old.id,
        token: old.token,
        create_at: old.create_at,
        delete_at: old.delete_at,
        update_at: t.now(),
        plugin_id: caller.to_string(),
        trigger: given.trigger.to_lowercase(),
        team_id: match given.team_id.is_empty() {
            true => old.team_id,
            false => given.team_id.clone(),
        },
        ..given
    };
    check(&command)?;
    t.commands.custom.put(command.clone());
    Ok(UpdateCommandResponse {
        command: Some(command),
        error: None,
    })
}

/// One that is not there is no error.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteCommandRequest,
) -> Result<DeleteCommandResponse, Refusal> {
    let now = t.now();
    if let Some(command) = t.commands.custom.get_mut(&r.command_id) {
        command.delete_at = now;
    }
    Ok(DeleteCommandResponse::default())
}
