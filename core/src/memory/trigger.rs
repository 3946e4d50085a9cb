//! Which API method leads to which hooks, and how. Pure.
//!
//! The table stops chains that never end, and `core/HOOKS.md` is written from it; a test holds the document against it, and the code
//! refuses to fire a hook that is not in it. What the host itself is the cause of (activation, HTTP requests) is not here.

use std::fmt::Write as _;

use plugin_proto::Method;

/// How a hook is fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the action, which waits for it and may be changed or refused by it.
    Before,
    /// After the action, in the background: the call does not wait.
    After,
}

/// One row: a method, a hook that it leads to, and when that is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The API method.
    pub method: &'static str,
    /// The hook.
    pub hook: &'static str,
    /// How it is fired.
    pub moment: Moment,
    /// Under which condition, and with what.
    pub when: &'static str,
}

macro_rules! triggers {
    ($($method:ident => $($hook:ident $moment:ident $when:literal)|+;)*) => {
        /// All rows, in the order of the API's areas.
        pub const TRIGGERS: &[Trigger] = &[$($(Trigger {
            method: stringify!($method),
            hook: stringify!($hook),
            moment: Moment::$moment,
            when: $when,
        }),+),*];
        const BY_METHOD: &[(&str, &[&str])] = &[$((stringify!($method), &[$(stringify!($hook)),+])),*];
        /// Nothing here that the contract does not have.
        #[cfg(test)]
        fn contract() -> Vec<(&'static str, &'static str)> {
            use plugin_proto::{Rpc as _, api, hook};
            vec![$($((api::$method::METHOD.name, hook::$hook::METHOD.name)),+),*]
        }
    };
}

triggers! {
    CreateUser =>
        UserHasBeenCreated After "with the user, its secrets removed";
    DeleteUser =>
        UserHasBeenDeactivated After "always, also when it was deactivated before";
    UpdateUserActive =>
        UserHasBeenDeactivated After "when `active` is false";
    CreateTeamMember =>
        UserHasJoinedTeam After "unless already a member; without an actor"
        | MessageWillBePosted Before "with the message of each default channel; a no is only logged"
        | MessageHasBeenPosted After "with the message of each default channel";
    CreateTeamMembers =>
        UserHasJoinedTeam After "for each new member; the requestor is the actor"
        | MessageWillBePosted Before "with the message of each default channel; a no is only logged"
        | MessageHasBeenPosted After "with the message of each default channel";
    CreateTeamMembersGracefully =>
        UserHasJoinedTeam After "for each new member; the requestor is the actor"
        | MessageWillBePosted Before "with the message of each default channel; a no is only logged"
        | MessageHasBeenPosted After "with the message of each default channel";
    DeleteTeamMember =>
        UserHasLeftTeam After "always; the requestor is the actor; nothing is told of the team's channels"
        | MessageWillBePosted Before "with the message in town-square; a no is only logged"
        | MessageHasBeenPosted After "with the message in town-square";
    CreateChannel =>
        ChannelHasBeenCreated After "with the channel; not for those that come with a team";
    DeleteChannel =>
        MessageWillBePosted Before "with the system bot's message; a no is only logged"
        | MessageHasBeenPosted After "with the system bot's message";
    GetDirectChannel =>
        ChannelHasBeenCreated After "when there was none; nobody joins it";
    GetGroupChannel =>
        ChannelHasBeenCreated After "when there was none; nobody joins it";
    AddChannelMember =>
        UserHasJoinedChannel After "unless already a member; without an actor"
        | MessageWillBePosted Before "with the message of the one who joined; a no is an error, and the member stays"
        | MessageHasBeenPosted After "with that message";
    AddUserToChannel =>
        UserHasJoinedChannel After "unless already a member; with the actor"
        | MessageWillBePosted Before "with the message; if the actor is somebody else it is posted in the background, and a no is only logged"
        | MessageHasBeenPosted After "with that message";
    DeleteChannelMember =>
        UserHasLeftTeam After "when a guest left their last channel of the team"
        | UserHasLeftChannel After "always; the user is the actor"
        | MessageWillBePosted Before "with the message, in the background; a no is only logged"
        | MessageHasBeenPosted After "with that message";
    CreatePost =>
        MessageWillBePosted Before "with the post: no id yet, hashtags and properties as they will be; what comes back replaces all of it"
        | MessageHasBeenPosted After "with the saved post";
    UpdatePost =>
        MessageWillBeUpdated Before "with the new post and the old one"
        | MessageHasBeenUpdated After "with the new post, and the old one under the id that it has now";
    DeletePost =>
        MessageHasBeenDeleted After "with the post as it was before; not for its replies";
    SearchPostsInTeamForUser =>
        ChannelHasBeenCreated After "when `in:@name` names a direct channel that there was not";
    AddReaction =>
        ReactionHasBeenAdded After "always, also when it was there already";
    RemoveReaction =>
        ReactionHasBeenRemoved After "always, also when there was none";
    UploadFile =>
        FileWillBeUploaded Before "with description and bytes, before they are kept";
    UploadData =>
        FileWillBeUploaded Before "when the last part has come; of the answer only the bytes are kept";
    SaveConfig =>
        ConfigurationWillBeSaved Before "with the whole configuration; an error refuses"
        | OnConfigurationChange After "when the new configuration is in force";
    SavePluginConfig =>
        ConfigurationWillBeSaved Before "with the whole configuration; an error refuses"
        | OnConfigurationChange After "when the new configuration is in force";
    EnablePlugin =>
        ConfigurationWillBeSaved Before "with the whole configuration; an error refuses"
        | OnConfigurationChange After "when the new configuration is in force; the plugin is started beside it";
    DisablePlugin =>
        ConfigurationWillBeSaved Before "with the whole configuration; an error refuses"
        | OnConfigurationChange After "when the new configuration is in force; the plugin is stopped beside it";
    RemovePlugin =>
        ConfigurationWillBeSaved Before "with the whole configuration; an error refuses"
        | OnConfigurationChange After "when the new configuration is in force; then the plugin is stopped";
    CreateBot =>
        ChannelHasBeenCreated After "when a user owns the bot: their direct channel"
        | MessageWillBePosted Before "with the bot's message there; a no is only logged"
        | MessageHasBeenPosted After "with that message";
    EnsureBotUser =>
        ChannelHasBeenCreated After "never for a plugin that owns its bot"
        | MessageWillBePosted Before "never for a plugin that owns its bot"
        | MessageHasBeenPosted After "never for a plugin that owns its bot";
    UpdateBotActive =>
        UserHasBeenDeactivated After "when an active bot is deactivated";
    ExecuteSlashCommand =>
        ExecuteCommand Before "of the plugin that registered the command first, and of no other"
        | MessageWillBePosted Before "when the answer is for the channel"
        | MessageHasBeenPosted After "when the answer is for the channel";
    CreateDefaultSyncableMemberships =>
        UserHasJoinedTeam After "for each new member; without an actor"
        | UserHasJoinedChannel After "for each new member; without an actor"
        | MessageWillBePosted Before "with the messages that say so"
        | MessageHasBeenPosted After "with the messages that say so";
    DeleteGroupConstrainedMemberships =>
        UserHasLeftChannel After "for each who leaves; without an actor"
        | UserHasLeftTeam After "for each who leaves; without an actor";
    RegisterPluginForSharedChannels =>
        OnSharedChannelsPing After "of the plugin named, when it is new";
    SyncSharedChannel =>
        OnSharedChannelsSyncMsg After "of each plugin that is invited, with the posts that it does not have";
    SendPushNotification =>
        NotificationWillBePushed Before "with the message; a no stops it, and is no error";
    PluginHTTP =>
        ServeHTTP Before "of the plugin that the path names, and of no other";
    UpdatePreferencesForUser =>
        PreferencesHaveChanged After "with the preferences given; not by deleting some";
}

/// The hooks that a method can lead to.
pub fn hooks_of(method: &Method) -> &'static [&'static str] {
    let row = BY_METHOD.iter().find(|(name, _)| *name == method.name);
    row.map_or(&[], |(_, hooks)| hooks)
}

/// `core/HOOKS.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Which API methods lead to which hooks\n\n\
         Written from `core/src/memory/trigger.rs` by `UPDATE_HOOKS_MD=1 cargo test -p plugin-host --test memory`; do not edit.\n\n\
         Hooks go to every running plugin that has them, the calling one too, one after another in the order of their ids. *before*: the \
         call waits, each plugin sees what the one before made of it, and the first no ends it. *after*: in the background; two events may \
         overtake each other. The context has a request id and no user. A chain of calls and hooks that is too long is stopped by an \
         `AppError` with status 508 that names plugin, hook and method; a plugin says in which hook it calls by sending that hook's \
         request id as metadata `x-request-id`.\n\n\
         | method | hook | moment | when, and with what |\n| --- | --- | --- | --- |\n",
    );
    for row in TRIGGERS {
        let moment = match row.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        writeln!(
            text,
            "| {} | {} | {moment} | {} |",
            row.method, row.hook, row.when
        )
        .expect("a String takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::{find_api, find_hook};

    #[test]
    fn the_table_names_methods_and_hooks_of_the_contract_once() {
        let mut rows: Vec<_> = TRIGGERS.iter().map(|row| (row.method, row.hook)).collect();
        assert_eq!(rows, contract());
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), TRIGGERS.len());
        assert!(
            rows.iter()
                .all(|(method, hook)| find_api(method).is_some() && find_hook(hook).is_some())
        );
        let method = find_api("DeleteUser").unwrap();
        assert_eq!(hooks_of(method), ["UserHasBeenDeactivated"]);
        assert!(hooks_of(find_api("GetUser").unwrap()).is_empty());
    }
}
