//! Faults in the command, and a forwarder in front of the plugin's API server.
//!
//! What the host must not see of the plugin's stdout is taken away by a shell around the plugin.

use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plugin_host::options::PrepareLaunch;
use plugin_host::process::Launch;
use tokio::task::JoinHandle;

use super::Shared;
use crate::driver::fault::Fault;

const API_TARGET: &str = "MATTERMOST_PLUGIN_API_TARGET";

/// What the seam does, if the fault is one of this seam.
pub(super) fn prepare(fault: Fault, shared: &Shared) -> Option<PrepareLaunch> {
    let forwarders = shared.forwarders.clone();
    let change: Box<dyn Fn(&mut Launch) + Send + Sync> = match fault {
        Fault::PrefersPython3 => Box::new(|launch| {
            let other = launch.program.with_file_name("python3");
            if other.exists() {
                launch.program = other;
            }
        }),
        Fault::ExtraArgument => Box::new(|launch| launch.arguments.push("--verbose".into())),
        Fault::WrongDirectory => Box::new(|launch| {
            if let Some(parent) = launch.directory.parent() {
                launch.directory = parent.to_owned();
            }
        }),
        Fault::SharedGroup => Box::new(|launch| launch.own_group = false),
        // The host's stdin, as the plugin would have it by inheritance.
        Fault::InheritedStdin => {
            Box::new(|launch| in_shell(launch, "exec \"$0\" \"$@\" </proc/$PPID/fd/0"))
        }
        Fault::WrongCookie => Box::new(|launch| {
            launch
                .environment
                .insert("MATTERMOST_PLUGIN".into(), "open".into());
        }),
        Fault::NoPortRange => Box::new(|launch| {
            launch.environment.remove(OsStr::new("PLUGIN_MIN_PORT"));
        }),
        Fault::AnnouncesFeatures => Box::new(|launch| {
            launch
                .environment
                .insert("PLUGIN_MULTIPLEX_GRPC".into(), "true".into());
        }),
        Fault::NamesLocalhost => Box::new(|launch| {
            change(launch, API_TARGET, |target| {
                target.replace("127.0.0.1", "localhost")
            });
        }),
        Fault::TimesWithUnit => Box::new(|launch| {
            change(launch, "MATTERMOST_PLUGIN_HOOK_TIMEOUT", |time| {
                format!("{time}s")
            });
        }),
        Fault::ApiNotReady => Box::new(|launch| {
            launch
                .environment
                .insert(API_TARGET.into(), "127.0.0.1:1".into());
        }),
        Fault::LeaksApiServer | Fault::ApiGoneEarly | Fault::ApiEndsOnGarbage => {
            let ends_on_garbage = fault == Fault::ApiEndsOnGarbage;
            Box::new(move |launch| forwarders.put_before(launch, ends_on_garbage))
        }
        Fault::FirstChunkIsLine => Box::new(|launch| {
            in_shell(
                launch,
                "\"$0\" \"$@\" | { dd bs=65536 count=1 2>/dev/null; echo; cat; }",
            )
        }),
        Fault::SkipsToHandshake => {
            Box::new(|launch| in_shell(launch, "\"$0\" \"$@\" | grep --line-buffered '|.*|.*|'"))
        }
        Fault::CutsLongLine => {
            Box::new(|launch| in_shell(launch, "\"$0\" \"$@\" | stdbuf -oL cut -b-60000"))
        }
        Fault::StopsReadingStderr => Box::new(|launch| {
            in_shell(
                launch,
                "{ \"$0\" \"$@\" 2>&1 1>&3 3>&- | { head -n 1 >&2; sleep 60; }; } 3>&1",
            )
        }),
        Fault::StopsReadingStdout => {
            Box::new(|launch| in_shell(launch, "\"$0\" \"$@\" | { head -n 1; sleep 60; }"))
        }
        _ => return None,
    };
    Some(Arc::new(change))
}

/// Gives a variable another value, if it is there.
fn change(launch: &mut Launch, name: &str, change: impl Fn(&str) -> String) {
    let value = launch.environment.get_mut(OsStr::new(name));
    if let Some(value) = value
        && let Some(text) = value.to_str()
    {
        *value = change(text).into();
    }
}

/// The variables of this process whose names have a beginning in common with one of these: all up to the first dash.
pub(super) fn alike(names: &[String]) -> Vec<String> {
    let beginning = |name: &str| name.split_once('_').map(|(begin, _)| begin.to_owned());
    let own = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    own.filter(|own| {
        let same = |name: &String| beginning(name).is_some() && beginning(name) == beginning(own);
        names.iter().any(same)
    })
    .collect()
}

/// The same command in a shell: `$0` is the program, `$@` are its arguments.
fn in_shell(launch: &mut Launch, script: &str) {
    let program = std::mem::replace(&mut launch.program, "/bin/sh".into());
    let own: Vec<OsString> = vec!["-c".into(), script.into(), program.into()];
    launch.arguments.splice(0..0, own);
}

/// Whether the first bytes of a connection are those of HTTP/2.
async fn begins_with_http2(stream: &tokio::net::TcpStream) -> bool {
    let mut first = [0; 4];
    let peeked = tokio::time::timeout(Duration::from_secs(5), stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(_))) && b"PRI ".starts_with(&first[..1])
}

/// Forwarders of TCP connections, each in front of one API server.
#[derive(Clone, Debug, Default)]
pub(in crate::driver) struct Forwarders {
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Forwarders {
    /// Puts a forwarder before the API server of a launch; it never ends by itself, unless it is to end on what is no HTTP/2.
    fn put_before(&self, launch: &mut Launch, ends_on_garbage: bool) {
        let Some(target) = launch
            .environment
            .get(OsStr::new(API_TARGET))
            .and_then(|value| value.to_str())
        else {
            return;
        };
        let target = target.to_owned();
        let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)) else {
            return;
        };
        let Ok(address) = listener.local_addr() else {
            return;
        };
        let Ok(listener) = listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener))
        else {
            return;
        };
        launch
            .environment
            .insert(API_TARGET.into(), address.to_string().into());
        let task = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if ends_on_garbage && !begins_with_http2(&near).await {
                    return;
                }
                let target = target.clone();
                tokio::spawn(async move {
                    if let Ok(mut far) = tokio::net::TcpStream::connect(target).await {
                        // How the connection ended concerns its two ends only.
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    /// Ends all forwarders.
    pub(in crate::driver) fn end(&self) {
        for task in self
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            task.abort();
        }
    }
}
