//! Shell scripts as plugins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use plugin_host::event::{EventSink, HostEvent, What};
use plugin_host::guard::GuardHandle;
use plugin_host::ids::{self, PluginId, RUN_MARK_VARIABLE, SESSION_MARK_VARIABLE};
use plugin_host::policy::Policy;
use plugin_host::process::{Child, ChildSetting, Launch, SpawnError};
use plugin_host::timing::Timing;
use tokio::sync::mpsc;

/// A good handshake.
pub(crate) const LINE: &str = "1|1|tcp|127.0.0.1:1234|grpc";

/// A script that is about to run.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) launch: Launch,
    pub(crate) timing: Timing,
    pub(crate) policy: Policy,
    pub(crate) guard: Option<GuardHandle>,
    pub(crate) session_mark: String,
}

/// A script that runs, and what is said about it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) events: mpsc::UnboundedReceiver<HostEvent>,
}

impl Shell {
    pub(crate) fn script(script: &str) -> Self {
        Self::marked(script, &ids::fresh_run_mark())
    }

    pub(crate) fn marked(script: &str, run_mark: &str) -> Self {
        let session_mark = ids::fresh_session_mark(run_mark);
        let environment: BTreeMap<OsString, OsString> = [
            ("PATH", "/usr/bin:/bin"),
            (RUN_MARK_VARIABLE, run_mark),
            (SESSION_MARK_VARIABLE, &session_mark),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        Self {
            launch: Launch {
                program: "/bin/sh".into(),
                arguments: vec!["-c".into(), script.into()],
                directory: "/".into(),
                environment,
                own_group: true,
            },
            timing: Timing {
                exit_after_shutdown: Duration::from_millis(100),
                term_grace: Duration::from_secs(5),
                ..Timing::default()
            },
            policy: Policy::default(),
            guard: None,
            session_mark,
        }
    }

    pub(crate) fn timing(mut self, change: impl FnOnce(&mut Timing)) -> Self {
        change(&mut self.timing);
        self
    }

    pub(crate) fn policy(mut self, policy: Policy) -> Self {
        self.launch.own_group = !policy.kill_only_child;
        self.policy = policy;
        self
    }

    pub(crate) fn start(self) -> Running {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(self) -> Result<Running, SpawnError> {
        let (sender, events) = mpsc::unbounded_channel();
        let plugin = PluginId::parse("com.example.shell").unwrap();
        let setting = ChildSetting {
            timing: self.timing,
            policy: self.policy,
            events: EventSink::new(Some(sender)).of(&plugin),
            guard: self.guard,
            session_mark: self.session_mark,
        };
        let child = Child::spawn(&self.launch, setting)?;
        Ok(Running { child, events })
    }
}

impl Running {
    /// The next event of a kind.
    pub(crate) async fn event<T>(&mut self, pick: impl Fn(&What) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self
                    .events
                    .recv()
                    .await
                    .expect("the event comes before the end");
                if let Some(found) = pick(&event.what) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("the event comes")
    }

    /// The next whole message that was logged.
    pub(crate) async fn message(&mut self) -> String {
        self.event(|what| match what {
            What::Log { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await
    }
}

/// Waits until a process is gone that was killed: its pipes close a moment before it does.
pub(crate) async fn is_gone(pid: u32) -> bool {
    let killed = Instant::now();
    while is_running(pid) && killed.elapsed() < Duration::from_secs(2) {
        tokio::task::yield_now().await;
    }
    !is_running(pid)
}

/// Whether a process is there and is not just waiting to be reaped.
pub(crate) fn is_running(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .trim_start()
        .chars()
        .next();
    !matches!(state, Some('Z' | 'X') | None)
}
