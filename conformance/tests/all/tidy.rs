//! The shape of the code base: arrows between crates, layers inside this one, headers, and the register joined with scenarios and mutants.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use plugin_conformance::cli::coverage::coverage_of;
use plugin_conformance::requirement::catalogue::Catalogue;
use plugin_conformance::requirement::retired::{Retired, retired};
use plugin_conformance::requirement::set::{Released, digest, released};
use plugin_conformance::suite::Suite;
use plugin_conformance::verdict::Reason;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn suite() -> Suite<'static> {
    Suite::of_this_binary(Catalogue::embedded().unwrap())
}

/// All Rust files below a folder of the project.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

const CRATES: [&str; 4] = ["proto", "core", "fake-interpreters", "conformance"];

fn project_files() -> Vec<PathBuf> {
    let folders = ["src", "tests", "benches", "examples", "build"];
    let all = CRATES
        .iter()
        .flat_map(|name| folders.map(|folder| root().join(name).join(folder)));
    all.flat_map(|folder| rust_files(&folder)).collect()
}

#[test]
fn arrows_between_crates_point_down() {
    let may_use = |name: &str| -> &[&str] {
        match name {
            "proto" => &[],
            "core" | "fake-interpreters" => &["plugin-proto"],
            _ => &["plugin-proto", "plugin-host", "fake-interpreters"],
        }
    };
    for name in CRATES {
        let text = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let used = manifest["dependencies"].as_table().unwrap().keys();
        let ours = used.filter(|used| {
            ["plugin-proto", "plugin-host", "fake-interpreters"].contains(&used.as_str())
        });
        for used in ours {
            assert!(may_use(name).contains(&used.as_str()), "{name} uses {used}");
        }
    }
}

/// The modules of this crate in the order of `lib.rs`.
fn layers() -> Vec<String> {
    let text = fs::read_to_string(root().join("conformance/src/lib.rs")).unwrap();
    let name = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    text.lines().filter_map(name).collect()
}

#[test]
fn a_module_uses_only_those_above_it_in_the_list() {
    let layers = layers();
    let source = root().join("conformance/src");
    let rank = |module: &str| layers.iter().position(|layer| layer == module);
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        let first = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy();
        let Some(own) = rank(first.trim_end_matches(".rs")) else {
            continue;
        };
        if relative.ends_with("tests.rs") {
            continue;
        }
        for part in fs::read_to_string(&file).unwrap().split("crate::").skip(1) {
            let module: String = part
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            if rank(&module).is_some_and(|other| other > own) {
                wrong.push(format!("{} uses {module}", relative.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_file_begins_with_what_it_is() {
    let bare = |path: &PathBuf| !fs::read_to_string(path).unwrap().starts_with("//! ");
    let bare: Vec<PathBuf> = project_files().into_iter().filter(bare).collect();
    assert_eq!(bare, Vec::<PathBuf>::new());
}

#[test]
fn files_are_named_by_nouns_and_small_enough_to_read() {
    let mut wrong = Vec::new();
    for path in project_files() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let in_tests = path.components().any(|part| part.as_os_str() == "tests");
        if ["mod", "imp", "util", "utils", "common", "helpers"].contains(&name.as_str()) {
            wrong.push(format!("{} has a name that says nothing", path.display()));
        }
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > if in_tests { 700 } else { 500 } {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn names_of_scenarios_and_mutants_are_used_once() {
    let suite = suite();
    let mut seen = BTreeSet::new();
    let scenarios = suite.scenarios.iter().map(|scenario| scenario.name);
    for name in scenarios.chain(suite.mutants.iter().map(|mutant| mutant.name)) {
        assert!(seen.insert(name), "{name} is used twice");
    }
}

#[test]
fn every_table_of_scenarios_is_part_of_the_suite() {
    let suite = suite();
    let mut missing = Vec::new();
    for file in rust_files(&root().join("conformance/src/scenarios")) {
        let text = fs::read_to_string(&file).unwrap();
        let names = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => "));
        for (name, _) in names.filter(|(name, _)| name.contains('/')) {
            if !suite.scenarios.iter().any(|scenario| scenario.name == name) {
                missing.push(name.to_owned());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn scenarios_and_mutants_name_requirements_of_their_own_side() {
    let suite = suite();
    let rows = suite.scenarios.iter().flat_map(|scenario| {
        scenario
            .requirements
            .iter()
            .map(move |id| (scenario.name, scenario.side, *id))
    });
    let mutants = suite
        .mutants
        .iter()
        .map(|mutant| (mutant.name, mutant.side, mutant.breaks));
    for (name, side, id) in rows.chain(mutants) {
        let requirement = suite.catalogue.get(id);
        let requirement = requirement
            .unwrap_or_else(|| panic!("{name} names {id}, which is not in the register"));
        assert_eq!(requirement.side, side, "{name} names {id}");
    }
}

#[test]
fn retired_ids_are_not_used_again_and_name_what_asks_for_the_same() {
    let suite = suite();
    let mut seen = BTreeSet::new();
    for Retired { id, by, .. } in retired().unwrap() {
        assert!(suite.catalogue.get(&id).is_none(), "{id} is used again");
        assert!(suite.catalogue.get(&by).is_some(), "{id} names {by}");
        assert!(seen.insert(id.clone()), "{id} is retired twice");
    }
}

#[test]
fn a_released_set_stays_what_it_was() {
    let retired = retired().unwrap();
    let released = released().unwrap();
    assert!(!released.is_empty());
    for Released {
        name,
        requirements,
        digest: known,
    } in released
    {
        let found = digest(&name, suite().catalogue, &retired);
        assert_eq!(
            found,
            (requirements, known),
            "the set {name} is released and stays as it is: a new requirement says a later `since`, one that is given up stands in retired.toml, \
             and side and level stay; `git log conformance/sets.toml` shows when it was released"
        );
    }
}

#[test]
fn reasons_of_mutants_are_well_formed() {
    for mutant in suite().mutants {
        assert!(
            Reason::is_well_formed(mutant.reason),
            "{}: {:?}",
            mutant.name,
            mutant.reason
        );
    }
}

#[test]
fn every_must_has_a_check_and_every_check_a_mutant() {
    let suite = suite();
    let coverage = coverage_of(&suite);
    let ids =
        |wanted: fn(&plugin_conformance::requirement::coverage::Row<'_>) -> bool| -> Vec<String> {
            coverage
                .rows
                .iter()
                .filter(|row| wanted(row))
                .map(|row| row.requirement.id.to_string())
                .collect()
        };
    assert_eq!(
        ids(|row| row.is_uncovered_must()),
        Vec::<String>::new(),
        "MUST without a check"
    );
    assert_eq!(
        ids(|row| row.is_unproven()),
        Vec::<String>::new(),
        "checks without a mutant"
    );
}

#[test]
fn the_page_for_authors_shows_where_the_suite_puts_its_orders() {
    let page = fs::read_to_string(root().join("conformance/TESTEE.md")).unwrap();
    let table = page.split("| hook | order in |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut shown = BTreeSet::new();
    for row in rows {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        if columns[1] == "all others" {
            continue;
        }
        let place = columns[2].split('`').nth(1).unwrap();
        shown.extend(columns[1].split(", ").map(|hook| (hook, place)));
    }
    let places: BTreeSet<(&str, &str)> = fake_interpreters::testee::place::PLACES
        .iter()
        .copied()
        .collect();
    assert_eq!(shown, places);
}
