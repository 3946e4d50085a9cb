//! What cleans up after a run that was killed: a process that holds the other end of a pipe from the run.
//!
//! It ends every process that carries a mark of the run and removes the run's folder as soon as the pipe is closed, by whatever end the
//! run came to. It is the suite's own, apart from the guard of any host, because hosts are what is judged here.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::leftovers;
use crate::suite::KeeperProgram;

/// How long the keeper looks for processes that start others while they are being ended.
const LIMIT: Duration = Duration::from_secs(2);

/// A keeper that is running; dropping it lets it clean up and waits until it has ended.
#[derive(Debug)]
pub struct Keeper(Child);

impl Keeper {
    /// Starts the keeper of a folder and of a run's mark.
    pub fn start(keeper: &KeeperProgram, folder: &Path, mark: &str) -> io::Result<Keeper> {
        use std::os::unix::process::CommandExt;
        let child = Command::new(&keeper.program)
            .args(&keeper.args)
            .arg(folder)
            .arg(mark)
            // It must not carry the mark, nor hold a folder or a pipe of anybody else, nor end with the run's own group.
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Keeper(child))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends by itself within its limit; there is nobody to tell if it does not.
        let _ = self.0.wait();
    }
}

/// What the keeper does: waits for the end of the pipe, then cleans up.
pub fn keep(folder: &Path, mark: &str, pipe: &mut dyn Read) {
    let mut nothing = [0; 64];
    loop {
        match pipe.read(&mut nothing) {
            Ok(0) => break,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
            Ok(_) | Err(_) => {}
        }
    }
    let end = Instant::now() + LIMIT;
    while !leftovers::sweep(mark).is_empty() && Instant::now() < end {}
    // A regular run has removed it already.
    let _ = std::fs::remove_dir_all(folder);
}
