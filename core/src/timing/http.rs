//! How long an HTTP request to a plugin may stand still, and on whose account. Pure.

use std::time::Duration;

/// The limits of one stream of `ServeHTTP`. The reference has none.
///
/// While something comes or goes no limit counts but `total`. What counts where the stream stands still depends on whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTiming {
    /// The plugin has the request, as far as it takes it, and says nothing: so long until the head of its answer. By default the
    /// hook's own deadline.
    pub first_byte: Option<Duration>,
    /// The same after the head, from message to message. A plugin that sends events now and then wants this long. Time in which
    /// nobody takes the body is not counted. By default the hook's own deadline.
    pub idle: Option<Duration>,
    /// The client has begun a body, sends no more of it, and the plugin says nothing either.
    pub upload_idle: Duration,
    /// All of it, whoever is slow; no limit by default. It is looked at while somebody waits for the plugin: a client that takes
    /// nothing is to be ended by whoever speaks with it.
    pub total: Option<Duration>,
    /// From the last message of an answer to the end of its stream. Then the stream is reset: the answer is whole all the same.
    pub end: Duration,
}

impl Default for HttpTiming {
    fn default() -> Self {
        Self {
            first_byte: None,
            idle: None,
            upload_idle: Duration::from_secs(60),
            total: None,
            end: Duration::from_secs(2),
        }
    }
}
