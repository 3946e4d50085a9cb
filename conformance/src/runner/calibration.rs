//! How slow this machine is: what it costs to start a process and to exchange a line with it, taken at the start of a run. Says which
//! factor for the times of subjects that suggests; whether it is applied is for others to decide.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a start costs on the machine that the suite's times were chosen on, in microseconds: two processors, nothing beside.
const USUAL_START: u64 = 3_000;

/// What an exchange costs there.
const USUAL_EXCHANGE: u64 = 100;

/// The greatest factor that is suggested; a machine that is slower still is not one to be judged on.
const MOST: f64 = 20.0;

/// How many processes are started.
const STARTS: usize = 7;

/// How many lines are exchanged with the last of them.
const EXCHANGES: usize = 100;

/// What things cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// From the start of a process to its first line, in microseconds; the median.
    pub start_us: u64,
    /// A line to it and back, in microseconds; nine of ten were faster.
    pub exchange_us: u64,
}

impl Calibration {
    /// Takes it, with `cat`, which says what it is told.
    ///
    /// # Errors
    /// When there is no such program, or it does not answer.
    pub fn take() -> io::Result<Calibration> {
        let mut starts = Vec::new();
        let mut exchanges = Vec::new();
        for round in 1..=STARTS {
            let lines = if round == STARTS { EXCHANGES } else { 0 };
            let (start, mut took) = echo(lines)?;
            starts.push(start);
            exchanges.append(&mut took);
        }
        Ok(Calibration {
            start_us: micros(at(&mut starts, 50)),
            exchange_us: micros(at(&mut exchanges, 90)),
        })
    }

    /// The factor that it suggests: how much slower this machine is than the usual one, in halves, and never less than 1.
    pub fn suggests(&self) -> f64 {
        let times = |cost: u64, usual: u64| cost.div_ceil(usual.div_ceil(2)).max(2);
        let halves = times(self.start_us, USUAL_START).max(times(self.exchange_us, USUAL_EXCHANGE));
        let halves = u32::try_from(halves).unwrap_or(u32::MAX);
        (f64::from(halves) / 2.0).min(MOST)
    }
}

/// Starts the program and exchanges lines with it: from its start to its first line, and the time of each further one.
fn echo(lines: usize) -> io::Result<(Duration, Vec<Duration>)> {
    let begun = Instant::now();
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let missing = || io::Error::other("a pipe of the process is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let mut stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
    let mut exchanged = || exchange(&mut stdin, &mut stdout);
    exchanged()?;
    let start = begun.elapsed();
    let mut took = Vec::with_capacity(lines);
    for _ in 0..lines {
        let begun = Instant::now();
        exchanged()?;
        took.push(begun.elapsed());
    }
    drop(stdin);
    child.wait()?;
    Ok((start, took))
}

fn exchange(stdin: &mut impl Write, stdout: &mut BufReader<impl Read>) -> io::Result<()> {
    stdin.write_all(b"line\n")?;
    stdin.flush()?;
    let mut line = String::new();
    match stdout.read_line(&mut line)? {
        0 => Err(io::Error::other("the process ended")),
        _ => Ok(()),
    }
}

/// The time that so many of a hundred do not exceed.
fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual(3_000, 100, 1.0)]
    #[case::fast(500, 10, 1.0)]
    #[case::a_little_slower(3_001, 100, 1.5)]
    #[case::slow_starts(9_000, 100, 3.0)]
    #[case::slow_exchanges(3_000, 620, 6.5)]
    #[case::no_machine_to_judge_on(10_000_000, 100, 20.0)]
    fn what_is_suggested(#[case] start_us: u64, #[case] exchange_us: u64, #[case] expect: f64) {
        let calibration = Calibration {
            start_us,
            exchange_us,
        };
        assert!(
            (calibration.suggests() - expect).abs() < f64::EPSILON,
            "{}",
            calibration.suggests()
        );
    }

    #[test]
    fn this_machine_can_be_calibrated() {
        let Calibration {
            start_us,
            exchange_us,
        } = Calibration::take().unwrap();
        assert!(start_us > 0 && exchange_us > 0);
    }
}
