//! Answers for the methods that have no handler, and for those whose handler broke. Pure.
//!
//! Invariant: every method of the contract is answered, in band.

use std::collections::HashMap;
use std::sync::OnceLock;

use bytes::Bytes;
use plugin_proto::pb::AppError;
use plugin_proto::{API, Method, Methods};
use tonic::Status;

use crate::in_band;

/// Id of the error that stands in for a method without a handler.
pub const NOT_IMPLEMENTED: &str = "plugin.api.not_implemented.app_error";
/// Id of the error that stands in for the answer of a handler that panicked.
pub const PANICKED: &str = "plugin.api.panic.app_error";

/// The API method with that gRPC path.
pub fn row(path: &str) -> Option<&'static Method> {
    static ROWS: OnceLock<HashMap<&'static str, &'static Method>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| API.iter().map(|row| (row.path, row)).collect());
    rows.get(path).copied()
}

/// Lets a table answer every API method: those without a handler with 501 in band. Other paths stay UNIMPLEMENTED.
pub fn fill(methods: &mut Methods) {
    methods.fallback(|call| {
        let answer = match row(&call.path) {
            Some(method) => Ok(not_implemented(method)),
            None => Err(Status::unimplemented(format!(
                "unknown method {}",
                call.path
            ))),
        };
        async move { answer }
    });
}

fn not_implemented(method: &Method) -> Bytes {
    in_band::encode(AppError {
        id: NOT_IMPLEMENTED.to_owned(),
        message: format!("This host does not implement {}.", method.name),
        status_code: 501,
        r#where: method.name.to_owned(),
        ..AppError::default()
    })
}

/// The answer of a handler that panicked.
pub fn panicked(method: &Method, text: &str) -> Bytes {
    in_band::encode(AppError {
        id: PANICKED.to_owned(),
        message: format!("{} failed inside the host.", method.name),
        detailed_error: text.to_owned(),
        status_code: 500,
        r#where: method.name.to_owned(),
        ..AppError::default()
    })
}
