//! The register joined with checks and mutants: which requirements nothing judges, and which checks nothing proves.
//!
//! Pure, over names alone: it knows neither scenarios nor mutants as types.

use std::collections::BTreeMap;

use serde::Serialize;

use super::catalogue::Catalogue;
use super::{Level, Requirement};

/// One requirement with everything that is about it.
#[derive(Clone, Debug, Serialize)]
pub struct Row<'a> {
    /// The requirement.
    #[serde(flatten)]
    pub requirement: &'a Requirement,
    /// The scenarios that judge it.
    pub checks: Vec<&'a str>,
    /// The mutants that break it.
    pub mutants: Vec<&'a str>,
}

impl Row<'_> {
    /// It binds, and nothing judges it.
    pub fn is_uncovered_must(&self) -> bool {
        self.requirement.level == Level::Must && self.checks.is_empty()
    }

    /// Something judges it, and nothing shows that the check can fail.
    pub fn is_unproven(&self) -> bool {
        !self.checks.is_empty() && self.mutants.is_empty()
    }
}

/// The register joined with checks and mutants.
#[derive(Clone, Debug)]
pub struct Coverage<'a> {
    /// One row for each requirement, by id.
    pub rows: Vec<Row<'a>>,
    /// Ids named by a scenario or a mutant that the register does not have, with who names them.
    pub unknown: Vec<(&'a str, &'a str)>,
}

impl<'a> Coverage<'a> {
    /// Joins the register with pairs of a scenario's or mutant's name and the ids it is about.
    pub fn join(
        catalogue: &'a Catalogue,
        checks: impl IntoIterator<Item = (&'a str, &'a [&'a str])>,
        mutants: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Coverage<'a> {
        let mut rows: BTreeMap<&str, Row<'a>> = catalogue
            .iter()
            .map(|requirement| {
                (
                    requirement.id.as_str(),
                    Row {
                        requirement,
                        checks: Vec::new(),
                        mutants: Vec::new(),
                    },
                )
            })
            .collect();
        let mut unknown = Vec::new();
        for (scenario, ids) in checks {
            for id in ids {
                match rows.get_mut(id) {
                    Some(row) => row.checks.push(scenario),
                    None => unknown.push((*id, scenario)),
                }
            }
        }
        for (mutant, id) in mutants {
            match rows.get_mut(id) {
                Some(row) => row.mutants.push(mutant),
                None => unknown.push((id, mutant)),
            }
        }
        Coverage {
            rows: rows.into_values().collect(),
            unknown,
        }
    }

    /// Whether every MUST is judged, every check is proven and every id is known.
    pub fn is_complete(&self) -> bool {
        let gap = |row: &Row<'_>| row.is_uncovered_must() || row.is_unproven();
        self.unknown.is_empty() && !self.rows.iter().any(gap)
    }
}

#[cfg(test)]
mod tests;
