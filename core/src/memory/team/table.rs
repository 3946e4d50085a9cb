//! The rows of teams and of their members.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use plugin_proto::pb::{Team, TeamMember};
use serde_json::Value;

use crate::memory::Refusal;
use crate::memory::journal::area;
use crate::memory::rows::form::{self, Fault};
use crate::memory::rows::{Row, Rows, row};

/// When somebody joined.
const CREATE_AT: &str = "create_at";

/// All teams and members; archived teams and members who left stay.
#[derive(Debug, Default)]
pub(in crate::memory) struct Teams {
    rows: Rows<Team>,
    icons: Rows<Icon>,
    members: Rows<TeamMember>,
    by_name: HashMap<String, String>,
    of_user: HashMap<String, BTreeSet<String>>,
}
area!(Teams: rows, icons, members; index);
row!(Team, "teams", model, String: |team| team.id.clone());

impl Row for TeamMember {
    type Key = (String, String);
    const TABLE: &'static str = "team_members";

    fn key(&self) -> (String, String) {
        (self.team_id.clone(), self.user_id.clone())
    }

    /// The server has the time of joining in its database and not in its JSON; a fixture has it.
    fn to_json(&self) -> Result<Value, Fault> {
        let mut json = form::model::write(self)?;
        json[CREATE_AT] = self.create_at.into();
        Ok(json)
    }

    fn from_json(json: &Value, _: usize) -> Result<Self, Fault> {
        let mut json = json.clone();
        let create_at = json
            .as_object_mut()
            .and_then(|object| object.remove(CREATE_AT));
        let create_at = create_at.unwrap_or(Value::from(0)).as_i64();
        let mut member: Self = form::model::read(&json)?;
        member.create_at =
            create_at.ok_or_else(|| Fault::here("expected a whole number").below(CREATE_AT))?;
        Ok(member)
    }
}
/// What a team looks like.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Icon {
    #[prost(string, tag = "1")]
    team_id: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "form::base64")]
    image: Bytes,
}
row!(Icon, "team_icons", own, String: |icon| icon.team_id.clone());

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
        self.rows.put(team);
    }

    pub(in crate::memory) fn icon(&self, id: &str) -> Option<&Bytes> {
        self.icons.get(id).map(|icon| &icon.image)
    }

    pub(in crate::memory) fn set_icon(&mut self, id: &str, image: Bytes) {
        let team_id = id.to_owned();
        self.icons.put(Icon { team_id, image });
    }

    fn index(&mut self) {
        let names = self.rows.values();
        self.by_name = names
            .map(|team| (team.name.clone(), team.id.clone()))
            .collect();
        self.of_user.clear();
        for member in self.members.values() {
            let of_user = self.of_user.entry(member.user_id.clone()).or_default();
            of_user.insert(member.team_id.clone());
        }
    }

    /// A membership, also one that is over.
    pub(in crate::memory) fn member(&self, team: &str, user: &str) -> Option<&TeamMember> {
        self.members.get(&(team.to_owned(), user.to_owned()))
    }

    /// Writes a membership.
    pub(in crate::memory) fn put_member(&mut self, member: TeamMember) {
        let of_user = self.of_user.entry(member.user_id.clone()).or_default();
        of_user.insert(member.team_id.clone());
        self.members.put(member);
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
