//! Applications that sign users in by OAuth.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateOAuthAppRequest, CreateOAuthAppResponse, DeleteOAuthAppRequest, DeleteOAuthAppResponse,
    GetOAuthAppRequest, GetOAuthAppResponse, OAuthApp, UpdateOAuthAppRequest,
    UpdateOAuthAppResponse,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::names::{fits, invalid};
use crate::memory::rows::{Rows, row};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

/// By id.
#[derive(Debug, Default)]
pub(super) struct Apps {
    rows: Rows<OAuthApp>,
}
area!(Apps: rows);
row!(OAuthApp, "oauth_apps", wire("OAuthApp"), String: |app| app.id.clone());

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateOAuthApp => create,
        GetOAuthApp => get,
        UpdateOAuthApp => update,
        DeleteOAuthApp => delete,
    );
}

fn check_enabled(t: &Tables, id: &'static str) -> Result<(), Refusal> {
    match t
        .config
        .yes("ServiceSettings", "EnableOAuthServiceProvider")
    {
        true => Ok(()),
        false => Err(Refusal::new(id, 501)
            .said("The system admin has turned off OAuth 2.0 Service Provider.")),
    }
}

const OFF: &str = "api.oauth.allow_oauth.turn_off.app_error";

/// The first rule that an application breaks.
fn check(app: &OAuthApp) -> Result<(), Refusal> {
    let refuse = |id| {
        Err(invalid(
            id,
            "OAuthApp.IsValid",
            format!("app_id={}", app.id),
        ))
    };
    let is_http = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    if !fresh::is_id(&app.creator_id) {
        return refuse("model.oauth.is_valid.creator_id.app_error");
    }
    if !(1..=64).contains(&app.name.len()) {
        return refuse("model.oauth.is_valid.name.app_error");
    }
    let mut callbacks = app.callback_urls.split(',').map(str::trim);
    if app.callback_urls.len() > 1024 || !callbacks.all(is_http) {
        return refuse("model.oauth.is_valid.callback.app_error");
    }
    if app.homepage.len() > 256 || !is_http(&app.homepage) {
        return refuse("model.oauth.is_valid.homepage.app_error");
    }
    if !fits(&app.description, 512) {
        return refuse("model.oauth.is_valid.description.app_error");
    }
    if !app.icon_url.is_empty() && (app.icon_url.len() > 512 || !is_http(&app.icon_url)) {
        return refuse("model.oauth.is_valid.icon_url.app_error");
    }
    if app.mattermost_app_id.len() > 32 {
        return refuse("model.oauth.is_valid.mattermost_app_id.app_error");
    }
    Ok(())
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateOAuthAppRequest,
) -> Result<CreateOAuthAppResponse, Refusal> {
    check_enabled(t, "api.oauth.register_oauth_app.turn_off.app_error")?;
    let mut app = r.app.unwrap_or_default();
    if !app.id.is_empty() {
        return Err(Refusal::new("app.oauth.save_app.existing.app_error", 400));
    }
    app.id = t.new_id();
    app.client_secret = t.new_id();
    app.create_at = t.now();
    app.update_at = app.create_at;
    check(&app)?;
    t.oauth.rows.put(app.clone());
    Ok(CreateOAuthAppResponse {
        app: Some(app),
        error: None,
    })
}

fn find<'a>(t: &'a Tables, id: &str) -> Result<&'a OAuthApp, Refusal> {
    let missing =
        || Refusal::new("app.oauth.get_app.find.app_error", 404).about(format!("app_id={id}"));
    t.oauth.rows.get(id).ok_or_else(missing)
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetOAuthAppRequest,
) -> Result<GetOAuthAppResponse, Refusal> {
    check_enabled(t, OFF)?;
    Ok(GetOAuthAppResponse {
        app: Some(find(t, &r.app_id)?.clone()),
        error: None,
    })
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateOAuthAppRequest,
) -> Result<UpdateOAuthAppResponse, Refusal> {
    check_enabled(t, OFF)?;
    let given = r.app.unwrap_or_default();
    let old = find(t, &given.id)?.clone();
    let app = OAuthApp {
        id: old.id,
        creator_id: old.creator_id,
        create_at: old.create_at,
        client_secret: old.client_secret,
        update_at: t.now(),
        ..given
    };
    check(&app)?;
    t.oauth.rows.put(app.clone());
    Ok(UpdateOAuthAppResponse {
        app: Some(app),
        error: None,
    })
}

/// One that is not there is no error.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteOAuthAppRequest,
) -> Result<DeleteOAuthAppResponse, Refusal> {
    check_enabled(t, OFF)?;
    t.oauth.rows.remove(&r.app_id);
    Ok(DeleteOAuthAppResponse::default())
}
