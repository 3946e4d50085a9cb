//! What is refused, in whose words, and what a lenient reading makes of it.

use plugin_host::model::{self, Fault, MAX_DEPTH, Strictness};
use plugin_proto::pb;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as FreeValue};
use rstest::rstest;
use serde_json::{Value, json};

fn refusal(name: &str, json: &Value) -> String {
    let error = model::json_to_wire(name, json, Strictness::Strict);
    error.unwrap_err().to_string()
}

#[rstest]
#[case::key(
    "Post", json!({"id": "p", "idd": 0}),
    "Post.idd: Mattermost's Post has no such key"
)]
#[case::key_further_in(
    "PostList", json!({"posts": {"p": {"metadata": {"files": [{"colour": 1}]}}}}),
    "PostList.posts.p.metadata.files[0].colour: Mattermost's FileInfo has no such key"
)]
#[case::field_of_the_wire_alone(
    "CommandArgs", json!({"site_url": "https://x"}),
    "CommandArgs.site_url: Mattermost's CommandArgs has no such key"
)]
#[case::key_in_another_case(
    "User", json!({"Id": "u"}),
    "User.Id: Mattermost's User has no such key"
)]
#[case::key_that_is_not_carried(
    "TeamMember", json!({"explicit_roles": "team_user"}),
    "TeamMember.explicit_roles: the wire's TeamMember has no place for this"
)]
#[case::attachments(
    "CommandResponse", json!({"attachments": [{"text": "t"}]}),
    "CommandResponse.attachments: the wire's CommandResponse has no place for this"
)]
#[case::in_a_part(
    "PostMetadata", json!({"priority": {"PostId": "p"}}),
    "PostMetadata.priority.PostId: the wire's PostPriority has no place for this"
)]
#[case::in_a_part_too(
    "PostMetadata", json!({"priority": {"ChannelId": "c"}}),
    "PostMetadata.priority.ChannelId: the wire's PostPriority has no place for this"
)]
#[case::embed_of_no_object(
    "PostEmbed", json!({"type": "image", "data": ["x"]}),
    "PostEmbed.data: the wire's PostEmbed has no place for this"
)]
#[case::integer(
    "Post", json!({"props": {"attachments": [{"id": 9_007_199_254_740_993_i64}]}}),
    "Post.props.attachments[0].id: the wire cannot hold the number 9007199254740993 exactly"
)]
#[case::integer_in_a_list(
    "Channel", json!({"props": {"a b": [1, {}, u64::MAX]}}),
    r#"Channel.props["a b"][2]: the wire cannot hold the number 18446744073709551615 exactly"#
)]
#[case::letter(
    "Channel", json!({"type": "BO"}),
    "Channel.type: ChannelType has no value for \"BO\""
)]
#[case::letter_of_another_enum(
    "Team", json!({"type": "P"}),
    "Team.type: TeamType has no value for \"P\""
)]
#[case::several_users(
    "GetFileInfosOptions", json!({"user_ids": ["a", "b"]}),
    "GetFileInfosOptions.user_ids: there is room for one value, not for 2"
)]
#[case::a_user_without_a_name(
    "GetFileInfosOptions", json!({"channel_ids": [""]}),
    "GetFileInfosOptions.channel_ids[0]: the wire's GetFileInfosOptions has no place for this"
)]
fn what_the_wire_has_no_place_for(#[case] name: &str, #[case] json: Value, #[case] text: &str) {
    assert_eq!(refusal(name, &json), text);

    let (_, dropped) = model::json_to_wire(name, &json, Strictness::Lenient).unwrap();
    let dropped: Vec<_> = dropped.iter().map(ToString::to_string).collect();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    let report = text.strip_prefix(&format!("{name}.")).unwrap();
    assert_eq!(dropped[0], report.replacen(": ", " left out: ", 1));
}

#[rstest]
#[case::text("Post", json!({"message": 5}), "Post.message: expected a text, found a whole number")]
#[case::flag("Post", json!({"is_pinned": "true"}), "Post.is_pinned: expected true or false, found a text")]
#[case::time("Post", json!({"create_at": "5"}), "Post.create_at: expected a whole number, found a text")]
#[case::fraction(
    "Post", json!({"create_at": 5.0}),
    "Post.create_at: expected a whole number, found a number with a fraction or exponent"
)]
#[case::list("Post", json!({"file_ids": {"a": 1}}), "Post.file_ids: expected a list, found an object")]
#[case::list_item("Post", json!({"file_ids": ["a", null]}), "Post.file_ids[1]: expected a text, found null")]
#[case::map("User", json!({"props": []}), "User.props: expected an object, found a list")]
#[case::map_value("User", json!({"props": {"a": true}}), "User.props.a: expected a text, found true or false")]
#[case::free("Post", json!({"props": 1}), "Post.props: expected an object, found a whole number")]
#[case::inner("Post", json!({"participants": ["u"]}), "Post.participants[0]: expected an object, found a text")]
#[case::inner_null("PostList", json!({"posts": {"p": null}}), "PostList.posts.p: expected an object, found null")]
#[case::enumeration("Team", json!({"type": 1}), "Team.type: expected a text, found a whole number")]
#[case::document("Bot", json!(null), "Bot: expected an object, found null")]
#[case::document_list("Bot", json!([{}]), "Bot: expected an object, found a list")]
#[case::words("PostSearchResults", json!({"matches": {"p": "w"}}), "PostSearchResults.matches.p: expected a list, found a text")]
#[case::date_list("SearchParams", json!({"excluded_date": []}), "SearchParams.excluded_date: expected a text, found a list")]
#[case::badge("PushNotification", json!({"badge": "7"}), "PushNotification.badge: expected a whole number, found a text")]
#[case::sort("GetFileInfosOptions", json!({"sort_descending": "desc"}), "GetFileInfosOptions.sort_descending: expected true or false, found a text")]
#[case::plain_on_one_side("Reaction", json!({"channel_id": 0}), "Reaction.channel_id: expected a text, found a whole number")]
#[case::limits("ProductLimits", json!({"files": {"total_storage": {}}}), "ProductLimits.files.total_storage: expected a whole number, found an object")]
#[case::width("FileInfo", json!({"width": 2_147_483_648_i64}), "FileInfo.width: the number 2147483648 does not fit int32")]
#[case::size("FileInfo", json!({"size": u64::MAX}), "FileInfo.size: the number 18446744073709551615 does not fit int64")]
#[case::preview("FileInfo", json!({"mini_preview": "AA"}), "FileInfo.mini_preview: not base64: Invalid padding")]
#[case::old_value("PluginKVSetOptions", json!({"OldValue": "?"}), "PluginKVSetOptions.OldValue: not base64: Invalid symbol 63, offset 0.")]
#[case::no_model("ServeHTTPRequest", json!({}), "ServeHTTPRequest: there is no JSON model of that name")]
#[case::part_of_a_model("PostImage", json!({}), "PostImage: there is no JSON model of that name")]
fn what_is_wrong(#[case] name: &str, #[case] json: Value, #[case] text: &str) {
    assert_eq!(refusal(name, &json), text);
    // Being lenient is about places on the wire, not about documents that are wrong.
    let lenient = model::json_to_wire(name, &json, Strictness::Lenient);
    assert_eq!(lenient.unwrap_err().to_string(), text);
}

#[test]
fn lenient_keeps_whatever_else_there_is() {
    let json = json!({
        "id": "p", "new_key": {"a": [1]}, "message": "m",
        "props": {"keep": 1.5, "big": u64::MAX, "list": [1, i64::MAX, 2], "inner": {"big": i64::MIN, "ok": null}},
        "metadata": {"emojis": [{"id": "e"}], "reactions": [{"user_id": "u", "mood": 1}]},
    });
    let (post, dropped) = model::from_json::<pb::Post>(&json, Strictness::Lenient).unwrap();
    let paths: Vec<_> = dropped
        .iter()
        .map(|dropped| dropped.path.as_str())
        .collect();
    let expected = [
        "new_key",
        "props.big",
        "props.list[1]",
        "props.inner.big",
        "metadata.emojis",
        "metadata.reactions[0].mood",
    ];
    assert_eq!(paths, expected);
    let kept = json!({
        "id": "p", "message": "m",
        "props": {"keep": 1.5, "list": [1, 2], "inner": {"ok": null}},
        "metadata": {"reactions": [{"user_id": "u"}]},
    });
    let (expected, dropped) = model::from_json::<pb::Post>(&kept, Strictness::Strict).unwrap();
    assert!(dropped.is_empty());
    assert_eq!(post, expected);

    let several = json!({"user_ids": ["a", "b"], "channel_ids": null});
    let read = model::from_json::<pb::GetFileInfosOptions>(&several, Strictness::Lenient);
    assert_eq!(read.unwrap().0.user_id, "a");
}

fn free(kind: Kind) -> Struct {
    let value = FreeValue { kind: Some(kind) };
    Struct {
        fields: [("a".to_owned(), value)].into(),
    }
}

fn post_with(props: Struct) -> pb::Post {
    pb::Post {
        props: Some(props),
        ..pb::Post::default()
    }
}

fn unwritten<M: model::Modelled>(message: &M) -> String {
    model::to_json(message).unwrap_err().to_string()
}

#[rstest]
#[case::not_a_number(f64::NAN, "NaN")]
#[case::infinite(f64::INFINITY, "inf")]
#[case::infinite_below(f64::NEG_INFINITY, "-inf")]
fn numbers_that_json_does_not_have(#[case] double: f64, #[case] number: &str) {
    let list = ListValue {
        values: vec![FreeValue {
            kind: Some(Kind::NumberValue(double)),
        }],
    };
    let post = post_with(free(Kind::ListValue(list)));
    let expected = format!("Post.props.a[0]: JSON has no number {number}");
    assert_eq!(unwritten(&post), expected);
}

#[test]
fn messages_that_mattermost_could_not_have_written() {
    let mut post = post_with(free(Kind::NullValue(0)));
    post.props
        .as_mut()
        .unwrap()
        .fields
        .get_mut("a")
        .unwrap()
        .kind = None;
    assert_eq!(
        unwritten(&post),
        "Post.props.a: a google.protobuf.Value that holds nothing"
    );

    let channel = pb::Channel {
        r#type: 9,
        ..pb::Channel::default()
    };
    assert_eq!(
        unwritten(&channel),
        "Channel.type: ChannelType has no letter for 9"
    );
    let team = pb::Team {
        r#type: -1,
        ..pb::Team::default()
    };
    assert_eq!(unwritten(&team), "Team.type: TeamType has no letter for -1");

    for badge in ["seven", "007", "+7", "7 ", "1.5", "99999999999999999999"] {
        let push = pb::PushNotification {
            badge: badge.to_owned(),
            ..pb::PushNotification::default()
        };
        let expected = format!("PushNotification.badge: the text {badge:?} is no decimal number");
        assert_eq!(unwritten(&push), expected);
    }

    let params = pb::SearchParams {
        excluded_dates: vec!["2026-01-01".to_owned(), "2026-01-02".to_owned()],
        ..pb::SearchParams::default()
    };
    assert_eq!(
        unwritten(&params),
        "SearchParams.excluded_date: there is room for one value, not for 2"
    );
}

#[test]
fn lists_of_models_name_the_one_that_is_wrong() {
    let json = json!([{"user_id": "u", "name": "n"}, {"user_id": "v"}]);
    let (preferences, dropped) =
        model::list_from_json::<pb::Preference>(&json, Strictness::Strict).unwrap();
    assert!(dropped.is_empty());
    assert_eq!(preferences[0].name, "n");
    assert_eq!(preferences[1].user_id, "v");
    assert_eq!(
        model::list_to_json(&preferences).unwrap(),
        json!([
            {"user_id": "u", "category": "", "name": "n", "value": ""},
            {"user_id": "v", "category": "", "name": "", "value": ""},
        ])
    );

    let json = json!([{}, {"name": 1}]);
    let error = model::list_from_json::<pb::Preference>(&json, Strictness::Strict).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Preference[1].name: expected a text, found a whole number"
    );
    let channels = [
        pb::Channel::default(),
        pb::Channel {
            r#type: 9,
            ..pb::Channel::default()
        },
    ];
    let error = model::list_to_json(&channels).unwrap_err();
    assert_eq!(error.path, "[1].type");
    let json = json!({"a": {}});
    let error = model::list_from_json::<pb::Preference>(&json, Strictness::Lenient).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Preference: expected a list, found an object"
    );
}

/// Free-form JSON whose innermost value is so many steps from it.
fn nested(steps: usize) -> Value {
    (0..steps).fold(json!(1), |inner, _| {
        Value::Object([("a".to_owned(), inner)].into_iter().collect())
    })
}

#[test]
fn nesting_is_bounded_in_both_directions() {
    let limit = MAX_DEPTH;
    let strict = |json: &Value| model::from_json::<pb::Post>(json, Strictness::Strict);
    // `props` is the first step.
    let (deepest, _) = strict(&json!({"props": nested(MAX_DEPTH - 1)})).unwrap();
    assert!(model::to_json(&deepest).is_ok());

    for steps in [MAX_DEPTH, 2_000] {
        let json = Value::Object([("props".to_owned(), nested(steps))].into_iter().collect());
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let error = model::from_json::<pb::Post>(&json, strictness).unwrap_err();
            assert_eq!(error.fault, Fault::TooDeep { limit });
            assert_eq!(error.path, format!("props{}", ".a".repeat(MAX_DEPTH)));
        }
    }

    // Lists cost the wire less than objects, so it can hold what is too deep for JSON.
    let list = (0..MAX_DEPTH).fold(Kind::NullValue(0), |inner, _| {
        Kind::ListValue(ListValue {
            values: vec![FreeValue { kind: Some(inner) }],
        })
    });
    let error = model::to_json(&post_with(free(list))).unwrap_err();
    assert_eq!(error.fault, Fault::TooDeep { limit });

    let endless = (0..200).fold(Kind::NullValue(0), |inner, _| {
        Kind::StructValue(free(inner))
    });
    let error = model::to_json(&post_with(free(endless))).unwrap_err();
    assert!(matches!(error.fault, Fault::Wire { .. }), "{error}");
}

#[test]
fn the_deepest_that_is_allowed_is_readable_inside_of_a_request() {
    let list = json!({"posts": {"p": {"props": nested(MAX_DEPTH - 3)}}});
    let (list, _) = model::from_json::<pb::PostList>(&list, Strictness::Strict).unwrap();
    let answer = pb::GetPostsForChannelResponse {
        error: None,
        post_list: Some(list),
    };
    let wire = answer.encode_to_vec();
    assert_eq!(
        pb::GetPostsForChannelResponse::decode(&*wire).unwrap(),
        answer
    );
}
