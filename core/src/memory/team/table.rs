//! The rows of teams and of their members.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use plugin_proto::pb::{Team, TeamMember};

use crate::memory::Refusal;

/// All teams and members; archived teams and members who left stay.
#[derive(Debug, Default)]
pub(in crate::memory) struct Teams {
    rows: HashMap<String, Team>,
    by_name: HashMap<String, String>,
    /// By team and user.
    members: BTreeMap<(String, String), TeamMember>,
    of_user: HashMap<String, BTreeSet<String>>,
    icons: HashMap<String, Bytes>,
}

impl Teams {
    /// The team, or the refusal that most methods have.
    pub(in crate::memory) fn find(&self, id: &str) -> Result<&Team, Refusal> {
        let missing = || {
            Refusal::new("app.team.get.find.app_error", 404)
                .said("Unable to find the existing team.")
                .about(format!("team_id={id}"))
        };
        self.rows.get(id).ok_or_else(missing)
    }

    pub(in crate::memory) fn get(&self, id: &str) -> Option<&Team> {
        self.rows.get(id)
    }

    pub(in crate::memory) fn named(&self, name: &str) -> Option<&Team> {
        self.rows.get(self.by_name.get(name)?)
    }

    pub(in crate::memory) fn all(&self) -> impl Iterator<Item = &Team> {
        self.rows.values()
    }

    /// Writes a team; its name never changes.
    pub(in crate::memory) fn put(&mut self, team: Team) {
        self.by_name.insert(team.name.clone(), team.id.clone());
        self.rows.insert(team.id.clone(), team);
    }

    pub(in crate::memory) fn icon(&self, id: &str) -> Option<&Bytes> {
        self.icons.get(id)
    }

    pub(in crate::memory) fn set_icon(&mut self, id: &str, icon: Bytes) {
        self.icons.insert(id.to_owned(), icon);
    }

    /// A membership, also one that is over.
    pub(in crate::memory) fn member(&self, team: &str, user: &str) -> Option<&TeamMember> {
        self.members.get(&(team.to_owned(), user.to_owned()))
    }

    /// Writes a membership.
    pub(in crate::memory) fn put_member(&mut self, member: TeamMember) {
        let of_user = self.of_user.entry(member.user_id.clone()).or_default();
        of_user.insert(member.team_id.clone());
        let key = (member.team_id.clone(), member.user_id.clone());
        self.members.insert(key, member);
    }

    /// Whether somebody is a member now.
    pub(in crate::memory) fn has_member(&self, team: &str, user: &str) -> bool {
        self.member(team, user)
            .is_some_and(|member| member.delete_at == 0)
    }

    /// Whether somebody is a member of any team now.
    pub(in crate::memory) fn is_in_any(&self, user: &str) -> bool {
        self.of_user(user).any(|member| member.delete_at == 0)
    }

    /// The members of a team now, in the order of their users' ids.
    pub(in crate::memory) fn members(&self, team: &str) -> impl Iterator<Item = &TeamMember> {
        let of_team = self.members.range((team.to_owned(), String::new())..);
        of_team
            .map(|(_, member)| member)
            .take_while(move |member| member.team_id == team)
            .filter(|member| member.delete_at == 0)
    }

    /// The ids of the members of a team now.
    pub(in crate::memory) fn user_ids(&self, team: &str) -> impl Iterator<Item = &str> {
        self.members(team).map(|member| member.user_id.as_str())
    }

    /// All memberships of a user, those that are over too, in the order of the teams' ids.
    pub(in crate::memory) fn of_user(&self, user: &str) -> impl Iterator<Item = &TeamMember> {
        let teams = self.of_user.get(user).into_iter().flatten();
        teams.filter_map(move |team| self.member(team, user))
    }
}
