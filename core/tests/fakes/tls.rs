//! AutoMTLS: with every kind of plugin that go-plugin's host was measured with, each refused by its own word or not at all.

use std::sync::Arc;

use fake_interpreters::journal::Event;
use fake_interpreters::script::{
    Alpn, Certificate, Client, HANDSHAKE, HANDSHAKE_SECURED_UNIX, Script, Serve, Served, Step, Tls,
};
use plugin_host::environment::ActivateError;
use plugin_host::supervisor::{StartError, StartStep};
use plugin_host::tls::AutoMtls;
use plugin_proto::hook::MessageHasBeenPosted;
use plugin_proto::pb::{MessageHasBeenPostedRequest, ServeHttpRequestInit};
use rstest::rstest;

use crate::exchange::{answered, head, last, piece, whole};
use crate::world::{LONG, SHORT, Setting, World, patient};

fn secured(script: &Script) -> World {
    let setting = Setting {
        auto_mtls: Some(AutoMtls::default()),
        ..Setting::default()
    };
    World::new(script, setting)
}

fn serving(tls: Tls) -> World {
    secured(&Script::serving_secured(Serve::good(), tls))
}

async fn refusal(world: &World) -> Arc<StartError> {
    match world.activate().await {
        Err(ActivateError::Start(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// What the fake saw of its connections: version, name, protocol, and whether the host showed a certificate.
fn connections(world: &World) -> Vec<(String, String, String, bool)> {
    let seen = world.journal().into_iter();
    seen.filter_map(|entry| match entry.event {
        Event::Secured {
            version,
            server_name,
            alpn,
            client_certificate,
        } => Some((version?, server_name?, alpn?, client_certificate)),
        _ => None,
    })
    .collect()
}

#[rstest]
#[case::as_go_plugin(Tls::default(), "TLSv1_3")]
#[case::tls_12(Tls { only_tls12: true, ..Tls::default() }, "TLSv1_2")]
#[case::one_way(Tls { client: Client::NotAsked, ..Tls::default() }, "TLSv1_3")]
#[case::p256(of(Certificate::P256), "TLSv1_3")]
#[case::p384(of(Certificate::P384), "TLSv1_3")]
#[case::rsa(of(Certificate::Rsa), "TLSv1_3")]
#[case::ed25519(of(Certificate::Ed25519), "TLSv1_3")]
#[case::any_usage(of(Certificate::AnyUsage), "TLSv1_3")]
#[case::server_only(of(Certificate::ServerOnly), "TLSv1_3")]
#[tokio::test]
async fn good_plugins_run(#[case] tls: Tls, #[case] version: &str) {
    let asked = tls.client == Client::Announced;
    let mut world = serving(tls);
    world.activate().await.unwrap();
    let expected = (
        version.to_owned(),
        "localhost".to_owned(),
        "h2".to_owned(),
        asked,
    );
    assert_eq!(connections(&world), [expected], "{:#?}", world.journal());
    let stopped = world.environment.deactivate(&world.id).await.unwrap();
    assert_eq!(
        stopped.step("shutdown").unwrap().outcome,
        "answered",
        "{stopped}"
    );
    world.expect_nothing_left().await;
}

fn of(certificate: Certificate) -> Tls {
    Tls {
        certificate,
        ..Tls::default()
    }
}

/// Every call goes through a secured connection: hooks, health, the lane of streams and the end, over tcp and over unix sockets.
#[rstest]
#[case::tcp(false)]
#[case::unix(true)]
#[tokio::test]
async fn all_that_is_said_is_encrypted(#[case] unix: bool) {
    let serve = Serve {
        tls: Some(Tls::default()),
        ..Serve::good().http([head(), piece(), last()])
    };
    let script = match unix {
        false => Script::serving_secured(serve, Tls::default()),
        true => Script::new()
            .listen_unix()
            .serve(serve)
            .write(HANDSHAKE_SECURED_UNIX),
    };
    let world = secured(&script);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = MessageHasBeenPostedRequest::default();
    let outcome = hooks.call::<MessageHasBeenPosted>(request).await;
    assert_eq!(outcome.word(), "answered", "{:#?}", world.journal());
    let nothing = futures_util::stream::empty();
    let asked = hooks.serve_http(ServeHttpRequestInit::default(), nothing);
    let mut answer = answered(asked.await);
    assert_eq!(whole(&mut answer).await.unwrap(), b"xy");
    let health = world.environment.check_health(&world.id).await.unwrap();
    assert_eq!(health.word(), "SERVING");
    world.environment.deactivate(&world.id).await.unwrap();
    // One connection for calls and one for streams, both with the host's certificate.
    let connections = connections(&world);
    assert_eq!(connections.len(), 2, "{:#?}", world.journal());
    assert!(connections.iter().all(|(.., certificate)| *certificate));
    let rpcs = world.rpcs();
    for name in ["MessageHasBeenPosted", "Check", "ServeHTTP", "Shutdown"] {
        assert!(rpcs.iter().any(|rpc| rpc == name), "{name} in {rpcs:?}");
    }
    assert!(
        world.journal().iter().all(|entry| match &entry.event {
            Event::Rpc { authority, .. } => authority == "localhost",
            _ => true,
        }),
        "{:#?}",
        world.journal()
    );
}

fn behind(served: Served) -> Tls {
    Tls {
        served,
        ..Tls::default()
    }
}

fn agreeing(alpn: Alpn) -> Tls {
    Tls {
        alpn,
        ..Tls::default()
    }
}

#[rstest]
#[case::other_certificate(behind(Served::Other), "tls.other_certificate", "unknown authority")]
#[case::without_key(behind(Served::WithoutKey), "tls.signature", "invalid signature")]
#[case::without_key_by_tls_12(
    Tls { served: Served::WithoutKey, only_tls12: true, ..Tls::default() },
    "tls.signature",
    "invalid signature"
)]
#[case::plain_text(
    behind(Served::PlainText),
    "tls.plain_text",
    "first record does not look like"
)]
#[case::old_version(behind(Served::OldVersion), "tls.version", "protocol version")]
#[case::closes(behind(Served::Nothing), "tls.closed", "EOF")]
#[case::expired(of(Certificate::Expired), "tls.expired", "expired or is not yet valid")]
#[case::not_yet_valid(of(Certificate::NotYetValid), "tls.not_yet_valid", "not yet valid")]
#[case::no_name(of(Certificate::NoName), "tls.no_name", "legacy Common Name")]
#[case::other_name(
    of(Certificate::OtherName),
    "tls.other_name",
    "valid for example.com, not localhost"
)]
#[case::address_only(of(Certificate::AddressOnly), "tls.other_name", "not localhost")]
#[case::client_only(of(Certificate::ClientOnly), "tls.usage", "incompatible key usage")]
#[case::no_alpn(agreeing(Alpn::Silent), "tls.alpn", "missing selected ALPN")]
#[case::other_alpn(agreeing(Alpn::Http1), "tls.alpn", "missing selected ALPN")]
#[case::refused(Tls { client: Client::Refused, ..Tls::default() }, "tls.refused", "unknown ca")]
#[case::refused_by_tls_12(
    Tls { client: Client::Refused, only_tls12: true, ..Tls::default() },
    "tls.refused",
    "unknown ca"
)]
#[tokio::test]
async fn bad_plugins_are_refused_by_name(#[case] tls: Tls, #[case] kind: &str, #[case] go: &str) {
    let mut world = serving(tls);
    let error = refusal(&world).await;
    assert_eq!(error.kind(), kind, "{error}\n{:#?}", world.journal());
    assert_eq!(error.step, StartStep::Connect, "{error}");
    let wording = error.go_wording().unwrap();
    assert!(wording.contains(go), "{wording}");
    assert_eq!(world.rpcs(), Vec::<String>::new());
    world.expect_nothing_left().await;
}

#[rstest]
#[case::absent(HANDSHAKE, "handshake.certificate_missing")]
#[case::empty("1|1|tcp|{address}|grpc|\n", "handshake.certificate_missing")]
#[case::padded(
    "1|1|tcp|{address}|grpc|{certificate}=\n",
    "handshake.certificate_encoding"
)]
#[case::garbage(
    "1|1|tcp|{address}|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n",
    "handshake.certificate_malformed"
)]
#[case::cut_off(
    "1|1|tcp|{address}|grpc|AAAA{certificate}\n",
    "handshake.certificate_malformed"
)]
#[tokio::test]
async fn a_line_without_a_certificate_is_refused(#[case] line: &str, #[case] kind: &str) {
    let serve = Serve {
        tls: Some(Tls::default()),
        ..Serve::good()
    };
    let mut world = secured(&Script::new().listen().serve(serve).write(line));
    let error = refusal(&world).await;
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.step, StartStep::Handshake, "{error}");
    assert_eq!(connections(&world), []);
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_asked_for_is_refused() {
    let mut world = World::script(&Script::serving_secured(Serve::good(), Tls::default()));
    let error = refusal(&world).await;
    assert_eq!(error.kind(), "handshake.auto_mtls", "{error}");
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_plugin_that_says_nothing_is_given_up() {
    let mut timing = patient();
    timing.connect = SHORT;
    let setting = Setting {
        auto_mtls: Some(AutoMtls::default()),
        timing: Some(timing),
        ..Setting::default()
    };
    let script = Script::serving_secured(Serve::good(), behind(Served::Mute));
    let mut world = World::new(&script, setting);
    let error = refusal(&world).await;
    assert_eq!(error.kind(), "connect.mute", "{error}");
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_lost_connection_is_made_anew_and_proves_itself_again() {
    let script = Script::serving_secured(Serve::good(), Tls::default())
        .wait_for("answered:MessageHasBeenPosted")
        .step(Step::CutConnections {});
    let world = secured(&script);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let call = || hooks.call::<MessageHasBeenPosted>(MessageHasBeenPostedRequest::default());
    assert_eq!(call().await.word(), "answered");
    // The cut may meet a call that is under way.
    let until = std::time::Instant::now() + LONG;
    while connections(&world).len() < 2 {
        assert!(std::time::Instant::now() < until, "{:#?}", world.journal());
        drop(call().await);
    }
    assert_eq!(call().await.word(), "answered", "{:#?}", world.journal());
    assert!(
        connections(&world)
            .iter()
            .all(|(.., certificate)| *certificate)
    );
}

#[tokio::test]
async fn each_start_has_a_certificate_of_its_own() {
    let world = serving(Tls::default());
    world.activate().await.unwrap();
    world.environment.restart(&world.id).await.unwrap();
    let seen = world.journal();
    let certificates: Vec<&String> = seen
        .iter()
        .filter_map(|entry| entry.environment()?.get("PLUGIN_CLIENT_CERT"))
        .collect();
    assert_eq!(certificates.len(), 2);
    assert_ne!(certificates[0], certificates[1]);
}
