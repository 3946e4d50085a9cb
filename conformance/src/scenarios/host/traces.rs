//! What fakes wrote down and what the machine shows: calls, processes, ports. It judges nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use fake_interpreters::journal::{Entry, Event as Seen};

/// The calls of one method that a journal has.
pub fn calls<'a>(entries: &'a [Entry], method: &str) -> Vec<&'a Entry> {
    let is_call =
        |entry: &&Entry| matches!(entry.event, Seen::Rpc { .. }) && entry.method() == Some(method);
    entries.iter().filter(is_call).collect()
}

/// The names of the methods that were called, in order.
pub fn called(entries: &[Entry]) -> Vec<String> {
    let rpcs = entries
        .iter()
        .filter(|entry| matches!(entry.event, Seen::Rpc { .. }));
    rpcs.filter_map(|entry| entry.method().map(str::to_owned))
        .collect()
}

/// The environment of the latest start.
pub fn environment_of(entries: &[Entry]) -> Option<&BTreeMap<String, String>> {
    entries.iter().rev().find_map(Entry::environment)
}

/// The processes that wrote `started` entries, in order.
pub fn pids(entries: &[Entry]) -> Vec<u32> {
    entries
        .iter()
        .filter(|entry| matches!(entry.event, Seen::Started { .. }))
        .map(|entry| entry.pid)
        .collect()
}

/// The port that the latest process has announced on stdout.
pub fn announced_port(entries: &[Entry]) -> Option<u16> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        Seen::Wrote {
            to,
            text: Some(text),
            ..
        } if to == "stdout" => text
            .trim()
            .split('|')
            .nth(3)?
            .rsplit_once(':')?
            .1
            .parse()
            .ok(),
        _ => None,
    })
}

/// Whether there is a file of any kind at a path.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether a process is there; one that has ended and waits to be taken note of is not.
pub fn alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything, so what follows the last one is read.
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Whether something listens at a TCP address.
pub fn listens(address: &str) -> bool {
    let Ok(address) = address.parse() else {
        return false;
    };
    std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
