//! From the manifest to a command: which interpreter, which script, and what is refused before anything is started.

use std::fs;
use std::io;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use serde_json::{Value, json};

use super::refusal::refused;
use super::stage::{Stage, good};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// Which manifests mean Python.
    "host/command/runtime" => runtime: ["PR-011"];
    /// A manifest that is missing or broken.
    "host/command/broken-manifest" => broken_manifest: ["PR-012"];
}

async fn runtime(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
    let server =
        |runtime: &str, executable: &str| json!({"runtime": runtime, "executable": executable});
    let mut rows = vec![
        ("by-word", server("python", "main"), true),
        ("by-suffix", json!({"executable": "plugin.py"}), true),
        ("suffix-beats-go", server("go", "plugin.py"), true),
        ("go", server("go", "main"), false),
        ("no-word", json!({"executable": "main"}), false),
        ("capital", server("Python", "main"), false),
        ("other-word", server("python3", "main"), false),
        ("capital-suffix", json!({"executable": "main.PY"}), false),
    ];
    let platform = format!(
        "linux-{}",
        if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "amd64"
        }
    );
    if cfg!(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )) {
        rows.push((
            "platform",
            json!({"executable": "main", "executables": {platform: "plugin.py"}}),
            true,
        ));
    }
    for (name, server, by_interpreter) in rows {
        let folder = stage.place(name, &good())?;
        for program in ["main", "main.PY"] {
            fs::hard_link(stage.fake(), folder.directory.join(program))
                .or_else(|_| fs::copy(stage.fake(), folder.directory.join(program)).map(|_| ()))?;
        }
        write_manifest(&folder, server.clone())?;
        let outcome = stage.activate(&folder).await?;
        let argv = folder
            .entries()?
            .iter()
            .find_map(argv_of)
            .unwrap_or_default();
        let used = argv
            .first()
            .is_some_and(|program| program.ends_with("/venv/bin/python"));
        let said = outcome
            .as_ref()
            .map_or_else(|refusal| refusal.message.clone(), |_| "it runs".to_owned());
        let expected = format!(
            "{server}: {} an interpreter",
            if by_interpreter { "with" } else { "without" }
        );
        let witness = case.require("PR-011").seen(name, said.clone());
        let kept = used == by_interpreter && (outcome.is_ok() || !by_interpreter);
        witness.holds(
            kept,
            expected,
            format!("{}, {said}", argv.words()),
            "wrong-runtime",
        );
    }
    stage.close().await
}

async fn broken_manifest(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
    let json = |text: &'static str| Some(("plugin.json", text));
    let rows = [
        ("missing", None, "manifest.missing", "plugin.json", ""),
        (
            "cut",
            json("{\n  \"id\": \"conf.cut\",\n  \"server\": {\n"),
            "manifest.invalid",
            "plugin.json",
            "4",
        ),
        (
            "comma",
            json("{\n  \"id\": \"conf.comma\",,\n}\n"),
            "manifest.invalid",
            "plugin.json",
            "2",
        ),
        (
            "type",
            json("{\"id\": \"conf.type\",\n \"server\": {\"executable\": 7}}"),
            "manifest.invalid",
            "plugin.json",
            "2",
        ),
        (
            "yaml",
            Some(("plugin.yml", "id: conf.yaml\nserver: [\n")),
            "manifest.invalid",
            "plugin.yml",
            "",
        ),
        (
            "id",
            json("{\"id\": \"a b\", \"server\": {\"executable\": \"plugin.py\"}}"),
            "manifest.id",
            "plugin.json",
            "",
        ),
        (
            "empty",
            json("{\"id\": \"conf.empty\"}"),
            "manifest.no_component",
            "plugin.json",
            "",
        ),
    ];
    for (name, file, kind, named, line) in rows {
        let folder = stage.place(name, &good())?;
        fs::remove_file(folder.directory.join("plugin.json"))?;
        if let Some((file, text)) = file {
            fs::write(folder.directory.join(file), text)?;
        }
        let refusal = refused(stage.activate(&folder).await?)?;
        let seen = || case.require("PR-012").seen(name, refusal.message.clone());
        seen().same(
            "the kind of the refusal",
            kind,
            refusal.kind.as_str(),
            "wrong-refusal",
        );
        seen().contains(named, &refusal.message, "file-not-named");
        let numbers: Vec<&str> = refusal
            .message
            .split(|c: char| !c.is_ascii_digit())
            .collect();
        seen().holds(
            line.is_empty() || numbers.contains(&line),
            format!("line {line}"),
            &refusal.message,
            "line-not-named",
        );
    }
    let folder = stage.place("good-yaml", &good())?;
    let text = "id: conf.good-yaml\nserver:\n  executable: plugin.py\n  runtime: python\n";
    fs::write(folder.directory.join("plugin.yaml"), text)?;
    fs::write(
        folder.directory.join("plugin.json"),
        "broken, but behind the YAML file",
    )?;
    let outcome = stage.activate(&folder).await?;
    let seen = outcome.words();
    case.require("PR-012")
        .seen("YAML before JSON", seen.clone())
        .holds(outcome.is_ok(), "it runs", seen, "good-manifest-refused");
    stage.close().await
}

/// Replaces the manifest of a folder by one with this server section.
pub(super) fn write_manifest(folder: &PluginFolder, server: Value) -> io::Result<()> {
    let manifest =
        json!({"id": folder.id, "name": "Fake plugin", "version": "0.1.0", "server": server});
    fs::write(
        folder.directory.join("plugin.json"),
        format!("{manifest:#}"),
    )
}

/// The command line in a `started` entry.
pub(super) fn argv_of(entry: &Entry) -> Option<Vec<String>> {
    match &entry.event {
        Seen::Started { argv, .. } => Some(argv.clone()),
        _ => None,
    }
}
