//! What counts as covered and as proven.

use super::*;

fn catalogue() -> Catalogue {
    let entry = |id: &str, level: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\nlevel = \"{level}\"\nside = \"host\"\nsentence = \"A.\"\nwhy = \"B.\"\nsource = \"c\"\nsince = \"0.1\"\n"
        )
    };
    let text = entry("HS-001", "MUST") + &entry("HS-002", "SHOULD");
    Catalogue::load(&[("handshake.toml", "HS", &text)]).unwrap()
}

/// Joins one catalogue with checks and mutants; gives (complete, uncovered MUSTs, unproven checks, unknown ids).
fn check<'a>(
    checks: &[(&'a str, &'a [&'a str])],
    mutants: &[(&'a str, &'a str)],
) -> (bool, usize, usize, usize) {
    let catalogue = catalogue();
    // The register outlives nothing but this function, so only counts leave it.
    let coverage = Coverage::join(&catalogue, checks.iter().copied(), mutants.iter().copied());
    (
        coverage.is_complete(),
        coverage
            .rows
            .iter()
            .filter(|row| row.is_uncovered_must())
            .count(),
        coverage.rows.iter().filter(|row| row.is_unproven()).count(),
        coverage.unknown.len(),
    )
}

#[test]
fn a_must_without_a_check_is_a_gap() {
    assert_eq!(check(&[], &[]), (false, 1, 0, 0));
}

#[test]
fn a_should_without_a_check_is_no_gap() {
    assert_eq!(
        check(&[("s", &["HS-001"])], &[("m", "HS-001")]),
        (true, 0, 0, 0)
    );
}

#[test]
fn a_check_without_a_mutant_is_a_gap() {
    assert_eq!(
        check(&[("s", &["HS-001", "HS-002"])], &[("m", "HS-001")]),
        (false, 0, 1, 0)
    );
}

#[test]
fn an_unknown_id_is_a_gap() {
    assert_eq!(
        check(
            &[("s", &["HS-001", "XX-001"])],
            &[("m", "HS-001"), ("n", "XX-002")]
        ),
        (false, 0, 0, 2)
    );
}
