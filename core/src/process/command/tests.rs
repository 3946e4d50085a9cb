//! From folders to commands.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::policy::Policy;

fn folder() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().canonicalize().unwrap().join("plugin");
    for directory in ["venv/bin", "server/env/bin"] {
        fs::create_dir_all(folder.join(directory)).unwrap();
        fs::copy("/bin/sh", folder.join(directory).join("python")).unwrap();
    }
    for file in ["plugin.py", "server/plugin.py", "native"] {
        fs::write(folder.join(file), "").unwrap();
    }
    fs::set_permissions(folder.join("native"), fs::Permissions::from_mode(0o755)).unwrap();
    (outer, folder)
}

fn manifest(server: &str) -> Manifest {
    let text = format!(r#"{{"id": "com.example.demo", "server": {server}}}"#);
    Manifest::parse(Path::new("plugin.json"), &text).unwrap()
}

fn launch(folder: &Path, server: &str, options: &HostOptions) -> Result<Launch, CommandError> {
    Launch::build(&LaunchRequest {
        manifest: &manifest(server),
        folder,
        options,
        host_environment: &BTreeMap::new(),
        api_target: Some("127.0.0.1:1"),
        api_token: Some("secret"),
        client_certificate: None,
        session_mark: "run/1",
    })
}

#[rstest]
#[case::python(r#"{"executable": "plugin.py"}"#, "venv/bin/python", &["plugin.py"])]
#[case::cleaned(r#"{"executable": "./server/../server/plugin.py"}"#, "venv/bin/python", &["server/plugin.py"])]
#[case::by_word(r#"{"executable": "native", "runtime": "python"}"#, "venv/bin/python", &["native"])]
#[case::venv_path(r#"{"executable": "plugin.py", "python": {"venv_path": "server/env"}}"#, "server/env/bin/python", &["plugin.py"])]
#[case::native(r#"{"executable": "native"}"#, "native", &[])]
fn command_is(#[case] server: &str, #[case] program: &str, #[case] arguments: &[&str]) {
    let (_outer, folder) = folder();
    let launch = launch(&folder, server, &HostOptions::default()).unwrap();
    assert_eq!(launch.program, folder.join(program));
    assert_eq!(launch.arguments, arguments);
    assert_eq!(launch.directory, folder);
    assert!(launch.own_group);
    assert!(
        launch
            .environment
            .contains_key(std::ffi::OsStr::new("MATTERMOST_PLUGIN"))
    );
}

#[test]
fn a_folder_reached_by_a_link_is_the_real_one() {
    let (outer, folder) = folder();
    let link = outer.path().join("link");
    symlink(&folder, &link).unwrap();
    let launch = launch(
        &link,
        r#"{"executable": "plugin.py"}"#,
        &HostOptions::default(),
    )
    .unwrap();
    assert_eq!(launch.directory, folder);
}

#[rstest]
#[case::empty(r#"{"runtime": "python"}"#, "script.empty")]
#[case::traversal(r#"{"executable": "../x.py"}"#, "script.traversal")]
#[case::no_venv(
    r#"{"executable": "plugin.py", "python": {"venv_path": "none"}}"#,
    "interpreter.venv_path_empty"
)]
fn refused(#[case] server: &str, #[case] kind: &str) {
    let (_outer, folder) = folder();
    let result = launch(&folder, server, &HostOptions::default());
    assert_eq!(result.unwrap_err().kind(), kind);
}

#[test]
fn a_plugin_without_a_server_and_one_without_a_folder() {
    let (outer, _folder) = folder();
    let gone = launch(
        &outer.path().join("gone"),
        r#"{"executable": "plugin.py"}"#,
        &HostOptions::default(),
    );
    assert_eq!(gone.unwrap_err().kind(), "folder.unusable");
    let webapp =
        Manifest::parse(Path::new("plugin.json"), r#"{"id": "abc", "webapp": {}}"#).unwrap();
    let error = Launch::build(&LaunchRequest {
        manifest: &webapp,
        folder: outer.path(),
        options: &HostOptions::default(),
        host_environment: &BTreeMap::new(),
        api_target: None,
        api_token: None,
        client_certificate: None,
        session_mark: "run/1",
    });
    assert_eq!(error.unwrap_err().kind(), "manifest.no_server");
}

#[test]
fn an_application_may_adjust_the_command() {
    let (_outer, folder) = folder();
    let options = HostOptions {
        prepare: Some(Arc::new(|launch: &mut Launch| {
            let inner = std::mem::replace(&mut launch.program, "/usr/bin/nice".into());
            launch.arguments.insert(0, inner.into_os_string());
        })),
        ..HostOptions::default()
    };
    let launch = launch(&folder, r#"{"executable": "plugin.py"}"#, &options).unwrap();
    assert_eq!(launch.program, Path::new("/usr/bin/nice"));
    assert_eq!(
        launch.arguments,
        [
            folder.join("venv/bin/python").into_os_string(),
            "plugin.py".into()
        ]
    );
}

#[test]
fn the_reference_runs_what_it_did_not_check() {
    let (_outer, folder) = folder();
    let options = HostOptions {
        policy: Policy::reference(),
        ..HostOptions::default()
    };
    let launch = launch(
        &folder,
        r#"{"executable": "/plugin.py", "python": {"venv_path": "server/env"}}"#,
        &options,
    );
    let launch = launch.unwrap();
    assert_eq!(launch.arguments, ["/plugin.py"]);
    assert_eq!(
        launch.program,
        folder.join("venv/bin/python"),
        "venv_path is ignored"
    );
    assert!(!launch.own_group);
}
