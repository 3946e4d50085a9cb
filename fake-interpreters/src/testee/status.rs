//! A gRPC status of the API's server as an error: servers exist that tell by it what they refused. Pure.

use serde_json::{Value, json};
use tonic::{Code, Status};

/// The error that the client raises. A text of the form `id: message` is taken apart, and the code stands for an HTTP one.
pub(super) fn error(status: &Status) -> Value {
    let text = status.message();
    let parts = text.split_once(": ").filter(|(id, _)| is_id(id));
    let (id, message) = parts.unwrap_or(("", text));
    json!({ "id": id, "status_code": http(status.code()), "message": message })
}

/// Dotted words; the texts of gRPC itself do not begin so.
fn is_id(text: &str) -> bool {
    let word = |word: &str| {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        !word.is_empty() && word.chars().all(fits)
    };
    text.contains('.') && text.split('.').all(word)
}

/// The HTTP status behind a code (Mattermost `pluginapi` server: AppErrorToStatus), 0 where there is none.
fn http(code: Code) -> i32 {
    match code {
        Code::InvalidArgument => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists => 409,
        Code::ResourceExhausted => 429,
        Code::Internal => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_an_id_are_taken_apart_and_others_are_not() {
        let read = |text: &str| error(&Status::not_found(text));
        assert_eq!(
            read("app.user.missing.app_error: no such user: x"),
            json!({"id": "app.user.missing.app_error", "status_code": 404, "message": "no such user: x"})
        );
        for text in ["transport error: closed", "no text", ": x", "a..b: x"] {
            assert_eq!(read(text)["id"], "", "{text}");
            assert_eq!(read(text)["message"], text);
        }
    }
}
