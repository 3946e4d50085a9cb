//! Numbers from a seed: SplitMix64, small enough to write down and the same on every machine for ever.
//!
//! Not for secrets.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers that were drawn so far, for whoever wants to give them again; of very many the first.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<Vec<u64>>>);

/// The most numbers that a tape keeps.
const LONGEST: usize = 10_000;

impl Tape {
    /// The numbers.
    pub fn numbers(&self) -> Vec<u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, number: u64) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.len() < LONGEST {
            numbers.push(number);
        }
    }
}

/// A stream of numbers that depends on its seed alone, or on numbers that are given in their place.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    given: VecDeque<u64>,
    tape: Option<Tape>,
}

impl Rng {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng {
            state: seed,
            given: VecDeque::new(),
            tape: None,
        }
    }

    /// A stream that begins with these numbers and goes on as that of the seed does after as many.
    pub fn given(numbers: impl IntoIterator<Item = u64>, seed: u64) -> Rng {
        Rng {
            given: numbers.into_iter().collect(),
            ..Rng::new(seed)
        }
    }

    /// The stream, and the tape that its numbers are written on from here on.
    pub fn on_tape(self) -> (Rng, Tape) {
        let tape = Tape::default();
        let rng = Rng {
            tape: Some(tape.clone()),
            ..self
        };
        (rng, tape)
    }

    /// The next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, so it is no iterator that anybody would collect"
    )]
    pub fn next(&mut self) -> u64 {
        let own = self.step();
        let number = self.given.pop_front().unwrap_or(own);
        if let Some(tape) = &self.tape {
            tape.add(number);
        }
        number
    }

    fn step(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        self.next()
            .checked_rem(bound)
            .map_or(0, |rest| rest as usize)
    }

    /// The items in another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

/// The seed of one case: it depends on the run's seed and on the case's names, not on its place in the plan, so that a case replays alone.
pub fn case_seed(run: u64, scenario: &str, subject: &str) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.write(&run.to_le_bytes());
    for text in [scenario, subject] {
        hash.write(text.as_bytes());
        hash.write(&[0]);
    }
    Rng::new(hash.finish()).next()
}

/// FNV-1a: the standard library promises no stable hash.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_a_tape_can_be_given_to_another_seed() {
        let (mut rng, tape) = Rng::new(7).on_tape();
        let drawn: Vec<u64> = (0..5).map(|_| rng.next()).collect();
        assert_eq!(tape.numbers(), drawn);
        let mut again = Rng::given(tape.numbers(), 8);
        let given: Vec<u64> = (0..5).map(|_| again.next()).collect();
        assert_eq!(given, drawn);
        let mut other = Rng::new(8);
        let own: Vec<u64> = (0..6).map(|_| other.next()).collect();
        assert_eq!(again.next(), own[5]);
    }
}
