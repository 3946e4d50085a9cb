//! Facts about the server and the caller, and websocket events of plugins.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetDiagnosticIdRequest, GetDiagnosticIdResponse, GetLicenseRequest, GetLicenseResponse,
    GetPluginIdRequest, GetPluginIdResponse, GetServerVersionRequest, GetServerVersionResponse,
    GetSystemInstallDateRequest, GetSystemInstallDateResponse, GetTelemetryIdRequest,
    GetTelemetryIdResponse, IsEnterpriseReadyRequest, IsEnterpriseReadyResponse,
    PublishWebSocketEventRequest, PublishWebSocketEventResponse,
};

use crate::ids::PluginId;
use crate::memory::{Refusal, Store, Tables, WebSocketEvent, handlers, log};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetServerVersion => server_version,
        IsEnterpriseReady => enterprise_ready,
        GetPluginID => plugin_id,
        GetLicense => license,
        GetSystemInstallDate => install_date,
        GetDiagnosticId => diagnostic_id,
        GetTelemetryId => telemetry_id,
        PublishWebSocketEvent => publish,
    );
}

fn server_version(
    t: &mut Tables,
    _: &PluginId,
    _: GetServerVersionRequest,
) -> Result<GetServerVersionResponse, Refusal> {
    Ok(GetServerVersionResponse {
        error: None,
        version: t.facts.version.clone(),
    })
}

fn enterprise_ready(
    t: &mut Tables,
    _: &PluginId,
    _: IsEnterpriseReadyRequest,
) -> Result<IsEnterpriseReadyResponse, Refusal> {
    Ok(IsEnterpriseReadyResponse {
        error: None,
        is_enterprise_ready: t.facts.enterprise_ready,
    })
}

fn plugin_id(
    _: &mut Tables,
    caller: &PluginId,
    _: GetPluginIdRequest,
) -> Result<GetPluginIdResponse, Refusal> {
    Ok(GetPluginIdResponse {
        error: None,
        plugin_id: caller.to_string(),
    })
}

/// There is none.
fn license(
    _: &mut Tables,
    _: &PluginId,
    _: GetLicenseRequest,
) -> Result<GetLicenseResponse, Refusal> {
    Ok(GetLicenseResponse::default())
}

fn install_date(
    t: &mut Tables,
    _: &PluginId,
    _: GetSystemInstallDateRequest,
) -> Result<GetSystemInstallDateResponse, Refusal> {
    Ok(GetSystemInstallDateResponse {
        install_date: t.installation.installed_at(),
        error: None,
    })
}

fn diagnostic_id(
    t: &mut Tables,
    _: &PluginId,
    _: GetDiagnosticIdRequest,
) -> Result<GetDiagnosticIdResponse, Refusal> {
    Ok(GetDiagnosticIdResponse {
        diagnostic_id: t.installation.server_id().to_owned(),
        error: None,
    })
}

fn telemetry_id(
    t: &mut Tables,
    _: &PluginId,
    _: GetTelemetryIdRequest,
) -> Result<GetTelemetryIdResponse, Refusal> {
    Ok(GetTelemetryIdResponse {
        telemetry_id: t.installation.server_id().to_owned(),
        error: None,
    })
}

fn publish(
    t: &mut Tables,
    caller: &PluginId,
    r: PublishWebSocketEventRequest,
) -> Result<PublishWebSocketEventResponse, Refusal> {
    let event = WebSocketEvent {
        name: format!("custom_{caller}_{}", r.event),
        payload: r.payload.map(log::json).unwrap_or_default(),
        broadcast: r.broadcast.unwrap_or_default(),
    };
    t.publish(event);
    Ok(PublishWebSocketEventResponse::default())
}
