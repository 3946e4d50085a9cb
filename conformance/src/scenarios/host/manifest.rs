//! From the manifest to a command: which interpreter, which script, and what is refused before anything is started.

use std::fs;
use std::io;
use std::path::Path;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use serde_json::{Value, json};

use super::refusal::refused;
use super::stage::{Setting, Stage, good, pids};
use crate::case::Case;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// The interpreter is looked for in a fixed order.
    "host/command/interpreter" => interpreter: ["PR-001"];
    /// The manifest's venv_path comes first.
    "host/command/venv-path" => venv_path: ["PR-002"];
    /// Without any interpreter nothing is started.
    "host/command/no-interpreter" => no_interpreter: ["PR-003"];
    /// A script path that leads away is refused.
    "host/command/bad-script-path" => bad_script_path: ["PR-008"];
    /// A script that is none is refused.
    "host/command/bad-script" => bad_script: ["PR-009"];
    /// Two dots at the beginning of a name are no traversal.
    "host/command/two-dots" => two_dots: ["PR-010"];
    /// Which manifests mean Python.
    "host/command/runtime" => runtime: ["PR-011"];
    /// A manifest that is missing or broken.
    "host/command/broken-manifest" => broken_manifest: ["PR-012"];
}

async fn interpreter(case: &mut Case) -> ScenarioResult {
    let path = case.folder().join("path");
    let stage = Stage::open_with(case, Setting::new().variable("PATH", path.clone())).await?;
    fs::create_dir_all(&path)?;
    fs::hard_link(stage.fake(), path.join("python")).or_else(|_| fs::copy(stage.fake(), path.join("python")).map(|_| ()))?;
    let every = ["venv/bin/python", "venv/bin/python3", ".venv/bin/python", ".venv/bin/python3"];
    for (first, expected) in every.iter().enumerate() {
        let name = format!("from-{first}");
        let folder = stage.place(&name, &good())?;
        put_interpreters(&stage, &folder, &every[first..])?;
        let argv = argv(&stage, &folder).await?;
        judge_program(&stage, &folder, &argv, expected);
    }
    let folder = stage.place("dangling", &good())?;
    put_interpreters(&stage, &folder, &["venv/bin/python3"])?;
    std::os::unix::fs::symlink("/nonexistent/python", folder.directory.join("venv/bin/python"))?;
    let started = argv(&stage, &folder).await?;
    judge_program(&stage, &folder, &started, "venv/bin/python3");
    for (name, expected) in [("only-python", "path/python"), ("python3-too", "path/python3")] {
        if expected.ends_with('3') {
            fs::copy(stage.fake(), path.join("python3"))?;
        }
        let folder = stage.place(name, &good())?;
        put_interpreters(&stage, &folder, &[])?;
        let started = argv(&stage, &folder).await?;
        judge_program(&stage, &folder, &started, expected);
    }
    stage.close().await
}

fn judge_program(stage: &Stage<'_>, folder: &PluginFolder, argv: &[String], expected: &str) {
    let program = argv.first().cloned().unwrap_or_default();
    let witness = stage.case().require("PR-001").seen("command line", argv.to_vec()).and("plugin", folder.id.clone());
    witness.holds(program.ends_with(expected), format!("{}: …/{expected}", folder.id), &program, "wrong-interpreter");
}

async fn venv_path(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.place("named", &good())?;
    put_interpreters(&stage, &folder, &["venv/bin/python", "server/env/bin/python"])?;
    let server = json!({"executable": "plugin.py", "runtime": "python", "python": {"venv_path": "server/env"}});
    write_manifest(&folder, server)?;
    let argv = argv(&stage, &folder).await?;
    let program = argv.first().cloned().unwrap_or_default();
    let witness = case.require("PR-002").seen("command line", argv);
    witness.holds(program.ends_with("/server/env/bin/python"), "…/server/env/bin/python", &program, "venv-path-ignored");
    stage.close().await
}

async fn no_interpreter(case: &mut Case) -> ScenarioResult {
    let nowhere = case.folder().join("nowhere");
    let stage = Stage::open_with(case, Setting::new().variable("PATH", nowhere)).await?;
    let folder = stage.place("bare", &good())?;
    put_interpreters(&stage, &folder, &[])?;
    let refusal = refused(stage.activate(&folder).await?)?;
    let control = stage.control("control").await?;
    let seen = || case.require("PR-003").seen("control", control.clone()).and("refusal", refusal.message.clone());
    seen().equals("interpreter.not_found", refusal.kind.as_str(), "wrong-refusal");
    seen().absent("process", &pids(&folder.entries()?), "something-started");
    stage.close().await
}

async fn bad_script_path(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    fs::write(case.folder().join("outside.py"), b"")?;
    let absolute = stage.place("absolute", &good())?;
    let inside = absolute.directory.join("plugin.py").display().to_string();
    let rows = [
        (stage.place("etc", &good())?, "/etc/passwd".to_owned(), "script.absolute"),
        (absolute, inside, "script.absolute"),
        (stage.place("parent", &good())?, "../outside.py".to_owned(), "script.traversal"),
        (stage.place("detour", &good())?, "server/../../outside.py".to_owned(), "script.traversal"),
        (stage.place("dots", &good())?, "..".to_owned(), "script.traversal"),
        (stage.place("dash", &good())?, "-plugin.py".to_owned(), "script.dash"),
    ];
    for (folder, executable, kind) in rows {
        fs::create_dir_all(folder.directory.join("server"))?;
        fs::write(folder.directory.join("-plugin.py"), b"")?;
        fs::create_dir_all(folder.directory.join("etc"))?;
        fs::write(folder.directory.join("etc/passwd"), b"")?;
        judge_script(&stage, "PR-008", &folder, &executable, kind, "bad-path-started").await?;
    }
    let control = stage.control("control").await?;
    case.require("PR-008").seen("control", control.as_str()).equals(true, true, "kept");
    stage.close().await
}

async fn bad_script(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let rows = [
        ("missing", "missing.py", "script.not_found"),
        ("directory", "server.py", "script.directory"),
        ("here", ".", "script.directory"),
        ("link-out", "link.py", "script.symlink_outside"),
        ("folder-out", "away/outside.py", "script.symlink_outside"),
    ];
    fs::write(case.folder().join("outside.py"), b"")?;
    for (name, executable, kind) in rows {
        let folder = stage.place(name, &good())?;
        fs::create_dir_all(folder.directory.join("server.py"))?;
        std::os::unix::fs::symlink(case.folder().join("outside.py"), folder.directory.join("link.py"))?;
        std::os::unix::fs::symlink(case.folder(), folder.directory.join("away"))?;
        judge_script(&stage, "PR-009", &folder, executable, kind, "bad-script-started").await?;
    }
    let folder = stage.place("link-in", &good())?;
    std::os::unix::fs::symlink("plugin.py", folder.directory.join("inside.py"))?;
    write_manifest(&folder, json!({"executable": "inside.py", "runtime": "python"}))?;
    let argv = argv(&stage, &folder).await?;
    case.require("PR-009").seen("control: a link inside the folder starts", argv).equals(true, true, "kept");
    stage.close().await
}

async fn judge_script(
    stage: &Stage<'_>,
    id: &'static str,
    folder: &PluginFolder,
    executable: &str,
    kind: &str,
    started: &'static str,
) -> ScenarioResult {
    write_manifest(folder, json!({"executable": executable, "runtime": "python"}))?;
    let outcome = stage.activate(folder).await?;
    let processes = pids(&folder.entries()?);
    let expected = format!("executable {executable:?} refused with {kind}, nothing started");
    let (seen, reason) = match outcome {
        _ if !processes.is_empty() => (format!("started: {processes:?}"), started),
        Ok(_) => ("accepted".to_owned(), started),
        Err(refusal) if refusal.kind == kind => (refusal.message, "kept"),
        Err(refusal) => (format!("{}: {}", refusal.kind, refusal.message), "wrong-refusal"),
    };
    let witness = stage.case().require(id).seen(&format!("executable {executable:?}"), seen.clone());
    witness.holds(reason == "kept", expected, seen, reason);
    Ok(())
}

async fn two_dots(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.place("dots", &good())?;
    fs::write(folder.directory.join("..plugin.py"), b"")?;
    write_manifest(&folder, json!({"executable": "..plugin.py", "runtime": "python"}))?;
    let outcome = stage.activate(&folder).await?;
    let control = stage.control("control").await?;
    let seen = outcome.as_ref().map_or_else(|refusal| refusal.message.clone(), |_| "it runs".to_owned());
    let witness = case.require("PR-010").go_host("refuses it").seen("control", control).and("answer", seen.clone());
    witness.holds(outcome.is_ok(), "..plugin.py runs", seen, "good-script-refused");
    stage.close().await
}

async fn runtime(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let server = |runtime: &str, executable: &str| json!({"runtime": runtime, "executable": executable});
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
    let platform = format!("linux-{}", if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    if cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        rows.push(("platform", json!({"executable": "main", "executables": {platform: "plugin.py"}}), true));
    }
    for (name, server, by_interpreter) in rows {
        let folder = stage.place(name, &good())?;
        for program in ["main", "main.PY"] {
            fs::hard_link(stage.fake(), folder.directory.join(program))
                .or_else(|_| fs::copy(stage.fake(), folder.directory.join(program)).map(|_| ()))?;
        }
        write_manifest(&folder, server.clone())?;
        let outcome = stage.activate(&folder).await?;
        let argv = folder.entries()?.iter().find_map(argv_of).unwrap_or_default();
        let used = argv.first().is_some_and(|program| program.ends_with("/venv/bin/python"));
        let said = outcome.as_ref().map_or_else(|refusal| refusal.message.clone(), |_| "it runs".to_owned());
        let expected = format!("{server}: {} an interpreter", if by_interpreter { "with" } else { "without" });
        let witness = case.require("PR-011").seen(name, said.clone());
        let kept = used == by_interpreter && (outcome.is_ok() || !by_interpreter);
        witness.holds(kept, expected, format!("{argv:?}, {said}"), "wrong-runtime");
    }
    stage.close().await
}

async fn broken_manifest(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let json = |text: &'static str| Some(("plugin.json", text));
    let rows = [
        ("missing", None, "manifest.missing", "plugin.json", ""),
        ("cut", json("{\n  \"id\": \"conf.cut\",\n  \"server\": {\n"), "manifest.invalid", "plugin.json", "4"),
        ("comma", json("{\n  \"id\": \"conf.comma\",,\n}\n"), "manifest.invalid", "plugin.json", "2"),
        ("type", json("{\"id\": \"conf.type\",\n \"server\": {\"executable\": 7}}"), "manifest.invalid", "plugin.json", "2"),
        ("yaml", Some(("plugin.yml", "id: conf.yaml\nserver: [\n")), "manifest.invalid", "plugin.yml", ""),
        ("id", json("{\"id\": \"a b\", \"server\": {\"executable\": \"plugin.py\"}}"), "manifest.id", "plugin.json", ""),
        ("empty", json("{\"id\": \"conf.empty\"}"), "manifest.no_component", "plugin.json", ""),
    ];
    for (name, file, kind, named, line) in rows {
        let folder = stage.place(name, &good())?;
        fs::remove_file(folder.directory.join("plugin.json"))?;
        if let Some((file, text)) = file {
            fs::write(folder.directory.join(file), text)?;
        }
        let refusal = refused(stage.activate(&folder).await?)?;
        let seen = || case.require("PR-012").seen(name, refusal.message.clone());
        seen().equals(kind, refusal.kind.as_str(), "wrong-refusal");
        seen().contains(named, &refusal.message, "file-not-named");
        let numbers: Vec<&str> = refusal.message.split(|c: char| !c.is_ascii_digit()).collect();
        seen().holds(line.is_empty() || numbers.contains(&line), format!("line {line}"), &refusal.message, "line-not-named");
    }
    let folder = stage.place("good-yaml", &good())?;
    let text = "id: conf.good-yaml\nserver:\n  executable: plugin.py\n  runtime: python\n";
    fs::write(folder.directory.join("plugin.yaml"), text)?;
    fs::write(folder.directory.join("plugin.json"), "broken, but behind the YAML file")?;
    let outcome = stage.activate(&folder).await?;
    let seen = format!("{outcome:?}");
    case.require("PR-012").seen("YAML before JSON", seen.clone()).holds(outcome.is_ok(), "it runs", seen, "good-manifest-refused");
    stage.close().await
}

/// Replaces the interpreters of a folder: only these exist afterwards.
pub(super) fn put_interpreters(stage: &Stage<'_>, folder: &PluginFolder, paths: &[&str]) -> io::Result<()> {
    fs::remove_dir_all(folder.directory.join("venv"))?;
    for path in paths {
        let path = folder.directory.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::hard_link(stage.fake(), &path).or_else(|_| fs::copy(stage.fake(), &path).map(|_| ()))?;
    }
    Ok(())
}

/// Replaces the manifest of a folder by one with this server section.
pub(super) fn write_manifest(folder: &PluginFolder, server: Value) -> io::Result<()> {
    let manifest = json!({"id": folder.id, "name": "Fake plugin", "version": "0.1.0", "server": server});
    fs::write(folder.directory.join("plugin.json"), format!("{manifest:#}"))
}

/// The command line of the only start; the folder must run for the scenario to go on.
async fn argv(stage: &Stage<'_>, folder: &PluginFolder) -> Result<Vec<String>, Interruption> {
    stage.running(folder).await?;
    let argv = folder.entries()?.iter().find_map(argv_of);
    argv.ok_or_else(|| Interruption::broken_off("the plugin runs, but the fake was not started"))
}

/// The command line in a `started` entry.
pub(super) fn argv_of(entry: &Entry) -> Option<Vec<String>> {
    match &entry.event {
        Seen::Started { argv, .. } => Some(argv.clone()),
        _ => None,
    }
}
