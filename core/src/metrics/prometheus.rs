//! A snapshot as text in Prometheus' exposition format, version 0.0.4. Pure.

use std::fmt::{self, Write as _};

use crate::metrics::series::BOUNDS;
use crate::metrics::{Kind, Sample, Snapshot};

impl Kind {
    const ALL: [Self; 4] = [Self::Hook, Self::Api, Self::Turn, Self::FanOut];

    /// Name of the metric, name of the label that holds the method, and what it says.
    const fn metric(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Hook => (
                "plugin_host_hook_duration_seconds",
                "hook",
                "Time that calls of hooks took, by plugin, hook and success.",
            ),
            Self::Api => (
                "plugin_host_api_duration_seconds",
                "method",
                "Time that calls of API methods took, by plugin, method and success.",
            ),
            Self::Turn => (
                "plugin_host_fan_out_plugin_duration_seconds",
                "hook",
                "Time that one plugin took of a fan-out, by plugin, hook and success.",
            ),
            Self::FanOut => (
                "plugin_host_fan_out_duration_seconds",
                "hook",
                "Time that hooks took that go to all plugins, by hook and success.",
            ),
        }
    }
}

impl Snapshot {
    /// The text that a scrape is answered with. Metrics that counted nothing are left out.
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for kind in Kind::ALL {
            let mut samples = self
                .samples
                .iter()
                .filter(|sample| sample.kind == kind)
                .peekable();
            if samples.peek().is_none() {
                continue;
            }
            let (metric, label, help) = kind.metric();
            write!(text, "# HELP {metric} {help}\n# TYPE {metric} histogram\n")
                .and_then(|()| {
                    samples.try_for_each(|sample| write_sample(&mut text, metric, label, sample))
                })
                .expect("writing to a string does not fail");
        }
        text
    }
}

fn write_sample(out: &mut String, metric: &str, label: &str, sample: &Sample) -> fmt::Result {
    let plugin = match &sample.plugin {
        Some(plugin) => format!("plugin=\"{}\",", escape(plugin.as_str())),
        None => String::new(),
    };
    let labels = format!(
        "{plugin}{label}=\"{}\",success=\"{}\"",
        escape(sample.name),
        sample.success
    );
    let histogram = &sample.histogram;
    for (bound, within) in BOUNDS.iter().zip(&histogram.within) {
        let bound = seconds(*bound * 1_000);
        writeln!(out, "{metric}_bucket{{{labels},le=\"{bound}\"}} {within}")?;
    }
    let count = histogram.count;
    writeln!(out, "{metric}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
    let sum = seconds(histogram.sum_ns);
    writeln!(out, "{metric}_sum{{{labels}}} {sum}")?;
    writeln!(out, "{metric}_count{{{labels}}} {count}")
}

/// Beyond 104 days a sum may be off by a nanosecond.
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// The value of a label: backslash, quote and line end are escaped.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        assert_eq!(escape("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }
}
