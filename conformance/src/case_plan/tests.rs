//! Files are read as they were written or not at all, and what differs from play to play is not compared.

use proptest::prelude::*;

use super::*;

fn stored() -> StoredCase {
    StoredCase {
        format: Format,
        kind: CaseKind::Case,
        suite_version: "0.1.0".to_owned(),
        subject: "host/x".to_owned(),
        scenario: "host/y".to_owned(),
        seed: u64::MAX,
        timeout_scale: 1.5,
        drawn: vec![1, u64::MAX],
        fakes: BTreeMap::from([("a".to_owned(), serde_json::json!({"steps": []}))]),
        shows: vec![Shown {
            requirement: "HS-001".to_owned(),
            reason: "a-b".to_owned(),
            event: Some("ended".to_owned()),
        }],
    }
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let text = stored().to_json();
    assert!(StoredCase::is_one(&text));
    assert_eq!(StoredCase::parse(&text).unwrap(), stored());
}

#[test]
fn a_file_of_another_form_is_refused_by_name() {
    for (from, to, named) in [
        ("\"format\": 1", "\"format\": 2", "`format` is 2"),
        ("\"drawn\"", "\"drawed\"", "drawed"),
        ("\"case\"", "\"cases\"", "cases"),
    ] {
        let text = stored().to_json().replace(from, to);
        let error = StoredCase::parse(&text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    assert!(!StoredCase::is_one("{\"plan\":{\"kind\":\"body\"}}"));
    assert!(!StoredCase::is_one("no JSON"));
}

#[test]
fn numbers_ids_and_folders_do_not_last() {
    for (one, other) in [
        ("process 1234 ends with 0", "process 7 ends with 0"),
        (
            "/tmp/plugin-conformance-XV3x7K/case-0/a",
            "/tmp/plugin-conformance-abcdef/case-12/a",
        ),
        (
            "id ou3ig8hqnq7i4qx38edomdc34a",
            "id zz3ig8hqnq7i4qx38edomdc34b",
        ),
        ("nonce 6f90ff3abd63f225", "nonce 00000000000000ab"),
        ("127.0.0.1:4711", "127.0.0.1:9"),
        ("took_ms 12.5", "took_ms 12"),
    ] {
        assert_eq!(lasting(one), lasting(other));
    }
    assert_ne!(lasting("state: running"), lasting("state: stopping"));
    assert_ne!(
        lasting("implementation_of_everything"),
        lasting("implementation_of_something")
    );
}

proptest! {
    #[test]
    fn what_lasts_lasts(text in ".{0,60}") {
        let text = text.replace('\0', "");
        let once = lasting(&text);
        prop_assert_eq!(lasting(&once), once);
    }
}
