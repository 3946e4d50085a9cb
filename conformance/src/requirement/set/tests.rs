//! Which set scores what, and that a set that was released is found changed.

use rstest::rstest;

use super::super::{Level, Side};
use super::*;

fn register(rows: &[(&str, &str, &str)]) -> Catalogue {
    let row = |(id, level, since): &(&str, &str, &str)| {
        format!(
            "[[requirement]]\nid = \"{id}\"\nlevel = \"{level}\"\nside = \"host\"\nsentence = \"It is.\"\n\
             why = \"So.\"\nsource = \"x\"\nsince = \"{since}\"\n"
        )
    };
    let text: String = rows.iter().map(row).collect();
    Catalogue::load(&[("a.toml", "AA", &text)]).unwrap()
}

const TWO: [(&str, &str, &str); 3] = [
    ("AA-001", "MUST", "0.2"),
    ("AA-002", "MUST", "0.10"),
    ("AA-003", "MAY", "0.2"),
];

#[rstest]
#[case("0.2", "0.2", true)]
#[case("0.2", "0.10", false)]
#[case("0.10", "0.2", true)]
#[case("0.10", "0.10", true)]
#[case("0.2", "whenever", true)]
fn a_set_has_all_up_to_its_version(#[case] pin: &str, #[case] since: &str, #[case] expect: bool) {
    let pin = Pin::to(pin, &register(&TWO)).unwrap();
    assert_eq!(pin.scores(since), expect);
}

#[test]
fn only_sets_that_there_are_can_be_pinned() {
    let register = register(&TWO);
    let error = Pin::to("0.3", &register).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no set \"0.3\"; there are: 0.2, 0.10"
    );
    assert!(Pin::to("new", &register).is_err());
    assert_eq!(Pin::to("0.10", &register).unwrap().name(), "0.10");
}

fn gone(id: &str, since: Option<&str>) -> Retired {
    Retired {
        id: id.to_owned(),
        by: "AA-001".to_owned(),
        since: since.map(str::to_owned),
        side: Some(Side::Host),
        level: Some(Level::May.to_string()),
    }
}

#[test]
fn a_set_is_known_by_what_is_asked_and_how_strongly() {
    let of = |rows: &[_], retired: &[Retired]| digest("0.2", &register(rows), retired);
    let released = of(&TWO, &[]);
    assert_eq!(released.0, 2);
    // What came later, in whatever number, changes nothing.
    assert_eq!(of(&[TWO[0], TWO[2]], &[]), released);
    // One more, one less, and another level do.
    let more = [TWO[0], TWO[2], ("AA-004", "MUST", "0.2")];
    assert_ne!(of(&more, &[]), released);
    assert_ne!(of(&TWO[..2], &[]), released);
    assert_ne!(of(&[TWO[0], ("AA-003", "MUST", "0.2")], &[]), released);
    // One that is retired stays in the set that it was released with.
    assert_eq!(of(&TWO[..2], &[gone("AA-003", Some("0.2"))]), released);
    assert_ne!(of(&TWO[..2], &[gone("AA-003", None)]), released);
}

#[test]
fn sets_are_named_in_their_order() {
    assert_eq!(names(&register(&TWO)), ["0.2", "0.10"]);
}
