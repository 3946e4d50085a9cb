//! Generic server and client against each other, and against tonic's typed codecs, which know nothing of them.

use std::time::Duration;

use bytes::Bytes;
use plugin_proto::dial::{Target, dial};
use plugin_proto::health::{CHECK, HealthCheckRequest, HealthCheckResponse, ServingStatus};
use plugin_proto::pb::{AppError, KvGetRequest, KvGetResponse, KvSetRequest, KvSetResponse};
use plugin_proto::serve::{Listener, Serving, start};
use plugin_proto::{API, HOOKS, InBandError, Methods, Shape, api, call};
use tokio::net::{TcpListener, UnixListener};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

const SOON: Duration = Duration::from_secs(10);

async fn serve(methods: Methods) -> (Serving, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let target = Target::Tcp(listener.local_addr().expect("a bound address").to_string());
    let serving = start(Listener::Tcp(listener), methods.into_service());
    (
        serving,
        dial(&target, SOON).await.expect("the server listens"),
    )
}

#[tokio::test]
async fn every_unary_method_reaches_its_own_path() {
    let mut methods = Methods::new();
    methods.fallback(|call| async move { Ok(Bytes::copy_from_slice(call.path.as_bytes())) });
    let (serving, channel) = serve(methods).await;
    for method in HOOKS
        .iter()
        .chain(API)
        .filter(|method| method.shape != Shape::Stream)
    {
        let answer = call::call_raw(&channel, method.path, Request::new(Bytes::new()))
            .await
            .unwrap();
        assert_eq!(answer, method.path.as_bytes());
    }
    drop(channel);
    assert!(serving.stop(SOON).await);
}

#[tokio::test]
async fn typed_calls_carry_their_messages() {
    let mut methods = Methods::new();
    methods.typed::<api::KVGet, _, _>(|request: KvGetRequest| async move {
        Ok(KvGetResponse {
            error: None,
            value: Bytes::from(request.key.into_bytes()),
        })
    });
    methods.typed::<api::KVSet, _, _>(|_: KvSetRequest| async move {
        Ok(KvSetResponse::from_error(AppError {
            id: "no.room".to_owned(),
            status_code: 507,
            ..AppError::default()
        }))
    });
    let (_serving, channel) = serve(methods).await;
    let got = call::call::<api::KVGet>(
        &channel,
        Request::new(KvGetRequest {
            key: "k".to_owned(),
        }),
    )
    .await
    .unwrap();
    assert_eq!(got.value, "k");
    let set = call::call::<api::KVSet>(&channel, Request::new(KvSetRequest::default()))
        .await
        .unwrap();
    assert_eq!(
        set.in_band_error()
            .map(|error| (error.id.as_str(), error.status_code)),
        Some(("no.room", 507))
    );
}

#[tokio::test]
async fn a_typed_tonic_client_understands_the_server() {
    let mut methods = Methods::new();
    methods.typed::<api::KVGet, _, _>(|request: KvGetRequest| async move {
        Ok(KvGetResponse {
            error: None,
            value: Bytes::from(request.key.into_bytes()),
        })
    });
    let (_serving, channel) = serve(methods).await;
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<KvGetRequest, KvGetResponse>::default();
    let path = http::uri::PathAndQuery::from_static("/mattermost.pluginapi.v1.PluginAPI/KVGet");
    let answer = grpc
        .unary(
            Request::new(KvGetRequest {
                key: "witness".to_owned(),
            }),
            path,
            codec,
        )
        .await
        .unwrap();
    assert_eq!(answer.into_inner().value, "witness");
}

#[tokio::test]
async fn the_client_understands_a_typed_tonic_server() {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("plugin", tonic_health::ServingStatus::NotServing)
        .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::Tcp(listener.local_addr().unwrap().to_string());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().serve_with_incoming(health, incoming));
    let channel = dial(&target, SOON).await.unwrap();
    let ask = |service: &str| {
        Request::new(HealthCheckRequest {
            service: service.to_owned(),
        })
    };
    let known: HealthCheckResponse = call::call_message(&channel, CHECK, ask("plugin"))
        .await
        .unwrap();
    assert_eq!(known.status(), ServingStatus::NotServing);
    let unknown = call::call_message::<_, HealthCheckResponse>(&channel, CHECK, ask("other"))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let (_serving, channel) = serve(Methods::new()).await;
    let status = call::call_raw(
        &channel,
        "/no.such.Service/Method",
        Request::new(Bytes::new()),
    )
    .await
    .unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::Unimplemented,
            "unknown method /no.such.Service/Method"
        )
    );
}

#[tokio::test]
async fn bytes_that_do_not_decode_are_an_invalid_argument() {
    let mut methods = Methods::new();
    methods
        .typed::<api::KVGet, _, _>(|_: KvGetRequest| async move { Ok(KvGetResponse::default()) });
    let (_serving, channel) = serve(methods).await;
    let garbage = Request::new(Bytes::from_static(b"\xff\xff\xff"));
    let status = call::call_raw(
        &channel,
        "/mattermost.pluginapi.v1.PluginAPI/KVGet",
        garbage,
    )
    .await
    .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn unix_sockets_work_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.sock");
    let mut methods = Methods::new();
    methods.fallback(|_| async { Ok(Bytes::from_static(b"here")) });
    let _serving = start(
        Listener::Unix(UnixListener::bind(&path).unwrap()),
        methods.into_service(),
    );
    let channel = dial(&Target::Unix(path), SOON).await.unwrap();
    assert_eq!(
        call::call_raw(&channel, "/a.B/C", Request::new(Bytes::new()))
            .await
            .unwrap(),
        "here"
    );
}

#[tokio::test]
async fn a_stuck_handler_does_not_hold_the_server() {
    let (entered, mut entry) = tokio::sync::mpsc::channel(1);
    let mut methods = Methods::new();
    methods.fallback(move |_| {
        let entered = entered.clone();
        async move {
            entered
                .send(())
                .await
                .map_err(|_| Status::internal("the test has gone"))?;
            std::future::pending().await
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = start(Listener::Tcp(listener), methods.into_service());
    let channel = dial(&Target::Tcp(address.to_string()), SOON).await.unwrap();
    let stuck = tokio::spawn(async move {
        call::call_raw(&channel, "/a.B/C", Request::new(Bytes::new())).await
    });
    tokio::time::timeout(SOON, entry.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(
        !serving.stop(Duration::from_millis(20)).await,
        "the handler cannot have ended by itself"
    );
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "the port is still open"
    );
    assert!(
        tokio::time::timeout(SOON, stuck)
            .await
            .unwrap()
            .unwrap()
            .is_err()
    );
}
