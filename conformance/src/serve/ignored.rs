//! Which names in a plugin's folder say nothing about the plugin: caches, environments, what editors leave. Pure.

/// Folders that are made from a plugin, or that it is made with, and that hold thousands of files.
const FOLDERS: [&str; 4] = ["__pycache__", "node_modules", "venv", "env"];

/// What interpreters, editors and plugins themselves write while they work.
const ENDINGS: [&str; 11] = [
    ".pyc", ".pyo", ".swp", ".swo", ".swx", ".tmp", ".bak", ".log", "~", "#", ".jsonl",
];

/// vim's trial whether it may write here.
const TRIAL: &str = "4913";

/// Whether a file or folder of this name is passed over.
pub fn is_ignored(name: &str) -> bool {
    let is_hidden = name.starts_with('.');
    let is_left = ENDINGS.iter().any(|ending| name.ends_with(ending));
    is_hidden || is_left || name == TRIAL || FOLDERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plugin.py", false)]
    #[case("plugin.json", false)]
    #[case("environment.py", false)]
    #[case("page.html", false)]
    #[case("4913.py", false)]
    #[case("__pycache__", true)]
    #[case("plugin.cpython-311.pyc", true)]
    #[case("venv", true)]
    #[case(".venv", true)]
    #[case(".git", true)]
    #[case(".plugin.py.swp", true)]
    #[case("plugin.py~", true)]
    #[case("#plugin.py#", true)]
    #[case("4913", true)]
    #[case("plugin.log", true)]
    fn names(#[case] name: &str, #[case] ignored: bool) {
        assert_eq!(is_ignored(name), ignored);
    }
}
