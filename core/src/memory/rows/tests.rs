//! What changed is what changed, and no two keys are the same bytes.

use plugin_proto::pb::{Emoji, Group};
use proptest::prelude::*;

use super::*;

fn emoji(id: &str, name: &str) -> Emoji {
    Emoji {
        id: id.to_owned(),
        name: name.to_owned(),
        ..Emoji::default()
    }
}

/// The keys of what changed, and whether the row is still there.
fn changes(rows: &mut Rows<Emoji>) -> Vec<(String, bool)> {
    let mut changes = Vec::new();
    rows.take_changes(&mut changes);
    let change = |change: Change| {
        assert_eq!(change.table, "emojis");
        let id = String::from_utf8(change.key[8..].to_vec()).unwrap();
        (id, change.row.is_some())
    };
    changes.into_iter().map(change).collect()
}

#[test]
fn what_changed_is_noted_once_somebody_wants_to_know_and_told_once() {
    let mut rows = Rows::default();
    rows.put(emoji("a", "one"));
    assert_eq!(changes(&mut rows), []);
    rows.begin();
    assert_eq!(changes(&mut rows), [("a".to_owned(), true)]);
    assert_eq!(changes(&mut rows), []);
    rows.put(emoji("b", "two"));
    rows.put(emoji("c", "three"));
    rows.get_mut("a").unwrap().name = "other".to_owned();
    assert!(rows.get_mut("unknown").is_none() && rows.remove("unknown").is_none());
    assert_eq!(
        rows.remove("c").map(|row| row.name).as_deref(),
        Some("three")
    );
    let expected = [("a", true), ("b", true), ("c", false)];
    assert_eq!(
        changes(&mut rows),
        expected.map(|(id, is)| (id.to_owned(), is))
    );
    rows.remove_all(|row| row.name == "other");
    assert_eq!(changes(&mut rows), [("a".to_owned(), false)]);
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_row_that_is_restored_is_the_row_and_no_change() {
    let mut rows = Rows::default();
    rows.begin();
    rows.put(emoji("a", "one"));
    let mut noted = Vec::new();
    rows.take_changes(&mut noted);
    let mut again = Rows::<Emoji>::default();
    again.begin();
    again.restore(noted[0].row.as_ref().unwrap()).unwrap();
    assert_eq!(changes(&mut again), []);
    assert_eq!(again.get("a"), rows.get("a"));
    assert!(again.restore(b"\xff").is_err());
}

#[test]
fn tables_are_read_from_lists_without_repetition() {
    let mut rows = Rows::<Group>::default();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let read = rows.take_json(&json(r#"[{"id": "a"}, {"id": "b"}, {"id": "a"}]"#));
    assert_eq!(
        read.unwrap_err().to_string(),
        "[2]: the key of groups[0] again"
    );
    let mut rows = Rows::<Group>::default();
    rows.take_json(&json(r#"[{"id": "b", "name": "x"}, {"id": "a"}]"#))
        .unwrap();
    let written = json(r#"[{"id": "a"}, {"id": "b", "name": "x"}]"#);
    assert_eq!(rows.to_json().unwrap(), written);
}

proptest! {
    #[test]
    fn different_keys_are_different_bytes(one in any::<(String, String, u64)>(), other in any::<(String, String, u64)>()) {
        prop_assert_eq!(one == other, one.bytes() == other.bytes());
        // Where one part ends and the next begins is part of the key.
        let (a, b, _) = one;
        let moved = (String::new(), format!("{a}{b}"));
        prop_assert_eq!((a.clone(), b.clone()) == moved, (a, b).bytes() == moved.bytes());
    }
}
