//! Where the files of a bundle go, and with which permissions. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// Permissions of a file that says nothing of them.
pub const PLAIN: u32 = 0o644;

/// What an entry's name means below the plugin's folder. Nothing, if it leads elsewhere: by its root or by `..`, wherever it stands.
pub fn below(name: &[u8]) -> Option<PathBuf> {
    let mut below = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(name)).components() {
        match component {
            Component::Normal(part) => below.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(below)
}

/// The permissions of a file: those in the bundle, but that its owner can read and replace it, and nobody becomes somebody else by
/// running it.
pub fn mode(of: u32) -> u32 {
    (of & 0o777) | 0o600
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::file("plugin.json", Some("plugin.json"))]
    #[case::nested("a/b/c", Some("a/b/c"))]
    #[case::dots("./a/./b/", Some("a/b"))]
    #[case::slashes("a//b", Some("a/b"))]
    #[case::itself("./", Some(""))]
    #[case::odd("a/...", Some("a/..."))]
    #[case::root("/etc/passwd", None)]
    #[case::up("../x", None)]
    #[case::up_within("a/../../x", None)]
    #[case::up_and_back("a/../b", None)]
    #[case::up_at_the_end("a/..", None)]
    fn names(#[case] name: &str, #[case] expected: Option<&str>) {
        assert_eq!(below(name.as_bytes()), expected.map(PathBuf::from));
    }

    #[rstest]
    #[case::program(0o755, 0o755)]
    #[case::locked(0o000, 0o600)]
    #[case::set_user(0o4755, 0o755)]
    fn modes(#[case] of: u32, #[case] expected: u32) {
        assert_eq!(mode(of), expected);
    }
}
