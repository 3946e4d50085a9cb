//! The services of a fake, called with plain clients: hooks, health, controller, standard output, the API.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::Script;
use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::script::{
    Answer, ApiOrder, Controller, Health, Piece, Serve, SignalName, Stdio, Step, Stream,
};
use plugin_proto::call::{call, call_message, call_raw, server_stream};
use plugin_proto::goplugin::{self, SHUTDOWN, STREAM_STDIO, StdioData};
use plugin_proto::health::{CHECK, HealthCheckRequest, HealthCheckResponse};
use plugin_proto::pb::{
    GetServerVersionResponse, ImplementedRequest, MessageWillBePostedRequest, OnActivateRequest,
    Post,
};
use plugin_proto::serve::{Listener, start};
use plugin_proto::{Methods, Rpc, api, hook};
use prost::Message as _;
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::run::{DEADLINE, Fake, Running};

async fn started(serve: Serve) -> (Fake, Running, Channel) {
    let fake = Fake::new(&Script::serving(serve));
    let running = fake.start();
    let channel = running.connect().await;
    (fake, running, channel)
}

async fn activate(channel: &Channel) -> Result<plugin_proto::pb::OnActivateResponse, Status> {
    call::<hook::OnActivate>(channel, Request::new(OnActivateRequest::default())).await
}

async fn health(channel: &Channel, service: &str) -> Result<i32, Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer: HealthCheckResponse = call_message(channel, CHECK, Request::new(request)).await?;
    Ok(answer.status)
}

async fn shut_down(channel: &Channel) -> Result<goplugin::Empty, Status> {
    call_message(channel, SHUTDOWN, Request::new(goplugin::Empty {})).await
}

#[tokio::test]
async fn a_good_fake_serves_and_its_journal_tells_every_call() {
    let (fake, mut running, channel) = started(Serve::good()).await;
    let names = call::<hook::Implemented>(&channel, Request::new(ImplementedRequest::default()))
        .await
        .unwrap()
        .hooks;
    assert_eq!(names, Serve::GOOD);
    assert!(activate(&channel).await.unwrap().error.is_none());
    assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
    let post = Post {
        message: "hello".to_owned(),
        ..Post::default()
    };
    let mut request = Request::new(MessageWillBePostedRequest {
        post: Some(post),
        ..Default::default()
    });
    request
        .metadata_mut()
        .insert("x-mark", "here".parse().unwrap());
    call::<hook::MessageWillBePosted>(&channel, request)
        .await
        .unwrap();
    shut_down(&channel).await.unwrap();
    assert_eq!(running.code(), Some(0));

    let entries = fake.entries();
    let calls: Vec<_> = entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::Rpc { .. }))
        .filter_map(Entry::method)
        .collect();
    assert_eq!(
        calls,
        [
            "Implemented",
            "OnActivate",
            "Check",
            "MessageWillBePosted",
            "Shutdown"
        ]
    );
    let posted = entries
        .iter()
        .find(|entry| entry.method() == Some("MessageWillBePosted"))
        .unwrap();
    assert_eq!(
        posted.request(),
        Some(json!({ "post": { "message": "hello" } }))
    );
    let Event::Rpc {
        metadata,
        authority,
        ..
    } = &posted.event
    else {
        panic!("{posted:?}")
    };
    assert_eq!(metadata.get("x-mark").map(String::as_str), Some("here"));
    assert_eq!(authority, "unused");
    let end = Event::Exiting {
        code: 0,
        why: "shutdown".to_owned(),
    };
    assert_eq!(entries.last().map(|entry| &entry.event), Some(&end));
}

#[tokio::test]
async fn hooks_answer_as_scripted() {
    let serve = Serve::default()
        .hook(
            "MessageWillBePosted",
            Answer::Value(json!({ "rejection_reason": "no" })),
        )
        .hook("OnActivate", Answer::error("an.id", "a text"))
        .hook(
            "OnDeactivate",
            Answer::status("PERMISSION_DENIED", "not you"),
        )
        .hook("OnInstall", Answer::Raw(vec![0xff]))
        .hook("/other.Service/Method", Answer::Raw(b"raw".to_vec()));
    let (_fake, _running, channel) = started(serve).await;
    let names = call::<hook::Implemented>(&channel, Request::new(ImplementedRequest::default()))
        .await
        .unwrap()
        .hooks;
    assert_eq!(
        names,
        [
            "MessageWillBePosted",
            "OnActivate",
            "OnDeactivate",
            "OnInstall"
        ]
    );
    let answer = call::<hook::MessageWillBePosted>(
        &channel,
        Request::new(MessageWillBePostedRequest::default()),
    )
    .await
    .unwrap();
    assert_eq!(answer.rejection_reason, "no");
    let error = activate(&channel).await.unwrap().error.unwrap();
    assert_eq!(
        (error.id.as_str(), error.message.as_str()),
        ("an.id", "a text")
    );
    let raw = |path: &'static str| call_raw(&channel, path, Request::new(Bytes::new()));
    assert_eq!(
        raw(hook::OnDeactivate::METHOD.path)
            .await
            .unwrap_err()
            .code(),
        Code::PermissionDenied
    );
    assert_eq!(
        raw(hook::OnInstall::METHOD.path).await.unwrap(),
        Bytes::from_static(&[0xff])
    );
    assert_eq!(
        raw("/other.Service/Method").await.unwrap(),
        Bytes::from_static(b"raw")
    );
    assert_eq!(
        raw(hook::OnSendDailyTelemetry::METHOD.path)
            .await
            .unwrap_err()
            .code(),
        Code::Unimplemented
    );
    assert_eq!(
        raw("/no.Such/Path").await.unwrap_err().code(),
        Code::Unimplemented
    );
}

#[tokio::test]
async fn hanging_and_late_answers_keep_others_going() {
    let serve = Serve::good()
        .hook("OnActivate", Answer::Hang)
        .hook("OnDeactivate", Answer::empty().after(30));
    let (_fake, running, channel) = started(serve).await;
    let hanging = tokio::time::timeout(Duration::from_millis(50), activate(&channel)).await;
    assert!(hanging.is_err());
    call_raw(
        &channel,
        hook::OnDeactivate::METHOD.path,
        Request::new(Bytes::new()),
    )
    .await
    .unwrap();
    running
        .until(|event| matches!(event, Event::Abandoned { path } if path.ends_with("OnActivate")));
}

#[tokio::test]
async fn a_crash_inside_a_call_ends_process_or_connection() {
    let (_fake, mut running, channel) =
        started(Serve::good().hook("OnActivate", Answer::Exit(9))).await;
    assert!(activate(&channel).await.is_err());
    assert_eq!(running.code(), Some(9));
    let (_fake, mut running, channel) =
        started(Serve::good().hook("OnActivate", Answer::Raise(SignalName::Kill))).await;
    assert!(activate(&channel).await.is_err());
    assert_eq!(running.wait().signal(), Some(9));
    let (_fake, mut running, channel) =
        started(Serve::good().hook("OnActivate", Answer::Close)).await;
    assert!(activate(&channel).await.is_err());
    assert_eq!(
        health(&channel, "").await.unwrap(),
        1,
        "a new connection is taken"
    );
    assert!(running.is_running());
}

#[tokio::test]
async fn health_answers_as_scripted() {
    let check = async |health_script: Health, service: &str| {
        let (_fake, _running, channel) = started(Serve {
            health: health_script,
            ..Serve::good()
        })
        .await;
        health(&channel, service)
            .await
            .map_err(|status| (status.code(), status.message().to_owned()))
    };
    let words = |word: &str| Health::Services([("plugin".to_owned(), word.to_owned())].into());
    assert_eq!(check(words("SERVING"), "plugin").await, Ok(1));
    assert_eq!(check(words("NOT_SERVING"), "plugin").await, Ok(2));
    assert_eq!(check(words("7"), "plugin").await, Ok(7));
    assert_eq!(
        check(words("SERVING"), "other").await,
        Err((Code::NotFound, "unknown service".to_owned()))
    );
    assert_eq!(
        check(Health::Unimplemented, "plugin").await.unwrap_err().0,
        Code::Unimplemented
    );
}

#[tokio::test]
async fn the_controller_ends_the_process_as_scripted() {
    let ended = async |controller: Controller| {
        let (_fake, mut running, channel) = started(Serve {
            controller,
            ..Serve::good()
        })
        .await;
        shut_down(&channel).await.unwrap();
        let status = running.wait();
        (status.code(), status.signal())
    };
    assert_eq!(ended(Controller::Exit).await, (Some(0), None));
    assert_eq!(ended(Controller::ExitCode(4)).await, (Some(4), None));
    assert_eq!(ended(Controller::ExitAfterMs(20)).await, (Some(0), None));
    assert_eq!(
        ended(Controller::Raise(SignalName::Abrt)).await,
        (None, Some(6))
    );

    let (_fake, mut running, channel) = started(Serve {
        controller: Controller::Ignore,
        ..Serve::good()
    })
    .await;
    shut_down(&channel).await.unwrap();
    assert_eq!(health(&channel, "plugin").await.unwrap(), 1);
    running.terminate();
    assert_eq!(running.code(), Some(0), "SIGTERM ends a serving fake well");
    let (_fake, _running, channel) = started(Serve {
        controller: Controller::Unimplemented,
        ..Serve::good()
    })
    .await;
    assert_eq!(
        shut_down(&channel).await.unwrap_err().code(),
        Code::Unimplemented
    );
    let (_fake, _running, channel) = started(Serve {
        controller: Controller::Hang,
        ..Serve::good()
    })
    .await;
    assert!(
        tokio::time::timeout(Duration::from_millis(50), shut_down(&channel))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn standard_output_is_streamed_and_a_shutdown_ends_the_stream() {
    let piece = |text: &str| Piece {
        channel: Stream::Stderr,
        text: text.to_owned(),
    };
    let serve = Serve {
        stdio: Stdio::MustBeRead(vec![piece("a"), piece("b")]),
        ..Serve::good()
    };
    let (_fake, mut running, channel) = started(serve).await;
    let blocked = tokio::time::timeout(Duration::from_millis(50), activate(&channel)).await;
    assert!(blocked.is_err(), "nobody has read the output");
    let mut stream = server_stream(&channel, STREAM_STDIO, Request::new(Bytes::new()))
        .await
        .unwrap();
    for text in ["a", "b"] {
        let message = stream.message().await.unwrap().unwrap();
        let data = StdioData::decode(message).unwrap();
        assert_eq!((data.channel, data.data.as_ref()), (2, text.as_bytes()));
    }
    activate(&channel).await.unwrap();
    shut_down(&channel).await.unwrap();
    assert!(
        tokio::time::timeout(DEADLINE, stream.message())
            .await
            .unwrap()
            .is_ok_and(|message| message.is_none())
    );
    assert_eq!(running.code(), Some(0));

    let (_fake, _running, channel) = started(Serve::good()).await;
    let refused = server_stream(&channel, STREAM_STDIO, Request::new(Bytes::new())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
}

// The API answers on one thread while the test waits on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_is_called_from_steps_and_from_inside_of_hooks() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut methods = Methods::new();
    methods.typed::<api::GetServerVersion, _, _>(|_| async {
        Ok(GetServerVersionResponse {
            error: None,
            version: "9.9.9".to_owned(),
        })
    });
    let _api = start(Listener::Tcp(listener), methods.into_service());

    let order = |label: &str| ApiOrder {
        label: Some(label.to_owned()),
        ..ApiOrder::new("GetServerVersion", json!({}))
    };
    let in_hook = Answer::Api(order("hook"), Box::new(Answer::empty()));
    let refused = Step::Api(ApiOrder {
        label: Some("refused".to_owned()),
        ..ApiOrder::new("KVGet", json!({ "key": "k" }))
    });
    let script = Script::serving(Serve::good().hook("OnActivate", in_hook))
        .step(Step::Api(order("step")))
        .step(refused);
    let fake = Fake::new(&script);
    let running = fake.start_with(&[
        ("MATTERMOST_PLUGIN", "Securely message teams, anywhere."),
        ("MATTERMOST_PLUGIN_API_TARGET", &target),
    ]);
    let channel = running.connect().await;
    activate(&channel).await.unwrap();
    for wanted in ["step", "hook"] {
        let entry = running.until(
            |event| matches!(event, Event::Api { label, .. } if label.as_deref() == Some(wanted)),
        );
        let Event::Api { response, .. } = entry.event else {
            unreachable!()
        };
        assert_eq!(response, Some(json!({ "version": "9.9.9" })), "{wanted}");
    }
    let entry = running.until(
        |event| matches!(event, Event::Api { label, .. } if label.as_deref() == Some("refused")),
    );
    let Event::Api { status, .. } = entry.event else {
        unreachable!()
    };
    assert!(status.is_some_and(|status| status.starts_with("Unimplemented")));
}

#[tokio::test]
async fn every_call_gets_the_one_answer() {
    let serve = Serve {
        every_call: Some(Answer::status("UNIMPLEMENTED", "no")),
        ..Serve::default()
    };
    let fake = Fake::new(
        &Script::new()
            .listen_unix()
            .serve(serve)
            .write("1|1|unix|{socket}|grpc\n"),
    );
    let mut running = fake.start();
    let channel = running.connect().await;
    assert_eq!(
        health(&channel, "plugin").await.unwrap_err().code(),
        Code::Unimplemented
    );
    assert_eq!(
        activate(&channel).await.unwrap_err().code(),
        Code::Unimplemented
    );
    assert_eq!(
        shut_down(&channel).await.unwrap_err().code(),
        Code::Unimplemented
    );
    running.kill();
}
