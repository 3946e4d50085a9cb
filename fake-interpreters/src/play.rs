//! Plays the steps of one start, in order. Each kind of step has a handler of its own.

mod grandchild;
mod output;
mod parent;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::task::AbortHandle;

pub(crate) use grandchild::{ARGUMENT, be_grandchild};
pub(crate) use output::put_all;
pub(crate) use parent::watch_parent;

use crate::apiclient::{self, ApiClient};
use crate::cookie;
use crate::journal::Event;
use crate::script::{
    DemandEnv, LIFETIME_MS, LIFETIME_OVER, Listen, Network, Script, Serve, SignalName, Step,
    Stream, Write,
};
use crate::serve;
use crate::server::{self, Listener};
use crate::stage::{Effect, Stage};
use crate::tls::Encryption;

/// How many unaccepted connections the system keeps.
const BACKLOG: u32 = 128;

/// Plays the steps of this start to their end and ends the process.
pub(crate) async fn play(stage: Arc<Stage>, script: &Script, start: u32) -> ! {
    let lifetime = Duration::from_millis(script.lifetime_ms.unwrap_or(LIFETIME_MS));
    let mut player = Player::new(Arc::clone(&stage));
    let played = async {
        for step in script.steps_of(start) {
            if let Err(error) = player.step(step).await {
                stage.journal.note(Event::Trouble {
                    message: error.to_string(),
                });
                stage.exit(crate::script::BAD_SCRIPT, "trouble");
            }
        }
        if player.serving {
            std::future::pending::<()>().await;
        }
    };
    match tokio::time::timeout(lifetime, played).await {
        Ok(()) => stage.exit(0, "end of script"),
        Err(_) => stage.exit(LIFETIME_OVER, "lifetime"),
    }
}

/// What the steps so far have made.
struct Player {
    stage: Arc<Stage>,
    api: Arc<ApiClient>,
    bound: Option<TcpSocket>,
    listener: Option<Listener>,
    accepting: Option<AbortHandle>,
    place: Place,
    serving: bool,
}

/// What placeholders stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) port: String,
    pub(crate) address: String,
    pub(crate) socket: String,
    pub(crate) certificate: String,
}

impl Place {
    pub(crate) fn fill(&self, text: &str) -> String {
        let announced = match self.certificate.as_str() {
            "" => String::new(),
            certificate => format!("|{certificate}"),
        };
        text.replace("{port}", &self.port)
            .replace("{address}", &self.address)
            .replace("{socket}", &self.socket)
            .replace("{certificate}", &self.certificate)
            .replace("{announced}", &announced)
    }
}

impl Player {
    fn new(stage: Arc<Stage>) -> Self {
        Self {
            stage,
            api: Arc::new(ApiClient::of_host()),
            bound: None,
            listener: None,
            accepting: None,
            place: Place::default(),
            serving: false,
        }
    }

    async fn step(&mut self, step: &Step) -> std::io::Result<()> {
        match step {
            Step::Write(write) => output::write(&self.stage, &self.place, write).await?,
            Step::Sleep { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Step::Bind { bind } => self.bind(bind)?,
            Step::Listen(listen) => self.listen(listen)?,
            Step::Serve(serve) => self.serve(serve)?,
            Step::AcceptMute {} => self.accept_mute()?,
            Step::CloseListener {} => self.close_listener().await,
            Step::CutConnections {} => self.stage.cuts.send_modify(|cuts| *cuts += 1),
            Step::Close { fd } => output::close(*fd)?,
            Step::Exit { code } => self.stage.exit(*code, "step"),
            Step::Raise { signal } => self.stage.raise(*signal),
            Step::Hang {} => std::future::pending().await,
            Step::Ignore { signals } => {
                for signal in signals {
                    self.stage.take_signal(*signal, Effect::Ignored)?;
                }
            }
            Step::Grandchild(grandchild) => grandchild::leave(&self.stage, grandchild).await?,
            Step::Flood(flood) => output::flood(&self.stage, flood).await?,
            Step::WaitFor { event, count } => self.wait_for(event, *count).await?,
            Step::Api(order) => apiclient::obey(&self.stage, &self.api, order).await,
            Step::CheckCookie { to, code, silent } => {
                self.check_cookie(*to, *code, *silent).await?
            }
            Step::Lock { file } => self.lock(file).await?,
            Step::DemandEnv(demand) => self.demand(demand).await?,
        }
        Ok(())
    }

    fn bind(&mut self, ip: &str) -> std::io::Result<()> {
        let (socket, address) = server::bind(ip)?;
        self.place = Place {
            port: address.port().to_string(),
            address: address.to_string(),
            ..Place::default()
        };
        self.bound = Some(socket);
        Ok(())
    }

    fn listen(&mut self, listen: &Listen) -> std::io::Result<()> {
        let (network, address) = match listen.network {
            Network::Tcp => {
                if self.bound.is_none() {
                    self.bind(listen.bind.as_deref().unwrap_or("127.0.0.1"))?;
                }
                if let Some(socket) = self.bound.take() {
                    self.listener = Some(Listener::Tcp(socket.listen(BACKLOG)?));
                }
                ("tcp", self.place.address.clone())
            }
            Network::Unix => {
                let (listener, path) = server::listen_unix(listen.bind.as_deref())?;
                self.place.socket = path.display().to_string();
                self.listener = Some(Listener::Unix(listener));
                if !listen.leave_file {
                    self.stage.owns_socket_file(path);
                }
                ("unix", self.place.socket.clone())
            }
        };
        self.stage.journal.note(Event::Listening {
            network: network.to_owned(),
            address,
        });
        Ok(())
    }

    fn serve(&mut self, serve: &Serve) -> std::io::Result<()> {
        let listener = self.take_listener()?;
        let tls = serve.tls.as_ref().filter(|tls| Encryption::is_on(tls));
        let encryption = tls.map(Encryption::new).transpose()?;
        if let Some(encryption) = &encryption {
            self.place.certificate = encryption.announced().to_owned();
        }
        let service = serve::start(&self.stage, &self.api, serve, &self.place)?;
        let stage = Arc::clone(&self.stage);
        let accepting = tokio::spawn(server::serve(
            listener,
            stage,
            service,
            (encryption, serve.fault),
        ));
        self.accepting = Some(accepting.abort_handle());
        self.serving = true;
        Ok(())
    }

    fn accept_mute(&mut self) -> std::io::Result<()> {
        let listener = self.take_listener()?;
        let accepting = tokio::spawn(server::accept_mute(listener, Arc::clone(&self.stage)));
        self.accepting = Some(accepting.abort_handle());
        Ok(())
    }

    fn take_listener(&mut self) -> std::io::Result<Listener> {
        self.listener.take().ok_or_else(|| {
            std::io::Error::other(
                "there is no listener: the script has no listen step before this one",
            )
        })
    }

    async fn close_listener(&mut self) {
        self.listener = None;
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            while !accepting.is_finished() {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn wait_for(&self, event: &str, count: u32) -> std::io::Result<()> {
        if event == "parent" {
            watch_parent(&self.stage).await;
            return Ok(());
        }
        if let Some(name) = event.strip_prefix("signal:") {
            let signal: SignalName = serde_json::from_value(name.into())?;
            self.stage.take_signal(signal, Effect::Noted)?;
        }
        self.stage.wait_for(event, count).await;
        Ok(())
    }

    async fn check_cookie(&self, to: Stream, code: i32, silent: bool) -> std::io::Result<()> {
        if std::env::var(cookie::KEY).as_deref() == Ok(cookie::VALUE) {
            return Ok(());
        }
        if !silent {
            output::write(
                &self.stage,
                &self.place,
                &Write::text(to, cookie::EXPLANATION),
            )
            .await?;
        }
        self.stage.exit(code, "cookie")
    }

    async fn lock(&self, file: &Path) -> std::io::Result<()> {
        if File::create_new(file).is_ok() {
            return Ok(());
        }
        let complaint = format!("RuntimeError: {} is there already\n", file.display());
        output::write(
            &self.stage,
            &self.place,
            &Write::text(Stream::Stderr, &complaint),
        )
        .await?;
        self.stage.exit(1, "lock")
    }

    async fn demand(&self, demand: &DemandEnv) -> std::io::Result<()> {
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        let Some(complaint) = unmet(demand, names, |name| std::env::var(name).ok()) else {
            return Ok(());
        };
        output::write(
            &self.stage,
            &self.place,
            &Write::text(Stream::Stderr, &format!("{complaint}\n")),
        )
        .await?;
        self.stage.exit(1, "environment")
    }
}

/// What is not as demanded.
fn unmet(
    demand: &DemandEnv,
    names: impl Iterator<Item = String>,
    value: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let missing = demand
        .present
        .iter()
        .find(|name| value(name).is_none())
        .map(|name| format!("KeyError: '{name}'"));
    let present = demand
        .absent
        .iter()
        .find(|name| value(name).is_some())
        .map(|name| format!("RuntimeError: {name} is set"));
    let other = demand
        .equal
        .iter()
        .find(|(name, wanted)| value(name).as_ref() != Some(wanted))
        .map(|(name, wanted)| format!("ValueError: {name} is not {wanted:?}"));
    let unknown = demand.known.as_ref().and_then(|known| {
        let mut ours =
            names.filter(|name| name.starts_with("PLUGIN_") || name.starts_with("MATTERMOST_"));
        ours.find(|name| !known.contains(name))
            .map(|name| format!("RuntimeError: unknown variable {name}"))
    });
    let wordy = demand
        .numeric
        .iter()
        .find(|name| value(name).is_none_or(|value| value.parse::<f64>().is_err()))
        .map(|name| format!("ValueError: {name} is no number"));
    missing.or(present).or(other).or(wordy).or(unknown)
}
