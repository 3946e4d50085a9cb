//! What each hook answers, given how its handler came out: the only place that knows the hooks' answers.
//!
//! A failure is answered in band: as an AppError where the answer has one, as a rejection where the hook may reject, and
//! not at all where the hook is a notification.

use bytes::Bytes;
use plugin_proto::pb::{
    AppError, CommandResponse, ExecuteCommandResponse, MessageWillBePostedResponse,
    OnSharedChannelsPingResponse, Post, UserWillLogInResponse,
};
use prost::Message as _;
use serde_json::Value;
use tonic::Status;

use super::input::{Body, Input};
use crate::fault::Fault;
use crate::serve::in_band;

/// The reason by which a post is dropped without a word to its author (Mattermost `plugin/hooks.go`).
const DISMISS: &str = "plugin.message_will_be_posted.dismiss_post";

/// How a handler came out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Allowed,
    Modified,
    Rejected(String),
    Dismissed,
    Failed(String),
    Told(Value),
}

/// The answer of this hook.
pub(super) fn reply(
    input: &Input,
    outcome: &Outcome,
    fault: Option<Fault>,
) -> Result<Bytes, Status> {
    let name = input.method.name;
    if let Outcome::Failed(why) = outcome {
        let as_status = fault == Some(Fault::ErrorAsStatus)
            || (fault == Some(Fault::ActivateErrorAsStatus) && name == "OnActivate");
        if as_status {
            return Err(Status::unknown(format!(
                "Exception calling application: {why}"
            )));
        }
    }
    Ok(match &input.body {
        Body::WillBePosted(request) => {
            post_reply(request.post.clone().unwrap_or_default(), outcome, fault)
                .encode_to_vec()
                .into()
        }
        Body::HasBeenPosted(_) => Bytes::new(),
        Body::Command(request) => {
            let command = request
                .args
                .as_ref()
                .map(|args| args.command.clone())
                .unwrap_or_default();
            command_reply(command, outcome, fault)
                .encode_to_vec()
                .into()
        }
        Body::Login(_) => UserWillLogInResponse {
            rejection_reason: login_reason(outcome, fault),
        }
        .encode_to_vec()
        .into(),
        Body::Other(_) => match name {
            "OnSharedChannelsPing" => {
                let healthy =
                    failure(outcome).is_none() || fault == Some(Fault::PingFailureHealthy);
                OnSharedChannelsPingResponse {
                    healthy: healthy && fault != Some(Fault::PingUnhealthy),
                }
                .encode_to_vec()
                .into()
            }
            _ => plain_reply(name, outcome, fault),
        },
    })
}

/// A rejection where nothing can be rejected is a failure.
fn failure(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Failed(why) | Outcome::Rejected(why) => Some(why),
        _ => None,
    }
}

/// Success, which is an empty message in all these hooks, or the error in band.
fn plain_reply(name: &str, outcome: &Outcome, fault: Option<Fault>) -> Bytes {
    let Some(why) = failure(outcome) else {
        return Bytes::new();
    };
    let mut error = app_error(name, why);
    match (fault, name) {
        (Some(Fault::ActivateErrorSwallowed), "OnActivate")
        | (Some(Fault::DeactivateErrorSwallowed), "OnDeactivate")
        | (Some(Fault::ConfigurationErrorSwallowed), "OnConfigurationChange") => {
            return Bytes::new();
        }
        (Some(Fault::ActivateErrorTextLost), "OnActivate") => {
            error.message = "An error occurred.".to_owned()
        }
        (Some(Fault::ActivateErrorWhereWrong), "OnActivate") => {
            error.r#where = "OnDeactivate".to_owned()
        }
        (Some(Fault::ActivateErrorIdEmpty), "OnActivate") => error.id = String::new(),
        _ => {}
    }
    in_band(error)
}

fn post_reply(
    mut post: Post,
    outcome: &Outcome,
    fault: Option<Fault>,
) -> MessageWillBePostedResponse {
    let rejecting = |reason: String| MessageWillBePostedResponse {
        modified_post: None,
        rejection_reason: reason,
    };
    match outcome {
        Outcome::Allowed if fault == Some(Fault::AllowRejects) => {
            rejecting("rejected by plugin".to_owned())
        }
        Outcome::Allowed => rejecting(String::new()),
        Outcome::Rejected(_) if fault == Some(Fault::RejectDropped) => rejecting(String::new()),
        Outcome::Rejected(_) if fault == Some(Fault::RejectTextLost) => {
            rejecting("rejected by plugin".to_owned())
        }
        Outcome::Rejected(why) => rejecting(why.clone()),
        Outcome::Dismissed if fault == Some(Fault::DismissAltered) => {
            rejecting("plugin.message_will_be_posted.dismissed".to_owned())
        }
        Outcome::Dismissed => rejecting(DISMISS.to_owned()),
        Outcome::Failed(_) if fault == Some(Fault::ErrorAllows) => rejecting(String::new()),
        Outcome::Failed(why) => rejecting(format!("Plugin error: {why}")),
        Outcome::Told(told) => rejecting(told.to_string()),
        Outcome::Modified if fault == Some(Fault::ModifyDropped) => rejecting(String::new()),
        Outcome::Modified => {
            post.message.push_str(" [modified]");
            match fault {
                Some(Fault::ModifyDropsProps) => post.props = None,
                Some(Fault::ModifyDropsFields) => {
                    post = Post {
                        message: post.message,
                        ..Post::default()
                    }
                }
                _ => {}
            }
            let reason = if fault == Some(Fault::ModifyRejects) {
                "modified"
            } else {
                ""
            };
            MessageWillBePostedResponse {
                modified_post: Some(post),
                rejection_reason: reason.to_owned(),
            }
        }
    }
}

fn command_reply(
    mut command: String,
    outcome: &Outcome,
    fault: Option<Fault>,
) -> ExecuteCommandResponse {
    match outcome {
        Outcome::Failed(why) if fault != Some(Fault::CommandErrorSwallowed) => {
            return ExecuteCommandResponse {
                error: Some(app_error("ExecuteCommand", why)),
                response: None,
            };
        }
        Outcome::Rejected(why) => command.clone_from(why),
        Outcome::Modified => command.push_str(" [modified]"),
        Outcome::Told(told) => command = told.to_string(),
        _ => {}
    }
    let response = CommandResponse {
        response_type: "ephemeral".to_owned(),
        text: command,
        ..CommandResponse::default()
    };
    ExecuteCommandResponse {
        error: None,
        response: Some(response).filter(|_| fault != Some(Fault::CommandResponseLost)),
    }
}

fn login_reason(outcome: &Outcome, fault: Option<Fault>) -> String {
    match outcome {
        Outcome::Rejected(_) if fault == Some(Fault::LoginRejectDropped) => String::new(),
        Outcome::Failed(_) if fault == Some(Fault::ErrorAllows) => String::new(),
        Outcome::Rejected(why) => why.clone(),
        Outcome::Dismissed => DISMISS.to_owned(),
        Outcome::Failed(why) => format!("Plugin error: {why}"),
        Outcome::Told(told) => told.to_string(),
        Outcome::Allowed | Outcome::Modified => String::new(),
    }
}

fn app_error(hook: &str, why: &str) -> AppError {
    AppError {
        id: format!("plugin.{}.error", snake_case(hook)),
        message: why.to_owned(),
        status_code: 500,
        r#where: hook.to_owned(),
        ..AppError::default()
    }
}

/// `OnActivate` as `on_activate`.
pub(super) fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
