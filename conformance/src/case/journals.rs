//! What the fakes of a case wrote down and were told to do, found in the case's folder: read for the timeline and for what no report may
//! hold. How it reads in a report is `wording`'s.

mod wording;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use fake_interpreters::journal::{self, Entry, Event};
use fake_interpreters::locate;
use fake_interpreters::script::Script;
use serde_json::Value;

use super::timeline::{Source, Told};

/// How deep below a case's folder the folders of plugins are.
const DEEPEST: usize = 3;

/// The most entries of all fakes of a case that go into its timeline; crowds have more, which all look alike.
const MOST: usize = 4_000;

/// One fake of a case.
#[derive(Clone, Debug)]
pub struct Fake {
    /// The name of its folder.
    pub name: String,
    /// What it was told to do.
    pub script: Value,
    /// What it wrote down.
    pub entries: Vec<Entry>,
}

/// The fakes below a folder, by the names of their folders; where nobody looks at what they did, only with how they were started.
///
/// # Errors
/// When a folder, a script or a journal cannot be read.
pub fn fakes(folder: &Path, whole: bool) -> io::Result<Vec<Fake>> {
    let mut found = Vec::new();
    search(folder, (DEEPEST, whole), &mut found)?;
    found.sort_by(|one: &Fake, other| one.name.cmp(&other.name));
    Ok(found)
}

fn search(folder: &Path, (deeper, whole): (usize, bool), found: &mut Vec<Fake>) -> io::Result<()> {
    if folder.join(locate::SCRIPT).is_file() {
        found.push(read(folder, whole)?);
        return Ok(());
    }
    if deeper == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            search(&entry.path(), (deeper - 1, whole), found)?;
        }
    }
    Ok(())
}

fn read(folder: &Path, whole: bool) -> io::Result<Fake> {
    let text = fs::read_to_string(folder.join(locate::SCRIPT))?;
    let script: Value = serde_json::from_str(&text)?;
    // A scenario may have spoilt the script on purpose; then there is no journal.
    let entries = match serde_json::from_str::<Script>(&text) {
        Ok(script) if whole => journal::read(&locate::journal_path(folder, &script))?,
        Ok(script) => starts(&locate::journal_path(folder, &script))?,
        Err(_) => Vec::new(),
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Fake {
        name: name.into_owned(),
        script,
        entries,
    })
}

/// The entries of starts alone.
fn starts(journal: &Path) -> io::Result<Vec<Entry>> {
    let text = match fs::read_to_string(journal) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let starts = whole
        .lines()
        .filter(|line| line.contains("\"event\":\"started\""));
    starts
        .map(|line| serde_json::from_str(line).map_err(io::Error::from))
        .collect()
}

/// The environments that the fakes were started with.
pub fn environments(fakes: &[Fake]) -> impl Iterator<Item = &BTreeMap<String, String>> {
    let entries = fakes.iter().flat_map(|fake| &fake.entries);
    entries.filter_map(Entry::environment)
}

/// What the fakes did and saw, for the timeline; of very many the first.
pub fn told(fakes: &[Fake]) -> Vec<Told> {
    let mut told = Vec::new();
    let several = fakes.len() > 1;
    for fake in fakes {
        let prefix = if several {
            format!("{}: ", fake.name)
        } else {
            String::new()
        };
        for entry in &fake.entries {
            if matches!(entry.event, Event::Started { .. }) {
                let does = wording::script(&fake.script);
                told.push(one(
                    entry,
                    Source::Fault,
                    format!("{prefix}the fake plays {does}"),
                ));
            }
            let (source, words) = wording::entry(entry);
            told.push(one(entry, source, format!("{prefix}{words}")));
        }
    }
    told.sort_by_key(|told| told.since_epoch);
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    if let Some(last) = told.last().filter(|_| more > 0).cloned() {
        let text = format!("({more} more entries of fakes are left out)");
        told.push(Told {
            text,
            source: Source::Suite,
            ..last
        });
    }
    told
}

fn one(entry: &Entry, source: Source, text: String) -> Told {
    Told {
        since_epoch: Duration::from_secs_f64((entry.t_ms / 1e3).max(0.0)),
        source,
        text,
    }
}
