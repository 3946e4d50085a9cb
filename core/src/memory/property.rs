//! Properties: groups, which are name spaces; their fields; and the values that targets have of them.
//!
//! Nothing checks that the group of a field, or the field of a value, is there.

mod field;

mod value;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetPropertyGroupRequest, GetPropertyGroupResponse, PropertyField, PropertyGroup, PropertyValue,
    RegisterPropertyGroupRequest, RegisterPropertyGroupResponse,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::page::Page;
use crate::memory::rows::{Rows, row};
use crate::memory::{Refusal, Store, Tables, handlers};

/// Groups by name, fields and values by id.
#[derive(Debug, Default)]
pub(super) struct Properties {
    groups: Rows<PropertyGroup>,
    fields: Rows<PropertyField>,
    values: Rows<PropertyValue>,
}
area!(Properties: groups, fields, values);
row!(PropertyGroup, "property_groups", wire("PropertyGroup"), String: |group| group.name.clone());
row!(PropertyField, "property_fields", wire("PropertyField"), String: |field| field.id.clone());
row!(PropertyValue, "property_values", wire("PropertyValue"), String: |value| value.id.clone());

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        RegisterPropertyGroup => register_group,
        GetPropertyGroup => group,
    );
    field::register(methods, store, caller);
    value::register(methods, store, caller);
}

fn register_group(
    t: &mut Tables,
    _: &PluginId,
    r: RegisterPropertyGroupRequest,
) -> Result<RegisterPropertyGroupResponse, Refusal> {
    if r.name.is_empty() {
        return Err(Refusal::plain("a property group needs a name"));
    }
    let id = t.new_id();
    let known = t.properties.groups.get(&r.name).cloned();
    let group = known.unwrap_or_else(|| {
        let group = PropertyGroup { id, name: r.name };
        t.properties.groups.put(group.clone());
        group
    });
    Ok(RegisterPropertyGroupResponse {
        group: Some(group),
        error: None,
    })
}

fn group(
    t: &mut Tables,
    _: &PluginId,
    r: GetPropertyGroupRequest,
) -> Result<GetPropertyGroupResponse, Refusal> {
    let group = t.properties.groups.get(&r.name);
    let missing = || Refusal::plain(format!("there is no property group {}", r.name));
    Ok(GetPropertyGroupResponse {
        group: Some(group.ok_or_else(missing)?.clone()),
        error: None,
    })
}

/// A rule of a model that is broken: one id for all, and the details say which.
fn broken(id: &'static str, field: &str, reason: &str) -> Refusal {
    Refusal::new(id, 400).about(format!("FieldName={field} Reason={reason}"))
}

/// A search has pages of at least one entry.
fn page(page: i32, per_page: i32) -> Result<Page, Refusal> {
    match per_page < 1 {
        true => Err(Refusal::plain(
            "per page must be positive integer greater than zero",
        )),
        false => Ok(Page::of(page, per_page)),
    }
}

/// Whether a filter, where it says something, says this.
fn allows(filter: &str, id: &str) -> bool {
    filter.is_empty() || filter == id
}
