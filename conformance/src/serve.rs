//! Plugins behind an HTTP front, for those who write them: started, looked after, restarted when their files change, stopped in time.
//!
//! - `data`: what the server behind the API begins with, and where what it holds is kept;
//! - `folders`: which plugins the folders of the command line hold;
//! - `lines`: what is said on stderr, for people or as JSON;
//! - `ignored`, `snapshot`, `debounce`: when a plugin's files have changed;
//! - `watch`: what is done then.
//!
//! What this does not do: judge anything. The API behind the plugins is the host's in-memory one, and nobody is logged in unless
//! somebody says who.

pub mod debounce;

pub mod ignored;

pub mod snapshot;

mod data;

mod folders;

mod lines;

mod watch;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plugin_host::environment::{Environment, ScanError};
use plugin_host::front::{Access, Front, FrontOptions, Session};
use plugin_host::options::{ApiOptions, GuardProgram, HostOptions};
use plugin_host::tls::AutoMtls;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::exit::Exit;
pub use data::{DataError, DataFiles};
use lines::Lines;
use watch::Watched;

/// How long requests have to end after the first signal. Pages that are open for ever must not keep anybody waiting.
const DRAIN: Duration = Duration::from_secs(3);

/// How long all plugins together have to stop after that; what is left then is killed.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// What is served, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plugin folders, and folders of them.
    pub folders: Vec<PathBuf>,
    /// Where to listen, `127.0.0.1:8065`.
    pub listen: String,
    /// Whether plugins are restarted when their files change.
    pub watch: bool,
    /// Whether lines are JSON.
    pub json: bool,
    /// The user whom all requests come from.
    pub user: Option<String>,
    /// What the server behind the API holds.
    pub data: DataFiles,
    /// The log level that plugins are told.
    pub log_level: String,
    /// Where plugins are installed.
    pub plugins_folder: Option<PathBuf>,
    /// The API that plugins call.
    pub api: ApiOptions,
    /// Whether plugins have to encrypt their connections.
    pub auto_mtls: bool,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A folder cannot be read.
    #[error(transparent)]
    Folder(#[from] ScanError),
    /// A folder holds no plugin.
    #[error("there is no plugin in {}", .0.display())]
    NoPlugin(PathBuf),
    /// The address cannot be used.
    #[error("cannot listen on {0}")]
    Listen(String, #[source] io::Error),
    /// What the server behind the API holds cannot be read, or not be kept.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The guard cannot be started.
    #[error("cannot start the host")]
    Host(#[source] io::Error),
    /// Signals cannot be heard, so nothing could be stopped.
    #[error("cannot hear signals")]
    Signals(#[source] io::Error),
    /// The address cannot be told.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

impl ServeError {
    /// The exit code of it.
    pub fn exit(&self) -> Exit {
        match self {
            ServeError::Folder(_)
            | ServeError::NoPlugin(_)
            | ServeError::Listen(..)
            | ServeError::Data(_) => Exit::Usage,
            ServeError::Host(_) | ServeError::Signals(_) | ServeError::Output(_) => {
                Exit::SuiteFailed
            }
        }
    }
}

/// Serves until it is told to stop: by SIGINT or SIGTERM once for an orderly end, twice for one at once.
///
/// Passed if everything that was started was stopped in time; failed if no plugin could be started (and none is waited for), or if the
/// end was not orderly.
///
/// # Errors
/// When nothing is served.
pub async fn serve(options: Options, out: &mut dyn Write) -> Result<Exit, ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Signals)?;
    let lines = Lines::start(options.json);
    let (sender, events) = mpsc::unbounded_channel();
    let program = std::env::current_exe().map_err(ServeError::Host)?;
    let mut host = HostOptions {
        log_level: options.log_level.clone(),
        plugins_folder: options.plugins_folder.clone(),
        api: options.api,
        auto_mtls: options.auto_mtls.then(AutoMtls::default),
        guard: Some(GuardProgram {
            program,
            args: vec!["guard".into()],
        }),
        events: Some(sender),
        ..HostOptions::default()
    };
    host.timing.shutdown = SHUTDOWN;
    let listener = TcpListener::bind(&options.listen).await;
    let listener = listener.map_err(|error| ServeError::Listen(options.listen.clone(), error))?;
    let memory = options.data.open(&lines)?;
    let hearing = lines.clone();
    memory.on_log(Arc::new(move |record| hearing.logged(record)));
    let environment = Environment::new(host, Arc::new(memory.clone())).map_err(ServeError::Host)?;
    let telling = tokio::spawn(lines.clone().tell(events));
    let served = async {
        let places = folders::plugins(&environment, &options.folders, &lines).await?;
        environment.look_after(true).await;
        let front = Front::start(listener, environment.clone(), front(&options, &lines));
        let front = front.map_err(|error| ServeError::Listen(options.listen.clone(), error))?;
        let started = tokio::select! {
            biased;
            () = signals.next() => None,
            started = start_all(&environment, places, &lines) => Some(started),
        };
        let ended = match started {
            Some(started)
                if options.watch || started.iter().any(|watched| watched.id.is_some()) =>
            {
                writeln!(out, "serving on http://{}", front.address())?;
                out.flush()?;
                let watching = watch::all(&environment, started, options.watch, &lines);
                tokio::select! {
                    biased;
                    () = signals.next() => Exit::Passed,
                    () = watching => Exit::Passed,
                }
            }
            Some(_) => Exit::Failed,
            None => Exit::Passed,
        };
        Ok((front, ended))
    };
    let served: Result<(Front, Exit), ServeError> = served.await;
    let stopping = async {
        let ended = match served {
            Ok((front, ended)) => {
                lines.note("stopping; a second signal ends everything at once");
                if !front.stop(DRAIN).await {
                    lines.note("requests were still under way and were broken off");
                }
                Ok(ended)
            }
            Err(error) => Err(error),
        };
        for (id, report) in environment.shutdown().await {
            let how = match report.exit {
                Some(exit) => exit.to_string(),
                None => "it could not be ended".to_owned(),
            };
            lines.note(&format!("{id} is stopped: {how}"));
        }
        ended
    };
    let ended = tokio::select! {
        ended = stopping => ended,
        // The guard ends what is left as soon as this process has.
        () = signals.next() => Ok(Exit::Failed),
    };
    drop(environment);
    let ended = match options.data.close(&memory, &lines).await {
        true => ended,
        false => ended.map(|_| Exit::Failed),
    };
    telling.abort();
    lines.end().await;
    ended
}

fn front(options: &Options, lines: &Lines) -> FrontOptions {
    let session = options.user.clone().map(|user_id| Session {
        user_id,
        session_id: "serve".to_owned(),
    });
    let lines = lines.clone();
    FrontOptions {
        pages: true,
        identify: session.map(|session| -> plugin_host::front::Identify {
            Arc::new(move |_| Some(session.clone()))
        }),
        on_access: Some(Arc::new(move |access: &Access| lines.access(access))),
        ..FrontOptions::default()
    }
}

/// Starts all plugins side by side. One that does not start keeps none from starting.
async fn start_all(environment: &Environment, places: Vec<PathBuf>, lines: &Lines) -> Vec<Watched> {
    let mut starting = JoinSet::new();
    for (at, folder) in places.into_iter().enumerate() {
        let (environment, lines) = (environment.clone(), lines.clone());
        starting.spawn(async move { (at, watch::start(&environment, folder, &lines).await) });
    }
    let mut started = starting.join_all().await;
    started.sort_by_key(|(at, _)| *at);
    started.into_iter().map(|(_, watched)| watched).collect()
}

/// The two signals by which one is told to stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next of either.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
