//! `AppError error = 1` in any answer that has one, without knowing the rest of the message. Pure.
//!
//! Every answer of the API and of the fallible hooks carries its error in this place.

use bytes::Bytes;
use plugin_proto::pb::AppError;
use prost::Message;

/// What all those answers have in common.
#[derive(Clone, PartialEq, Message)]
struct OnlyError {
    #[prost(message, optional, tag = "1")]
    error: Option<AppError>,
}

/// An answer that is nothing but this error.
pub fn encode(error: AppError) -> Bytes {
    OnlyError { error: Some(error) }.encode_to_vec().into()
}

/// The error in an answer, if there is one; a present error is one, also with all its fields empty.
pub fn decode(answer: &Bytes) -> Result<Option<AppError>, prost::DecodeError> {
    Ok(OnlyError::decode(answer.clone())?.error)
}

/// An error as one line, for logs and for errors that carry it: message, id and code, as far as they are there.
pub fn describe(error: &AppError) -> String {
    let text = match (error.message.as_str(), error.detailed_error.as_str()) {
        ("", "") => "no message",
        ("", detail) => detail,
        (message, "") => message,
        (message, detail) => &format!("{message}, {detail}"),
    };
    let id = match error.id.as_str() {
        "" => "no id",
        id => id,
    };
    format!("{text} ({id}, {})", error.status_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::pb::{KvGetResponse, KvListResponse};

    #[test]
    fn the_error_is_found_beside_a_result() {
        let error = AppError {
            id: "x".to_owned(),
            ..AppError::default()
        };
        let answer = KvGetResponse {
            error: Some(error.clone()),
            value: "v".into(),
        };
        assert_eq!(decode(&answer.encode_to_vec().into()).unwrap(), Some(error));
        let answer = KvListResponse {
            error: None,
            keys: vec!["k".to_owned()],
        };
        assert_eq!(decode(&answer.encode_to_vec().into()).unwrap(), None);
        assert!(decode(&Bytes::from_static(b"\x0a\xff")).is_err());
    }

    #[test]
    fn an_empty_error_is_an_error() {
        let answer = encode(AppError::default());
        assert_eq!(decode(&answer).unwrap(), Some(AppError::default()));
    }

    #[test]
    fn descriptions_leave_nothing_out() {
        let error = AppError {
            id: "a.b".to_owned(),
            message: "no".to_owned(),
            detailed_error: "why".to_owned(),
            status_code: 400,
            ..AppError::default()
        };
        assert_eq!(describe(&error), "no, why (a.b, 400)");
        assert_eq!(describe(&AppError::default()), "no message (no id, 0)");
    }
}
