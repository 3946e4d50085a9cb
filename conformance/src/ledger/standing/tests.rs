//! Every row of the table, and that the page in the header shows the same.

use rstest::rstest;

use super::Observed::*;
use super::*;

/// The four columns: expected, its day over, flaky, its day over.
const COLUMNS: [(Kind, bool); 4] = [
    (Kind::Expected, false),
    (Kind::Expected, true),
    (Kind::Flaky, false),
    (Kind::Flaky, true),
];

#[rstest]
#[case(Unknown, [Standing::Unknown; 4])]
#[case(NotAsked, [Standing::NotAsked; 4])]
#[case(Nothing, [Standing::MatchesNothing; 4])]
#[case(NotApplicable, [Standing::NotApplicable; 4])]
#[case(Passed, [Standing::Passes, Standing::Passes, Standing::Borne, Standing::Expired])]
#[case(NotJudged, [Standing::NotJudged, Standing::Expired, Standing::NotJudged, Standing::Expired])]
#[case(OtherReason, [Standing::OtherReason; 4])]
#[case(SameReason, [Standing::Confirmed, Standing::Expired, Standing::Borne, Standing::Expired])]
fn every_transition(#[case] observed: Observed, #[case] expect: [Standing; 4]) {
    let got = COLUMNS.map(|(kind, expired)| standing(observed, kind, expired));
    assert_eq!(got, expect);
}

#[test]
fn the_header_shows_the_table() {
    let header = include_str!("../standing.rs");
    let rows: Vec<Vec<&str>> = header
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .skip(2)
        .map(|line| line.trim_end_matches(" |").split(" | ").collect())
        .collect();
    assert_eq!(rows.len(), Observed::ALL.len());
    for (row, observed) in rows.iter().zip(Observed::ALL) {
        for (shown, (kind, expired)) in row[1..].iter().zip(COLUMNS) {
            let standing = standing(observed, kind, expired);
            let name = serde_json::to_value(standing).unwrap();
            let words = name.as_str().unwrap().replace('_', " ");
            let expect = if standing.is_red() {
                format!("**{words}**")
            } else {
                words
            };
            assert_eq!(*shown, expect, "{observed:?} {kind:?} {expired}");
        }
    }
}

#[rstest]
#[case(Standing::Confirmed, false)]
#[case(Standing::Borne, false)]
#[case(Standing::NotAsked, false)]
#[case(Standing::NotJudged, false)]
#[case(Standing::Passes, true)]
#[case(Standing::OtherReason, true)]
#[case(Standing::MatchesNothing, true)]
#[case(Standing::NotApplicable, true)]
#[case(Standing::Unknown, true)]
#[case(Standing::Expired, true)]
fn what_is_red(#[case] standing: Standing, #[case] expect: bool) {
    assert_eq!(standing.is_red(), expect);
}

#[test]
fn every_standing_has_words_of_its_own() {
    let all = Observed::ALL.into_iter().flat_map(|observed| {
        COLUMNS.map(|(kind, expired)| standing(observed, kind, expired).words())
    });
    let words: std::collections::BTreeSet<&str> = all.collect();
    let expect = [
        "could not be judged",
        "expired",
        "fails as listed",
        "fails for another reason",
        "flaky, borne",
        "is no check of this suite",
        "is not applicable",
        "matches nothing",
        "not asked for in this run",
        "passes",
    ];
    assert!(words.iter().eq(&expect), "{words:?}");
}
