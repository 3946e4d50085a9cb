//! Faults of the reference's `ServeHTTP` caller, each as a switch. Pure.
//!
//! What a fault does is where the rule is that it breaks: `http_rules`, and the stream in `hooks`.

/// One switch for each fault; `false` is the right behaviour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpFaults {
    /// A stream that ends without `body_complete` is a whole answer.
    pub accept_half_close: bool,
    /// Nothing is read after `body_complete`: no message that follows it, no status.
    pub stop_at_completion: bool,
    /// A first message without a head stands for the status 200, and later heads are passed over.
    pub accept_missing_head: bool,
    /// A stream that breaks within the body ends the answer as if it were whole.
    pub end_broken_answers: bool,
    /// A status of 100 to 199 is passed on as if it were final.
    pub pass_interim_statuses: bool,
    /// Headers go through unseen, both ways: those of one connection, and those that are no headers.
    pub pass_all_headers: bool,
    /// The body is not compared with the `Content-Length` of its head.
    pub ignore_lengths: bool,
    /// A request's body goes on when the answer is complete, and the answer is not over before it.
    pub never_end_uploads: bool,
    /// Nothing limits how long a stream may stand still.
    pub no_deadlines: bool,
}

impl HttpFaults {
    /// All of them.
    pub fn reference() -> Self {
        Self {
            accept_half_close: true,
            stop_at_completion: true,
            accept_missing_head: true,
            end_broken_answers: true,
            pass_interim_statuses: true,
            pass_all_headers: true,
            ignore_lengths: true,
            never_end_uploads: true,
            no_deadlines: true,
        }
    }
}
