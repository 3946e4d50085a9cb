//! Histograms of durations that many threads add to at once.

use std::array;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plugin_proto::Method;
use serde::Serialize;

/// Upper bounds of the buckets, in microseconds; a last bucket takes what is longer.
pub const BOUNDS: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000, 30_000_000,
];

/// What a histogram held at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// How many calls there were.
    pub count: u64,
    /// How long they took together, in nanoseconds.
    pub sum_ns: u64,
    /// How many took at most as long as each of [`BOUNDS`]; the rest is the difference to `count`.
    pub within: Vec<u64>,
}

/// The calls of the methods of one service. Space for a method is taken at its first call.
#[derive(Debug)]
pub(super) struct Calls(Box<[OnceLock<Box<[Series; 2]>>]>);

impl Calls {
    pub(super) fn of(methods: &[Method]) -> Self {
        Self(methods.iter().map(|_| OnceLock::new()).collect())
    }

    pub(super) fn count(&self, method: &Method, success: bool, took: Duration) {
        // A method of another service has no place here, and nobody asks with one.
        let Some(cell) = self.0.get(method.index) else {
            return;
        };
        let both = cell.get_or_init(Box::default);
        both[usize::from(success)].add(took);
    }

    /// Name, success and histogram of everything that was called.
    pub(super) fn read<'a>(
        &'a self,
        methods: &'static [Method],
    ) -> impl Iterator<Item = (&'static str, bool, Histogram)> + 'a {
        let called = methods.iter().zip(&self.0);
        called.flat_map(|(method, cell)| {
            let both = cell.get().into_iter();
            both.flat_map(|both| [false, true].into_iter().zip(both.iter()))
                .map(|(success, series)| (method.name, success, series.read()))
                .filter(|(_, _, histogram)| histogram.count > 0)
        })
    }
}

#[derive(Debug)]
struct Series {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            buckets: array::from_fn(|_| AtomicU64::new(0)),
            sum_ns: AtomicU64::new(0),
        }
    }
}

impl Series {
    fn add(&self, took: Duration) {
        let micros = took.as_nanos().div_ceil(1_000);
        let bucket = BOUNDS.partition_point(|bound| u128::from(*bound) < micros);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        // 2^64 ns are 584 years.
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// The count is the sum of the buckets, so that both always agree.
    fn read(&self) -> Histogram {
        let mut count = 0;
        let mut within = Vec::with_capacity(BOUNDS.len());
        for bucket in &self.buckets {
            count += bucket.load(Ordering::Relaxed);
            within.push(count);
        }
        within.truncate(BOUNDS.len());
        Histogram {
            count,
            sum_ns: self.sum_ns.load(Ordering::Relaxed),
            within,
        }
    }
}
