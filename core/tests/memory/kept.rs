//! A server that keeps what it holds in a file, and is killed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use plugin_host::memory::{Making, Memory, StoreError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::full;
use crate::teams::team;
use crate::world::{BEGINNING, World};

fn open(path: &Path, now: i64) -> World {
    let clock = Arc::new(AtomicI64::new(now));
    World::with(clock, |making| Memory::open(making, path).unwrap())
}

/// What a host that was killed at this moment leaves behind: nobody closed the file.
fn killed(w: &World, from: &Path, to: &Path) {
    w.fired();
    // Answered when all before it is kept.
    w.ok("GetServerVersion", json!({}));
    fs::copy(from, to).unwrap();
}

#[test]
fn a_killed_host_has_kept_every_table_and_all_that_follows_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let w = open(&first, BEGINNING);
    full::fill(&w);
    killed(&w, &first, &second);
    let again = open(&second, w.clock.load(Ordering::Relaxed));
    assert!(w.memory.fixtures().unwrap() == again.memory.fixtures().unwrap());
    full::assert_same(&w, &again);
    // The same seed gives other ids the next time.
    let made =
        |w: &World| w.ok("RegisterPropertyGroup", json!({"name": "new"}))["group"]["id"].clone();
    let kept = again.memory.fixtures().unwrap();
    let fresh = made(&again);
    assert_ne!(made(&w), fresh);
    assert!(!kept.contains(fresh.as_str().unwrap()), "{fresh}");
    // What is on its way is finished by whoever goes on with it.
    let uploads: Value = serde_json::from_str(&again.memory.fixtures().unwrap()).unwrap();
    let session = json!({"id": uploads["upload_sessions"][0]["id"], "file_offset": 5 << 20});
    let file = again.ok(
        "UploadData",
        json!({"upload_session": session, "data": "YWJj"}),
    )["file_info"]
        .clone();
    assert_eq!(file["size"], (5 << 20) + 3);
    let left: Value = serde_json::from_str(&again.memory.fixtures().unwrap()).unwrap();
    assert_eq!(
        (&left["upload_sessions"], &left["upload_parts"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_store_is_one_hosts_at_a_time_and_free_when_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let w = open(&path, BEGINNING);
    let error = Memory::open(Making::default(), &path).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked(of) if *of == path),
        "{error}"
    );
    w.ok("KVSet", json!({"key": "k", "value": "eA=="}));
    w.close().unwrap();
    // What is done now is not kept, and said not to be.
    w.refuses(
        "KVSet",
        json!({"key": "late", "value": "eA=="}),
        "store.write.app_error",
        500,
    );
    w.refuses(
        "CreatePost",
        json!({"post": {}}),
        "store.write.app_error",
        500,
    );
    let again = open(&path, BEGINNING);
    again.answers("KVList", json!({"per_page": 9}), json!({"keys": ["k"]}));
}

#[test]
fn what_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let refused = |text: &[u8]| {
        fs::write(&path, text).unwrap();
        let error = Memory::open(Making::default(), &path).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), text);
        error
    };
    assert!(matches!(
        refused(b"a letter to a friend"),
        StoreError::Foreign(_)
    ));
    assert!(matches!(refused(b"x"), StoreError::Foreign(_)));
    let error = Memory::open(Making::default(), folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error}");
    let nowhere = folder.path().join("no/where");
    let error = Memory::open(Making::default(), &nowhere).unwrap_err();
    assert!(error.to_string().contains("no/where"), "{error}");
}

#[test]
fn a_damaged_store_is_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let w = open(&path, BEGINNING);
    for key in 0..200 {
        w.ok(
            "KVSet",
            json!({"key": format!("key {key}"), "value": "eHl6".repeat(100)}),
        );
    }
    w.close().unwrap();
    drop(w);
    let whole = fs::read(&path).unwrap();
    // Half of it, and a hole in it: an error that says so, each time.
    let holed: Vec<u8> = (0..whole.len())
        .map(|at| if at > 4096 { 0x55 } else { whole[at] })
        .collect();
    for damaged in [&whole[..whole.len() / 2], &holed] {
        fs::write(&path, damaged).unwrap();
        let error = Memory::open(Making::default(), &path).unwrap_err();
        let named = matches!(error, StoreError::Damaged { .. } | StoreError::Open { .. });
        assert!(named, "{error}");
    }
}

/// What may be asked for, by numbers of the few there are; much of it is refused.
fn calls() -> impl Strategy<Value = (&'static str, Value)> {
    let ids = (0..3_usize, 0..2_usize, 0..6_usize);
    (ids, 0..16_usize).prop_map(|((user, place, number), kind)| {
        let (user, place) = (format!("$user{user}"), format!("$channel{place}"));
        let key = format!("k{}", number % 3);
        match kind {
            0 => ("KVSet", json!({"key": key, "value": "eA=="})),
            1 => ("KVSetWithExpiry", json!({"key": key, "value": "eHk=", "expire_in_seconds": 1000})),
            2 => ("KVDelete", json!({ "key": key })),
            3 => ("KVDeleteAll", json!({})),
            4 => ("AddChannelMember", json!({"channel_id": place, "user_id": user})),
            5 => ("DeleteChannelMember", json!({"channel_id": place, "user_id": user})),
            6 | 7 => ("CreatePost", json!({"post": {"channel_id": place, "user_id": user, "message": format!("word{number}")}})),
            8 => ("UpdatePost", json!({"post": {"id": "$post", "message": format!("edited{number}")}})),
            9 => ("DeletePost", json!({"post_id": "$post"})),
            10 => ("AddReaction", json!({"reaction": {"user_id": user, "post_id": "$post", "emoji_name": "tea"}})),
            11 => ("RemoveReaction", json!({"reaction": {"user_id": user, "post_id": "$post", "emoji_name": "tea"}})),
            12 => ("UpdatePreferencesForUser", json!({"user_id": user, "preferences": [
                {"user_id": user, "category": "c", "name": key, "value": "v"},
            ]})),
            13 => ("DeletePreferencesForUser", json!({"user_id": user, "preferences": [
                {"user_id": user, "category": "c", "name": key},
            ]})),
            14 => ("UpdateUserActive", json!({"user_id": user, "active": number % 2 == 0})),
            _ => ("SavePluginConfig", json!({"config": {"Number": number}})),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was done, and wherever the host is killed between two answers: the next one knows what was answered, and goes on.
    #[test]
    fn what_was_answered_is_kept(calls in prop::collection::vec((calls(), prop::bool::weighted(0.15)), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let mut path = folder.path().join("0");
        let mut w = open(&path, BEGINNING);
        let one = team(&w, "one");
        let users = ["alice", "bob", "carl"].map(|name| member(&w, &one, name));
        let channels = ["aa", "bb"].map(|name| channel(&w, &one, name));
        for (place, user) in channels.iter().zip(&users) {
            w.ok("AddChannelMember", json!({"channel_id": place, "user_id": user}));
        }
        let mut post = String::new();
        for (number, ((method, request), kill)) in calls.iter().enumerate() {
            let mut text = request.to_string().replace("$post", &post);
            for (at, id) in users.iter().enumerate() {
                text = text.replace(&format!("$user{at}"), id);
            }
            for (at, id) in channels.iter().enumerate() {
                text = text.replace(&format!("$channel{at}"), id);
            }
            let answer = w.ask(method, &serde_json::from_str(&text).unwrap());
            if let Some(id) = answer["post"]["id"].as_str().filter(|_| *method == "CreatePost") {
                id.clone_into(&mut post);
            }
            if *kill {
                let next = folder.path().join(format!("{}", number + 1));
                killed(&w, &path, &next);
                let again = open(&next, w.clock.load(Ordering::Relaxed));
                prop_assert_eq!(w.memory.fixtures().unwrap(), again.memory.fixtures().unwrap());
                full::assert_same(&w, &again);
                (w, path) = (again, next);
            }
        }
        w.fired();
        w.close().unwrap();
        let held = w.memory.fixtures().unwrap();
        let again = open(&path, BEGINNING);
        prop_assert_eq!(held, again.memory.fixtures().unwrap());
    }
}
