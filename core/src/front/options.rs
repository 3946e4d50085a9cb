//! What an application can set about its front.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use crate::front::record::Access;

/// Says who a request comes from; nothing for a visitor without a login.
pub type Identify = Arc<dyn Fn(&Parts) -> Option<Session> + Send + Sync>;

/// Hears of each request when it has ended.
pub type OnAccess = Arc<dyn Fn(&Access) + Send + Sync>;

/// Whose request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user, told in the header `Mattermost-User-Id`.
    pub user_id: String,
    /// The login, told in the plugin context.
    pub session_id: String,
}

/// Everything an application can set about its front.
#[derive(Clone, Default)]
pub struct FrontOptions {
    /// What a client may take.
    pub limits: Limits,
    /// Whether `/`, `/status`, `/status.json` and `/metrics` are answered. They tell about the host, so they are off by default.
    pub pages: bool,
    /// Who requests come from. Without it nobody is logged in.
    pub identify: Option<Identify>,
    /// Hears of each request. The same goes to the log, target `plugin_host::access`.
    pub on_access: Option<OnAccess>,
}

impl fmt::Debug for FrontOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontOptions")
            .field("limits", &self.limits)
            .field("pages", &self.pages)
            .field("identify", &self.identify.is_some())
            .field("on_access", &self.on_access.is_some())
            .finish()
    }
}

/// What a client may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; more wait until one ends.
    pub connections: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub streams: u32,
    /// Bytes of the request line and all headers together; more is answered by 431.
    pub header_bytes: u32,
    /// Headers of a request; more is answered by 431.
    pub headers: usize,
    /// Bytes of a request's body; more is answered by 413. Without a limit, the plugin decides.
    pub body_bytes: Option<u64>,
    /// From the connection, or the end of the request before, to a whole head; after it the connection is closed.
    pub header_read: Duration,
    /// How long a client may take nothing of an answer; then on HTTP/1.1 the connection is closed, on HTTP/2 the stream reset.
    pub write_stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            // Enough for a page with all its parts; hyper's default is 200.
            streams: 128,
            header_bytes: 64 * 1024,
            // As many as hyper has room for without asking for memory at each request.
            headers: 100,
            body_bytes: None,
            header_read: Duration::from_secs(30),
            write_stall: Duration::from_secs(120),
        }
    }
}
