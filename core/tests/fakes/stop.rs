//! Stops: each step by its name, every one of them bounded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fake_interpreters::journal::Event;
use fake_interpreters::script::{Answer, Controller, Grandchild, Serve};
use fake_interpreters::{Preset, Script};
use plugin_host::api::Backend;
use plugin_host::event::What;
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::process::Exit;
use plugin_host::supervisor::StopReport;
use plugin_proto::dial::{Target, dial};
use plugin_proto::pb::{KvGetRequest, KvGetResponse};
use plugin_proto::{Methods, Rpc as _, api, call};
use rstest::rstest;
use tokio::sync::mpsc;

use crate::world::{LONG, SHORT, Setting, World, is_alive, patient};

fn steps(report: &StopReport) -> Vec<(&str, &str)> {
    let steps = report.steps.iter();
    steps.map(|step| (step.name, step.outcome)).collect()
}

async fn stop(world: &World) -> StopReport {
    let pid = world.activate().await.unwrap().pid;
    let report = world.environment.deactivate(&world.id).await.unwrap();
    assert!(!is_alive(pid), "{report}");
    report
}

const AFTER_EXIT: [(&str, &str); 3] = [
    ("sweep", "clean"),
    ("drain", "drained"),
    ("api_close", "drained"),
];

#[rstest]
#[case::asked(Controller::Exit, &[("shutdown", "answered"), ("await_exit", "exited")])]
#[case::without_controller(Controller::Unimplemented, &[("shutdown", "unimplemented"), ("terminate", "exited")])]
#[case::hangs(Controller::Hang, &[("shutdown", "deadline"), ("terminate", "exited")])]
#[case::stays(Controller::Ignore, &[("shutdown", "answered"), ("await_exit", "timed_out"), ("terminate", "exited")])]
#[tokio::test]
async fn controllers(#[case] controller: Controller, #[case] expected: &[(&str, &str)]) {
    let script = Script::serving(Serve {
        controller,
        ..Serve::good()
    });
    let world = World::timed(&script, |timing| {
        timing.shutdown_rpc = if expected[0].1 == "deadline" {
            SHORT
        } else {
            LONG
        };
        let stays = expected[1].1 == "timed_out";
        timing.exit_after_shutdown = if stays { SHORT } else { LONG };
    });
    let report = stop(&world).await;
    let mut taken = steps(&report);
    // An exit that comes with the answer leaves nothing to wait for.
    if expected == [("shutdown", "answered"), ("await_exit", "exited")] {
        taken.retain(|step| *step != expected[1]);
        assert_eq!(taken[1], expected[0], "{report}");
    } else {
        assert_eq!(taken[1..=expected.len()], *expected, "{report}");
    }
    assert_eq!(taken[0], ("on_deactivate", "answered"));
    assert_eq!(taken[taken.len() - 3..], AFTER_EXIT, "{report}");
    assert!(report.graceful, "{report}");
}

#[tokio::test]
async fn a_plugin_that_ignores_everything_is_killed() {
    let world = World::timed(&Preset::IgnoresTerm.script(), |timing| {
        timing.exit_after_shutdown = SHORT;
        timing.term_grace = SHORT;
    });
    let report = stop(&world).await;
    let expected = [
        ("on_deactivate", "answered"),
        ("shutdown", "answered"),
        ("await_exit", "timed_out"),
        ("terminate", "timed_out"),
        ("kill", "exited"),
    ];
    assert_eq!(steps(&report)[..5], expected, "{report}");
    assert_eq!(report.exit, Some(Exit::Signal(9)));
    assert!(!report.graceful);
    let term = |event: &Event| matches!(event, Event::Signal { signal } if signal == "TERM");
    assert!(world.journal().iter().any(|entry| term(&entry.event)));
}

#[rstest]
#[case::in_its_group(false)]
#[case::in_its_own_session(true)]
#[tokio::test]
async fn a_grandchild_that_holds_the_pipes_does_not_stay(#[case] setsid: bool) {
    let script = Script::new()
        .check_cookie()
        .grandchild(Grandchild {
            holds_pipes: true,
            ignore_term: true,
            setsid,
            double_fork: setsid,
            ..Grandchild::default()
        })
        .listen()
        .serve(Serve::good())
        .handshake();
    let world = World::script(&script);
    let report = stop(&world).await;
    // In the group it dies with it, and the sweep may still see it or not.
    let sweep = report.step("sweep").unwrap().outcome;
    assert!(
        sweep == "killed_survivors" || (!setsid && sweep == "clean"),
        "{report}"
    );
    assert_eq!(report.step("drain").unwrap().outcome, "drained", "{report}");
    let grandchild = |event: &Event| matches!(event, Event::Grandchild { .. });
    let entries = world.journal();
    let grandchild = entries.iter().find(|entry| grandchild(&entry.event));
    assert!(!is_alive(grandchild.unwrap().pid), "{report}");
}

#[tokio::test]
async fn a_hanging_deactivation_is_bounded() {
    let script = Script::serving(Serve::good().hook("OnDeactivate", Answer::Hang));
    let world = World::timed(&script, |timing| {
        timing.hooks.insert("OnDeactivate".to_owned(), SHORT);
    });
    let report = stop(&world).await;
    let expected = [("on_deactivate", "deadline"), ("shutdown", "answered")];
    assert_eq!(steps(&report)[..2], expected, "{report}");
}

#[tokio::test]
async fn a_refused_deactivation_stops_the_plugin_all_the_same() {
    let error = Answer::error("a.b", "I want to stay");
    let world = World::script(&Script::serving(Serve::good().hook("OnDeactivate", error)));
    let report = stop(&world).await;
    let expected = [("on_deactivate", "refused"), ("shutdown", "answered")];
    assert_eq!(steps(&report)[..2], expected, "{report}");
}

#[tokio::test]
async fn a_plugin_that_ends_in_its_deactivation_is_asked_nothing_more() {
    let script = Script::serving(Serve::good().hook("OnDeactivate", Answer::Exit(4)));
    let report = stop(&World::script(&script)).await;
    assert_eq!(report.exit, Some(Exit::Code(4)), "{report}");
    assert!(!report.already_exited);
}

/// A backend whose KVGet never answers: it waits, or it blocks its thread.
struct Stuck {
    blocks: bool,
    began: mpsc::UnboundedSender<()>,
}

impl Backend for Stuck {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        Memory::default().register(plugin, methods);
        let (blocks, began) = (self.blocks, self.began.clone());
        methods.unary(api::KVGet::METHOD.path, move |_| {
            began.send(()).unwrap();
            async move {
                if blocks {
                    std::thread::sleep(Duration::from_millis(2_500));
                } else {
                    std::future::pending::<()>().await;
                }
                Ok(Bytes::new())
            }
        });
    }
}

#[rstest]
#[case::waits(false)]
#[case::blocks_its_thread(true)]
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stuck_api_handler_does_not_keep_the_port(#[case] blocks: bool) {
    let (began, mut stuck) = mpsc::unbounded_channel();
    let mut timing = patient();
    timing.api_close = SHORT;
    let setting = Setting {
        timing: Some(timing),
        backend: Some(Arc::new(Stuck { blocks, began })),
        ..Setting::default()
    };
    let mut world = World::new(&Preset::Good.script(), setting);
    world.activate().await.unwrap();
    let listening = world
        .event(|what| matches!(what, What::ApiListening { .. }))
        .await;
    let What::ApiListening { address } = listening else {
        unreachable!()
    };
    // Somebody else than the plugin: the plugin's own calls end with its process.
    let channel = dial(&Target::Tcp(address.clone()), LONG).await.unwrap();
    let request = tonic::Request::new(KvGetRequest::default());
    let caller = tokio::spawn(async move {
        call::call_message::<_, KvGetResponse>(&channel, api::KVGet::METHOD.path, request).await
    });
    stuck.recv().await.unwrap();

    let began = Instant::now();
    let report = world.environment.deactivate(&world.id).await.unwrap();
    assert_eq!(
        report.step("api_close").unwrap().outcome,
        "cut_off",
        "{report}"
    );
    assert!(began.elapsed() < Duration::from_millis(2_200), "{report}");
    world.expect_nothing_left().await;
    if !blocks {
        caller.await.unwrap().unwrap_err();
    }
}
