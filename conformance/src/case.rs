//! A case: one scenario with one subject, and everything the scenario needs to play and to judge.
//!
//! A scenario notes what it sees in the timeline and judges its requirements by [`Case::require`]. It cannot pass a requirement without
//! naming something it saw, and it cannot forget one: what is not judged ends inconclusive. Starting and cutting a case is the runner's.

pub mod contradiction;
pub mod host_talk;
pub mod interruption;
pub mod journals;
pub mod judge;
pub mod planning;
pub mod timeline;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::redaction::Redaction;
use crate::rng::{Rng, Tape};
use crate::subject::{HostCommand, PluginSource, Subject, SubjectKind};
use crate::verdict::by_method::ByMethod;
use crate::verdict::{Outcome, OutcomeKind};

use interruption::Interruption;
use journals::Fake;
use judge::Judge;
use planning::Planning;
use timeline::{Entry, Source, Timeline};

/// The variable that every process of a case carries, with the case's mark as its value.
pub const MARK_VARIABLE: &str = "PLUGIN_HOST_RUN";

/// What the runner gives to a case.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The requirements that the scenario's row lists.
    pub listed: &'static [&'static str],
    /// The subject it is played with.
    pub subject: Arc<Subject>,
    /// The seed of this case, drawn from the run's.
    pub seed: u64,
    /// Values that it draws first, in place of those of the seed.
    pub drawn: Vec<u64>,
    /// A folder of its own, removed afterwards.
    pub folder: PathBuf,
    /// The value of [`MARK_VARIABLE`] for every process of this case.
    pub mark: String,
    /// When it will be cut.
    pub deadline: Instant,
    /// The factor for every time that a scenario allows a subject.
    pub timeout_scale: f64,
    /// What a scenario of fault plans is told.
    pub planning: Planning,
}

/// What a case has said so far; the runner reads it even if the scenario never returns.
#[derive(Debug, Default)]
pub struct Book {
    judged: BTreeMap<String, Outcome>,
    methods: ByMethod,
    strangers: Vec<String>,
    spawned: Vec<u32>,
    secrets: Redaction,
    /// The requirements whose failure the scenario has not pointed at an entry for.
    unpointed: BTreeSet<&'static str>,
}

impl Book {
    /// The outcome of each requirement that was judged.
    pub fn judged(&self) -> &BTreeMap<String, Outcome> {
        &self.judged
    }

    /// What was said of single methods of the API.
    pub fn methods(&self) -> &ByMethod {
        &self.methods
    }

    /// Ids that were judged although the scenario's row does not list them: a fault of the suite.
    pub fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// The processes that the scenario says it saw start.
    pub fn spawned(&self) -> &[u32] {
        &self.spawned
    }

    /// Where a scenario has not pointed at an entry, a failure is pointed at the first that contradicts.
    pub fn point(&self, id: &str, outcome: &mut Outcome, entries: &[Entry]) {
        if let Outcome::Failed(failure) = outcome
            && self.unpointed.contains(id)
            && let Some(latest) = failure.entry
        {
            let first = contradiction::first(entries, latest, &failure.expected, &failure.seen);
            failure.entry = Some(first);
        }
    }

    /// What is known of what no report may hold.
    pub fn secrets(&self) -> &Redaction {
        &self.secrets
    }
}

/// One scenario with one subject.
#[derive(Debug)]
pub struct Case {
    setting: Setting,
    rng: Rng,
    tape: Tape,
    timeline: Timeline,
    book: Arc<Mutex<Book>>,
}

impl Case {
    /// A case that is about to be played.
    pub fn new(setting: Setting) -> Case {
        let (rng, tape) = Rng::given(setting.drawn.iter().copied(), setting.seed).on_tape();
        Case {
            setting,
            rng,
            tape,
            timeline: Timeline::start(),
            book: Arc::default(),
        }
    }

    /// A smaller case with the same subject, in a folder inside this one's: it has a timeline and a book of its own, which are this one's to
    /// read.
    pub fn part(&self, name: &str) -> io::Result<Case> {
        let folder = self.setting.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Case::new(Setting {
            folder,
            ..self.setting.clone()
        }))
    }

    /// What a scenario of fault plans is told.
    pub fn planning(&self) -> &Planning {
        &self.setting.planning
    }

    /// What is under test.
    pub fn subject(&self) -> &Arc<Subject> {
        &self.setting.subject
    }

    /// The host under test.
    pub fn host(&self) -> Result<&HostCommand, Interruption> {
        match &self.setting.subject.kind {
            SubjectKind::Host(command) => Ok(command),
            SubjectKind::Plugin(_) => Err(Interruption::Suite(
                "a host scenario was given a plugin".into(),
            )),
        }
    }

    /// The plugin under test.
    pub fn plugin(&self) -> Result<&Arc<dyn PluginSource>, Interruption> {
        match &self.setting.subject.kind {
            SubjectKind::Plugin(source) => Ok(source),
            SubjectKind::Host(_) => Err(Interruption::Suite(
                "a plugin scenario was given a host".into(),
            )),
        }
    }

    /// A folder of the case's own; it is removed afterwards.
    pub fn folder(&self) -> &Path {
        &self.setting.folder
    }

    /// The value that [`MARK_VARIABLE`] has to have in every process of this case.
    pub fn mark(&self) -> &str {
        &self.setting.mark
    }

    /// The case's own seed, for what a scenario hands on.
    pub fn seed(&self) -> u64 {
        self.setting.seed
    }

    /// Numbers that depend on the seed alone.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// The values that are drawn.
    pub fn tape(&self) -> Tape {
        self.tape.clone()
    }

    /// A fresh word of sixteen hexadecimal digits for an order.
    pub fn nonce(&mut self) -> String {
        format!("{:016x}", self.rng.next())
    }

    /// The time until the runner cuts the case.
    pub fn remaining(&self) -> Duration {
        self.setting
            .deadline
            .saturating_duration_since(Instant::now())
    }

    /// By what the times are multiplied that a subject is allowed: `--timeout-scale`.
    pub fn timeout_scale(&self) -> f64 {
        self.setting.timeout_scale
    }

    /// A time that a subject is allowed, under `--timeout-scale`.
    pub fn scaled(&self, allowed: Duration) -> Duration {
        allowed.mul_f64(self.setting.timeout_scale)
    }

    /// The timeline, for tasks that note what they see by themselves.
    pub fn timeline(&self) -> Timeline {
        self.timeline.clone()
    }

    /// Notes what was seen, and returns its place, which a judgement can point at.
    pub fn note(&self, source: Source, text: impl Into<String>) -> usize {
        self.timeline.note(source, text)
    }

    /// Says that a process of this case was seen to start. The census at the end of the case counts as evidence only if it knows of one.
    pub fn spawned(&self, pid: u32) {
        self.book().spawned.push(pid);
    }

    /// Reads what the fakes in the case's folder wrote down: their environments are what no report may hold, and, if the case is one to
    /// look at, what they did goes into the timeline. Returns the new places of the entries that were there.
    ///
    /// # Errors
    /// When something in the folder cannot be read.
    pub fn read_journals(&self, with_timeline: bool) -> io::Result<Vec<usize>> {
        let fakes = journals::fakes(&self.setting.folder, with_timeline)?;
        let place = (&self.timeline, &*self.book);
        Ok(weave_journals(&self.setting, &fakes, place, with_timeline))
    }

    /// Outcomes of this case after its journals were read: each failure points at the first entry that contradicts.
    pub fn pointed(
        &self,
        places: &[usize],
        outcomes: &mut BTreeMap<String, Outcome>,
        entries: &[Entry],
    ) {
        for (id, outcome) in outcomes {
            outcome.moved(places);
            self.book().point(id, outcome, entries);
        }
    }

    /// Takes note of what no report may hold of a part of this case.
    pub fn keep_secrets_of(&self, part: &Case) {
        let secrets = part.book().secrets.clone();
        self.book().secrets.join(&secrets);
    }

    /// Says that the failure of a requirement points at the entry noted last, for want of a better one.
    fn unpointed(&self, id: &'static str) {
        self.book().unpointed.insert(id);
    }

    /// Begins to judge a requirement.
    pub fn require(&self, id: &'static str) -> Judge<'_> {
        Judge::new(self, id)
    }

    /// Says that the subject does not claim what a requirement is about.
    pub fn not_applicable(&self, id: &'static str, capability: impl Into<String>) {
        self.judge(
            id,
            Outcome::NotApplicable {
                capability: capability.into(),
            },
        );
    }

    /// The same for one method of the API, of a requirement that is judged for each of them.
    pub fn method_not_applicable(
        &self,
        id: &'static str,
        method: &str,
        capability: impl Into<String>,
    ) {
        let capability = capability.into();
        self.judge_method(id, method, Outcome::NotApplicable { capability });
    }

    /// Says how a requirement stands for one method of the API, for the table of methods. It decides nothing: the requirement itself is
    /// judged by [`Case::require`]. Of several statements the worst counts.
    pub fn cell(&self, id: &str, method: &str, kind: OutcomeKind) {
        self.book().methods.say(method, id, kind);
    }

    /// Writes an outcome that is about one method of the API into the book, as one of the requirement and as one of the method.
    pub(crate) fn judge_method(&self, id: &'static str, method: &str, outcome: Outcome) {
        self.book().methods.add(method, id, &outcome);
        self.judge(id, outcome);
    }

    /// Writes an outcome into the book; [`Case::require`] is the usual way. Of several outcomes for one requirement the worst counts.
    pub fn judge(&self, id: &'static str, outcome: Outcome) {
        let listed = self.setting.listed.contains(&id);
        let mut book = self.book();
        if !listed {
            book.strangers.push(id.to_owned());
            return;
        }
        let joined = match book.judged.remove(id) {
            Some(earlier) => earlier.and(outcome),
            None => outcome,
        };
        book.judged.insert(id.to_owned(), joined);
    }

    /// What was judged so far, and the processes that were seen to start.
    pub fn said(&self) -> (BTreeMap<String, Outcome>, Vec<u32>) {
        let book = self.book();
        (book.judged.clone(), book.spawned.clone())
    }

    /// What is known so far of what no report may hold.
    pub fn secrets(&self) -> Redaction {
        self.book().secrets.clone()
    }

    /// The listed requirements about which nothing was said so far.
    pub fn unjudged(&self) -> Vec<&'static str> {
        let book = self.book();
        let listed = self.setting.listed.iter().copied();
        listed.filter(|id| !book.judged.contains_key(*id)).collect()
    }

    /// The book, for the runner.
    pub fn shared_book(&self) -> Arc<Mutex<Book>> {
        Arc::clone(&self.book)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the fakes of a case wrote down, for whoever has no case any more; see [`Case::read_journals`].
pub fn weave_journals(
    setting: &Setting,
    fakes: &[Fake],
    (timeline, book): (&Timeline, &Mutex<Book>),
    with_timeline: bool,
) -> Vec<usize> {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    for environment in journals::environments(fakes) {
        let variables = environment.iter();
        book.secrets
            .environment(variables.map(|(name, value)| (name.as_str(), value.as_str())));
    }
    // What a plugin under test is on the inside is not seen from outside, be it a fake.
    let is_host = matches!(setting.subject.kind, SubjectKind::Host(_));
    let told = match with_timeline && is_host {
        true => journals::told(fakes),
        false => Vec::new(),
    };
    timeline.weave(told)
}

#[cfg(test)]
mod tests;
