//! The API server by itself: every method answered, in band, whatever its handler does.

mod doors;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use plugin_host::api::backend::NoBackend;
use plugin_host::api::filler::{NOT_IMPLEMENTED, PANICKED};
use plugin_host::api::journal::CallOutcome;
use plugin_host::api::{ApiServer, ApiSetting, ApiToken, Backend, Journal};
use plugin_host::event::{EventSink, Level};
use plugin_host::ids::PluginId;
use plugin_host::in_band;
use plugin_host::memory::Memory;
use plugin_host::metrics::Metrics;
use plugin_host::options::ApiOptions;
use plugin_proto::dial::{Target, dial};
use plugin_proto::method::Form;
use plugin_proto::pb::{AppError, KvGetRequest, KvGetResponse, KvSetRequest, KvSetResponse};
use plugin_proto::{API, Methods, Rpc as _, api, call, find_api, reflect};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use crate::world::LONG;

struct Served {
    server: ApiServer,
    channel: Channel,
    journal: Journal,
    token: ApiToken,
}

async fn serve(backend: &dyn Backend) -> Served {
    serve_with(backend, ApiOptions::default()).await
}

async fn serve_with(backend: &dyn Backend, options: ApiOptions) -> Served {
    let plugin = PluginId::parse("com.example.caller").unwrap();
    let token = ApiToken::fresh();
    let setting = ApiSetting {
        options,
        token: Some(token.clone()),
        journal: Journal::new(),
        metrics: Metrics::default().of(&plugin),
        events: EventSink::new(None).of(&plugin),
        guard: None,
    };
    let journal = setting.journal.clone();
    let server = ApiServer::start(backend, setting).await.unwrap();
    let address = server.address();
    let target = match address.strip_prefix("unix://") {
        Some(path) => Target::Unix(path.into()),
        None => Target::Tcp(address.to_owned()),
    };
    Served {
        channel: dial(&target, LONG).await.unwrap(),
        server,
        journal,
        token,
    }
}

impl Served {
    async fn raw(&self, path: &str, request: impl Into<Bytes>) -> Result<Bytes, tonic::Status> {
        call::call_raw(&self.channel, path, Request::new(request.into())).await
    }

    async fn json(&self, method: &str, request: Value) -> Value {
        let row = find_api(method).unwrap();
        let request = reflect::from_json(row, Form::Request, &request).unwrap();
        let answer = self.raw(row.path, request).await.unwrap();
        reflect::to_json(row, Form::Response, &answer).unwrap()
    }
}

#[tokio::test]
async fn every_method_of_the_contract_is_answered_in_band() {
    let served = serve(&NoBackend).await;
    for row in API {
        let answer = served.raw(row.path, Bytes::new()).await.unwrap();
        let error = in_band::decode(&answer).unwrap().unwrap();
        let expected = AppError {
            id: NOT_IMPLEMENTED.to_owned(),
            message: format!("This host does not implement {}.", row.name),
            status_code: 501,
            r#where: row.name.to_owned(),
            ..AppError::default()
        };
        assert_eq!(error, expected);
    }
    let entries = served.journal.entries();
    assert_eq!(entries.len(), API.len());
    let path = "/mattermost.pluginapi.v1.PluginAPI/MakeTea";
    let status = served.raw(path, Bytes::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(served.server.close(LONG).await);
}

/// An independent witness: tonic's own typed codec in place of the byte codec that host and fakes share.
#[tokio::test]
async fn a_typed_client_of_tonic_understands_the_server() {
    let served = serve(&Memory::default()).await;
    let mut grpc = tonic::client::Grpc::new(served.channel.clone());
    let request = KvSetRequest {
        key: "k".to_owned(),
        value: "v".into(),
    };
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<KvSetRequest, KvSetResponse>::default();
    let path = PathAndQuery::from_static("/mattermost.pluginapi.v1.PluginAPI/KVSet");
    let answer = grpc
        .unary(Request::new(request), path, codec)
        .await
        .unwrap();
    assert_eq!(answer.into_inner(), KvSetResponse::default());
    grpc.ready().await.unwrap();
    let request = KvGetRequest {
        key: "k".to_owned(),
    };
    let codec = ProstCodec::<KvGetRequest, KvGetResponse>::default();
    let path = PathAndQuery::from_static("/mattermost.pluginapi.v1.PluginAPI/KVGet");
    let answer = grpc
        .unary(Request::new(request), path, codec)
        .await
        .unwrap();
    assert_eq!(answer.into_inner().value, "v");
}

#[tokio::test]
async fn facts_logs_and_events() {
    let memory = Memory::default();
    let served = serve(&memory).await;
    let id = served.json("GetPluginID", json!({})).await;
    assert_eq!(id, json!({"plugin_id": "com.example.caller"}));
    let version = served.json("GetServerVersion", json!({})).await;
    assert_eq!(version["version"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(served.json("IsEnterpriseReady", json!({})).await, json!({}));

    let pairs =
        json!([{"key": "n", "value": 1.5}, {"key": "l", "value": ["a", null, {"b": true}]}]);
    for method in ["LogDebug", "LogInfo", "LogWarn", "LogError"] {
        let request = json!({"msg": method, "key_value_pairs": pairs});
        assert_eq!(served.json(method, request).await, json!({}));
    }
    let logs = memory.logs();
    let levels: Vec<_> = logs
        .iter()
        .map(|log| (log.level, log.message.as_str()))
        .collect();
    let expected = [
        (Level::Debug, "LogDebug"),
        (Level::Info, "LogInfo"),
        (Level::Warn, "LogWarn"),
        (Level::Error, "LogError"),
    ];
    assert_eq!(levels, expected);
    let fields: BTreeMap<_, _> = logs[0].fields.iter().cloned().collect();
    assert_eq!(
        json!(fields),
        json!({"n": 1.5, "l": ["a", null, {"b": true}]})
    );

    let event = json!({"event": "tea", "payload": {"hot": true}, "broadcast": {"user_id": "u"}});
    assert_eq!(served.json("PublishWebSocketEvent", event).await, json!({}));
    let event = &memory.websocket_events()[0];
    assert_eq!(event.name, "custom_com.example.caller_tea");
    assert_eq!(json!(event.payload), json!({"hot": true}));
    assert_eq!(event.broadcast.user_id, "u");
}

/// KVGet panics, KVSet hangs, everything else is not there.
struct Broken;

impl Backend for Broken {
    fn register(&self, _: &PluginId, methods: &mut Methods) {
        methods.unary(api::KVGet::METHOD.path, |_| async {
            panic!("no such luck")
        });
        methods.unary(api::KVSet::METHOD.path, |_| std::future::pending());
    }
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_answer() {
    let served = serve(&Broken).await;
    for _ in 0..2 {
        let answer = served.json("KVGet", json!({"key": "k"})).await;
        assert_eq!(answer["error"]["id"], PANICKED);
        assert_eq!(answer["error"]["status_code"], 500);
        assert_eq!(answer["error"]["detailed_error"], "no such luck");
    }
    let answer = served.json("KVDelete", json!({"key": "k"})).await;
    assert_eq!(answer["error"]["status_code"], 501);
    let outcomes: Vec<_> = served
        .journal
        .entries()
        .into_iter()
        .map(|entry| entry.ended.unwrap().0.word())
        .collect();
    assert_eq!(outcomes, ["panicked", "panicked", "refused"]);
}

#[tokio::test]
async fn a_request_that_does_not_decode_is_a_transport_error() {
    let served = serve(&Memory::default()).await;
    let path = api::KVSet::METHOD.path;
    let status = served
        .raw(path, Bytes::from_static(b"\x0a\xff"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_call_that_is_cut_off_is_written_down_as_abandoned() {
    let served = serve(&Broken).await;
    let channel = served.channel.clone();
    let path = api::KVSet::METHOD.path;
    let call =
        tokio::spawn(
            async move { call::call_raw(&channel, path, Request::new(Bytes::new())).await },
        );
    while served.journal.entries().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!served.server.close(Duration::from_millis(20)).await);
    call.await.unwrap().unwrap_err();
    let ended = served.journal.entries()[0].ended.clone();
    assert_eq!(ended.unwrap().0, CallOutcome::Abandoned);
}

#[tokio::test]
async fn a_stream_that_is_no_message_costs_one_call_and_names_what_is_wrong() {
    let served = serve(&Memory::default()).await;
    let limit = plugin_proto::codec::MAX_MESSAGE.to_string();
    let streams: [(&'static [u8], Code, &str); 4] = [
        (&[1, 0, 0, 0, 0], Code::Internal, "compress"),
        (&[9, 0, 0, 0, 0], Code::Internal, "compression flag: 9"),
        (&[0, 0xff, 0xff, 0xff, 0xff], Code::OutOfRange, &limit),
        (&[], Code::Internal, "Missing request"),
    ];
    for (stream, code, says) in streams {
        let path = api::KVSet::METHOD.path;
        let status = call::call_stream(&served.channel, path, Bytes::from_static(stream))
            .await
            .unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(says), "{status}");
        let id = served.json("GetPluginID", json!({})).await;
        assert_eq!(id, json!({"plugin_id": "com.example.caller"}));
    }
    assert!(served.server.close(LONG).await);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_by_both_numbers() {
    struct Large;
    impl Backend for Large {
        fn register(&self, _: &PluginId, methods: &mut Methods) {
            methods.unary(api::KVGet::METHOD.path, |_| async {
                Ok(Bytes::from(vec![0; plugin_proto::codec::MAX_MESSAGE + 1]))
            });
        }
    }
    let served = serve(&Large).await;
    let status = served.raw(api::KVGet::METHOD.path, Bytes::new()).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    for number in [
        plugin_proto::codec::MAX_MESSAGE,
        plugin_proto::codec::MAX_MESSAGE + 1,
    ] {
        assert!(status.message().contains(&number.to_string()), "{status}");
    }
}
