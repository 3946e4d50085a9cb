//! Makes a plan that fails small: delta debugging over its steps, then smaller values. Pure: whoever plays the candidates says what came of them.
//!
//! ```text
//! let mut shrinking = Shrinking::new(plan, 40);
//! while let Some(candidate) = shrinking.candidate() { shrinking.tell(fails(&candidate)) }
//! shrinking.smallest()
//! ```
//! Invariant: the smallest plan is one that failed. Unless the tries ran out, none of its steps can be left out and none of its values be
//! made smaller without its passing.

use super::{Action, FaultPlan, Step};

/// A plan on its way to be small.
#[derive(Clone, Debug)]
pub struct Shrinking {
    smallest: FaultPlan,
    next: Next,
    tries: usize,
    asked: Option<FaultPlan>,
}

/// What is tried next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Without the `size` steps from `at` on; whether anything was left out since the last look at single steps.
    Without {
        size: usize,
        at: usize,
        progress: bool,
    },
    /// With a smaller value: the `choice`-th of a step; whether one became smaller.
    Smaller {
        at: usize,
        choice: usize,
        progress: bool,
    },
    Nothing,
}

impl Shrinking {
    /// A plan that fails, and how many candidates may be tried.
    pub fn new(failing: FaultPlan, tries: usize) -> Shrinking {
        let size = failing.steps.len();
        Shrinking {
            smallest: failing,
            next: Next::Without {
                size,
                at: 0,
                progress: false,
            },
            tries,
            asked: None,
        }
    }

    /// Whether the smallest plan is known to be that: nothing more is left to be tried.
    pub fn is_over(&self) -> bool {
        self.next == Next::Nothing
    }

    /// The next plan to be played, if there is one.
    pub fn candidate(&mut self) -> Option<FaultPlan> {
        if self.tries == 0 {
            return None;
        }
        let candidate = loop {
            match self.next {
                Next::Nothing => return None,
                Next::Without { size, at, progress } => {
                    if let Some(steps) = without(&self.smallest.steps, at, size) {
                        break self.smallest.with(steps);
                    }
                    self.next = after_pass(size, progress);
                }
                Next::Smaller {
                    at,
                    choice,
                    progress,
                } => match self.smallest.steps.get(at) {
                    Some(step) => match smaller(step).into_iter().nth(choice) {
                        Some(step) => {
                            let mut steps = self.smallest.steps.clone();
                            steps[at] = step;
                            break self.smallest.with(steps);
                        }
                        None => {
                            self.next = Next::Smaller {
                                at: at + 1,
                                choice: 0,
                                progress,
                            }
                        }
                    },
                    None if progress => self.next = single(),
                    None => self.next = Next::Nothing,
                },
            }
        };
        self.tries -= 1;
        self.asked = Some(candidate.clone());
        Some(candidate)
    }

    /// Whether the candidate failed as the plan had.
    pub fn tell(&mut self, failed: bool) {
        let Some(candidate) = self.asked.take() else {
            return;
        };
        if failed {
            self.smallest = candidate;
        }
        match &mut self.next {
            Next::Without { size, at, progress } => {
                if failed {
                    *progress = true;
                } else {
                    *at += *size;
                }
            }
            Next::Smaller {
                choice, progress, ..
            } => {
                if failed {
                    (*choice, *progress) = (0, true);
                } else {
                    *choice += 1;
                }
            }
            Next::Nothing => {}
        }
    }

    /// The smallest plan so far.
    pub fn smallest(&self) -> &FaultPlan {
        &self.smallest
    }
}

/// The pass over single steps.
fn single() -> Next {
    Next::Without {
        size: 1,
        at: 0,
        progress: false,
    }
}

/// What comes after a pass with parts of this size.
fn after_pass(size: usize, progress: bool) -> Next {
    match size {
        0 | 1 if progress => single(),
        0 | 1 => Next::Smaller {
            at: 0,
            choice: 0,
            progress: false,
        },
        _ => Next::Without {
            size: size / 2,
            at: 0,
            progress: false,
        },
    }
}

/// The steps without a part of them; `None` past the end.
fn without(steps: &[Step], at: usize, size: usize) -> Option<Vec<Step>> {
    if size == 0 || at >= steps.len() {
        return None;
    }
    let end = (at + size).min(steps.len());
    Some([&steps[..at], &steps[end..]].concat())
}

/// The same step with smaller values, the smallest first.
pub fn smaller(step: &Step) -> Vec<Step> {
    let actions: Vec<Action> = match &step.action {
        Action::Exit { code } => numbers(u64::from(*code), 1)
            .filter_map(|code| u8::try_from(code).ok())
            .map(|code| Action::Exit { code })
            .collect(),
        Action::Late { ms } => numbers(*ms, 1).map(|ms| Action::Late { ms }).collect(),
        Action::Flood { stream, bytes } => sizes(*bytes, 1)
            .map(|bytes| Action::Flood {
                stream: *stream,
                bytes,
            })
            .collect(),
        Action::Hooks { count } => sizes(*count, 1)
            .map(|count| Action::Hooks { count })
            .collect(),
        Action::Big { bytes } => sizes(*bytes, 1)
            .map(|bytes| Action::Big { bytes })
            .collect(),
        Action::Garbage { hex } => shorter(hex).map(|hex| Action::Garbage { hex }).collect(),
        Action::Noise { stream, hex } => shorter(hex)
            .map(|hex| Action::Noise {
                stream: *stream,
                hex,
            })
            .collect(),
        Action::Error { message } if !message.is_empty() => vec![Action::Error {
            message: String::new(),
        }],
        _ => Vec::new(),
    };
    actions
        .into_iter()
        .map(|action| Step {
            at: step.at.clone(),
            action,
        })
        .collect()
}

/// The least value, and the half of the way to it.
fn numbers(value: u64, least: u64) -> impl Iterator<Item = u64> {
    let half = least + value.saturating_sub(least) / 2;
    let one = (least < value).then_some(least);
    let two = (least < half && half < value).then_some(half);
    one.into_iter().chain(two)
}

fn sizes(value: usize, least: u64) -> impl Iterator<Item = usize> {
    numbers(value as u64, least).filter_map(|size| usize::try_from(size).ok())
}

/// The first byte alone, and the first half.
fn shorter(hex: &str) -> impl Iterator<Item = String> {
    let bytes = super::decoded(hex);
    let lengths: Vec<usize> = sizes(bytes.len(), 1).collect();
    lengths
        .into_iter()
        .map(move |length| fake_interpreters::hex::encode(&bytes[..length]))
}
