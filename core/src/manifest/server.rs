//! The server part of a manifest: which program to start, and whether it needs an interpreter. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::or_default;

/// The server part.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Server {
    /// The executable for platforms that `executables` does not name.
    #[serde(default, deserialize_with = "or_default")]
    pub executable: String,
    /// The executable by platform.
    #[serde(default, deserialize_with = "or_default")]
    pub executables: Executables,
    /// `python`, `go` or empty, which means Go.
    #[serde(default, deserialize_with = "or_default")]
    pub runtime: String,
    /// The Python that the author had in mind; information for people.
    #[serde(default, deserialize_with = "or_default")]
    pub python_version: String,
    /// Python's section. An absent one is not the same as an empty one.
    #[serde(default)]
    pub python: Option<Python>,
}

/// Executables by platform, as `linux-amd64`.
pub type Executables = BTreeMap<String, String>;

/// Python's section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Python {
    /// `system`, `venv` or `bundled`; information for people.
    #[serde(default, deserialize_with = "or_default")]
    pub dependency_mode: String,
    /// The virtual environment, relative to the plugin's folder.
    #[serde(default, deserialize_with = "or_default")]
    pub venv_path: String,
    /// The requirements file, relative to the plugin's folder; information for people.
    #[serde(default, deserialize_with = "or_default")]
    pub requirements_path: String,
}

impl Server {
    /// The executable for a platform: its own entry, unless that is empty or missing.
    pub fn executable_for(&self, platform: &str) -> &str {
        match self.executables.get(platform) {
            Some(executable) if !executable.is_empty() => executable,
            _ => &self.executable,
        }
    }

    /// The executable for the machine that this host runs on.
    pub fn executable_for_this_machine(&self) -> &str {
        self.executable_for(&platform(std::env::consts::OS, std::env::consts::ARCH))
    }

    /// The virtual environment that the manifest names.
    pub fn venv_path(&self) -> Option<&str> {
        let python = self.python.as_ref()?;
        Some(python.venv_path.as_str()).filter(|path| !path.is_empty())
    }

    /// Python by its word, or by the suffix of its executable, which beats any other word.
    pub(super) fn is_python(&self) -> bool {
        self.runtime == "python" || self.executable_for_this_machine().ends_with(".py")
    }

    /// Whether the word for the runtime means something. With a `.py` executable it does not matter.
    pub(super) fn is_runtime_known(&self) -> bool {
        matches!(self.runtime.as_str(), "" | "go" | "python") || self.is_python()
    }
}

/// Go's name for a platform, from Rust's names of its parts.
pub fn platform(os: &str, arch: &str) -> String {
    let goos = match os {
        "macos" => "darwin",
        os => os,
    };
    let goarch = match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        arch => arch,
    };
    format!("{goos}-{goarch}")
}
