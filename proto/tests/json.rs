//! Laws of the JSON form: nothing is lost, nothing unknown is taken.

use plugin_proto::reflect::{ReflectError, from_json, message_to_json, to_json};
use plugin_proto::{API, Form, HOOKS, find_api, find_hook, find_path};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn field_names_are_those_of_the_contract() {
    let method = find_hook("MessageWillBePosted").unwrap();
    let request = json!({"post": {"id": "p", "create_at": 1_700_000_000_123_i64, "props": {"n": 1.5}, "is_following": false}});
    let wire = from_json(method, Form::Request, &request).unwrap();
    assert_eq!(to_json(method, Form::Request, &wire).unwrap(), request);
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let method = find_api("KVSet").unwrap();
    let error = from_json(method, Form::Request, &json!({"kee": "k"}))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("mattermost.pluginapi.v1.KVSetRequest") && error.contains("kee"),
        "{error}"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let method = find_api("KVSetWithExpiry").unwrap();
    assert!(matches!(
        from_json(method, Form::Request, &json!({"expire_in_seconds": "soon"})),
        Err(ReflectError::Json { .. })
    ));
}

#[test]
fn an_unknown_message_is_named() {
    let error = message_to_json("mattermost.pluginapi.v1.Nothing", b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the contract has no message mattermost.pluginapi.v1.Nothing"
    );
}

#[test]
fn every_message_of_every_method_has_an_empty_form() {
    for method in HOOKS.iter().chain(API) {
        for form in [Form::Request, Form::Response] {
            assert_eq!(
                to_json(method, form, b"").unwrap(),
                json!({}),
                "{}",
                method.name
            );
        }
        assert_eq!(find_path(method.path), Some(method));
    }
}

proptest! {
    #[test]
    fn bytes_survive_json(value: Vec<u8>, key in ".*") {
        use prost::Message as _;
        let method = find_api("KVSet").unwrap();
        let request = plugin_proto::pb::KvSetRequest { key, value: value.into() };
        let json = to_json(method, Form::Request, &request.encode_to_vec()).unwrap();
        let back = from_json(method, Form::Request, &json).unwrap();
        prop_assert_eq!(plugin_proto::pb::KvSetRequest::decode(back).unwrap(), request);
    }

    #[test]
    fn garbage_never_panics(wire: Vec<u8>) {
        for method in [find_api("CreatePost").unwrap(), find_hook("OnSharedChannelsSyncMsg").unwrap()] {
            // Either answer is right; only a panic is not.
            if let Ok(json) = to_json(method, Form::Request, &wire) {
                prop_assert!(from_json(method, Form::Request, &json).is_ok());
            }
        }
    }
}
