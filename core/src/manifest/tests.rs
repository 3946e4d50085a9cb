//! Manifests as they are found, by table.

use std::fs;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn json(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(Path::new("plugin.json"), text)
}

fn yaml(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(Path::new("plugin.yml"), text)
}

const FULL_JSON: &str = r#"{
  "id": "Com.Example.Demo", "name": "Demo", "version": "0.1.0", "min_server_version": "9.0.0",
  "homepage_url": "https://example.com", "props": {"a": [1, null]}, "settings_schema": {"settings": [{"key": "x"}]},
  "webapp": {"bundle_path": "webapp/dist/main.js"},
  "server": {
    "executable": "plugin.py", "executables": {"linux-amd64": "bin/a.py"}, "runtime": "python", "python_version": ">=3.10",
    "python": {"dependency_mode": "venv", "venv_path": "server/venv", "requirements_path": "requirements.txt"}
  }
}"#;

const FULL_YAML: &str = "
id: Com.Example.Demo
name: Demo
version: 0.1.0
min_server_version: 9.0.0
homepage_url: https://example.com
props: {a: [1, null]}
settings_schema:
  settings:
    - key: x
webapp:
  bundle_path: webapp/dist/main.js
server:
  executable: plugin.py
  executables:
    linux-amd64: bin/a.py
  runtime: python
  python_version: '>=3.10'
  python:
    dependency_mode: venv
    venv_path: server/venv
    requirements_path: requirements.txt
";

#[test]
fn json_and_yaml_say_the_same() {
    let manifest = json(FULL_JSON).unwrap();
    assert_eq!(yaml(FULL_YAML).unwrap(), manifest);
    assert_eq!(manifest.id.as_str(), "com.example.demo");
    let server = manifest.server.as_ref().unwrap();
    assert_eq!(server.python_version, ">=3.10");
    assert_eq!(server.venv_path(), Some("server/venv"));
    assert!(manifest.has_webapp);
}

#[rstest]
#[case::absent(r#"{"id":"abc","server":{}}"#, None)]
#[case::null(r#"{"id":"abc","server":{"python":null}}"#, None)]
#[case::empty(r#"{"id":"abc","server":{"python":{}}}"#, Some(Python::default()))]
fn an_absent_python_section_is_not_an_empty_one(
    #[case] text: &str,
    #[case] expect: Option<Python>,
) {
    assert_eq!(json(text).unwrap().server.unwrap().python, expect);
}

#[rstest]
#[case::by_word("python", "plugin", Runtime::Python)]
#[case::by_suffix("", "server/plugin.py", Runtime::Python)]
#[case::suffix_beats_go("go", "plugin.py", Runtime::Python)]
#[case::suffix_beats_nonsense("java", "plugin.py", Runtime::Python)]
#[case::go("go", "server/plugin", Runtime::Native)]
#[case::nothing("", "server/plugin", Runtime::Native)]
#[case::other_suffix("", "plugin.pyc", Runtime::Native)]
#[case::suffix_case("", "plugin.PY", Runtime::Native)]
fn runtime_is(#[case] runtime: &str, #[case] executable: &str, #[case] expect: Runtime) {
    let text =
        format!(r#"{{"id":"abc","server":{{"runtime":"{runtime}","executable":"{executable}"}}}}"#);
    assert_eq!(json(&text).unwrap().runtime(), expect);
}

#[test]
fn props_say_nothing_about_the_runtime() {
    let text = r#"{"id":"abc","props":{"runtime":"python"},"server":{"executable":"plugin"}}"#;
    assert_eq!(json(text).unwrap().runtime(), Runtime::Native);
}

#[rstest]
#[case::own("linux-amd64", "amd")]
#[case::empty_entry("linux-arm64", "default")]
#[case::no_entry("darwin-arm64", "default")]
fn executable_for(#[case] platform: &str, #[case] expect: &str) {
    let text = r#"{"id":"abc","server":{"executable":"default","executables":{"linux-amd64":"amd","linux-arm64":""}}}"#;
    assert_eq!(
        json(text).unwrap().server.unwrap().executable_for(platform),
        expect
    );
}

#[rstest]
#[case("linux", "x86_64", "linux-amd64")]
#[case("macos", "aarch64", "darwin-arm64")]
#[case("linux", "riscv64", "linux-riscv64")]
fn platform_is_named_as_by_go(#[case] os: &str, #[case] arch: &str, #[case] expect: &str) {
    assert_eq!(platform(os, arch), expect);
}

#[test]
fn a_platforms_script_makes_a_python_plugin() {
    let here = platform(std::env::consts::OS, std::env::consts::ARCH);
    let text = format!(
        r#"{{"id":"abc","server":{{"executable":"x","executables":{{"{here}":"x.py"}}}}}}"#
    );
    assert_eq!(json(&text).unwrap().runtime(), Runtime::Python);
}

#[rstest]
#[case::json_syntax(
    "plugin.json",
    "{\n  \"id\": \"abc\",\n  \"server\": {,\n}",
    "manifest.invalid",
    3,
    "server"
)]
#[case::json_type(
    "plugin.json",
    "{\n  \"id\": \"abc\",\n  \"server\": {\"executable\": 5}\n}",
    "manifest.invalid",
    3,
    "server.executable"
)]
#[case::json_deep(
    "plugin.json",
    "{\"id\": \"abc\",\n\"server\": {\"python\": {\n\"venv_path\": []}}}",
    "manifest.invalid",
    3,
    "server.python.venv_path"
)]
#[case::json_trailing(
    "plugin.json",
    "{\"id\":\"abc\",\"server\":{}}\n{}",
    "manifest.invalid",
    2,
    ""
)]
#[case::json_empty("plugin.json", "", "manifest.invalid", 1, "")]
#[case::json_id(
    "plugin.json",
    "{\n\"name\": \"x\",\n  \"id\": \"a b\", \"server\": {}}",
    "manifest.id",
    3,
    "id"
)]
#[case::json_no_id("plugin.json", "{\"server\": {}}", "manifest.id", 0, "id")]
#[case::json_runtime(
    "plugin.json",
    "{\"id\": \"abc\", \"server\": {\n\"runtime\": \"Python\"}}",
    "manifest.runtime",
    2,
    "server.runtime"
)]
#[case::yaml_type(
    "plugin.yml",
    "id: abc\nserver:\n  executable: [1]\n",
    "manifest.invalid",
    3,
    "server.executable"
)]
#[case::yaml_syntax("plugin.yaml", "id: abc\nserver: {\n", "manifest.invalid", 2, "server")]
#[case::yaml_id("plugin.yml", "name: x\nid: a/b\nserver: {}\n", "manifest.id", 2, "id")]
fn errors_name_file_line_and_field(
    #[case] file: &str,
    #[case] text: &str,
    #[case] kind: &str,
    #[case] line: usize,
    #[case] field: &str,
) {
    let error = Manifest::parse(Path::new(file), text).unwrap_err();
    let (ManifestError::Invalid { place, .. }
    | ManifestError::Id { place, .. }
    | ManifestError::Runtime { place, .. }) = &error
    else {
        panic!("{error}");
    };
    let found = (
        error.kind(),
        place.file.to_str().unwrap(),
        place.line,
        place.field.as_str(),
    );
    assert_eq!(found, (kind, file, line, field), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn a_plugin_has_a_server_or_a_web_app() {
    assert_eq!(
        json(r#"{"id":"abc"}"#).unwrap_err().kind(),
        "manifest.no_component"
    );
    assert!(
        json(r#"{"id":"abc","webapp":{}}"#)
            .unwrap()
            .server
            .is_none()
    );
    assert_eq!(
        yaml("id: abc\nserver:\n").unwrap_err().kind(),
        "manifest.no_component"
    );
}

#[test]
fn nulls_are_absent_values() {
    let manifest = json(
        r#"{"id":"abc","name":null,"server":{"executable":null,"executables":null,"runtime":null}}"#,
    );
    assert_eq!(manifest.unwrap().server, Some(Server::default()));
}

#[rstest]
#[case::all(&["plugin.yml", "plugin.yaml", "plugin.json"], "from plugin.yml")]
#[case::two(&["plugin.yaml", "plugin.json"], "from plugin.yaml")]
#[case::one(&["plugin.json"], "from plugin.json")]
fn lookup_order(#[case] files: &[&str], #[case] name: &str) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let text = format!("{{\"id\": \"abc\", \"name\": \"from {file}\", \"server\": {{}}}}");
        fs::write(folder.path().join(file), text).unwrap();
    }
    assert_eq!(Manifest::find(folder.path()).unwrap().name, name);
}

#[test]
fn a_missing_manifest_and_one_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Manifest::find(folder.path()).unwrap_err().kind(),
        "manifest.missing"
    );
    fs::create_dir(folder.path().join("plugin.yml")).unwrap();
    fs::write(
        folder.path().join("plugin.json"),
        r#"{"id":"abc","server":{}}"#,
    )
    .unwrap();
    let error = Manifest::find(folder.path()).unwrap_err();
    assert_eq!(
        error.kind(),
        "manifest.unreadable",
        "a directory of that name is not passed over"
    );
}

#[test]
fn yaml_scalars_are_texts_where_texts_are_wanted() {
    let manifest = yaml(
        "id: abc\nversion: 1.10\nserver:\n  python_version: 3.10\n  executable: plugin.py\n  python:\n",
    );
    let manifest = manifest.unwrap();
    assert_eq!(manifest.version, "1.10");
    let server = manifest.server.unwrap();
    assert_eq!(
        (server.python_version.as_str(), server.python),
        ("3.10", None)
    );
}

#[test]
fn what_is_no_file_or_has_no_end_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.json");
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    let error = Manifest::find(folder.path()).unwrap_err();
    assert_eq!(error.kind(), "manifest.unreadable");
    assert!(error.to_string().contains("no regular file"), "{error}");
    fs::remove_file(&file).unwrap();
    let sparse = fs::File::create(&file).unwrap();
    sparse.set_len(LARGEST + 1).unwrap();
    let error = Manifest::find(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&LARGEST.to_string()), "{error}");
    fs::write(&file, b"{\"id\": \"\xff\"}").unwrap();
    let error = Manifest::find(folder.path()).unwrap_err();
    assert_eq!(error.kind(), "manifest.unreadable");
}

/// A manifest, or an error with a name and a place in the file.
fn is_judged(text: &str, name: &str) -> Result<(), TestCaseError> {
    match Manifest::parse(Path::new(name), text) {
        Ok(manifest) => {
            manifest.runtime();
            prop_assert!(manifest.server.is_some() || manifest.has_webapp);
        }
        Err(error) => {
            prop_assert!(error.kind().starts_with("manifest."));
            let told = error.to_string();
            prop_assert!(told.contains(name), "{told}");
            let lines = text.lines().count();
            if let ManifestError::Invalid { place, .. }
            | ManifestError::Id { place, .. }
            | ManifestError::Runtime { place, .. } = &error
            {
                prop_assert!(place.line <= lines + 1, "{told}");
            }
        }
    }
    Ok(())
}

/// A valid text with pieces of it cut, doubled or exchanged.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0_usize..12,
        prop_oneof![
            Just(String::new()),
            Just("null".to_owned()),
            Just("[[[[".to_owned()),
            Just("&a *a".to_owned()),
            Just("\n  - : ".to_owned()),
            Just("\u{0}\u{feff}\u{2028}".to_owned()),
            Just("1e999".to_owned()),
            "\\PC{0,8}",
        ],
    );
    proptest::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, with) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, with.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_text_is_a_manifest_or_an_error_with_a_name(text in "\\PC{0,60}|[-{}\\[\\]:,&*!|>#'\"a-z0-9 \n\t]{0,80}") {
        is_judged(&text, "plugin.json")?;
        is_judged(&text, "plugin.yml")?;
    }

    #[test]
    fn a_damaged_manifest_is_a_manifest_or_an_error_with_a_place(json in mutated(FULL_JSON), yaml in mutated(FULL_YAML)) {
        is_judged(&json, "plugin.json")?;
        is_judged(&yaml, "plugin.yml")?;
    }
}

#[test]
fn deep_and_self_similar_texts_end() {
    let deep = |open: &str| format!("{{\"id\": \"abc\", \"props\": {}", open.repeat(200_000));
    for text in [deep("["), deep("{\"a\":")] {
        assert_eq!(json(&text).unwrap_err().kind(), "manifest.invalid");
        assert_eq!(yaml(&text).unwrap_err().kind(), "manifest.invalid");
    }
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let began = std::time::Instant::now();
    let read = yaml(&format!("id: abc\nserver: {{}}\n{bomb}"));
    assert!(
        began.elapsed() < std::time::Duration::from_secs(30),
        "{read:?}"
    );
}
