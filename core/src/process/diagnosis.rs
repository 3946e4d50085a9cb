//! What can be said about a child whose start failed: facts, no guesses. Pure.

use std::fmt;
use std::time::Duration;

use super::Exit;

/// The facts about a failed start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// How the process ended by itself; `None` if the host had to end it.
    pub exit: Option<Exit>,
    /// The last lines it wrote to stderr, each shortened.
    pub stderr_tail: Vec<String>,
    /// How many bytes it wrote to stdout.
    pub stdout_bytes: u64,
    /// The first line of stdout, escaped and shortened; also when it has no end. `None` if there is not a byte.
    pub first_line: Option<String>,
    /// Whether the first line ended, by LF or by the end of stdout.
    pub first_line_complete: bool,
    /// Time from the spawn to the failure.
    pub elapsed: Duration,
    /// The time it had.
    pub budget: Duration,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit {
            Some(exit) => writeln!(f, "process: ended by itself, {exit}")?,
            None => writeln!(f, "process: was still running")?,
        }
        match (&self.first_line, self.first_line_complete) {
            (None, _) => writeln!(f, "stdout: {} bytes", self.stdout_bytes)?,
            (Some(line), true) => writeln!(
                f,
                "stdout: {} bytes, first line \"{line}\"",
                self.stdout_bytes
            )?,
            (Some(line), false) => writeln!(
                f,
                "stdout: {} bytes, no end of line after \"{line}\"",
                self.stdout_bytes
            )?,
        }
        writeln!(f, "time: {:.3?} of {:.3?}", self.elapsed, self.budget)?;
        if self.stderr_tail.is_empty() {
            return write!(f, "stderr: nothing");
        }
        write!(f, "stderr, last lines:")?;
        self.stderr_tail
            .iter()
            .try_for_each(|line| write!(f, "\n  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_its_line() {
        let mut diagnosis = Diagnosis {
            exit: Some(Exit::Code(3)),
            stderr_tail: vec!["ModuleNotFoundError: No module named 'grpc'".to_owned()],
            stdout_bytes: 0,
            first_line: None,
            first_line_complete: true,
            elapsed: Duration::from_millis(1500),
            budget: Duration::from_secs(10),
        };
        assert_eq!(
            diagnosis.to_string(),
            "process: ended by itself, exit status 3\n\
             stdout: 0 bytes\n\
             time: 1.500s of 10.000s\n\
             stderr, last lines:\n  ModuleNotFoundError: No module named 'grpc'"
        );
        diagnosis.exit = None;
        diagnosis.stderr_tail.clear();
        diagnosis.stdout_bytes = 9;
        diagnosis.first_line = Some("starting".to_owned());
        assert_eq!(
            diagnosis.to_string(),
            "process: was still running\n\
             stdout: 9 bytes, first line \"starting\"\n\
             time: 1.500s of 10.000s\n\
             stderr: nothing"
        );
    }
}
