//! Messages on the wire.

use super::*;
use serde_json::json;

fn check(line: Value, expect: Message) {
    assert_eq!(
        serde_json::from_value::<Message>(line.clone()).unwrap(),
        expect
    );
    assert_eq!(serde_json::to_value(expect).unwrap(), line);
}

#[test]
fn messages_are_told_apart() {
    check(
        json!({"id": 3, "ok": {"stopped": true}}),
        Message::Done {
            id: 3,
            ok: json!({"stopped": true}),
        },
    );
    let error = Refusal {
        kind: "handshake.blank".into(),
        message: "m".into(),
        ..Refusal::default()
    };
    let detail = json!({"stderr_tail": []});
    check(
        json!({"id": 4, "error": {"kind": "handshake.blank", "message": "m", "detail": detail}}),
        Message::Failed { id: 4, error },
    );
    let fields = json!({"at_ms": 1.5, "pid": 7}).as_object().unwrap().clone();
    check(
        json!({"event": "spawned", "plugin": "a.b", "at_ms": 1.5, "pid": 7}),
        Message::Event(Event {
            event: "spawned".into(),
            plugin: "a.b".into(),
            fields,
        }),
    );
}

#[test]
fn orders_read_as_they_are_written() {
    let order = Order::Hook {
        plugin: "a.b".into(),
        hook: "OnActivate".into(),
        request: json!({}),
    };
    let request = Request { id: 1, order };
    let line = json!({"id": 1, "do": "hook", "plugin": "a.b", "hook": "OnActivate", "request": {}});
    assert_eq!(serde_json::to_value(&request).unwrap(), line);
    assert_eq!(serde_json::from_value::<Request>(line).unwrap(), request);
    let shutdown: Request = serde_json::from_value(json!({"id": 2, "do": "shutdown"})).unwrap();
    assert_eq!(shutdown.order, Order::Shutdown {});
}

#[test]
fn every_order_has_its_word_in_the_list() {
    let unknown = serde_json::from_value::<Request>(json!({"id": 1, "do": "dance"}));
    let known = unknown.unwrap_err().to_string();
    let known: Vec<&str> = known.split('`').skip(3).step_by(2).collect();
    assert_eq!(known, Order::WORDS);
}
