//! The whole bench on one processor: across two, a call mostly measures how fast the machine wakes a processor.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::play::Result;

/// Begins this program anew on one processor, unless it and all that it starts are on one already.
pub(crate) fn pin() -> Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    if allowed.is_some_and(|list| list.trim().bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(());
    }
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]).arg(std::env::current_exe()?);
    // Returns only if there is no such program.
    Err(pinned.args(std::env::args_os().skip(1)).exec().into())
}
