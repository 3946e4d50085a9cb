//! What becomes of the head of an answer: the status, the headers and the body that a client gets. Pure.
//!
//! A status of 100 to 199 is no answer but the promise of one, and a stream has one head: such an answer is treated like one whose status
//! HTTP does not have. Passed on, it would become whatever the server says after it.

use http::{HeaderMap, StatusCode, header};
use plugin_proto::pb::{HttpHeader, ServeHttpResponseInit};

use super::fields::{self, FieldError};
use super::length::{self, LengthError};
use crate::body::{self, Violation};
use crate::policy::HttpFaults;

/// What a client gets, as far as the head decides it. Whoever speaks HTTP follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponsePlan {
    /// The status; never an interim one.
    pub status: StatusCode,
    /// The headers, in the plugin's order, without what belongs to one connection.
    pub headers: HeaderMap,
    /// What becomes of the body.
    pub body: BodyPlan,
    /// How many bytes the body has, where the head says so. Of a body that is discarded it says nothing.
    pub length: Option<u64>,
}

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyPlan {
    /// It goes to the client.
    Forward,
    /// The answer has none by its nature (to HEAD; 204, 205 and 304), whatever the plugin sends.
    Discard,
}

/// Why a head is none that a client can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The status is none of HTTP.
    #[error(transparent)]
    Status(#[from] Violation),
    /// The status announces another one that never comes.
    #[error("the status {0} is an interim one, and no other follows it")]
    Interim(u16),
    /// The headers cannot be sent.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The length cannot be told.
    #[error(transparent)]
    Length(#[from] LengthError),
}

impl AnswerError {
    /// Whether the status itself is wrong, which the reference answers with 500; all else makes the plugin a bad gateway.
    pub fn is_status(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Interim(_))
    }
}

/// Reads the head of an answer to a request with this method. The head keeps what can be passed on, in the plugin's own spelling.
///
/// # Errors
/// When there is something in it that cannot.
pub fn plan(
    method: &str,
    head: &mut ServeHttpResponseInit,
    faults: &HttpFaults,
) -> Result<ResponsePlan, AnswerError> {
    let number = body::status(head.status_code)?;
    let status = StatusCode::from_u16(number).map_err(|_| Violation::Status(head.status_code))?;
    if status.is_informational() && !faults.pass_interim_statuses {
        return Err(AnswerError::Interim(number));
    }
    head.status_code = number.into();
    let mut headers = if faults.pass_all_headers {
        fields::unchecked(&head.headers)
    } else {
        fields::remove_hop_by_hop(&mut head.headers);
        fields::checked(&head.headers)?
    };
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let announced = match length::announced(lengths.map(|value| value.as_bytes())) {
        Ok(announced) => announced,
        Err(_) if faults.ignore_lengths => None,
        Err(error) => return Err(error.into()),
    };
    // The status says that there is no body, so there is no length of one (RFC 9110, 8.6).
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if bodiless {
        headers.remove(header::CONTENT_LENGTH);
        head.headers.retain(|header| !is_length(header));
    } else if let Some(announced) = announced {
        // Said once, whatever the plugin did: who reads it need not know that lists are allowed.
        headers.insert(header::CONTENT_LENGTH, announced.into());
    }
    let discarded = bodiless || status == StatusCode::NOT_MODIFIED || method == "HEAD";
    let (body, length) = match discarded {
        true => (BodyPlan::Discard, None),
        false => (BodyPlan::Forward, announced),
    };
    Ok(ResponsePlan {
        status,
        headers,
        body,
        length: length.filter(|_| !faults.ignore_lengths),
    })
}

fn is_length(header: &HttpHeader) -> bool {
    header
        .key
        .eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str())
}

#[cfg(test)]
mod tests;
