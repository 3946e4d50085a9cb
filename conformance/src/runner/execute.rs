//! One case: a folder and a mark of its own, the scenario in a task of its own, a deadline, and a census of what is left afterwards.
//!
//! What the scenario said is read from the case's book, so that it counts even if the scenario hangs or panics.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinError;

use super::keeper::Keeper;
use super::kept::{Made, keep};
use super::leftovers::{self, Leftover};
use super::plan::PlannedCase;
use super::rules::Rules;
use crate::case::planning::Planning;
use crate::case::timeline::{Entry, Source, Timeline};
use crate::case::{Book, Case, Setting, journals, weave_journals};
use crate::redaction::Redaction;
use crate::rng::Tape;
use crate::scenario::{Interruption, Run, ScenarioResult};
use crate::subject::{Subject, SubjectKind};
use crate::suite::KeeperProgram;
use crate::verdict::by_method::MethodOutcome;
use crate::verdict::settle::{End, settle};
use crate::verdict::{Failure, Outcome, OutcomeKind};

/// How long a scenario that was told to end may take to do so: only one that blocks its thread needs any of it.
/// Together with the cleaning up it is less than a second.
const ABORT: Duration = Duration::from_millis(500);

/// How long the processes of a case may take to be gone after it: the bound of the contract for a host that died.
const GONE: Duration = Duration::from_secs(2);

/// What all cases of a run share.
#[derive(Debug)]
pub struct Ground {
    /// The folder of the run; every case has its own inside.
    folder: TempDir,
    /// The beginning of every case's mark.
    pub mark: String,
    timeout_scale: f64,
    planning: Planning,
    /// By what cases are judged besides the register.
    pub(super) rules: Rules,
    count: AtomicU64,
    /// Cleans up if this process cannot; it is the last field, so it goes after the folder.
    _keeper: Option<Keeper>,
}

impl Ground {
    /// Makes the folder of a run, and starts its keeper if there is a program for it.
    pub fn prepare(timeout_scale: f64, keeper: Option<&KeeperProgram>) -> io::Result<Ground> {
        let folder = tempfile::Builder::new()
            .prefix("plugin-conformance-")
            .tempdir()?;
        let unique = folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let start = |program| Keeper::start(program, folder.path(), &unique);
        let keeper = keeper.map(start).transpose()?;
        Ok(Ground {
            folder,
            mark: unique,
            timeout_scale,
            planning: Planning::default(),
            rules: Rules::default(),
            count: AtomicU64::new(0),
            _keeper: keeper,
        })
    }

    /// The same with something to be told to scenarios of fault plans.
    #[must_use]
    pub fn planning(self, planning: Planning) -> Ground {
        Ground { planning, ..self }
    }

    /// The same with something that cases are judged by besides the register.
    #[must_use]
    pub fn judged_by(self, rules: Rules) -> Ground {
        Ground { rules, ..self }
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A case that is no scenario: whoever asks for it plays with its subject, and ends what he has started.
    pub fn case(&self, subject: Arc<Subject>, seed: u64, deadline: Duration) -> io::Result<Case> {
        let (folder, mark) = self.place()?;
        Ok(Case::new(Setting {
            listed: &[],
            subject,
            seed,
            drawn: Vec::new(),
            folder,
            mark,
            deadline: Instant::now() + deadline,
            timeout_scale: self.timeout_scale,
            planning: self.planning.clone(),
        }))
    }

    /// A folder and a mark for one case.
    fn place(&self) -> io::Result<(PathBuf, String)> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.path().join(format!("case-{number}"));
        std::fs::create_dir(&folder)?;
        Ok((folder, format!("{}.{number}", self.mark)))
    }
}

/// A case that is over.
#[derive(Debug)]
pub struct Finished {
    /// The task that played it.
    pub task: tokio::task::Id,
    /// One outcome for each listed requirement, and the census.
    pub outcomes: Vec<(String, Outcome)>,
    /// What was said of single methods of the API.
    pub methods: Vec<MethodOutcome>,
    /// How it came to its end.
    pub end: End,
    /// How long it took.
    pub duration_ms: u64,
    /// What was seen.
    pub timeline: Vec<Entry>,
}

impl Finished {
    /// Takes away what no report may hold: the one place where what a case saw becomes what a report shows.
    fn redact(&mut self, mut secrets: Redaction) -> Redaction {
        let outcomes = self.outcomes.iter_mut();
        let mut texts: Vec<&mut String> =
            outcomes.flat_map(|(_, outcome)| outcome.texts()).collect();
        texts.extend(self.timeline.iter_mut().map(|entry| &mut entry.text));
        texts.extend(self.end.text());
        for text in &texts {
            secrets.learn(text);
        }
        for text in texts {
            *text = secrets.text(text);
        }
        secrets
    }

    /// A case whose executor failed: a fault of the suite.
    pub(super) fn of_broken_executor(error: &JoinError) -> Finished {
        let end = End::Errored {
            message: error.to_string(),
        };
        Finished {
            task: error.id(),
            outcomes: Vec::new(),
            methods: Vec::new(),
            end,
            duration_ms: 0,
            timeline: Vec::new(),
        }
    }
}

/// Plays one case, inside a task of its own.
pub(super) async fn execute(planned: &PlannedCase, ground: &Arc<Ground>) -> Finished {
    let begun = Instant::now();
    let task = tokio::task::id();
    let (folder, mark) = match ground.place() {
        Ok(place) => place,
        Err(error) => {
            let end = End::Errored {
                message: format!("cannot make the folder of a case: {error}"),
            };
            let outcomes = settled(planned, BTreeMap::new(), &end);
            return Finished {
                task,
                outcomes,
                methods: Vec::new(),
                end,
                duration_ms: 0,
                timeline: Vec::new(),
            };
        }
    };
    let allowed = planned
        .scenario()
        .allowed(&ground.planning)
        .mul_f64(ground.timeout_scale);
    let again = ground.planning.again(planned.scenario().name);
    let setting = Setting {
        listed: planned.scenario().requirements,
        subject: Arc::clone(&planned.subject),
        seed: again.map_or(planned.seed, |stored| stored.seed),
        drawn: again.map(|stored| stored.drawn.clone()).unwrap_or_default(),
        folder: folder.clone(),
        mark: mark.clone(),
        deadline: begun + allowed,
        timeout_scale: ground.timeout_scale,
        planning: ground.planning.clone(),
    };
    let case = Case::new(setting.clone());
    let (book, timeline, tape) = (case.shared_book(), case.timeline(), case.tape());
    let end = play(planned.scenario().run, case, allowed).await;
    let guarded = planned.subject.capabilities.driver.is_none();
    let left = census(mark, (&end, guarded), GONE.mul_f64(ground.timeout_scale)).await;
    let finished = conclude(planned, &book, &timeline, end, left);
    let scenario = planned.scenario().name;
    let finished = told_in_full(finished, (&setting, scenario), (&book, &timeline), &tape);
    // A folder that cannot be removed is removed with the folder of the run.
    let _ = std::fs::remove_dir_all(&folder);
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Finished {
        task,
        duration_ms,
        ..finished
    }
}

/// The scenario in a thread and a runtime of its own: neither a panic in it nor one that blocks its thread stops anything else, and
/// whatever it has spawned ends with it.
async fn play(run: Run, case: Case, allowed: Duration) -> End {
    let (cut, is_cut) = oneshot::channel();
    let (sender, mut ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("case".to_owned());
    let started = thread.spawn(move || {
        // Nobody waits any more if the case was cut and took too long to end.
        let _ = sender.send(play_here(run, case, is_cut));
    });
    if let Err(error) = started {
        let message = format!("cannot start the thread of a case: {error}");
        return End::Errored { message };
    }
    match tokio::time::timeout(allowed, &mut ended).await {
        Ok(end) => end.unwrap_or_else(|error| End::Errored {
            message: error.to_string(),
        }),
        Err(_) => {
            drop(cut);
            // Its folder and processes are cleaned up next, so it has to be over; one that blocks its thread is left behind.
            let _ = tokio::time::timeout(ABORT, ended).await;
            End::Deadline {
                after_ms: u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX),
            }
        }
    }
}

/// Plays the scenario in this thread until it ends or is cut, which is when the other end of the channel is dropped.
fn play_here(run: Run, mut case: Case, cut: oneshot::Receiver<()>) -> End {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("cannot start the runtime of a case: {error}");
            return End::Errored { message };
        }
    };
    let end = runtime.block_on(async {
        let mut playing = tokio::spawn(async move { run(&mut case).await });
        tokio::select! {
            joined = &mut playing => end_of(joined),
            _ = cut => {
                playing.abort();
                end_of(playing.await)
            }
        }
    });
    runtime.shutdown_timeout(ABORT);
    end
}

fn end_of(joined: Result<ScenarioResult, JoinError>) -> End {
    match joined {
        Ok(Ok(())) => End::Completed,
        Ok(Err(Interruption::BrokenOff(reason))) => End::BrokenOff { reason },
        Ok(Err(Interruption::NotClaimed(capability))) => End::NotClaimed { capability },
        Ok(Err(Interruption::Dead(claim))) => End::ClaimedAndDead { claim },
        Ok(Err(Interruption::Suite(error))) => End::Errored {
            message: chain(error.as_ref()),
        },
        Err(error) => match error.try_into_panic() {
            Ok(panic) => End::Panicked {
                message: panic_message(panic.as_ref()),
            },
            Err(error) => End::Errored {
                message: error.to_string(),
            },
        },
    }
}

/// An error with its sources.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// What is left of a case. After a regular end its processes have a bound to be gone in; after any other they are only cleaned up.
async fn census(
    mark: String,
    (end, guarded): (&End, bool),
    bound: Duration,
) -> Option<Vec<Leftover>> {
    let regular = match end {
        End::Completed => true,
        // Our host has a guard that outlives it; a driver that was not ended in order may have none.
        End::BrokenOff { .. } => guarded,
        _ => false,
    };
    if regular && leftovers::gone_within(&mark, bound).await {
        return Some(Vec::new());
    }
    let left = leftovers::sweep(&mark);
    regular.then_some(left)
}

fn conclude(
    planned: &PlannedCase,
    book: &Mutex<Book>,
    timeline: &Timeline,
    end: End,
    left: Option<Vec<Leftover>>,
) -> Finished {
    let book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let end = match book.strangers() {
        [] => end,
        strangers => End::Errored {
            message: format!("judged {strangers:?}, which its row does not list"),
        },
    };
    let mut outcomes = settled(planned, book.judged().clone(), &end);
    if let Some(outcome) = left.and_then(|left| judge_census(&left, book.spawned(), timeline)) {
        let id = super::census_requirement(planned.scenario().side);
        match outcomes.iter_mut().find(|(listed, _)| listed == id) {
            Some((_, listed)) => *listed = listed.clone().and(outcome),
            None => outcomes.push((id.to_owned(), outcome)),
        }
    }
    Finished {
        task: tokio::task::id(),
        methods: book.methods().settle(&end),
        outcomes,
        end,
        duration_ms: 0,
        timeline: timeline.entries(),
    }
}

/// The case as reports may have it: with what its fakes wrote down, and without what no report may hold. What failed is kept.
fn told_in_full(
    mut finished: Finished,
    (setting, scenario): (&Setting, &'static str),
    (book, timeline): (&Mutex<Book>, &Timeline),
    tape: &Tape,
) -> Finished {
    let bad = |(_, outcome): &(String, Outcome)| outcome.kind() >= OutcomeKind::Inconclusive;
    let look = finished.outcomes.iter().any(bad);
    let fakes = journals::fakes(&setting.folder, look).unwrap_or_else(|error| {
        timeline.note(
            Source::Suite,
            format!("what fakes wrote down cannot be read: {error}"),
        );
        Vec::new()
    });
    let places = weave_journals(setting, &fakes, (timeline, book), look);
    finished.timeline = timeline.entries();
    let mut secrets = {
        let book = book.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, outcome) in &mut finished.outcomes {
            outcome.moved(&places);
            book.point(id, outcome, &finished.timeline);
        }
        book.secrets().clone()
    };
    secrets.path(&setting.folder.display().to_string(), "CASE");
    let secrets = finished.redact(secrets);
    let is_host = matches!(setting.subject.kind, SubjectKind::Host(_));
    let scripts = fakes.into_iter().filter(|_| is_host).map(|fake| {
        let script = secrets.text(&fake.script.to_string());
        // What cannot be read as JSON without its secrets is kept as text.
        let script = serde_json::from_str(&script).unwrap_or(Value::String(script));
        (fake.name, script)
    });
    let made = Made {
        scenario,
        drawn: tape.numbers(),
        fakes: scripts.collect(),
    };
    if let Err(error) = keep(&mut finished, setting, made) {
        finished.end = End::Errored {
            message: format!("the plan of a case that failed cannot be kept: {error}"),
        };
    }
    finished
}

fn settled(
    planned: &PlannedCase,
    judged: BTreeMap<String, Outcome>,
    end: &End,
) -> Vec<(String, Outcome)> {
    settle(planned.scenario().requirements.iter().copied(), judged, end)
}

/// What the census says: something is left, or nothing is left of something that was there. Without either it says nothing.
fn judge_census(left: &[Leftover], spawned: &[u32], timeline: &Timeline) -> Option<Outcome> {
    if left.is_empty() {
        let evidence = || format!("census: none of {} processes is left", spawned.len());
        return (!spawned.is_empty()).then(|| Outcome::Passed {
            seen: vec![evidence()],
        });
    }
    let list = left
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let entry = timeline.note(Source::Process, format!("left behind: {list}"));
    Some(Outcome::Failed(Failure {
        reason: "processes-left".into(),
        expected: "no process of this case after its end".to_owned(),
        seen: list,
        go_host: Some("leaves them: it ends only the process that it has started".to_owned()),
        replay: None,
        entry: Some(entry),
    }))
}
