//! Manifests: what is written is what is read, in JSON as in YAML; whatever else a file holds ends in an error that says
//! where, in one line, and soon.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use plugin_host::ids::PluginId;
use plugin_host::manifest::{Manifest, ManifestError};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rstest::rstest;
use serde_json::{Value, json};

use crate::any_json;

const NAMES: [&str; 2] = ["plugin.json", "plugin.yml"];

/// The error is one that a person can act on, whatever the text.
fn is_named(name: &str, text: &str, error: &ManifestError) -> Result<(), TestCaseError> {
    let shown = error.to_string();
    prop_assert!(shown.starts_with(&format!("manifest {name}")), "{}", shown);
    prop_assert!(!shown.contains('\n'), "{}", shown);
    prop_assert!(error.kind().starts_with("manifest."));
    if let ManifestError::Invalid { place, .. }
    | ManifestError::Id { place, .. }
    | ManifestError::Runtime { place, .. } = error
    {
        let lines = text
            .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
            .count();
        prop_assert!(place.line <= lines, "{} of {} lines", place.line, lines);
    }
    Ok(())
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    for name in NAMES {
        match Manifest::parse(Path::new(name), text) {
            Ok(manifest) => {
                prop_assert!(manifest.server.is_some() || manifest.has_webapp);
                prop_assert_eq!(
                    &PluginId::parse(manifest.id.as_str()).unwrap(),
                    &manifest.id
                );
            }
            Err(error) => is_named(name, text, &error)?,
        }
    }
    Ok(())
}

/// Fields that hold a text, and where.
const TEXTS: [&str; 10] = [
    "/id",
    "/name",
    "/version",
    "/min_server_version",
    "/server/executable",
    "/server/runtime",
    "/server/python_version",
    "/server/python/dependency_mode",
    "/server/python/venv_path",
    "/server/python/requirements_path",
];

fn manifest() -> BoxedStrategy<Value> {
    let text = || "[ -~äß≠]{0,12}";
    let texts = (text(), text(), text(), text(), text(), text(), text());
    let rest = (
        "[a-zA-Z0-9._-]{3,20}",
        select(vec!["", "go", "python"]),
        btree_map("[a-z0-9-]{1,12}", text(), 0..3),
        btree_map("x_[a-z]{0,6}", any_json(), 0..3),
        any::<bool>(),
    );
    (texts, rest)
        .prop_map(|(texts, (id, runtime, executables, more, has_webapp))| {
            let (name, version, least, executable, python, mode, venv) = texts;
            let mut json = json!({
                "id": id, "name": name, "version": version, "min_server_version": least,
                "server": {
                    "executable": executable, "executables": executables, "runtime": runtime,
                    "python_version": python,
                    "python": {"dependency_mode": mode, "venv_path": venv, "requirements_path": ""},
                },
            });
            let object = json.as_object_mut().unwrap();
            if has_webapp {
                object.insert("webapp".to_owned(), json!({"bundle_path": "main.js"}));
            }
            object.extend(more);
            json
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(json in manifest()) {
        let text = json.to_string();
        let read = Manifest::parse(Path::new("plugin.json"), &text).unwrap();
        prop_assert_eq!(read.id.as_str(), json["id"].as_str().unwrap().to_ascii_lowercase());
        prop_assert_eq!(&*read.name, &json["name"]);
        prop_assert_eq!(&*read.version, &json["version"]);
        prop_assert_eq!(&*read.min_server_version, &json["min_server_version"]);
        prop_assert_eq!(read.has_webapp, json.get("webapp").is_some());
        let server = read.server.as_ref().unwrap();
        let written = &json["server"];
        prop_assert_eq!(&*server.executable, &written["executable"]);
        prop_assert_eq!(&*server.runtime, &written["runtime"]);
        prop_assert_eq!(&*server.python_version, &written["python_version"]);
        prop_assert_eq!(&json!(server.executables), &written["executables"]);
        let python = server.python.as_ref().unwrap();
        prop_assert_eq!(&*python.dependency_mode, &written["python"]["dependency_mode"]);
        prop_assert_eq!(&*python.venv_path, &written["python"]["venv_path"]);

        // JSON is YAML.
        prop_assert_eq!(Manifest::parse(Path::new("plugin.yaml"), &text).unwrap(), read);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_by_its_field(
        mut json in manifest(),
        field in select(&TEXTS[..]),
        value in select(vec![json!(5), json!(true), json!([]), json!({}), json!(["a"])]),
    ) {
        *json.pointer_mut(field).unwrap() = value.clone();
        let text = json.to_string();
        let error = Manifest::parse(Path::new("plugin.json"), &text).unwrap_err();
        let ManifestError::Invalid { place, .. } = &error else {
            return Err(TestCaseError::fail(error.to_string()));
        };
        prop_assert_eq!(format!("/{}", place.field.replace('.', "/")), field);
        is_named("plugin.json", &text, &error)?;
        // YAML's scalars are texts where texts are wanted; lists and maps are not.
        if value.is_array() || value.is_object() {
            let error = Manifest::parse(Path::new("plugin.yml"), &text).unwrap_err();
            is_named("plugin.yml", &text, &error)?;
        }
    }

    #[test]
    fn any_text_is_a_manifest_or_an_error(text in "\\PC{0,80}|([{}\\[\\]:,&*!|>'\"#%@`?a-z0-9 \\-\r\n\t]{0,80})") {
        holds(&text)?;
    }

    #[test]
    fn any_json_is_a_manifest_or_an_error(json in any_json()) {
        holds(&json.to_string())?;
    }

    #[test]
    fn a_manifest_that_was_hurt_is_one_or_an_error(
        json in manifest(),
        wounds in vec((any::<Index>(), select("\"{}[]:,&*!|>'#%@-? \n\r\t\0ä\u{2028}".chars().collect::<Vec<_>>())), 1..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut text: Vec<char> = serde_json::to_string_pretty(&json).unwrap().chars().collect();
        for (place, letter) in wounds {
            let place = place.index(text.len());
            text[place] = letter;
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        holds(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn an_id_is_what_the_rule_says(text in "[a-zA-Z0-9._-]{0,200}|\\PC{0,6}") {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let is_one = (3..=190).contains(&text.len()) && text.chars().all(allowed);
        match PluginId::parse(&text) {
            Ok(id) => {
                prop_assert!(is_one);
                prop_assert_eq!(id.as_str(), text.to_ascii_lowercase());
            }
            Err(_) => prop_assert!(!is_one),
        }
    }
}

#[rstest]
#[case::wrong_type("a: &a [x]\nname: *a\nid: abc\nserver: {}\n", 2)]
#[case::too_much(laughs(), 6)]
fn an_alias_is_named_where_it_is_used_and_only_there(
    #[case] text: impl AsRef<str>,
    #[case] line: usize,
) {
    let error = Manifest::parse(Path::new("plugin.yml"), text.as_ref()).unwrap_err();
    let ManifestError::Invalid { place, reason } = &error else {
        panic!("{error}");
    };
    assert_eq!(place.line, line, "{error}");
    assert!(
        !reason.contains(" at line ") && !reason.contains('('),
        "{reason}"
    );
}

/// Nine lists, each of nine of the one before: a document of nothing that would be 400 million texts.
fn laughs() -> String {
    let mut text = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n".to_owned();
    for level in 1..9 {
        let before = vec![format!("*a{}", level - 1); 9].join(",");
        text += &format!("a{level}: &a{level} [{before}]\n");
    }
    text + "id: abc\nserver: {}\nname: *a8\nprops: *a8\n"
}

#[rstest]
#[case::lists("[".repeat(1_000_000))]
#[case::objects("{\"a\":".repeat(500_000))]
#[case::lists_in_an_unknown_field(format!("{{\"props\":{}", "[".repeat(1_000_000)))]
#[case::closed_lists_in_an_unknown_field(format!(
    "{{\"id\":\"abc\",\"webapp\":{}{},\"server\":{{}}}}", "[".repeat(500_000), "]".repeat(500_000)
))]
#[case::dashes("- ".repeat(500_000))]
#[case::keys("? ".repeat(500_000))]
#[case::blanks(" ".repeat(1_000_000))]
#[case::indents((0..1_500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect())]
#[case::anchors("&a ".repeat(500_000))]
#[case::tags("!a ".repeat(500_000))]
#[case::aliases(laughs())]
#[case::digits(format!("{{\"id\":{}}}", "9".repeat(1_000_000)))]
#[case::text(format!("{{\"id\":\"{}\"}}", "a".repeat(1_000_000)))]
fn a_manifest_that_is_meant_to_hurt_ends_soon(#[case] text: String) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let outcome = holds(&text);
        done.send(outcome.map_err(|error| error.to_string().chars().take(400).collect::<String>()))
    });
    let outcome = wait.recv_timeout(Duration::from_secs(300));
    assert_eq!(outcome, Ok(Ok(())));
}
