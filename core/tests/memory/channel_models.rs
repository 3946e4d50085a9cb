//! A law: whatever is done with channels, between users or in a team, and with those who are in them, the server agrees with a list.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::channels::member;
use crate::teams::team;
use crate::world::World;

const USERS: usize = 4;
/// Names that channels have; as they are shown they differ in case only, or not at all.
const NAMES: [(&str, &str); 4] = [("aa", "Tea"), ("bb", "tea"), ("cc", "Tea"), ("dd", "Any")];

/// One thing that may happen; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Create {
        name: usize,
        open: bool,
    },
    Archive {
        which: usize,
    },
    /// Replaces all of a channel, by which it is there again.
    Replace {
        which: usize,
        name: usize,
    },
    Join {
        which: usize,
        user: usize,
    },
    Leave {
        which: usize,
        user: usize,
    },
    Direct {
        one: usize,
        other: usize,
    },
    Group {
        without: usize,
    },
    Active {
        user: usize,
        active: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Open,
    Private,
    Direct,
    Group,
}

/// What the model remembers of a channel.
#[derive(Debug, Clone)]
struct Known {
    id: String,
    kind: Kind,
    name: String,
    shown: String,
    live: bool,
    members: BTreeSet<usize>,
}

impl Known {
    fn in_team(&self) -> bool {
        matches!(self.kind, Kind::Open | Kind::Private)
    }
}

fn steps() -> impl Strategy<Value = Step> {
    let (which, name, user) = (0..8_usize, 0..NAMES.len(), 0..USERS);
    prop_oneof![
        3 => (name.clone(), any::<bool>()).prop_map(|(name, open)| Step::Create { name, open }),
        2 => which.clone().prop_map(|which| Step::Archive { which }),
        2 => (which.clone(), name).prop_map(|(which, name)| Step::Replace { which, name }),
        4 => (which.clone(), user.clone()).prop_map(|(which, user)| Step::Join { which, user }),
        2 => (which, user.clone()).prop_map(|(which, user)| Step::Leave { which, user }),
        2 => (user.clone(), user.clone()).prop_map(|(one, other)| Step::Direct { one, other }),
        1 => user.clone().prop_map(|without| Step::Group { without }),
        2 => (user, any::<bool>()).prop_map(|(user, active)| Step::Active { user, active }),
    ]
}

/// The server and the list beside it.
struct Both {
    w: World,
    team: String,
    users: Vec<String>,
    active: [bool; USERS],
    channels: Vec<Known>,
}

impl Both {
    /// A team with its two channels, and everybody in both.
    fn new() -> Self {
        let w = World::new();
        let team = team(&w, "one");
        let users: Vec<_> = (0..USERS)
            .map(|at| member(&w, &team, &format!("user{at}")))
            .collect();
        let default = |name: &str, shown: &str| Known {
            id: crate::teams::channel_named(&w, &team, name),
            kind: Kind::Open,
            name: name.to_owned(),
            shown: shown.to_owned(),
            live: true,
            members: (0..USERS).collect(),
        };
        let channels = vec![
            default("town-square", "Town Square"),
            default("off-topic", "Off-Topic"),
        ];
        Self {
            w,
            team,
            users,
            active: [true; USERS],
            channels,
        }
    }

    fn taken(&self, name: &str, by_other_than: usize) -> bool {
        let others = self.channels.iter().enumerate();
        others
            .into_iter()
            .any(|(at, other)| at != by_other_than && other.in_team() && other.name == name)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Create { name, open } => self.create(name, open),
            Step::Archive { which } => self.archive(which % self.channels.len()),
            Step::Replace { which, name } => self.replace(which % self.channels.len(), name),
            Step::Join { which, user } => self.join(which % self.channels.len(), user),
            Step::Leave { which, user } => self.leave(which % self.channels.len(), user),
            Step::Direct { one, other } => self.direct(one, other),
            Step::Group { without } => self.group(without),
            Step::Active { user, active } => self.activate(user, active),
        }
    }

    fn create(&mut self, name: usize, open: bool) {
        let (name, shown) = NAMES[name];
        let kind = if open {
            "CHANNEL_TYPE_OPEN"
        } else {
            "CHANNEL_TYPE_PRIVATE"
        };
        let request = json!({"channel": {"team_id": self.team, "name": name, "display_name": shown, "type": kind}});
        if self.taken(name, usize::MAX) {
            self.w.refuses(
                "CreateChannel",
                request,
                "store.sql_channel.save_channel.exists.app_error",
                400,
            );
            return;
        }
        let made = self.w.ok("CreateChannel", request);
        self.channels.push(Known {
            id: made["channel"]["id"].as_str().unwrap().to_owned(),
            kind: if open { Kind::Open } else { Kind::Private },
            name: name.to_owned(),
            shown: shown.to_owned(),
            live: true,
            members: BTreeSet::new(),
        });
    }

    fn archive(&mut self, which: usize) {
        let channel = &mut self.channels[which];
        let request = json!({"channel_id": channel.id});
        let refused = match (channel.live, channel.name.as_str()) {
            (false, _) => Some("api.channel.delete_channel.deleted.app_error"),
            (true, "town-square") => Some("api.channel.delete_channel.cannot.app_error"),
            (true, _) => None,
        };
        match refused {
            Some(id) => self.w.refuses("DeleteChannel", request, id, 400),
            None => {
                self.w.ok("DeleteChannel", request);
                channel.live = false;
            }
        }
    }

    fn replace(&mut self, which: usize, name: usize) {
        let channel = self.channels[which].clone();
        if !channel.in_team() {
            return;
        }
        let (name, shown) = NAMES[name];
        let kind = if channel.kind == Kind::Open {
            "CHANNEL_TYPE_OPEN"
        } else {
            "CHANNEL_TYPE_PRIVATE"
        };
        let request = json!({"channel": {
            "id": channel.id, "team_id": self.team, "name": name, "display_name": shown, "type": kind, "create_at": 1,
        }});
        if self.taken(name, which) {
            self.w.refuses(
                "UpdateChannel",
                request,
                "store.sql_channel.save_channel.exists.app_error",
                400,
            );
            return;
        }
        self.w.ok("UpdateChannel", request);
        let channel = &mut self.channels[which];
        (channel.name, channel.shown, channel.live) = (name.to_owned(), shown.to_owned(), true);
    }

    fn join(&mut self, which: usize, user: usize) {
        let channel = &mut self.channels[which];
        let request = json!({"channel_id": channel.id, "user_id": self.users[user]});
        if channel.members.contains(&user) {
            self.w.ok("AddChannelMember", request);
        } else if !self.active[user] {
            self.w.refuses(
                "AddChannelMember",
                request,
                "app.channel.add_member.deleted_user.app_error",
                403,
            );
        } else if !channel.in_team() {
            self.w.refuses(
                "AddChannelMember",
                request,
                "app.team.get_member.missing.app_error",
                404,
            );
        } else {
            self.w.ok("AddChannelMember", request);
            channel.members.insert(user);
        }
    }

    fn leave(&mut self, which: usize, user: usize) {
        let channel = &mut self.channels[which];
        let request = json!({"channel_id": channel.id, "user_id": self.users[user]});
        let refused = match (
            channel.in_team(),
            channel.name.as_str(),
            channel.members.contains(&user),
        ) {
            (false, ..) => Some(("api.channel.leave.direct.app_error", 400)),
            (true, "town-square", _) => Some(("api.channel.remove.default.app_error", 400)),
            (true, _, false) => Some(("app.channel.get_member.missing.app_error", 404)),
            (true, _, true) => None,
        };
        match refused {
            Some((id, status)) => self.w.refuses("DeleteChannelMember", request, id, status),
            None => {
                self.w.ok("DeleteChannelMember", request);
                channel.members.remove(&user);
            }
        }
    }

    fn direct(&mut self, one: usize, other: usize) {
        let request = json!({"user_id_1": self.users[one], "user_id_2": self.users[other]});
        let answer = self.w.ok("GetDirectChannel", request);
        self.between(
            Kind::Direct,
            &answer["channel"],
            BTreeSet::from([one, other]),
        );
    }

    fn group(&mut self, without: usize) {
        let members: BTreeSet<_> = (0..USERS).filter(|user| *user != without).collect();
        let ids: Vec<_> = members.iter().map(|user| &self.users[*user]).collect();
        let answer = self.w.ok("GetGroupChannel", json!({ "user_ids": ids }));
        self.between(Kind::Group, &answer["channel"], members);
    }

    /// A channel for the same users is the same channel; they are in it from the beginning.
    fn between(&mut self, kind: Kind, answer: &Value, members: BTreeSet<usize>) {
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let same = |known: &&Known| known.kind == kind && known.members == members;
        match self.channels.iter().find(same) {
            Some(known) => assert_eq!(known.id, text("id"), "{kind:?} {members:?}"),
            None => {
                assert!(self.channels.iter().all(|known| known.id != text("id")));
                self.channels.push(Known {
                    id: text("id"),
                    name: text("name"),
                    shown: text("display_name"),
                    live: true,
                    kind,
                    members,
                });
            }
        }
    }

    /// The direct channels of somebody come and go with them.
    fn activate(&mut self, user: usize, active: bool) {
        self.w.ok(
            "UpdateUserActive",
            json!({"user_id": self.users[user], "active": active}),
        );
        self.active[user] = active;
        let channels = self.channels.iter_mut();
        for channel in channels
            .filter(|channel| channel.kind == Kind::Direct && channel.members.contains(&user))
        {
            channel.live = active;
        }
    }

    /// Everything that is answered about channels is what the list says.
    fn agree(&self) {
        self.agree_on_the_open();
        for (user, id) in self.users.iter().enumerate() {
            self.agree_on_those_of(user, id);
        }
        for known in &self.channels {
            let delete_at =
                self.w.ok("GetChannel", json!({"channel_id": known.id}))["channel"]["delete_at"]
                    .clone();
            assert_eq!(
                delete_at.as_i64().unwrap_or_default() == 0,
                known.live,
                "{known:?}"
            );
            let mut members: Vec<_> = known
                .members
                .iter()
                .map(|user| self.users[*user].as_str())
                .collect();
            members.sort_unstable();
            for (page, per_page) in [(0, 50), (0, 1), (1, 2)] {
                let expected: Vec<_> = members
                    .iter()
                    .skip(page * per_page)
                    .take(per_page)
                    .collect();
                let expected: Vec<_> = expected.iter().map(|id| json!({ "user_id": id })).collect();
                let request = json!({"channel_id": known.id, "page": page, "per_page": per_page});
                self.w.answers(
                    "GetChannelMembers",
                    request,
                    json!({ "channel_members": expected }),
                );
            }
            let active = known
                .members
                .iter()
                .filter(|user| self.active[**user])
                .count();
            let stats = json!({"channel_stats": {"member_count": active}});
            self.w
                .answers("GetChannelStats", json!({"channel_id": known.id}), stats);
            let named = json!({"team_id": self.team, "name": known.name});
            match known.live {
                true => drop(self.w.answers(
                    "GetChannelByName",
                    named,
                    json!({"channel": {"id": known.id}}),
                )),
                false => self.w.refuses(
                    "GetChannelByName",
                    named,
                    "app.channel.get_by_name.missing.app_error",
                    404,
                ),
            }
        }
    }

    /// The channels that are wanted, in the order of lists.
    fn listed(&self, wanted: impl Fn(&Known) -> bool) -> Vec<&str> {
        let mut listed: Vec<_> = self.channels.iter().filter(|known| wanted(known)).collect();
        listed.sort_by_key(|known| (known.shown.to_lowercase(), &known.name));
        listed.iter().map(|known| known.id.as_str()).collect()
    }

    fn agree_on_the_open(&self) {
        let open = self.listed(|known| known.kind == Kind::Open && known.live);
        for (page, per_page) in [(0, 50), (0, 2), (1, 2), (3, 1)] {
            let request = json!({"team_id": self.team, "page": page, "per_page": per_page});
            let answer = self.w.ok("GetPublicChannelsForTeam", request);
            let expected: Vec<_> = open
                .iter()
                .skip(page * per_page)
                .take(per_page)
                .copied()
                .collect();
            assert_eq!(ids(&answer), expected, "page {page} of {per_page}");
        }
    }

    fn agree_on_those_of(&self, user: usize, id: &str) {
        for archived in [false, true] {
            let request = json!({"team_id": self.team, "user_id": id, "include_deleted": archived});
            let expected =
                self.listed(|known| known.members.contains(&user) && (archived || known.live));
            if expected.is_empty() {
                let id = "app.channel.get_channels.not_found.app_error";
                self.w
                    .refuses("GetChannelsForTeamForUser", request, id, 404);
                continue;
            }
            let answer = self.w.ok("GetChannelsForTeamForUser", request);
            assert_eq!(ids(&answer), expected, "of {user}, archived {archived}");
        }
        let mut expected = self.listed(|known| known.members.contains(&user));
        expected.sort_unstable();
        let expected: Vec<_> = expected
            .iter()
            .map(|id| json!({ "channel_id": id }))
            .collect();
        let request = json!({"user_id": id, "per_page": 50});
        self.w.answers(
            "GetChannelMembersForUser",
            request,
            json!({ "channel_members": expected }),
        );
    }
}

fn ids(answer: &Value) -> Vec<&str> {
    let channels = answer["channels"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    channels
        .iter()
        .map(|channel| channel["id"].as_str().unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn channels_agree_with_a_list(steps in prop::collection::vec(steps(), 1..30)) {
        let mut both = Both::new();
        for step in &steps {
            both.step(step);
            both.agree();
        }
    }
}
