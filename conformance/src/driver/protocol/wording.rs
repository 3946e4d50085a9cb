//! Answers and events in the words of reports: what a person reads of a check that failed.
//!
//! One sentence for each. What a reader can see in the timeline all the same is not repeated here.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::environment::{Broken, Configured, Listed, Place, Plugins, Removed, Scanned};
use super::hooks::{Cancelled, FannedOut, Part};
use super::http::{Http, HttpAnswered};
use super::{Activated, Called, Ended, Event, Health, Refusal, Status, StopStep, Stopped};

/// More of a JSON text than this says nothing to a reader.
const MOST: usize = 600;

/// JSON that is cut where it gets long.
struct Short<'a>(&'a Value);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}… ({} bytes)", &text[..end], text.len()),
            None => f.write_str(&text),
        }
    }
}

/// What is not empty, joined.
fn listed<T: Display>(f: &mut Formatter<'_>, all: &[T], none: &str) -> fmt::Result {
    if all.is_empty() {
        return f.write_str(none);
    }
    for (at, one) in all.iter().enumerate() {
        write!(f, "{}{one}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// A part of a sentence that is there only if there is something to say.
fn maybe<T: Display>(f: &mut Formatter<'_>, before: &str, part: Option<T>) -> fmt::Result {
    match part {
        Some(part) => write!(f, "{before}{part}"),
        None => Ok(()),
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "refused as {}: {}", self.kind, self.message)
    }
}

impl Display for Activated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let how = if self.started {
            "started"
        } else {
            "ran already"
        };
        write!(f, "{} {how}", self.plugin)?;
        maybe(f, ", process ", self.pid)
    }
}

impl Display for Called {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Called::Answered { response } => write!(f, "answered with {}", Short(response)),
            Called::Refused { error } => write!(f, "refused with the error {}", Short(error)),
            Called::NotImplemented {} => f.write_str("not sent: the plugin has no such hook"),
            Called::Failed { kind, message } => write!(f, "failed as {kind}: {message}"),
        }
    }
}

impl Display for Health {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = if self.healthy { "healthy" } else { "unhealthy" };
        write!(f, "{word}, status {}", self.status)
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "state {}", self.state)?;
        maybe(f, ", error: ", self.error.as_deref())
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.exited, self.exit_code, self.signal) {
            (false, ..) => f.write_str("has not ended"),
            (true, Some(code), None) => write!(f, "ended with exit code {code}"),
            (true, None, Some(signal)) => write!(f, "ended by signal {signal}"),
            (true, None, None) => f.write_str("ended, and it is not said how"),
            (true, Some(code), Some(signal)) => {
                write!(f, "ended with exit code {code} and by signal {signal}")
            }
        }
    }
}

impl Display for Stopped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.stopped {
            "stopped by "
        } else {
            "there was nothing to stop; steps: "
        })?;
        listed(f, &self.steps, "no step")
    }
}

impl Display for StopStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} after {:.0} ms)",
            self.step, self.outcome, self.took_ms
        )
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "event {} of {}:", self.event, self.plugin)?;
        for (name, value) in &self.fields {
            write!(f, " {name} {}", Short(value))?;
        }
        Ok(())
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.plugin, self.dir.display())
    }
}

impl Display for Broken {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.dir.display(), self.kind, self.message)
    }
}

impl Display for Scanned {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("found: ")?;
        listed(f, &self.found, "none")?;
        f.write_str("; broken: ")?;
        listed(f, &self.broken, "none")?;
        f.write_str("; ids of several folders: ")?;
        let twins: Vec<&str> = self.twins.keys().map(String::as_str).collect();
        listed(f, &twins, "none")
    }
}

impl Display for Plugins {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        listed(f, &self.plugins, "no plugin")
    }
}

impl Display for Listed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.plugin, self.state)?;
        maybe(f, ", process ", self.pid)?;
        if let Some(up) = self.uptime_ms {
            write!(f, ", up for {up:.0} ms")?;
        }
        write!(f, ", restarts {}", self.restarts)?;
        maybe(f, ", its last process ", self.last_exit.as_ref())?;
        maybe(f, ", error: ", self.error.as_deref())
    }
}

impl Display for Removed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped {
            "after it was stopped"
        } else {
            "without a stop"
        };
        write!(f, "removed {stopped}")
    }
}

impl Display for Configured {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let answers: Vec<String> = self
            .answers
            .iter()
            .map(|(plugin, answer)| format!("{plugin} {answer}"))
            .collect();
        listed(f, &answers, "no plugin was told")
    }
}

impl Display for FannedOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        listed(f, &self.plugins, "no plugin was asked")?;
        let end = if self.stopped {
            "what was asked about is stopped"
        } else {
            "it goes on"
        };
        write!(f, "; {end}")?;
        if let Some(why) = &self.rejection {
            write!(f, ", because of {why:?}")?;
        }
        maybe(f, ", error: ", self.error.as_ref().map(Short))?;
        match self.healthy {
            Some(true) => f.write_str(", the remote is healthy"),
            Some(false) => f.write_str(", the remote is not healthy"),
            None => Ok(()),
        }?;
        maybe(
            f,
            ", taken as ",
            (!self.request.is_null()).then_some(Short(&self.request)),
        )
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plugin, self.outcome)?;
        maybe(f, " as ", self.kind.as_deref())?;
        maybe(f, " with ", self.response.as_ref().map(Short))
    }
}

impl Display for Cancelled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.cancelled {
            "cancelled"
        } else {
            "not under way any more"
        })
    }
}

impl Display for Http {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Http::Answered(answered) => write!(f, "a whole answer, {answered}"),
            Http::NotImplemented {} => f.write_str("not sent: the plugin has no ServeHTTP"),
            Http::Failed {
                kind,
                message,
                before,
            } => {
                write!(f, "failed as {kind}: {message}")?;
                maybe(f, "; before that came ", before.as_ref())
            }
        }
    }
}

impl Display for HttpAnswered {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        for (name, values) in &self.headers {
            write!(f, ", {name}: {}", values.join(", "))?;
        }
        write!(f, ", a body of {} bytes", self.bytes)?;
        match &self.text {
            Some(text) => write!(f, ": {text:?}"),
            None => write!(f, " with the digest {}", self.sha256),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sentences_name_what_they_speak_of() {
        let failed = Called::Failed {
            kind: "deadline".into(),
            message: "too late".into(),
        };
        assert_eq!(failed.to_string(), "failed as deadline: too late");
        let fanned = FannedOut {
            plugins: vec![Part {
                plugin: "conf.a".into(),
                outcome: "failed".into(),
                kind: Some("unavailable".into()),
                ..Part::default()
            }],
            stopped: true,
            rejection: Some("no".into()),
            ..FannedOut::default()
        };
        let said =
            "conf.a failed as unavailable; what was asked about is stopped, because of \"no\"";
        assert_eq!(fanned.to_string(), said);
        let listed = Listed {
            plugin: "conf.a".into(),
            state: "failed".into(),
            restarts: 2,
            last_exit: Some(Ended {
                exited: true,
                signal: Some(9),
                ..Ended::default()
            }),
            ..Listed::default()
        };
        let said = "conf.a is failed, restarts 2, its last process ended by signal 9";
        assert_eq!(listed.to_string(), said);
        assert_eq!(
            Stopped::default().to_string(),
            "there was nothing to stop; steps: no step"
        );
    }

    #[test]
    fn long_answers_are_cut_at_a_letter() {
        let answered = Called::Answered {
            response: json!("\u{e9}".repeat(2 * MOST)),
        };
        let said = answered.to_string();
        assert!(said.ends_with("… (2402 bytes)"), "{said}");
        assert!(said.chars().count() < MOST + 40, "{said}");
    }
}
