//! Executables of manifests, by table.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use tempfile::TempDir;

use super::*;

/// A folder with scripts, links and other things.
fn folder() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().canonicalize().unwrap().join("plugin");
    fs::create_dir_all(folder.join("server/inner")).unwrap();
    fs::create_dir_all(folder.join("a")).unwrap();
    for file in [
        "plugin.py",
        "..name.py",
        "-c.py",
        "server/plugin.py",
        "server/-c.py",
        "../outside.py",
    ] {
        fs::write(folder.join(file), "").unwrap();
    }
    symlink("server/plugin.py", folder.join("link.py")).unwrap();
    symlink("../outside.py", folder.join("out.py")).unwrap();
    symlink("-c.py", folder.join("dash.py")).unwrap();
    symlink("..", folder.join("up")).unwrap();
    symlink("nowhere.py", folder.join("dangling.py")).unwrap();
    symlink("loop.py", folder.join("loop.py")).unwrap();
    (outer, folder)
}

#[rstest]
#[case::plain("plugin.py", "plugin.py")]
#[case::in_a_folder("server/plugin.py", "server/plugin.py")]
#[case::dots_inside("a/../plugin.py", "plugin.py")]
#[case::dot("./server/./plugin.py", "server/plugin.py")]
#[case::two_dots_in_the_name("..name.py", "..name.py")]
#[case::link_inside("link.py", "server/plugin.py")]
#[case::dash_in_a_folder("server/-c.py", "server/-c.py")]
#[case::double_slash("server//plugin.py", "server/plugin.py")]
fn accepted(#[case] executable: &str, #[case] relative: &str) {
    let (_outer, folder) = folder();
    let script = check(&folder, executable).unwrap();
    assert_eq!(script.relative, Path::new(relative));
    assert_eq!(
        script.absolute,
        folder.join(relative),
        "what is checked is what is executed"
    );
}

#[rstest]
#[case::empty("", "script.empty")]
#[case::parent("../outside.py", "script.traversal")]
#[case::parents("../../../etc/passwd", "script.traversal")]
#[case::through_a_folder("server/../../outside.py", "script.traversal")]
#[case::out_and_back("../plugin/plugin.py", "script.traversal")]
#[case::only_dots("..", "script.traversal")]
#[case::absolute("/etc/passwd", "script.absolute")]
#[case::link_outside("out.py", "script.symlink_outside")]
#[case::link_to_parent("up/outside.py", "script.symlink_outside")]
#[case::directory("server", "script.directory")]
#[case::the_folder(".", "script.directory")]
#[case::dash("-c.py", "script.dash")]
#[case::dash_behind_a_dot("./-c.py", "script.dash")]
#[case::link_to_dash("dash.py", "script.dash")]
#[case::missing("no.py", "script.not_found")]
#[case::below_a_file("plugin.py/x", "script.not_found")]
#[case::dangling("dangling.py", "script.not_found")]
#[case::loops("loop.py", "script.unreadable")]
#[case::nul("a\0b", "script.unreadable")]
#[case::device("up/../plugin.py/../../../../../dev/null", "script.traversal")]
fn refused(#[case] executable: &str, #[case] kind: &str) {
    let (_outer, folder) = folder();
    assert_eq!(
        check(&folder, executable).unwrap_err().kind(),
        kind,
        "{executable}"
    );
}

#[test]
fn a_socket_is_no_script() {
    let (_outer, folder) = folder();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("s.py")).unwrap();
    assert_eq!(
        check(&folder, "s.py").unwrap_err().kind(),
        "script.not_a_file"
    );
}

#[test]
fn a_program_must_be_executable() {
    let (_outer, folder) = folder();
    assert_eq!(
        program(&folder, "plugin.py").unwrap_err().kind(),
        "script.not_executable"
    );
    fs::set_permissions(folder.join("plugin.py"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        program(&folder, "plugin.py").unwrap(),
        folder.join("plugin.py")
    );
}

#[rstest]
#[case::absolute_counts_as_inside("/plugin.py", None)]
#[case::link_outside("out.py", None)]
#[case::directory("server", None)]
#[case::legal_name_with_dots("..name.py", Some("script.traversal"))]
#[case::parent("../outside.py", Some("script.traversal"))]
#[case::missing("no.py", Some("script.not_found"))]
fn the_reference_looks_only_at_the_text(#[case] executable: &str, #[case] kind: Option<&str>) {
    let (_outer, folder) = folder();
    assert_eq!(
        check_text_only(&folder, executable)
            .err()
            .map(|error| error.kind()),
        kind
    );
}

#[test]
fn what_is_checked_is_what_is_executed() {
    const PARTS: &str = "((\\.\\.|\\.|a|up|server|plugin\\.py|out\\.py|link\\.py|-c\\.py|)/?){0,6}";
    let (_outer, folder) = folder();
    let accepted = |executable: String| {
        if let Ok(script) = check(&folder, &executable) {
            prop_assert!(script.absolute.is_file());
            prop_assert!(script.absolute.starts_with(&folder));
            let executed = folder.join(&script.relative).canonicalize();
            prop_assert_eq!(executed.ok(), Some(script.absolute));
            prop_assert!(!script.relative.to_str().unwrap_or("-").starts_with('-'));
        }
        Ok(())
    };
    let executables = proptest::string::string_regex(PARTS).unwrap();
    TestRunner::default().run(&executables, accepted).unwrap();
}
