//! The HTTP front on real sockets: what leaves and arrives byte by byte, on both versions.

mod heads;

mod endings;

mod limits;

mod pages;

mod second;

use std::io;
use std::sync::Arc;

use fake_interpreters::Script;
use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::script::{HttpMessage, HttpStep, Serve};
use plugin_host::front::{Access, Front, FrontOptions};
use plugin_host::timing::Timing;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::world::{LONG, World};

/// A plugin behind a front.
struct Behind {
    world: World,
    front: Front,
    accesses: mpsc::UnboundedReceiver<Access>,
}

impl Behind {
    async fn steps(steps: impl IntoIterator<Item = HttpStep>) -> Self {
        Self::with(steps, |_| {}, |_| {}).await
    }

    async fn with(
        steps: impl IntoIterator<Item = HttpStep>,
        timing: impl FnOnce(&mut Timing),
        adjust: impl FnOnce(&mut FrontOptions),
    ) -> Self {
        let script = Script::serving(Serve::good().http(steps));
        let world = World::timed(&script, timing);
        world.activate().await.unwrap();
        Self::before(world, adjust).await
    }

    async fn before(world: World, adjust: impl FnOnce(&mut FrontOptions)) -> Self {
        let (sender, accesses) = mpsc::unbounded_channel();
        let mut options = FrontOptions {
            on_access: Some(Arc::new(move |access: &Access| {
                let _ = sender.send(access.clone());
            })),
            ..FrontOptions::default()
        };
        adjust(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = Front::start(listener, world.environment.clone(), options).unwrap();
        Self {
            world,
            front,
            accesses,
        }
    }

    async fn dial(&self) -> Wire {
        let stream = TcpStream::connect(self.front.address()).await.unwrap();
        Wire {
            stream,
            got: Vec::new(),
        }
    }

    /// The path of the plugin, with this below it.
    fn path(&self, below: &str) -> String {
        format!("/plugins/{}{below}", self.world.id)
    }

    /// A whole GET.
    fn get(&self, below: &str) -> String {
        let path = self.path(below);
        format!("GET {path} HTTP/1.1\r\nHost: chat.example\r\nX-Request-Id: r1\r\n\r\n")
    }

    /// The record of the next request that has ended.
    async fn access(&mut self) -> Access {
        let access = timeout(LONG, self.accesses.recv()).await;
        access.expect("no request ends").expect("the front lives")
    }

    /// Waits for an entry of the fake's journal.
    async fn journal(&self, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let search = async {
            loop {
                if let Some(entry) = self.world.journal().into_iter().find(|entry| wanted(entry)) {
                    return entry;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let found = timeout(LONG, search).await;
        found.unwrap_or_else(|_| panic!("no such entry in {:#?}", self.world.journal()))
    }

    /// Waits until the plugin has seen that its stream was cancelled, be it while it read or while it wrote.
    async fn abandoned(&self) {
        let is_abandoned = |entry: &Entry| match &entry.event {
            Event::Abandoned { path } | Event::Answered { path, .. } => {
                path.ends_with("/ServeHTTP")
            }
            _ => false,
        };
        self.journal(is_abandoned).await;
    }
}

/// The client's end of a connection.
struct Wire {
    stream: TcpStream,
    got: Vec<u8>,
}

impl Wire {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// What has arrived as soon as this text has.
    async fn until(&mut self, text: &str) -> String {
        let has = |got: &[u8]| {
            text.is_empty() || got.windows(text.len()).any(|part| part == text.as_bytes())
        };
        while !has(&self.got) {
            match timeout(LONG, self.stream.read_buf(&mut self.got)).await {
                Ok(Ok(0)) => panic!("it ends without {text:?}: {}", self.text()),
                Ok(read) => drop(read.unwrap()),
                Err(_) => panic!("nothing more comes, {text:?} is missing: {}", self.text()),
            }
        }
        self.text()
    }

    /// Everything up to the end, and how it ended.
    async fn rest(mut self) -> (String, io::Result<()>) {
        loop {
            let read = timeout(LONG, self.stream.read_buf(&mut self.got)).await;
            match read.unwrap_or_else(|_| panic!("it does not end: {}", self.text())) {
                Ok(0) => return (self.text(), Ok(())),
                Ok(_) => {}
                Err(error) => return (self.text(), Err(error)),
            }
        }
    }

    /// What has arrived, without what the time makes different.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.got);
        let (mut kept, mut rest) = (String::new(), &text[..]);
        while let Some(at) = rest.find("Date: ") {
            kept.push_str(&rest[..at]);
            let end = rest[at..].find('\n').map_or(rest.len(), |end| at + end + 1);
            rest = &rest[end..];
        }
        kept + rest
    }
}

fn head() -> HttpStep {
    HttpMessage::head(200).step()
}

fn piece() -> HttpStep {
    HttpMessage::piece("x", 1).step()
}

fn last() -> HttpStep {
    HttpMessage::piece("y", 1).complete().step()
}
