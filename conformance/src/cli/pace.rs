//! How fast something is played, and how much time subjects are given: from words, and from how slow this machine is.

use std::thread::available_parallelism;

use super::command::options;
use super::{PaceArguments, Scale};
use crate::runner::RunOptions;
use crate::runner::calibration::Calibration;

pub(super) fn paced(pace: &PaceArguments) -> RunOptions {
    let jobs = pace
        .jobs
        .unwrap_or_else(|| available_parallelism().map_or(2, usize::from));
    match pace.timeout_scale {
        Scale::Times(factor) => options(jobs, pace.seed, factor),
        Scale::Auto => {
            let calibrated = calibrated(options(jobs, pace.seed, 1.0));
            let suggests = calibrated.calibration.map_or(1.0, |taken| taken.suggests());
            RunOptions {
                timeout_scale: suggests,
                ..calibrated
            }
        }
    }
}

/// The same with how slow this machine is; a machine that cannot be calibrated is played on as it is.
pub(super) fn calibrated(options: RunOptions) -> RunOptions {
    let taken = options.calibration.or_else(|| Calibration::take().ok());
    RunOptions {
        calibration: taken,
        ..options
    }
}
