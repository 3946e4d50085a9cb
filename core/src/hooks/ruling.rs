//! What the end of a call means to its caller: the row of the hook and the policy applied to an outcome. Pure.
//!
//! A ruling comes with the request as it is to be taken now. For a filter that is how its answer is read: whoever asked
//! `MessageWillBePosted` stores `request.post`, whatever was answered, unless the ruling [stops](Ruling::stops) it.
//!
//! A post, a file's description or a notification that comes back replaces the whole of what was sent: the wire carries whole
//! objects, and a plugin could take nothing away if what it leaves out stayed.

use bytes::Bytes;
use plugin_proto::pb::AppError;
use plugin_proto::{Method, Rpc};
use prost::{DecodeError, Message as _};

use crate::hooks::effect;
use crate::hooks::outcome::{Failure, Outcome};
use crate::hooks::table::{Failing, Row};
use crate::policy::{HookPolicy, OnFailure};

/// What a call means.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Ruling<A = Bytes> {
    /// The plugin does not have the hook: it has no opinion.
    NotImplemented,
    /// The plugin answered, and all stays as it was.
    Passed(A),
    /// The plugin answered, and changed what it was asked about.
    Changed(A),
    /// The plugin says no, and why; for `MessageWillBePosted` perhaps by the constant that stands for silence.
    Rejected(String),
    /// The plugin answered with an error.
    Refused(Box<AppError>),
    /// There was no usable answer.
    Failed {
        /// Why.
        failure: Failure,
        /// Whether the caller goes on as if the plugin had no opinion.
        passes: bool,
    },
}

/// A ruling and the request as it is to be taken now.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled<Q = Bytes, A = Bytes> {
    /// The request with what the plugin changed.
    pub request: Q,
    /// What the call means.
    pub ruling: Ruling<A>,
}

/// A ruling in the types of its hook.
pub type RuledAs<R> = Ruled<<R as Rpc>::Request, <R as Rpc>::Response>;

/// What to make of the end of a call that was made with this request.
pub fn rule(row: &Row, policy: &HookPolicy, request: &Bytes, outcome: Outcome<Bytes>) -> Ruled {
    let ruled = match outcome {
        Outcome::Answered(answer) => read(row, policy, request, answer),
        Outcome::NotImplemented => Ok((None, Ruling::NotImplemented)),
        Outcome::Refused(error) => Ok((None, Ruling::Refused(error))),
        Outcome::Failed(failure) => Err(failure),
    };
    let (changed, ruling) = ruled.unwrap_or_else(|failure| {
        let passes = passes(row, policy);
        (None, Ruling::Failed { failure, passes })
    });
    Ruled {
        request: changed.unwrap_or_else(|| request.clone()),
        ruling,
    }
}

/// Whether a failed call lets pass what it was about.
fn passes(row: &Row, policy: &HookPolicy) -> bool {
    match row.failing {
        Failing::Logged => true,
        Failing::Reported => false,
        Failing::Decides(usual) => {
            let decided = policy.on_failure.get(row.hook.name).copied();
            decided.unwrap_or(usual) == OnFailure::Pass
        }
    }
}

fn read(
    row: &Row,
    policy: &HookPolicy,
    request: &Bytes,
    answer: Bytes,
) -> Result<(Option<Bytes>, Ruling), Failure> {
    let broken = |text: String| Failure::violation(row.hook.name, text);
    row.check_answer(&answer)
        .map_err(|error| broken(error.to_string()))?;
    if let Some(reason) =
        effect::rejection(row.hook, &answer).map_err(|error| broken(error.to_string()))?
    {
        return Ok((None, Ruling::Rejected(reason)));
    }
    let changed = effect::apply(row, policy.consumed, request, &answer)
        .map_err(|error| broken(error.to_string()))?;
    let ruling = match changed {
        Some(_) => Ruling::Changed(answer),
        None => Ruling::Passed(answer),
    };
    Ok((changed, ruling))
}

impl<A> Ruling<A> {
    /// Stable word for the ruling.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotImplemented => "not_implemented",
            Self::Passed(_) => "passed",
            Self::Changed(_) => "changed",
            Self::Rejected(_) => "rejected",
            Self::Refused(_) => "refused",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether what was asked about does not happen, or there is no result.
    pub fn stops(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::Refused(_) => true,
            Self::Failed { passes, .. } => !passes,
            Self::NotImplemented | Self::Passed(_) | Self::Changed(_) => false,
        }
    }

    /// Whether the plugin did what it was asked to do; a rejection is an answer, too.
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Failed { .. })
    }

    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&A> {
        match self {
            Self::Passed(answer) | Self::Changed(answer) => Some(answer),
            _ => None,
        }
    }

    /// The error for the caller of this hook: the plugin's own as it is, or one that says how the call failed.
    pub fn error(&self, hook: &Method) -> Option<AppError> {
        match self {
            Self::Refused(error) => Some((**error).clone()),
            Self::Failed {
                failure,
                passes: false,
            } => Some(AppError {
                id: format!("plugin.grpc.{}.error", snake_case(hook.name)),
                message: format!("The plugin could not be asked: {}.", failure.kind),
                detailed_error: format!("gRPC {} call failed: {}", hook.name, failure.text),
                status_code: 500,
                r#where: hook.name.to_owned(),
                ..AppError::default()
            }),
            _ => None,
        }
    }
}

impl Ruled {
    /// The same in the types of the hook.
    ///
    /// # Errors
    /// When the request that the call was made with is none of this hook.
    pub fn typed<R: Rpc>(self) -> Result<RuledAs<R>, DecodeError> {
        let ruling = match self.ruling {
            Ruling::NotImplemented => Ruling::NotImplemented,
            Ruling::Passed(answer) => Ruling::Passed(R::Response::decode(answer)?),
            Ruling::Changed(answer) => Ruling::Changed(R::Response::decode(answer)?),
            Ruling::Rejected(reason) => Ruling::Rejected(reason),
            Ruling::Refused(error) => Ruling::Refused(error),
            Ruling::Failed { failure, passes } => Ruling::Failed { failure, passes },
        };
        Ok(Ruled {
            request: R::Request::decode(self.request)?,
            ruling,
        })
    }
}

impl Ruling<plugin_proto::pb::OnSharedChannelsPingResponse> {
    /// Whether a remote counts as healthy: a plugin without the hook does, one that cannot be asked does not.
    pub fn is_healthy(&self) -> bool {
        match self {
            Self::NotImplemented => true,
            ruling => ruling.answer().is_some_and(|answer| answer.healthy),
        }
    }
}

/// `ExecuteCommand` as `execute_command`; of several capitals in a row the last begins a word.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && letters[at - 1].is_lowercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
