//! What a backend may ask of the plugins of its host: the seam by which API calls lead to hooks.
//!
//! The environment implements it; a backend gets it by [`Backend::attach`](crate::api::Backend::attach). What a hook means, who
//! is asked and for how long is decided on the other side.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use plugin_proto::Method;
use plugin_proto::pb::AppError;

use crate::api::chain::Link;
use crate::ids::PluginId;

/// An answer that is waited for.
pub type Asking<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The plugins of a host.
pub trait Plugins: fmt::Debug + Send + Sync + 'static {
    /// Asks all running plugins that have a hook, one after another.
    fn fan_out(&self, hook: &'static Method, request: Bytes, link: Link) -> Asking<Verdict>;

    /// Asks one plugin.
    fn ask(
        &self,
        plugin: &PluginId,
        hook: &'static Method,
        request: Bytes,
        link: Link,
    ) -> Asking<Reply>;
}

/// What came of a hook that went to all plugins.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The request as it is to be taken now.
    pub request: Bytes,
    /// Who said no, and how.
    pub stopped: Option<Stopped>,
}

/// A plugin said no.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// Which plugin.
    pub plugin: PluginId,
    /// How.
    pub how: Stop,
}

/// How a plugin says no.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// With a reason.
    Rejected(String),
    /// With an error; also when it could not be asked, and the hook is one that does not pass then.
    Refused(Box<AppError>),
}

/// What came of asking one plugin.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It answered.
    Answered(Bytes),
    /// It answered with an error.
    Refused(Box<AppError>),
    /// It does not have the hook.
    NotImplemented,
    /// It does not run.
    NotRunning,
    /// There was no usable answer, and why.
    Failed(String),
}
