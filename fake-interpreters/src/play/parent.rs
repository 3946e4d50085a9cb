//! Notices that the host has died.

use std::time::Duration;

use rustix::process::{Pid, getppid};

use crate::journal::Event;
use crate::stage::Stage;

/// Returns when the parent that the process had at its start has died.
pub(crate) async fn watch_parent(stage: &Stage) {
    if let Some(parent) = stage.parent {
        death_of(parent).await;
    }
    stage.journal.note(Event::ParentDied {});
    stage.happened("parent");
}

/// The kernel tells through a descriptor of the parent; there is no interval to wait for. A thread waits, because the
/// runtime watches foreign descriptors by unsafe code only.
#[cfg(target_os = "linux")]
async fn death_of(parent: Pid) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{PidfdFlags, pidfd_open};

    let watched = pidfd_open(parent, PidfdFlags::empty());
    // Looked at after the descriptor was opened: until here the number belonged to the parent.
    if getppid() != Some(parent) {
        return;
    }
    let Ok(watched) = watched else {
        return orphaned(parent).await;
    };
    let died = tokio::task::spawn_blocking(move || {
        while poll(&mut [PollFd::new(&watched, PollFlags::IN)], None).is_err() {}
    });
    if died.await.is_err() {
        orphaned(parent).await;
    }
}

#[cfg(not(target_os = "linux"))]
async fn death_of(parent: Pid) {
    orphaned(parent).await;
}

/// An orphan is given another parent.
async fn orphaned(parent: Pid) {
    while getppid() == Some(parent) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
