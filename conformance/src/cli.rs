//! The command line: words to options. Nothing below this module knows clap.

pub mod command;
pub mod coverage;
pub mod explain;
pub mod fuzz;
pub mod gate;
mod given;
pub mod init;
pub mod mutants;
pub mod pace;
mod progress;
pub mod replay;
pub mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use plugin_host::options::{ApiErrors, ApiOptions, ApiTransport};

use crate::body_plan::Direction;
use crate::body_plan::generate::Part;
use crate::driver::Claim;
use crate::driver::damage::Damages;
use crate::driver::fault::Fault;
use crate::report::format::Format;

/// Proves that a plugin SDK, or a host, keeps the contract of Mattermost's out-of-process plugins.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 passed, 1 a requirement failed, 2 usage or configuration, \
                          3 something could not be judged, 4 the suite itself failed.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play scenarios and judge subjects by requirements.
    Run(Box<Run>),
    /// Show all scenarios with the requirements that they judge.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say what a requirement means, where it comes from, and what judges it.
    Explain(Explain),
    /// Join the register with scenarios and mutants; fails if a MUST has no check or a check has no mutant.
    Coverage(coverage::CoverageArguments),
    /// Prove the checks: play subjects with one fault each, which have to be caught by name.
    Mutants(mutants::Mutants),
    /// Try a plugin with generated input, and make small what fails.
    #[command(subcommand)]
    Fuzz(Fuzz),
    /// Play a plan that was kept because it failed, and say whether it shows the same again.
    Replay(Replay),
    /// Run a plugin folder and explain what is wrong with it, and how to mend it.
    Doctor(Doctor),
    /// Write a starting folder: a plugin that does what conformance/TESTEE.md says, to be tried at once and then made your own.
    Init(init::Init),
    /// Run plugins behind an HTTP front: http://ADDRESS/plugins/ID/, and what becomes of them at http://ADDRESS/.
    #[command(after_help = SERVE_ENDS)]
    Serve(Serve),
    /// Make something else of the log that `run --json` has written.
    #[command(subcommand)]
    Report(report::Report),
    /// Be the guard of a host.
    #[command(hide = true)]
    Guard,
    /// Be our own host under test: obey the driver protocol on stdin and stdout.
    #[command(hide = true)]
    Drive {
        /// One thing to do wrong.
        #[arg(long, value_enum, hide_possible_values = true)]
        fault: Option<Fault>,
        /// One thing that the API does wrong, as data.
        #[arg(long)]
        damage: Option<Damages>,
        /// What it claims to be able to do: all, minimal, or all with an order that is dead.
        #[arg(long, default_value = "all")]
        claim: Claim,
    },
    /// Clean up after a run that was killed.
    #[command(hide = true, name = KEEP)]
    Keep {
        /// The folder of the run.
        folder: PathBuf,
        /// Its mark.
        mark: String,
    },
}

/// The subcommand by which this program is the keeper of its own run.
pub const KEEP: &str = "keep";

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Globs over scenario names and requirement ids: `handshake/*`, `HS-012`. Without any, everything.
    pub patterns: Vec<String>,
    /// Globs over the names of subjects, or the whole name of a mutant. Without any, everything that this machine can.
    #[arg(long = "subject", value_name = "NAME")]
    pub subjects: Vec<String>,
    /// A plugin folder to test where it lies; several may be given.
    #[arg(long = "plugin", value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// The driver of a host to test, as conformance/HOST.md describes it; several may be given.
    #[arg(long = "host", value_name = "COMMAND")]
    pub hosts: Vec<String>,
    /// How it is played.
    #[command(flatten)]
    pub pace: PaceArguments,
    /// Play everything so many times; one verdict over all of them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub repeat: usize,
    /// End the run at the first failure.
    #[arg(long)]
    pub fail_fast: bool,
    /// By what the project is judged.
    #[command(flatten)]
    pub gate: gate::GateArguments,
    /// How many fault plans are drawn for each subject; if not given 12 for hosts and 3 for plugins.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub plans: Option<usize>,
    /// Where each case that fails is kept for `replay`; fault plans and bodies are made small first.
    #[arg(long, value_name = "DIR", default_value = "plugin-conformance-plans")]
    pub plans_dir: PathBuf,
    /// Write one JSON object per event to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// What else is written.
    #[command(flatten)]
    pub documents: DocumentArguments,
}

/// The documents that `run` writes as it goes; `report convert` makes the same of a log.
#[derive(Debug, Args)]
pub struct DocumentArguments {
    /// Write JUnit XML to this file, with a test for each time that a check was played: several of one name under --repeat.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write JUnit XML to this file, with one test for each check and flakyFailure or rerunFailure inside, as Maven's surefire has it.
    #[arg(long, value_name = "FILE")]
    pub junit_reruns: Option<PathBuf>,
    /// Write TAP 14 to this file.
    #[arg(long, value_name = "FILE")]
    pub tap: Option<PathBuf>,
    /// Write a summary in Markdown to this file, for the page of a CI job.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write what shields.io makes a badge of to this file.
    #[arg(long, value_name = "FILE")]
    pub badge: Option<PathBuf>,
    /// Write a page to this file; it needs no server and no network.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl DocumentArguments {
    fn files(&self) -> Vec<(Format, PathBuf)> {
        let all = [
            (Format::Junit, &self.junit),
            (Format::JunitReruns, &self.junit_reruns),
            (Format::Tap, &self.tap),
            (Format::Markdown, &self.markdown),
            (Format::Badge, &self.badge),
            (Format::Html, &self.html),
        ];
        let some = |(format, path): (Format, &Option<PathBuf>)| Some((format, path.clone()?));
        all.into_iter().filter_map(some).collect()
    }
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The requirement, `HS-012`.
    pub id: String,
    /// Play it: a transcript of a subject that keeps it, and of each mutant that does not.
    #[arg(long)]
    pub play: bool,
    /// How it is played.
    #[command(flatten)]
    pub pace: PaceArguments,
}

/// What is generated.
#[derive(Debug, Subcommand)]
pub enum Fuzz {
    /// Bodies of HTTP requests and answers, cut in every way: every split of up to 12 bytes, splits around 64 KiB, 1 MiB and 4 MiB, answers
    /// that come early, requests that are given up, and as many drawn splits as wanted.
    ///
    /// Each law of bodies that breaks is named, with the smallest plan that breaks it, which is kept for `replay`. The plugin obeys the steps
    /// of conformance/TESTEE.md and claims the profile http there.
    Body(FuzzBody),
}

/// Options of `fuzz body`.
#[derive(Debug, Args)]
pub struct FuzzBody {
    /// A plugin folder to test where it lies; several may be given.
    #[arg(long = "plugin", value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Globs over the names of plugins, or the whole name of a mutant. Without any, every plugin that this machine can.
    #[arg(long = "subject", value_name = "NAME")]
    pub subjects: Vec<String>,
    /// How many splits are drawn in each direction.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub cases: usize,
    /// Whose bodies: the requests' (up), the answers' (down), or both.
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::Both)]
    pub direction: Which,
    /// Only this part: exhaustive, borders, manners or random; several may be given.
    #[arg(long = "part", value_name = "PART", value_parser = fuzz::part)]
    pub parts: Vec<Part>,
    /// How it is played.
    #[command(flatten)]
    pub pace: PaceArguments,
    /// Where plans that fail are kept, made small, for `replay`.
    #[arg(long, value_name = "DIR", default_value = "plugin-conformance-plans")]
    pub plans_dir: PathBuf,
}

/// Whose bodies are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Those of requests.
    Up,
    /// Those of answers.
    Down,
    /// Both.
    Both,
}

impl FuzzBody {
    fn directions(&self) -> Vec<Direction> {
        match self.direction {
            Which::Up => vec![Direction::Up],
            Which::Down => vec![Direction::Down],
            Which::Both => Direction::ALL.to_vec(),
        }
    }

    fn parts(&self) -> Vec<Part> {
        let asked = |part: &Part| self.parts.is_empty() || self.parts.contains(part);
        Part::ALL.into_iter().filter(asked).collect()
    }
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The plan, as `run` or `fuzz` has kept it.
    pub file: PathBuf,
    /// Another subject than the one that it was kept for: a name, or the whole name of a mutant.
    #[arg(long, value_name = "NAME", conflicts_with = "plugin")]
    pub subject: Option<String>,
    /// A plugin folder in place of the subject that it was kept for.
    #[arg(long, value_name = "DIR")]
    pub plugin: Option<PathBuf>,
    /// Play it so many times; one verdict over all of them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub repeat: usize,
    /// The factor for every time that a subject is allowed, for slow machines; if not given that of the run that kept the plan, or 1.
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    pub timeout_scale: Option<f64>,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The plugin's folder: manifest, code and environment.
    pub folder: PathBuf,
    /// The time that the plugin has for its handshake, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = factor)]
    pub start_timeout: f64,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

const SERVE_ENDS: &str = "Ends by SIGINT (Ctrl-C) or SIGTERM; a second one ends it at once. Exit codes: 0 everything was stopped in \
                         order, 1 no plugin could be started, a second signal ended it, or something could not be saved, 2 usage, no \
                         plugin there, or the address, the store or the fixtures cannot be used, 4 this program itself failed.";

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Plugin folders, or folders that hold plugin folders.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where to listen; with port 0 on any that is free. Whoever can reach it can use the plugins.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8065")]
    pub listen: String,
    /// Start a plugin anew when its files change.
    #[arg(long)]
    pub watch: bool,
    /// The user whom all requests come from; without it nobody is logged in.
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Keep what the server behind the API holds in this file, from one run to the next. Made if it is not there; a call of the API is
    /// answered when what it did is in the file.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Begin with what this JSON document holds: users, teams, channels, posts and so on, as Mattermost writes them. Only if the store
    /// is empty.
    #[arg(long, value_name = "FILE")]
    pub fixtures: Option<PathBuf>,
    /// At the end, write such a document of all that the server holds.
    #[arg(long, value_name = "FILE")]
    pub save_fixtures: Option<PathBuf>,
    /// The log level that plugins are told.
    #[arg(long, value_name = "LEVEL", default_value = "INFO")]
    pub log_level: String,
    /// Where plugins are installed that other plugins bring, and the only place where files of removed ones are deleted; without it a
    /// temporary folder. Plugins that are in it are known, but not started.
    #[arg(long, value_name = "DIR")]
    pub plugins_folder: Option<PathBuf>,
    /// The API that plugins call.
    #[command(flatten)]
    pub api: ApiArguments,
    /// Encrypt the connections to plugins as go-plugin does (AutoMTLS); plugins that do not speak it do not start.
    #[arg(long)]
    pub auto_mtls: bool,
    /// Lines on stderr are JSON, one object each.
    #[arg(long)]
    pub json: bool,
}

/// Options of the API that plugins call.
#[derive(Debug, Args)]
pub struct ApiArguments {
    /// Where each plugin's API server listens: on a port of 127.0.0.1, or on a socket that no other user can reach. `tcp` or `unix`.
    #[arg(long, value_name = "WHERE", default_value_t)]
    pub api_transport: ApiTransport,
    /// How errors of the application travel: in the answer, or as a gRPC status as in Mattermost's own host. `in-band` or `status`.
    #[arg(long, value_name = "STYLE", default_value_t)]
    pub api_errors: ApiErrors,
    /// Refuse calls of the API without the token in MATTERMOST_PLUGIN_API_TOKEN. A wrong one is always refused.
    #[arg(long)]
    pub require_api_token: bool,
}

impl ApiArguments {
    fn options(&self) -> ApiOptions {
        ApiOptions {
            transport: self.api_transport,
            errors: self.api_errors,
            require_token: self.require_api_token,
        }
    }
}

/// Options of everything that plays cases.
#[derive(Debug, Args)]
pub struct PaceArguments {
    /// How many cases are played at a time; if not given the number of processors, and for mutants and bodies six and four times that.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// The seed of everything that is drawn; a fresh one if not given. It is printed.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The factor for every time that a subject is allowed, for slow machines; `auto` finds out how slow this one is.
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = scale)]
    pub timeout_scale: Scale,
}

/// How much more time subjects are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// So many times as much.
    Times(f64),
    /// As much as this machine needs.
    Auto,
}

fn scale(text: &str) -> Result<Scale, String> {
    match text {
        "auto" => Ok(Scale::Auto),
        factor_text => factor(factor_text)
            .map(Scale::Times)
            .map_err(|error| format!("{error}, and not auto")),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("not a number of at least 1".to_owned()),
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("not a number from 0.1 to 1000".to_owned()),
    }
}
