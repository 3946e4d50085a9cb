//! conformance/HOST.md and the driver protocol say the same: every order, every answer and every field of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plugin_conformance::driver::protocol::environment::{Configured, Plugins, Removed, Scanned};
use plugin_conformance::driver::protocol::hello::{EVENTS, Feature, Hello, MINIMAL, SETTINGS};
use plugin_conformance::driver::protocol::hooks::{Cancelled, FannedOut, Metrics};
use plugin_conformance::driver::protocol::http::{FrontClosed, FrontOpened, Http};
use plugin_conformance::driver::protocol::{
    Activated, Called, Ended, Health, Message, Order, Request, Status, Stopped, TIMING,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("HOST.md")).unwrap()
}

/// The lines of the example that begin with this arrow.
fn examples(page: &str, arrow: &str) -> Vec<Value> {
    let lines = page.lines().filter_map(|line| line.strip_prefix(arrow));
    let examples: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!examples.is_empty());
    examples
}

/// What is left of a value when it was read as this type: unknown fields are gone, and those that are always there have come.
fn read<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(value.clone()).unwrap()).unwrap()
}

/// The answer of an order, read as what that order answers. A new order does not compile here before it has a row.
fn answer(order: &Order, ok: &Value) -> Value {
    match order {
        Order::Hello {} => read::<Hello>(ok),
        Order::Configure(_) | Order::Supervise { .. } => read::<BTreeMap<String, ()>>(ok),
        Order::Activate { .. } | Order::Restart { .. } | Order::ActivateId { .. } => {
            read::<Activated>(ok)
        }
        Order::Hook { .. } => read::<Called>(ok),
        Order::Http(_) => read::<Http>(ok),
        Order::Front(_) => read::<FrontOpened>(ok),
        Order::CloseFront { .. } => read::<FrontClosed>(ok),
        Order::Health { .. } => read::<Health>(ok),
        Order::Status { .. } => read::<Status>(ok),
        Order::WaitExit { .. } => read::<Ended>(ok),
        Order::Deactivate { .. } => read::<Stopped>(ok),
        Order::Scan { .. } => read::<Scanned>(ok),
        Order::Plugins {} => read::<Plugins>(ok),
        Order::Remove { .. } => read::<Removed>(ok),
        Order::ConfigurationChanged {} => read::<Configured>(ok),
        Order::Ask { .. } | Order::FanOut { .. } => read::<FannedOut>(ok),
        Order::Cancel { .. } => read::<Cancelled>(ok),
        Order::Metrics {} => read::<Metrics>(ok),
        Order::Shutdown {} => ok.clone(),
    }
}

/// Sets are written sorted, whatever the order in the example.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(all) if all.iter().all(Value::is_string) => {
            let mut all = all.clone();
            all.sort_by_key(ToString::to_string);
            all.into()
        }
        Value::Array(all) => all.iter().map(sorted).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(name, value)| (name.clone(), sorted(value)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn every_order_and_answer_of_the_page_is_one_of_the_protocol_and_whole() {
    let page = page();
    let mut orders = BTreeMap::new();
    let mut shown = BTreeSet::new();
    for line in examples(&page, "→ ") {
        let id = line["id"].as_u64().unwrap();
        match serde_json::from_value::<Request>(line.clone()) {
            Ok(request) => {
                assert_eq!(
                    sorted(&serde_json::to_value(&request).unwrap()),
                    sorted(&line)
                );
                shown.insert(request.order.word());
                orders.insert(id, request.order);
            }
            Err(error) => assert_eq!(line["do"], "dance", "{line}: {error}"),
        }
    }
    assert_eq!(shown, Order::WORDS.into());
    let mut answered = BTreeSet::new();
    for line in examples(&page, "← ") {
        match serde_json::from_value::<Message>(line.clone()).unwrap() {
            Message::Done { id, ok } => {
                let order = &orders[&id];
                assert_eq!(sorted(&answer(order, &ok)), sorted(&ok), "{line}");
                answered.insert(order.word());
            }
            Message::Failed { error, .. } => {
                // What is not known may be left out; what is said has to be known.
                let mut known = serde_json::to_value(error).unwrap();
                let said = &line["error"];
                if said.get("detail").is_none() {
                    known.as_object_mut().unwrap().remove("detail");
                }
                assert_eq!(&known, said);
            }
            Message::Event(event) => assert!(EVENTS.contains(&event.event.as_str()), "{line}"),
        }
    }
    assert_eq!(answered, Order::WORDS.into());
}

#[test]
fn the_answers_of_every_kind_are_on_the_page() {
    let page = page();
    let answers = examples(&page, "← ");
    let outcomes: BTreeSet<&str> = answers
        .iter()
        .filter_map(|line| line["ok"]["outcome"].as_str())
        .collect();
    assert_eq!(
        outcomes,
        ["answered", "failed", "not_implemented", "refused"].into()
    );
    assert!(
        answers
            .iter()
            .any(|line| line["error"]["kind"] == "unsupported")
    );
    assert!(answers.contains(&json!({"id": 2, "ok": {}})));
}

#[test]
fn every_claim_is_on_the_page() {
    let page = page();
    let words = TIMING.iter().chain(&SETTINGS).chain(&EVENTS);
    let features = Feature::ALL.map(Feature::word);
    for word in words.chain(&features) {
        let is_word = |candidate: &str| candidate == *word;
        let mut candidates =
            page.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        assert!(candidates.any(is_word), "{word}");
    }
    for order in Order::WORDS {
        let claim = if MINIMAL.contains(&order) {
            "least"
        } else {
            "`orders`"
        };
        let row = page.lines().find(|line| {
            line.starts_with("| `")
                && line
                    .split('|')
                    .nth(1)
                    .unwrap()
                    .contains(&format!("`{order}`"))
        });
        let row = row.unwrap_or_else(|| panic!("{order} has no row"));
        assert_eq!(row.split('|').nth(2).unwrap().trim(), claim, "{row}");
    }
}
