//! Who is let in at a plugin's API server, where it listens, in which style it answers errors, and how it bears pings.

use std::path::Path;

use bytes::Bytes;
use plugin_host::api::journal::CallOutcome;
use plugin_host::api::{Backend, errors};
use plugin_host::ids::PluginId;
use plugin_host::in_band;
use plugin_host::memory::Memory;
use plugin_host::options::{ApiErrors, ApiOptions, ApiTransport};
use plugin_proto::pb::AppError;
use plugin_proto::{API, Methods, Rpc as _, api, call};
use rstest::rstest;
use serde_json::json;
use tokio::net::TcpStream;
use tonic::{Code, Request, Status};

use super::{Broken, Served, serve, serve_with};
use crate::world::LONG;

impl Served {
    async fn with_token(&self, authorization: &str) -> Result<Bytes, Status> {
        let mut request = Request::new(Bytes::new());
        let said = authorization.parse().unwrap();
        request.metadata_mut().insert("authorization", said);
        call::call_raw(&self.channel, api::GetPluginID::METHOD.path, request).await
    }

    async fn without_token(&self) -> Result<Bytes, Status> {
        self.raw(api::GetPluginID::METHOD.path, Bytes::new()).await
    }
}

const REQUIRED: ApiOptions = ApiOptions {
    transport: ApiTransport::Tcp,
    errors: ApiErrors::InBand,
    require_token: true,
};

#[tokio::test]
async fn one_plugins_token_opens_no_other_door() {
    let memory = Memory::default();
    let served = serve_with(&memory, REQUIRED).await;
    let other = serve_with(&memory, REQUIRED).await;
    let bearer = |of: &Served| format!("Bearer {}", of.token.secret());
    served.with_token(&bearer(&served)).await.unwrap();
    let refused = [
        served.with_token(&bearer(&other)).await.unwrap_err(),
        served.with_token("Bearer ").await.unwrap_err(),
        served.without_token().await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
        assert!(
            status.message().contains("MATTERMOST_PLUGIN_API_TOKEN"),
            "{status}"
        );
        for token in [&served.token, &other.token] {
            assert!(!status.message().contains(token.secret()), "{status}");
        }
    }
    let journal = served.journal.entries();
    let ends: Vec<_> = journal
        .iter()
        .map(|entry| entry.ended.clone().unwrap().0)
        .collect();
    let refused = CallOutcome::Status(Code::Unauthenticated);
    assert_eq!(
        ends,
        [
            CallOutcome::Answered,
            refused.clone(),
            refused.clone(),
            refused
        ]
    );
    assert!(!format!("{journal:?}").contains(served.token.secret()));
}

#[tokio::test]
async fn where_no_token_is_required_a_wrong_one_is_refused_all_the_same() {
    let served = serve(&Memory::default()).await;
    served.without_token().await.unwrap();
    let right = format!("bearer {}", served.token.secret());
    served.with_token(&right).await.unwrap();
    for wrong in ["Bearer x", "Basic eA==", "x"] {
        let status = served.with_token(wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{wrong}");
    }
}

#[tokio::test]
async fn a_socket_is_served_and_gone_when_it_is_closed() {
    let options = ApiOptions {
        transport: ApiTransport::Unix,
        ..ApiOptions::default()
    };
    let served = serve_with(&Memory::default(), options).await;
    let id = served.json("GetPluginID", json!({})).await;
    assert_eq!(id, json!({"plugin_id": "com.example.caller"}));
    let socket = served.server.address().strip_prefix("unix://").unwrap();
    let folder = Path::new(socket).parent().unwrap().to_owned();
    assert!(folder.is_dir());
    assert!(served.server.close(LONG).await);
    assert!(!folder.exists());
}

/// `KVGet` is refused with one HTTP status.
struct Refusing(i32);

impl Backend for Refusing {
    fn register(&self, _: &PluginId, methods: &mut Methods) {
        let error = AppError {
            id: "a.b.app_error".to_owned(),
            message: "no".to_owned(),
            detailed_error: "why".to_owned(),
            status_code: self.0,
            ..AppError::default()
        };
        methods.unary(api::KVGet::METHOD.path, move |_| {
            let answer = in_band::encode(error.clone());
            async move { Ok(answer) }
        });
    }
}

#[rstest]
#[case(400, Code::InvalidArgument)]
#[case(401, Code::Unauthenticated)]
#[case(403, Code::PermissionDenied)]
#[case(404, Code::NotFound)]
#[case(409, Code::AlreadyExists)]
#[case(413, Code::ResourceExhausted)]
#[case(429, Code::ResourceExhausted)]
#[case(501, Code::Unimplemented)]
#[case(503, Code::Unavailable)]
#[case(500, Code::Internal)]
#[case(0, Code::Internal)]
#[case(422, Code::Internal)]
#[tokio::test]
async fn errors_can_leave_as_statuses(#[case] http: i32, #[case] code: Code) {
    let options = ApiOptions {
        errors: ApiErrors::Status,
        ..ApiOptions::default()
    };
    let served = serve_with(&Refusing(http), options).await;
    let status = served.raw(api::KVGet::METHOD.path, Bytes::new()).await;
    let status = status.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (code, "a.b.app_error: no")
    );
    // Written down is what happened, not how it was said.
    let ended = served.journal.entries()[0].ended.clone().unwrap().0;
    let id = "a.b.app_error".to_owned();
    assert_eq!(
        ended,
        CallOutcome::Refused {
            id,
            status_code: http
        }
    );
}

#[tokio::test]
async fn in_that_style_no_answer_has_an_error_whatever_it_comes_from() {
    let options = ApiOptions {
        errors: ApiErrors::Status,
        ..ApiOptions::default()
    };
    let served = serve_with(&Broken, options).await;
    let panicked = served.raw(api::KVGet::METHOD.path, Bytes::new()).await;
    assert_eq!(panicked.unwrap_err().code(), Code::Internal);
    let missing = API
        .iter()
        .filter(|row| !["KVGet", "KVSet"].contains(&row.name));
    for row in missing {
        let status = served.raw(row.path, Bytes::new()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{}", row.name);
    }
    let served = serve_with(&Memory::default(), options).await;
    let invalid = served.raw(api::CreatePost::METHOD.path, Bytes::new()).await;
    let status = invalid.unwrap_err();
    assert_eq!(status.code(), errors::code(400));
    assert!(
        status.message().contains("CreatePost: post is missing"),
        "{status}"
    );
    let answer = served
        .raw(api::GetPluginID::METHOD.path, Bytes::new())
        .await;
    assert!(in_band::decode(&answer.unwrap()).unwrap().is_none());
}

/// A client that asks all the time whether the server is there, without any call, is no attacker.
#[tokio::test]
async fn pings_are_answered_however_many_there_are() {
    let served = serve(&Memory::default()).await;
    let stream = TcpStream::connect(served.server.address()).await.unwrap();
    let (_requests, mut connection) = h2::client::handshake(stream).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    let running = tokio::spawn(connection);
    let pinging = async {
        for _ in 0..500 {
            pings.ping(h2::Ping::opaque()).await.unwrap();
        }
    };
    tokio::time::timeout(LONG, pinging).await.unwrap();
    assert!(!running.is_finished());
    running.abort();
}
