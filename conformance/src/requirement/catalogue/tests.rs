//! The register of this binary loads, and every mistake in one is named by file, requirement and field.

use rstest::rstest;

use super::*;

const GOOD: &str = r#"
[[requirement]]
id = "HS-001"
level = "MUST"
side = "host"
sentence = "The host reads."
why = "Else it does not."
source = "go-plugin client.go"
since = "0.1"
"#;

fn load(text: &str) -> Result<Catalogue, CatalogueError> {
    Catalogue::load(&[("handshake.toml", "HS", text)])
}

#[test]
fn the_embedded_register_loads_and_has_both_sides() {
    let catalogue = Catalogue::embedded().expect("the register of this binary is well formed");
    for side in [Side::Host, Side::Plugin] {
        let count = catalogue
            .iter()
            .filter(|requirement| requirement.side == side)
            .count();
        assert!(count >= 40, "{side}: {count} requirements");
    }
}

#[test]
fn every_file_of_the_register_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/requirements");
    let mut on_disk: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut embedded: Vec<&str> = FILES.iter().map(|(file, ..)| *file).collect();
    on_disk.sort_unstable();
    embedded.sort_unstable();
    assert_eq!(on_disk, embedded);
}

#[test]
fn a_good_entry_is_read_with_all_its_fields() {
    let catalogue = load(GOOD).unwrap();
    let requirement = catalogue.get("HS-001").unwrap();
    assert_eq!(
        (requirement.level, requirement.side, requirement.observed),
        (Level::Must, Side::Host, false)
    );
    assert_eq!(requirement.sentence, "The host reads.");
    assert_eq!(catalogue.len(), 1);
}

#[rstest]
#[case::no_id(
    r#"id = "HS-001""#,
    "",
    r#"handshake.toml: entry 1: field "id" is missing"#
)]
#[case::bad_id(
    "HS-001",
    "HS-1",
    r#"handshake.toml: HS-1: field "id" is not of the form XX-000"#
)]
#[case::other_area(
    "HS-001",
    "PR-001",
    r#"handshake.toml: PR-001: field "id" does not begin with HS, the area of this file"#
)]
#[case::level(
    "MUST",
    "must",
    r#"handshake.toml: HS-001: field "level" is none of MUST, SHOULD, MAY"#
)]
#[case::side(
    r#""host""#,
    r#""sdk""#,
    r#"handshake.toml: HS-001: field "side" is neither host nor plugin"#
)]
#[case::no_source(
    r#"source = "go-plugin client.go""#,
    "",
    r#"handshake.toml: HS-001: field "source" is missing"#
)]
#[case::empty_since(
    r#""0.1""#,
    r#"" ""#,
    r#"handshake.toml: HS-001: field "since" is empty"#
)]
#[case::number_since(
    r#""0.1""#,
    "0.1",
    r#"handshake.toml: HS-001: field "since" is not a string"#
)]
#[case::no_full_stop("reads.", "reads", r#"handshake.toml: HS-001: field "sentence" is not one line that begins with a capital and ends with a full stop"#)]
#[case::small_letter("Else", "else", r#"handshake.toml: HS-001: field "why" is not one line that begins with a capital and ends with a full stop"#)]
#[case::unknown_field(
    "since",
    "scince",
    r#"handshake.toml: HS-001: field "scince" is unknown"#
)]
#[case::observed(
    r#"since = "0.1""#,
    "since = \"0.1\"\nobserved = 1",
    r#"handshake.toml: HS-001: field "observed" is neither true nor false"#
)]
#[case::other_table(
    "[[requirement]]",
    "[[requirements]]",
    r#"handshake.toml: only [[requirement]] entries are expected, found "requirements""#
)]
fn a_mistake_is_named(#[case] good: &str, #[case] bad: &str, #[case] expect: &str) {
    assert!(GOOD.contains(good));
    let error = load(&GOOD.replace(good, bad)).unwrap_err();
    assert_eq!(error.to_string(), expect);
}

#[test]
fn a_file_that_is_not_toml_is_named() {
    let error = load("[[requirement]").unwrap_err();
    assert!(
        error.to_string().starts_with("handshake.toml: not TOML: "),
        "{error}"
    );
}

#[test]
fn an_id_is_used_once() {
    let error = Catalogue::load(&[("a.toml", "HS", GOOD), ("b.toml", "HS", GOOD)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "b.toml: HS-001: the id is used already in a.toml"
    );
}
