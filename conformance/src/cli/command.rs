//! What each subcommand does, over a suite that is handed in. It writes to the writer that it is given; errors are for `main` to show.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plugin_host::guard::{GuardHandle, GuardProgram};
use tokio::runtime::{Builder, Runtime};

use super::coverage::{coverage, methods};
use super::explain;
use super::fuzz;
use super::gate::GateError;
use super::given::{hosts, plugins};
use super::init::init;
use super::mutants::mutants;
use super::pace::{calibrated, paced};
use super::replay::{ReplayError, replay};
use super::report::{self, ReportError};
use super::{Arguments, Command, Doctor, Fuzz, PaceArguments, Run, Serve};
use crate::case::planning::Planning;
use crate::doctor;
use crate::driver;
use crate::exit::Exit;
use crate::report::file::DocumentFiles;
use crate::report::human::{Human, Surface};
use crate::report::json::Json;
use crate::report::paint::Paint;
use crate::report::{Reporters, listing};
use crate::requirement::catalogue::Catalogue;
use crate::runner::keeper::keep;
use crate::runner::rules::Rules;
use crate::runner::tier::Tier;
use crate::runner::{self, RunError, RunOptions};
use crate::serve::{self, ServeError};
use crate::starter::StarterError;
use crate::subject::Subject;
use crate::subject::claims::ClaimsError;
use crate::subject::host::foreign::ForeignError;
use crate::suite::{KeeperProgram, Suite};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The run could not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A report cannot be written.
    #[error("cannot write {}", .0.display())]
    Report(PathBuf, #[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// A plan cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Nothing can be made of a log.
    #[error(transparent)]
    Log(#[from] ReportError),
    /// Something of the suite failed beside a plugin.
    #[error("the suite itself failed")]
    Suite(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A plan of one plugin cannot be played with several.
    #[error("a body plan is played with one plugin, not with {0}")]
    OnePlugin(String),
    /// The claims of a plugin cannot be used.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// A host that was given cannot be tested.
    #[error(transparent)]
    Host(#[from] ForeignError),
    /// Our own host cannot be driven.
    #[error("cannot be a host")]
    Drive(#[source] io::Error),
    /// The register of this binary is broken.
    #[error("the register of this binary is broken: {0}")]
    Register(String),
    /// The run cannot be a gate.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// No starting folder is written.
    #[error(transparent)]
    Starter(#[from] StarterError),
    /// The operating system gives no threads or timers.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// Nothing is served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The register has no such requirement.
    #[error("the register has no requirement {0}; `coverage` shows them all")]
    UnknownRequirement(String),
    /// The register had it once.
    #[error("{id} is retired: `explain {by}` shows what asks for the same")]
    RetiredRequirement {
        /// The id.
        id: String,
        /// The requirement that asks for the same.
        by: String,
    },
}

impl CommandError {
    /// The exit code of it.
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Run(error) => Exit::of_error(error),
            CommandError::Serve(error) => error.exit(),
            CommandError::Log(error) => error.exit(),
            CommandError::UnknownRequirement(_)
            | CommandError::RetiredRequirement { .. }
            | CommandError::Replay(_)
            | CommandError::OnePlugin(_)
            | CommandError::Report(..)
            | CommandError::Gate(_)
            | CommandError::Starter(_)
            | CommandError::Host(_)
            | CommandError::Claims(_) => Exit::Usage,
            CommandError::Output(_)
            | CommandError::Suite(_)
            | CommandError::Drive(_)
            | CommandError::Register(_)
            | CommandError::Runtime(_) => Exit::SuiteFailed,
        }
    }
}

/// Does what the command line says.
pub fn dispatch(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    match &arguments.command {
        Command::Guard => {
            plugin_host::guard::main();
            return Ok(Exit::Passed);
        }
        Command::Drive {
            fault,
            damage,
            claim,
        } => {
            let damages = damage.clone().unwrap_or_default();
            let served = runtime()?.block_on(driver::serve(*fault, damages, claim.clone()));
            return served.map(|()| Exit::Passed).map_err(CommandError::Drive);
        }
        Command::Keep { folder, mark } => {
            keep(folder, mark, &mut io::stdin());
            return Ok(Exit::Passed);
        }
        Command::Serve(arguments) => return serve(arguments, out),
        Command::Init(arguments) => return init(arguments, out),
        Command::Report(arguments) => return Ok(report::report(arguments, out)?),
        _ => {}
    }
    let catalogue =
        Catalogue::embedded().map_err(|error| CommandError::Register(error.to_string()))?;
    let suite = Suite {
        keeper: keeper(),
        ..Suite::of_this_binary(catalogue)
    };
    let surface = surface_of_stdout();
    match &arguments.command {
        Command::Run(arguments) => {
            let mut given = plugins(&arguments.plugins, out)?;
            let runtime = runtime()?;
            given.extend(runtime.block_on(hosts(&arguments.hosts))?);
            runtime.block_on(run(&suite, arguments, given, out, surface))
        }
        Command::Mutants(arguments) => {
            runtime()?.block_on(mutants(&suite, arguments, out, surface))
        }
        Command::Fuzz(Fuzz::Body(arguments)) => {
            let plugins = plugins(&arguments.plugins, out)?;
            runtime()?.block_on(fuzz::body(&suite, arguments, plugins, out, surface))
        }
        Command::Replay(arguments) => {
            let options = options(1, Some(0), 1.0);
            runtime()?.block_on(replay(&suite, arguments, options, out, surface))
        }
        Command::Doctor(arguments) => runtime()?.block_on(doctor(arguments, out, surface.paint())),
        Command::List { json } => list(&suite, *json, out),
        Command::Explain(arguments) if arguments.play => {
            let options = paced_for_fakes(&arguments.pace);
            runtime()?.block_on(explain::play(
                &suite,
                arguments,
                options,
                out,
                surface.paint(),
            ))
        }
        Command::Explain(arguments) => explain::explain(&suite, &arguments.id, out),
        Command::Coverage(arguments) if arguments.api => {
            runtime()?.block_on(methods(&suite, arguments, out, surface))
        }
        Command::Coverage(arguments) => coverage(&suite, arguments.json, out),
        Command::Init(_)
        | Command::Serve(_)
        | Command::Report(_)
        | Command::Guard
        | Command::Drive { .. }
        | Command::Keep { .. } => Ok(Exit::Passed),
    }
}

fn runtime() -> Result<Runtime, CommandError> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)
}

/// `run`.
pub async fn run(
    suite: &Suite<'_>,
    arguments: &Run,
    plugins: Vec<Subject>,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let options = RunOptions {
        patterns: arguments.patterns.clone(),
        subjects: arguments.subjects.clone(),
        plugins,
        repeat: arguments.repeat,
        fail_fast: arguments.fail_fast,
        rules: arguments.gate.rules(suite)?,
        tier: arguments.gate.profile.unwrap_or_default(),
        shard: arguments.gate.shard,
        planning: Planning {
            count: arguments.plans,
            folder: Some(arguments.plans_dir.clone()),
            ..Planning::default()
        },
        ..calibrated(paced(&arguments.pace))
    };
    let mut reporters = Reporters::default();
    reporters.add(Human::new(&mut *out, surface));
    if let Some(path) = &arguments.json {
        let file = File::create(path).map_err(|error| CommandError::Report(path.clone(), error))?;
        reporters.add(Json::new(file));
    }
    let documents = DocumentFiles::begin(arguments.documents.files());
    reporters.add(documents.map_err(|(path, error)| CommandError::Report(path, error))?);
    let summary = runner::run(suite, &options, &mut |event| reporters.tell(event)).await?;
    reporters.finish()?;
    arguments.gate.end(&summary, out)?;
    Ok(summary.verdict.into())
}

/// `doctor`.
async fn doctor(
    arguments: &Doctor,
    out: &mut dyn Write,
    paint: Paint,
) -> Result<Exit, CommandError> {
    let mut options = doctor::Options::new(Duration::from_secs_f64(arguments.start_timeout));
    let program = std::env::current_exe()?;
    let guard = GuardProgram {
        program,
        args: vec!["guard".into()],
    };
    options.guard = Some(GuardHandle::start(&guard, &options.mark)?);
    let examination = doctor::examine(&arguments.folder, &options).await;
    if arguments.json {
        doctor::show::programs(out, &examination)?;
    } else {
        doctor::show::people(out, &examination, paint)?;
    }
    Ok(if examination.is_sound() {
        Exit::Passed
    } else {
        Exit::Failed
    })
}

/// `serve`.
fn serve(arguments: &Serve, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let options = serve::Options {
        folders: arguments.folders.clone(),
        listen: arguments.listen.clone(),
        watch: arguments.watch,
        json: arguments.json,
        user: arguments.user.clone(),
        data: serve::DataFiles {
            store: arguments.store.clone(),
            fixtures: arguments.fixtures.clone(),
            save_fixtures: arguments.save_fixtures.clone(),
        },
        log_level: arguments.log_level.clone(),
        plugins_folder: arguments.plugins_folder.clone(),
        api: arguments.api.options(),
        auto_mtls: arguments.auto_mtls,
    };
    let runtime = runtime()?;
    let served = runtime.block_on(serve::serve(options, out));
    // Whoever has signalled twice does not wait for what is left.
    runtime.shutdown_background();
    Ok(served?)
}

/// `list`.
pub fn list(suite: &Suite<'_>, json: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    listing::scenarios(out, &suite.scenarios, json)?;
    Ok(Exit::Passed)
}

/// The surface of stdout: a status line and colours only on a terminal, and no colours where they are unwanted.
pub fn surface_of_stdout() -> Surface {
    if !io::stdout().is_terminal() {
        return Surface::Plain;
    }
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Surface::Terminal(if unwanted {
        Paint::Plain
    } else {
        Paint::Coloured
    })
}

/// Fakes cost a processor next to nothing, and what is broken is mostly waited for.
pub(super) fn paced_for_fakes(pace: &PaceArguments) -> RunOptions {
    let mut options = paced(pace);
    if pace.jobs.is_none() {
        options.jobs *= 6;
    }
    options
}

pub(super) fn options(jobs: usize, seed: Option<u64>, timeout_scale: f64) -> RunOptions {
    RunOptions {
        patterns: Vec::new(),
        subjects: Vec::new(),
        plugins: Vec::new(),
        jobs,
        seed: seed.unwrap_or_else(fresh_seed),
        timeout_scale,
        repeat: 1,
        fail_fast: false,
        planning: Planning::default(),
        rules: Rules::default(),
        tier: Tier::Full,
        shard: None,
        calibration: None,
    }
}

/// This program is its own keeper. Where it cannot find itself, a run that is killed leaves its folder.
fn keeper() -> Option<KeeperProgram> {
    let program = std::env::current_exe().ok()?;
    Some(KeeperProgram {
        program,
        args: vec![super::KEEP.into()],
    })
}

/// A seed that is short enough to be typed again.
fn fresh_seed() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ (since.as_secs() & 0xffff_ffff)
}
