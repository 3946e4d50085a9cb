//! The testee's own log: lines in hclog's JSON form on stderr, from the level on that the host asks for.

use serde_json::json;

/// Where the host tells the lowest level that it wants.
pub(super) const LEVEL: &str = "MATTERMOST_PLUGIN_LOG_LEVEL";

/// The lowest level that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threshold(usize);

impl Threshold {
    /// The level of that name; INFO for none and for unknown ones.
    pub(super) fn of(name: Option<&str>) -> Self {
        Self(name.and_then(rank).unwrap_or(2))
    }

    /// Whether a line of this level is written.
    pub(super) fn lets_pass(self, level: &str) -> bool {
        rank(level).unwrap_or(2) >= self.0
    }
}

fn rank(level: &str) -> Option<usize> {
    Some(match level.to_ascii_lowercase().as_str() {
        "trace" => 0,
        "debug" => 1,
        "info" => 2,
        "warn" | "warning" => 3,
        "error" | "critical" => 4,
        _ => return None,
    })
}

/// One line, as go-hclog writes it but for the time, which readers need not get.
pub(super) fn line(level: &str, text: &str) -> String {
    let level = match level.to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" => "error".to_owned(),
        level => level.to_owned(),
    };
    format!(
        "{}\n",
        json!({ "@level": level, "@message": text, "@module": "fake" })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_below_the_level_are_not_written() {
        for (threshold, level, expect) in [
            (None, "debug", false),
            (None, "info", true),
            (Some("DEBUG"), "debug", true),
            (Some("ERROR"), "warn", false),
            (Some("nonsense"), "info", true),
        ] {
            assert_eq!(
                Threshold::of(threshold).lets_pass(level),
                expect,
                "{threshold:?} {level}"
            );
        }
    }
}
