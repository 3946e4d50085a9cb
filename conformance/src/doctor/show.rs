//! An examination for people, and for programs.

use std::io::{self, Write};

use super::{Examination, Finding, Grade};
use crate::report::paint::Paint;
use crate::verdict::OutcomeKind;

/// Writes the findings, worst last within their order, each with its mend and what it shows in.
pub fn people(out: &mut dyn Write, examination: &Examination, paint: Paint) -> io::Result<()> {
    writeln!(
        out,
        "{}",
        paint.strong(&examination.folder.display().to_string())
    )?;
    for finding in &examination.findings {
        one(out, finding, paint)?;
    }
    let (faults, warnings) = (
        count(examination, Grade::Fault),
        count(examination, Grade::Warning),
    );
    let verdict = match (faults, warnings) {
        (0, 0) => "a host can work with this plugin".to_owned(),
        (0, warnings) => format!(
            "a host can work with this plugin; {} to look after",
            things(warnings, "thing")
        ),
        (faults, _) => format!(
            "{}: a host cannot work with this plugin as it is",
            things(faults, "fault")
        ),
    };
    writeln!(out, "{verdict}")
}

/// Writes the same as JSON.
pub fn programs(out: &mut dyn Write, examination: &Examination) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, examination)?;
    writeln!(out)
}

fn one(out: &mut dyn Write, finding: &Finding, paint: Paint) -> io::Result<()> {
    let (kind, word) = match finding.grade {
        Grade::Fine => (OutcomeKind::Passed, "fine   "),
        Grade::Warning => (OutcomeKind::Inconclusive, "warning"),
        Grade::Fault => (OutcomeKind::Failed, "FAULT  "),
    };
    writeln!(
        out,
        "  {} {:<10} {}",
        paint.outcome(kind, word),
        finding.step,
        finding.says
    )?;
    if let Some(mend) = &finding.mend {
        writeln!(out, "          {:<10} mend: {mend}", "")?;
    }
    finding
        .shows
        .iter()
        .try_for_each(|line| writeln!(out, "          {:<10}   | {line}", ""))
}

fn count(examination: &Examination, grade: Grade) -> usize {
    examination
        .findings
        .iter()
        .filter(|finding| finding.grade == grade)
        .count()
}

fn things(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}
