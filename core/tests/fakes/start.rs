//! Starts that fail: each with its own word, and nothing left of the plugin.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use fake_interpreters::script::{Answer, Implemented, Serve};
use fake_interpreters::{Preset, Script};
use plugin_host::environment::ActivateError;
use plugin_host::event::What;
use plugin_host::policy::Policy;
use plugin_host::process::Exit;
use plugin_host::supervisor::{StartError, StartStep};
use plugin_host::timing::Timing;
use rstest::rstest;

use crate::world::{SHORT, Setting, World};

/// Activates, expects the failure, and looks for anything that is left.
async fn failure(world: &mut World, kind: &str, step: StartStep) -> ActivateError {
    let error = world.activate().await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}\n{:#?}", world.journal());
    assert_eq!(start_error(&error).step, step, "{error}");
    assert_eq!(world.state(), "failed_to_start");
    let status = world.environment.status(&world.id).unwrap();
    assert!(error.to_string().contains(&status.error.unwrap()));
    assert_eq!(status.pid, None);
    world.expect_nothing_left().await;
    error
}

fn start_error(error: &ActivateError) -> &StartError {
    error.start_error().expect("the plugin was started")
}

fn short_start(timing: &mut Timing) {
    timing.start = SHORT;
}

fn short_connect(timing: &mut Timing) {
    timing.connect = SHORT;
}

fn patient(_: &mut Timing) {}

#[rstest]
#[case::silent(Preset::Silent, short_start, "handshake.timeout", StartStep::Handshake)]
#[case::netrpc(Preset::Netrpc, patient, "handshake.netrpc", StartStep::Handshake)]
#[case::malformed(
    Preset::Malformed,
    patient,
    "handshake.malformed",
    StartStep::Handshake
)]
#[case::no_newline(
    Preset::NoNewline,
    short_start,
    "handshake.timeout",
    StartStep::Handshake
)]
#[case::log_first(
    Preset::LogBeforeHandshake,
    patient,
    "handshake.malformed",
    StartStep::Handshake
)]
#[case::overlong(
    Preset::OverlongLine,
    patient,
    "handshake.overlong",
    StartStep::Handshake
)]
#[case::mute(
    Preset::MuteListener,
    short_connect,
    "connect.mute",
    StartStep::Connect
)]
#[case::gone(Preset::ListenerGone, patient, "connect.refused", StartStep::Connect)]
#[case::implemented(
    Preset::ImplementedFails,
    patient,
    "hook.implemented",
    StartStep::Implemented
)]
#[case::refused(
    Preset::ActivateFails,
    patient,
    "activate.refused",
    StartStep::Activate
)]
#[tokio::test]
async fn presets(
    #[case] preset: Preset,
    #[case] adjust: fn(&mut Timing),
    #[case] kind: &str,
    #[case] step: StartStep,
) {
    let mut world = World::timed(&preset.script(), adjust);
    let error = failure(&mut world, kind, step).await;
    assert!(error.diagnosis().is_some());
    assert_eq!(world.starts(), 1);
}

#[rstest]
#[case::hang(Answer::Hang, "hook.implemented", StartStep::Implemented)]
#[case::in_band(Answer::error("a.b", "no"), "hook.implemented", StartStep::Implemented)]
#[case::garbage(Answer::Raw(vec![0xff]), "hook.implemented", StartStep::Implemented)]
#[tokio::test]
async fn implemented(#[case] answer: Answer, #[case] kind: &str, #[case] step: StartStep) {
    let serve = Serve {
        implemented: Some(Implemented::Answer(answer)),
        ..Serve::good()
    };
    let mut world = World::timed(&Script::serving(serve), |timing| timing.implemented = SHORT);
    failure(&mut world, kind, step).await;
}

#[rstest]
#[case::hang(Answer::Hang, "activate.deadline")]
#[case::status(Answer::status("INTERNAL", "x"), "activate.status")]
#[case::unimplemented(Answer::status("UNIMPLEMENTED", "x"), "activate.unimplemented")]
#[case::garbage(Answer::Raw(vec![0x0a, 0xff]), "activate.violation")]
#[case::closed(Answer::Close, "activate.unavailable")]
#[tokio::test]
async fn activation(#[case] answer: Answer, #[case] kind: &str) {
    let hangs = answer == Answer::Hang;
    let script = Script::serving(Serve::good().hook("OnActivate", answer));
    let mut world = World::timed(&script, |timing| {
        if hangs {
            timing.hooks.insert("OnActivate".to_owned(), SHORT);
        }
    });
    let error = failure(&mut world, kind, StartStep::Activate).await;
    let stop = start_error(&error).stop.as_ref().unwrap();
    assert_eq!(stop.step("shutdown").unwrap().outcome, "answered", "{stop}");
    assert_eq!(stop.step("on_deactivate"), None);
    assert!(stop.graceful, "{stop}");
}

#[rstest]
#[case::code(Answer::Exit(7), Exit::Code(7))]
#[case::signal(
    Answer::Raise(fake_interpreters::script::SignalName::Kill),
    Exit::Signal(9)
)]
#[tokio::test]
async fn a_plugin_that_ends_in_activation_is_named_by_its_exit(
    #[case] answer: Answer,
    #[case] exit: Exit,
) {
    let script = Script::serving(Serve::good().hook("OnActivate", answer));
    let mut world = World::script(&script);
    let error = failure(&mut world, "activate.unavailable", StartStep::Activate).await;
    assert_eq!(error.diagnosis().unwrap().exit, Some(exit));
    let stop = start_error(&error).stop.as_ref().unwrap();
    assert!(stop.already_exited, "{stop}");
    assert_eq!(stop.step("shutdown"), None);
}

#[tokio::test]
async fn the_text_of_an_activation_error_reaches_the_caller() {
    let mut world = World::preset(Preset::ActivateFails);
    let error = failure(&mut world, "activate.refused", StartStep::Activate).await;
    assert!(
        error.to_string().contains("the licence has expired"),
        "{error}"
    );
    let app_error = start_error(&error).app_error().unwrap();
    assert_eq!(app_error.id, "plugin.on_activate.error");

    let setting = Setting {
        policy: Policy {
            swallow_activation_error_text: true,
            ..Policy::default()
        },
        ..Setting::default()
    };
    let mut world = World::new(&Preset::ActivateFails.script(), setting);
    let error = failure(&mut world, "activate.refused", StartStep::Activate).await;
    assert!(!error.to_string().contains("licence"), "{error}");
}

#[rstest]
#[case::code(Preset::EarlyExit, Exit::Code(3))]
#[case::signal(Preset::EarlySignal, Exit::Signal(9))]
#[tokio::test]
async fn an_early_end_is_named_by_its_exit(#[case] preset: Preset, #[case] exit: Exit) {
    let mut world = World::preset(preset);
    let step = StartStep::Handshake;
    let error = failure(&mut world, "handshake.stdout_closed", step).await;
    let diagnosis = error.diagnosis().unwrap();
    assert_eq!(diagnosis.exit, Some(exit));
    if preset == Preset::EarlyExit {
        assert_eq!(diagnosis.stderr_tail, ["fake: no such module"]);
    }
}

#[tokio::test]
async fn an_interpreter_that_is_no_program_is_a_spawn_error() {
    let mut world = World::preset(Preset::Good);
    fs::remove_file(&world.plugin.interpreter).unwrap();
    fs::write(&world.plugin.interpreter, "no program").unwrap();
    let permissions = fs::Permissions::from_mode(0o644);
    fs::set_permissions(&world.plugin.interpreter, permissions).unwrap();
    let error = world.activate().await.unwrap_err();
    assert!(
        ["spawn", "interpreter.not_executable"].contains(&error.kind()),
        "{error}"
    );
    assert_eq!(error.diagnosis(), None);
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_folder_without_a_manifest_is_not_started() {
    let world = World::preset(Preset::Good);
    fs::remove_file(world.plugin.directory.join("plugin.json")).unwrap();
    let error = world.activate().await.unwrap_err();
    assert_eq!(error.kind(), "manifest.missing");
    assert_eq!(world.state(), "unknown");
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn without_implemented_every_hook_is_implemented() {
    let answer = Answer::status("UNIMPLEMENTED", "unknown method");
    let serve = Serve {
        implemented: Some(Implemented::Answer(answer)),
        other_hooks: fake_interpreters::script::OtherHooks::Empty,
        ..Serve::good()
    };
    let mut world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let announced = |what: &What| matches!(what, What::Implemented { names, unimplemented: true, .. } if names.len() == 41);
    world.event(announced).await;
}

#[tokio::test]
async fn unknown_and_repeated_names_are_reported_and_do_no_harm() {
    let names = ["OnActivate", "OnTea", "OnActivate"];
    let serve = Serve {
        implemented: Some(Implemented::Names(names.map(str::to_owned).to_vec())),
        ..Serve::good()
    };
    let mut world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let announced = world
        .event(|what| matches!(what, What::Implemented { .. }))
        .await;
    let expected = What::Implemented {
        names: vec!["OnActivate".to_owned()],
        unknown: vec!["OnTea".to_owned()],
        repeated: vec!["OnActivate".to_owned()],
        unimplemented: false,
    };
    assert_eq!(announced, expected);
    assert!(!world.rpcs().contains(&"OnConfigurationChange".to_owned()));
}

#[tokio::test]
async fn an_error_of_the_configuration_does_not_stop_the_start() {
    let error = Answer::error("a.b", "I do not like it");
    let script = Script::serving(Serve::good().hook("OnConfigurationChange", error));
    let world = World::script(&script);
    world.activate().await.unwrap();
    let rpcs = world.rpcs();
    let position = |name: &str| rpcs.iter().position(|rpc| rpc == name);
    assert!(
        position("OnConfigurationChange") < position("OnActivate"),
        "{rpcs:?}"
    );

    let setting = Setting {
        policy: Policy {
            start_without_configuration: true,
            ..Policy::default()
        },
        ..Setting::default()
    };
    let world = World::new(&script, setting);
    world.activate().await.unwrap();
    assert!(!world.rpcs().contains(&"OnConfigurationChange".to_owned()));
}
