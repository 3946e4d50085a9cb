//! The rows of groups, of their members and of what they are linked with.

use std::collections::BTreeMap;

use plugin_proto::pb::{Group, GroupMember, GroupSyncable};

/// What a link is known by: group, what is linked, and its kind.
pub(super) type Key = (String, String, String);

/// All groups; deleted ones, members who left and links that are no more stay.
#[derive(Debug, Default)]
pub(in crate::memory) struct Groups {
    rows: BTreeMap<String, Group>,
    /// By group and user.
    members: BTreeMap<(String, String), GroupMember>,
    pub(super) links: BTreeMap<Key, GroupSyncable>,
}

impl Groups {
    pub(super) fn get(&self, id: &str) -> Option<&Group> {
        self.rows.get(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Group> {
        self.rows.values()
    }

    pub(super) fn put(&mut self, group: Group) {
        self.rows.insert(group.id.clone(), group);
    }

    /// Whether a group has that name, deleted or not.
    pub(in crate::memory) fn is_name(&self, name: &str) -> bool {
        !name.is_empty() && self.all().any(|group| group.name == name)
    }

    pub(super) fn member(&self, group: &str, user: &str) -> Option<&GroupMember> {
        self.members.get(&(group.to_owned(), user.to_owned()))
    }

    pub(super) fn put_member(&mut self, member: GroupMember) {
        let key = (member.group_id.clone(), member.user_id.clone());
        self.members.insert(key, member);
    }

    /// Those who are members now.
    pub(super) fn live_members(&self) -> impl Iterator<Item = &GroupMember> {
        self.members.values().filter(|member| member.delete_at == 0)
    }

    /// Whether somebody is in a live group that is linked with a team or channel.
    pub(in crate::memory) fn admits(&self, syncable: &str, user: &str) -> bool {
        let mut links = self
            .links
            .values()
            .filter(|link| link.delete_at == 0 && link.syncable_id == syncable);
        links.any(|link| {
            let live = self
                .get(&link.group_id)
                .is_some_and(|group| group.delete_at == 0);
            let member = self.member(&link.group_id, user);
            live && member.is_some_and(|member| member.delete_at == 0)
        })
    }
}
