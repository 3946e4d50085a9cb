//! The timeline of a case as a table, with the first entry that contradicts the requirement marked.

use super::markup::{Element, el};
use super::scrolled;
use crate::case::timeline::Entry;

/// How many entries are shown before the marked one, or before the end.
const BEFORE: usize = 200;

/// How many are shown after it.
const AFTER: usize = 50;

/// The table, or nothing if nothing was seen.
pub(super) fn table(entries: &[Entry], marked: Option<usize>) -> Option<Element> {
    if entries.is_empty() {
        return None;
    }
    let middle = marked.unwrap_or(entries.len());
    let end = entries.len().min(middle.saturating_add(AFTER + 1));
    let begin = middle.saturating_sub(BEFORE).min(end);
    let rows = entries[begin..end]
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            let contradicts = marked == Some(begin + place);
            let row = el("tr")
                .child(el("td").class("at").text(format!("{} ms", entry.at_ms)))
                .child(el("td").class("source").text(entry.source.as_str()));
            let text = el("td").class("text");
            if contradicts {
                let text = text
                    .child(
                        el("strong")
                            .class("mark")
                            .text("contradicts the requirement"),
                    )
                    .text(" ");
                row.class("contradicts").child(text.text(&entry.text))
            } else {
                row.child(text.text(&entry.text))
            }
        });
    let heads = ["at", "source", "what happened"];
    let heads = heads.map(|head| el("th").attr("scope", "col").text(head));
    let table = el("table")
        .class("timeline")
        .child(caption(entries.len(), begin, end))
        .child(el("thead").child(el("tr").children(heads)))
        .child(el("tbody").children(rows));
    Some(scrolled("Timeline", table))
}

fn caption(all: usize, begin: usize, end: usize) -> Element {
    let words = match (begin, all - end) {
        (0, 0) => "Timeline".to_owned(),
        (earlier, later) => {
            format!(
                "Timeline, without {earlier} earlier and {later} later entries, which the log has"
            )
        }
    };
    el("caption").text(words)
}
