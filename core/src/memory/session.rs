//! Sessions, and the tokens by which programs sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateSessionRequest, CreateSessionResponse, CreateUserAccessTokenRequest,
    CreateUserAccessTokenResponse, ExtendSessionExpiryRequest, ExtendSessionExpiryResponse,
    GetSessionRequest, GetSessionResponse, RevokeSessionRequest, RevokeSessionResponse,
    RevokeUserAccessTokenRequest, RevokeUserAccessTokenResponse, Session, UserAccessToken,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::names::fits;
use crate::memory::rows::{Rows, row};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

/// How many sessions a user has at most.
const PER_USER: usize = 500;

/// All sessions and tokens.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    rows: Rows<Session>,
    tokens: Rows<UserAccessToken>,
    /// By user, the least recently used first.
    by_user: BTreeMap<String, BTreeSet<(i64, String)>>,
}
area!(Sessions: rows, tokens; index);
row!(Session, "sessions", wire("Session"), String: |session| session.id.clone());
row!(UserAccessToken, "user_access_tokens", wire("UserAccessToken"), String: |token| token.id.clone());

impl Sessions {
    fn put(&mut self, session: Session) {
        let of_user = self.by_user.entry(session.user_id.clone()).or_default();
        of_user.insert((session.last_activity_at, session.id.clone()));
        self.rows.put(session);
    }

    fn index(&mut self) {
        self.by_user.clear();
        for session in self.rows.values() {
            let of_user = self.by_user.entry(session.user_id.clone()).or_default();
            of_user.insert((session.last_activity_at, session.id.clone()));
        }
    }

    fn remove(&mut self, id: &str) -> Option<Session> {
        let session = self.rows.remove(id)?;
        if let Some(of_user) = self.by_user.get_mut(&session.user_id) {
            of_user.remove(&(session.last_activity_at, session.id.clone()));
        }
        Some(session)
    }

    fn ids_of(&self, user_id: &str) -> Vec<String> {
        let of_user = self.by_user.get(user_id);
        of_user
            .into_iter()
            .flatten()
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Ends all sessions of a user.
    pub(super) fn forget_user(&mut self, user_id: &str) {
        for id in self.ids_of(user_id) {
            self.remove(&id);
        }
    }

    /// Sessions carry the roles of their user.
    pub(super) fn change_roles(&mut self, user_id: &str, roles: &str) {
        for id in self.ids_of(user_id) {
            if let Some(session) = self.rows.get_mut(&id) {
                roles.clone_into(&mut session.roles);
            }
        }
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetSession => get,
        CreateSession => create,
        ExtendSessionExpiry => extend,
        RevokeSession => revoke,
        CreateUserAccessToken => create_token,
        RevokeUserAccessToken => revoke_token,
    );
}

fn missing(id: &str) -> Refusal {
    Refusal::new("app.session.get.app_error", 400).about(format!("session_id={id}"))
}

fn get(t: &mut Tables, _: &PluginId, r: GetSessionRequest) -> Result<GetSessionResponse, Refusal> {
    let session = t.sessions.rows.get(&r.session_id);
    Ok(GetSessionResponse {
        session: Some(session.ok_or_else(|| missing(&r.session_id))?.clone()),
        error: None,
    })
}

/// The user need not exist.
fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateSessionRequest,
) -> Result<CreateSessionResponse, Refusal> {
    let mut session = r.session.unwrap_or_default();
    let user = t.users.get(&session.user_id);
    let is_remote = |id: &Option<String>| id.as_deref().is_some_and(|id| !id.is_empty());
    if user.is_some_and(|user| is_remote(&user.remote_id)) {
        return Err(Refusal::new("api.user.login.remote_users.login.error", 401));
    }
    if !session.id.is_empty() {
        return Err(Refusal::new("app.session.save.existing.app_error", 400));
    }
    if !fresh::is_id(&session.user_id) || session.roles.len() > 256 {
        return Err(Refusal::new("app.session.save.app_error", 500));
    }
    session.id = t.new_id();
    if session.token.is_empty() {
        session.token = t.new_id();
    }
    session.create_at = t.now();
    session.last_activity_at = session.create_at;
    let ids = t.sessions.ids_of(&session.user_id);
    let excess = (ids.len() + 1).saturating_sub(PER_USER);
    for id in ids.iter().take(excess) {
        t.sessions.remove(id);
    }
    t.sessions.put(session.clone());
    Ok(CreateSessionResponse {
        session: Some(session),
        error: None,
    })
}

fn extend(
    t: &mut Tables,
    _: &PluginId,
    r: ExtendSessionExpiryRequest,
) -> Result<ExtendSessionExpiryResponse, Refusal> {
    let session = t.sessions.rows.get_mut(&r.session_id);
    // Sic: here a session that is not there is trouble of the server.
    let missing = || Refusal::new("app.session.get_sessions.app_error", 500);
    session.ok_or_else(missing)?.expires_at = r.new_expiry;
    Ok(ExtendSessionExpiryResponse::default())
}

fn revoke(
    t: &mut Tables,
    _: &PluginId,
    r: RevokeSessionRequest,
) -> Result<RevokeSessionResponse, Refusal> {
    let session = t.sessions.remove(&r.session_id);
    session.ok_or_else(|| missing(&r.session_id))?;
    Ok(RevokeSessionResponse::default())
}

/// The text of the token is the server's, and this is the only time that it is told.
fn create_token(
    t: &mut Tables,
    _: &PluginId,
    r: CreateUserAccessTokenRequest,
) -> Result<CreateUserAccessTokenResponse, Refusal> {
    let mut token = r.token.unwrap_or_default();
    let is_bot = t.users.find(&token.user_id)?.is_bot;
    if !is_bot && !t.config.yes("ServiceSettings", "EnableUserAccessTokens") {
        return Err(Refusal::new("app.user_access_token.disabled", 501)
            .said("Personal access tokens are disabled on this server."));
    }
    if !fits(&token.description, 255) {
        return Err(Refusal::new(
            "model.user_access_token.is_valid.description.app_error",
            400,
        )
        .at("UserAccessToken.IsValid"));
    }
    token.id = t.new_id();
    token.token = t.new_id();
    token.is_active = true;
    t.sessions.tokens.put(token.clone());
    Ok(CreateUserAccessTokenResponse {
        token: Some(token),
        error: None,
    })
}

fn revoke_token(
    t: &mut Tables,
    _: &PluginId,
    r: RevokeUserAccessTokenRequest,
) -> Result<RevokeUserAccessTokenResponse, Refusal> {
    let token = t.sessions.tokens.remove(&r.token_id);
    let missing = || Refusal::new("app.user_access_token.get_by_user.app_error", 404);
    let token = token.ok_or_else(missing)?;
    let sessions = t
        .sessions
        .rows
        .values()
        .filter(|session| session.token == token.token);
    let sessions: Vec<_> = sessions.map(|session| session.id.clone()).collect();
    for id in sessions {
        t.sessions.remove(&id);
    }
    Ok(RevokeUserAccessTokenResponse::default())
}
