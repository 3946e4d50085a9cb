//! From the command line to the first step: finds the script, opens the journal, starts the runtime.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::journal::{Event, Journal};
use crate::kin::Kin;
use crate::locate;
use crate::play::{ARGUMENT, be_grandchild, play, put_all};
use crate::script::{BAD_SCRIPT, Script, Stream};
use crate::stage::Stage;

/// What the binary does.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let done = match arguments.get(1).zip(arguments.get(2)) {
        Some((argument, role)) if argument == ARGUMENT => be_grandchild(&role.to_string_lossy()),
        _ => start(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody else could be told; a closed stderr is nothing to act on.
            let _ = put_all(
                Stream::Stderr,
                format!("fake-interpreter: {error}\n").as_bytes(),
            );
            ExitCode::from(u8::try_from(BAD_SCRIPT).unwrap_or(1))
        }
    }
}

fn start(arguments: &[OsString]) -> io::Result<()> {
    let directory = std::env::current_dir()?;
    let program = arguments.first().map(PathBuf::from).unwrap_or_default();
    let folder = locate::script_folder(&directory, &program).ok_or_else(|| {
        let text = format!(
            "there is no {} in {} nor beside {}",
            locate::SCRIPT,
            directory.display(),
            program.display()
        );
        io::Error::new(io::ErrorKind::NotFound, text)
    })?;
    let parsed = Script::parse(&std::fs::read_to_string(folder.join(locate::SCRIPT))?);
    let fallback = Script::default();
    let path = locate::journal_path(&folder, parsed.as_ref().unwrap_or(&fallback));
    let number = locate::count_start(&path)?;
    let journal = Journal::open(&path, number)?;
    journal.note(started(arguments, &directory)?);
    let script = parsed.map_err(|error| {
        journal.note(Event::Trouble {
            message: error.to_string(),
        });
        io::Error::new(io::ErrorKind::InvalidData, error)
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { play(Stage::new(journal), &script, number).await })
}

fn started(arguments: &[OsString], directory: &Path) -> io::Result<Event> {
    let kin = Kin::own()?;
    let text = |value: &OsString| value.to_string_lossy().into_owned();
    let env: BTreeMap<_, _> = std::env::vars_os()
        .map(|(name, value)| (text(&name), text(&value)))
        .collect();
    Ok(Event::Started {
        argv: arguments.iter().map(text).collect(),
        cwd: directory.display().to_string(),
        env,
        pgid: kin.pgid,
        sid: kin.sid,
        ppid: kin.ppid,
        stdin: std::fs::read_link("/proc/self/fd/0")
            .map_or_else(|_| "closed".to_owned(), |path| path.display().to_string()),
    })
}
