//! Executing a line: the plugins' commands first, then custom ones, then those that are built in; and what becomes of the answer.

use std::sync::Arc;

use plugin_proto::pb::{
    CommandArgs, CommandResponse, ExecuteCommandRequest, ExecuteCommandResponse,
    ExecuteSlashCommandRequest, ExecuteSlashCommandResponse, Post,
};
use plugin_proto::{Methods, hook};
use prost::Message as _;

use crate::api::plugins::Reply;
use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::command::BUILT_IN;
use crate::memory::{Refusal, Store, Tables, ephemeral, post, status, ticket};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        ExecuteSlashCommand => execute,
    );
}

async fn execute(
    act: Act,
    r: ExecuteSlashCommandRequest,
) -> Result<ExecuteSlashCommandResponse, Refusal> {
    let mut args = r.command_args.unwrap_or_default();
    let client_id = act.with(|t| {
        t.users.find(&args.user_id)?;
        let word = args.command.split_whitespace().next().unwrap_or_default();
        if !word.starts_with('/') {
            return Err(Refusal::new(
                "api.command.execute_command.format.app_error",
                400,
            ));
        }
        let (client_id, trigger_id) = ticket::make(t, &args.user_id);
        args.trigger_id = trigger_id;
        args.site_url = t.config.text("ServiceSettings", "SiteURL");
        Ok(client_id)
    })?;
    let answered = match of_plugin(&act, &args).await? {
        Some(response) => Some(response),
        None => act.with(|t| of_server(t, &args))?,
    };
    let Some(mut response) = answered else {
        let trigger = word(&args.command);
        let id = "api.command.execute_command.not_found.app_error";
        return Err(Refusal::new(id, 404).about(format!("Trigger={trigger}")));
    };
    response.trigger_id = client_id;
    show(&act, &args, &response).await?;
    Ok(ExecuteSlashCommandResponse {
        response: Some(response),
        error: None,
    })
}

/// The trigger of a line; only a blank ends it for plugins.
fn word(line: &str) -> String {
    let first = line.split(' ').next().unwrap_or_default();
    first.trim_start_matches('/').to_lowercase()
}

/// Asks the plugin that registered the command first. Nothing answered means that the search goes on.
async fn of_plugin(act: &Act, args: &CommandArgs) -> Result<Option<CommandResponse>, Refusal> {
    let trigger = word(&args.command);
    let plugin = act.with(|t| {
        let mut commands = t.commands.of_plugins.iter();
        let found = commands.find(|(_, command)| {
            command.trigger == trigger
                && (command.team_id.is_empty() || command.team_id == args.team_id)
        });
        found.map(|(plugin, _)| plugin.clone())
    });
    let Some(plugin) = plugin else {
        return Ok(None);
    };
    let asked = ExecuteCommandRequest {
        args: Some(args.clone()),
        ..ExecuteCommandRequest::default()
    };
    let trouble = |id| Refusal::new(id, 500).about(format!("Command={trigger} PluginId={plugin}"));
    match act.ask::<hook::ExecuteCommand>(&plugin, asked).await {
        Reply::Answered(answer) => {
            let answer = ExecuteCommandResponse::decode(answer);
            let broken = |_| trouble("model.plugin_command_crash.error.app_error");
            Ok(answer.map_err(broken)?.response)
        }
        Reply::Refused(mut error) => {
            if !(100..=999).contains(&error.status_code) {
                error.status_code = 500;
            }
            Err(Refusal::given(*error))
        }
        Reply::NotImplemented => Ok(None),
        Reply::NotRunning => Err(trouble("model.plugin_command.error.app_error")),
        Reply::Failed(text) => {
            let refusal = trouble("model.plugin_command_crash.error.app_error");
            Err(refusal.said(text))
        }
    }
}

/// Custom commands would be asked of their URLs, which nobody reaches from here; built-in ones are done.
fn of_server(t: &mut Tables, args: &CommandArgs) -> Result<Option<CommandResponse>, Refusal> {
    if !t.config.yes("ServiceSettings", "EnableCommands") {
        return Err(Refusal::new("api.command.disabled.app_error", 501));
    }
    t.teams.find(&args.team_id)?;
    t.channels.find(&args.channel_id)?;
    let trigger = word(&args.command);
    let is_meant = |command: &plugin_proto::pb::Command| {
        command.delete_at == 0 && command.team_id == args.team_id && command.trigger == trigger
    };
    if t.commands.custom.values().any(is_meant) {
        let id = "api.command.execute_command.failed.app_error";
        return Err(Refusal::new(id, 500).about(format!("Trigger={trigger}")));
    }
    if !BUILT_IN.iter().any(|(known, _)| *known == trigger) {
        return Ok(None);
    }
    let rest = args
        .command
        .split_once(' ')
        .map_or("", |(_, rest)| rest)
        .trim();
    let in_channel = |text: String| CommandResponse {
        response_type: "in_channel".to_owned(),
        text,
        ..CommandResponse::default()
    };
    Ok(Some(match trigger.as_str() {
        "me" => CommandResponse {
            r#type: "me".to_owned(),
            ..in_channel(format!("*{rest}*"))
        },
        "shrug" => in_channel(format!(r"{rest} ¯\\\_(ツ)\_/¯").trim().to_owned()),
        word => {
            status::set(t, &args.user_id, word, word != "online");
            CommandResponse {
                response_type: "ephemeral".to_owned(),
                text: format!("You are now {word}"),
                ..CommandResponse::default()
            }
        }
    }))
}

/// Posts an answer in the channel, or shows it to the user alone.
async fn show(act: &Act, args: &CommandArgs, response: &CommandResponse) -> Result<(), Refusal> {
    if response.text.is_empty() && response.attachments.is_empty() {
        return Ok(());
    }
    let failed = |details: String| {
        Refusal::new(
            "api.command.execute_command.create_post_failed.app_error",
            500,
        )
        .about(details)
    };
    let channel_id = match response.channel_id.is_empty() {
        true => args.channel_id.clone(),
        false => response.channel_id.clone(),
    };
    let elsewhere = channel_id != args.channel_id;
    if elsewhere && !act.with(|t| t.channels.has_member(&channel_id, &args.user_id)) {
        return Err(failed(format!(
            "user_id={} channel_id={channel_id}",
            args.user_id
        )));
    }
    let said = Post {
        user_id: args.user_id.clone(),
        channel_id,
        root_id: args.root_id.clone(),
        message: response.text.clone(),
        r#type: response.r#type.clone(),
        props: response.props.clone(),
        ..Post::default()
    };
    if response.response_type == "in_channel" {
        let posted = post::create_system(act, said).await;
        posted
            .map(drop)
            .map_err(|refusal| failed(refusal.to_string()))
    } else {
        act.with(|t| ephemeral::to_user(t, &args.user_id, said));
        Ok(())
    }
}
