//! Answers that are none: each breaks one rule of gRPC or of HTTP/2. Names only; what they are as bytes is in `wire`.

use serde::{Deserialize, Serialize};

macro_rules! wires {
    ($($(#[doc = $doc:literal])+ $name:ident,)*) => {
        /// One way to break a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Wire { $($(#[doc = $doc])+ $name,)* }

        impl Wire {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

wires! {
    /// The message is marked as compressed, and no compression was agreed on.
    Compressed,
    /// The mark of compression is neither 0 nor 1.
    OddFlag,
    /// A message is said to be longer than what follows.
    Short,
    /// A message is said to have 4 GiB.
    Huge,
    /// Bytes follow the message that are no message.
    Trailing,
    /// Nothing comes but the status OK.
    NoMessage,
    /// The status is no number.
    OddStatus,
    /// A web page.
    Page,
    /// HTTP status 503 and nothing of gRPC.
    Http503,
    /// The headers are bigger than clients take.
    BigHeaders,
    /// The stream is reset after the headers.
    Reset,
    /// The connection is said to go away, this call not having been taken.
    GoAway,
    /// The connection goes on in bytes that are no HTTP/2.
    Garbage,
}
