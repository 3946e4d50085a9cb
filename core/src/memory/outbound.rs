//! What leaves the server: mail, push messages, events for other nodes, dialogs, records for auditors. Recorded, not sent.

use std::collections::VecDeque;
use std::sync::Arc;

use plugin_proto::pb::{
    AuditRecord, GetCloudLimitsRequest, GetCloudLimitsResponse, LogAuditRecRequest,
    LogAuditRecResponse, LogAuditRecWithLevelRequest, LogAuditRecWithLevelResponse,
    NotificationWillBePushedRequest, OpenInteractiveDialogRequest, OpenInteractiveDialogResponse,
    PluginClusterEvent, PluginClusterEventSendOptions, PublishPluginClusterEventRequest,
    PublishPluginClusterEventResponse, PushNotification, RegisterCollectionAndTopicRequest,
    RegisterCollectionAndTopicResponse, RequestTrialLicenseRequest, RequestTrialLicenseResponse,
    SendMailRequest, SendMailResponse, SendPushNotificationRequest, SendPushNotificationResponse,
};
use plugin_proto::{Form, Methods, Rpc as _, api, hook, reflect};
use prost::Message as _;
use serde_json::Value;

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::websocket::To;
use crate::memory::{Memory, Refusal, Store, Tables, handlers, remember, ticket};

/// The last of each.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    mails: VecDeque<Mail>,
    pushes: VecDeque<(String, PushNotification)>,
    cluster: VecDeque<ClusterEvent>,
    audit: VecDeque<AuditRecord>,
}

/// A mail that would have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom to.
    pub to: String,
    /// What about.
    pub subject: String,
    /// The text, as HTML.
    pub html_body: String,
}

/// An event that would have gone to other nodes of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterEvent {
    /// Who published it.
    pub plugin: PluginId,
    /// The event.
    pub event: PluginClusterEvent,
    /// How, and to which node.
    pub options: PluginClusterEventSendOptions,
}

impl Memory {
    /// The mails that plugins sent, oldest first; the last few thousand.
    pub fn mails(&self) -> Vec<Mail> {
        self.store.lock().outbound.mails.iter().cloned().collect()
    }

    /// The push messages that plugins sent, by user; the last few thousand.
    pub fn push_notifications(&self) -> Vec<(String, PushNotification)> {
        self.store.lock().outbound.pushes.iter().cloned().collect()
    }

    /// The events that plugins published to a cluster; the last few thousand.
    pub fn cluster_events(&self) -> Vec<ClusterEvent> {
        self.store.lock().outbound.cluster.iter().cloned().collect()
    }

    /// What plugins wrote down for auditors; the last few thousand records.
    pub fn audit_records(&self) -> Vec<AuditRecord> {
        self.store.lock().outbound.audit.iter().cloned().collect()
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        SendMail => mail,
        PublishPluginClusterEvent => publish,
        OpenInteractiveDialog => dialog,
        LogAuditRec => audit,
        LogAuditRecWithLevel => audit_with_level,
        GetCloudLimits => cloud_limits,
        RegisterCollectionAndTopic => register_collection,
        RequestTrialLicense => trial,
    );
    acts!(methods, store, caller;
        SendPushNotification => push,
    );
}

fn mail(t: &mut Tables, _: &PluginId, r: SendMailRequest) -> Result<SendMailResponse, Refusal> {
    for (text, id) in [
        (&r.to, "plugin_api.send_mail.missing_to"),
        (&r.subject, "plugin_api.send_mail.missing_subject"),
        (&r.html_body, "plugin_api.send_mail.missing_htmlbody"),
    ] {
        if text.is_empty() {
            return Err(Refusal::new(id, 400));
        }
    }
    let mail = Mail {
        to: r.to,
        subject: r.subject,
        html_body: r.html_body,
    };
    remember(&mut t.outbound.mails, mail);
    Ok(SendMailResponse::default())
}

/// Whoever is refused by a plugin is not told, and that is no error.
async fn push(
    act: Act,
    r: SendPushNotificationRequest,
) -> Result<SendPushNotificationResponse, Refusal> {
    let asked = NotificationWillBePushedRequest {
        push_notification: r.notification,
        user_id: r.user_id,
        ..NotificationWillBePushedRequest::default()
    };
    match act.filter::<hook::NotificationWillBePushed>(asked).await {
        Ok(answer) => act.with(|t| {
            let push = answer.push_notification.unwrap_or_default();
            remember(&mut t.outbound.pushes, (answer.user_id, push));
        }),
        Err(stopped) => tracing::info!(plugin = %stopped.plugin, "a push message was refused"),
    }
    Ok(SendPushNotificationResponse::default())
}

/// There are no other nodes.
fn publish(
    t: &mut Tables,
    caller: &PluginId,
    r: PublishPluginClusterEventRequest,
) -> Result<PublishPluginClusterEventResponse, Refusal> {
    let event = ClusterEvent {
        plugin: caller.clone(),
        event: r.event.unwrap_or_default(),
        options: r.opts.unwrap_or_default(),
    };
    remember(&mut t.outbound.cluster, event);
    Ok(PublishPluginClusterEventResponse::default())
}

/// What the dialog holds is not looked at.
fn dialog(
    t: &mut Tables,
    _: &PluginId,
    r: OpenInteractiveDialogRequest,
) -> Result<OpenInteractiveDialogResponse, Refusal> {
    let mut dialog = r.dialog.unwrap_or_default();
    let (client_id, user_id) = ticket::read(t, &dialog.trigger_id)?;
    dialog.trigger_id = client_id;
    let request = OpenInteractiveDialogRequest {
        dialog: Some(dialog),
    };
    let method = api::OpenInteractiveDialog::METHOD;
    let json = reflect::to_json(method, Form::Request, &request.encode_to_vec());
    let json = json.unwrap_or_default()["dialog"].to_string();
    t.event(
        "open_dialog",
        To::User(&user_id),
        [("dialog", Value::from(json))],
    );
    Ok(OpenInteractiveDialogResponse::default())
}

fn audit(
    t: &mut Tables,
    _: &PluginId,
    r: LogAuditRecRequest,
) -> Result<LogAuditRecResponse, Refusal> {
    remember(&mut t.outbound.audit, r.record.unwrap_or_default());
    Ok(LogAuditRecResponse::default())
}

fn audit_with_level(
    t: &mut Tables,
    _: &PluginId,
    r: LogAuditRecWithLevelRequest,
) -> Result<LogAuditRecWithLevelResponse, Refusal> {
    let record = AuditRecord {
        level: r.level,
        ..r.record.unwrap_or_default()
    };
    remember(&mut t.outbound.audit, record);
    Ok(LogAuditRecWithLevelResponse::default())
}

/// The server is in no cloud, so nothing is limited.
fn cloud_limits(
    _: &mut Tables,
    _: &PluginId,
    _: GetCloudLimitsRequest,
) -> Result<GetCloudLimitsResponse, Refusal> {
    Ok(GetCloudLimitsResponse {
        limits_json: "{}".into(),
        error: None,
    })
}

/// The server does nothing here, either.
fn register_collection(
    _: &mut Tables,
    _: &PluginId,
    _: RegisterCollectionAndTopicRequest,
) -> Result<RegisterCollectionAndTopicResponse, Refusal> {
    Ok(RegisterCollectionAndTopicResponse::default())
}

/// It is checked, and then there is nobody to ask.
fn trial(
    t: &mut Tables,
    _: &PluginId,
    r: RequestTrialLicenseRequest,
) -> Result<RequestTrialLicenseResponse, Refusal> {
    if t.config.yes("ExperimentalSettings", "RestrictSystemAdmin") {
        return Err(Refusal::new("api.restricted_system_admin", 403));
    }
    if !r.terms_accepted {
        let id = "api.license.request-trial.bad-request.terms-not-accepted";
        return Err(Refusal::new(id, 400));
    }
    if r.users == 0 {
        return Err(Refusal::new("api.license.request-trial.bad-request", 400));
    }
    t.users.find(&r.requester_id)?;
    Err(
        Refusal::new("api.license.request_trial_license.app_error", 500)
            .said("This server reaches no vendor of licences."),
    )
}
