//! Health and go-plugin's side services.

use fake_interpreters::script::{Health as FakeHealth, Piece, Serve, Stdio, Stream as FakeStream};
use fake_interpreters::{Preset, Script};
use plugin_host::event::{Level, Stream, What};
use plugin_host::policy::Policy;
use plugin_proto::goplugin::STREAM_STDIO;
use rstest::rstest;

use crate::world::{SHORT, Setting, World};

async fn first_health(world: &mut World) -> (bool, String) {
    world.activate().await.unwrap();
    match world
        .event(|what| matches!(what, What::Health { .. }))
        .await
    {
        What::Health {
            healthy, status, ..
        } => (healthy, status),
        what => panic!("{what:?}"),
    }
}

#[rstest]
#[case::good(Preset::Good, false, true, "SERVING")]
#[case::not_serving(Preset::NotServing, false, false, "NOT_SERVING")]
#[case::not_serving_ignored(Preset::NotServing, true, true, "NOT_SERVING")]
#[case::none(Preset::NoHealth, false, false, "no_service")]
#[tokio::test]
async fn the_first_check_is_an_event_and_never_decides_the_start(
    #[case] preset: Preset,
    #[case] ignore_health_status: bool,
    #[case] healthy: bool,
    #[case] status: &str,
) {
    let policy = Policy {
        ignore_health_status,
        ..Policy::default()
    };
    let setting = Setting {
        policy,
        ..Setting::default()
    };
    let mut world = World::new(&preset.script(), setting);
    let health = first_health(&mut world).await;
    assert_eq!(health, (healthy, status.to_owned()));
    assert_eq!(world.state(), "running");
}

#[tokio::test]
async fn a_check_that_hangs_ends_at_its_deadline() {
    let serve = Serve {
        health: FakeHealth::Hang,
        ..Serve::good()
    };
    let mut world = World::timed(&Script::serving(serve), |timing| timing.health = SHORT);
    let health = first_health(&mut world).await;
    assert_eq!(health, (false, "deadline".to_owned()));
}

#[tokio::test]
async fn a_plugin_without_stdio_is_none_the_worse() {
    let mut world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let none = What::SideService {
        method: STREAM_STDIO.to_owned(),
        served: false,
    };
    world.event(|what| *what == none).await;
}

#[tokio::test]
async fn what_comes_by_stdio_is_logged_like_the_pipes_output() {
    let piece = |channel, text: &str| Piece {
        channel,
        text: text.to_owned(),
    };
    let pieces = vec![
        piece(FakeStream::Stderr, "[WARN] half of "),
        piece(FakeStream::Stdout, "plain\n"),
        piece(FakeStream::Stderr, "a line\n"),
    ];
    let serve = Serve {
        stdio: Stdio::MustBeRead(pieces),
        ..Serve::good()
    };
    let mut world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let line = |what: &What| matches!(what, What::Log { stream: Stream::Stderr, level: Level::Warn, message, .. } if message.ends_with("half of a line"));
    world.event(line).await;
    let plain = |what: &What| matches!(what, What::Log { stream: Stream::Stdout, message, .. } if message == "plain");
    world.event(plain).await;
}
