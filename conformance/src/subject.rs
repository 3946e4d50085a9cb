//! What is under test: a host, which is a command that obeys the driver protocol, or a plugin folder that our own host runs.
//!
//! The types only; the subjects of this machine are made in the modules below. A subject is a value: whatever a case needs of it
//! (a folder, a process) is made inside the case and is gone with it.

pub mod claims;
pub mod fake;
pub mod host;
pub mod in_place;
pub mod python;
pub mod staged;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::driver::protocol::hello::Hello;
use crate::profile::Profile;
use crate::requirement::Side;

/// One thing under test.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name on the command line and in reports: `host`, `rust-fake`, `python-sdk`, `plugin:DIR`.
    pub name: String,
    /// What it is.
    pub kind: SubjectKind,
    /// What it says it can do.
    pub capabilities: Capabilities,
}

impl Subject {
    /// Which requirements can be asked of it.
    pub fn side(&self) -> Side {
        match self.kind {
            SubjectKind::Host(_) => Side::Host,
            SubjectKind::Plugin(_) => Side::Plugin,
        }
    }
}

/// The two kinds of subject.
#[derive(Clone, Debug)]
pub enum SubjectKind {
    /// A host under test.
    Host(HostCommand),
    /// A plugin under test.
    Plugin(Arc<dyn PluginSource>),
}

/// The command that speaks the driver protocol for a host, as JSON lines on stdin and stdout.
///
/// A case starts it with `PLUGIN_HOST_RUN=<the case's mark>` in its environment, so that the census after the case finds whatever it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, `drive --fault NAME` for a mutant of ours.
    pub args: Vec<OsString>,
}

/// Where the folder of a plugin under test comes from.
pub trait PluginSource: Send + Sync + fmt::Debug {
    /// Makes the plugin's folder ready for one case and returns it: inside `dir`, which is the case's own, or, for a plugin that is tested
    /// where it lies, the folder itself.
    fn place(&self, dir: &Path) -> io::Result<PathBuf>;
}

/// A plugin that is tested where it lies: `--plugin DIR`.
#[derive(Clone, Debug)]
pub struct PluginInPlace(pub PathBuf);

impl PluginSource for PluginInPlace {
    fn place(&self, _dir: &Path) -> io::Result<PathBuf> {
        Ok(self.0.clone())
    }
}

/// What a subject claims; what it does not claim is not applicable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The profiles it claims.
    pub profiles: BTreeSet<Profile>,
    /// The API methods that its orders can call; `None` means all of them.
    pub api: Option<BTreeSet<String>>,
    /// The hooks that have a handler; `None` means all of them.
    pub hooks: Option<BTreeSet<String>>,
    /// For a host what its driver said to `hello`; `None` means that it claims all there is.
    pub driver: Option<Arc<Hello>>,
}

impl Capabilities {
    /// Everything: our own host, our own fakes.
    pub fn all() -> Capabilities {
        Capabilities {
            profiles: Profile::ALL.into_iter().collect(),
            api: None,
            hooks: None,
            driver: None,
        }
    }

    /// Whether a host's driver claims something.
    pub fn of_driver(&self, claims: impl Fn(&Hello) -> bool) -> bool {
        self.driver.as_deref().is_none_or(claims)
    }

    /// Whether a profile is claimed.
    pub fn claims(&self, profile: Profile) -> bool {
        self.profiles.contains(&profile)
    }

    /// Whether a hook is claimed.
    pub fn claims_hook(&self, hook: &str) -> bool {
        self.hooks.as_ref().is_none_or(|hooks| hooks.contains(hook))
    }

    /// Whether an API method is claimed.
    pub fn claims_method(&self, method: &str) -> bool {
        self.claims(Profile::Api)
            && self
                .api
                .as_ref()
                .is_none_or(|methods| methods.contains(method))
    }
}

/// A subject that this machine cannot run.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Skipped {
    /// The subject.
    pub subject: String,
    /// Why it cannot run here.
    pub reason: String,
    /// The command that would enable it.
    pub enable: String,
}

/// Makes one subject, if this machine can.
pub trait SubjectFactory: Send + Sync + fmt::Debug {
    /// The subject's name, known without making it.
    fn name(&self) -> &str;

    /// Its side.
    fn side(&self) -> Side;

    /// Whether `run` takes it without being asked. The null subjects are not: they exist to show what nothing scores.
    fn by_default(&self) -> bool {
        true
    }

    /// Makes it, or says what is missing.
    fn make(&self) -> Result<Subject, Skipped>;
}
