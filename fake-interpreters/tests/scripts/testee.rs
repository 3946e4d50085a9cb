//! The testee without a fault: it obeys orders, gives evidence, uses the API, and ends with its host.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use fake_interpreters::journal::Event;
use fake_interpreters::{Script, cookie};
use plugin_proto::call::{call, call_raw};
use plugin_proto::pb::{
    AppError, CommandArgs, DeleteUserResponse, ExecuteCommandRequest, ExecuteCommandResponse,
    GetPluginIdResponse, GetReactionsResponse, GetTeamsResponse, KvCompareAndDeleteResponse,
    KvDeleteResponse, KvGetResponse, KvSetResponse, MessageHasBeenPostedRequest,
    MessageWillBePostedRequest, MessageWillBePostedResponse, OnActivateRequest,
    OnConfigurationChangeRequest, OnSharedChannelsPingRequest, Post, Reaction, ReadFileResponse,
    User, UserWillLogInRequest,
};
use plugin_proto::serve::{Listener, Serving, start};
use plugin_proto::{InBandError as _, Methods, api, hook};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::run::{Fake, Running};

/// An API with a store of one value, an error and a status.
pub(crate) async fn some_api() -> (Serving, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let value = Arc::new(Mutex::new(bytes::Bytes::new()));
    let mut methods = Methods::new();
    let written = Arc::clone(&value);
    methods.typed::<api::KVSet, _, _>(move |request| {
        *written.lock().unwrap() = request.value;
        async { Ok(KvSetResponse::default()) }
    });
    methods.typed::<api::KVGet, _, _>(move |_| {
        let value = value.lock().unwrap().clone();
        async { Ok(KvGetResponse { error: None, value }) }
    });
    methods.typed::<api::KVDelete, _, _>(|_| async {
        let error = AppError {
            id: "kv.delete".to_owned(),
            message: "not now".to_owned(),
            status_code: 409,
            ..AppError::default()
        };
        Ok(KvDeleteResponse::from_error(error))
    });
    methods.typed::<api::KVCompareAndDelete, _, _>(|_| async {
        Ok(KvCompareAndDeleteResponse {
            error: None,
            success: true,
        })
    });
    methods.typed::<api::DeleteUser, _, _>(|_| async {
        let error = AppError {
            message: "no id".to_owned(),
            ..AppError::default()
        };
        Ok(DeleteUserResponse::from_error(error))
    });
    methods.typed::<api::GetReactions, _, _>(|_| async {
        let reaction = |user_id: &str, remote_id: Option<&str>| Reaction {
            user_id: user_id.to_owned(),
            remote_id: remote_id.map(str::to_owned),
            ..Reaction::default()
        };
        Ok(GetReactionsResponse {
            error: None,
            reactions: vec![reaction("a", Some("")), reaction("b", None)],
        })
    });
    methods.typed::<api::ReadFile, _, _>(|_| async {
        Ok(ReadFileResponse {
            error: None,
            data: vec![1; 5 << 20].into(),
        })
    });
    // Two calls are answered together.
    let both = Arc::new(Barrier::new(2));
    methods.typed::<api::GetTeams, _, _>(move |_| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            Ok(GetTeamsResponse::default())
        }
    });
    // Any other method gives back the request and its metadata, in an error with something in every field.
    methods.fallback(|call| async move {
        let text = |name| call.metadata.get(name).map(|value| format!("{value:?}"));
        let metadata = ["authorization", "x-request-id", "grpc-timeout"].map(text);
        let params = prost_types::Struct {
            fields: [("k".to_owned(), prost_types::Value::from("v"))].into(),
        };
        let error = AppError {
            id: "echo".to_owned(),
            message: fake_interpreters::hex::encode(&call.message),
            detailed_error: format!("{metadata:?}"),
            r#where: "where".to_owned(),
            request_id: "request".to_owned(),
            params: Some(params),
            ..AppError::default()
        };
        Ok(KvDeleteResponse::from_error(error).encode_to_vec().into())
    });
    methods.typed::<api::KVList, _, _>(|_| async { Err(Status::internal("broken")) });
    methods.typed::<api::GetPluginID, _, _>(|_| async {
        Ok(GetPluginIdResponse {
            error: None,
            plugin_id: "com.example.fake".to_owned(),
        })
    });
    (
        start(Listener::Tcp(listener), methods.into_service()),
        target,
    )
}

pub(crate) async fn post(
    channel: &Channel,
    message: &str,
) -> Result<MessageWillBePostedResponse, Status> {
    let props = prost_types::Struct {
        fields: [("k".to_owned(), prost_types::Value::from("v"))].into(),
    };
    let post = Post {
        id: "p1".to_owned(),
        message: message.to_owned(),
        props: Some(props),
        ..Post::default()
    };
    let request = MessageWillBePostedRequest {
        post: Some(post),
        ..Default::default()
    };
    call::<hook::MessageWillBePosted>(channel, Request::new(request)).await
}

pub(crate) async fn command(
    channel: &Channel,
    command: &str,
) -> Result<ExecuteCommandResponse, Status> {
    let args = CommandArgs {
        command: command.to_owned(),
        ..CommandArgs::default()
    };
    let request = ExecuteCommandRequest {
        args: Some(args),
        ..Default::default()
    };
    call::<hook::ExecuteCommand>(channel, Request::new(request)).await
}

pub(crate) async fn login(channel: &Channel, username: &str) -> Result<String, Status> {
    let user = User {
        username: username.to_owned(),
        ..User::default()
    };
    let request = UserWillLogInRequest {
        user: Some(user),
        ..Default::default()
    };
    Ok(call::<hook::UserWillLogIn>(channel, Request::new(request))
        .await?
        .rejection_reason)
}

async fn with(variables: &[(&str, &str)]) -> (Fake, Running, Channel) {
    let fake = Fake::new(&Script::testee());
    let all: Vec<_> = [(cookie::KEY, cookie::VALUE)]
        .into_iter()
        .chain(variables.iter().copied())
        .collect();
    let running = fake.start_with(&all);
    let channel = running.connect().await;
    (fake, running, channel)
}

fn evidence(running: &Running) -> Value {
    let line = running.stderr_line();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

#[tokio::test]
async fn orders_in_posts_are_obeyed_with_evidence() {
    let (fake, running, channel) = with(&[]).await;
    assert!(fake.folder.directory.join("conformance.json").is_file());
    let answer = post(&channel, "conformance n1 allow").await.unwrap();
    assert_eq!(answer, MessageWillBePostedResponse::default());
    let seen = evidence(&running);
    assert_eq!(
        (&seen["conformance"], &seen["hook"], &seen["nonce"]),
        (&json!(1), &json!("MessageWillBePosted"), &json!("n1"))
    );
    assert_eq!(
        seen["saw"],
        json!({ "post": { "id": "p1", "message": "conformance n1 allow", "props": { "k": "v" } } })
    );
    let modified = post(&channel, "conformance n2 modify")
        .await
        .unwrap()
        .modified_post
        .unwrap();
    assert_eq!(modified.message, "conformance n2 modify [modified]");
    assert!(modified.id == "p1" && modified.props.is_some());
    assert_eq!(
        post(&channel, "conformance n3 reject too rude")
            .await
            .unwrap()
            .rejection_reason,
        "too rude"
    );
    let dismissed = post(&channel, "conformance n4 dismiss")
        .await
        .unwrap()
        .rejection_reason;
    assert_eq!(dismissed, "plugin.message_will_be_posted.dismiss_post");
    assert_eq!(
        post(&channel, "conformance n5 fail broken")
            .await
            .unwrap()
            .rejection_reason,
        "Plugin error: broken"
    );
    assert_eq!(
        post(&channel, "just a post").await.unwrap(),
        MessageWillBePostedResponse::default()
    );
    for nonce in ["n2", "n3", "n4", "n5", ""] {
        assert_eq!(evidence(&running)["nonce"], nonce);
    }
}

#[tokio::test]
async fn orders_in_commands_logins_and_notifications_are_obeyed() {
    let (_fake, running, channel) = with(&[]).await;
    let text = command(&channel, "/conformance n1 modify")
        .await
        .unwrap()
        .response
        .unwrap()
        .text;
    assert_eq!(text, "/conformance n1 modify [modified]");
    let error = command(&channel, "conformance n2 fail broken")
        .await
        .unwrap()
        .error
        .unwrap();
    assert_eq!(
        (error.id.as_str(), error.message.as_str()),
        ("plugin.execute_command.error", "broken")
    );
    assert_eq!(
        (error.r#where.as_str(), error.status_code),
        ("ExecuteCommand", 500)
    );
    assert_eq!(
        login(&channel, "conformance n3 reject not today")
            .await
            .unwrap(),
        "not today"
    );
    assert_eq!(login(&channel, "alice").await.unwrap(), "");
    let post = Post {
        message: "conformance n4 fail unseen".to_owned(),
        ..Post::default()
    };
    let request = MessageHasBeenPostedRequest {
        post: Some(post),
        ..Default::default()
    };
    call::<hook::MessageHasBeenPosted>(&channel, Request::new(request))
        .await
        .unwrap();
    for nonce in ["n1", "n2", "n3", "", "n4"] {
        assert_eq!(evidence(&running)["nonce"], nonce);
    }
}

#[tokio::test]
async fn orders_in_the_environment_are_obeyed() {
    let orders =
        json!({ "OnActivate": "fail no licence", "OnSharedChannelsPing": "conformance n1 fail x" })
            .to_string();
    let (_fake, running, channel) = with(&[("CONFORMANCE_ORDERS", &orders)]).await;
    let answer = call::<hook::OnConfigurationChange>(
        &channel,
        Request::new(OnConfigurationChangeRequest::default()),
    )
    .await;
    assert!(answer.unwrap().error.is_none());
    let error = call::<hook::OnActivate>(&channel, Request::new(OnActivateRequest::default()))
        .await
        .unwrap()
        .error
        .unwrap();
    assert_eq!(
        (error.message.as_str(), error.r#where.as_str()),
        ("no licence", "OnActivate")
    );
    let ping = call::<hook::OnSharedChannelsPing>(
        &channel,
        Request::new(OnSharedChannelsPingRequest::default()),
    )
    .await;
    assert!(!ping.unwrap().healthy);
    for (hook, nonce) in [
        ("OnConfigurationChange", ""),
        ("OnActivate", ""),
        ("OnSharedChannelsPing", "n1"),
    ] {
        let seen = evidence(&running);
        assert_eq!(
            (&seen["hook"], &seen["nonce"], &seen["saw"]),
            (&json!(hook), &json!(nonce), &json!({}))
        );
    }
}

// The API answers on one thread while the test waits on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_method_of_the_api_can_be_called_and_its_answer_is_told() {
    let (_api, target) = some_api().await;
    let (_fake, _running, channel) =
        with(&[("MATTERMOST_PLUGIN_API_TARGET", &target), ("SECRET", "1")]).await;
    let told = async |order: &str| {
        let reason = post(&channel, &format!("conformance n {order}"))
            .await
            .unwrap()
            .rejection_reason;
        serde_json::from_str::<Value>(&reason).unwrap_or_else(|_| panic!("{reason}"))
    };
    assert_eq!(
        told(r#"api KVSet {"key": "k", "value": "AP8="}"#).await,
        json!({ "ok": {} })
    );
    assert_eq!(
        told(r#"api KVGet {"key": "k"}"#).await,
        json!({ "ok": { "value": "AP8=" } })
    );
    let error = json!({ "error": { "id": "kv.delete", "status_code": 409, "message": "not now" } });
    assert_eq!(told(r#"api KVDelete {"key": "k"}"#).await, error);
    assert_eq!(
        told("api GetPluginID").await,
        json!({ "ok": { "plugin_id": "com.example.fake" } })
    );
    assert_eq!(told("api KVList {}").await["error"]["status_code"], 500);
    assert_eq!(told("api KVPut {}").await, json!({ "unmapped": "KVPut" }));
    assert_eq!(
        told(r#"api KVGet {"kee": "k"}"#).await["error"]["status_code"],
        400
    );
    assert_eq!(
        told("env SECRET OTHER").await,
        json!({ "ok": { "SECRET": "1", "OTHER": null } })
    );
    let text = command(&channel, "conformance n api GetPluginID {}")
        .await
        .unwrap()
        .response
        .unwrap()
        .text;
    assert_eq!(text, r#"{"ok":{"plugin_id":"com.example.fake"}}"#);
}

#[tokio::test]
async fn logs_floods_and_time_are_kept_within_what_the_host_allows() {
    let (_fake, running, channel) = with(&[
        ("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "0.05"),
        ("MATTERMOST_PLUGIN_LOG_LEVEL", "WARN"),
    ])
    .await;
    let reason = post(&channel, "conformance n1 sleep 100000")
        .await
        .unwrap()
        .rejection_reason;
    assert!(reason.contains("timed out"), "{reason}");
    post(&channel, "conformance n2 log info quiet")
        .await
        .unwrap();
    post(&channel, "conformance n3 log warn loud")
        .await
        .unwrap();
    // The handler whose time is over shows that nobody waits for it any more.
    for (nonce, cancelled) in [("n1", false), ("n1", true), ("n2", false), ("n3", false)] {
        let line = evidence(&running);
        assert_eq!(
            (&line["nonce"], line["cancelled"] == true),
            (&json!(nonce), cancelled)
        );
    }
    let line = evidence(&running);
    assert_eq!(
        (&line["@level"], &line["@message"]),
        (&json!("warn"), &json!("loud"))
    );
}

#[tokio::test]
async fn a_testee_can_be_made_to_crash_and_ends_on_sigterm() {
    let (_fake, mut running, channel) = with(&[]).await;
    assert!(post(&channel, "conformance n1 exit 7").await.is_err());
    assert_eq!(running.code(), Some(7));
    let (_fake, mut running, channel) = with(&[]).await;
    assert!(
        call_raw(
            &channel,
            "/no.Such/Method",
            Request::new(bytes::Bytes::new())
        )
        .await
        .is_err()
    );
    running.terminate();
    assert_eq!(running.code(), Some(0));
}

#[test]
fn a_testee_ends_when_its_host_dies() {
    let fake = Fake::new(&Script {
        lifetime_ms: Some(20_000),
        ..Script::testee()
    });
    let mut host = Command::new("/bin/sh")
        .args(["-c", "venv/bin/python plugin.py & wait"])
        .current_dir(&fake.folder.directory)
        .env(cookie::KEY, cookie::VALUE)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(host.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    assert!(line.ends_with("|grpc\n"), "{line:?}");
    host.kill().unwrap();
    host.wait().unwrap();
    // The pipe ends with its last holder.
    std::io::Read::read_to_end(&mut stdout, &mut Vec::new()).unwrap();
    let end = Event::Exiting {
        code: 0,
        why: "parent".to_owned(),
    };
    assert_eq!(fake.entries().last().map(|entry| &entry.event), Some(&end));
}
