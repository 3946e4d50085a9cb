//! The rows of channels and of their members.

use std::collections::{BTreeSet, HashMap};

use plugin_proto::pb::{Channel, ChannelMember};

use crate::memory::Refusal;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, row};

/// All channels, archived ones too, and those who are in them.
#[derive(Debug, Default)]
pub(in crate::memory) struct Channels {
    rows: Rows<Channel>,
    members: Rows<ChannelMember>,
    /// By team, which direct channels have none of, and name.
    by_name: HashMap<(String, String), String>,
    /// By team: those that have one.
    of_team: HashMap<String, BTreeSet<String>>,
    of_user: HashMap<String, BTreeSet<String>>,
}
area!(Channels: rows, members; index);
row!(Channel, "channels", model, String: |channel| channel.id.clone());
row!(
    ChannelMember, "channel_members", model,
    (String, String): |member| (member.channel_id.clone(), member.user_id.clone())
);

impl Channels {
    /// The channel, or the refusal that most methods have.
    pub(in crate::memory) fn find(&self, id: &str) -> Result<&Channel, Refusal> {
        let missing = || {
            Refusal::new("app.channel.get.existing.app_error", 404)
                .said("Unable to find the existing channel.")
                .about(format!("channel_id={id}"))
        };
        self.rows.get(id).ok_or_else(missing)
    }

    pub(in crate::memory) fn get(&self, id: &str) -> Option<&Channel> {
        self.rows.get(id)
    }

    /// The channel of that name in a team, or without one.
    pub(in crate::memory) fn named(&self, team: &str, name: &str) -> Option<&Channel> {
        let in_team = self.by_name.get(&(team.to_owned(), name.to_owned()));
        let id = in_team.or_else(|| self.by_name.get(&(String::new(), name.to_owned())));
        self.rows.get(id?)
    }

    /// Whether a name is another channel's.
    pub(in crate::memory) fn is_taken(&self, channel: &Channel) -> Option<&Channel> {
        let key = (channel.team_id.clone(), channel.name.clone());
        let holder = self.by_name.get(&key).filter(|id| **id != channel.id);
        self.rows.get(holder?)
    }

    /// The ids of all channels.
    pub(in crate::memory) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// The channels of a team, archived ones too.
    pub(in crate::memory) fn in_team(&self, team: &str) -> impl Iterator<Item = &Channel> {
        let ids = self.of_team.get(team).into_iter().flatten();
        ids.filter_map(|id| self.rows.get(id))
    }

    /// Writes a channel, new or old.
    pub(in crate::memory) fn put(&mut self, channel: Channel) {
        if let Some(old) = self.rows.get(&channel.id) {
            self.by_name
                .remove(&(old.team_id.clone(), old.name.clone()));
            if let Some(of_team) = self.of_team.get_mut(&old.team_id) {
                of_team.remove(&old.id);
            }
        }
        Self::enter(&mut self.by_name, &mut self.of_team, &channel);
        self.rows.put(channel);
    }

    fn enter(
        by_name: &mut HashMap<(String, String), String>,
        of_team: &mut HashMap<String, BTreeSet<String>>,
        channel: &Channel,
    ) {
        let key = (channel.team_id.clone(), channel.name.clone());
        by_name.insert(key, channel.id.clone());
        if !channel.team_id.is_empty() {
            let of_team = of_team.entry(channel.team_id.clone()).or_default();
            of_team.insert(channel.id.clone());
        }
    }

    fn index(&mut self) {
        self.by_name.clear();
        self.of_team.clear();
        self.of_user.clear();
        for channel in self.rows.values() {
            Self::enter(&mut self.by_name, &mut self.of_team, channel);
        }
        for member in self.members.values() {
            let of_user = self.of_user.entry(member.user_id.clone()).or_default();
            of_user.insert(member.channel_id.clone());
        }
    }

    /// Changes what is no key: neither team nor name.
    pub(in crate::memory) fn change(&mut self, id: &str, change: impl FnOnce(&mut Channel)) {
        if let Some(channel) = self.rows.get_mut(id) {
            change(channel);
        }
    }

    pub(in crate::memory) fn member(&self, channel: &str, user: &str) -> Option<&ChannelMember> {
        self.members.get(&(channel.to_owned(), user.to_owned()))
    }

    /// Writes a membership.
    pub(in crate::memory) fn put_member(&mut self, member: ChannelMember) {
        let of_user = self.of_user.entry(member.user_id.clone()).or_default();
        of_user.insert(member.channel_id.clone());
        self.members.put(member);
    }

    /// Ends a membership.
    pub(in crate::memory) fn remove_member(
        &mut self,
        channel: &str,
        user: &str,
    ) -> Option<ChannelMember> {
        if let Some(of_user) = self.of_user.get_mut(user) {
            of_user.remove(channel);
        }
        self.members.remove(&(channel.to_owned(), user.to_owned()))
    }

    pub(in crate::memory) fn has_member(&self, channel: &str, user: &str) -> bool {
        self.member(channel, user).is_some()
    }

    /// The members of a channel, in the order of their users' ids.
    pub(in crate::memory) fn members(&self, channel: &str) -> impl Iterator<Item = &ChannelMember> {
        let of_channel = self.members.range((channel.to_owned(), String::new())..);
        of_channel
            .map(|(_, member)| member)
            .take_while(move |member| member.channel_id == channel)
    }

    /// The ids of the members of a channel.
    pub(in crate::memory) fn user_ids(&self, channel: &str) -> impl Iterator<Item = &str> {
        self.members(channel).map(|member| member.user_id.as_str())
    }

    /// All memberships of a user, in the order of the channels' ids.
    pub(in crate::memory) fn of_user(&self, user: &str) -> impl Iterator<Item = &ChannelMember> {
        let channels = self.of_user.get(user).into_iter().flatten();
        channels.filter_map(move |channel| self.member(channel, user))
    }
}
