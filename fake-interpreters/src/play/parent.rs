//! Notices that the host has died.

use std::time::Duration;

use crate::journal::Event;
use crate::stage::Stage;

/// Returns when the parent has died.
pub(crate) async fn watch_parent(stage: &Stage) {
    parent_death().await;
    stage.journal.note(Event::ParentDied {});
    stage.happened("parent");
}

/// The kernel tells through a descriptor of the parent; there is no interval to wait for. A thread waits, because the
/// runtime watches foreign descriptors by unsafe code only.
#[cfg(target_os = "linux")]
async fn parent_death() {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{PidfdFlags, getppid, pidfd_open};

    let Some(parent) = getppid() else { return };
    let Ok(watched) = pidfd_open(parent, PidfdFlags::empty()) else {
        return another_parent().await;
    };
    // Between the two calls the parent may have died and its number gone to another.
    if getppid() != Some(parent) {
        return;
    }
    let died = tokio::task::spawn_blocking(move || {
        while poll(&mut [PollFd::new(&watched, PollFlags::IN)], None).is_err() {}
    });
    if died.await.is_err() {
        another_parent().await;
    }
}

#[cfg(not(target_os = "linux"))]
async fn parent_death() {
    another_parent().await;
}

/// An orphan is given another parent.
async fn another_parent() {
    let parent = rustix::process::getppid();
    while rustix::process::getppid() == parent {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
