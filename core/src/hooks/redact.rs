//! What no plugin is told, taken out of requests wherever it stands in them. Pure.
//!
//! The table names messages and fields; where such messages occur in the requests of hooks is read off the descriptor, at any
//! depth, so a hook that comes to carry a user later is covered before anybody thinks of it.
//!
//! Invariant: a request without such a field is passed on as it is, without a copy.

mod blob;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use plugin_proto::{HOOKS, Method, reflect};
use prost_reflect::{Kind, MessageDescriptor};

use crate::hooks::wire::{self, WireError};
use crate::policy::Policy;

pub(super) const PACKAGE: &str = "mattermost.pluginapi.v1";

/// Fields of messages.
pub(super) type Fields = [(&'static str, &'static [&'static str])];

/// What is secret.
pub(super) const SECRETS: &Fields = &[
    ("User", &["password", "mfa_secret", "auth_data"]),
    ("RemoteCluster", &["token", "remote_token"]),
];

/// Fields that hold the JSON of a `SyncMsg`, whose users have the secrets of a `User`.
const BLOBS: &Fields = &[("SyncMsgJson", &["sync_msg_json"])];

/// What the reference forgets to send.
const FORGOTTEN: &Fields = &[("Post", &["props", "participants", "metadata"])];

/// What is taken out of the requests of hooks.
#[derive(Debug)]
pub struct Redaction {
    /// By the hook's index: where to begin, if there is anything in its request.
    hooks: Vec<Option<usize>>,
    plans: Vec<Plan>,
}

/// What to look for in one kind of message.
#[derive(Debug, Default)]
struct Plan {
    /// Fields that are taken out.
    out: Vec<u32>,
    /// Fields that hold JSON in which to look.
    blobs: Vec<u32>,
    /// Fields that hold messages in which to look, and their plans.
    within: Vec<(u32, usize)>,
}

impl Redaction {
    /// What a host with this policy takes out.
    pub fn of(policy: &Policy) -> &'static Self {
        static ALL: [OnceLock<Redaction>; 4] = [const { OnceLock::new() }; 4];
        let index = usize::from(policy.send_secrets) * 2 + usize::from(policy.strip_posts);
        ALL[index].get_or_init(|| {
            let secrets = if policy.send_secrets { &[] } else { SECRETS };
            let forgotten = if policy.strip_posts { FORGOTTEN } else { &[] };
            let blobs = if policy.send_secrets { &[] } else { BLOBS };
            Self::new(&[secrets, forgotten].concat(), blobs)
        })
    }

    fn new(out: &Fields, blobs: &Fields) -> Self {
        let mut drawing = Drawing {
            out,
            blobs,
            known: BTreeMap::new(),
            plans: Vec::new(),
        };
        let hooks: Vec<usize> = HOOKS
            .iter()
            .map(|hook| {
                let request = reflect::pool().get_message_by_name(hook.request);
                drawing
                    .plan(&request.expect("the descriptor has the request of each of its methods"))
            })
            .collect();
        let plans = drawing.plans;
        let reach = reach(&plans);
        let keep = |index: &usize| reach[*index];
        let hooks = hooks
            .into_iter()
            .map(|index| Some(index).filter(keep))
            .collect();
        let plans = plans
            .into_iter()
            .map(|plan| Plan {
                within: plan
                    .within
                    .into_iter()
                    .filter(|(_, inner)| keep(inner))
                    .collect(),
                ..plan
            })
            .collect();
        Self { hooks, plans }
    }

    /// The request as the plugin may see it.
    pub(super) fn request(&self, hook: &Method, request: Bytes) -> Result<Bytes, WireError> {
        match self.hooks.get(hook.index).copied().flatten() {
            Some(plan) if self.finds(plan, &request)? => self.without(plan, &request),
            _ => Ok(request),
        }
    }

    fn finds(&self, plan: usize, message: &Bytes) -> Result<bool, WireError> {
        let plan = &self.plans[plan];
        for field in wire::fields(message) {
            let field = field?;
            if plan.out.contains(&field.number) {
                return Ok(true);
            }
            if let Some(json) = plan.blob(&field)
                && blob::finds(json, of_users())
            {
                return Ok(true);
            }
            if let (Some(inner), Some(value)) = (plan.inner(field.number), &field.value)
                && self.finds(inner, value)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn without(&self, plan: usize, message: &Bytes) -> Result<Bytes, WireError> {
        let plan = &self.plans[plan];
        let mut left = BytesMut::with_capacity(message.len());
        for field in wire::fields(message) {
            let field = field?;
            if plan.out.contains(&field.number) {
                continue;
            }
            if let Some(json) = plan.blob(&field) {
                wire::put(&mut left, field.number, &blob::without(json, of_users()));
                continue;
            }
            match (plan.inner(field.number), &field.value) {
                (Some(inner), Some(value)) => {
                    wire::put(&mut left, field.number, &self.without(inner, value)?);
                }
                _ => left.extend_from_slice(&field.whole),
            }
        }
        Ok(left.freeze())
    }
}

/// What is secret of a user.
fn of_users() -> &'static [&'static str] {
    let user = SECRETS.iter().find(|(message, _)| *message == "User");
    user.expect("the table of secrets has users").1
}

impl Plan {
    /// The JSON in which to look, if a field holds one.
    fn blob<'a>(&self, field: &'a wire::Field) -> Option<&'a Bytes> {
        let value = field.value.as_ref()?;
        self.blobs.contains(&field.number).then_some(value)
    }

    fn inner(&self, number: u32) -> Option<usize> {
        let within = self.within.iter().find(|(known, _)| *known == number)?;
        Some(within.1)
    }
}

/// Plans while they are made; messages may hold each other in circles.
struct Drawing<'a> {
    out: &'a Fields,
    blobs: &'a Fields,
    known: BTreeMap<String, usize>,
    plans: Vec<Plan>,
}

impl Drawing<'_> {
    fn plan(&mut self, message: &MessageDescriptor) -> usize {
        if let Some(known) = self.known.get(message.full_name()) {
            return *known;
        }
        let index = self.plans.len();
        self.known.insert(message.full_name().to_owned(), index);
        self.plans.push(Plan::default());
        let (out, blobs) = (of(self.out, message), of(self.blobs, message));
        let mut plan = Plan::default();
        for field in message.fields() {
            if out.contains(&field.name()) {
                plan.out.push(field.number());
            } else if blobs.contains(&field.name()) {
                plan.blobs.push(field.number());
            } else if let Kind::Message(inner) = field.kind() {
                let inner = self.plan(&inner);
                plan.within.push((field.number(), inner));
            }
        }
        self.plans[index] = plan;
        index
    }
}

/// The fields that a table names of a message.
fn of(table: &Fields, message: &MessageDescriptor) -> Vec<&'static str> {
    if message.parent_file().package_name() != PACKAGE {
        return Vec::new();
    }
    let of_it = table.iter().filter(|(name, _)| *name == message.name());
    of_it
        .flat_map(|(_, fields)| fields.iter().copied())
        .collect()
}

/// Which plans have anything to take out, at any depth.
fn reach(plans: &[Plan]) -> Vec<bool> {
    let finds = |plan: &Plan| !plan.out.is_empty() || !plan.blobs.is_empty();
    let mut reach: Vec<bool> = plans.iter().map(finds).collect();
    loop {
        let before = reach.clone();
        for (index, plan) in plans.iter().enumerate() {
            reach[index] |= plan.within.iter().any(|(_, inner)| before[*inner]);
        }
        if reach == before {
            return reach;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::find_hook;
    use plugin_proto::pb::{
        MessageWillBePostedRequest, OnSharedChannelsProfileImageSyncMsgRequest,
        OnSharedChannelsSyncMsgRequest, Post, RemoteCluster, SyncMsgJson, User,
        UserHasJoinedChannelRequest,
    };
    use prost::Message as _;

    fn redacted(hook: &str, request: &impl prost::Message) -> Bytes {
        let redaction = Redaction::of(&Policy::default());
        let wire = request.encode_to_vec().into();
        redaction.request(find_hook(hook).unwrap(), wire).unwrap()
    }

    fn user() -> User {
        User {
            id: "u".to_owned(),
            password: "hash".to_owned(),
            auth_data: Some("saml".to_owned()),
            mfa_secret: "totp".to_owned(),
            mfa_active: true,
            ..User::default()
        }
    }

    fn clean() -> User {
        User {
            id: "u".to_owned(),
            mfa_active: true,
            ..User::default()
        }
    }

    #[test]
    fn each_named_field_is_one_of_the_contract() {
        for (message, fields) in [SECRETS, FORGOTTEN].concat() {
            let name = format!("{PACKAGE}.{message}");
            let message = reflect::pool().get_message_by_name(&name).unwrap();
            for field in fields {
                assert!(message.get_field_by_name(field).is_some(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn secrets_are_gone_and_nothing_else_is() {
        let request = UserHasJoinedChannelRequest {
            actor: Some(user()),
            ..UserHasJoinedChannelRequest::default()
        };
        let seen = redacted("UserHasJoinedChannel", &request);
        let seen = UserHasJoinedChannelRequest::decode(seen).unwrap();
        assert_eq!(seen.actor, Some(clean()));

        let request = OnSharedChannelsProfileImageSyncMsgRequest {
            user: Some(user()),
            remote_cluster: Some(RemoteCluster {
                remote_id: "r".to_owned(),
                token: "t".to_owned(),
                remote_token: "rt".to_owned(),
                topics: "all".to_owned(),
                ..RemoteCluster::default()
            }),
            ..OnSharedChannelsProfileImageSyncMsgRequest::default()
        };
        let seen = redacted("OnSharedChannelsProfileImageSyncMsg", &request);
        let seen = OnSharedChannelsProfileImageSyncMsgRequest::decode(seen).unwrap();
        let cluster = seen.remote_cluster.unwrap();
        assert_eq!(
            (cluster.token.as_str(), cluster.remote_token.as_str()),
            ("", "")
        );
        assert_eq!(
            (cluster.remote_id.as_str(), cluster.topics.as_str()),
            ("r", "all")
        );
        assert_eq!(seen.user, Some(clean()));
    }

    #[test]
    fn they_are_found_at_any_depth() {
        let request = MessageWillBePostedRequest {
            post: Some(Post {
                message: "hello".to_owned(),
                participants: vec![clean(), user()],
                ..Post::default()
            }),
            ..MessageWillBePostedRequest::default()
        };
        let seen = MessageWillBePostedRequest::decode(redacted("MessageWillBePosted", &request));
        let post = seen.unwrap().post.unwrap();
        assert_eq!(post.participants, [clean(), clean()]);
        assert_eq!(post.message, "hello");
    }

    #[test]
    fn a_request_without_secrets_is_not_copied() {
        let request = MessageWillBePostedRequest {
            post: Some(Post {
                participants: vec![clean()],
                ..Post::default()
            }),
            ..MessageWillBePostedRequest::default()
        };
        let wire = Bytes::from(request.encode_to_vec());
        let redaction = Redaction::of(&Policy::default());
        let hook = find_hook("MessageWillBePosted").unwrap();
        let seen = redaction.request(hook, wire.clone()).unwrap();
        assert_eq!(seen.as_ptr(), wire.as_ptr());
    }

    #[test]
    fn what_may_hide_a_secret_is_not_sent() {
        let redaction = Redaction::of(&Policy::default());
        let hook = find_hook("UserWillLogIn").unwrap();
        let broken = Bytes::from_static(b"\x1a\xff\x01");
        assert_eq!(redaction.request(hook, broken), Err(WireError));
    }

    #[test]
    fn the_reference_sends_secrets_and_forgets_half_of_a_post() {
        let request = MessageWillBePostedRequest {
            post: Some(Post {
                message: "hello".to_owned(),
                participants: vec![user()],
                props: Some(prost_types::Struct::default()),
                ..Post::default()
            }),
            ..MessageWillBePostedRequest::default()
        };
        let seen = |policy: &Policy| {
            let hook = find_hook("MessageWillBePosted").unwrap();
            let wire = request.encode_to_vec().into();
            let seen = Redaction::of(policy).request(hook, wire).unwrap();
            MessageWillBePostedRequest::decode(seen)
                .unwrap()
                .post
                .unwrap()
        };
        let mut policy = Policy {
            send_secrets: true,
            ..Policy::default()
        };
        assert_eq!(seen(&policy).participants, [user()]);
        policy.strip_posts = true;
        let post = seen(&policy);
        assert_eq!((post.participants.len(), post.props), (0, None));
        assert_eq!(post.message, "hello");
    }

    #[test]
    fn users_in_the_json_of_a_sync_message_lose_their_secrets_and_nothing_else_changes() {
        let request = |json: &str| OnSharedChannelsSyncMsgRequest {
            sync_msg: Some(SyncMsgJson {
                sync_msg_json: json.as_bytes().to_vec().into(),
            }),
            remote_cluster: Some(RemoteCluster {
                remote_id: "r".to_owned(),
                token: "t".to_owned(),
                ..RemoteCluster::default()
            }),
            ..OnSharedChannelsSyncMsgRequest::default()
        };
        let json =
            r#"{ "users": {"u": {"id":"u","password":"hash","auth_data":"saml"}}, "posts": [] }"#;
        let seen = redacted("OnSharedChannelsSyncMsg", &request(json));
        let seen = OnSharedChannelsSyncMsgRequest::decode(seen).unwrap();
        let mut expected =
            request(r#"{ "users": {"u": {"id":"u","password":"","auth_data":""}}, "posts": [] }"#);
        expected.remote_cluster.as_mut().unwrap().token.clear();
        assert_eq!(seen, expected);

        let sends = Redaction::of(&Policy {
            send_secrets: true,
            ..Policy::default()
        });
        let wire: Bytes = request(json).encode_to_vec().into();
        let hook = find_hook("OnSharedChannelsSyncMsg").unwrap();
        assert_eq!(sends.request(hook, wire.clone()).unwrap(), wire);
    }
}
