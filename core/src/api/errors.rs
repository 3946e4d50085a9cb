//! An `AppError` as a gRPC status: the other way in which errors travel, which Mattermost's own host has for most methods. Pure.
//!
//! Only id and message survive, and of the HTTP status a class.

use plugin_proto::pb::AppError;
use tonic::{Code, Status};

/// The gRPC code for an HTTP status.
pub fn code(http: i32) -> Code {
    match http {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::AlreadyExists,
        413 | 429 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// The status that an error is.
pub fn status(error: &AppError) -> Status {
    Status::new(
        code(error.status_code),
        format!("{}: {}", error.id, error.message),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(400, Code::InvalidArgument)]
    #[case(401, Code::Unauthenticated)]
    #[case(403, Code::PermissionDenied)]
    #[case(404, Code::NotFound)]
    #[case(409, Code::AlreadyExists)]
    #[case(413, Code::ResourceExhausted)]
    #[case(429, Code::ResourceExhausted)]
    #[case(501, Code::Unimplemented)]
    #[case(503, Code::Unavailable)]
    fn rows_of_the_table(#[case] http: i32, #[case] expected: Code) {
        let error = AppError {
            id: "a.b.app_error".to_owned(),
            message: "no: ä".to_owned(),
            status_code: http,
            ..AppError::default()
        };
        let status = status(&error);
        assert_eq!(
            (status.code(), status.message()),
            (expected, "a.b.app_error: no: ä")
        );
    }

    #[test]
    fn everything_else_is_internal() {
        let rows = [400, 401, 403, 404, 409, 413, 429, 501, 503];
        for http in (-1..=1000).filter(|http| !rows.contains(http)) {
            assert_eq!(code(http), Code::Internal, "{http}");
        }
    }
}
