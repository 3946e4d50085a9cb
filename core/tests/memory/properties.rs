//! Properties: groups, fields, values.

use serde_json::{Value, json};

use crate::world::World;

const PLAIN: &str = "plugin.api.error.app_error";

#[test]
fn property_fields() {
    let w = World::new();
    let group = w.ok("RegisterPropertyGroup", json!({"name": "g"}))["group"]["id"].clone();
    w.answers(
        "RegisterPropertyGroup",
        json!({"name": "g"}),
        json!({"group": {"id": group}}),
    );
    w.answers(
        "GetPropertyGroup",
        json!({"name": "g"}),
        json!({"group": {"id": group}}),
    );
    w.refuses("GetPropertyGroup", json!({"name": "h"}), PLAIN, 500);
    w.refuses("RegisterPropertyGroup", json!({}), PLAIN, 500);
    let field = |change: Value| {
        let mut field = json!({"group_id": group, "name": "n", "type": "text"});
        for (key, value) in change.as_object().unwrap() {
            field[key] = value.clone();
        }
        json!({ "field": field })
    };
    let made = w.ok("CreatePropertyField", field(json!({"attrs": {"a": 1}})))["field"].clone();
    let invalid = "model.property_field.is_valid.app_error";
    for change in [
        json!({"group_id": "x"}),
        json!({"name": ""}),
        json!({"name": "x".repeat(256)}),
        json!({"type": "other"}),
        json!({"target_id": "x".repeat(256)}),
    ] {
        w.refuses("CreatePropertyField", field(change), invalid, 400);
    }
    w.refuses("CreatePropertyField", field(json!({})), PLAIN, 500);
    w.refuses("CreatePropertyField", field(json!({"id": "x"})), PLAIN, 500);
    let other = w.ok(
        "CreatePropertyField",
        field(json!({"target_id": "t", "target_type": "post"})),
    )["field"]
        .clone();
    let get = |id: &Value, group: &Value| json!({"field_id": id, "group_id": group});
    w.answers(
        "GetPropertyField",
        get(&made["id"], &json!("")),
        json!({ "field": made }),
    );
    w.refuses(
        "GetPropertyField",
        get(&made["id"], &json!("x")),
        PLAIN,
        500,
    );
    let many = |ids: Value| json!({"group_id": group, "ids": ids});
    assert_eq!(
        w.ok("GetPropertyFields", many(json!([made["id"], other["id"]])))["fields"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    w.refuses(
        "GetPropertyFields",
        many(json!([made["id"], made["id"]])),
        PLAIN,
        500,
    );
    w.answers("GetPropertyFields", many(json!([])), json!({"fields": []}));
    w.answers(
        "GetPropertyFieldByName",
        json!({"group_id": group, "target_id": "t", "name": "n"}),
        json!({"field": {"id": other["id"]}}),
    );
    w.refuses(
        "GetPropertyFieldByName",
        json!({"group_id": group, "name": "x"}),
        PLAIN,
        500,
    );
    let mut changed = made.clone();
    changed["name"] = json!("m");
    changed["create_at"] = json!(1);
    w.answers(
        "UpdatePropertyField",
        json!({"group_id": group, "field": changed}),
        json!({"field": {"name": "m", "create_at": made["create_at"]}}),
    );
    w.answers(
        "GetPropertyField",
        get(&made["id"], &group),
        json!({"field": {"name": "m", "create_at": made["create_at"]}}),
    );
    changed["create_at"] = json!(0);
    w.refuses(
        "UpdatePropertyField",
        json!({"group_id": group, "field": changed}),
        invalid,
        400,
    );
    w.answers("UpdatePropertyFields", json!({}), json!({"fields": []}));
    w.refuses(
        "UpdatePropertyFields",
        json!({"fields": [other, {"id": "unknown"}]}),
        PLAIN,
        500,
    );
    let search = |options: Value| json!({"group_id": group, "opts": options});
    w.refuses("SearchPropertyFields", search(json!({})), PLAIN, 500);
    w.answers(
        "SearchPropertyFields",
        search(json!({"per_page": 9})),
        json!({"fields": [{"id": made["id"]}, {"id": other["id"]}]}),
    );
    w.answers(
        "SearchPropertyFields",
        search(json!({"per_page": 1, "page": 1})),
        json!({"fields": [{"id": other["id"]}]}),
    );
    w.answers(
        "CountPropertyFields",
        json!({ "group_id": group }),
        json!({"count": 2}),
    );
    w.answers(
        "CountPropertyFieldsForTarget",
        json!({"group_id": group, "target_type": "post", "target_id": "t"}),
        json!({"count": 1}),
    );
    w.ok("DeletePropertyField", get(&other["id"], &group));
    w.ok("DeletePropertyField", get(&other["id"], &group));
    w.refuses(
        "DeletePropertyField",
        get(&json!("unknown"), &group),
        PLAIN,
        500,
    );
    w.answers(
        "CountPropertyFields",
        json!({ "group_id": group }),
        json!({"count": 1}),
    );
    w.answers(
        "CountPropertyFields",
        json!({"group_id": group, "include_deleted": true}),
        json!({"count": 2}),
    );
    w.ok("GetPropertyField", get(&other["id"], &group));
    w.refuses(
        "GetPropertyFieldByName",
        json!({"group_id": group, "target_id": "t", "name": "n"}),
        PLAIN,
        500,
    );
    w.answers(
        "SearchPropertyFields",
        search(json!({"per_page": 9, "target_id": "t", "include_deleted": true})),
        json!({"fields": [{"id": other["id"]}]}),
    );
}

#[test]
fn property_values() {
    let w = World::new();
    let id = |letter: &str| letter.repeat(26);
    let value = |change: Value| {
        let mut value = json!({"group_id": id("g"), "field_id": id("f"), "target_id": id("t"), "target_type": "post", "value": {"a": [1]}});
        for (key, given) in change.as_object().unwrap() {
            value[key] = given.clone();
        }
        json!({ "value": value })
    };
    let made = w.answers(
        "CreatePropertyValue",
        value(json!({"create_at": 5})),
        json!({"value": {"create_at": 5, "update_at": 5, "value": {"a": [1]}}}),
    )["value"]
        .clone();
    w.refuses("CreatePropertyValue", value(json!({})), PLAIN, 500);
    w.refuses("CreatePropertyValue", value(json!({"id": "x"})), PLAIN, 500);
    let invalid = "model.property_value.is_valid.app_error";
    for change in [
        json!({"group_id": "x"}),
        json!({"field_id": ""}),
        json!({"target_id": ""}),
        json!({"target_type": ""}),
    ] {
        w.refuses("CreatePropertyValue", value(change.clone()), invalid, 400);
        w.refuses("UpsertPropertyValue", value(change), invalid, 400);
    }
    w.answers(
        "UpsertPropertyValue",
        value(json!({"value": 2})),
        json!({"value": {"id": made["id"], "create_at": 5, "value": 2}}),
    );
    let other = w.answers(
        "UpsertPropertyValues",
        json!({"values": [value(json!({"field_id": id("h")}))["value"]]}),
        json!({"values": [{}]}),
    )["values"][0]
        .clone();
    assert_ne!(other["id"], made["id"]);
    let get = |value: &Value, group: &str| json!({"value_id": value["id"], "group_id": group});
    w.answers(
        "GetPropertyValue",
        get(&made, &id("g")),
        json!({"value": {"value": 2}}),
    );
    w.refuses("GetPropertyValue", get(&made, &id("x")), PLAIN, 500);
    w.refuses(
        "GetPropertyValues",
        json!({"ids": [made["id"], made["id"]]}),
        PLAIN,
        500,
    );
    w.answers("GetPropertyValues", json!({}), json!({"values": []}));
    let mut changed = made.clone();
    changed["value"] = json!("new");
    changed["target_id"] = json!(id("u"));
    w.answers(
        "UpdatePropertyValue",
        json!({ "value": changed }),
        json!({"value": {"value": "new", "target_id": id("t"), "create_at": 5}}),
    );
    w.refuses(
        "UpdatePropertyValues",
        json!({"values": [changed, {"id": "unknown"}]}),
        PLAIN,
        500,
    );
    let search = |options: Value| json!({"group_id": id("g"), "opts": options});
    w.refuses("SearchPropertyValues", search(json!({})), PLAIN, 500);
    w.answers(
        "SearchPropertyValues",
        search(json!({"per_page": 9})),
        json!({"values": [{"id": made["id"]}, {"id": other["id"]}]}),
    );
    w.answers(
        "SearchPropertyValues",
        search(json!({"per_page": 9, "field_id": id("h")})),
        json!({"values": [{"id": other["id"]}]}),
    );
    w.ok("DeletePropertyValue", get(&made, ""));
    w.ok("DeletePropertyValue", get(&made, ""));
    w.refuses(
        "DeletePropertyValue",
        json!({"value_id": "unknown"}),
        PLAIN,
        500,
    );
    w.ok("GetPropertyValue", get(&made, ""));
    w.answers(
        "SearchPropertyValues",
        search(json!({"per_page": 9})),
        json!({"values": [{"id": other["id"]}]}),
    );
    w.ok("CreatePropertyValue", value(json!({})));
    w.ok("DeletePropertyValuesForField", json!({"field_id": id("h")}));
    w.ok(
        "DeletePropertyValuesForField",
        json!({"field_id": "unknown"}),
    );
    w.ok("GetPropertyValue", get(&other, ""));
    w.refuses(
        "DeletePropertyValuesForTarget",
        json!({"target_type": "post"}),
        PLAIN,
        500,
    );
    w.ok(
        "DeletePropertyValuesForTarget",
        json!({"target_type": "post", "target_id": id("t")}),
    );
    w.refuses("GetPropertyValue", get(&other, ""), PLAIN, 500);
}
