//! Shows what the suite has: scenarios, one requirement, coverage. Text for people, or JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::mutant::Mutant;
use crate::requirement::coverage::{Coverage, Row};
use crate::requirement::{Level, Requirement, Side};
use crate::scenario::Scenario;

/// A scenario as `list --json` shows it.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    about: &'a str,
    side: Side,
    profile: crate::profile::Profile,
    requirements: &'a [&'a str],
}

/// All scenarios.
pub fn scenarios(out: &mut dyn Write, scenarios: &[Scenario], json: bool) -> io::Result<()> {
    if json {
        let listed = |scenario: &Scenario| Listed {
            name: scenario.name,
            about: scenario.about.trim(),
            side: scenario.side,
            profile: scenario.profile,
            requirements: scenario.requirements,
        };
        return write_json(out, &scenarios.iter().map(listed).collect::<Vec<_>>());
    }
    for scenario in scenarios {
        let (side, profile) = (scenario.side, scenario.profile);
        writeln!(
            out,
            "{:<44} {side:<6} {profile:<9} {}",
            scenario.name,
            scenario.requirements.join(" ")
        )?;
        writeln!(out, "    {}", scenario.about.trim())?;
    }
    Ok(())
}

/// One requirement with its checks and mutants.
pub fn requirement(out: &mut dyn Write, row: &Row<'_>, mutants: &[Mutant]) -> io::Result<()> {
    let Requirement {
        id,
        level,
        side,
        sentence,
        why,
        source,
        since,
        observed,
    } = row.requirement;
    writeln!(
        out,
        "{id} ({level}, for the {side}, since {since})\n\n{sentence}\n\nwhy     {why}\nsource  {source}"
    )?;
    if *observed {
        writeln!(out, "        The reference behaves so; nobody promised it.")?;
    }
    names(out, "checks", &row.checks)?;
    let of_row = mutants
        .iter()
        .filter(|mutant| row.mutants.contains(&mutant.name));
    let lines: Vec<String> = of_row
        .map(|mutant| format!("{} (by {}): {}", mutant.name, mutant.reason, mutant.about()))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    names(out, "mutants", &lines)
}

fn names(out: &mut dyn Write, title: &str, names: &[&str]) -> io::Result<()> {
    let first = names.first().copied().unwrap_or("none");
    writeln!(out, "{title:<7} {first}")?;
    for name in names.iter().skip(1) {
        writeln!(out, "        {name}")?;
    }
    Ok(())
}

/// The whole register with its checks and mutants, and what is missing.
pub fn coverage(out: &mut dyn Write, coverage: &Coverage<'_>, json: bool) -> io::Result<()> {
    if json {
        return write_json(out, &coverage.rows);
    }
    for row in &coverage.rows {
        let Requirement {
            id, level, side, ..
        } = row.requirement;
        let (checks, mutants) = (row.checks.len(), row.mutants.len());
        let gap = match () {
            () if row.is_uncovered_must() => "  NO CHECK",
            () if row.is_unproven() => "  NO MUTANT",
            () => "",
        };
        writeln!(
            out,
            "{id} {level:<6} {side:<6} {checks:>2} checks {mutants:>2} mutants{gap}"
        )?;
    }
    writeln!(out)?;
    for side in [Side::Host, Side::Plugin] {
        for level in Level::ALL {
            let rows = || {
                let fits =
                    |row: &&Row<'_>| row.requirement.side == side && row.requirement.level == level;
                coverage.rows.iter().filter(fits)
            };
            let checked = rows().filter(|row| !row.checks.is_empty()).count();
            let proven = rows()
                .filter(|row| !row.checks.is_empty() && !row.mutants.is_empty())
                .count();
            if rows().count() > 0 {
                writeln!(
                    out,
                    "{side:<6} {level:<6} {:>3} requirements, {checked:>3} checked, {proven:>3} proven",
                    rows().count()
                )?;
            }
        }
    }
    for (id, by) in &coverage.unknown {
        writeln!(out, "{by} names {id}, which is not in the register")?;
    }
    Ok(())
}

/// JSON for programs, and a line feed.
pub fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
