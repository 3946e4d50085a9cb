//! The status of all plugins as a small page and as JSON. Pure.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use crate::environment::{LastExit, PluginStatus, State};

/// A plugin as it is shown.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: &'a str,
    state: &'static str,
    error: Option<&'a str>,
    folder: String,
    pid: Option<u32>,
    uptime_ms: Option<u128>,
    starts: u64,
    restarts: u64,
    last_exit: Option<ShownExit<'a>>,
}

#[derive(Debug, Serialize)]
struct ShownExit<'a> {
    exit: String,
    stderr_tail: &'a [String],
}

impl<'a> Shown<'a> {
    fn of(status: &'a PluginStatus) -> Self {
        Self {
            id: status.id.as_str(),
            state: status.state.word(),
            error: status.error.as_deref(),
            folder: status.folder.display().to_string(),
            pid: status.pid,
            uptime_ms: status.uptime().map(|uptime| uptime.as_millis()),
            starts: status.starts,
            restarts: status.restarts,
            last_exit: status.last_exit.as_ref().map(|exit| ShownExit {
                exit: exit_text(exit),
                stderr_tail: &exit.stderr_tail,
            }),
        }
    }
}

/// `{"plugins": [...]}`.
pub(super) fn json(plugins: &[PluginStatus]) -> String {
    let shown: Vec<Shown<'_>> = plugins.iter().map(Shown::of).collect();
    serde_json::json!({ "plugins": shown }).to_string()
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Plugins</title>\n\
    <meta http-equiv=\"refresh\" content=\"5\">\n\
    <style>body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}th,td{text-align:left;padding:.3em 1em .3em 0;\
    border-bottom:1px solid #ccc;vertical-align:top}.running{color:#060}.failed{color:#a00}pre{margin:0;white-space:pre-wrap}</style>\n\
    </head><body><h1>Plugins</h1>\n";

const COLUMNS: [&str; 7] = [
    "plugin",
    "state",
    "pid",
    "uptime",
    "starts",
    "restarts",
    "last exit",
];

/// The page.
pub(super) fn html(plugins: &[PluginStatus]) -> String {
    let mut page = String::from(HEAD);
    write_table(&mut page, plugins).expect("writing to a string does not fail");
    page.push_str("<p><a href=\"/status.json\">JSON</a> <a href=\"/metrics\">metrics</a></p>\n</body></html>\n");
    page
}

fn write_table(page: &mut String, plugins: &[PluginStatus]) -> fmt::Result {
    if plugins.is_empty() {
        return page.write_str("<p>None.</p>\n");
    }
    page.push_str("<table><thead><tr>");
    for column in COLUMNS {
        write!(page, "<th>{column}</th>")?;
    }
    page.push_str("</tr></thead><tbody>\n");
    for plugin in plugins {
        write_row(page, plugin)?;
    }
    page.write_str("</tbody></table>\n")
}

fn write_row(page: &mut String, plugin: &PluginStatus) -> fmt::Result {
    let class = match plugin.state {
        State::Running => "running",
        State::FailedToStart | State::FailedToStayRunning => "failed",
        _ => "",
    };
    let id = escaped(plugin.id.as_str());
    write!(page, "<tr><td><a href=\"/plugins/{id}/\">{id}</a></td>")?;
    write!(page, "<td class=\"{class}\">{}", plugin.state.word())?;
    if let Some(error) = &plugin.error {
        write!(page, "<pre>{}</pre>", escaped(error))?;
    }
    let pid = plugin.pid.map(|pid| pid.to_string()).unwrap_or_default();
    let uptime = plugin.uptime().map(clock).unwrap_or_default();
    let (starts, restarts) = (plugin.starts, plugin.restarts);
    write!(
        page,
        "</td><td>{pid}</td><td>{uptime}</td><td>{starts}</td><td>{restarts}</td><td>"
    )?;
    if let Some(exit) = &plugin.last_exit {
        page.push_str(&escaped(&exit_text(exit)));
        if !exit.stderr_tail.is_empty() {
            let tail = escaped(&exit.stderr_tail.join("\n"));
            write!(
                page,
                "<details><summary>stderr</summary><pre>{tail}</pre></details>"
            )?;
        }
    }
    page.write_str("</td></tr>\n")
}

fn exit_text(exit: &LastExit) -> String {
    match exit.exit {
        Some(exit) => exit.to_string(),
        None => "would not end".to_owned(),
    }
}

/// `3 d 04:05:06`.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    let clock = format!("{hours:02}:{minutes:02}:{seconds:02}");
    match days {
        0 => clock,
        _ => format!("{days} d {clock}"),
    }
}

/// A text that means nothing in HTML, neither between tags nor in quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PluginId;
    use crate::process::Exit;
    use rstest::rstest;
    use serde_json::Value;

    fn plugin() -> PluginStatus {
        let tail = vec!["<b>&".to_owned(), "</pre>".to_owned()];
        PluginStatus {
            id: PluginId::parse("com.example.a").unwrap(),
            state: State::FailedToStart,
            error: Some("<script>alert('x')</script>".to_owned()),
            folder: "/plugins/a".into(),
            pid: None,
            running_since: None,
            starts: 2,
            restarts: 1,
            exit: None,
            last_exit: Some(LastExit {
                exit: Some(Exit::Code(3)),
                stderr_tail: tail.into(),
            }),
        }
    }

    #[test]
    fn what_a_plugin_says_is_text_on_the_page() {
        let page = html(&[plugin()]);
        assert!(
            page.contains("<pre>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</pre>"),
            "{page}"
        );
        assert!(page.contains("exit status 3"), "{page}");
        assert!(
            page.contains("<pre>&lt;b&gt;&amp;\n&lt;/pre&gt;</pre>"),
            "{page}"
        );
        assert!(!page.contains("<script"), "{page}");
        assert!(html(&[]).contains("None."));
    }

    #[test]
    fn the_same_as_json() {
        let json: Value = serde_json::from_str(&json(&[plugin()])).unwrap();
        let expected = serde_json::json!({"plugins": [{
            "id": "com.example.a", "state": "failed_to_start", "error": "<script>alert('x')</script>", "folder": "/plugins/a",
            "pid": null, "uptime_ms": null, "starts": 2, "restarts": 1,
            "last_exit": {"exit": "exit status 3", "stderr_tail": ["<b>&", "</pre>"]},
        }]});
        assert_eq!(json, expected);
    }

    #[rstest]
    #[case(0, "00:00:00")]
    #[case(3_723, "01:02:03")]
    #[case(86_400 * 3 + 61, "3 d 00:01:01")]
    fn clocks(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(clock(Duration::from_secs(seconds)), text);
    }
}
