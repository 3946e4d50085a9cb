//! `init`: the folders that it writes are the conformance plugins of the repository, byte for byte, and nothing that is there is touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use rstest::rstest;

/// What building and running leaves in a folder.
const LEFT: [&str; 4] = ["node_modules", "venv", "__pycache__", "plugin"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn init(folder: &Path, language: &str) -> assert_cmd::assert::Assert {
    Command::cargo_bin("plugin-conformance")
        .unwrap()
        .arg("init")
        .arg(folder)
        .args(["--lang", language])
        .assert()
}

/// All files below a folder, with what is in them.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if LEFT.iter().any(|name| path.file_name().unwrap() == *name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), content);
            }
        }
    }
    found
}

#[rstest]
#[case("python", "python-sdk/conformance_plugin", false)]
#[case("go", "conformance/peers/go-plugin", true)]
#[case("node", "conformance/peers/node-plugin", true)]
fn a_starting_folder_is_the_conformance_plugin(
    #[case] language: &str,
    #[case] from: &str,
    #[case] with_contract: bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/plugin");
    init(&folder, language).success();
    let mut expected = files(&root().join(from));
    if with_contract {
        let contract = files(&root().join("proto/pb")).into_iter();
        expected.extend(contract.map(|(path, text)| (Path::new("proto").join(path), text)));
    }
    let written = files(&folder);
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (path, text) in &written {
        assert_eq!(text, &expected[path], "{}", path.display());
        let mode = fs::metadata(folder.join(path))
            .unwrap()
            .permissions()
            .mode();
        let program = text.starts_with(b"#!");
        assert_eq!(mode & 0o111 != 0, program, "{}", path.display());
    }
}

#[rstest]
#[case("python", "venv/bin/pip install")]
#[case("go", "go build -o plugin .")]
#[case("node", "npm ci")]
fn it_says_what_to_do_next(#[case] language: &str, #[case] build: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = init(folder.path(), language).success().get_output().clone();
    let said = String::from_utf8(said.stdout).unwrap();
    let steps = [
        &format!("cd {}", folder.path().display()),
        build,
        "plugin-conformance doctor .",
        "plugin-conformance run --plugin .",
    ];
    let places: Vec<Option<usize>> = steps.iter().map(|step| said.find(step)).collect();
    assert!(places.iter().all(Option::is_some), "{places:?} in {said}");
    assert!(places.is_sorted(), "{places:?} in {said}");
}

#[test]
fn a_folder_with_something_in_it_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "precious").unwrap();
    let said = init(folder.path(), "node").code(2).get_output().clone();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("is not empty"), "{said}");
    assert!(said.contains(&*folder.path().to_string_lossy()), "{said}");
    let left = files(folder.path());
    assert_eq!(left.into_values().collect::<Vec<_>>(), [b"precious"]);
}

#[test]
fn a_file_in_its_place_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin");
    fs::write(&file, "precious").unwrap();
    init(&file, "go").code(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn another_language_is_refused_with_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let said = init(&folder.path().join("new"), "cobol").code(2);
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains("python, go, node"), "{said}");
    assert!(!folder.path().join("new").exists());
}
