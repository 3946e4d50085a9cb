//! Reads the register: the TOML files under `requirements/`, which are part of the binary.
//!
//! Every error names the file, the requirement and the field. It knows nothing of scenarios.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use toml::{Table, Value};

use super::{Level, Requirement, RequirementId, Side};

/// The files of the register: name, area of the ids in it, text.
const FILES: &[(&str, &str, &str)] = &[
    (
        "handshake.toml",
        "HS",
        include_str!("../../requirements/handshake.toml"),
    ),
    (
        "tls.toml",
        "HS",
        include_str!("../../requirements/tls.toml"),
    ),
    (
        "process.toml",
        "PR",
        include_str!("../../requirements/process.toml"),
    ),
    (
        "environment.toml",
        "EV",
        include_str!("../../requirements/environment.toml"),
    ),
    (
        "lifecycle.toml",
        "LC",
        include_str!("../../requirements/lifecycle.toml"),
    ),
    (
        "hooks.toml",
        "HK",
        include_str!("../../requirements/hooks.toml"),
    ),
    (
        "health.toml",
        "HE",
        include_str!("../../requirements/health.toml"),
    ),
    (
        "stop.toml",
        "ST",
        include_str!("../../requirements/stop.toml"),
    ),
    (
        "api.toml",
        "AP",
        include_str!("../../requirements/api.toml"),
    ),
    (
        "api_host.toml",
        "AP",
        include_str!("../../requirements/api_host.toml"),
    ),
    (
        "crash.toml",
        "CR",
        include_str!("../../requirements/crash.toml"),
    ),
    (
        "plugin_environment.toml",
        "PE",
        include_str!("../../requirements/plugin_environment.toml"),
    ),
    (
        "fanout.toml",
        "FO",
        include_str!("../../requirements/fanout.toml"),
    ),
    (
        "policy.toml",
        "PO",
        include_str!("../../requirements/policy.toml"),
    ),
    (
        "metrics.toml",
        "ME",
        include_str!("../../requirements/metrics.toml"),
    ),
    (
        "concurrency.toml",
        "CC",
        include_str!("../../requirements/concurrency.toml"),
    ),
    (
        "http.toml",
        "HT",
        include_str!("../../requirements/http.toml"),
    ),
    (
        "http_plugin.toml",
        "HT",
        include_str!("../../requirements/http_plugin.toml"),
    ),
    (
        "plans.toml",
        "FP",
        include_str!("../../requirements/plans.toml"),
    ),
    (
        "bad_input.toml",
        "BI",
        include_str!("../../requirements/bad_input.toml"),
    ),
];

/// The fields that an entry may have; all but the last are demanded.
const FIELDS: [&str; 8] = [
    "id", "level", "side", "sentence", "why", "source", "since", "observed",
];

/// Why the register cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A file is not TOML.
    #[error("{file}: not TOML: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// What the parser says.
        message: String,
    },
    /// A file holds something besides `[[requirement]]` entries.
    #[error("{file}: only [[requirement]] entries are expected, found {found:?}")]
    Shape {
        /// The file.
        file: String,
        /// The key that is not expected.
        found: String,
    },
    /// One field of one entry is wrong.
    #[error("{file}: {id}: field {field:?} {problem}")]
    Field {
        /// The file.
        file: String,
        /// The requirement, or its place in the file if the id itself is wrong.
        id: String,
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An id stands twice.
    #[error("{file}: {id}: the id is used already in {first}")]
    Duplicate {
        /// The file of the second one.
        file: String,
        /// The id.
        id: String,
        /// The file of the first one.
        first: String,
    },
}

/// All requirements, by id.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    requirements: BTreeMap<String, Requirement>,
}

impl Catalogue {
    /// The register that is part of this binary.
    pub fn embedded() -> Result<&'static Catalogue, &'static CatalogueError> {
        static LOADED: OnceLock<Result<Catalogue, CatalogueError>> = OnceLock::new();
        LOADED.get_or_init(|| Catalogue::load(FILES)).as_ref()
    }

    /// Reads a register from files given as name, area and text.
    pub fn load(files: &[(&str, &str, &str)]) -> Result<Catalogue, CatalogueError> {
        let mut found: BTreeMap<String, (Requirement, &str)> = BTreeMap::new();
        for (file, area, text) in files {
            for requirement in read_file(file, area, text)? {
                let id = requirement.id.to_string();
                if let Some((_, first)) = found.get(&id) {
                    return Err(CatalogueError::Duplicate {
                        file: (*file).to_owned(),
                        id,
                        first: (*first).to_owned(),
                    });
                }
                found.insert(id, (requirement, file));
            }
        }
        let requirements = found
            .into_iter()
            .map(|(id, (requirement, _))| (id, requirement))
            .collect();
        Ok(Catalogue { requirements })
    }

    /// The requirement of this id.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// All requirements in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.requirements.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

fn read_file(file: &str, area: &str, text: &str) -> Result<Vec<Requirement>, CatalogueError> {
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| CatalogueError::Syntax {
            file: file.to_owned(),
            message: error.message().to_owned(),
        })?;
    let mut requirements = Vec::new();
    for (key, value) in &table {
        let shape = || CatalogueError::Shape {
            file: file.to_owned(),
            found: key.clone(),
        };
        let entries = value
            .as_array()
            .filter(|_| key == "requirement")
            .ok_or_else(shape)?;
        for (index, entry) in entries.iter().enumerate() {
            let entry = entry.as_table().ok_or_else(shape)?;
            requirements.push(Entry::new(file, index, entry).read(area)?);
        }
    }
    Ok(requirements)
}

/// One entry while it is read: it knows how to name itself in an error.
struct Entry<'a> {
    file: &'a str,
    name: String,
    table: &'a Table,
}

impl<'a> Entry<'a> {
    fn new(file: &'a str, index: usize, table: &'a Table) -> Entry<'a> {
        let name = match table.get("id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("entry {}", index + 1),
        };
        Entry { file, name, table }
    }

    fn read(&self, area: &str) -> Result<Requirement, CatalogueError> {
        if let Some(unknown) = self
            .table
            .keys()
            .find(|key| !FIELDS.contains(&key.as_str()))
        {
            return Err(self.wrong(unknown, "is unknown"));
        }
        let id = RequirementId::parse(&self.text("id")?)
            .ok_or_else(|| self.wrong("id", "is not of the form XX-000"))?;
        if id.area() != area {
            return Err(self.wrong(
                "id",
                &format!("does not begin with {area}, the area of this file"),
            ));
        }
        Ok(Requirement {
            id,
            level: Level::parse(&self.text("level")?)
                .ok_or_else(|| self.wrong("level", "is none of MUST, SHOULD, MAY"))?,
            side: Side::parse(&self.text("side")?)
                .ok_or_else(|| self.wrong("side", "is neither host nor plugin"))?,
            sentence: self.sentence("sentence")?,
            why: self.sentence("why")?,
            source: self.text("source")?,
            since: self.text("since")?,
            observed: self.flag("observed")?,
        })
    }

    fn text(&self, field: &str) -> Result<String, CatalogueError> {
        let value = self
            .table
            .get(field)
            .ok_or_else(|| self.wrong(field, "is missing"))?;
        let text = value
            .as_str()
            .ok_or_else(|| self.wrong(field, "is not a string"))?
            .trim();
        if text.is_empty() {
            return Err(self.wrong(field, "is empty"));
        }
        Ok(text.to_owned())
    }

    fn sentence(&self, field: &str) -> Result<String, CatalogueError> {
        let text = self.text(field)?;
        let whole = text.starts_with(|first: char| !first.is_lowercase()) && text.ends_with('.');
        if !whole || text.contains('\n') {
            return Err(self.wrong(
                field,
                "is not one line that begins with a capital and ends with a full stop",
            ));
        }
        Ok(text)
    }

    fn flag(&self, field: &str) -> Result<bool, CatalogueError> {
        match self.table.get(field) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong(field, "is neither true nor false")),
        }
    }

    fn wrong(&self, field: &str, problem: &str) -> CatalogueError {
        CatalogueError::Field {
            file: self.file.to_owned(),
            id: self.name.clone(),
            field: field.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
