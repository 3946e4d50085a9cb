//! The plugin's process as the host starts it: arguments, folder, group, stdin and environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Script, Serve};
use serde_json::json;

use super::manifest::write_manifest;
use super::stage::{SECRETS, Setting, Stage, good};
use super::traces::{environment_of, listens};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// One argument, the plugin's folder, a group of its own, no stdin.
    "host/child/command" => command: ["PR-004", "PR-005", "PR-006", "PR-007"];
    /// What go-plugin promises to a child.
    "host/child/go-plugin-variables" => go_plugin_variables: ["EV-001"];
    /// Where the API is.
    "host/child/api-target" => api_target: ["EV-002"];
    /// What Mattermost's SDK reads.
    "host/child/plugin-variables" => plugin_variables: ["EV-003"];
    /// What the host keeps to itself.
    "host/child/secrets" => secrets: ["EV-004"];
    /// What the host passes on when told to.
    "host/child/passed-variables" => passed_variables: ["EV-005"];
}

/// What a start looks like from inside.
struct Start {
    argv: Vec<String>,
    cwd: String,
    pgid: i32,
    pid: u32,
    stdin: String,
}

async fn command(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let own_stdin = fs::read_link(format!("/proc/{}/fd/0", stage.host().pid())).unwrap_or_default();
    let rows = [
        ("plain", "plugin.py", "plugin.py"),
        ("deep", "server/code/main.py", "server/code/main.py"),
        ("detour", "server/../plugin.py", "plugin.py"),
    ];
    // A host that reads no manifest starts what every folder has.
    let rows = match stage.has(Feature::Manifest) {
        true => &rows[..],
        false => &rows[..1],
    };
    for (name, executable, script) in rows.iter().copied() {
        let folder = stage.place(name, &good())?;
        fs::create_dir_all(folder.directory.join("server/code"))?;
        fs::write(folder.directory.join("server/code/main.py"), b"")?;
        write_manifest(
            &folder,
            json!({"executable": executable, "runtime": "python"}),
        )?;
        stage.running(&folder).await?;
        let start = start_of(&folder.entries()?)?;
        let root = folder.directory.canonicalize()?;
        let witness = case
            .require("PR-004")
            .seen("command line", start.argv.clone());
        let named = start
            .argv
            .get(1)
            .and_then(|argument| resolve(&start.cwd, argument));
        let kept = start.argv.len() == 2 && named == Some(root.join(script));
        witness.holds(
            kept,
            format!("the interpreter and {script}"),
            start.argv.words(),
            "wrong-argument",
        );
        let cwd = Path::new(&start.cwd).canonicalize().ok();
        case.require("PR-005")
            .seen("working directory", start.cwd)
            .same("the working directory", Some(root), cwd, "wrong-directory");
        let pid = i32::try_from(start.pid).unwrap_or_default();
        let witness = case
            .require("PR-006")
            .seen("process", start.pid)
            .and("group", start.pgid);
        witness.same("the process group", pid, start.pgid, "no-own-group");
        let kept = start.stdin == "/dev/null" || start.stdin == "closed";
        let witness = case.require("PR-007").seen("stdin", start.stdin.clone());
        let got = format!("{}; the host's own is {}", start.stdin, own_stdin.display());
        witness.holds(kept, "/dev/null", got, "stdin-open");
    }
    stage.close().await
}

/// An argument as a path, as the interpreter would open it.
fn resolve(cwd: &str, argument: &str) -> Option<PathBuf> {
    Path::new(cwd).join(argument).canonicalize().ok()
}

/// What the plugin was started with. Without it nothing can be said to be absent from it.
fn told(entries: &[Entry]) -> Result<BTreeMap<String, String>, Interruption> {
    environment_of(entries)
        .cloned()
        .ok_or_else(|| Interruption::broken_off("the plugin did not write down its environment"))
}

fn start_of(entries: &[Entry]) -> Result<Start, Interruption> {
    let start = entries.iter().find_map(|entry| match &entry.event {
        Seen::Started {
            argv,
            cwd,
            pgid,
            stdin,
            ..
        } => Some(Start {
            argv: argv.clone(),
            cwd: cwd.clone(),
            pgid: *pgid,
            pid: entry.pid,
            stdin: stdin.clone(),
        }),
        _ => None,
    });
    start.ok_or_else(|| Interruption::broken_off("the fake was not started"))
}

/// A plugin that runs whatever its environment is.
fn undemanding() -> Script {
    Script::new().listen().serve(Serve::good()).handshake()
}

async fn started(stage: &Stage<'_>) -> Result<PluginFolder, Interruption> {
    stage.started("plugin", &undemanding()).await
}

async fn go_plugin_variables(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = started(&stage).await?;
    let entries = folder.entries()?;
    let env = told(&entries)?;
    let go: Vec<String> = env
        .keys()
        .filter(|name| name.starts_with("PLUGIN_") || *name == "MATTERMOST_PLUGIN")
        .cloned()
        .collect();
    let seen = || {
        case.require("EV-001")
            .seen("variables in the plugin's environment", env.len())
            .and("of go-plugin", go.clone())
    };
    let cookie = env.get("MATTERMOST_PLUGIN").map(String::as_str);
    seen().same(
        "MATTERMOST_PLUGIN",
        Some("Securely message teams, anywhere."),
        cookie,
        "wrong-cookie",
    );
    seen().same(
        "PLUGIN_PROTOCOL_VERSIONS",
        Some("1"),
        env.get("PLUGIN_PROTOCOL_VERSIONS").map(String::as_str),
        "variable-missing",
    );
    let port = |name: &str| env.get(name).and_then(|value| value.parse::<u16>().ok());
    let (low, high) = (port("PLUGIN_MIN_PORT"), port("PLUGIN_MAX_PORT"));
    let kept = matches!((low, high), (Some(low), Some(high)) if low > 0 && low <= high);
    seen().holds(
        kept,
        "a range of ports",
        format!("{} to {}", low.words(), high.words()),
        "variable-missing",
    );
    let unused = [
        "PLUGIN_CLIENT_CERT",
        "PLUGIN_MULTIPLEX_GRPC",
        "PLUGIN_UNIX_SOCKET_DIR",
        "PLUGIN_UNIX_SOCKET_GROUP",
    ];
    let present: Vec<&str> = unused
        .into_iter()
        .filter(|name| env.contains_key(*name))
        .collect();
    seen().absent(
        "variable of an unused feature",
        &present,
        "unused-feature-announced",
    );
    stage.close().await
}

async fn api_target(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Api)?;
    // The call is made before the handshake: the port is ready before the child runs.
    let script = Script::new()
        .api("GetServerVersion", json!({}))
        .then(&undemanding());
    let folder = stage.started("plugin", &script).await?;
    let entries = folder.entries()?;
    let target =
        environment_of(&entries).and_then(|env| env.get("MATTERMOST_PLUGIN_API_TARGET").cloned());
    let numeric = target
        .as_ref()
        .and_then(|target| target.parse::<std::net::SocketAddr>().ok());
    let seen = || {
        case.require("EV-002")
            .seen("MATTERMOST_PLUGIN_API_TARGET", target.clone())
    };
    let foreign = SECRETS
        .iter()
        .any(|(_, value)| target.as_deref() == Some(*value));
    seen().holds(
        !foreign,
        "the host's own server",
        target.words(),
        "inherited-api-target",
    );
    seen().holds(
        numeric.is_some_and(|address| address.ip().is_loopback()),
        "a numeric loopback address",
        target.words(),
        "wrong-api-target",
    );
    let version = entries.iter().find_map(|entry| match &entry.event {
        Seen::Api {
            response, status, ..
        } => Some((response.clone(), status.clone())),
        _ => None,
    });
    let kept = matches!(&version, Some((Some(answer), None)) if answer["version"].as_str().is_some_and(|v| !v.is_empty()));
    seen().holds(
        kept,
        "an answer before the handshake",
        version.words(),
        "api-not-ready",
    );
    let open = target.as_deref().is_some_and(listens);
    seen().holds(
        open,
        "a port that answers",
        format!("{} is closed", target.words()),
        "api-not-ready",
    );
    stage.close().await
}

async fn plugin_variables(case: &mut Case) -> ScenarioResult {
    let hook = std::time::Duration::from_secs(17);
    let stage =
        Stage::open_with(case, Setting::new().bound("hook", hook).log_level("WARN")).await?;
    stage.needs(Feature::Variables)?;
    let folder = started(&stage).await?;
    let entries = folder.entries()?;
    let env = told(&entries)?;
    let root = folder.directory.canonicalize()?.display().to_string();
    let expected = [
        ("MATTERMOST_PLUGIN_ID", folder.id.as_str()),
        ("MATTERMOST_PLUGIN_PATH", root.as_str()),
        ("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "17"),
        ("MATTERMOST_PLUGIN_LOG_LEVEL", "WARN"),
    ];
    for (name, value) in expected {
        let witness = case
            .require("EV-003")
            .seen("variables in the plugin's environment", env.len());
        let got = env.get(name).map(String::as_str);
        let reason = if got.is_none() {
            "variable-missing"
        } else {
            "wrong-value"
        };
        witness.holds(
            got == Some(value),
            format!("{name}={value}"),
            got.words(),
            reason,
        );
    }
    stage.close().await
}

async fn secrets(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(
        case,
        Setting::new()
            .variable("LC_ALL", "C")
            .variable("HTTPS_PROXY", "http://u:secret-5@p"),
    )
    .await?;
    let folder = started(&stage).await?;
    let entries = folder.entries()?;
    let env = told(&entries)?;
    let planted = SECRETS
        .iter()
        .map(|(_, value)| *value)
        .chain(["http://u:secret-5@p"]);
    let planted: Vec<&str> = planted.filter(|value| value.contains("secret")).collect();
    let leaked: Vec<&String> = env
        .iter()
        .filter(|(_, value)| planted.contains(&value.as_str()))
        .map(|(name, _)| name)
        .collect();
    // PATH shows that the look into the environment would have found them.
    let seen = || {
        case.require("EV-004")
            .seen("control: PATH", env.get("PATH").cloned())
    };
    seen().absent("secret", &leaked, "secret-leaked");
    let strange: Vec<&String> = env.keys().filter(|name| !is_expected(name)).collect();
    seen().absent(
        "variable beyond the harmless ones",
        &strange,
        "variable-leaked",
    );
    stage.close().await
}

/// The names that a plugin may find, whoever set them.
fn is_expected(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TZDIR",
        "TMPDIR",
        "SHELL",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];
    let of_family = ["LC_", "PLUGIN_", "MATTERMOST_PLUGIN"]
        .iter()
        .any(|start| name.starts_with(start));
    NAMES.contains(&name) || of_family
}

async fn passed_variables(case: &mut Case) -> ScenarioResult {
    let setting = Setting::new()
        .variable("CONFORMANCE_PASSED", "yes")
        .variable("CONFORMANCE_KEPT", "no")
        .pass("CONFORMANCE_PASSED");
    let stage = Stage::open_with(case, setting).await?;
    let folder = started(&stage).await?;
    let entries = folder.entries()?;
    let env = told(&entries)?;
    let seen = || {
        case.require("EV-005")
            .seen("control: PATH", env.get("PATH").cloned())
    };
    seen().same(
        "CONFORMANCE_PASSED",
        Some("yes"),
        env.get("CONFORMANCE_PASSED").map(String::as_str),
        "variable-not-passed",
    );
    seen().same(
        "CONFORMANCE_KEPT",
        None,
        env.get("CONFORMANCE_KEPT").map(String::as_str),
        "variable-leaked",
    );
    stage.close().await
}
