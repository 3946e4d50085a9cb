//! Properties: groups, fields, values.

use serde_json::{Value, json};

use super::story::{Story, UNKNOWN, each, with};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Properties: groups, fields, values.
    "host/api/properties" => properties: ["AP-257", "AP-258"];
}

async fn properties(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-257", "wrong-field");
    let group = story
        .did("RegisterPropertyGroup", json!({"name": "g"}))
        .await?["group"]["id"]
        .clone();
    rule.answers(
        "RegisterPropertyGroup",
        json!({"name": "g"}),
        json!({"group": {"id": group}}),
    )
    .await?;
    rule.refuses_somehow("GetPropertyGroup", json!({"name": "none"}))
        .await?;
    let given = |rest: Value| json!({"field": with(json!({"group_id": group, "name": "n", "type": "text"}), rest)});
    let made = rule
        .answers(
            "CreatePropertyField",
            given(json!({"attrs": {"a": 1}})),
            json!({"field": {"name": "n", "attrs": {"a": 1}}}),
        )
        .await?;
    let id = made["field"]["id"].clone();
    let invalid = ("model.property_field.is_valid.app_error", 400);
    for wrong in [
        json!({"group_id": "x"}),
        json!({"name": ""}),
        json!({"name": "x".repeat(256)}),
        json!({"type": "other"}),
    ] {
        rule.refuses("CreatePropertyField", given(wrong), invalid)
            .await?;
    }
    rule.refuses_somehow("CreatePropertyField", given(json!({})))
        .await?;
    let other = rule
        .answers(
            "CreatePropertyField",
            given(json!({"target_id": "t", "target_type": "post"})),
            json!({}),
        )
        .await?;
    let other = other["field"]["id"].clone();
    let many = |ids: Value| json!({"group_id": group, "ids": ids});
    rule.refuses_somehow("GetPropertyFields", many(json!([id, id])))
        .await?;
    rule.answers("GetPropertyFields", many(json!([])), json!({"fields": []}))
        .await?;
    let search = |options: Value| json!({"group_id": group, "opts": options});
    rule.refuses_somehow("SearchPropertyFields", search(json!({})))
        .await?;
    let found = rule
        .answers(
            "SearchPropertyFields",
            search(json!({"per_page": 9})),
            json!({}),
        )
        .await?;
    rule.same(
        "SearchPropertyFields",
        "fields, the oldest first",
        &json!([id, other]),
        &each(&found["fields"], "id"),
    );
    let one = |id: &Value| json!({"group_id": group, "field_id": id});
    for _ in 0..2 {
        rule.answers("DeletePropertyField", one(&other), json!({}))
            .await?;
    }
    rule.refuses_somehow("DeletePropertyField", one(&json!(UNKNOWN)))
        .await?;
    rule.answers(
        "CountPropertyFields",
        json!({ "group_id": group }),
        json!({"count": 1}),
    )
    .await?;
    rule.answers(
        "CountPropertyFields",
        json!({"group_id": group, "include_deleted": true}),
        json!({"count": 2}),
    )
    .await?;
    let gone = rule
        .answers("GetPropertyField", one(&other), json!({}))
        .await?;
    rule.holds(
        "GetPropertyField",
        gone["field"]["delete_at"].as_i64() > Some(0),
        "a deleted field is found, with delete_at",
        gone.to_string(),
    );
    let by_name = json!({"group_id": group, "target_id": "t", "name": "n"});
    rule.refuses_somehow("GetPropertyFieldByName", by_name)
        .await?;

    let rule = story.rule("AP-258", "wrong-value");
    let target = "t".repeat(26);
    let given = |rest: Value| json!({"value": with(json!({"group_id": group, "field_id": id, "target_id": target, "target_type": "post", "value": {"a": [1]}}), rest)});
    let made = rule
        .answers(
            "CreatePropertyValue",
            given(json!({"create_at": 5})),
            json!({"value": {"create_at": 5, "update_at": 5, "value": {"a": [1]}}}),
        )
        .await?;
    let value = made["value"]["id"].clone();
    rule.refuses_somehow("CreatePropertyValue", given(json!({})))
        .await?;
    rule.refuses(
        "UpsertPropertyValue",
        given(json!({"target_type": ""})),
        ("model.property_value.is_valid.app_error", 400),
    )
    .await?;
    rule.answers(
        "UpsertPropertyValue",
        given(json!({"value": "new"})),
        json!({"value": {"id": value, "create_at": 5, "value": "new"}}),
    )
    .await?;
    let get = |group: &Value| json!({"group_id": group, "value_id": value});
    rule.answers(
        "GetPropertyValue",
        get(&group),
        json!({"value": {"value": "new"}}),
    )
    .await?;
    rule.refuses_somehow("GetPropertyValue", get(&json!(UNKNOWN)))
        .await?;
    rule.refuses_somehow("SearchPropertyValues", search(json!({})))
        .await?;
    let found = rule
        .answers(
            "SearchPropertyValues",
            search(json!({"per_page": 9})),
            json!({}),
        )
        .await?;
    rule.same(
        "SearchPropertyValues",
        "values",
        &json!([value]),
        &each(&found["values"], "id"),
    );
    story.did("DeletePropertyValue", get(&group)).await?;
    rule.answers(
        "SearchPropertyValues",
        search(json!({"per_page": 9})),
        json!({"values": []}),
    )
    .await?;
    let of = json!({"group_id": group, "target_type": "post", "target_id": target});
    rule.answers("DeletePropertyValuesForTarget", of, json!({}))
        .await?;
    rule.refuses_somehow("GetPropertyValue", get(&group))
        .await?;
    rule.refuses_somehow(
        "DeletePropertyValuesForTarget",
        json!({"target_type": "post"}),
    )
    .await?;
    story.end().await
}
