//! Each preset begins as its sentence says.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use fake_interpreters::Preset;
use fake_interpreters::journal::Event;
use plugin_proto::call::{call, call_raw};
use plugin_proto::health::CHECK;
use plugin_proto::pb::{ImplementedRequest, OnActivateRequest};
use plugin_proto::{Rpc, hook};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::run::{Fake, Running};

/// Long enough for a line that comes, short enough for one that does not.
const A_WHILE: Duration = Duration::from_millis(250);

fn start(preset: Preset) -> (Fake, Running) {
    let fake = Fake::new(&preset.script());
    let running = fake.start();
    (fake, running)
}

async fn connected(preset: Preset) -> (Fake, Running, Channel) {
    let (fake, running) = start(preset);
    let channel = running.connect().await;
    (fake, running, channel)
}

async fn activate(channel: &Channel) -> Result<plugin_proto::pb::OnActivateResponse, Status> {
    call::<hook::OnActivate>(channel, Request::new(OnActivateRequest::default())).await
}

async fn raw(channel: &Channel, path: &str) -> Result<bytes::Bytes, Status> {
    call_raw(channel, path, Request::new(bytes::Bytes::new())).await
}

#[test]
fn presets_have_names_and_sentences_and_scripts_that_can_be_played() {
    for preset in Preset::ALL {
        preset.script().check().unwrap();
        assert!(preset.describe().ends_with('.'), "{preset:?}");
        assert_eq!(
            Preset::ALL
                .iter()
                .filter(|other| other.name() == preset.name())
                .count(),
            1
        );
    }
}

#[test]
fn presets_that_say_nothing() {
    for preset in [
        Preset::Silent,
        Preset::SilentForever,
        Preset::PartialLine,
        Preset::NoNewline,
    ] {
        let (_fake, mut running) = start(preset);
        running.until(|event| matches!(event, Event::Started { .. }));
        assert_eq!(running.stdout_within(A_WHILE), None, "{preset:?}");
        assert!(running.is_running(), "{preset:?}");
    }
}

#[test]
fn presets_with_another_first_line() {
    for (preset, begins, ends) in [
        (Preset::Netrpc, "1|1|tcp|127.0.0.1:", "|netrpc\n"),
        (Preset::Malformed, "1|1", "\n"),
        (Preset::LogBeforeHandshake, "INFO ", "\n"),
        (Preset::OverlongLine, "xxxx", "x\n"),
    ] {
        let (_fake, running) = start(preset);
        let line = running.stdout_line();
        assert!(
            line.starts_with(begins) && line.ends_with(ends),
            "{preset:?}: {}",
            line.len()
        );
        assert_eq!(line.len() == 70_001, preset == Preset::OverlongLine);
    }
}

#[test]
fn presets_that_end_early() {
    for (preset, code, signal) in [
        (Preset::EarlyExit, Some(3), None),
        (Preset::EarlySignal, None, Some(9)),
        (Preset::ExitZero, Some(0), None),
    ] {
        let (_fake, mut running) = start(preset);
        let status = running.wait();
        assert_eq!(
            (status.code(), status.signal()),
            (code, signal),
            "{preset:?}"
        );
        assert_eq!(running.stdout_line(), "", "{preset:?}");
    }
}

#[tokio::test]
async fn presets_that_are_good_at_first() {
    for preset in [
        Preset::Good,
        Preset::Testee,
        Preset::Late,
        Preset::ClosedStdout,
        Preset::StdoutFlood,
    ] {
        let (_fake, mut running, channel) = connected(preset).await;
        let names =
            call::<hook::Implemented>(&channel, Request::new(ImplementedRequest::default()))
                .await
                .unwrap()
                .hooks;
        let expected = match preset {
            // And the one that streams.
            Preset::Testee => fake_interpreters::testee::hooks().count() + 1,
            _ => fake_interpreters::script::Serve::GOOD.len(),
        };
        assert_eq!(names.len(), expected, "{preset:?}");
        assert!(
            activate(&channel).await.unwrap().error.is_none(),
            "{preset:?}"
        );
        assert!(running.is_running(), "{preset:?}");
    }
}

#[tokio::test]
async fn presets_with_trouble_in_a_service() {
    let (_fake, _running, channel) = connected(Preset::NotServing).await;
    assert_eq!(
        raw(&channel, CHECK).await.unwrap_err().code(),
        Code::NotFound
    );
    let (_fake, _running, channel) = connected(Preset::NoHealth).await;
    assert_eq!(
        raw(&channel, CHECK).await.unwrap_err().code(),
        Code::Unimplemented
    );
    let (_fake, _running, channel) = connected(Preset::ImplementedFails).await;
    assert_eq!(
        raw(&channel, hook::Implemented::METHOD.path)
            .await
            .unwrap_err()
            .code(),
        Code::Internal
    );
    let (_fake, _running, channel) = connected(Preset::ActivateFails).await;
    assert!(
        activate(&channel)
            .await
            .unwrap()
            .error
            .is_some_and(|error| error.message.contains("licence"))
    );
    let (_fake, _running, channel) = connected(Preset::ActivateHangs).await;
    assert!(
        tokio::time::timeout(A_WHILE, activate(&channel))
            .await
            .is_err()
    );
    let (_fake, _running, channel) = connected(Preset::UnimplementedToAll).await;
    assert_eq!(
        raw(&channel, CHECK).await.unwrap_err().code(),
        Code::Unimplemented
    );
    let (_fake, _running, channel) = connected(Preset::EmptyOkToAll).await;
    assert!(
        raw(&channel, "/any.Service/AnyMethod")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn presets_that_crash() {
    let (_fake, mut running, channel) = connected(Preset::CrashInHook).await;
    activate(&channel).await.unwrap();
    assert!(
        raw(&channel, hook::MessageWillBePosted::METHOD.path)
            .await
            .is_err()
    );
    assert_eq!(running.code(), Some(3));
    let (_fake, mut running, channel) = connected(Preset::CrashBetweenHooks).await;
    activate(&channel).await.unwrap();
    assert_eq!(running.code(), Some(3));
}

#[tokio::test]
async fn presets_whose_listener_is_of_no_use() {
    for preset in [Preset::MuteListener, Preset::HandshakeThenNothing] {
        let (_fake, running) = start(preset);
        let channel = running.connect().await;
        assert!(
            tokio::time::timeout(A_WHILE, activate(&channel))
                .await
                .is_err(),
            "{preset:?}"
        );
    }
    let (_fake, running) = start(Preset::ListenerGone);
    assert!(
        plugin_proto::dial::dial(&running.address(), A_WHILE)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn presets_that_do_not_end_when_they_should() {
    let (_fake, mut running, channel) = connected(Preset::IgnoresTerm).await;
    raw(&channel, plugin_proto::goplugin::SHUTDOWN)
        .await
        .unwrap();
    running.terminate();
    running.until(|event| matches!(event, Event::Signal { .. }));
    assert!(running.is_running());

    let (_fake, mut running, channel) = connected(Preset::GrandchildHoldsPipes).await;
    let left = running
        .until(|event| matches!(event, Event::Grandchild { .. }))
        .pid;
    raw(&channel, plugin_proto::goplugin::SHUTDOWN)
        .await
        .unwrap();
    assert_eq!(running.code(), Some(0));
    assert_eq!(running.stdout_within(A_WHILE), None, "the pipe is held");
    let left = rustix::process::Pid::from_raw(i32::try_from(left).unwrap()).unwrap();
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    assert_eq!(running.stdout_line(), "");
}
