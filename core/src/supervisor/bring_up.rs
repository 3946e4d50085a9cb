//! From the spawn to the answer of `OnActivate`: the part of a start that talks to the plugin.

use std::sync::Arc;

use plugin_proto::connect::Preface;
use plugin_proto::dial::Wrap;
use plugin_proto::hook::{Implemented, OnActivate, OnConfigurationChange};
use plugin_proto::lane::Lane;
use plugin_proto::pb::{ImplementedRequest, OnActivateRequest, OnConfigurationChangeRequest};
use plugin_proto::{Rpc as _, call};
use prost::Message as _;
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;

use crate::event::What;
use crate::hooks::outcome::{Failure, FailureKind};
use crate::hooks::{Announcement, Hooks, HooksSetting, Lifeline, Outcome, Rules};
use crate::process::Child;
use crate::stdio;
use crate::supervisor::connect::connect_to;
use crate::supervisor::error::{StartCause, StartStep};
use crate::supervisor::order::{Progress, StartOrder};
use crate::supervisor::session::context;
use crate::tls::{Identity, Secured};

impl StartOrder {
    /// Everything from the handshake to the answer of `OnActivate`.
    pub(super) async fn bring_up(
        &self,
        child: &Child,
        identity: Option<&Identity>,
        progress: &mut Progress,
    ) -> Result<(Channel, Arc<Hooks>), StartCause> {
        let timing = &self.options.timing;
        let handshake = child
            .handshake(&self.options.handshake_reader(), timing.start)
            .await?;
        progress.step = StartStep::Connect;
        let wrap = self.wrap(identity, handshake.certificate)?;
        let (peer, channel, preface) = connect_to(&handshake.address, wrap, timing.connect).await?;
        let sees_tracebacks = !self.options.policy.ignore_tracebacks;
        let stdio = stdio::open(&channel, sees_tracebacks, &self.events).await;
        progress.tasks.0.push(stdio);
        let announcement = self
            .announcement(child, &channel, preface, &mut progress.step)
            .await?;
        progress.channel = Some(channel.clone());
        let hooks = Arc::new(Hooks::new(HooksSetting {
            channel: channel.clone(),
            streams: Lane::new(peer, timing.connect),
            implemented: announcement.hooks,
            rules: Rules::new(timing, &self.options.policy, &self.options.hooks),
            lifeline: Lifeline::new(child.exit_watch()),
            metrics: self.options.metrics.of(&self.manifest.id),
            events: self.events.clone(),
        }));
        self.report(announcement);
        if !self.options.policy.start_without_configuration {
            progress.step = StartStep::Configuration;
            self.configure(&hooks).await;
        }
        progress.step = StartStep::Activate;
        self.activate(child, &hooks).await?;
        Ok((channel, hooks))
    }

    /// What all connections to the plugin go through.
    fn wrap(
        &self,
        identity: Option<&Identity>,
        certificate: Option<Vec<u8>>,
    ) -> Result<Option<Arc<dyn Wrap>>, StartCause> {
        let (Some(identity), Some(options), Some(certificate)) =
            (identity, &self.options.auto_mtls, certificate)
        else {
            return Ok(None);
        };
        let secured = Secured::new(identity, certificate.into(), options)?;
        Ok(Some(Arc::new(secured)))
    }

    /// Asks for the hooks while the first answer of the connection is still on its way.
    async fn announcement(
        &self,
        child: &Child,
        channel: &Channel,
        preface: Preface,
        step: &mut StartStep,
    ) -> Result<Announcement, StartCause> {
        let asked = self.ask_implemented(child, channel);
        tokio::pin!(asked);
        let answered = preface.answered();
        tokio::pin!(answered);
        tokio::select! {
            // What is wrong with the connection explains a failed call, and not the other way round.
            biased;
            answered = &mut answered => {
                answered?;
                self.events.emit(What::Connected);
                *step = StartStep::Implemented;
                asked.await
            }
            announcement = &mut asked => {
                if announcement.is_ok() {
                    self.events.emit(What::Connected);
                } else {
                    answered.await?;
                }
                *step = StartStep::Implemented;
                announcement
            }
        }
    }

    async fn ask_implemented(
        &self,
        child: &Child,
        channel: &Channel,
    ) -> Result<Announcement, StartCause> {
        const NAME: &str = Implemented::METHOD.name;
        let within = self.options.timing.implemented;
        let request = ImplementedRequest {
            context: Some(context(&self.manifest)),
        };
        let request = Request::new(request.encode_to_vec().into());
        let exchange = call::call_raw(channel, Implemented::METHOD.path, request);
        let lifeline = Lifeline::new(child.exit_watch());
        match lifeline.hold(timeout(within, exchange)).await {
            Err(exit) => Err(StartCause::Implemented(Failure::gone(NAME, exit))),
            Ok(Err(_)) => Err(StartCause::Implemented(Failure::deadline(NAME, within))),
            Ok(Ok(Ok(answer))) => match Announcement::decode(&answer) {
                Ok(Ok(announcement)) => Ok(announcement),
                Ok(Err(error)) => Err(StartCause::ImplementedRefused(Box::new(error))),
                Err(error) => {
                    let failure = Failure::violation(NAME, error.to_string());
                    Err(StartCause::Implemented(failure))
                }
            },
            Ok(Ok(Err(status))) => {
                let failure = Failure::from_status(NAME, &status);
                let tolerated = !self.options.policy.require_implemented;
                if failure.kind == FailureKind::Unimplemented && tolerated {
                    Ok(Announcement::of_everything())
                } else {
                    Err(StartCause::Implemented(failure))
                }
            }
        }
    }

    fn report(&self, announcement: Announcement) {
        let plugin = &self.manifest.id;
        if !announcement.unknown.is_empty() {
            let (names, surplus) = (&announcement.unknown, announcement.surplus);
            tracing::warn!(%plugin, ?names, surplus, "the plugin announces hooks that do not exist");
        }
        if !announcement.repeated.is_empty() {
            tracing::warn!(%plugin, names = ?announcement.repeated, "the plugin announces hooks more than once");
        }
        self.events.emit(What::Implemented {
            names: announcement.hooks.names().map(str::to_owned).collect(),
            unknown: announcement.unknown,
            repeated: announcement.repeated,
            unimplemented: announcement.unimplemented,
        });
    }

    /// Tells the plugin its configuration before it is activated, as `plugin/hooks.go` promises. Its error is only logged.
    async fn configure(&self, hooks: &Hooks) {
        let request = OnConfigurationChangeRequest {
            context: Some(context(&self.manifest)),
        };
        let outcome = hooks.call_own::<OnConfigurationChange>(request).await;
        if let Outcome::Refused(_) = &outcome {
            tracing::error!(plugin = %self.manifest.id, "OnConfigurationChange before activation: {outcome}");
        }
    }

    async fn activate(&self, child: &Child, hooks: &Hooks) -> Result<(), StartCause> {
        let request = OnActivateRequest {
            context: Some(context(&self.manifest)),
        };
        let outcome = hooks.call_own::<OnActivate>(request).await;
        match outcome {
            Outcome::Answered(_) => Ok(()),
            Outcome::NotImplemented => match child.exit() {
                None => Ok(()),
                Some(exit) => Err(StartCause::Activate(Failure::gone(
                    OnActivate::METHOD.name,
                    exit,
                ))),
            },
            Outcome::Refused(_) if self.options.policy.swallow_activation_error_text => {
                Err(StartCause::ActivateRefusedSilently)
            }
            Outcome::Refused(error) => Err(StartCause::ActivateRefused(error)),
            Outcome::Failed(failure) => Err(StartCause::Activate(failure)),
        }
    }
}
