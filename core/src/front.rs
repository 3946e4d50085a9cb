//! The HTTP front: browsers and curl on one side, the plugins of an environment on the other.
//!
//! ```text
//!  TCP ─> version ─> hyper ─> route ─> visitor ─> Hooks::serve_http ─> answer, piece by piece
//!            │ HTTP/1.1, HTTP/2      │ no secrets, request id              │ not whole: the connection or stream breaks off
//!            └ limits                └ status page, metrics, refusals      └ one record per request
//! ```
//!
//! Path and query reach the plugin as the client wrote them, without `/plugins/{id}`; the request URI keeps even that. Nothing is
//! buffered but what hyper holds for a connection, so bodies of any size cost the same memory.
//!
//! What this does not do: log users in (an application says who somebody is, [`FrontOptions::identify`]), serve the files below
//! `/plugins/{id}/public/`, which Mattermost's server serves itself, or speak TLS.

mod options;

mod route;

mod visitor;

mod request_id;

mod refusal;

mod page;

mod gauges;

mod record;

mod upload;

mod turn;

mod answer;

mod handler;

mod socket;

mod connection;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use plugin_proto::ending::Ending;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use options::{FrontOptions, Identify, Limits, OnAccess, Session};
pub use record::{Access, AccessEnd};

use crate::environment::Environment;
use handler::Handler;

/// A running front. Dropping it closes everything at once.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    ending: Ending,
    accepting: JoinHandle<()>,
}

impl Front {
    /// Serves the plugins of an environment on a listener. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(
        listener: TcpListener,
        environment: Environment,
        options: FrontOptions,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (ending, tasks) = Ending::new();
        let handler = Arc::new(Handler::new(environment, options, tasks.clone()));
        let accepting = tokio::spawn(connection::accept(listener, handler, tasks));
        Ok(Self {
            address,
            ending,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends: the port is freed, requests that are under way have `within` to end, and what is left then breaks off. Answers whether
    /// nothing was left.
    pub async fn stop(mut self, within: Duration) -> bool {
        self.accepting.abort();
        // An aborted task answers with an error, which says nothing new.
        let _ = (&mut self.accepting).await;
        self.ending.stop(within).await
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
