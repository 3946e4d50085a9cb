//! A good plugin from activation to shutdown.

use fake_interpreters::script::Serve;
use fake_interpreters::{Preset, Script};
use plugin_host::event::What;
use plugin_host::health::Health;
use plugin_host::hooks::Outcome;
use plugin_proto::health::ServingStatus;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::MessageWillBePostedRequest;

use crate::world::{World, serves};

#[tokio::test]
async fn a_good_plugin_starts_answers_and_stops() {
    let mut world = World::preset(Preset::Good);
    let activation = world.activate().await.unwrap();
    assert!(activation.activated);
    assert_eq!(world.state(), "running");
    let hooks = world.environment.hooks(&world.id).unwrap();
    assert!(hooks.implements("MessageWillBePosted"));
    let outcome = hooks
        .call::<MessageWillBePosted>(MessageWillBePostedRequest::default())
        .await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    let health = world.environment.check_health(&world.id).await.unwrap();
    assert_eq!(health, Health::Status(ServingStatus::Serving));
    let What::ApiListening { address } = world
        .event(|what| matches!(what, What::ApiListening { .. }))
        .await
    else {
        unreachable!()
    };
    assert!(serves(&address, &world.id).await);

    let report = world.environment.deactivate(&world.id).await.unwrap();
    assert!(report.graceful, "{report}");
    assert_eq!(report.step("on_deactivate").unwrap().outcome, "answered");
    assert_eq!(report.step("shutdown").unwrap().outcome, "answered");
    assert_eq!(report.step("kill"), None);
    assert_eq!(report.steps.last().unwrap().name, "api_close");
    assert!(report.exit.unwrap().is_success(), "{report}");
    assert_eq!(world.state(), "not_running");
    world.expect_nothing_left().await;
    assert!(world.environment.hooks(&world.id).is_err());
    let rpcs = world.rpcs();
    let order = |name: &str| rpcs.iter().position(|rpc| rpc == name).unwrap();
    assert!(
        order("StreamStdio") < order("OnConfigurationChange"),
        "{rpcs:?}"
    );
    assert!(order("Implemented") < order("OnConfigurationChange"));
    assert!(order("OnConfigurationChange") < order("OnActivate"));
    assert_eq!(rpcs.iter().filter(|rpc| *rpc == "Implemented").count(), 1);
}

#[tokio::test]
async fn a_plugin_on_a_unix_socket_runs_and_leaves_no_file() {
    let script = Script::new()
        .check_cookie()
        .listen_unix()
        .serve(Serve::good())
        .write("1|1|unix|{socket}|grpc\n");
    let mut world = World::script(&script);
    world.activate().await.unwrap();
    let handshake = world
        .event(|what| matches!(what, What::Handshake { .. }))
        .await;
    let What::Handshake {
        network, address, ..
    } = handshake
    else {
        unreachable!()
    };
    assert_eq!(network, "unix");
    assert!(std::path::Path::new(&address).exists());
    let hooks = world.environment.hooks(&world.id).unwrap();
    let outcome = hooks
        .call::<MessageWillBePosted>(MessageWillBePostedRequest::default())
        .await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    world.environment.deactivate(&world.id).await.unwrap();
    assert!(!std::path::Path::new(&address).exists());
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn output_after_the_handshake_does_not_stop_a_plugin() {
    for preset in [Preset::StdoutFlood, Preset::ClosedStdout] {
        let world = World::preset(preset);
        world.activate().await.unwrap();
        let hooks = world.environment.hooks(&world.id).unwrap();
        let outcome = hooks
            .call::<MessageWillBePosted>(MessageWillBePostedRequest::default())
            .await;
        assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
        let report = world.environment.deactivate(&world.id).await.unwrap();
        assert!(report.graceful, "{}: {report}", preset.name());
    }
}
