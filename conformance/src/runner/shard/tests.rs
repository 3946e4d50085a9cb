//! Shards are the whole, each case once, and of one size.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case("1/1", Some((1, 1)))]
#[case("2/4", Some((2, 4)))]
#[case("0/4", None)]
#[case("5/4", None)]
#[case("1/0", None)]
#[case("1", None)]
#[case("1/2/3", None)]
#[case("a/b", None)]
fn words(#[case] text: &str, #[case] expect: Option<(usize, usize)>) {
    let got = Shard::parse(text);
    assert_eq!(got.map(|shard| (shard.number, shard.of)), expect);
    if let Some(shard) = got {
        assert_eq!(shard.to_string(), text);
    }
}

fn names() -> impl Strategy<Value = BTreeSet<CaseName>> {
    let name = ("[a-c]{1,2}", "[a-z]{1,3}/[a-z]{1,3}", 0usize..3);
    let name = name.prop_map(|(subject, scenario, repeat)| CaseName {
        subject,
        scenario,
        repeat,
    });
    proptest::collection::btree_set(name, 0..60)
}

proptest! {
    #[test]
    fn every_case_is_in_exactly_one_shard_and_shards_are_of_one_size(names in names(), of in 1usize..9) {
        let list: Vec<CaseName> = names.iter().cloned().collect();
        let shards: Vec<BTreeSet<CaseName>> =
            (1..=of).map(|number| Shard { number, of }.deal(&list)).collect();
        let sizes = shards.iter().map(BTreeSet::len);
        let (least, most) = (sizes.clone().min().unwrap(), sizes.clone().max().unwrap());
        prop_assert!(most - least <= 1);
        prop_assert_eq!(sizes.sum::<usize>(), names.len());
        let union: BTreeSet<CaseName> = shards.into_iter().flatten().collect();
        prop_assert_eq!(union, names);
    }

    #[test]
    fn the_order_of_a_plan_does_not_matter(names in names(), of in 1usize..5, number in 1usize..5) {
        prop_assume!(number <= of);
        let list: Vec<CaseName> = names.iter().cloned().collect();
        let reversed: Vec<CaseName> = list.iter().rev().cloned().collect();
        let shard = Shard { number, of };
        prop_assert_eq!(shard.deal(&list), shard.deal(&reversed));
    }
}
