//! Smoke is part of core, and core of full; and the data name what there is.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::requirement::Side;
use crate::scenario::Scenario;
use crate::scenarios;

fn of(tier: Tier, scenarios: &[Scenario]) -> BTreeSet<&'static str> {
    let tiers = Tiers::embedded().unwrap();
    let has = |scenario: &&Scenario| tiers.has(tier, scenario.name);
    let has = scenarios.iter().filter(has);
    has.map(|scenario| scenario.name).collect()
}

#[test]
fn smoke_is_part_of_core_and_core_of_full() {
    let all = scenarios::all();
    let [smoke, core, full] = Tier::ALL.map(|tier| of(tier, &all));
    assert!(smoke.is_subset(&core) && smoke.len() < core.len());
    assert!(core.is_subset(&full) && core.len() < full.len());
    assert_eq!(full.len(), all.len());
}

#[test]
fn every_tier_judges_hosts_and_plugins_and_has_their_readiness() {
    let all = scenarios::all();
    for tier in Tier::ALL {
        let names = of(tier, &all);
        for side in [Side::Host, Side::Plugin] {
            let own = all.iter().filter(|scenario| scenario.side == side);
            let own = own.filter(|scenario| names.contains(scenario.name));
            assert!(own.count() > 3, "{tier} {side}");
        }
        let ready = all.iter().find(|scenario| scenario.readiness).unwrap();
        assert!(names.contains(ready.name), "{tier}");
    }
}

#[test]
fn every_glob_names_something_and_core_names_nothing_again() {
    let Tiers { smoke, core } = Tiers::embedded().unwrap();
    let all = scenarios::all();
    for pattern in smoke.iter().chain(&core) {
        assert!(all.iter().any(|row| glob(pattern, row.name)), "{pattern}");
    }
    let again: Vec<&String> = core
        .iter()
        .filter(|pattern| smoke.contains(pattern))
        .collect();
    assert_eq!(again, Vec::<&String>::new());
}

#[test]
fn names_are_read_back() {
    for tier in Tier::ALL {
        assert_eq!(Tier::named(tier.as_str()), Some(tier));
    }
    assert_eq!(Tier::named("none"), None);
}

proptest! {
    #[test]
    fn a_greater_tier_has_what_a_smaller_one_has(
        smoke in proptest::collection::vec("[a-c*]{1,3}", 0..4),
        core in proptest::collection::vec("[a-c*]{1,3}", 0..4),
        name in "[a-c]{1,4}",
    ) {
        let tiers = Tiers { smoke, core };
        for pair in Tier::ALL.windows(2) {
            prop_assert!(!tiers.has(pair[0], &name) || tiers.has(pair[1], &name));
        }
    }
}
