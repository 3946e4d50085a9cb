//! The tickets by which somebody who did something may be shown a dialog: signed, and good for half a minute.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::memory::{Refusal, Tables};

/// How long a ticket is good for, in milliseconds.
const LIFE: i64 = 30_000;
/// Length of a signature, in bytes.
const SIGNATURE: usize = 32;

/// A new ticket for a user: what the client calls it, and the ticket.
pub(super) fn make(t: &mut Tables, user_id: &str) -> (String, String) {
    let client_id = t.new_id();
    let content = format!("{client_id}:{user_id}:{}", t.now());
    let signature = STANDARD.encode(sign(t, &content));
    (client_id, STANDARD.encode(format!("{content}:{signature}")))
}

fn sign(t: &Tables, content: &str) -> Vec<u8> {
    Sha256::digest(format!("{}:{content}", t.installation.secret()).as_bytes()).to_vec()
}

/// What the client calls a ticket, and whose it is.
pub(super) fn read(t: &Tables, ticket: &str) -> Result<(String, String), Refusal> {
    let refuse = |reason: &str| {
        Refusal::new(
            format!("interactive_message.decode_trigger_id.{reason}"),
            400,
        )
    };
    let undecoded = || refuse("base64_decode_failed");
    let text = STANDARD.decode(ticket).map_err(|_| undecoded())?;
    let text = String::from_utf8(text).map_err(|_| undecoded())?;
    let parts: Vec<_> = text.split(':').collect();
    let [client_id, user_id, made_at, signature] = parts[..] else {
        return Err(refuse("missing_data"));
    };
    let age = t.now() - made_at.parse().unwrap_or(0);
    if age > LIFE {
        return Err(refuse("expired"));
    }
    let signature = STANDARD.decode(signature);
    let signature = signature.map_err(|_| refuse("base64_decode_failed_signature"))?;
    if signature.len() != SIGNATURE {
        return Err(refuse("signature_decode_failed"));
    }
    if signature != sign(t, &format!("{client_id}:{user_id}:{made_at}")) {
        return Err(refuse("verify_signature_failed"));
    }
    Ok((client_id.to_owned(), user_id.to_owned()))
}
