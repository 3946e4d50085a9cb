//! The guard process: obeys orders until its input ends, then cleans up.
//!
//! Invariant: whatever ends the host ends the guard's input, so the clean-up always happens.
//! Invariant: the guard does not carry the mark that it hunts, and a signal for the host's terminal or group does not end it.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

use super::census::{Among, Mark, kill_carriers};
use super::order::{Charge, Order};
use crate::ids::RUN_MARK_VARIABLE;

/// How long the guard goes on killing what starts anew.
const LIMIT: Duration = Duration::from_secs(2);

/// What the program of a guard does: ignores the signals by which a terminal or a service manager ends whole groups, and
/// serves its standard input. Not to be called inside an async runtime.
pub fn main() {
    let ignored = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    // A signal that has a handler does not end the process; the runtime exists for that alone.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    if let Ok(runtime) = &runtime {
        let _inside = runtime.enter();
        for kind in ignored {
            if let Err(error) = signal(kind) {
                tracing::warn!(%error, "guard: cannot ignore a signal");
            }
        }
    }
    serve(io::stdin().lock());
}

/// Obeys the orders of a host until they end, then cleans up. Blocks.
pub fn serve(orders: impl BufRead) {
    clean_up(&charge_of(orders));
}

fn charge_of(mut orders: impl BufRead) -> Charge {
    let mut charge = Charge::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        match orders.read_until(b'\n', &mut line) {
            // A line without its end was cut off by the host's death: it may name the wrong path.
            Ok(_) if line.last() != Some(&b'\n') => return charge,
            Ok(_) => {
                line.pop();
                if let Some(order) = Order::from_line(&line) {
                    charge.apply(order);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return charge,
        }
    }
}

fn clean_up(charge: &Charge) {
    for leader in &charge.groups {
        kill_group(*leader);
    }
    if let Some(mark) = &charge.mark {
        kill_carriers(&Mark::new(RUN_MARK_VARIABLE, mark), Among::Everybody, LIMIT);
    }
    for path in &charge.paths {
        remove(path);
    }
}

/// Of a group that is gone, or whose number now is somebody else's, nothing is left to kill or to fear: the host takes a
/// group back before its leader is reaped.
fn kill_group(leader: u32) {
    let group = i32::try_from(leader).ok().and_then(Pid::from_raw);
    if let Some(group) = group.filter(|group| *group != Pid::INIT)
        && let Err(error) = kill_process_group(group, Signal::KILL)
    {
        tracing::debug!(leader, %error, "guard: killing a group");
    }
}

fn remove(path: &Path) {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return,
    };
    if let Err(error) = removed {
        tracing::debug!(path = %path.display(), %error, "guard: removing a path");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_not_obeyed() {
        let charge = charge_of(&b"group-add 12\npath-add /tmp/a\npath-add /tmp"[..]);
        assert!(charge.groups.contains(&12));
        assert_eq!(
            charge.paths.iter().collect::<Vec<_>>(),
            [Path::new("/tmp/a")]
        );
    }

    #[test]
    fn paths_are_removed_when_the_orders_end() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("folder");
        let file = outer.path().join("file");
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(&file, "x").unwrap();
        let link = outer.path().join("link");
        std::os::unix::fs::symlink(outer.path(), &link).unwrap();
        let mut orders = Vec::new();
        for path in [&folder, &file, &link] {
            orders.extend(Order::AddPath(path.clone()).to_line());
        }
        serve(&orders[..]);
        assert!(!folder.exists() && !file.exists() && !link.is_symlink());
        assert!(outer.path().exists(), "a symlink is removed, not followed");
    }
}
