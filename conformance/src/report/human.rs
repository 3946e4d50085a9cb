//! The report for people: a line for each case, the text of each failure at once, and a summary at the end.
//!
//! On a terminal the cases that pass only move a status line; elsewhere every case has its line.

use std::io::{self, Write};

use super::Reporter;
use super::failure;
use super::ledger;
use super::outset;
use super::paint::Paint;
use crate::requirement::Level;
use crate::runner::event::{CaseReport, Event, Judgement, RunStarted, RunSummary, SubjectSummary};
use crate::verdict::by_method::MethodCounts;
use crate::verdict::settle::End;
use crate::verdict::tally::{Counts, RunVerdict};
use crate::verdict::{Outcome, OutcomeKind};

/// How many failures of one case are told in full; the rest is in the list at the end and in the report files.
const MOST_PER_CASE: usize = 3;

/// Takes the status line away from a terminal.
pub const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// Where the text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A terminal: colours unless they are unwanted, and a status line.
    Terminal(Paint),
    /// A file or a pipe.
    Plain,
}

impl Surface {
    /// The colours of it.
    pub fn paint(self) -> Paint {
        match self {
            Surface::Terminal(paint) => paint,
            Surface::Plain => Paint::Plain,
        }
    }
}

/// Writes for people.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    surface: Surface,
    planned: usize,
    done: usize,
}

impl<W: Write> Human<W> {
    /// A report to this writer.
    pub fn new(out: W, surface: Surface) -> Human<W> {
        Human {
            out,
            surface,
            planned: 0,
            done: 0,
        }
    }

    fn paint(&self) -> Paint {
        self.surface.paint()
    }

    fn started(&mut self, run: &RunStarted) -> io::Result<()> {
        self.planned = run.cases;
        let names: Vec<&str> = run
            .subjects
            .iter()
            .map(|subject| subject.name.as_str())
            .collect();
        writeln!(
            self.out,
            "plugin-conformance {}: {} cases with {}; seed {}, jobs {}, timeout scale {}",
            run.suite_version,
            run.cases,
            names.join(", "),
            run.seed,
            run.jobs,
            run.timeout_scale
        )?;
        for line in outset::lines(run) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn case_ended(&mut self, report: &CaseReport) -> io::Result<()> {
        self.done += 1;
        self.clear_status()?;
        let quiet =
            matches!(self.surface, Surface::Terminal(_)) && report.worst() == OutcomeKind::Passed;
        if !quiet {
            self.case_line(report)?;
            self.failures(report)?;
        }
        self.status(report)
    }

    fn case_line(&mut self, report: &CaseReport) -> io::Result<()> {
        let kind = report.worst();
        let word = self.paint().outcome(kind, &format!("{kind:<14}"));
        let name = match report.name.repeat {
            0 => report.name.scenario.clone(),
            again => format!("{} (repeat {again})", report.name.scenario),
        };
        let note = match &report.end {
            End::Completed => seconds(report.duration_ms),
            End::NotRun { reason } => format!("not played: {reason}"),
            End::BrokenOff { reason } => {
                format!("{}, broken off: {reason}", seconds(report.duration_ms))
            }
            End::NotClaimed { capability } => format!("not claimed: {capability}"),
            End::ClaimedAndDead { claim } => format!("claimed and dead: {claim}"),
            End::Deadline { .. } => format!("{}, cut at its deadline", seconds(report.duration_ms)),
            End::Panicked { message } => format!("the suite panicked: {message}"),
            End::Errored { message } => format!("error in the suite: {message}"),
        };
        let kinds = report
            .judgements
            .iter()
            .map(|judgement| judgement.outcome.kind());
        let kept = kinds.filter(|kind| *kind == OutcomeKind::Passed).count();
        let excused = report
            .judgements
            .iter()
            .filter(|judgement| judgement.is_excused());
        let note = match excused.count() {
            0 => note,
            excused => format!("{note}, {excused} excused"),
        };
        let all = report.judgements.len();
        writeln!(
            self.out,
            "{word} {:<14} {name:<40} {kept:>2} of {all:>2} kept  {note}",
            report.name.subject
        )
    }

    fn failures(&mut self, report: &CaseReport) -> io::Result<()> {
        let told = |judgement: &&Judgement| match report.end {
            End::NotRun { .. } => false,
            _ => judgement.counted() >= OutcomeKind::Inconclusive,
        };
        let mut judgements: Vec<&Judgement> = report.judgements.iter().filter(told).collect();
        judgements.sort_by_key(|judgement| std::cmp::Reverse(judgement.outcome.kind()));
        for judgement in judgements.iter().take(MOST_PER_CASE) {
            let text = failure::text(report, judgement, self.paint());
            writeln!(self.out, "\n{text}")?;
        }
        if let Some(more) = judgements
            .len()
            .checked_sub(MOST_PER_CASE)
            .filter(|more| *more > 0)
        {
            writeln!(self.out, "  … and {more} more of this case, listed below\n")?;
        }
        Ok(())
    }

    fn ended(&mut self, summary: &RunSummary) -> io::Result<()> {
        self.clear_status()?;
        writeln!(self.out)?;
        let names = summary
            .subjects
            .iter()
            .map(|subject| subject.subject.name.chars().count());
        let width = names.fold(16, usize::max);
        let head = format!(
            "{:<width$} {:<7} {:>8} {:>7} {:>13} {:>15}",
            "subject", "level", "passed", "failed", "inconclusive", "not applicable"
        );
        let head = self.paint().strong(&head);
        writeln!(self.out, "{head}")?;
        for subject in &summary.subjects {
            self.counts(subject, width)?;
        }
        for subject in &summary.subjects {
            self.not_passed(subject)?;
        }
        if let Some(ledger) = &summary.ledger {
            let lines = ledger::lines(ledger, self.paint());
            writeln!(self.out, "\n{}", lines.join("\n"))?;
        }
        for skipped in &summary.skipped {
            writeln!(
                self.out,
                "\nskipped {}: {}\n  to enable it: {}",
                skipped.subject, skipped.reason, skipped.enable
            )?;
        }
        if let Some(effort) = &summary.effort {
            writeln!(self.out, "\n{}", outset::effort(effort).join("\n"))?;
        }
        let checked = checked(summary);
        let (kind, word) = match summary.verdict {
            RunVerdict::Passed => (OutcomeKind::Passed, "passed"),
            RunVerdict::Failed => (OutcomeKind::Failed, "failed"),
            RunVerdict::Inconclusive => (OutcomeKind::Inconclusive, "inconclusive"),
            RunVerdict::SuiteFailed => (OutcomeKind::Failed, "the suite itself failed"),
        };
        let word = self.paint().outcome(kind, word);
        let interrupted = if summary.interrupted {
            ", interrupted"
        } else {
            ""
        };
        writeln!(
            self.out,
            "\n{word}: checked {checked} in {}{interrupted}",
            seconds(summary.duration_ms)
        )
    }

    fn counts(&mut self, subject: &SubjectSummary, width: usize) -> io::Result<()> {
        let levels = subject
            .levels
            .iter()
            .filter(|(_, counts)| counts.total() > 0);
        for (number, (level, counts)) in levels.enumerate() {
            let name = if number == 0 {
                subject.subject.name.as_str()
            } else {
                ""
            };
            let score = match level {
                Level::Must => format!("  {}", percent(subject.must_passed_per_mille)),
                _ => String::new(),
            };
            let Counts {
                passed,
                failed,
                inconclusive,
                not_applicable,
            } = counts;
            writeln!(
                self.out,
                "{name:<width$} {level:<7} {passed:>8} {failed:>7} {inconclusive:>13} {not_applicable:>15}{score}"
            )?;
        }
        if let Some(methods) = &subject.methods {
            let MethodCounts {
                passed,
                checked,
                failed,
            } = methods;
            writeln!(
                self.out,
                "{:<width$} methods of the API: {checked} checked, {passed} passed all that was asked of them, {} failed",
                "",
                failed.len()
            )?;
        }
        if let Some(newer) = &subject.not_scored {
            writeln!(self.out, "{:<width$} {}", "", outset::not_scored(newer))?;
        }
        if subject.ready == Some(false) {
            writeln!(
                self.out,
                "{:<width$} never became ready, so it has passed nothing",
                ""
            )?;
        }
        Ok(())
    }

    /// Each failure with its reason; what was inconclusive for one reason stands on one line.
    fn not_passed(&mut self, subject: &SubjectSummary) -> io::Result<()> {
        let mut lines = Vec::new();
        let mut inconclusive: Vec<(&str, Vec<&str>)> = Vec::new();
        for entry in subject.not_passed.iter().filter(|entry| !entry.excused) {
            match &entry.outcome {
                Outcome::Failed(failure) => {
                    let word = self.paint().outcome(OutcomeKind::Failed, "failed");
                    lines.push(format!(
                        "  {word} {} {:<6} {}",
                        entry.id, entry.level, failure.reason
                    ));
                }
                Outcome::Inconclusive { reason } => {
                    match inconclusive.iter_mut().find(|(other, _)| other == reason) {
                        Some((_, ids)) => ids.push(&entry.id),
                        None => inconclusive.push((reason, vec![&entry.id])),
                    }
                }
                Outcome::Passed { .. } | Outcome::NotApplicable { .. } => {}
            }
        }
        for (reason, ids) in inconclusive {
            let word = self
                .paint()
                .outcome(OutcomeKind::Inconclusive, "inconclusive");
            lines.push(format!("  {word}, {reason}:"));
            let folded = failure::fold(&ids.join(" "));
            lines.extend(folded.into_iter().map(|line| format!("    {line}")));
        }
        if !lines.is_empty() {
            writeln!(
                self.out,
                "\nnot passed by {}:\n{}",
                subject.subject.name,
                lines.join("\n")
            )?;
        }
        Ok(())
    }

    fn status(&mut self, report: &CaseReport) -> io::Result<()> {
        if let Surface::Terminal(_) = self.surface {
            write!(
                self.out,
                "[{}/{}] {} {}",
                self.done, self.planned, report.name.subject, report.name.scenario
            )?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn clear_status(&mut self) -> io::Result<()> {
        match self.surface {
            Surface::Terminal(_) => write!(self.out, "{CLEAR_LINE}"),
            Surface::Plain => Ok(()),
        }
    }
}

impl<W: Write> Reporter for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(run) => self.started(run)?,
            Event::CaseStarted(_) => {}
            Event::CaseEnded(report) => self.case_ended(report)?,
            Event::RunEnded(summary) => self.ended(summary)?,
        }
        self.out.flush()
    }
}

/// How many requirements were decided, over all subjects: `12 MUST, 3 SHOULD`.
fn checked(summary: &RunSummary) -> String {
    let of = |level: Level| {
        let counts = summary
            .subjects
            .iter()
            .filter_map(|subject| subject.levels.get(&level));
        counts.map(Counts::checked).sum::<usize>()
    };
    let words = |level: Level| format!("{} {level}", of(level));
    let some: Vec<String> = Level::ALL
        .into_iter()
        .filter(|level| of(*level) > 0)
        .map(words)
        .collect();
    if some.is_empty() {
        "nothing".to_owned()
    } else {
        some.join(", ")
    }
}

pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
}

pub(super) fn percent(per_mille: usize) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}
