//! A plan and its steps in words, for people.

use std::fmt;

use super::{Action, FaultPlan, Step};

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps.as_slice() {
            [] => f.write_str("no step"),
            steps => {
                let words: Vec<String> = steps.iter().map(Step::to_string).collect();
                f.write_str(&words.join("; "))
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.place().name())?;
        if let Some(hook) = self.at.hook() {
            write!(f, " {hook}")?;
        }
        write!(f, ": {}", self.action.kind().name())?;
        match &self.action {
            Action::Exit { code } => write!(f, " {code}"),
            Action::Raise { signal } => write!(f, " {}", signal.name()),
            Action::Late { ms } => write!(f, " {ms} ms"),
            Action::Garbage { hex } | Action::Noise { hex, .. } => write!(f, " {hex}"),
            Action::Status { code } => write!(f, " {code}"),
            Action::Error { message } => write!(f, " {message:?}"),
            Action::Flood { bytes, .. } | Action::Big { bytes } => write!(f, " {bytes} bytes"),
            Action::Stop { resume: true } => f.write_str(" and resume"),
            Action::Hooks { count } => write!(f, " {count}"),
            _ => Ok(()),
        }
    }
}
