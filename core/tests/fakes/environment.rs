//! Many commands at once, and what they lead to.

use std::collections::BTreeSet;
use std::time::Duration;

use fake_interpreters::script::{Answer, Serve};
use fake_interpreters::{Preset, Script, place};
use futures_util::future::join_all;
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::ids::{PluginId, RUN_MARK_VARIABLE};
use plugin_host::memory::Memory;
use plugin_host::options::{GuardProgram, HostOptions};

use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::ExecuteCommandRequest;
use rstest::rstest;

use crate::world::{LONG, SHORT, World, fake, is_alive, patient};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_activations_of_one_id_at_the_same_time_start_one_process() {
    let world = World::preset(Preset::Late);
    let activations = join_all((0..8).map(|_| world.activate())).await;
    let pids: BTreeSet<_> = activations
        .into_iter()
        .map(|activation| activation.unwrap().pid)
        .collect();
    assert_eq!(pids.len(), 1);
    assert_eq!(world.starts(), 1);
    let again = world.activate().await.unwrap();
    assert!(!again.activated);
    assert!(pids.contains(&again.pid));
    assert_eq!(world.starts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_one_start_gets_the_same_error() {
    let world = World::preset(Preset::ActivateFails);
    let activations = join_all((0..4).map(|_| world.activate())).await;
    for activation in activations {
        assert_eq!(activation.unwrap_err().kind(), "activate.refused");
    }
    assert_eq!(world.starts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_at_the_same_time_are_one_restart() {
    let world = World::preset(Preset::Good);
    let first = world.activate().await.unwrap().pid;
    let restart = || world.environment.restart(&world.id);
    let pids: BTreeSet<_> = join_all((0..4).map(|_| restart()))
        .await
        .into_iter()
        .map(|restarted| restarted.unwrap().pid)
        .collect();
    assert_eq!(pids.len(), 1);
    assert!(!pids.contains(&first));
    assert!(!is_alive(first));
    assert_eq!(world.starts(), 2);
    assert_eq!(world.environment.status(&world.id).unwrap().starts, 2);
}

#[tokio::test]
async fn a_plugin_counts_as_running_only_after_its_activation_and_a_start_can_be_called_off() {
    let mut world = World::preset(Preset::ActivateHangs);
    let environment = world.environment.clone();
    let folder = world.plugin.directory.clone();
    let activation = tokio::spawn(async move { environment.activate(folder).await });
    let began =
        |what: &What| matches!(what, What::HookStarted { hook, .. } if hook == "OnActivate");
    world.event(began).await;
    assert_eq!(world.state(), "starting");
    assert!(world.environment.hooks(&world.id).is_err());
    assert!(world.environment.check_health(&world.id).await.is_err());

    assert_eq!(world.environment.deactivate(&world.id).await, None);
    let error = activation.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), "start.called_off");
    assert_eq!(world.state(), "not_running");
    assert_eq!(world.environment.status(&world.id).unwrap().error, None);
}

#[tokio::test]
async fn a_stop_is_waited_for_by_everybody_who_asks() {
    let slow = Answer::empty().after(50);
    let world = World::script(&Script::serving(Serve::good().hook("OnDeactivate", slow)));
    world.activate().await.unwrap();
    let (one, other) = tokio::join!(
        world.environment.deactivate(&world.id),
        world.environment.deactivate(&world.id)
    );
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(world.environment.deactivate(&world.id).await, None);
}

#[tokio::test]
async fn an_activation_after_a_stop_that_is_under_way_starts_anew() {
    let slow = Answer::empty().after(50);
    let world = World::script(&Script::serving(Serve::good().hook("OnDeactivate", slow)));
    let first = world.activate().await.unwrap().pid;
    let (stopped, second) = tokio::join!(world.environment.deactivate(&world.id), world.activate());
    assert!(stopped.unwrap().graceful);
    let second = second.unwrap();
    assert!(second.activated);
    assert_ne!(second.pid, first);
    assert_eq!(world.state(), "running");
}

#[tokio::test]
async fn one_id_in_two_folders_is_refused_while_one_lives() {
    let world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = Preset::Good.script();
    let twin = place(
        folder.path(),
        fake(),
        &world.plugin.id.to_uppercase(),
        &script,
    )
    .unwrap();
    let error = world
        .environment
        .activate(&twin.directory)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "environment.other_folder");
    assert!(
        error
            .to_string()
            .starts_with(&format!("multiple plugins found: {}", world.id))
    );
    world.environment.deactivate(&world.id).await.unwrap();
    let moved = world.environment.activate(&twin.directory).await.unwrap();
    assert!(moved.activated);
}

#[tokio::test]
async fn what_was_never_activated_is_not_found() {
    let world = World::preset(Preset::Good);
    let id = PluginId::parse("com.example.other").unwrap();
    let error = world.environment.restart(&id).await.unwrap_err();
    assert_eq!(error.to_string(), "plugin not found: com.example.other");
    assert_eq!(world.environment.deactivate(&id).await, None);
    assert_eq!(world.environment.status(&id), None);
    assert_eq!(world.environment.wait_exit(&id).await, None);
    let error = world.environment.hooks(&id).unwrap_err();
    assert_eq!(error.to_string(), "plugin not found: com.example.other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_stops_all_at_once_and_activates_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut timing = patient();
    timing.exit_after_shutdown = Duration::from_millis(300);
    timing.term_grace = SHORT;
    let options = HostOptions {
        timing,
        ..HostOptions::default()
    };
    let environment = Environment::new(options, std::sync::Arc::new(Memory::default())).unwrap();
    let plugins: Vec<_> = (0..5)
        .map(|n| {
            let id = format!("com.example.fake{n}");
            let script = Preset::IgnoresTerm.script();
            place(&folder.path().join(&id), fake(), &id, &script).unwrap()
        })
        .collect();
    let activations = join_all(
        plugins
            .iter()
            .map(|plugin| environment.activate(&plugin.directory)),
    )
    .await;
    let began = std::time::Instant::now();
    let reports = environment.shutdown().await;
    assert_eq!(reports.len(), 5);
    assert!(reports.values().all(|report| report.step("kill").is_some()));
    let one_by_one = reports.values().map(|report| report.took).sum::<Duration>();
    assert!(
        began.elapsed() * 2 < one_by_one,
        "{:?} of {one_by_one:?}",
        began.elapsed()
    );
    assert!(
        activations
            .into_iter()
            .all(|activation| !is_alive(activation.unwrap().pid))
    );
    assert!(
        environment
            .statuses()
            .iter()
            .all(|status| status.state.word() == "not_running")
    );
    let error = environment
        .activate(&plugins[0].directory)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "environment.shut_down");
    assert_eq!(environment.shutdown().await, reports);
}

#[tokio::test]
async fn when_the_last_handle_is_dropped_the_plugins_go() {
    let mut world = World::preset(Preset::Good);
    let pid = world.activate().await.unwrap().pid;
    let other = Environment::new(
        HostOptions::default(),
        std::sync::Arc::new(Memory::default()),
    )
    .unwrap();
    world.environment = other;
    world
        .event(|what| matches!(what, What::Exited { .. }))
        .await;
    assert!(!is_alive(pid));
}

/// Commands at random, many at once, while the plugin crashes now and then.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_for_there_is_at_most_one_process(#[values(1, 2, 3)] seed: u64) {
    let crash = Answer::Exit(9);
    let script = Script::serving(Serve::good().hook("ExecuteCommand", crash));
    let mut world = World::script(&script);
    world.activate().await.unwrap();
    let mut random = seed;
    let mut commands = Vec::new();
    for _ in 0..40 {
        // The generator of Knuth's MMIX.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (environment, id, folder) = (
            world.environment.clone(),
            world.id.clone(),
            world.plugin.directory.clone(),
        );
        let choice = (random >> 33) % 8;
        commands.push(tokio::spawn(async move {
            match choice {
                0..3 => drop(environment.activate(folder).await),
                3..5 => drop(environment.deactivate(&id).await),
                5..7 => drop(environment.restart(&id).await),
                _ => {
                    if let Ok(hooks) = environment.hooks(&id) {
                        drop(
                            hooks
                                .call::<ExecuteCommand>(ExecuteCommandRequest::default())
                                .await,
                        );
                    }
                }
            }
        }));
        if choice == 0 {
            tokio::task::yield_now().await;
        }
    }
    for command in tokio::time::timeout(LONG, join_all(commands))
        .await
        .expect("every command is answered")
    {
        command.unwrap();
    }
    world.environment.shutdown().await;
    assert_eq!(world.state(), "not_running");
    let mut living = 0;
    for what in world.events() {
        match what {
            What::Spawned { .. } => living += 1,
            What::Exited { .. } => living -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&living));
    }
    assert_eq!(living, 0);
}

#[tokio::test]
async fn a_panic_of_the_application_fails_the_start_and_no_more() {
    struct Panics;
    impl plugin_host::api::Backend for Panics {
        fn register(&self, _: &PluginId, _: &mut plugin_proto::Methods) {
            panic!("no API today");
        }
    }
    let setting = crate::world::Setting {
        backend: Some(std::sync::Arc::new(Panics)),
        ..Default::default()
    };
    let world = World::new(&Preset::Good.script(), setting);
    for _ in 0..2 {
        let error = world.activate().await.unwrap_err();
        assert_eq!(error.kind(), "start.panicked");
        assert!(error.to_string().contains("no API today"), "{error}");
    }
    assert_eq!(world.state(), "failed_to_start");
}

#[tokio::test]
async fn the_guard_of_an_environment_begins_and_ends_with_it() {
    let mut options = HostOptions {
        guard: Some(GuardProgram {
            program: env!("CARGO_BIN_EXE_plugin-guard").into(),
            args: Vec::new(),
        }),
        ..HostOptions::default()
    };
    let mark = format!("{RUN_MARK_VARIABLE}={}", options.run_mark);
    let memory = std::sync::Arc::new(Memory::default());
    let environment = Environment::new(options.clone(), memory.clone()).unwrap();
    let world = World::preset(Preset::Good);
    let activation = environment.activate(&world.plugin.directory).await.unwrap();
    let variables = std::fs::read(format!("/proc/{}/environ", activation.pid)).unwrap();
    assert!(
        variables
            .split(|byte| *byte == 0)
            .any(|pair| pair == mark.as_bytes())
    );
    let guards = || children_named("plugin-guard", std::process::id());
    assert!(!guards().is_empty());
    let reports = environment.shutdown().await;
    assert!(reports.values().all(|report| report.graceful));
    assert!(guards().is_empty());

    options.guard = Some(GuardProgram {
        program: "/nowhere/at/all".into(),
        args: Vec::new(),
    });
    Environment::new(options, memory).unwrap_err();
}

/// Processes of that name whose parent is this one.
fn children_named(name: &str, parent: u32) -> Vec<u32> {
    let folders = std::fs::read_dir("/proc").unwrap();
    let pids = folders.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent_of = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(1));
        stat.contains(&format!("({name})"))
            && parent_of == Some(&parent.to_string())
            && is_alive(*pid)
    })
    .collect()
}
