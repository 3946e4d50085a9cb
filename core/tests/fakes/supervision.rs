//! Plugins that are looked after, and those that are removed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fake_interpreters::script::{Answer, Controller, Health, Serve};
use fake_interpreters::{Preset, Script};
use plugin_host::environment::{Folder, RemoveError};
use plugin_host::event::What;
use plugin_host::ids::PluginId;
use plugin_host::process::Exit;
use plugin_host::timing::{Backoff, Recovery};
use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::ExecuteCommandRequest;
use proptest::prelude::*;
use rstest::rstest;

use crate::world::{LONG, SHORT, Setting, World, is_alive, patient};

/// A host that looks after its plugins, and pauses for so long.
fn looked_after(script: &Script, pause: Duration, adjust: impl FnOnce(&mut Setting)) -> World {
    let mut setting = Setting {
        recovery: Recovery {
            enabled: true,
            interval: LONG,
            backoff: Backoff {
                base: pause,
                cap: pause,
            },
            ..Recovery::default()
        },
        ..Setting::default()
    };
    adjust(&mut setting);
    World::new(script, setting)
}

fn crashing() -> Script {
    Script::serving(Serve::good().hook("ExecuteCommand", Answer::Exit(9)))
        .write_stderr("fake: nine lives\n")
}

async fn crash(world: &World) {
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = ExecuteCommandRequest::default();
    let outcome = hooks.call::<ExecuteCommand>(request).await;
    assert_eq!(outcome.word(), "unavailable");
}

/// The failures so far: kind, exit code and what follows.
fn failures(world: &mut World) -> Vec<(String, Option<i32>, String)> {
    let failed = |what: &What| match what {
        What::PluginFailed {
            failure,
            code,
            next,
            ..
        } => Some((failure.clone(), *code, next.clone())),
        _ => None,
    };
    world.events().iter().filter_map(failed).collect()
}

fn states(events: &[What]) -> Vec<&str> {
    let mut states = Vec::new();
    for what in events {
        if let What::StateChanged { state } = what {
            states.push(state.as_str());
        }
    }
    states
}

/// Waits until the plugin has come to this state so many times.
async fn comes_to(world: &mut World, state: &str, times: usize) {
    let count = |events: &[What]| states(events).iter().filter(|seen| **seen == state).count();
    world.until(|events| count(events) >= times).await;
}

#[tokio::test]
async fn a_crash_is_mended_and_counted_and_the_third_is_the_last() {
    let mut world = looked_after(&crashing(), Duration::from_millis(1), |_| {});
    let first = world.activate().await.unwrap().pid;
    crash(&world).await;
    comes_to(&mut world, "running", 2).await;
    let status = world.environment.status(&world.id).unwrap();
    assert_eq!((status.starts, status.restarts), (2, 1));
    assert_ne!(status.pid, Some(first));
    assert_eq!(status.error, None);
    let last = status.last_exit.clone().unwrap();
    assert_eq!(last.exit, Some(Exit::Code(9)));
    assert_eq!(*last.stderr_tail, ["fake: nine lives".to_owned()]);
    assert!(status.uptime().unwrap() <= Duration::from_secs(60));

    crash(&world).await;
    comes_to(&mut world, "running", 3).await;
    crash(&world).await;
    world
        .event(|what| matches!(what, What::PluginFailed { next, .. } if next == "given_up"))
        .await;
    let exited = |next: &str| ("exited".to_owned(), Some(9), next.to_owned());
    let expected = [exited("restart"), exited("restart"), exited("given_up")];
    assert_eq!(failures(&mut world), expected);
    let status = world.environment.status(&world.id).unwrap();
    assert_eq!(status.state.word(), "failed_to_stay_running");
    assert_eq!(status.uptime(), None);
    assert!(status.error.unwrap().contains("given up"));
    world.expect_nothing_left().await;
    world.activate().await.unwrap();
    assert_eq!(world.environment.status(&world.id).unwrap().restarts, 2);
}

#[tokio::test]
async fn who_is_not_looked_after_is_not_brought_back() {
    let mut world = World::script(&crashing());
    world.activate().await.unwrap();
    crash(&world).await;
    world
        .event(|what| matches!(what, What::PluginFailed { .. }))
        .await;
    let failure = ("exited".to_owned(), Some(9), "nothing".to_owned());
    assert_eq!(failures(&mut world), [failure]);
    assert_eq!(world.state(), "failed_to_stay_running");
    world.environment.look_after(true).await;
    assert_eq!(world.state(), "failed_to_stay_running");
}

#[rstest]
#[case::deactivated("deactivate", "not_running")]
#[case::switched_off("switch off", "failed_to_stay_running")]
#[case::removed("remove", "unknown")]
#[case::activated("activate", "running")]
#[case::restarted("restart", "running")]
#[case::shut_down("shut down", "not_running")]
#[tokio::test]
async fn a_pause_ends_when_something_else_is_wanted(#[case] wanted: &str, #[case] after: &str) {
    let mut world = looked_after(&crashing(), LONG * 30, |_| {});
    world.activate().await.unwrap();
    crash(&world).await;
    world
        .event(|what| matches!(what, What::PluginFailed { next, .. } if next == "restart"))
        .await;
    assert_eq!(world.state(), "recovering");
    assert!(world.environment.hooks(&world.id).is_err());
    let began = Instant::now();
    let (environment, id) = (&world.environment, &world.id);
    match wanted {
        "deactivate" => assert_eq!(environment.deactivate(id).await, None),
        "switch off" => environment.look_after(false).await,
        "remove" => {
            let removal = environment.remove(id, Folder::Keep).await;
            assert_eq!(removal.unwrap().stop, None);
        }
        "activate" => assert!(world.activate().await.unwrap().activated),
        "restart" => assert!(environment.restart(id).await.unwrap().activated),
        // The crash was cleaned up before.
        _ => assert!(environment.shutdown().await.is_empty()),
    }
    assert!(began.elapsed() < LONG);
    assert_eq!(world.state(), after);
}

#[tokio::test]
async fn an_unhealthy_plugin_is_replaced_and_its_hooks_end() {
    let serve = Serve {
        health: Health::Hang,
        ..Serve::good().hook("ExecuteCommand", Answer::Hang)
    };
    let serve = serve.hook("OnDeactivate", Answer::Hang);
    let script = Script::serving(serve)
        .next_start()
        .then(&Preset::Good.script());
    let mut world = looked_after(&script, Duration::from_millis(1), |setting| {
        setting.recovery.interval = SHORT;
        let timing = setting.timing.insert(patient());
        (timing.health, timing.term_grace) = (SHORT, SHORT);
        timing.exit_after_shutdown = SHORT;
    });
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let call = hooks.call::<ExecuteCommand>(ExecuteCommandRequest::default());
    assert_eq!(call.await.word(), "unavailable");
    comes_to(&mut world, "running", 2).await;
    let (failure, _, next) = failures(&mut world).remove(0);
    assert_eq!((failure.as_str(), next.as_str()), ("unhealthy", "restart"));
}

#[tokio::test]
async fn a_shutdown_has_an_end_whatever_plugins_do() {
    let serve = Serve {
        controller: Controller::Hang,
        ..Serve::good().hook("OnDeactivate", Answer::Hang)
    };
    let world = World::timed(&Script::serving(serve).ignore_term(), |timing| {
        timing.deactivate = LONG * 30;
        timing.hook = LONG * 30;
        timing.shutdown = SHORT;
    });
    let pid = world.activate().await.unwrap().pid;
    let began = Instant::now();
    let reports = world.environment.shutdown().await;
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    assert!(!is_alive(pid));
    assert!(!reports[&world.id].graceful);
}

#[tokio::test]
async fn a_removal_forgets_and_deletes_only_what_it_can() {
    let world = World::preset(Preset::Good);
    let unknown = PluginId::parse("com.example.unknown").unwrap();
    let error = world.environment.remove(&unknown, Folder::Delete).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "plugin not found: com.example.unknown"
    );

    let pid = world.activate().await.unwrap().pid;
    let removal = world
        .environment
        .remove(&world.id, Folder::Keep)
        .await
        .unwrap();
    assert!(removal.stop.unwrap().graceful);
    assert!(!is_alive(pid));
    assert_eq!(world.environment.status(&world.id), None);
    assert!(world.environment.statuses().is_empty());
    assert!(matches!(
        world.environment.remove(&world.id, Folder::Keep).await,
        Err(RemoveError::NotFound { .. })
    ));

    let again = world.activate().await.unwrap();
    assert!(again.activated);
    assert_eq!(world.environment.status(&world.id).unwrap().starts, 1);
    let moved = world.plugin.directory.with_file_name("moved");
    std::fs::rename(&world.plugin.directory, &moved).unwrap();
    let error = world
        .environment
        .remove(&world.id, Folder::Delete)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "remove.folder");
    assert!(
        error
            .to_string()
            .contains(world.plugin.directory.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(world.state(), "not_running");
    assert!(!is_alive(again.pid));

    std::fs::rename(&moved, &world.plugin.directory).unwrap();
    world.activate().await.unwrap();
    let removal = world
        .environment
        .remove(&world.id, Folder::Delete)
        .await
        .unwrap();
    let hidden = removal.deleted.unwrap();
    assert!(!hidden.exists() && !world.plugin.directory.exists());
    let error = world.environment.restart(&world.id).await.unwrap_err();
    assert_eq!(error.kind(), "environment.not_found");
}

#[tokio::test]
async fn of_a_plugin_that_is_linked_only_the_link_is_deleted() {
    for restarted in [false, true] {
        let world = World::preset(Preset::Good);
        let plugins = tempfile::tempdir().unwrap();
        let link = plugins.path().join("linked");
        std::os::unix::fs::symlink(&world.plugin.directory, &link).unwrap();
        world.environment.scan(plugins.path()).await.unwrap();
        world.environment.activate_by_id(&world.id).await.unwrap();
        if restarted {
            world.environment.restart(&world.id).await.unwrap();
        }
        let removal = world.environment.remove(&world.id, Folder::Delete).await;
        let removal = removal.unwrap();
        assert!(removal.stop.is_some());
        assert_eq!(removal.deleted.unwrap().parent(), Some(plugins.path()));
        assert_eq!(plugins.path().read_dir().unwrap().count(), 0);
        assert!(world.plugin.directory.join("plugin.json").exists());
        assert_eq!(world.state(), "unknown");
    }
}

#[tokio::test]
async fn of_two_removals_one_finds_nothing_and_nothing_comes_back() {
    let world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let remove = || world.environment.remove(&world.id, Folder::Delete);
    let (first, second) = tokio::join!(remove(), remove());
    assert!(first.unwrap().stop.is_some());
    assert_eq!(second.unwrap_err().kind(), "environment.not_found");
    assert_eq!(remove().await.unwrap_err().kind(), "environment.not_found");
    assert_eq!(world.state(), "unknown");
    assert_eq!(world.environment.statuses(), []);
}

#[tokio::test]
async fn a_deactivation_that_a_removal_joins_says_what_it_stopped() {
    let world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let (stopped, removed) = tokio::join!(
        world.environment.deactivate(&world.id),
        world.environment.remove(&world.id, Folder::Keep)
    );
    let stopped = stopped.expect("it was running");
    assert_eq!(removed.unwrap().stop, Some(stopped));
}

#[tokio::test]
async fn a_start_that_is_called_off_is_killed_when_the_shutdown_has_no_time_left() {
    let serve = Serve {
        controller: Controller::Ignore,
        ..Serve::good().hook("OnActivate", Answer::Hang)
    };
    let script = Script::new()
        .check_cookie()
        .ignore_term()
        .listen()
        .serve(serve)
        .handshake();
    let mut world = World::timed(&script, |timing| {
        timing.shutdown = Duration::from_millis(300);
    });
    let environment = world.environment.clone();
    let folder = world.plugin.directory.clone();
    let activation = tokio::spawn(async move { environment.activate(folder).await });
    world
        .event(|what| matches!(what, What::HookStarted { hook, .. } if hook == "OnActivate"))
        .await;
    let began = std::time::Instant::now();
    world.environment.shutdown().await;
    // Without the bound it takes what the process is given after SIGTERM.
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    let error = activation.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), "start.called_off");
    world.expect_nothing_left().await;
}

/// What is done with a real plugin.
#[derive(Debug, Clone, Copy)]
enum Act {
    Activate,
    Deactivate,
    Restart,
    Remove,
    Crash,
    LookAfter(bool),
    /// Lets everything go on for a moment.
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Activate),
        1 => Just(Act::Deactivate),
        2 => Just(Act::Restart),
        1 => Just(Act::Remove),
        4 => Just(Act::Crash),
        1 => any::<bool>().prop_map(Act::LookAfter),
        2 => Just(Act::Wait),
    ]
}

async fn play(acts: Vec<Act>) -> World {
    let mut world = looked_after(&crashing(), Duration::from_millis(5), |_| {});
    let mut commands = Vec::new();
    for act in acts {
        let environment = world.environment.clone();
        let (id, folder) = (world.id.clone(), world.plugin.directory.clone());
        let command = async move {
            match act {
                Act::Activate => drop(environment.activate(folder).await),
                Act::Deactivate => drop(environment.deactivate(&id).await),
                Act::Restart => drop(environment.restart(&id).await),
                Act::Remove => drop(environment.remove(&id, Folder::Keep).await),
                Act::Crash => {
                    if let Ok(hooks) = environment.hooks(&id) {
                        let request = ExecuteCommandRequest::default();
                        drop(hooks.call::<ExecuteCommand>(request).await);
                    }
                }
                Act::LookAfter(yes) => environment.look_after(yes).await,
                Act::Wait => {}
            }
        };
        if matches!(act, Act::Wait) {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        commands.push(tokio::spawn(command));
    }
    for command in commands {
        let ended = tokio::time::timeout(LONG, command).await;
        ended.expect("every command is answered").unwrap();
    }
    world.environment.shutdown().await;
    world.expect_nothing_left().await;
    world
}

/// The states that may follow each other, by their words.
fn follows() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("not_running", &["starting"][..]),
        (
            "starting",
            &[
                "running",
                "stopping",
                "failed_to_start",
                "not_running",
                "recovering",
                "failed_to_stay_running",
            ],
        ),
        (
            "running",
            &["stopping", "recovering", "failed_to_stay_running"],
        ),
        ("stopping", &["not_running", "starting"]),
        ("failed_to_start", &["starting", "not_running"]),
        (
            "recovering",
            &[
                "starting",
                "not_running",
                "stopping",
                "failed_to_stay_running",
            ],
        ),
        (
            "failed_to_stay_running",
            &["starting", "stopping", "not_running"],
        ),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_and_happens_there_is_one_process_at_most_and_none_in_the_end(acts in prop::collection::vec(act(), 4..14)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut world = runtime.block_on(play(acts));
        let mut living = 0;
        for what in world.events() {
            match what {
                What::Spawned { .. } => living += 1,
                What::Exited { .. } => living -= 1,
                _ => {}
            }
            prop_assert!((0..=1).contains(&living), "{living} processes");
        }
        prop_assert_eq!(living, 0);
        let follows = follows();
        let mut before = "not_running";
        for state in states(world.events()) {
            prop_assert!(follows[before].contains(&state), "{} after {}", state, before);
            before = state;
        }
        prop_assert!(world.environment.statuses().iter().all(|status| status.state.word() == "not_running"));
        runtime.block_on(async move { drop(world) });
    }
}
