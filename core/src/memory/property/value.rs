//! Values of properties.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreatePropertyValueRequest, CreatePropertyValueResponse, DeletePropertyValueRequest,
    DeletePropertyValueResponse, DeletePropertyValuesForFieldRequest,
    DeletePropertyValuesForFieldResponse, DeletePropertyValuesForTargetRequest,
    DeletePropertyValuesForTargetResponse, GetPropertyValueRequest, GetPropertyValueResponse,
    GetPropertyValuesRequest, GetPropertyValuesResponse, PropertyValue,
    SearchPropertyValuesRequest, SearchPropertyValuesResponse, UpdatePropertyValueRequest,
    UpdatePropertyValueResponse, UpdatePropertyValuesRequest, UpdatePropertyValuesResponse,
    UpsertPropertyValueRequest, UpsertPropertyValueResponse, UpsertPropertyValuesRequest,
    UpsertPropertyValuesResponse,
};

use crate::ids::PluginId;
use crate::memory::names::fits;
use crate::memory::property::{allows, broken, page};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

const INVALID: &str = "model.property_value.is_valid.app_error";

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreatePropertyValue => create,
        GetPropertyValue => get,
        GetPropertyValues => list,
        UpdatePropertyValue => update,
        UpdatePropertyValues => update_all,
        UpsertPropertyValue => upsert,
        UpsertPropertyValues => upsert_all,
        DeletePropertyValue => delete,
        DeletePropertyValuesForTarget => delete_for_target,
        DeletePropertyValuesForField => delete_for_field,
        SearchPropertyValues => search,
    );
}

fn check(value: &PropertyValue) -> Result<(), Refusal> {
    let refuse = |name, reason| Err(broken(INVALID, name, reason));
    for (name, id) in [
        ("id", &value.id),
        ("target_id", &value.target_id),
        ("group_id", &value.group_id),
        ("field_id", &value.field_id),
    ] {
        if !fresh::is_id(id) {
            return refuse(name, "invalid id");
        }
    }
    if value.target_type.is_empty() {
        return refuse("target_type", "value cannot be empty");
    }
    if !fits(&value.target_type, 255) {
        return refuse("target_type", "value exceeds maximum length");
    }
    if value.create_at == 0 {
        return refuse("create_at", "value cannot be zero");
    }
    if value.update_at == 0 {
        return refuse("update_at", "value cannot be zero");
    }
    Ok(())
}

/// The live value of that group, target and field: there is one at most.
fn same<'a>(t: &'a Tables, value: &PropertyValue) -> Option<&'a PropertyValue> {
    t.properties.values.values().find(|other| {
        other.delete_at == 0
            && (&other.group_id, &other.target_id, &other.field_id)
                == (&value.group_id, &value.target_id, &value.field_id)
    })
}

fn put(t: &mut Tables, value: &PropertyValue) {
    t.properties.values.put(value.clone());
}

/// A new value; whether there is one already is not asked here.
fn made(t: &mut Tables, given: PropertyValue) -> Result<PropertyValue, Refusal> {
    let mut value = given;
    value.id = t.new_id();
    if value.create_at == 0 {
        value.create_at = t.now();
    }
    value.update_at = value.create_at;
    value.delete_at = 0;
    check(&value)?;
    Ok(value)
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreatePropertyValueRequest,
) -> Result<CreatePropertyValueResponse, Refusal> {
    let value = r.value.unwrap_or_default();
    if !value.id.is_empty() {
        return Err(Refusal::plain("a new property value has no id yet"));
    }
    let value = made(t, value)?;
    if same(t, &value).is_some() {
        return Err(Refusal::plain(
            "the target has a value of that field already",
        ));
    }
    put(t, &value);
    Ok(CreatePropertyValueResponse {
        value: Some(value),
        error: None,
    })
}

/// Deleted ones, too.
fn find<'a>(t: &'a Tables, group: &str, id: &str) -> Result<&'a PropertyValue, Refusal> {
    let found = t
        .properties
        .values
        .get(id)
        .filter(|value| allows(group, &value.group_id));
    found.ok_or_else(|| Refusal::plain(format!("there is no property value {id}")))
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyValueRequest,
) -> Result<GetPropertyValueResponse, Refusal> {
    Ok(GetPropertyValueResponse {
        value: Some(find(t, &r.group_id, &r.value_id)?.clone()),
        error: None,
    })
}

/// All or nothing; one that is asked for twice is missed once.
fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyValuesRequest,
) -> Result<GetPropertyValuesResponse, Refusal> {
    let values = t.properties.values.values();
    let wanted =
        |value: &&PropertyValue| allows(&r.group_id, &value.group_id) && r.ids.contains(&value.id);
    let values: Vec<_> = values.filter(wanted).cloned().collect();
    if values.len() != r.ids.len() {
        let (found, asked) = (values.len(), r.ids.len());
        return Err(Refusal::plain(format!(
            "{found} of {asked} property values were found"
        )));
    }
    Ok(GetPropertyValuesResponse {
        values,
        error: None,
    })
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdatePropertyValueRequest,
) -> Result<UpdatePropertyValueResponse, Refusal> {
    let value = r.value.unwrap_or_default();
    Ok(UpdatePropertyValueResponse {
        value: replace(t, &r.group_id, vec![value])?.pop(),
        error: None,
    })
}

fn update_all(
    t: &mut Tables,
    _: &PluginId,
    r: UpdatePropertyValuesRequest,
) -> Result<UpdatePropertyValuesResponse, Refusal> {
    Ok(UpdatePropertyValuesResponse {
        values: replace(t, &r.group_id, r.values)?,
        error: None,
    })
}

/// All or nothing. Only what the value is, and whether it is deleted, changes; the rest has to be right all the same.
fn replace(
    t: &mut Tables,
    group: &str,
    values: Vec<PropertyValue>,
) -> Result<Vec<PropertyValue>, Refusal> {
    let now = t.now();
    let mut updated = Vec::with_capacity(values.len());
    for given in values {
        let old = find(t, group, &given.id)?.clone();
        let given = PropertyValue {
            update_at: now,
            ..given
        };
        check(&given)?;
        updated.push(PropertyValue {
            value: given.value,
            delete_at: given.delete_at,
            update_at: now,
            ..old
        });
    }
    for value in &updated {
        put(t, value);
    }
    Ok(updated)
}

fn upsert(
    t: &mut Tables,
    _: &PluginId,
    r: UpsertPropertyValueRequest,
) -> Result<UpsertPropertyValueResponse, Refusal> {
    let value = r.value.unwrap_or_default();
    Ok(UpsertPropertyValueResponse {
        value: put_all(t, vec![value])?.pop(),
        error: None,
    })
}

fn upsert_all(
    t: &mut Tables,
    _: &PluginId,
    r: UpsertPropertyValuesRequest,
) -> Result<UpsertPropertyValuesResponse, Refusal> {
    Ok(UpsertPropertyValuesResponse {
        values: put_all(t, r.values)?,
        error: None,
    })
}

/// All or nothing. A value that there is keeps its id and its time of creation.
fn put_all(t: &mut Tables, values: Vec<PropertyValue>) -> Result<Vec<PropertyValue>, Refusal> {
    let now = t.now();
    let mut checked = Vec::with_capacity(values.len());
    for given in values {
        checked.push(made(t, given)?);
    }
    let mut written = Vec::with_capacity(checked.len());
    for value in checked {
        let old = same(t, &value).cloned();
        let value = match old {
            None => value,
            Some(old) => PropertyValue {
                value: value.value,
                update_at: now,
                ..old
            },
        };
        put(t, &value);
        written.push(value);
    }
    Ok(written)
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeletePropertyValueRequest,
) -> Result<DeletePropertyValueResponse, Refusal> {
    find(t, &r.group_id, &r.value_id)?;
    let now = t.now();
    if let Some(value) = t.properties.values.get_mut(&r.value_id) {
        value.delete_at = now;
    }
    Ok(DeletePropertyValueResponse::default())
}

/// For ever.
fn delete_for_target(
    t: &mut Tables,
    _: &PluginId,
    r: DeletePropertyValuesForTargetRequest,
) -> Result<DeletePropertyValuesForTargetResponse, Refusal> {
    if r.target_type.is_empty() || r.target_id.is_empty() {
        return Err(Refusal::plain("a target has a type and an id"));
    }
    t.properties.values.remove_all(|value| {
        allows(&r.group_id, &value.group_id)
            && (&value.target_type, &value.target_id) == (&r.target_type, &r.target_id)
    });
    Ok(DeletePropertyValuesForTargetResponse::default())
}

fn delete_for_field(
    t: &mut Tables,
    _: &PluginId,
    r: DeletePropertyValuesForFieldRequest,
) -> Result<DeletePropertyValuesForFieldResponse, Refusal> {
    let now = t.now();
    delete_of_field(t, &r.group_id, &r.field_id, now);
    Ok(DeletePropertyValuesForFieldResponse::default())
}

/// Deletes the live values of a field.
pub(super) fn delete_of_field(t: &mut Tables, group: &str, field: &str, now: i64) {
    let of_field = t.properties.values.keys_of(|value| {
        value.field_id == field && allows(group, &value.group_id) && value.delete_at == 0
    });
    for id in of_field {
        if let Some(value) = t.properties.values.get_mut(&id) {
            value.delete_at = now;
        }
    }
}

fn search(
    t: &mut Tables,
    _: &PluginId,
    r: SearchPropertyValuesRequest,
) -> Result<SearchPropertyValuesResponse, Refusal> {
    let options = r.opts.unwrap_or_default();
    let page = page(options.page, options.per_page)?;
    let wanted = |value: &&PropertyValue| {
        allows(&r.group_id, &value.group_id)
            && allows(&options.target_type, &value.target_type)
            && allows(&options.target_id, &value.target_id)
            && allows(&options.field_id, &value.field_id)
            && (options.include_deleted || value.delete_at == 0)
    };
    let mut values: Vec<_> = t
        .properties
        .values
        .values()
        .filter(wanted)
        .cloned()
        .collect();
    values.sort_by(|one, other| (one.create_at, &one.id).cmp(&(other.create_at, &other.id)));
    Ok(SearchPropertyValuesResponse {
        values: page.cut(values.into_iter()).collect(),
        error: None,
    })
}
