//! Which script is run, and which paths are refused before anything is started.

use std::fs;

use fake_interpreters::PluginFolder;
use serde_json::json;

use super::interpreter::argv;
use super::manifest::write_manifest;
use super::stage::{Stage, good};
use super::traces::pids;
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// A script path that leads away is refused.
    "host/command/bad-script-path" => bad_script_path: ["PR-008"];
    /// A script that is none is refused.
    "host/command/bad-script" => bad_script: ["PR-009"];
    /// Two dots at the beginning of a name are no traversal.
    "host/command/two-dots" => two_dots: ["PR-010"];
}

async fn bad_script_path(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
    fs::write(case.folder().join("outside.py"), b"")?;
    let absolute = stage.place("absolute", &good())?;
    let inside = absolute.directory.join("plugin.py").display().to_string();
    let rows = [
        (
            stage.place("etc", &good())?,
            "/etc/passwd".to_owned(),
            "script.absolute",
        ),
        (absolute, inside, "script.absolute"),
        (
            stage.place("parent", &good())?,
            "../outside.py".to_owned(),
            "script.traversal",
        ),
        (
            stage.place("detour", &good())?,
            "server/../../outside.py".to_owned(),
            "script.traversal",
        ),
        (
            stage.place("dots", &good())?,
            "..".to_owned(),
            "script.traversal",
        ),
        (
            stage.place("dash", &good())?,
            "-plugin.py".to_owned(),
            "script.dash",
        ),
    ];
    for (folder, executable, kind) in rows {
        fs::create_dir_all(folder.directory.join("server"))?;
        fs::write(folder.directory.join("-plugin.py"), b"")?;
        fs::create_dir_all(folder.directory.join("etc"))?;
        fs::write(folder.directory.join("etc/passwd"), b"")?;
        judge_script(
            &stage,
            "PR-008",
            &folder,
            &executable,
            kind,
            "bad-path-started",
        )
        .await?;
    }
    let control = stage.control("control").await?;
    case.require("PR-008")
        .seen("control", control.as_str())
        .holds(true, "a plugin that starts", "none", "kept");
    stage.close().await
}

async fn bad_script(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
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
        std::os::unix::fs::symlink(
            case.folder().join("outside.py"),
            folder.directory.join("link.py"),
        )?;
        std::os::unix::fs::symlink(case.folder(), folder.directory.join("away"))?;
        judge_script(
            &stage,
            "PR-009",
            &folder,
            executable,
            kind,
            "bad-script-started",
        )
        .await?;
    }
    let folder = stage.place("link-in", &good())?;
    std::os::unix::fs::symlink("plugin.py", folder.directory.join("inside.py"))?;
    write_manifest(
        &folder,
        json!({"executable": "inside.py", "runtime": "python"}),
    )?;
    let argv = argv(&stage, &folder).await?;
    case.require("PR-009")
        .seen("control: a link inside the folder starts", argv)
        .holds(true, "a plugin that starts", "none", "kept");
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
    write_manifest(
        folder,
        json!({"executable": executable, "runtime": "python"}),
    )?;
    let outcome = stage.activate(folder).await?;
    let processes = pids(&folder.entries()?);
    let expected = format!("executable {executable:?} refused with {kind}, nothing started");
    let (seen, reason) = match outcome {
        _ if !processes.is_empty() => (format!("started: {}", processes.words()), started),
        Ok(_) => ("accepted".to_owned(), started),
        Err(refusal) if refusal.kind == kind => (refusal.message, "kept"),
        Err(refusal) => (
            format!("{}: {}", refusal.kind, refusal.message),
            "wrong-refusal",
        ),
    };
    let witness = stage
        .case()
        .require(id)
        .seen(&format!("executable {executable:?}"), seen.clone());
    witness.holds(reason == "kept", expected, seen, reason);
    Ok(())
}

async fn two_dots(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
    let folder = stage.place("dots", &good())?;
    fs::write(folder.directory.join("..plugin.py"), b"")?;
    write_manifest(
        &folder,
        json!({"executable": "..plugin.py", "runtime": "python"}),
    )?;
    let outcome = stage.activate(&folder).await?;
    let control = stage.control("control").await?;
    let seen = outcome
        .as_ref()
        .map_or_else(|refusal| refusal.message.clone(), |_| "it runs".to_owned());
    let witness = case
        .require("PR-010")
        .go_host("refuses it")
        .seen("control", control)
        .and("answer", seen.clone());
    let started = pids(&folder.entries()?).len();
    witness.holds(
        outcome.is_ok() && started == 1,
        "..plugin.py runs",
        seen,
        "good-script-refused",
    );
    stage.close().await
}
