//! What a backend may ask of the plugins of its host: the seam by which API calls lead to hooks, and to starts and stops.
//!
//! The environment implements it; a backend gets it by [`Backend::attach`](crate::api::Backend::attach). What a hook means, who
//! is asked and for how long is decided on the other side. What is waited for here takes as long as a plugin may take to start or
//! to stop: a plugin that asks for something that ends itself must not be made to wait for it.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use plugin_proto::Method;
use plugin_proto::pb::{AppError, ServeHttpRequestInit, ServeHttpResponseInit};

use crate::api::chain::Link;
use crate::bundle::{Bundle, BundleError};
use crate::ids::PluginId;
use crate::manifest::Manifest;

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

    /// Hands a whole HTTP request to one plugin; its whole answer.
    fn serve_http(
        &self,
        plugin: &PluginId,
        head: ServeHttpRequestInit,
        body: Bytes,
        link: Link,
    ) -> Asking<HttpReply>;

    /// All plugins that there are, running or not, in the order of their ids.
    fn installed(&self) -> Asking<Vec<Installed>>;

    /// Where a plugin lives; for one that there is not, where it would be installed.
    fn folder(&self, plugin: &PluginId) -> Asking<Result<PathBuf, Undone>>;

    /// Starts a plugin unless it runs, and waits until it does.
    fn enable(&self, plugin: &PluginId) -> Asking<Result<(), Undone>>;

    /// Stops a plugin if it runs, and waits until it does not.
    fn disable(&self, plugin: &PluginId) -> Asking<()>;

    /// Stops a plugin and forgets it; its files go if the host may delete them.
    fn remove(&self, plugin: &PluginId) -> Asking<Result<(), Undone>>;

    /// Unpacks what is to be installed.
    fn unpack(&self, bundle: Bytes) -> Asking<Result<Bundle, BundleError>>;

    /// Installs it, in the place of the plugin of its id if there is one, which is stopped and removed. Says whether that one was to
    /// run.
    fn install(&self, bundle: Bundle) -> Asking<Result<bool, Undone>>;
}

/// A plugin that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// What its manifest says.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
    /// Its state, as the server numbers them.
    pub state: i32,
    /// Whether it runs.
    pub active: bool,
}

/// Something was not done to a plugin, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} {plugin}: {reason}")]
pub struct Undone {
    /// What was to be done, `starting` for instance.
    pub action: &'static str,
    /// To which plugin.
    pub plugin: PluginId,
    /// Why it was not.
    pub reason: String,
}

/// What came of handing a request to one plugin.
#[derive(Debug, Clone, PartialEq)]
pub enum HttpReply {
    /// It answered.
    Answered {
        /// The head.
        head: ServeHttpResponseInit,
        /// The body.
        body: Bytes,
    },
    /// It does not have the hook.
    NotImplemented,
    /// It does not run.
    NotRunning,
    /// There was no usable answer.
    Failed {
        /// The status of HTTP that says so.
        status: u16,
        /// Why.
        reason: String,
    },
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
