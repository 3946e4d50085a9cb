//! What the front and its environment count, as Prometheus' text beside that of the calls.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use http::StatusCode;

use crate::environment::{PluginStatus, State};
use crate::front::record::AccessEnd;

/// Counted while it happens.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    connections: AtomicUsize,
    under_way: AtomicUsize,
    /// By the first digit of the status; 0 is without one.
    classes: [AtomicU64; 10],
    truncated: AtomicU64,
    left: AtomicU64,
}

impl Gauges {
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn disconnected(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn begin(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self, status: Option<StatusCode>, end: AccessEnd) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let class = status.map_or(0, |status| usize::from(status.as_u16() / 100));
        if let Some(class) = self.classes.get(class) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        match end {
            AccessEnd::Complete => {}
            AccessEnd::Truncated => {
                self.truncated.fetch_add(1, Ordering::Relaxed);
            }
            AccessEnd::Left => {
                self.left.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The text of all this, and of how the plugins are.
    pub(super) fn to_prometheus(&self, plugins: &[PluginStatus]) -> String {
        let mut text = String::new();
        self.write(&mut text, plugins)
            .expect("writing to a string does not fail");
        text
    }

    fn write(&self, out: &mut String, plugins: &[PluginStatus]) -> fmt::Result {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n")
        };
        let connections = "plugin_host_front_connections";
        head(out, connections, "gauge", "Connections that are open.")?;
        let open = self.connections.load(Ordering::Relaxed);
        writeln!(out, "{connections} {open}")?;
        let under_way = "plugin_host_front_requests_under_way";
        head(out, under_way, "gauge", "Requests that have not ended.")?;
        writeln!(
            out,
            "{under_way} {}",
            self.under_way.load(Ordering::Relaxed)
        )?;
        let requests = "plugin_host_front_requests_total";
        head(
            out,
            requests,
            "counter",
            "Requests that have ended, by class of status.",
        )?;
        for (class, number) in self.classes.iter().enumerate() {
            let number = read(number);
            match class {
                _ if number == 0 => {}
                0 => writeln!(out, "{requests}{{status=\"none\"}} {number}")?,
                _ => writeln!(out, "{requests}{{status=\"{class}xx\"}} {number}")?,
            }
        }
        let broken = "plugin_host_front_broken_total";
        head(
            out,
            broken,
            "counter",
            "Requests whose answer did not arrive whole, by who broke off.",
        )?;
        writeln!(out, "{broken}{{by=\"plugin\"}} {}", read(&self.truncated))?;
        writeln!(out, "{broken}{{by=\"client\"}} {}", read(&self.left))?;
        if plugins.is_empty() {
            return Ok(());
        }
        let up = "plugin_host_plugin_up";
        head(out, up, "gauge", "Whether the plugin is running.")?;
        for plugin in plugins {
            let running = u8::from(plugin.state == State::Running);
            writeln!(out, "{up}{{plugin=\"{}\"}} {running}", plugin.id)?;
        }
        let restarts = "plugin_host_plugin_restarts_total";
        head(
            out,
            restarts,
            "counter",
            "Starts of the plugin that nobody asked for.",
        )?;
        for plugin in plugins {
            let number = plugin.restarts;
            writeln!(out, "{restarts}{{plugin=\"{}\"}} {number}", plugin.id)?;
        }
        Ok(())
    }
}
