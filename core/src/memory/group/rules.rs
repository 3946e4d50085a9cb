//! What groups have to be. Pure.

use plugin_proto::pb::Group;

use crate::memory::Refusal;
use crate::memory::names::invalid;

/// Names that mean everybody.
const RESERVED: &[&str] = &["all", "channel", "here"];

/// The first rule that a group breaks. An empty name is no name.
pub(super) fn check(group: &Group) -> Result<(), Refusal> {
    let refuse = |id| {
        Err(invalid(
            id,
            "Group.IsValidForCreate",
            format!("id={}", group.id),
        ))
    };
    let by_plugin = group.source.starts_with("plugin_");
    let name = group.name.as_str();
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
    };
    if name.is_empty() && group.allow_reference {
        return refuse("model.group.name.app_error");
    }
    if name.len() > 64 {
        return refuse("model.group.name.invalid_length.app_error");
    }
    if RESERVED.contains(&name) {
        return refuse("model.group.name.reserved_name.app_error");
    }
    if !name.bytes().all(allowed) {
        return refuse("model.group.name.invalid_chars.app_error");
    }
    if !(1..=128).contains(&group.display_name.len()) {
        return refuse("model.group.display_name.app_error");
    }
    if group.description.len() > 1024 {
        return refuse("model.group.description.app_error");
    }
    if !matches!(group.source.as_str(), "ldap" | "custom") && !by_plugin {
        return refuse("model.group.source.app_error");
    }
    let needs_remote = group.source == "ldap" || by_plugin;
    if group.remote_id.len() > 2048 || (needs_remote && group.remote_id.is_empty()) {
        return refuse("model.group.remote_id.app_error");
    }
    Ok(())
}
