//! A folder of plugins: what a scan finds, what can be activated by its id, and what becomes of what is removed.

use std::fs;
use std::path::{Path, PathBuf};

use fake_interpreters::{PluginFolder, place};

use super::listing::{list, listed};
use super::stage::{Stage, good};
use super::traces::{alive, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::environment::{Removed, Scanned};
use crate::driver::protocol::{Activated, Order, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// What a scan finds, and what it says about the rest.
    "host/environment/scan" => scan: ["PE-001", "PE-002", "PE-003"];
    /// Plugins that are activated by their id, and the listing of all.
    "host/environment/by-id" => by_id: ["PE-004", "PE-005"];
    /// A removal, with and without its folder.
    "host/environment/remove" => remove: ["PE-013", "PE-014", "PE-015"];
}

/// A plugin in a folder of plugins, with the id `conf.<name>` unless another is given.
fn plugin(
    stage: &Stage<'_>,
    folder: &Path,
    name: &str,
    id: &str,
) -> Result<PluginFolder, Interruption> {
    Ok(place(&folder.join(name), stage.fake(), id, &good())?)
}

async fn scanned(stage: &Stage<'_>, dir: &Path) -> Result<Scanned, Interruption> {
    let dir = dir.to_owned();
    stage.done(Order::Scan { dir }).await
}

async fn activate_id(
    stage: &Stage<'_>,
    id: &str,
) -> Result<Result<Activated, Refusal>, Interruption> {
    let plugin = id.to_owned();
    stage.ask(Order::ActivateId { plugin }).await
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let mut names: Vec<String> = paths.iter().filter_map(name).collect();
    names.sort();
    names
}

async fn scan(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = case.folder().join("plugins");
    let one = plugin(&stage, &folder, "one", "conf.one")?;
    plugin(&stage, &folder, "two", "conf.two")?;
    plugin(&stage, &folder, ".hidden", "conf.hidden")?;
    plugin(&stage, &folder.join("nested"), "inner", "conf.inner")?;
    let twins = [
        plugin(&stage, &folder, "left", "conf.twin")?,
        plugin(&stage, &folder, "right", "conf.twin")?,
    ];
    fs::create_dir_all(folder.join("garbled"))?;
    fs::write(folder.join("garbled/plugin.json"), b"{\"id\": ")?;
    fs::write(folder.join("notes.txt"), b"no folder")?;
    let scanned = scanned(&stage, &folder).await?;
    let started = activate_id(&stage, "conf.one").await?;
    let control = pids(&one.entries()?);

    let found: Vec<&str> = scanned
        .found
        .iter()
        .map(|place| place.plugin.as_str())
        .collect();
    let seen = || {
        case.require("PE-001")
            .seen("a plugin that was found and started", control.clone())
    };
    seen().holds(
        started.is_ok(),
        "conf.one runs",
        started.words(),
        "found-plugin-refused",
    );
    let hidden: Vec<_> = scanned
        .found
        .iter()
        .filter(|place| names(std::slice::from_ref(&place.dir))[0].starts_with('.'))
        .collect();
    seen().absent("plugin in a hidden folder", &hidden, "hidden-found");
    seen().same(
        "plugins found",
        vec!["conf.one", "conf.two"],
        found,
        "wrong-plugins-found",
    );

    let broken: Vec<PathBuf> = scanned
        .broken
        .iter()
        .map(|broken| broken.dir.clone())
        .collect();
    let seen = || {
        case.require("PE-002")
            .seen("plugins found beside it", scanned.found.len())
    };
    seen().same(
        "folders reported as broken",
        vec!["garbled".to_owned(), "nested".to_owned()],
        names(&broken),
        "broken-not-reported",
    );
    for broken in &scanned.broken {
        let kept = !broken.message.is_empty() && broken.kind.starts_with("manifest.");
        seen().holds(kept, "a reason", broken.words(), "reason-missing");
    }

    let reported = scanned.twins.get("conf.twin").cloned().unwrap_or_default();
    let refused = activate_id(&stage, "conf.twin").await?;
    let mut processes = Vec::new();
    for twin in &twins {
        processes.extend(pids(&twin.entries()?));
    }
    let seen = || {
        case.require("PE-003")
            .go_host("says \"multiple plugins found: conf.twin\"")
            .seen("a plugin that was found and started", control.clone())
    };
    seen().same(
        "folders reported for the one id",
        vec!["left".to_owned(), "right".to_owned()],
        names(&reported),
        "twins-not-reported",
    );
    seen().absent("process of either", &processes, "twin-started");
    let names_both = |message: &str| {
        twins
            .iter()
            .all(|twin| message.contains(&*twin.directory.to_string_lossy()))
    };
    let kept = refused
        .as_ref()
        .is_err_and(|refusal| names_both(&refusal.message));
    seen().holds(
        kept,
        "a refusal with both folders",
        refused.words(),
        "folders-not-named",
    );
    stage.close().await
}

async fn by_id(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = case.folder().join("plugins");
    for name in ["one", "two"] {
        plugin(&stage, &folder, name, &format!("conf.{name}"))?;
    }
    scanned(&stage, &folder).await?;
    let refused = activate_id(&stage, "conf.absent").await?;
    let started = activate_id(&stage, "conf.one").await?;
    stage.started("elsewhere", &good()).await?;
    let plugins = list(&stage).await?;

    let seen = || {
        let running = started
            .as_ref()
            .ok()
            .map(|activated| activated.plugin.clone());
        case.require("PE-004")
            .seen("control: a plugin that was found", running)
    };
    let kept = refused
        .as_ref()
        .is_err_and(|refusal| refusal.message.contains("plugin not found: conf.absent"));
    seen().holds(
        kept,
        "plugin not found: conf.absent",
        refused.words(),
        "id-not-named",
    );
    let registered: Vec<_> = plugins
        .iter()
        .filter(|listed| listed.plugin == "conf.absent")
        .collect();
    seen().absent("entry of conf.absent", &registered, "unknown-id-registered");

    let states: Vec<(String, String)> = plugins
        .iter()
        .map(|listed| (listed.plugin.clone(), listed.state.clone()))
        .collect();
    let expected = [
        ("conf.elsewhere", "running"),
        ("conf.one", "running"),
        ("conf.two", "not_running"),
    ];
    let expected: Vec<_> = expected
        .map(|(id, state)| (id.to_owned(), state.to_owned()))
        .into();
    let seen = case.require("PE-005").seen("plugins listed", plugins.len());
    seen.same("states by plugin", expected, states, "plugin-not-listed");
    stage.close().await
}

async fn remove(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = case.folder().join("plugins");
    let plugins = [
        (plugin(&stage, &folder, "kept", "conf.kept")?, false),
        (plugin(&stage, &folder, "gone", "conf.gone")?, true),
    ];
    scanned(&stage, &folder).await?;
    let unknown = Order::Remove {
        plugin: "conf.absent".to_owned(),
        delete: true,
    };
    let unknown = stage.ask::<Removed>(unknown).await?;
    for (folder, delete) in &plugins {
        let started = activate_id(&stage, &folder.id).await?;
        let processes = pids(&folder.entries()?);
        let before = folder.directory.is_dir();
        let order = Order::Remove {
            plugin: folder.id.clone(),
            delete: *delete,
        };
        let removed = stage.ask::<Removed>(order).await?;
        let still = listed(&stage, &folder.id).await?;
        let again = activate_id(&stage, &folder.id).await?;
        let seen = |id| {
            let running = started.as_ref().ok().and_then(|activated| activated.pid);
            case.require(id)
                .seen("control: its process before", running)
                .and("processes", processes.clone())
        };
        let stopped = removed.as_ref().is_ok_and(|removed| removed.stopped);
        let left: Vec<u32> = processes
            .iter()
            .copied()
            .filter(|pid| alive(*pid))
            .collect();
        let said = format!("{}, left: {}", removed.words(), left.words());
        seen("PE-013").holds(
            stopped && left.is_empty(),
            "a plugin that was stopped",
            said,
            "process-left",
        );
        seen("PE-013").same(
            "the plugin in the listing",
            "",
            still.plugin.as_str(),
            "still-listed",
        );
        let forgotten = again
            .as_ref()
            .is_err_and(|refusal| refusal.message.contains("plugin not found"));
        seen("PE-013").holds(forgotten, "plugin not found", again.words(), "still-found");
        let is_there = folder.directory.is_dir();
        let id = if *delete { "PE-014" } else { "PE-013" };
        let reason = if *delete {
            "folder-left"
        } else {
            "folder-deleted"
        };
        seen(id).same("the folder is there", !delete, before && is_there, reason);
        if *delete {
            let scan = scanned(&stage, &case.folder().join("plugins")).await?;
            let found: Vec<_> = scan
                .found
                .iter()
                .filter(|place| place.plugin == folder.id)
                .collect();
            seen("PE-014").absent("plugin that comes back", &found, "comes-back");
        }
    }
    let seen = case
        .require("PE-015")
        .seen("control: removals", plugins.len());
    let kept = unknown
        .as_ref()
        .is_err_and(|refusal| refusal.message.contains("conf.absent"));
    seen.holds(
        kept,
        "plugin not found: conf.absent",
        unknown.words(),
        "unknown-removed",
    );
    stage.close().await
}
