//! `--host COMMAND`: a host that a user names, by the command that speaks for it.
//!
//! It is asked once what it claims, before any case; every case then starts a driver of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::error::PAGE;
use super::{DriverError, HostProcess};
use crate::driver::protocol::Order;
use crate::driver::protocol::hello::{Feature, Hello, HelloError};
use crate::profile::Profile;
use crate::subject::{Capabilities, HostCommand, Subject, SubjectKind, fake};

/// How long a driver may take to say what it claims, and then to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a host cannot be tested.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The command has no program, or a quote without an end.
    #[error("--host {command:?} is no command: {why}")]
    Command {
        /// The command.
        command: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The fake interpreter is not there.
    #[error(
        "hosts are judged with the fake interpreter, which is not there (try {})",
        fake::ENABLE
    )]
    NoFake,
    /// The folder for the first driver cannot be made.
    #[error("cannot make a folder for the host {command:?}")]
    Folder {
        /// The command.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It was asked what it claims, and nothing usable came.
    #[error("--host {command:?} cannot be tested")]
    Driver {
        /// The command.
        command: String,
        /// What went wrong.
        source: DriverError,
    },
    /// It refuses to say what it claims.
    #[error("--host {command:?} refuses \"hello\": {why} ({PAGE}, \"Claims\")")]
    Refused {
        /// The command.
        command: String,
        /// Its words.
        why: String,
    },
    /// What it claims makes no sense.
    #[error("the answer of --host {command:?} to \"hello\": {why} ({PAGE}, \"Claims\")")]
    Hello {
        /// The command.
        command: String,
        /// What is wrong.
        why: HelloError,
    },
}

/// Starts the driver once and asks what it claims.
///
/// # Errors
/// When it is no driver that can be used; the error says what it did, and where the page says otherwise.
pub async fn host_at(command: &str) -> Result<Subject, ForeignError> {
    let own = || command.to_owned();
    if fake::binary().is_none() {
        return Err(ForeignError::NoFake);
    }
    let host = parse(command)?;
    let hello = ask(command, &host).await?;
    hello.check().map_err(|why| ForeignError::Hello {
        command: own(),
        why,
    })?;
    let profiles = Profile::ALL
        .into_iter()
        .filter(|profile| claims(&hello, *profile))
        .collect();
    Ok(Subject {
        name: format!("host:{command}"),
        kind: SubjectKind::Host(host),
        capabilities: Capabilities {
            profiles,
            driver: Some(Arc::new(hello)),
            ..Capabilities::all()
        },
    })
}

/// Whether a host with these claims is asked for a part of the contract.
fn claims(hello: &Hello, profile: Profile) -> bool {
    match profile {
        Profile::Api => hello.features.contains(&Feature::Api),
        Profile::Http | Profile::Stream => hello.orders.contains("http"),
        Profile::Handshake | Profile::Lifecycle | Profile::Hooks | Profile::Crash => true,
        // It is plugins that are asked for it; whether a host encrypts is its administrator's decision.
        Profile::Tls => false,
    }
}

async fn ask(command: &str, host: &HostCommand) -> Result<Hello, ForeignError> {
    let failed = |source| ForeignError::Driver {
        command: command.to_owned(),
        source,
    };
    let folder = tempfile::tempdir().map_err(|source| ForeignError::Folder {
        command: command.to_owned(),
        source,
    })?;
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    for name in ["PATH", "HOME"] {
        environment.extend(std::env::var_os(name).map(|value| (name.into(), value)));
    }
    let process = HostProcess::start(host, folder.path(), &environment, Arc::new(|_| {}));
    let process = process.map_err(failed)?;
    let hello = process.ask_for::<Hello>(Order::Hello {}, PATIENCE).await;
    // Only what it claims is wanted of this one; how it ends is what cases look at.
    if hello.is_err() || !process.close(PATIENCE).await {
        let _ = process.kill().await;
    }
    let hello = hello.map_err(failed)?;
    hello.map_err(|refusal| ForeignError::Refused {
        command: command.to_owned(),
        why: format!("{}: {}", refusal.kind, refusal.message),
    })
}

/// The program and its arguments. The program is looked for here, since a driver starts elsewhere; so are arguments that begin with a dot
/// and a slash.
fn parse(command: &str) -> Result<HostCommand, ForeignError> {
    let wrong = |why| ForeignError::Command {
        command: command.to_owned(),
        why,
    };
    let mut words = words(command)
        .ok_or_else(|| wrong("a quote has no end"))?
        .into_iter();
    let program = words.next().ok_or_else(|| wrong("it is empty"))?;
    Ok(HostCommand {
        program: found(&program),
        args: words.map(|word| here(&word).into()).collect(),
    })
}

/// Words as a shell has them, but with quotes alone: there are no variables and no escapes.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if letter == '\'' || letter == '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn here(word: &str) -> PathBuf {
    let path = Path::new(word);
    let relative = word.starts_with("./") || word.starts_with("../");
    match std::path::absolute(path) {
        Ok(absolute) if relative => absolute,
        _ => path.to_owned(),
    }
}

/// A program by its path from here, or where PATH has it. One that is not found is left for the start to complain about.
fn found(program: &str) -> PathBuf {
    let path = Path::new(program);
    if program.contains('/') {
        return std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_words_and_quotes() {
        let split = |text: &str| words(text).unwrap();
        assert_eq!(split("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(
            split("sh -c 'a \"b\" c' \"it's\""),
            ["sh", "-c", "a \"b\" c", "it's"]
        );
        assert_eq!(split("a'b c'd ''"), ["ab cd", ""]);
        assert_eq!(split(" "), Vec::<String>::new());
        assert_eq!(words("a 'b"), None);
        assert!(matches!(parse("  "), Err(ForeignError::Command { .. })));
    }

    #[test]
    fn paths_are_meant_from_here() {
        let here = std::env::current_dir().unwrap();
        let command = parse("bin/driver ./a.py b.py").unwrap();
        assert_eq!(command.program, here.join("bin/driver"));
        assert_eq!(
            command.args,
            [here.join("a.py").into(), OsString::from("b.py")]
        );
        assert!(parse("sh").unwrap().program.is_absolute());
        assert_eq!(
            parse("no-such-program").unwrap().program,
            Path::new("no-such-program")
        );
    }
}
