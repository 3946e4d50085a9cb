//! `--accept`: the text of a ledger as a run has shown it to be right. Entries that describe nothing any more go, entries that have expired
//! or fail otherwise are renewed, and failures that no entry describes are added. Pure; whatever people wrote between the entries stays.

use toml_edit::{ArrayOfTables, Date, Datetime, DocumentMut, Item, Table, value};

use super::day::Day;
use super::standing::Standing;
use super::watch::{EntryStanding, LedgerSummary, Unlisted};
use super::{Entry, Kind};

/// What new entries say besides what was seen.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Where failures that are listed now are tracked.
    pub tracker: Option<String>,
    /// The day until which they are borne.
    pub expires: Day,
    /// The version of the suite.
    pub suite: String,
}

/// What was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Entries that are gone.
    pub removed: usize,
    /// Entries with another reason or another day.
    pub renewed: usize,
    /// Entries that are new.
    pub added: usize,
}

/// Why a ledger was not rewritten.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// It was changed while the run went on.
    #[error("{0} is not the file any more that the run began with")]
    Changed(String),
    /// New entries need a place where they are tracked.
    #[error(
        "{count} failures are not listed yet, {first} among them: say by --tracker URL where they are tracked"
    )]
    NoTracker {
        /// How many.
        count: usize,
        /// One of them.
        first: String,
    },
}

/// The text as it should be, and what is different in it.
///
/// # Errors
/// When the text is not that of the entries, or new ones could not be whole.
pub fn accept(
    text: &str,
    summary: &LedgerSummary,
    unlisted: &[Unlisted],
    terms: &Terms,
) -> Result<(String, Changes), AcceptError> {
    let changed = || AcceptError::Changed(summary.file.clone());
    let mut document: DocumentMut = text.parse().map_err(|_| changed())?;
    let mut changes = Changes::default();
    let mut open: Vec<&Unlisted> = unlisted.iter().collect();
    // Comments of entries that go and were not theirs.
    let mut orphans = String::new();
    for kind in [Kind::Expected, Kind::Flaky] {
        let rows: Vec<&EntryStanding> = of_kind(summary, kind).collect();
        let Some(tables) = tables(&mut document, kind, rows.len()).map_err(|Changed| changed())?
        else {
            continue;
        };
        let mut gone = Vec::new();
        for (place, row) in rows.into_iter().enumerate() {
            let table = tables.get_mut(place).ok_or_else(changed)?;
            match decide(row, &mut open) {
                Decision::Keep => {}
                Decision::Remove => gone.push(place),
                Decision::Renew(reason) => {
                    changes.renewed += 1;
                    renew(table, reason, terms);
                }
            }
        }
        changes.removed += gone.len();
        remove(tables, &gone, &mut orphans);
    }
    if let (Some(first), None) = (open.first(), &terms.tracker) {
        return Err(AcceptError::NoTracker {
            count: open.len(),
            first: format!("{} ({})", first.id, first.reason),
        });
    }
    changes.added = open.len();
    let several = summary_subjects(unlisted) > 1;
    for new in open {
        let tables = document
            .entry(Kind::Expected.as_str())
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
            .as_array_of_tables_mut()
            .ok_or_else(changed)?;
        tables.push(table_of(new, terms, several));
    }
    let written = document.to_string();
    let written = written.trim_start_matches('\n');
    Ok((format!("{orphans}{written}"), changes))
}

fn of_kind(summary: &LedgerSummary, kind: Kind) -> impl Iterator<Item = &EntryStanding> {
    let same = move |row: &&EntryStanding| row.entry.kind == kind;
    summary.entries.iter().filter(same)
}

fn summary_subjects(unlisted: &[Unlisted]) -> usize {
    let names: std::collections::BTreeSet<&str> =
        unlisted.iter().map(|new| new.subject.as_str()).collect();
    names.len()
}

/// The list of one kind, which has to be as long as the run has it.
fn tables(
    document: &mut DocumentMut,
    kind: Kind,
    count: usize,
) -> Result<Option<&mut ArrayOfTables>, Changed> {
    match document.get_mut(kind.as_str()) {
        None => (count == 0).then_some(None).ok_or(Changed),
        Some(item) => {
            let tables = item.as_array_of_tables_mut().ok_or(Changed)?;
            (tables.len() == count)
                .then_some(Some(tables))
                .ok_or(Changed)
        }
    }
}

/// The file is not what the run began with.
struct Changed;

enum Decision {
    Keep,
    Remove,
    /// With another reason, or for longer.
    Renew(Option<String>),
}

/// What to do with an entry. A failure that takes the place of the listed one is not open any more.
fn decide(row: &EntryStanding, open: &mut Vec<&Unlisted>) -> Decision {
    match row.standing {
        Standing::Confirmed | Standing::Borne | Standing::NotAsked | Standing::NotJudged => {
            Decision::Keep
        }
        Standing::Passes
        | Standing::MatchesNothing
        | Standing::NotApplicable
        | Standing::Unknown => Decision::Remove,
        Standing::Expired => Decision::Renew(None),
        Standing::OtherReason => {
            let about = |new: &&Unlisted| {
                let Entry { check, .. } = &row.entry;
                row.entry.addresses(&new.subject)
                    && new
                        .scenarios
                        .iter()
                        .all(|scenario| check.covers(scenario, &new.id))
            };
            match open.iter().position(about) {
                Some(place) => Decision::Renew(Some(open.remove(place).reason.to_string())),
                // Another entry has what was seen in its place.
                None => Decision::Remove,
            }
        }
    }
}

fn renew(table: &mut Table, reason: Option<String>, terms: &Terms) {
    if let Some(reason) = reason {
        put(table, "reason", value(reason));
    }
    put(table, "expires", value(date(terms.expires)));
    put(table, "suite", value(terms.suite.as_str()));
}

/// A new value with what stood around the old one.
fn put(table: &mut Table, field: &str, new: Item) {
    let old = table.get(field).and_then(Item::as_value);
    let decor = old.map(|value| value.decor().clone());
    let mut new = new;
    if let (Some(value), Some(decor)) = (new.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
    table[field] = new;
}

/// Takes entries away, each with the comment that stands right above it; comments above a blank line belong to all.
fn remove(tables: &mut ArrayOfTables, gone: &[usize], orphans: &mut String) {
    for place in gone.iter().rev() {
        let prefix = tables
            .get(*place)
            .and_then(|table| table.decor().prefix()?.as_str().map(str::to_owned))
            .unwrap_or_default();
        let kept = prefix
            .rfind("\n\n")
            .map(|end| prefix[..end].trim_start_matches('\n'));
        tables.remove(*place);
        let Some(kept) = kept.filter(|kept| !kept.is_empty()) else {
            continue;
        };
        match tables.get_mut(*place) {
            Some(next) => {
                let own = next.decor().prefix().and_then(|prefix| prefix.as_str());
                let own = own.unwrap_or_default().trim_start_matches('\n');
                let before = if *place == 0 { "" } else { "\n" };
                let joined = format!("{before}{kept}\n\n{own}");
                next.decor_mut().set_prefix(joined);
            }
            None => orphans.push_str(&format!("{kept}\n\n")),
        }
    }
}

fn date(day: Day) -> Datetime {
    let (year, month, day) = day.numbers();
    let year = u16::try_from(year).unwrap_or(u16::MAX);
    Datetime {
        date: Some(Date { year, month, day }),
        time: None,
        offset: None,
    }
}

fn table_of(new: &Unlisted, terms: &Terms, several: bool) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table["check"] = value(new.id.as_str());
    if several {
        table["subject"] = value(subject_glob(&new.subject));
    }
    table["reason"] = value(new.reason.as_str());
    table["tracker"] = value(terms.tracker.as_deref().unwrap_or_default());
    table["text"] = value(new.sentence.as_str());
    table["expires"] = value(date(terms.expires));
    table["suite"] = value(terms.suite.as_str());
    table
}

/// A plugin folder is known by its last part: it lies elsewhere on the next machine.
fn subject_glob(subject: &str) -> String {
    match subject
        .strip_prefix("plugin:")
        .and_then(|path| path.rsplit_once('/'))
    {
        Some((_, last)) => format!("plugin:*/{last}"),
        None => subject.to_owned(),
    }
}

#[cfg(test)]
mod tests;
