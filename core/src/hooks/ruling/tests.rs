//! What the ends of calls mean, hook by hook.

use plugin_proto::hook::{
    ConfigurationWillBeSaved, EmailNotificationWillBeSent, ExecuteCommand, FileWillBeUploaded,
    MessageWillBePosted, MessageWillBeUpdated, MessagesWillBeConsumed, NotificationWillBePushed,
    OnSharedChannelsPing, UserHasBeenCreated, UserWillLogIn,
};
use plugin_proto::pb::*;
use plugin_proto::{HOOKS, Rpc};
use rstest::rstest;

use super::*;
use crate::hooks::table::{TABLE, row};
use crate::policy::Consumed;

/// What an outcome means under a policy, in the types of the hook.
fn check<R: Rpc>(
    policy: &HookPolicy,
    request: R::Request,
    outcome: Outcome<R::Response>,
) -> RuledAs<R> {
    let outcome = outcome.and_then(|answer| Ok(Bytes::from(answer.encode_to_vec())));
    let request = Bytes::from(request.encode_to_vec());
    let ruled = rule(row(R::METHOD).unwrap(), policy, &request, outcome);
    ruled.typed::<R>().unwrap()
}

fn answered<R: Rpc>(request: R::Request, answer: R::Response) -> RuledAs<R> {
    check::<R>(&HookPolicy::default(), request, Outcome::Answered(answer))
}

fn failed<A>() -> Outcome<A> {
    Outcome::Failed(Failure::inactive("x"))
}

fn post(id: &str, message: &str) -> Post {
    Post {
        id: id.to_owned(),
        message: message.to_owned(),
        file_ids: vec!["f".to_owned()],
        ..Post::default()
    }
}

fn asked() -> MessageWillBePostedRequest {
    MessageWillBePostedRequest {
        post: Some(post("p", "old")),
        ..MessageWillBePostedRequest::default()
    }
}

#[test]
fn a_post_passes_is_replaced_as_a_whole_or_is_rejected() {
    let answer = |modified_post, reason: &str| MessageWillBePostedResponse {
        modified_post,
        rejection_reason: reason.to_owned(),
    };
    let rule = |answer| answered::<MessageWillBePosted>(asked(), answer);
    let passed = rule(answer(None, ""));
    assert_eq!((passed.request, passed.ruling.word()), (asked(), "passed"));
    let changed = rule(answer(
        Some(Post {
            message: "new".to_owned(),
            ..Post::default()
        }),
        "",
    ));
    let stored = changed.request.post.unwrap();
    assert_eq!((stored.message.as_str(), stored.file_ids.len()), ("new", 0));
    assert_eq!(changed.ruling.word(), "changed");
    let dismissed = "plugin.message_will_be_posted.dismiss_post";
    for reason in ["no", dismissed] {
        let rejected = rule(answer(Some(post("p", "ignored")), reason));
        assert_eq!(rejected.ruling, Ruling::Rejected(reason.to_owned()));
        assert!(rejected.ruling.stops() && rejected.ruling.is_success());
        assert_eq!(rejected.request, asked());
    }
}

#[test]
fn an_edit_replaces_the_new_post_and_never_the_old_one() {
    let request = MessageWillBeUpdatedRequest {
        new_post: Some(post("p", "new")),
        old_post: Some(post("p", "old")),
        ..MessageWillBeUpdatedRequest::default()
    };
    let answer = MessageWillBeUpdatedResponse {
        modified_post: Some(post("p", "newer")),
        ..MessageWillBeUpdatedResponse::default()
    };
    let ruled = answered::<MessageWillBeUpdated>(request, answer);
    assert_eq!(ruled.request.new_post, Some(post("p", "newer")));
    assert_eq!(ruled.request.old_post, Some(post("p", "old")));
}

#[test]
fn a_notification_is_replaced_as_a_whole() {
    let request = NotificationWillBePushedRequest {
        user_id: "u".to_owned(),
        push_notification: Some(PushNotification {
            badge: "3".to_owned(),
            ..PushNotification::default()
        }),
        ..NotificationWillBePushedRequest::default()
    };
    let other = PushNotification {
        message: "psst".to_owned(),
        ..PushNotification::default()
    };
    let answer = NotificationWillBePushedResponse {
        modified_notification: Some(other.clone()),
        ..NotificationWillBePushedResponse::default()
    };
    let ruled = answered::<NotificationWillBePushed>(request, answer);
    assert_eq!(ruled.request.push_notification, Some(other));
    assert_eq!(ruled.request.user_id, "u");
}

#[rstest]
#[case::by_id(Consumed::ReplaceById, &[("b", "B")], &["a", "B", "c"])]
#[case::by_id_empty(Consumed::ReplaceById, &[], &["a", "b", "c"])]
#[case::by_id_unknown(Consumed::ReplaceById, &[("z", "Z")], &["a", "b", "c"])]
#[case::by_id_last_wins(Consumed::ReplaceById, &[("a", "1"), ("a", "2")], &["2", "b", "c"])]
#[case::all(Consumed::AnswerIsAll, &[("c", "C"), ("a", "a")], &["C", "a"])]
#[case::all_empty(Consumed::AnswerIsAll, &[], &[])]
fn posts_that_are_consumed(
    #[case] consumed: Consumed,
    #[case] answer: &[(&str, &str)],
    #[case] left: &[&str],
) {
    let policy = HookPolicy {
        consumed,
        ..HookPolicy::default()
    };
    let request = MessagesWillBeConsumedRequest {
        posts: ["a", "b", "c"].map(|id| post(id, id)).to_vec(),
        ..MessagesWillBeConsumedRequest::default()
    };
    let answer = MessagesWillBeConsumedResponse {
        posts: answer
            .iter()
            .map(|(id, message)| post(id, message))
            .collect(),
    };
    let unchanged = left == ["a", "b", "c"];
    let ruled = check::<MessagesWillBeConsumed>(&policy, request, Outcome::Answered(answer));
    let messages: Vec<&str> = ruled
        .request
        .posts
        .iter()
        .map(|post| post.message.as_str())
        .collect();
    assert_eq!(messages, left);
    assert_eq!(
        ruled.ruling.word(),
        if unchanged { "passed" } else { "changed" }
    );
}

#[test]
fn new_content_of_a_file_has_its_own_size_and_the_rest_stays() {
    let request = FileWillBeUploadedRequest {
        file_info: Some(FileInfo {
            name: "a.txt".to_owned(),
            size: 3,
            ..FileInfo::default()
        }),
        file_content: "old".into(),
        ..FileWillBeUploadedRequest::default()
    };
    let rule = |answer| answered::<FileWillBeUploaded>(request.clone(), answer);
    let ruled = rule(FileWillBeUploadedResponse {
        modified_content: "longer".into(),
        ..FileWillBeUploadedResponse::default()
    });
    let info = ruled.request.file_info.unwrap();
    assert_eq!((info.name.as_str(), info.size), ("a.txt", 6));
    assert_eq!(&ruled.request.file_content[..], b"longer");
    let ruled = rule(FileWillBeUploadedResponse {
        modified_file_info: Some(FileInfo {
            name: "b.txt".to_owned(),
            size: 3,
            ..FileInfo::default()
        }),
        ..FileWillBeUploadedResponse::default()
    });
    assert_eq!(ruled.request.file_info.unwrap().name, "b.txt");
    assert_eq!(&ruled.request.file_content[..], b"old");
}

fn configuration(json: &str) -> Option<ConfigJson> {
    Some(ConfigJson {
        config_json: json.as_bytes().to_vec().into(),
    })
}

#[rstest]
#[case::absent(None, "{}", "passed")]
#[case::empty(configuration(""), "{}", "passed")]
#[case::other(configuration("{\"a\": 1}"), "{\"a\": 1}", "changed")]
#[case::no_object(configuration("[]"), "{}", "failed")]
#[case::no_json(configuration("{\"a\""), "{}", "failed")]
fn a_configuration_has_to_be_json(
    #[case] modified_config: Option<ConfigJson>,
    #[case] saved: &str,
    #[case] word: &str,
) {
    let request = ConfigurationWillBeSavedRequest {
        new_config: configuration("{}"),
        ..ConfigurationWillBeSavedRequest::default()
    };
    let answer = ConfigurationWillBeSavedResponse {
        error: None,
        modified_config,
    };
    let ruled = answered::<ConfigurationWillBeSaved>(request, answer);
    assert_eq!(ruled.request.new_config, configuration(saved));
    assert_eq!(
        (ruled.ruling.word(), ruled.ruling.stops()),
        (word, word == "failed")
    );
}

#[test]
fn the_texts_of_an_email_are_replaced_as_a_whole_and_the_rest_stays() {
    let json =
        r#"{"post_id":"p","subject":"s","subtitle":"t","footer_text":"f","is_thread_reply":true}"#;
    let request = |json: &str| EmailNotificationWillBeSentRequest {
        email_notification: Some(EmailNotificationJson {
            notification_json: json.as_bytes().to_vec().into(),
        }),
        ..EmailNotificationWillBeSentRequest::default()
    };
    let answer = EmailNotificationWillBeSentResponse {
        modified_content: Some(EmailNotificationContent {
            subject: "S".to_owned(),
            sub_title: "T".to_owned(),
            ..EmailNotificationContent::default()
        }),
        ..EmailNotificationWillBeSentResponse::default()
    };
    let ruled = answered::<EmailNotificationWillBeSent>(request(json), answer.clone());
    let text = ruled.request.email_notification.unwrap().notification_json;
    let expected = r#"{"post_id":"p","subject":"S","subtitle":"T","is_thread_reply":true}"#;
    assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
    let ruled = answered::<EmailNotificationWillBeSent>(request("no json"), answer);
    assert_eq!(
        (ruled.ruling.word(), ruled.request),
        ("failed", request("no json"))
    );
}

#[test]
fn what_a_failure_means_is_the_tables_unless_an_administrator_says_otherwise() {
    for row in TABLE {
        let request = Bytes::from_static(b"");
        let stops = |policy: &HookPolicy| rule(&row, policy, &request, failed()).ruling.stops();
        let mut policy = HookPolicy::default();
        let usual = !matches!(
            row.failing,
            Failing::Logged | Failing::Decides(OnFailure::Pass)
        );
        assert_eq!(stops(&policy), usual, "{}", row.hook.name);
        for decided in [OnFailure::Pass, OnFailure::Stop] {
            policy.on_failure.insert(row.hook.name.to_owned(), decided);
            let counts = matches!(row.failing, Failing::Decides(_));
            let expected = if counts {
                decided == OnFailure::Stop
            } else {
                usual
            };
            assert_eq!(stops(&policy), expected, "{} {decided:?}", row.hook.name);
        }
    }
}

#[test]
fn who_does_not_have_a_hook_has_no_opinion_and_stops_nothing() {
    for row in TABLE {
        let ruled = rule(
            &row,
            &HookPolicy::default(),
            &Bytes::new(),
            Outcome::NotImplemented,
        );
        assert!(
            !ruled.ruling.stops() && ruled.ruling.is_success(),
            "{}",
            row.hook.name
        );
    }
}

#[test]
fn garbage_is_a_failure_of_every_hook_and_changes_nothing() {
    let garbage = Bytes::from_static(b"\x0a\xff\xff\x01");
    for row in TABLE {
        let outcome = Outcome::Answered(garbage.clone());
        let ruled = rule(&row, &HookPolicy::default(), &Bytes::new(), outcome);
        assert_eq!(ruled.ruling.word(), "failed", "{}", row.hook.name);
        assert!(ruled.request.is_empty());
    }
}

#[test]
fn a_login_is_decided_by_the_reason_alone() {
    let rule = |reason: &str| {
        let answer = UserWillLogInResponse {
            rejection_reason: reason.to_owned(),
        };
        answered::<UserWillLogIn>(UserWillLogInRequest::default(), answer).ruling
    };
    assert_eq!(rule("locked").word(), "rejected");
    assert_eq!(rule("").word(), "passed");
}

#[rstest]
#[case::not_implemented(Outcome::NotImplemented, true)]
#[case::failed(failed(), false)]
#[case::healthy(Outcome::Answered(OnSharedChannelsPingResponse { healthy: true }), true)]
#[case::sick(Outcome::Answered(OnSharedChannelsPingResponse { healthy: false }), false)]
fn a_remote_is_healthy(
    #[case] outcome: Outcome<OnSharedChannelsPingResponse>,
    #[case] healthy: bool,
) {
    let request = OnSharedChannelsPingRequest::default();
    let ruled = check::<OnSharedChannelsPing>(&HookPolicy::default(), request, outcome);
    assert_eq!(ruled.ruling.is_healthy(), healthy);
}

#[test]
fn an_error_is_the_plugins_own_or_says_how_the_call_failed() {
    let policy = HookPolicy::default();
    let request = ExecuteCommandRequest::default;
    let own = AppError {
        id: "a.b".to_owned(),
        message: "no".to_owned(),
        ..AppError::default()
    };
    let refused = Outcome::Refused(Box::new(own.clone()));
    let ruling = check::<ExecuteCommand>(&policy, request(), refused).ruling;
    assert_eq!(ruling.error(ExecuteCommand::METHOD), Some(own));
    let ruling = check::<ExecuteCommand>(&policy, request(), failed()).ruling;
    let error = ruling.error(ExecuteCommand::METHOD).unwrap();
    assert_eq!(error.id, "plugin.grpc.execute_command.error");
    assert_eq!(
        (error.status_code, error.r#where.as_str()),
        (500, "ExecuteCommand")
    );
    assert!(error.detailed_error.contains("not active"), "{error:?}");
    let ruling =
        check::<UserHasBeenCreated>(&policy, UserHasBeenCreatedRequest::default(), failed()).ruling;
    assert_eq!(ruling.error(UserHasBeenCreated::METHOD), None);
}

#[test]
fn names_become_words() {
    let names = HOOKS
        .iter()
        .map(|hook| snake_case(hook.name))
        .collect::<Vec<_>>();
    for name in [
        "on_saml_login",
        "serve_http",
        "user_will_log_in",
        "on_web_socket_connect",
    ] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} in {names:?}"
        );
    }
}

#[test]
fn secrets_that_a_plugin_was_not_sent_are_not_lost_with_its_post() {
    let thread = |password: &str| Post {
        participants: vec![User {
            id: "u".to_owned(),
            password: password.to_owned(),
            ..User::default()
        }],
        ..post("p", "m")
    };
    let request = MessageWillBePostedRequest {
        post: Some(thread("hash")),
        ..MessageWillBePostedRequest::default()
    };
    let modified_post = Some(Post {
        message: "new".to_owned(),
        ..thread("")
    });
    let answer = MessageWillBePostedResponse {
        modified_post,
        ..MessageWillBePostedResponse::default()
    };
    let stored = answered::<MessageWillBePosted>(request, answer)
        .request
        .post
        .unwrap();
    assert_eq!(
        (stored.message.as_str(), &stored.participants),
        ("new", &thread("hash").participants)
    );

    let request = MessagesWillBeConsumedRequest {
        posts: vec![thread("hash")],
        ..MessagesWillBeConsumedRequest::default()
    };
    for consumed in [Consumed::ReplaceById, Consumed::AnswerIsAll] {
        let policy = HookPolicy {
            consumed,
            ..HookPolicy::default()
        };
        let answer = MessagesWillBeConsumedResponse {
            posts: vec![thread("")],
        };
        let answer = Outcome::Answered(answer);
        let ruled = check::<MessagesWillBeConsumed>(&policy, request.clone(), answer);
        assert_eq!(ruled.ruling.word(), "passed");
        assert_eq!(ruled.request, request);
    }
}
