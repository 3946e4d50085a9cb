//! Bots: users that are programs, each with a row of its own beside the user's.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Bot, BotPatch, CreateBotRequest, CreateBotResponse, EnsureBotUserRequest,
    EnsureBotUserResponse, GetBotRequest, GetBotResponse, GetBotsRequest, GetBotsResponse,
    PatchBotRequest, PatchBotResponse, PermanentDeleteBotRequest, PermanentDeleteBotResponse, Post,
    UpdateBotActiveRequest, UpdateBotActiveResponse, User,
};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::journal::area;
use crate::memory::names::{self, fits, invalid};
use crate::memory::page::Page;
use crate::memory::rows::{Rows, row};
use crate::memory::{Refusal, Store, Tables, channel, handlers, kv, post, user};

/// The key under which the server remembers a plugin's bot, among the plugin's own.
const REMEMBERED: &str = "mmi_botid";

/// By user.
#[derive(Debug, Default)]
pub(super) struct Bots {
    rows: Rows<Bot>,
}
area!(Bots: rows);
row!(Bot, "bots", model, String: |bot| bot.user_id.clone());

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        PatchBot => patch,
        GetBot => get,
        GetBots => list,
        UpdateBotActive => update_active,
        PermanentDeleteBot => delete,
    );
    acts!(methods, store, caller;
        CreateBot => create,
        EnsureBotUser => ensure,
    );
}

fn missing(id: &str) -> Refusal {
    Refusal::new("store.sql_bot.get.missing.app_error", 404).about(format!("user_id={id}"))
}

async fn create(act: Act, r: CreateBotRequest) -> Result<CreateBotResponse, Refusal> {
    let bot = add(&act, r.bot.unwrap_or_default()).await?;
    Ok(CreateBotResponse {
        bot: Some(bot),
        error: None,
    })
}

/// Makes a bot. If a user owns it, it tells them so.
async fn add(act: &Act, given: Bot) -> Result<Bot, Refusal> {
    let caller = act.caller().clone();
    let (bot, message) = act.with(|t| save(t, &caller, given))?;
    if let Some(message) = message {
        post::say(act, message).await;
    }
    Ok(bot)
}

fn save(t: &mut Tables, caller: &PluginId, given: Bot) -> Result<(Bot, Option<Post>), Refusal> {
    let owner_id = match given.owner_id.is_empty() {
        true => caller.to_string(),
        false => given.owner_id,
    };
    let owner = t
        .users
        .get(&owner_id)
        .map(|owner| (owner.id.clone(), owner.is_bot));
    if owner.as_ref().is_some_and(|(_, is_bot)| *is_bot) {
        return Err(Refusal::new("plugin_api.bot_cant_create_bot", 400));
    }
    let mut bot = Bot {
        owner_id,
        delete_at: 0,
        ..given
    };
    check(&bot)?;
    let made = User {
        id: bot.user_id,
        username: bot.username.clone(),
        email: format!("{}@localhost", bot.username),
        first_name: bot.display_name.clone(),
        is_bot: true,
        bot_description: bot.description.clone(),
        ..User::default()
    };
    let made = user::add(t, made, "system_user")?;
    bot.user_id = made.id;
    (bot.create_at, bot.update_at) = (made.create_at, made.update_at);
    t.bots.rows.put(bot.clone());
    let message = match owner {
        None => None,
        Some((owner_id, _)) => {
            let direct = channel::direct(t, &bot.user_id, &owner_id)?;
            let text = "Please add me to teams and channels you want me to interact in.";
            Some(post::system(
                &direct.id,
                &bot.user_id,
                "add_bot_teams_channels",
                text.to_owned(),
                &[],
            ))
        }
    };
    Ok((bot, message))
}

/// The first rule that a bot breaks.
fn check(bot: &Bot) -> Result<(), Refusal> {
    let refuse = |id| {
        Err(invalid(
            id,
            "Bot.IsValid",
            format!("user_id={}", bot.user_id),
        ))
    };
    if !names::is_username(&bot.username, false) {
        return refuse("model.bot.is_valid.username.app_error");
    }
    if !fits(&bot.display_name, 64) {
        // Sic: the name of another field.
        return refuse("model.bot.is_valid.user_id.app_error");
    }
    if !fits(&bot.description, 1024) {
        return refuse("model.bot.is_valid.description.app_error");
    }
    if bot.owner_id.is_empty() || !fits(&bot.owner_id, 190) {
        return refuse("model.bot.is_valid.creator_id.app_error");
    }
    Ok(())
}

fn patch(t: &mut Tables, _: &PluginId, r: PatchBotRequest) -> Result<PatchBotResponse, Refusal> {
    let bot = change(t, &r.bot_user_id, r.bot_patch.unwrap_or_default())?;
    Ok(PatchBotResponse {
        bot: Some(bot),
        error: None,
    })
}

/// What is not said stays; a change of nothing changes nothing.
fn change(t: &mut Tables, id: &str, patch: BotPatch) -> Result<Bot, Refusal> {
    let old = t.bots.rows.get(id).cloned().ok_or_else(|| missing(id))?;
    let mut bot = old.clone();
    for (field, value) in [
        (&mut bot.username, patch.username),
        (&mut bot.display_name, patch.display_name),
        (&mut bot.description, patch.description),
    ] {
        if let Some(value) = value {
            *field = value;
        }
    }
    if bot == old {
        return Ok(bot);
    }
    let mut changed = t.users.find(id)?.clone();
    changed.username.clone_from(&bot.username);
    changed.email = format!("{}@localhost", bot.username);
    changed.first_name.clone_from(&bot.display_name);
    let changed = user::replace(t, changed)?;
    t.users
        .change(id, |user| user.bot_description.clone_from(&bot.description));
    bot.update_at = changed.update_at;
    t.bots.rows.put(bot.clone());
    Ok(bot)
}

fn get(t: &mut Tables, _: &PluginId, r: GetBotRequest) -> Result<GetBotResponse, Refusal> {
    let bot = t.bots.rows.get(&r.bot_user_id);
    let bot = bot.filter(|bot| r.include_deleted || bot.delete_at == 0);
    Ok(GetBotResponse {
        bot: Some(bot.ok_or_else(|| missing(&r.bot_user_id))?.clone()),
        error: None,
    })
}

fn list(t: &mut Tables, _: &PluginId, r: GetBotsRequest) -> Result<GetBotsResponse, Refusal> {
    let options = r.options.unwrap_or_default();
    let is_orphaned = |bot: &Bot| {
        t.users
            .get(&bot.owner_id)
            .is_some_and(|owner| owner.delete_at != 0)
    };
    let wanted = |bot: &&Bot| {
        (options.owner_id.is_empty() || bot.owner_id == options.owner_id)
            && (options.include_deleted || bot.delete_at == 0)
            && (!options.only_orphaned || is_orphaned(bot))
    };
    let mut bots: Vec<_> = t.bots.rows.values().filter(wanted).cloned().collect();
    bots.sort_by(|one, other| {
        (one.create_at, &one.username).cmp(&(other.create_at, &other.username))
    });
    Ok(GetBotsResponse {
        bots: Page::of(options.page, options.per_page)
            .cut(bots.into_iter())
            .collect(),
        error: None,
    })
}

/// Who is no bot is changed all the same, before that is noticed.
fn update_active(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateBotActiveRequest,
) -> Result<UpdateBotActiveResponse, Refusal> {
    let is_active = t.users.find(&r.bot_user_id)?.delete_at == 0;
    if is_active != r.active {
        user::set_active(t, &r.bot_user_id, r.active)?;
    }
    let user = t.users.find(&r.bot_user_id)?;
    let (delete_at, update_at) = (user.delete_at, user.update_at);
    let bot = t
        .bots
        .rows
        .get_mut(&r.bot_user_id)
        .ok_or_else(|| missing(&r.bot_user_id))?;
    if bot.delete_at != delete_at {
        (bot.delete_at, bot.update_at) = (delete_at, update_at);
    }
    Ok(UpdateBotActiveResponse {
        bot: Some(bot.clone()),
        error: None,
    })
}

/// The bots of somebody who is deactivated are, too, if the server is set so.
pub(super) fn disable_owned(t: &mut Tables, owner_id: &str) -> Result<(), Refusal> {
    if !t
        .config
        .yes("ServiceSettings", "DisableBotsWhenOwnerIsDeactivated")
    {
        return Ok(());
    }
    let owned = t
        .bots
        .rows
        .values()
        .filter(|bot| bot.owner_id == owner_id && bot.delete_at == 0);
    let owned: Vec<_> = owned.map(|bot| bot.user_id.clone()).collect();
    for id in owned {
        user::set_active(t, &id, false)?;
        let now = t.now();
        if let Some(bot) = t.bots.rows.get_mut(&id) {
            (bot.delete_at, bot.update_at) = (now, now);
        }
    }
    Ok(())
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: PermanentDeleteBotRequest,
) -> Result<PermanentDeleteBotResponse, Refusal> {
    if !t.users.find(&r.bot_user_id)?.is_bot {
        // Sic.
        return Err(Refusal::new("app.bot.permenent_delete.bad_id", 400));
    }
    t.bots.rows.remove(&r.bot_user_id);
    t.users.remove(&r.bot_user_id);
    Ok(PermanentDeleteBotResponse::default())
}

/// The plugin's bot: the one that is remembered, or the one of that name, or a new one. A human of that name is answered, too, as the
/// server does it.
async fn ensure(act: Act, r: EnsureBotUserRequest) -> Result<EnsureBotUserResponse, Refusal> {
    let given = r.bot.unwrap_or_default();
    if given.username.is_empty() {
        return Err(Refusal::plain("passed a bot with no username"));
    }
    let caller = act.caller().clone();
    let known = act.with(|t| {
        let remembered = kv::read(t, &caller, REMEMBERED);
        let remembered = String::from_utf8(remembered.to_vec()).unwrap_or_default();
        if t.bots.rows.contains_key(&remembered) {
            let patch = BotPatch {
                username: Some(given.username.clone()),
                display_name: Some(given.display_name.clone()),
                description: Some(given.description.clone()),
            };
            return change(t, &remembered, patch).map(|bot| Some(bot.user_id));
        }
        let named = t
            .users
            .named(&given.username)
            .map(|user| (user.id.clone(), user.is_bot));
        if let Some((id, true)) = &named {
            kv::keep(t, &caller, REMEMBERED, id);
        } else if named.is_some() {
            let name = &given.username;
            tracing::error!(plugin = %caller, "{name} is no bot, but a user of that name is there");
        }
        Ok(named.map(|(id, _)| id))
    })?;
    let bot_user_id = match known {
        Some(id) => id,
        None => {
            let bot = Bot {
                owner_id: caller.to_string(),
                ..given
            };
            let made = add(&act, bot).await?;
            act.with(|t| kv::keep(t, &caller, REMEMBERED, &made.user_id));
            made.user_id
        }
    };
    Ok(EnsureBotUserResponse {
        bot_user_id,
        error: None,
    })
}
