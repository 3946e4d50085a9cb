//! Fields of properties.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CountPropertyFieldsForTargetRequest, CountPropertyFieldsForTargetResponse,
    CountPropertyFieldsRequest, CountPropertyFieldsResponse, CreatePropertyFieldRequest,
    CreatePropertyFieldResponse, DeletePropertyFieldRequest, DeletePropertyFieldResponse,
    GetPropertyFieldByNameRequest, GetPropertyFieldByNameResponse, GetPropertyFieldRequest,
    GetPropertyFieldResponse, GetPropertyFieldsRequest, GetPropertyFieldsResponse, PropertyField,
    SearchPropertyFieldsRequest, SearchPropertyFieldsResponse, UpdatePropertyFieldRequest,
    UpdatePropertyFieldResponse, UpdatePropertyFieldsRequest, UpdatePropertyFieldsResponse,
};

use crate::ids::PluginId;
use crate::memory::names::fits;
use crate::memory::property::{allows, broken, page};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

const INVALID: &str = "model.property_field.is_valid.app_error";
const TYPES: &[&str] = &["text", "select", "multiselect", "date", "user", "multiuser"];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreatePropertyField => create,
        GetPropertyField => get,
        GetPropertyFields => list,
        GetPropertyFieldByName => by_name,
        UpdatePropertyField => update,
        UpdatePropertyFields => update_all,
        DeletePropertyField => delete,
        SearchPropertyFields => search,
        CountPropertyFields => count,
        CountPropertyFieldsForTarget => count_for_target,
    );
}

fn check(field: &PropertyField) -> Result<(), Refusal> {
    let refuse = |name, reason| Err(broken(INVALID, name, reason));
    if !fresh::is_id(&field.id) {
        return refuse("id", "invalid id");
    }
    if !fresh::is_id(&field.group_id) {
        return refuse("group_id", "invalid id");
    }
    if field.name.is_empty() {
        return refuse("name", "value cannot be empty");
    }
    for (name, value) in [
        ("name", &field.name),
        ("target_type", &field.target_type),
        ("target_id", &field.target_id),
    ] {
        if !fits(value, 255) {
            return refuse(name, "value exceeds maximum length");
        }
    }
    if !TYPES.contains(&field.r#type.as_str()) {
        return refuse("type", "unknown value");
    }
    if field.create_at == 0 {
        return refuse("create_at", "value cannot be zero");
    }
    if field.update_at == 0 {
        return refuse("update_at", "value cannot be zero");
    }
    Ok(())
}

/// Live fields of a group and target have different names.
fn check_unique(t: &Tables, field: &PropertyField) -> Result<(), Refusal> {
    let same = |other: &PropertyField| {
        other.id != field.id
            && other.delete_at == 0
            && (&other.group_id, &other.target_id, &other.name)
                == (&field.group_id, &field.target_id, &field.name)
    };
    match field.delete_at == 0 && t.properties.fields.values().any(same) {
        true => Err(Refusal::plain(format!(
            "there is a property field {} already",
            field.name
        ))),
        false => Ok(()),
    }
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreatePropertyFieldRequest,
) -> Result<CreatePropertyFieldResponse, Refusal> {
    let mut field = r.field.unwrap_or_default();
    if !field.id.is_empty() {
        return Err(Refusal::plain("a new property field has no id yet"));
    }
    field.id = t.new_id();
    field.create_at = t.now();
    field.update_at = field.create_at;
    field.delete_at = 0;
    check(&field)?;
    check_unique(t, &field)?;
    t.properties.fields.put(field.clone());
    Ok(CreatePropertyFieldResponse {
        field: Some(field),
        error: None,
    })
}

/// Deleted ones, too.
fn find<'a>(t: &'a Tables, group: &str, id: &str) -> Result<&'a PropertyField, Refusal> {
    let found = t
        .properties
        .fields
        .get(id)
        .filter(|field| allows(group, &field.group_id));
    found.ok_or_else(|| Refusal::plain(format!("there is no property field {id}")))
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyFieldRequest,
) -> Result<GetPropertyFieldResponse, Refusal> {
    Ok(GetPropertyFieldResponse {
        field: Some(find(t, &r.group_id, &r.field_id)?.clone()),
        error: None,
    })
}

/// All or nothing; one that is asked for twice is missed once.
fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyFieldsRequest,
) -> Result<GetPropertyFieldsResponse, Refusal> {
    let fields = t.properties.fields.values();
    let wanted =
        |field: &&PropertyField| allows(&r.group_id, &field.group_id) && r.ids.contains(&field.id);
    let fields: Vec<_> = fields.filter(wanted).cloned().collect();
    if fields.len() != r.ids.len() {
        let (found, asked) = (fields.len(), r.ids.len());
        return Err(Refusal::plain(format!(
            "{found} of {asked} property fields were found"
        )));
    }
    Ok(GetPropertyFieldsResponse {
        fields,
        error: None,
    })
}

fn by_name(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyFieldByNameRequest,
) -> Result<GetPropertyFieldByNameResponse, Refusal> {
    let wanted = |field: &&PropertyField| {
        field.delete_at == 0
            && (&field.group_id, &field.target_id, &field.name)
                == (&r.group_id, &r.target_id, &r.name)
    };
    let found = t.properties.fields.values().find(wanted);
    let missing = || Refusal::plain(format!("there is no property field {}", r.name));
    Ok(GetPropertyFieldByNameResponse {
        field: Some(found.ok_or_else(missing)?.clone()),
        error: None,
    })
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdatePropertyFieldRequest,
) -> Result<UpdatePropertyFieldResponse, Refusal> {
    let field = r.field.unwrap_or_default();
    Ok(UpdatePropertyFieldResponse {
        field: replace(t, &r.group_id, vec![field])?.pop(),
        error: None,
    })
}

fn update_all(
    t: &mut Tables,
    _: &PluginId,
    r: UpdatePropertyFieldsRequest,
) -> Result<UpdatePropertyFieldsResponse, Refusal> {
    Ok(UpdatePropertyFieldsResponse {
        fields: replace(t, &r.group_id, r.fields)?,
        error: None,
    })
}

/// All or nothing. Group and time of creation are not changed, and yet have to be right.
fn replace(
    t: &mut Tables,
    group: &str,
    fields: Vec<PropertyField>,
) -> Result<Vec<PropertyField>, Refusal> {
    let now = t.now();
    let mut updated = Vec::with_capacity(fields.len());
    for given in fields {
        let old = find(t, group, &given.id)?;
        let field = PropertyField {
            update_at: now,
            ..given
        };
        check(&field)?;
        let field = PropertyField {
            group_id: old.group_id.clone(),
            create_at: old.create_at,
            ..field
        };
        check_unique(t, &field)?;
        updated.push(field);
    }
    for field in &updated {
        t.properties.fields.put(field.clone());
    }
    Ok(updated)
}

/// With a field go its values. Again is no error.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeletePropertyFieldRequest,
) -> Result<DeletePropertyFieldResponse, Refusal> {
    find(t, &r.group_id, &r.field_id)?;
    let now = t.now();
    super::value::delete_of_field(t, "", &r.field_id, now);
    if let Some(field) = t.properties.fields.get_mut(&r.field_id) {
        field.delete_at = now;
    }
    Ok(DeletePropertyFieldResponse::default())
}

fn search(
    t: &mut Tables,
    _: &PluginId,
    r: SearchPropertyFieldsRequest,
) -> Result<SearchPropertyFieldsResponse, Refusal> {
    let options = r.opts.unwrap_or_default();
    let page = page(options.page, options.per_page)?;
    let wanted = |field: &&PropertyField| {
        allows(&r.group_id, &field.group_id)
            && allows(&options.target_type, &field.target_type)
            && allows(&options.target_id, &field.target_id)
            && (options.include_deleted || field.delete_at == 0)
    };
    let mut fields: Vec<_> = t
        .properties
        .fields
        .values()
        .filter(wanted)
        .cloned()
        .collect();
    fields.sort_by(|one, other| (one.create_at, &one.id).cmp(&(other.create_at, &other.id)));
    Ok(SearchPropertyFieldsResponse {
        fields: page.cut(fields.into_iter()).collect(),
        error: None,
    })
}

fn how_many(t: &Tables, wanted: impl Fn(&PropertyField) -> bool) -> i64 {
    let count = t
        .properties
        .fields
        .values()
        .filter(|field| wanted(field))
        .count();
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(
    t: &mut Tables,
    _: &PluginId,
    r: CountPropertyFieldsRequest,
) -> Result<CountPropertyFieldsResponse, Refusal> {
    let live = |field: &PropertyField| r.include_deleted || field.delete_at == 0;
    Ok(CountPropertyFieldsResponse {
        count: how_many(t, |field| field.group_id == r.group_id && live(field)),
        error: None,
    })
}

fn count_for_target(
    t: &mut Tables,
    _: &PluginId,
    r: CountPropertyFieldsForTargetRequest,
) -> Result<CountPropertyFieldsForTargetResponse, Refusal> {
    let live = |field: &PropertyField| r.include_deleted || field.delete_at == 0;
    let same = |field: &PropertyField| {
        (&field.group_id, &field.target_type, &field.target_id)
            == (&r.group_id, &r.target_type, &r.target_id)
    };
    Ok(CountPropertyFieldsForTargetResponse {
        count: how_many(t, |field| same(field) && live(field)),
        error: None,
    })
}
