//! `fuzz body`: bodies cut in every way, against plugins, judged by the laws of bodies; and the replay of a plan that it kept.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plugin_host::body::laws::Law;

use super::FuzzBody;
use super::command::CommandError;
use super::pace::paced;
use crate::body_fuzz::Bench;
use crate::body_fuzz::hunt::{Found, Tally, hunt, keep};
use crate::body_plan::Direction;
use crate::body_plan::generate::{Choice, Part, plans};
use crate::body_plan::stored::StoredBodyPlan;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::exit::Exit;
use crate::profile::Profile;
use crate::report::bodies;
use crate::report::human::{CLEAR_LINE, Surface};
use crate::requirement::Side;
use crate::runner::execute::Ground;
use crate::runner::{RunError, RunOptions, subjects};
use crate::scenario::Interruption;
use crate::subject::Subject;
use crate::suite::Suite;
use crate::verdict::OutcomeKind;

/// Nothing but a plan has a deadline here: how many there are is the user's choice.
const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3_600);

/// What came of one subject.
enum End {
    Held,
    Broken,
    /// It could not be judged, for this reason.
    Open(String),
}

/// `fuzz body`.
pub async fn body(
    suite: &Suite<'_>,
    arguments: &FuzzBody,
    given: Vec<Subject>,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let mut options = RunOptions {
        subjects: arguments.subjects.clone(),
        plugins: given,
        ..paced(&arguments.pace)
    };
    if arguments.pace.jobs.is_none() {
        // Most of the time of an exchange is spent on the way.
        options.jobs *= 4;
    }
    let chosen = plugins(suite, &options)?;
    let ground = ground(suite, &options)?;
    let directions = arguments.directions();
    let parts = arguments.parts();
    let names: Vec<&str> = chosen.iter().map(|subject| subject.name.as_str()).collect();
    let words: Vec<&str> = directions
        .iter()
        .map(|direction| direction.name())
        .collect();
    writeln!(
        out,
        "plugin-conformance {}: fuzz body with {}, {}; seed {}, {} drawn cases each, {} at a time",
        env!("CARGO_PKG_VERSION"),
        names.join(", "),
        words.join(" and "),
        options.seed,
        arguments.cases,
        options.jobs
    )?;
    let mut fuzzing = Fuzzing {
        arguments,
        options: &options,
        parts,
        out,
        surface,
        total: Tally::default(),
        splits: HashSet::new(),
    };
    let mut worst = OutcomeKind::Passed;
    for subject in chosen {
        let case = ground
            .case(Arc::clone(&subject), options.seed, NO_DEADLINE)
            .map_err(RunError::Folder)?;
        let end = fuzzing.subject(&case, &directions).await?;
        worst = worst.max(match end {
            End::Held => OutcomeKind::Passed,
            End::Broken => OutcomeKind::Failed,
            End::Open(reason) => {
                writeln!(fuzzing.out, "{}: not judged: {reason}", subject.name)?;
                OutcomeKind::Inconclusive
            }
        });
    }
    if fuzzing.total.cases == 0 {
        worst = worst.max(OutcomeKind::Inconclusive);
    }
    let splits = fuzzing.splits.len();
    let summary = bodies::summary(worst, &fuzzing.total, splits, surface.paint());
    writeln!(fuzzing.out, "\n{summary}")?;
    Ok(match worst {
        OutcomeKind::Passed => Exit::Passed,
        OutcomeKind::Failed => Exit::Failed,
        OutcomeKind::Inconclusive | OutcomeKind::NotApplicable => Exit::Inconclusive,
    })
}

struct Fuzzing<'a> {
    arguments: &'a FuzzBody,
    options: &'a RunOptions,
    parts: Vec<Part>,
    out: &'a mut dyn Write,
    surface: Surface,
    total: Tally,
    /// Directions do not make splits distinct.
    splits: HashSet<plugin_host::body::split::Split>,
}

impl Fuzzing<'_> {
    async fn subject(
        &mut self,
        case: &Case,
        directions: &[Direction],
    ) -> Result<End, CommandError> {
        if !case.subject().capabilities.claims(Profile::Http) {
            return Ok(End::Open("it does not claim the profile http".to_owned()));
        }
        let mut bench = Bench::new(case);
        let mut end = End::Held;
        for direction in directions {
            match self.direction(&mut bench, case, *direction).await? {
                End::Held => {}
                End::Broken => end = End::Broken,
                open @ End::Open(_) => {
                    end = open;
                    break;
                }
            }
        }
        bench.end().await;
        Ok(end)
    }

    /// All parts, up to the first breach.
    async fn direction(
        &mut self,
        bench: &mut Bench<'_>,
        case: &Case,
        direction: Direction,
    ) -> Result<End, CommandError> {
        let choice = Choice {
            direction,
            seed: self.options.seed,
            cases: self.arguments.cases,
            streams: bench.streams(),
        };
        let name = case.subject().name.clone();
        for part in self.parts.clone() {
            let mut tally = Tally::default();
            let terminal = matches!(self.surface, Surface::Terminal(_));
            let out = &mut *self.out;
            let mut tell = |tally: &Tally| {
                if terminal {
                    let line = bodies::part(&name, direction, part, tally);
                    // A terminal that cannot be written to is found out by the next line.
                    let _ = write!(out, "{CLEAR_LINE}{line}").and_then(|()| out.flush());
                }
            };
            // What is given up, or not read, must not be mixed up with what was beside it.
            let jobs = match part {
                Part::Manners => 1,
                _ => self.options.jobs,
            };
            let hunted = hunt(bench, plans(part, choice), jobs, &mut tally, &mut tell).await;
            if terminal {
                write!(self.out, "{CLEAR_LINE}")?;
            }
            writeln!(self.out, "{}", bodies::part(&name, direction, part, &tally))?;
            self.total.cases += tally.cases;
            self.total.took += tally.took;
            self.splits.extend(tally.splits);
            match hunted {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let file = self.kept(case, &found)?;
                    let text = bodies::found(&name, &found, &file, self.surface.paint());
                    writeln!(self.out, "\n{text}")?;
                    return Ok(End::Broken);
                }
                Err(Interruption::BrokenOff(reason)) => return Ok(End::Open(reason)),
                Err(Interruption::Suite(error)) => return Err(CommandError::Suite(error)),
                Err(other) => return Ok(End::Open(other.words())),
            }
        }
        Ok(End::Held)
    }

    fn kept(&self, case: &Case, found: &Found) -> Result<PathBuf, CommandError> {
        let folder = &self.arguments.plans_dir;
        keep(folder, &case.subject().name, self.options.seed, found)
            .map_err(|error| CommandError::Report(folder.clone(), error))
    }
}

/// The plugins among the chosen subjects.
fn plugins(suite: &Suite<'_>, options: &RunOptions) -> Result<Vec<Arc<Subject>>, CommandError> {
    let (chosen, skipped) = subjects(suite, options).map_err(RunError::Select)?;
    let plugins: Vec<_> = chosen
        .into_iter()
        .filter(|subject| subject.side() == Side::Plugin)
        .collect();
    if plugins.is_empty() {
        return Err(RunError::NoSubject(skipped).into());
    }
    Ok(plugins)
}

fn ground(suite: &Suite<'_>, options: &RunOptions) -> Result<Ground, CommandError> {
    let ground = Ground::prepare(options.timeout_scale, suite.keeper.as_ref());
    Ok(ground.map_err(RunError::Folder)?)
}

/// `replay` of a body plan.
pub async fn replay(
    suite: &Suite<'_>,
    stored: &StoredBodyPlan,
    options: RunOptions,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let ground = ground(suite, &options)?;
    let subject = match <[_; 1]>::try_from(plugins(suite, &options)?) {
        Ok([subject]) => subject,
        Err(several) => {
            let names = several.iter().map(|subject| subject.name.as_str());
            return Err(CommandError::OnePlugin(
                names.collect::<Vec<_>>().join(", "),
            ));
        }
    };
    writeln!(out, "{} with {}", stored.plan, subject.name)?;
    let case = ground
        .case(subject, options.seed, NO_DEADLINE)
        .map_err(RunError::Folder)?;
    let mut bench = Bench::new(&case);
    let (mut same, mut broken, mut open) = (0, Vec::<Law>::new(), None);
    for number in 1..=options.repeat {
        match bench.play(&stored.plan).await {
            Ok(breach) => {
                writeln!(
                    out,
                    "{}",
                    bodies::play(number, &stored.plan, breach.as_ref())
                )?;
                same += usize::from(
                    breach
                        .as_ref()
                        .is_some_and(|breach| breach.law == stored.law),
                );
                broken.extend(breach.map(|breach| breach.law));
            }
            Err(Interruption::BrokenOff(reason)) => {
                open = Some(reason);
                break;
            }
            Err(Interruption::Suite(error)) => return Err(CommandError::Suite(error)),
            Err(other) => {
                open = Some(other.words());
                break;
            }
        }
    }
    bench.end().await;
    if let Some(reason) = open {
        writeln!(out, "not judged: {reason}")?;
        return Ok(Exit::Inconclusive);
    }
    writeln!(out, "{}", bodies::compared(stored, same, options.repeat))?;
    Ok(if broken.is_empty() {
        Exit::Passed
    } else {
        Exit::Failed
    })
}

/// Reads a part's name.
pub(super) fn part(text: &str) -> Result<Part, String> {
    let found = Part::ALL.into_iter().find(|part| part.name() == text);
    found.ok_or_else(|| {
        let known: Vec<&str> = Part::ALL.into_iter().map(Part::name).collect();
        format!("none of {}", known.join(", "))
    })
}
