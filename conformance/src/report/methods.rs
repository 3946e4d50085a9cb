//! The API method by method as text: how many requirements were checked at each method on either side, and proven by a mutant.

use std::io::{self, Write};

use super::paint::Paint;
use crate::requirement::Side;
use crate::runner::method_table::{Known, MethodRow};
use crate::verdict::OutcomeKind;

const SIDES: [(Side, &str); 2] = [(Side::Host, "host"), (Side::Plugin, "SDK")];

/// All rows, and how many methods are proven.
pub fn methods(out: &mut dyn Write, rows: &[MethodRow], paint: Paint) -> io::Result<()> {
    let width = rows.iter().map(|row| row.method.len()).max().unwrap_or(0);
    let head = SIDES.map(|(_, name)| format!("{name:<32}"));
    let head = format!("{:<width$}  {}", "method", head.join(""));
    writeln!(out, "{}", paint.strong(head.trim_end()))?;
    for row in rows {
        let sides = SIDES.map(|(side, _)| cell(row.side(side), paint));
        let line = format!("{:<width$}  {}", row.method, sides.join(""));
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    for (side, name) in SIDES {
        let of =
            |wanted: fn(&Known) -> bool| rows.iter().filter(|row| wanted(row.side(side))).count();
        writeln!(
            out,
            "{name:<5} {} of {} methods checked, {} of them with a mutant caught for every requirement, {} failed",
            of(|known| !known.checked.is_empty()),
            rows.len(),
            of(Known::is_proven),
            of(|known| !known.failed.is_empty()),
        )?;
    }
    Ok(())
}

/// What is known of a method on one side.
fn cell(known: &Known, paint: Paint) -> String {
    let kind = match known {
        known if !known.failed.is_empty() => OutcomeKind::Failed,
        known if known.is_proven() => OutcomeKind::Passed,
        _ => OutcomeKind::Inconclusive,
    };
    let proven = known.checked.intersection(&known.killed).count();
    let text = match known.failed.len() {
        0 if known.checked.is_empty() => "nothing checked".to_owned(),
        0 => format!("{:>2} checked, {proven:>2} killed", known.checked.len()),
        failed => format!("{:>2} checked, {failed:>2} failed", known.checked.len()),
    };
    paint.outcome(kind, &format!("{text:<32}"))
}
