//! `plugin-conformance serve` as a process: started, asked, signalled, measured.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use plugin_conformance::subject::python;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::{Value, json};

/// Nothing here takes this long unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A running `serve`. Dropping it kills it; its guard does the rest.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    lines: Receiver<String>,
    /// What was said so far.
    pub(crate) said: Vec<String>,
}

impl Served {
    /// Starts it on these folders, and waits until it serves.
    pub(crate) fn start(program: &Path, arguments: &[&str], folders: &[&Path]) -> Served {
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .args(folders)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in [
            "PYTHONUNBUFFERED",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONPATH",
            "RUST_LOG",
        ] {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let also = sender.clone();
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| also.send(line))
        });
        let mut served = Served {
            child,
            address: String::new(),
            lines,
            said: Vec::new(),
        };
        let line = served.line("serving on http://");
        served.address = line.rsplit('/').next().unwrap().to_owned();
        served
    }

    /// Waits for a line with this text; it is the last of those that were said.
    pub(crate) fn line(&mut self, text: &str) -> String {
        self.line_within(text, LONG)
    }

    /// The same for what takes its time.
    pub(crate) fn line_within(&mut self, text: &str, within: Duration) -> String {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {text:?} in {:#?}", self.said);
            };
            self.said.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn dial(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        stream
    }

    /// A request on HTTP/1.0, where the end of the connection is the end of the answer: head and body of it.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = self.dial();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|part| part == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        (head, answer.split_off(end + 4))
    }

    /// The body of what is at a path, as text.
    pub(crate) fn get(&self, path: &str) -> String {
        String::from_utf8(self.ask("GET", path, b"").1).unwrap()
    }

    /// The status of the only plugin.
    pub(crate) fn plugin(&self) -> Value {
        let status: Value = serde_json::from_str(&self.get("/status.json")).unwrap();
        status["plugins"][0].clone()
    }

    /// The process of the only plugin.
    pub(crate) fn plugin_pid(&self) -> u32 {
        let pid = self.plugin()["pid"].as_u64().unwrap();
        u32::try_from(pid).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let over = Watched::of(self.pid()).is_over_within(LONG);
        assert!(over, "it does not end: {:#?}", self.said);
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process whose end can be waited for, whosever child it is. It has to be there still when it is first looked at.
pub(crate) struct Watched(OwnedFd);

impl Watched {
    pub(crate) fn of(pid: u32) -> Watched {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        Watched(pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    /// Waits for its end; whether it came in time.
    pub(crate) fn is_over_within(&self, within: Duration) -> bool {
        let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
        let within = Timespec::try_from(within).unwrap();
        poll(&mut ends, Some(&within)).unwrap() == 1
    }
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    let letter = |stat: &str| {
        stat.rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next())
    };
    state.is_ok_and(|stat| !matches!(letter(&stat), Some('Z' | 'X') | None))
}

/// Memory of a process in KiB, by its name in `/proc/PID/status`.
pub(crate) fn memory(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Puts a Python plugin into a folder; `None` where there is no Python environment, of which `scripts/test` has said so.
pub(crate) fn python_plugin(folder: &Path, id: &str, code: &str) -> Option<PathBuf> {
    let venv = python::root()?.join(".venv");
    venv.join("bin/python").exists().then_some(())?;
    let manifest = json!({"id": id, "server": {"runtime": "python", "executable": "plugin.py"}});
    fs::write(folder.join("plugin.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("plugin.py"), code).unwrap();
    symlink(venv, folder.join("venv")).unwrap();
    Some(folder.to_owned())
}
