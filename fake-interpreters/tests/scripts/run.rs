//! Starts a placed fake and watches it. Every wait has a deadline; nothing sleeps to be right.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::{PluginFolder, Script, cookie, place};
use plugin_proto::dial::{Target, dial};
use tempfile::TempDir;
use tonic::transport::Channel;

/// No wait of a test is longer; what is waited for takes milliseconds.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks at what is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A fake in a folder of its own.
pub(crate) struct Fake {
    pub(crate) folder: PluginFolder,
    directory: Arc<TempDir>,
}

/// A started fake; ended when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
    folder: PluginFolder,
    _directory: Arc<TempDir>,
}

impl Fake {
    pub(crate) fn new(script: &Script) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_fake-interpreter"));
        let folder = place(
            &directory.path().join("plugin"),
            binary,
            "com.example.fake",
            script,
        );
        Self {
            folder: folder.unwrap(),
            directory: Arc::new(directory),
        }
    }

    /// Starts it as a host would.
    pub(crate) fn start(&self) -> Running {
        self.start_with(&[(cookie::KEY, cookie::VALUE)])
    }

    /// Starts it with exactly these variables.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Running {
        let mut child = Command::new(&self.folder.interpreter)
            .arg("plugin.py")
            .current_dir(&self.folder.directory)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Running {
            child,
            stdout,
            stderr,
            folder: self.folder.clone(),
            _directory: Arc::clone(&self.directory),
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.folder.entries().unwrap()
    }
}

/// Lines as they come, newline included; the channel closes at the end of the stream.
pub(crate) fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    });
    receiver
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of stdout; empty at its end.
    pub(crate) fn stdout_line(&self) -> String {
        next(&self.stdout)
    }

    /// The next line of stdout, unless it takes too long.
    pub(crate) fn stdout_within(&self, time: Duration) -> Option<String> {
        next_within(&self.stdout, time)
    }

    /// The next line of stderr, unless it takes too long.
    pub(crate) fn stderr_within(&self, time: Duration) -> Option<String> {
        next_within(&self.stderr, time)
    }

    /// How it ended, unless it takes too long.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let by = Instant::now() + time;
        loop {
            match self.child.try_wait().unwrap() {
                None if Instant::now() < by => std::thread::yield_now(),
                status => return status,
            }
        }
    }

    /// The next line of stderr; empty at its end.
    pub(crate) fn stderr_line(&self) -> String {
        next(&self.stderr)
    }

    /// The first line of stdout, which must be a good handshake; its address.
    pub(crate) fn address(&self) -> Target {
        let line = self.stdout_line();
        let fields: Vec<&str> = line.trim_end().split('|').collect();
        match fields[..] {
            ["1", "1", "tcp", address, "grpc"] => Target::Tcp(address.to_owned()),
            ["1", "1", "unix", path, "grpc"] => Target::Unix(path.into()),
            _ => panic!("no handshake: {line:?}; stderr: {:?}", self.stderr_line()),
        }
    }

    /// A connection to the announced address.
    pub(crate) async fn connect(&self) -> Channel {
        dial(&self.address(), DEADLINE).await.unwrap()
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let by = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < by,
                "still running: {:?}",
                self.folder.entries()
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The code with which the process ends.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.wait().code()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits until the journal holds such an entry.
    pub(crate) fn until(&self, wanted: impl Fn(&Event) -> bool) -> Entry {
        self.until_within(DEADLINE, wanted)
            .unwrap_or_else(|| panic!("not in the journal: {:#?}", self.folder.entries()))
    }

    /// Whether so many events are wanted ones before the time is over.
    pub(crate) fn until_many(
        &self,
        time: Duration,
        number: usize,
        wanted: impl Fn(&Event) -> bool,
    ) -> bool {
        let by = Instant::now() + time;
        loop {
            let entries = self.folder.entries().unwrap();
            let found = entries.iter().filter(|entry| wanted(&entry.event)).count();
            if found >= number || Instant::now() > by {
                return found >= number;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Waits until the journal holds such an entry, unless it takes too long.
    pub(crate) fn until_within(
        &self,
        time: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Option<Entry> {
        let by = Instant::now() + time;
        loop {
            let entries = self.folder.entries().unwrap();
            let found = entries.into_iter().find(|entry| wanted(&entry.event));
            if found.is_some() || Instant::now() > by {
                return found;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next(lines: &mpsc::Receiver<String>) -> String {
    next_within(lines, DEADLINE).unwrap_or_else(|| panic!("no line within {DEADLINE:?}"))
}

/// The next line, empty at the end of the stream, `None` when it does not come in time.
pub(crate) fn next_within(lines: &mpsc::Receiver<String>, time: Duration) -> Option<String> {
    match lines.recv_timeout(time) {
        Ok(line) => Some(line),
        Err(mpsc::RecvTimeoutError::Disconnected) => Some(String::new()),
        Err(mpsc::RecvTimeoutError::Timeout) => None,
    }
}

/// The `Started` entry's environment.
pub(crate) fn environment(entries: &[Entry]) -> BTreeMap<String, String> {
    entries
        .iter()
        .find_map(Entry::environment)
        .cloned()
        .unwrap_or_default()
}
