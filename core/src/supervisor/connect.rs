//! From an announced address to a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plugin_proto::connect::{self, ConnectError, Preface};
use plugin_proto::dial::{Peer, Target, Wrap};
use tonic::transport::Channel;

use crate::handshake::Address;
use crate::supervisor::error::StartCause;

/// Connects to the announced address: to the first of its addresses that takes the connection, which is told.
pub(super) async fn connect_to(
    address: &Address,
    wrap: Option<Arc<dyn Wrap>>,
    within: Duration,
) -> Result<(Peer, Channel, Preface), StartCause> {
    let peer = |target| Peer {
        target,
        wrap: wrap.clone(),
    };
    if let Address::Unix { path } = address {
        return connected(peer(Target::Unix(path.into())), within)
            .await
            .map_err(Into::into);
    }
    let until = Instant::now() + within;
    let mut refused = None;
    for socket in address.resolve().await.map_err(StartCause::Resolve)? {
        let left = until.saturating_duration_since(Instant::now());
        match connected(peer(Target::Tcp(socket.to_string())), left).await {
            Err(error @ ConnectError::Refused { .. }) => refused = Some(error),
            connected => return Ok(connected?),
        }
    }
    Err(match refused {
        Some(error) => error.into(),
        None => StartCause::Connect(ConnectError::Refused {
            target: Target::Tcp(address.to_string()),
            source: std::io::ErrorKind::AddrNotAvailable.into(),
        }),
    })
}

async fn connected(peer: Peer, within: Duration) -> Result<(Peer, Channel, Preface), ConnectError> {
    let (channel, preface) = connect::connect(peer.clone(), within).await?;
    Ok((peer, channel, preface))
}
