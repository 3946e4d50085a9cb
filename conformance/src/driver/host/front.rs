//! The HTTP front: opened and closed by order.

use std::sync::Arc;
use std::time::Duration;

use plugin_host::front::{Front, FrontOptions, Identify, Limits, Session};
use tokio::net::TcpListener;

use super::{Answer, Host, refusal, told};
use crate::driver::fault::Fault;
use crate::driver::front_proxy;
use crate::driver::protocol::Refusal;
use crate::driver::protocol::http::{FrontClosed, FrontOpened, FrontOrder};

impl Host {
    pub(super) async fn open_front(&self, order: FrontOrder) -> Answer {
        let mut open = self.front.lock().await;
        if open.is_some() {
            return Err(refusal("front.open", "the front is open already"));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let mut options = options(order);
        if self.has(Fault::TrustsClients) {
            options.identify = Some(whoever());
        }
        let listen = |error: std::io::Error| refusal("front.listen", &error.to_string());
        let front =
            listener.and_then(|listener| Front::start(listener, self.environment.clone(), options));
        let mut address = open.insert(front.map_err(listen)?).address();
        if let Some(fault) = self.fault
            && front_proxy::is_before_the_front(fault)
        {
            address = front_proxy::before(fault, address).await.map_err(listen)?;
        }
        told(&FrontOpened {
            address: address.to_string(),
        })
    }

    pub(super) async fn close_front(&self, within: Duration) -> Answer {
        let front = self.front.lock().await.take();
        let front = front.ok_or_else(not_open)?;
        told(&FrontClosed {
            drained: front.stop(within).await,
        })
    }
}

/// Takes a client for whoever it says that it is.
fn whoever() -> Identify {
    Arc::new(|head| {
        let user = head.headers.get("Mattermost-User-Id")?;
        Some(Session {
            user_id: user.to_str().ok()?.to_owned(),
            session_id: "claimed".to_owned(),
        })
    })
}

fn not_open() -> Refusal {
    refusal("front.closed", "the front is not open")
}

fn options(order: FrontOrder) -> FrontOptions {
    let default = Limits::default();
    let milliseconds = |given: Option<u64>, default| given.map_or(default, Duration::from_millis);
    let limits = Limits {
        connections: order.connections.unwrap_or(default.connections),
        header_bytes: order.header_bytes.unwrap_or(default.header_bytes),
        body_bytes: order.body_bytes.or(default.body_bytes),
        header_read: milliseconds(order.header_read_ms, default.header_read),
        write_stall: milliseconds(order.write_stall_ms, default.write_stall),
        ..default
    };
    let session = order.user.map(|user_id| Session {
        user_id,
        session_id: "front".to_owned(),
    });
    FrontOptions {
        limits,
        pages: order.pages,
        identify: session.map(|session| -> Identify { Arc::new(move |_| Some(session.clone())) }),
        on_access: None,
    }
}
