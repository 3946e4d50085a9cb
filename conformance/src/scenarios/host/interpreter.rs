//! Which interpreter runs a plugin.

use std::fs;
use std::io;
use std::path::Path;

use fake_interpreters::PluginFolder;
use serde_json::json;

use super::manifest::{argv_of, write_manifest};
use super::refusal::refused;
use super::stage::{Setting, Stage, good};
use super::traces::pids;
use crate::case::Case;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// The interpreter is looked for in a fixed order.
    "host/command/interpreter" => interpreter: ["PR-001"];
    /// The manifest's venv_path comes first.
    "host/command/venv-path" => venv_path: ["PR-002"];
    /// Without any interpreter nothing is started.
    "host/command/no-interpreter" => no_interpreter: ["PR-003"];
}

async fn interpreter(case: &mut Case) -> ScenarioResult {
    let path = case.folder().join("path");
    let stage = Stage::open_with(case, Setting::new().variable("PATH", path.clone())).await?;
    stage.needs(Feature::Manifest)?;
    fs::create_dir_all(&path)?;
    fs::hard_link(stage.fake(), path.join("python"))
        .or_else(|_| fs::copy(stage.fake(), path.join("python")).map(|_| ()))?;
    let every = [
        "venv/bin/python",
        "venv/bin/python3",
        ".venv/bin/python",
        ".venv/bin/python3",
    ];
    for (first, expected) in every.iter().enumerate() {
        let name = format!("from-{first}");
        let folder = stage.place(&name, &good())?;
        put_interpreters(&stage, &folder, &every[first..])?;
        let argv = argv(&stage, &folder).await?;
        judge_program(&stage, &folder, &argv, expected);
    }
    let folder = stage.place("dangling", &good())?;
    put_interpreters(&stage, &folder, &["venv/bin/python3"])?;
    std::os::unix::fs::symlink(
        "/nonexistent/python",
        folder.directory.join("venv/bin/python"),
    )?;
    let started = argv(&stage, &folder).await?;
    judge_program(&stage, &folder, &started, "venv/bin/python3");
    for (name, expected) in [
        ("only-python", "path/python"),
        ("python3-too", "path/python3"),
    ] {
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
    let witness = stage
        .case()
        .require("PR-001")
        .seen("command line", argv.to_vec())
        .and("plugin", folder.id.clone());
    witness.holds(
        program.ends_with(expected),
        format!("{}: …/{expected}", folder.id),
        &program,
        "wrong-interpreter",
    );
}

async fn venv_path(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Manifest)?;
    let folder = stage.place("named", &good())?;
    put_interpreters(
        &stage,
        &folder,
        &["venv/bin/python", "server/env/bin/python"],
    )?;
    let server = json!({"executable": "plugin.py", "runtime": "python", "python": {"venv_path": "server/env"}});
    write_manifest(&folder, server)?;
    let argv = argv(&stage, &folder).await?;
    let program = argv.first().cloned().unwrap_or_default();
    let witness = case.require("PR-002").seen("command line", argv);
    witness.holds(
        program.ends_with("/server/env/bin/python"),
        "…/server/env/bin/python",
        &program,
        "venv-path-ignored",
    );
    stage.close().await
}

async fn no_interpreter(case: &mut Case) -> ScenarioResult {
    let nowhere = case.folder().join("nowhere");
    let stage = Stage::open_with(case, Setting::new().variable("PATH", nowhere)).await?;
    stage.needs(Feature::Manifest)?;
    let folder = stage.place("bare", &good())?;
    put_interpreters(&stage, &folder, &[])?;
    let refusal = refused(stage.activate(&folder).await?)?;
    let control = stage.control("control").await?;
    let seen = || {
        case.require("PR-003")
            .seen("control", control.clone())
            .and("refusal", refusal.message.clone())
    };
    seen().same(
        "the kind of the refusal",
        "interpreter.not_found",
        refusal.kind.as_str(),
        "wrong-refusal",
    );
    seen().absent("process", &pids(&folder.entries()?), "something-started");
    stage.close().await
}

/// Replaces the interpreters of a folder: only these exist afterwards.
pub(super) fn put_interpreters(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    paths: &[&str],
) -> io::Result<()> {
    fs::remove_dir_all(folder.directory.join("venv"))?;
    for path in paths {
        let path = folder.directory.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::hard_link(stage.fake(), &path)
            .or_else(|_| fs::copy(stage.fake(), &path).map(|_| ()))?;
    }
    Ok(())
}

/// The command line of the only start; the folder must run for the scenario to go on.
pub(super) async fn argv(
    stage: &Stage<'_>,
    folder: &PluginFolder,
) -> Result<Vec<String>, Interruption> {
    stage.running(folder).await?;
    let argv = folder.entries()?.iter().find_map(argv_of);
    argv.ok_or_else(|| Interruption::broken_off("the plugin runs, but the fake was not started"))
}
