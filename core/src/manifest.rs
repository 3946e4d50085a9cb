//! The manifest: which file, what of it matters to a host, and errors that name file, line and field.
//!
//! Fields that this host does not use (`webapp`, `settings_schema`, `props`, …) are tolerated whatever they hold.

mod server;

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::ids::{InvalidId, PluginId};

pub use server::{Executables, Python, Server, platform};

/// Names of manifest files, in the order in which they are looked for (Mattermost `model/manifest.go`).
pub const FILE_NAMES: [&str; 3] = ["plugin.yml", "plugin.yaml", "plugin.json"];

/// Largest manifest that is read, in bytes; with icons and a schema of all settings they have some thousand.
pub const LARGEST: u64 = 4 * 1024 * 1024;

/// What the host needs to know of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The id, lower-cased.
    pub id: PluginId,
    /// Display name.
    pub name: String,
    /// Version of the plugin.
    pub version: String,
    /// Version of the server that it needs.
    pub min_server_version: String,
    /// What it says of itself to people.
    pub about: About,
    /// The part that runs as a process; `None` for plugins that have only a web app.
    pub server: Option<Server>,
    /// Whether there is a part that runs in the browser.
    pub has_webapp: bool,
}

/// What a plugin says of itself to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it does.
    pub description: String,
    /// Where more is said.
    pub homepage_url: String,
    /// Where help is.
    pub support_url: String,
    /// What is new in this version.
    pub release_notes_url: String,
    /// Its icon, inside its folder.
    pub icon_path: String,
}

/// What has to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A script, by an interpreter.
    Python,
    /// The executable itself.
    Native,
}

/// Where in a file something is wrong. Lines and columns count from 1; 0 is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// The field, as a path with dots; empty if the whole document is wrong.
    pub field: String,
}

/// Why there is no usable manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// None of the files is there.
    #[error("no manifest in {folder}: looked for {}", FILE_NAMES.join(", "))]
    Missing {
        /// The plugin's folder.
        folder: PathBuf,
    },
    /// A file is there, but cannot be read.
    #[error("manifest {file}: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not JSON or YAML, or a field has the wrong type.
    #[error("manifest {place}: {reason}")]
    Invalid {
        /// Where.
        place: Place,
        /// What is wrong, in the parser's words.
        reason: String,
    },
    /// The id is not one.
    #[error("manifest {place}: {source}")]
    Id {
        /// Where.
        place: Place,
        /// What is wrong with it.
        source: InvalidId,
    },
    /// There is neither a server part nor a web app.
    #[error("manifest {file}: a plugin must at least have a web app or server component")]
    NoComponent {
        /// The file.
        file: PathBuf,
    },
    /// `server.runtime` is a word that means nothing.
    #[error(
        "manifest {place}: runtime {runtime:?} is neither \"python\" nor \"go\" (case matters)"
    )]
    Runtime {
        /// Where.
        place: Place,
        /// The word.
        runtime: String,
    },
}

impl ManifestError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "manifest.missing",
            Self::Unreadable { .. } => "manifest.unreadable",
            Self::Invalid { .. } => "manifest.invalid",
            Self::Id { .. } => "manifest.id",
            Self::NoComponent { .. } => "manifest.no_component",
            Self::Runtime { .. } => "manifest.runtime",
        }
    }
}

impl Manifest {
    /// Finds and reads the manifest in a plugin's folder.
    pub fn find(folder: &Path) -> Result<Self, ManifestError> {
        for name in FILE_NAMES {
            let file = folder.join(name);
            match read_bounded(&file) {
                Ok(text) => return Self::parse(&file, &text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(ManifestError::Unreadable { file, source }),
            }
        }
        Err(ManifestError::Missing {
            folder: folder.to_owned(),
        })
    }

    /// Reads a manifest: JSON if the file's name ends in `.json`, else YAML.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ManifestError> {
        let is_json = file
            .extension()
            .is_some_and(|extension| extension == "json");
        let document = if is_json {
            from_json(file, text)
        } else {
            from_yaml(file, text)
        }?;
        Self::check(file, text, document)
    }

    fn check(file: &Path, text: &str, document: Document) -> Result<Self, ManifestError> {
        let place = |field: &str| Place::of_field(file, text, field);
        let id = PluginId::parse(&document.id).map_err(|source| ManifestError::Id {
            place: place("id"),
            source,
        })?;
        let has_webapp = document.webapp.is_some();
        if document.server.is_none() && !has_webapp {
            return Err(ManifestError::NoComponent {
                file: file.to_owned(),
            });
        }
        if let Some(server) = &document.server
            && !server.is_runtime_known()
        {
            return Err(ManifestError::Runtime {
                place: place("server.runtime"),
                runtime: server.runtime.clone(),
            });
        }
        Ok(Self {
            id,
            name: document.name,
            version: document.version,
            min_server_version: document.min_server_version,
            about: About {
                description: document.description,
                homepage_url: document.homepage_url,
                support_url: document.support_url,
                release_notes_url: document.release_notes_url,
                icon_path: document.icon_path,
            },
            server: document.server,
            has_webapp,
        })
    }

    /// What has to be started: Python if the server part says so or its executable for this machine ends in `.py`.
    pub fn runtime(&self) -> Runtime {
        match &self.server {
            Some(server) if server.is_python() => Runtime::Python,
            _ => Runtime::Native,
        }
    }
}

/// The text of a file, as long as it is a regular one of bearable size: a pipe or a device would have no end.
fn read_bounded(file: &Path) -> io::Result<String> {
    let refused = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    if !std::fs::metadata(file)?.is_file() {
        return Err(refused("it is no regular file".to_owned()));
    }
    let mut text = String::new();
    std::fs::File::open(file)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(refused(format!("it has more than {LARGEST} bytes")));
    }
    Ok(text)
}

/// The file as written.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    version: String,
    #[serde(default, deserialize_with = "or_default")]
    min_server_version: String,
    #[serde(default, deserialize_with = "or_default")]
    description: String,
    #[serde(default, deserialize_with = "or_default")]
    homepage_url: String,
    #[serde(default, deserialize_with = "or_default")]
    support_url: String,
    #[serde(default, deserialize_with = "or_default")]
    release_notes_url: String,
    #[serde(default, deserialize_with = "or_default")]
    icon_path: String,
    #[serde(default)]
    server: Option<Server>,
    #[serde(default)]
    webapp: Option<serde::de::IgnoredAny>,
}

/// A null is an absent value, as in Go.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn from_json(file: &Path, text: &str) -> Result<Document, ManifestError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = field_of(error.path());
        let inner = error.into_inner();
        ManifestError::Invalid {
            place: Place {
                file: file.to_owned(),
                line: inner.line(),
                column: inner.column(),
                field,
            },
            reason: without_location(&inner.to_string()),
        }
    })?;
    match deserializer.end() {
        Ok(()) => Ok(document),
        Err(error) => Err(ManifestError::Invalid {
            place: Place {
                file: file.to_owned(),
                line: error.line(),
                column: error.column(),
                field: String::new(),
            },
            reason: without_location(&error.to_string()),
        }),
    }
}

fn from_yaml(file: &Path, text: &str) -> Result<Document, ManifestError> {
    let mut field = String::new();
    let parsed = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            field = field_of(error.path());
            error.into_inner()
        })
    });
    parsed.map_err(|error| {
        let location = error.location();
        let number = |count: Option<u64>| count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        ManifestError::Invalid {
            place: Place {
                file: file.to_owned(),
                line: number(location.as_ref().map(|l| l.line())),
                column: number(location.as_ref().map(|l| l.column())),
                field,
            },
            reason: without_location(&first_line(&error.without_snippet().to_string())),
        }
    })
}

/// The path of a field as far as it is known, empty for the document itself.
fn field_of(path: &serde_path_to_error::Path) -> String {
    let path = path.to_string();
    let known = path.strip_suffix('?').unwrap_or(&path);
    known.strip_suffix('.').unwrap_or(known).to_owned()
}

/// Both parsers end their messages with the location, which stands in [`Place`] already; YAML's aliases have two.
fn without_location(message: &str) -> String {
    let mut rest = message;
    while let Some(end) = rest.rfind(" at line ") {
        rest = &rest[..end];
        let alias = [" (used", " (defined"];
        match alias.iter().find_map(|word| rest.strip_suffix(word)) {
            Some(before) => rest = before,
            None => break,
        }
    }
    rest.to_owned()
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

impl Place {
    /// The place of a field whose value was read, but is wrong: the first line that begins with its last name.
    fn of_field(file: &Path, text: &str, field: &str) -> Self {
        let name = field.rsplit('.').next().unwrap_or(field);
        let starts_with_name = |line: &str| {
            let key = line
                .trim_start_matches([' ', '\t', '{', ','])
                .trim_start_matches(['"', '\'']);
            key.strip_prefix(name).is_some_and(|rest| {
                rest.trim_start_matches(['"', '\''])
                    .trim_start()
                    .starts_with(':')
            })
        };
        let line = text
            .lines()
            .position(starts_with_name)
            .map_or(0, |index| index + 1);
        Self {
            file: file.to_owned(),
            line,
            column: 0,
            field: field.to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        if !self.field.is_empty() {
            write!(f, ", field {}", self.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
