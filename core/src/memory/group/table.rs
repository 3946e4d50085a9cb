//! The rows of groups, of their members and of what they are linked with.

use plugin_proto::pb::{Group, GroupMember, GroupSyncable};

use crate::memory::journal::area;
use crate::memory::rows::{Rows, row};

/// What a link is known by: group, what is linked, and its kind.
pub(super) type Key = (String, String, String);

/// All groups; deleted ones, members who left and links that are no more stay.
#[derive(Debug, Default)]
pub(in crate::memory) struct Groups {
    rows: Rows<Group>,
    members: Rows<GroupMember>,
    pub(super) links: Rows<GroupSyncable>,
}
area!(Groups: rows, members, links);
row!(Group, "groups", wire("Group"), String: |group| group.id.clone());
row!(
    GroupMember, "group_members", wire("GroupMember"),
    (String, String): |member| (member.group_id.clone(), member.user_id.clone())
);
row!(
    GroupSyncable, "group_syncables", wire("GroupSyncable"),
    Key: |link| (link.group_id.clone(), link.syncable_id.clone(), link.syncable_type.clone())
);

impl Groups {
    pub(super) fn get(&self, id: &str) -> Option<&Group> {
        self.rows.get(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Group> {
        self.rows.values()
    }

    pub(super) fn put(&mut self, group: Group) {
        self.rows.put(group);
    }

    /// Whether a group has that name, deleted or not.
    pub(in crate::memory) fn is_name(&self, name: &str) -> bool {
        !name.is_empty() && self.all().any(|group| group.name == name)
    }

    pub(super) fn member(&self, group: &str, user: &str) -> Option<&GroupMember> {
        self.members.get(&(group.to_owned(), user.to_owned()))
    }

    pub(super) fn put_member(&mut self, member: GroupMember) {
        self.members.put(member);
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
