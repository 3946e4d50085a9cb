//! Folders with interpreters of all kinds, by table.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rstest::rstest;
use tempfile::TempDir;

use super::*;

/// A plugin's folder with executable files, and a PATH with others.
fn folder(inside: &[&str], on_path: &[&str]) -> (TempDir, PathBuf, std::ffi::OsString) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().canonicalize().unwrap().join("plugin");
    let bin = folder.with_file_name("bin");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(&bin).unwrap();
    inside
        .iter()
        .for_each(|name| executable(&folder.join(name)));
    on_path.iter().for_each(|name| executable(&bin.join(name)));
    (outer, folder, bin.into_os_string())
}

fn executable(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[rstest]
#[case::venv(&["venv/bin/python", "venv/bin/python3", ".venv/bin/python"], None, "plugin/venv/bin/python")]
#[case::venv_python3(&["venv/bin/python3", ".venv/bin/python"], None, "plugin/venv/bin/python3")]
#[case::dot_venv(&[".venv/bin/python", ".venv/bin/python3"], None, "plugin/.venv/bin/python")]
#[case::dot_venv_python3(&[".venv/bin/python3"], None, "plugin/.venv/bin/python3")]
#[case::path(&[], None, "bin/python3")]
#[case::named(&["server/env/bin/python", "venv/bin/python"], Some("server/env"), "plugin/server/env/bin/python")]
#[case::named_python3(&["server/env/bin/python3", "venv/bin/python"], Some("./server/env/"), "plugin/server/env/bin/python3")]
fn found(#[case] inside: &[&str], #[case] venv_path: Option<&str>, #[case] expect: &str) {
    let (outer, folder, path) = folder(inside, &["python3", "python"]);
    let interpreter = find(&folder, venv_path, Some(&path)).unwrap();
    assert_eq!(
        interpreter.program,
        outer.path().canonicalize().unwrap().join(expect)
    );
}

#[test]
fn python_on_the_path_is_second_to_python3() {
    let (_outer, folder, path) = folder(&[], &["python"]);
    let interpreter = find(&folder, None, Some(&path)).unwrap();
    assert_eq!(interpreter.origin, Origin::Path);
    assert!(interpreter.program.ends_with("bin/python"));
}

#[rstest]
#[case::nothing(None, "interpreter.not_found")]
#[case::named_but_empty(Some("server/env"), "interpreter.venv_path_empty")]
#[case::traversal(Some("../plugin/venv"), "interpreter.venv_path_outside")]
#[case::absolute(Some("/usr"), "interpreter.venv_path_outside")]
fn not_found(#[case] venv_path: Option<&str>, #[case] kind: &str) {
    let (_outer, folder, path) = folder(&[], &[]);
    assert_eq!(
        find(&folder, venv_path, Some(&path)).unwrap_err().kind(),
        kind
    );
    assert_eq!(
        find(&folder, venv_path, None).unwrap_err().kind(),
        kind,
        "no PATH at all"
    );
}

#[test]
fn a_named_venv_is_not_replaced_by_another() {
    let (_outer, folder, path) = folder(&["venv/bin/python"], &["python3"]);
    assert_eq!(
        find(&folder, Some("env"), Some(&path)).unwrap_err().kind(),
        "interpreter.venv_path_empty"
    );
}

#[test]
fn a_named_venv_may_not_be_a_link_to_outside() {
    let (outer, folder, path) = folder(&[], &[]);
    executable(&outer.path().join("elsewhere/bin/python"));
    symlink(outer.path().join("elsewhere"), folder.join("env")).unwrap();
    assert_eq!(
        find(&folder, Some("env"), Some(&path)).unwrap_err().kind(),
        "interpreter.venv_path_outside"
    );
}

#[test]
fn a_symlink_to_a_program_is_used_under_its_own_name() {
    let (outer, folder, path) = folder(&[], &["python3"]);
    executable(&outer.path().join("real/python3.11"));
    fs::create_dir_all(folder.join("venv/bin")).unwrap();
    symlink(
        outer.path().join("real/python3.11"),
        folder.join("venv/bin/python"),
    )
    .unwrap();
    assert_eq!(
        find(&folder, None, Some(&path)).unwrap().program,
        folder.join("venv/bin/python")
    );
}

#[test]
fn a_dangling_symlink_is_passed_over_and_named() {
    let (_outer, folder, path) = folder(&[], &[]);
    fs::create_dir_all(folder.join("venv/bin")).unwrap();
    symlink("/nowhere/at/all", folder.join("venv/bin/python")).unwrap();
    let error = find(&folder, None, Some(&path)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("venv/bin/python is a symlink to nothing)"),
        "{error}"
    );
    executable(&folder.join("venv/bin/python3"));
    assert!(
        find(&folder, None, Some(&path))
            .unwrap()
            .program
            .ends_with("python3")
    );
}

#[test]
fn what_cannot_be_executed_is_an_error_of_its_own() {
    let (_outer, folder, path) = folder(&["venv/bin/python"], &["python3"]);
    fs::set_permissions(
        folder.join("venv/bin/python"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    assert_eq!(
        find(&folder, None, Some(&path)).unwrap_err().kind(),
        "interpreter.not_executable"
    );
    fs::remove_file(folder.join("venv/bin/python")).unwrap();
    fs::create_dir(folder.join("venv/bin/python")).unwrap();
    assert_eq!(
        find(&folder, None, Some(&path)).unwrap_err().kind(),
        "interpreter.not_a_file"
    );
}

#[test]
fn relative_entries_of_the_path_are_not_trusted() {
    let (_outer, folder, _) = folder(&[], &[]);
    assert!(find(&folder, None, Some(OsStr::new("usr/bin:.:"))).is_err());
}
