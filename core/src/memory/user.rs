//! Users: making them, changing them, and finding one of them.

mod change;

mod list;

mod picture;

mod rules;

mod search;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::pb::{
    CreateUserRequest, CreateUserResponse, GetUserByEmailRequest, GetUserByEmailResponse,
    GetUserByUsernameRequest, GetUserByUsernameResponse, GetUserRequest, GetUserResponse,
    Preference, User, UserHasBeenCreatedRequest,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, form, row};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, handlers, names};

pub(super) use change::{replace, set_active};
pub(super) use rules::cleaned;

/// All users, deactivated ones too.
#[derive(Debug, Default)]
pub(super) struct Users {
    rows: Rows<User>,
    pictures: Rows<Picture>,
    by_name: BTreeMap<String, String>,
    by_email: HashMap<String, String>,
}
area!(Users: rows, pictures; index);
row!(User, "users", model, String: |user| user.id.clone());

/// What somebody looks like.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Picture {
    #[prost(string, tag = "1")]
    user_id: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "form::base64")]
    image: Bytes,
}
row!(Picture, "user_pictures", own, String: |picture| picture.user_id.clone());

/// No user has that id.
pub(super) fn missing(id: &str) -> Refusal {
    Refusal::new("app.user.missing_account.const", 404)
        .said("Unable to find the user.")
        .about(format!("user_id={id}"))
}

/// Somebody, or a group, has that name.
fn name_taken() -> Refusal {
    Refusal::new("app.user.save.username_exists.app_error", 400)
        .said("An account with that username already exists.")
}

impl Users {
    pub(super) fn get(&self, id: &str) -> Option<&User> {
        self.rows.get(id)
    }

    /// The user, or the refusal that most methods have.
    pub(super) fn find(&self, id: &str) -> Result<&User, Refusal> {
        self.rows.get(id).ok_or_else(|| missing(id))
    }

    pub(super) fn named(&self, name: &str) -> Option<&User> {
        self.rows.get(self.by_name.get(name)?)
    }

    fn with_email(&self, email: &str) -> Option<&User> {
        self.rows.get(self.by_email.get(email)?)
    }

    /// All users in the order of their names.
    pub(super) fn by_name(&self) -> impl Iterator<Item = &User> {
        self.by_name.values().filter_map(|id| self.rows.get(id))
    }

    /// Changes what is no key: neither name nor address.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.rows.get_mut(id) {
            change(user);
        }
    }

    /// Writes a user, new or old.
    pub(super) fn put(&mut self, user: User) {
        if let Some(old) = self.rows.get(&user.id) {
            self.by_name.remove(&old.username);
            self.by_email.remove(&old.email);
        }
        self.by_name.insert(user.username.clone(), user.id.clone());
        self.by_email.insert(user.email.clone(), user.id.clone());
        self.rows.put(user);
    }

    fn index(&mut self) {
        let rows = self.rows.values();
        self.by_name = rows
            .clone()
            .map(|user| (user.username.clone(), user.id.clone()))
            .collect();
        self.by_email = rows
            .map(|user| (user.email.clone(), user.id.clone()))
            .collect();
    }

    /// Forgets a user for ever.
    pub(super) fn remove(&mut self, id: &str) -> Option<User> {
        let user = self.rows.remove(id)?;
        self.by_name.remove(&user.username);
        self.by_email.remove(&user.email);
        self.pictures.remove(id);
        Some(user)
    }

    fn has_humans(&self) -> bool {
        self.rows.values().any(|user| !user.is_bot)
    }

    /// Whether name and address are free, or this user's own.
    pub(super) fn check_unique(&self, user: &User) -> Result<(), Refusal> {
        let taken = |holder: Option<&User>| holder.is_some_and(|holder| holder.id != user.id);
        if taken(self.with_email(&user.email)) {
            return Err(Refusal::new("app.user.save.email_exists.app_error", 400)
                .said("An account with that email already exists."));
        }
        if taken(self.named(&user.username)) {
            return Err(name_taken());
        }
        Ok(())
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateUser => create,
        GetUser => get,
        GetUserByEmail => get_by_email,
        GetUserByUsername => get_by_username,
    );
    change::register(methods, store, caller);
    list::register(methods, store, caller);
    search::register(methods, store, caller);
    picture::register(methods, store, caller);
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateUserRequest,
) -> Result<CreateUserResponse, Refusal> {
    let given = r.user.unwrap_or_default();
    if t.user_limit
        .is_some_and(|limit| t.users.rows.len() >= limit)
    {
        return Err(Refusal::new(
            "api.user.create_user.user_limits.exceeded",
            400,
        ));
    }
    if t.groups.is_name(&given.username.to_lowercase()) {
        return Err(name_taken());
    }
    let domains = t.config.text("TeamSettings", "RestrictCreationToDomains");
    if !names::in_domains(&given.email, &domains) {
        return Err(Refusal::new(
            "api.user.create_user.accepted_domain.app_error",
            400,
        ));
    }
    if given.auth_service.is_empty() {
        rules::check_password(&t.config, &given.password)?;
    }
    let roles = match t.users.has_humans() {
        true => "system_user",
        false => "system_admin system_user",
    };
    let user = add(t, given, roles)?;
    let user = cleaned(user);
    t.tell::<hook::UserHasBeenCreated>(UserHasBeenCreatedRequest {
        user: Some(user.clone()),
        ..UserHasBeenCreatedRequest::default()
    });
    t.event("new_user", To::All, [("user_id", user.id.clone().into())]);
    Ok(CreateUserResponse {
        user: Some(user),
        error: None,
    })
}

/// Checks and saves a new user, bot or human.
pub(super) fn add(t: &mut Tables, given: User, roles: &str) -> Result<User, Refusal> {
    if !given.id.is_empty() {
        return Err(Refusal::new("app.user.save.existing.app_error", 400)
            .at("User.Save")
            .about(format!("user_id={}", given.id)));
    }
    let (id, now) = (t.new_id(), t.now());
    let mut user = rules::fresh(given, id, now);
    if user.username.is_empty() {
        user.username = t.new_id();
    }
    roles.clone_into(&mut user.roles);
    if !user.password.is_empty() {
        if user.password.len() > rules::LONGEST_PASSWORD {
            return Err(Refusal::new(
                "model.user.pre_save.password_too_long.app_error",
                400,
            ));
        }
        user.password = rules::hash(&t.new_id(), &user.password);
    }
    rules::check(&user)?;
    t.users.check_unique(&user)?;
    let first = [
        ("recommended_next_steps", "hide".to_owned(), "false"),
        ("tutorial_step", user.id.clone(), "0"),
        ("system_notice", "GMasDM".to_owned(), "true"),
    ];
    for (category, name, value) in first {
        t.preferences.put(Preference {
            user_id: user.id.clone(),
            category: category.to_owned(),
            name,
            value: value.to_owned(),
        });
    }
    t.users.put(user.clone());
    Ok(user)
}

/// The user by whom the server itself speaks; made when it is needed.
pub(super) fn system_bot(t: &mut Tables) -> Result<User, Refusal> {
    const NAME: &str = "system-bot";
    if let Some(bot) = t.users.named(NAME) {
        return Ok(bot.clone());
    }
    let bot = User {
        username: NAME.to_owned(),
        email: format!("{NAME}@localhost"),
        first_name: "System".to_owned(),
        is_bot: true,
        ..User::default()
    };
    add(t, bot, "system_user")
}

fn get(t: &mut Tables, _: &PluginId, r: GetUserRequest) -> Result<GetUserResponse, Refusal> {
    Ok(GetUserResponse {
        user: Some(t.users.find(&r.user_id)?.clone()),
        error: None,
    })
}

fn get_by_email(
    t: &mut Tables,
    _: &PluginId,
    r: GetUserByEmailRequest,
) -> Result<GetUserByEmailResponse, Refusal> {
    let user = t.users.with_email(&r.email.to_lowercase());
    Ok(GetUserByEmailResponse {
        user: Some(user.ok_or_else(|| missing(&r.email))?.clone()),
        error: None,
    })
}

fn get_by_username(
    t: &mut Tables,
    _: &PluginId,
    r: GetUserByUsernameRequest,
) -> Result<GetUserByUsernameResponse, Refusal> {
    let user = t.users.named(&r.name.to_lowercase()).cloned();
    let missing = || {
        Refusal::new("app.user.get_by_username.app_error", 404)
            .said("Unable to find an existing account matching your username for this team.")
            .about(format!("username={}", r.name))
    };
    Ok(GetUserByUsernameResponse {
        user: Some(user.ok_or_else(missing)?),
        error: None,
    })
}
