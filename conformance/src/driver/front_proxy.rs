//! A peer of bytes between a client and the HTTP front: the seam for faults in what clients send and get.
//!
//! The driver tells its address in place of the front's. Every connection carries one request; all passes unchanged but for the one fault.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::fault::Fault;

/// Whether a fault needs this peer.
pub(super) fn is_before_the_front(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::TellsSuccess
            | Fault::TidiesPaths
            | Fault::AddsBodies
            | Fault::FlipsBytes
            | Fault::HoldsAnswers
            | Fault::KeepsStreams
            | Fault::MixesPages
            | Fault::CompletesUploads
            | Fault::WaitsForUploads
    )
}

/// The byte of an answer that [`Fault::FlipsBytes`] is about: beyond one piece of a body.
const FLIPPED: usize = 70_000;

/// Listens for a front. It lives as long as the driver.
pub(super) async fn before(fault: Fault, front: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let first = Arc::new(Mutex::new(None));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let first = Arc::clone(&first);
            tokio::spawn(async move {
                // Whoever ends early ends the connection, as without a peer between.
                let _ = pass(fault, client, front, &first).await;
            });
        }
    });
    Ok(address)
}

/// The first whole answer, for all who come later.
type First = Mutex<Option<Vec<u8>>>;

async fn pass(fault: Fault, client: TcpStream, front: SocketAddr, first: &First) -> io::Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_front, to_front) = TcpStream::connect(front).await?.into_split();
    if fault == Fault::WaitsForUploads {
        requests(fault, from_client, to_front).await?;
        return answers(fault, from_front, to_client, first).await;
    }
    let there = requests(fault, from_client, to_front);
    let back = answers(fault, from_front, to_client, first);
    if matches!(fault, Fault::KeepsStreams | Fault::CompletesUploads) {
        let (there, back) = tokio::join!(there, back);
        return there.and(back);
    }
    // The end of either side is the end of the other.
    tokio::select! {
        ended = there => ended,
        ended = back => ended,
    }
}

async fn requests(fault: Fault, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    let mut begun = false;
    loop {
        let size = from.read(&mut piece).await.unwrap_or(0);
        if size == 0 {
            break;
        }
        if fault == Fault::TidiesPaths && !begun {
            let text = String::from_utf8_lossy(&piece[..size]).replace("//", "/");
            to.write_all(text.as_bytes()).await?;
        } else {
            to.write_all(&piece[..size]).await?;
        }
        begun = true;
    }
    match fault {
        Fault::KeepsStreams => pending().await,
        Fault::CompletesUploads => {
            to.write_all(b"0\r\n\r\n").await?;
            pending().await
        }
        _ => Ok(()),
    }
}

async fn answers(
    fault: Fault,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    first: &First,
) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    let (mut passed, mut held) = (0, Vec::new());
    loop {
        let size = from.read(&mut piece).await?;
        if size == 0 {
            break;
        }
        let bytes = &mut piece[..size];
        match fault {
            Fault::TellsSuccess if passed == 0 && bytes.len() > 12 && bytes[9] >= b'4' => {
                bytes[9..12].copy_from_slice(b"200");
            }
            Fault::FlipsBytes if (passed..passed + size).contains(&FLIPPED) => {
                bytes[FLIPPED - passed] ^= 1;
            }
            _ => {}
        }
        passed += size;
        match fault {
            Fault::HoldsAnswers | Fault::MixesPages => held.extend_from_slice(bytes),
            // Who has left takes nothing, and the front is not to notice.
            Fault::KeepsStreams | Fault::CompletesUploads => {
                let _ = to.write_all(bytes).await;
            }
            _ => to.write_all(bytes).await?,
        }
    }
    if fault == Fault::MixesPages {
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone_from(first.get_or_insert(held.clone()));
    }
    if fault == Fault::AddsBodies {
        held = b"more".to_vec();
    }
    to.write_all(&held).await?;
    to.shutdown().await
}
