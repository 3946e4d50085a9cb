//! Plugins asking about, and for, plugins: lists, states, enabling, disabling, removing and installing.
//!
//! Who is on is written down in the configuration ([`switches`]), as on the real server. No plugin waits for its own end.

mod http;

mod url;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    DisablePluginRequest, DisablePluginResponse, EnablePluginRequest, EnablePluginResponse,
    GetBundlePathRequest, GetBundlePathResponse, GetPluginStatusRequest, GetPluginStatusResponse,
    GetPluginsRequest, GetPluginsResponse, InstallPluginRequest, InstallPluginResponse, Manifest,
    PluginStatus, RemovePluginRequest, RemovePluginResponse,
};
use serde_json::{Value, json};

use crate::api::Plugins;
use crate::api::plugins::{Installed, Undone};
use crate::bundle::{Bundle, BundleError};
use crate::ids::PluginId;
use crate::manifest::{self, ManifestError};
use crate::memory::act::{Act, acts};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, command, configuration, switches};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        GetPlugins => list,
        GetPluginStatus => status,
        GetBundlePath => bundle_path,
        EnablePlugin => enable,
        DisablePlugin => disable,
        RemovePlugin => remove,
        InstallPlugin => install,
    );
    http::register(methods, store, caller);
}

fn disabled() -> Refusal {
    Refusal::new("app.plugin.disabled.app_error", 501)
}

/// The plugins, unless an administrator has switched them off.
fn plugins(act: &Act) -> Result<Arc<dyn Plugins>, Refusal> {
    let is_on = act.with(|t| t.config.yes("PluginSettings", "Enable"));
    act.plugins().filter(|_| is_on).ok_or_else(disabled)
}

/// Those that run come first.
async fn list(act: Act, _: GetPluginsRequest) -> Result<GetPluginsResponse, Refusal> {
    let installed = plugins(&act)?.installed().await;
    let (active, inactive): (Vec<_>, Vec<_>) =
        installed.into_iter().partition(|plugin| plugin.active);
    let all = active.into_iter().chain(inactive);
    Ok(GetPluginsResponse {
        manifests: all.map(|plugin| wire(plugin.manifest)).collect(),
        error: None,
    })
}

fn wire(manifest: manifest::Manifest) -> Manifest {
    let about = manifest.about;
    Manifest {
        id: manifest.id.to_string(),
        name: manifest.name,
        description: about.description,
        homepage_url: about.homepage_url,
        support_url: about.support_url,
        release_notes_url: about.release_notes_url,
        icon_path: about.icon_path,
        version: manifest.version,
        min_server_version: manifest.min_server_version,
    }
}

/// By the exact id.
async fn status(act: Act, r: GetPluginStatusRequest) -> Result<GetPluginStatusResponse, Refusal> {
    let installed = plugins(&act)?.installed().await;
    let found = installed
        .into_iter()
        .find(|plugin| plugin.manifest.id.as_str() == r.id);
    Ok(GetPluginStatusResponse {
        status: Some(shown(found.ok_or_else(not_installed)?)),
        error: None,
    })
}

fn shown(plugin: Installed) -> PluginStatus {
    PluginStatus {
        plugin_id: plugin.manifest.id.to_string(),
        plugin_path: plugin.folder.display().to_string(),
        state: plugin.state,
        name: plugin.manifest.name,
        description: plugin.manifest.about.description,
        version: plugin.manifest.version,
    }
}

fn not_installed() -> Refusal {
    Refusal::new("app.plugin.not_installed.app_error", 404)
}

async fn bundle_path(act: Act, _: GetBundlePathRequest) -> Result<GetBundlePathResponse, Refusal> {
    let plugins = act.plugins().ok_or_else(disabled)?;
    let folder = plugins.folder(act.caller()).await;
    let folder = folder.map_err(|error| Refusal::plain(error.to_string()))?;
    Ok(GetBundlePathResponse {
        path: folder.display().to_string(),
        error: None,
    })
}

/// The installed plugin of an id in any letters.
async fn known(act: &Act, id: &str) -> Result<PluginId, Refusal> {
    let installed = plugins(act)?.installed().await;
    let id = PluginId::parse(id).map_err(|_| not_installed())?;
    let is_there = installed.iter().any(|plugin| plugin.manifest.id == id);
    is_there.then_some(id).ok_or_else(not_installed)
}

async fn enable(act: Act, r: EnablePluginRequest) -> Result<EnablePluginResponse, Refusal> {
    let id = known(&act, &r.id).await?;
    switch(&act, &id, true).await?;
    Ok(EnablePluginResponse::default())
}

async fn disable(act: Act, r: DisablePluginRequest) -> Result<DisablePluginResponse, Refusal> {
    let id = known(&act, &r.id).await?;
    switch(&act, &id, false).await?;
    Ok(DisablePluginResponse::default())
}

/// Says in the configuration that a plugin is on or off, and sees to it that it becomes so.
async fn switch(act: &Act, id: &PluginId, on: bool) -> Result<(), Refusal> {
    if !on {
        act.with(|t| command::drop_of(t, id));
    }
    let saved = configuration::replace(act, |now| switches::set(now, id, on)).await;
    let mut changed = saved.map_err(|refusal| {
        Refusal::new("app.plugin.config.app_error", 500).about(refusal.to_string())
    })?;
    changed.insert(id.clone());
    switches::follow(act, changed);
    Ok(())
}

/// A plugin that removes itself is answered first: its process would not live to see the end.
async fn remove(act: Act, r: RemovePluginRequest) -> Result<RemovePluginResponse, Refusal> {
    let id = known(&act, &r.id).await?;
    let plugins = plugins(&act)?;
    switch(&act, &id, false).await?;
    if id.as_str() != r.id {
        return Err(not_installed());
    }
    let removing = {
        let (act, id) = (act.clone(), id.clone());
        async move {
            plugins.remove(&id).await?;
            act.with(|t| {
                // What it registered while it was being stopped.
                command::drop_of(t, &id);
            });
            tell_statuses(&act, plugins.installed().await);
            Ok::<_, Undone>(())
        }
    };
    if id == *act.caller() {
        act.in_background(async move {
            if let Err(error) = removing.await {
                tracing::error!("a plugin that removed itself is not gone: {error}");
            }
        });
        return Ok(RemovePluginResponse::default());
    }
    removing.await.map_err(|error| {
        Refusal::new("app.plugin.remove.app_error", 500).about(error.to_string())
    })?;
    Ok(RemovePluginResponse::default())
}

fn tell_statuses(act: &Act, installed: Vec<Installed>) {
    let statuses: Vec<Value> = installed
        .into_iter()
        .map(shown)
        .map(|status| {
            json!({
                "plugin_id": status.plugin_id,
                "plugin_path": status.plugin_path,
                "state": status.state,
                "name": status.name,
                "description": status.description,
                "version": status.version,
            })
        })
        .collect();
    act.with(|t: &mut Tables| {
        let data = [("plugin_statuses", statuses.into())];
        t.event("plugin_statuses_changed", To::All, data);
    });
}

/// One that is to run is started and waited for, unless it is the caller, which would wait for its own end.
async fn install(act: Act, r: InstallPluginRequest) -> Result<InstallPluginResponse, Refusal> {
    let may_upload = act.with(|t| t.config.yes("PluginSettings", "EnableUploads"));
    let plugins = plugins(&act).ok().filter(|_| may_upload);
    let plugins =
        plugins.ok_or_else(|| Refusal::new("app.plugin.upload_disabled.app_error", 501))?;
    let bundle = plugins.unpack(r.file_data).await.map_err(unusable)?;
    let manifest = bundle.manifest().clone();
    let id = manifest.id.clone();
    let is_there = |plugin: &Installed| plugin.manifest.id == id;
    if !r.replace && plugins.installed().await.iter().any(is_there) {
        return Err(Refusal::new("app.plugin.install_id.app_error", 400).about(id.to_string()));
    }
    let installing = put(act.clone(), plugins, bundle);
    if id == *act.caller() {
        act.in_background(async move {
            if let Err(refusal) = installing.await {
                tracing::error!("a plugin that replaced itself does not run: {refusal}");
            }
        });
    } else {
        installing.await?;
    }
    Ok(InstallPluginResponse {
        manifest: Some(wire(manifest)),
        error: None,
    })
}

async fn put(act: Act, plugins: Arc<dyn Plugins>, bundle: Bundle) -> Result<(), Refusal> {
    let id = bundle.manifest().id.clone();
    let was_wanted = plugins.install(bundle).await.map_err(|error| {
        Refusal::new("app.plugin.install.app_error", 500).about(error.to_string())
    })?;
    let is_on = act.with(|t| switches::of(t.config.document(), id.as_str()));
    if is_on.unwrap_or(was_wanted) {
        plugins.enable(&id).await.map_err(|error| {
            Refusal::new("app.plugin.restart.app_error", 500).about(error.to_string())
        })?;
    }
    Ok(())
}

fn unusable(error: BundleError) -> Refusal {
    let (id, status) = match &error {
        BundleError::NoArchive(_)
        | BundleError::LeadsOut { .. }
        | BundleError::TooLarge
        | BundleError::TooMany
        | BundleError::Write { .. } => ("app.plugin.extract.app_error", 400),
        BundleError::Manifest(ManifestError::Id { .. }) => ("app.plugin.invalid_id.app_error", 400),
        BundleError::Manifest(_) => ("app.plugin.manifest.app_error", 400),
    };
    Refusal::new(id, status).about(error.to_string())
}
