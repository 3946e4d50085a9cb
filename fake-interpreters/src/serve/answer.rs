//! Gives the answer that a script names for a call.

use std::time::Duration;

use bytes::Bytes;
use plugin_proto::method::Form;
use plugin_proto::pb::{AppError, OnActivateResponse};
use plugin_proto::{Method, reflect};
use prost::Message as _;
use tonic::{Code, Status};

use crate::apiclient::{self, ApiClient};
use crate::script::{Answer, InBand, Refused, Repeated, SignalName};
use crate::stage::{Stage, lock};
use crate::wire;

/// Plays an answer; those that end the process or cut the connection do not return.
pub(crate) async fn play(
    stage: &Stage,
    api: &ApiClient,
    method: Option<&Method>,
    mut answer: &Answer,
) -> Result<Bytes, Status> {
    loop {
        match answer {
            Answer::After(ms, then) => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                answer = then;
            }
            Answer::Api(order, then) => {
                apiclient::obey(stage, api, order).await;
                answer = then;
            }
            Answer::Value(value) => {
                let method = method
                    .ok_or_else(|| Status::internal("this path has no message for a value"))?;
                return reflect::from_json(method, Form::Response, value)
                    .map_err(|error| Status::internal(error.to_string()));
            }
            Answer::Error(error) => return Ok(in_band(app_error(error))),
            Answer::Status(refused) => {
                return Err(status(refused));
            }
            Answer::Raw(bytes) => return Ok(bytes.clone().into()),
            Answer::Repeated(repeated) => return Ok(many_bytes(repeated)),
            Answer::Wire(wire) => {
                let Some(bytes) = wire::bytes(*wire) else {
                    return Err(wire::marked(*wire));
                };
                *lock(&stage.spoilt) = Some(bytes);
                return Ok(Bytes::new());
            }
            Answer::Hang => std::future::pending().await,
            Answer::Exit(code) => stage.exit(*code, "answer"),
            Answer::Raise(signal) => {
                stage.raise(*signal);
                if *signal == SignalName::Stop {
                    // Somebody has continued it.
                    return Ok(Bytes::new());
                }
                std::future::pending().await
            }
            Answer::Close => {
                stage.cuts.send_modify(|cuts| *cuts += 1);
                std::future::pending().await
            }
        }
    }
}

/// The status that a script names.
pub(super) fn status(refused: &Refused) -> Status {
    Status::new(code(&refused.code), refused.message.clone())
}

fn many_bytes(repeated: &Repeated) -> Bytes {
    let mut bytes = repeated.head_hex.clone();
    bytes.extend_from_slice(&repeated.unit_hex.repeat(repeated.times));
    bytes.into()
}

/// The bytes of an answer that is nothing but this error: it is field 1 of every answer that has one.
pub(crate) fn in_band(error: AppError) -> Bytes {
    OnActivateResponse { error: Some(error) }
        .encode_to_vec()
        .into()
}

fn app_error(error: &InBand) -> AppError {
    AppError {
        id: error.id.clone(),
        message: error.message.clone(),
        detailed_error: error.detailed_error.clone(),
        status_code: error.status_code,
        r#where: error.place.clone(),
        ..AppError::default()
    }
}

/// The code of that name; a number is taken as it is, and what is neither is UNKNOWN.
fn code(name: &str) -> Code {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let number = NAMES
        .iter()
        .position(|known| *known == name)
        .and_then(|at| i32::try_from(at).ok());
    Code::from_i32(number.or_else(|| name.parse().ok()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_grpc_specification() {
        for (name, expect) in [
            ("OK", Code::Ok),
            ("CANCELLED", Code::Cancelled),
            ("UNIMPLEMENTED", Code::Unimplemented),
            ("INTERNAL", Code::Internal),
            ("UNAUTHENTICATED", Code::Unauthenticated),
            ("5", Code::NotFound),
            ("nonsense", Code::Unknown),
        ] {
            assert_eq!(code(name), expect, "{name}");
        }
    }
}
