//! Makes something that fails small: greedily, by candidates that it names itself. Pure: whoever tries the candidates says what came of them.
//!
//! ```
//! use plugin_host::body::shrink::Shrinking;
//! use plugin_host::body::split::Split;
//!
//! // What fails here is any body with an empty piece before a byte.
//! let fails = |split: &Split| split.sizes().collect::<Vec<_>>().windows(2).any(|pair| pair[0] == 0 && pair[1] > 0);
//! let mut shrinking = Shrinking::new(Split::of([7, 65_536, 0, 3, 12]), 1_000);
//! while let Some(candidate) = shrinking.candidate() {
//!     shrinking.tell(fails(&candidate));
//! }
//! assert_eq!(shrinking.into_smallest(), Split::of([0, 1]));
//! ```
//! Invariant: the smallest is one that failed, and unless the tries ran out none of its candidates fails.

use std::collections::HashSet;
use std::hash::Hash;

/// What can name smaller values of its kind.
pub trait Smaller: Clone + Eq + Hash {
    /// Smaller values, those that leave out most first. Each is smaller than this one, so that shrinking ends.
    fn smaller(&self) -> Vec<Self>;
}

/// A value on its way to be small.
#[derive(Clone, Debug)]
pub struct Shrinking<T> {
    smallest: T,
    /// What is to be tried next, last to first.
    waiting: Vec<T>,
    /// What was tried and did not fail.
    passed: HashSet<T>,
    asked: Option<T>,
    tries: usize,
}

impl<T: Smaller> Shrinking<T> {
    /// A value that fails, and how many candidates may be tried.
    pub fn new(failing: T, tries: usize) -> Self {
        let mut shrinking = Self {
            waiting: Vec::new(),
            smallest: failing,
            passed: HashSet::new(),
            asked: None,
            tries,
        };
        shrinking.renew();
        shrinking
    }

    /// The next value to be tried, if there is one.
    pub fn candidate(&mut self) -> Option<T> {
        self.tries = self.tries.checked_sub(1)?;
        self.asked = self.waiting.pop();
        self.asked.clone()
    }

    /// Whether the candidate failed as the first value had.
    pub fn tell(&mut self, failed: bool) {
        let Some(candidate) = self.asked.take() else {
            return;
        };
        if failed {
            self.smallest = candidate;
            self.renew();
        } else {
            self.passed.insert(candidate);
        }
    }

    /// The smallest value that failed.
    pub fn smallest(&self) -> &T {
        &self.smallest
    }

    /// The same, at the end.
    pub fn into_smallest(self) -> T {
        self.smallest
    }

    fn renew(&mut self) {
        let mut candidates = self.smallest.smaller();
        candidates.retain(|candidate| !self.passed.contains(candidate));
        candidates.reverse();
        self.waiting = candidates;
    }
}

/// Smaller numbers: 0 first, then ever nearer.
pub fn smaller_numbers(number: usize) -> impl Iterator<Item = usize> {
    let steps = std::iter::successors(Some(number), |step| Some(step / 2));
    steps
        .take_while(|step| *step > 0)
        .map(move |step| number - step)
}

/// The list without some neighbours: first without many, then without each.
pub fn without_runs<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let sizes = std::iter::successors(Some(list.len() / 2), |size| Some(size / 2));
    let sizes = sizes.take_while(|size| *size > 0);
    sizes
        .flat_map(|size| (0..list.len()).step_by(size).map(move |at| (at, size)))
        .map(|(at, size)| {
            let end = (at + size).min(list.len());
            [&list[..at], &list[end..]].concat()
        })
        .collect()
}

#[cfg(test)]
mod tests;
