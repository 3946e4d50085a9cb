//! Where the reference host behaves worse than this one, its behaviour has a name here. Pure.
//!
//! [`Policy::default`] is the right behaviour throughout, [`Policy::reference`] is what Mattermost's host does.
//! A conformance run sets single values to prove that its checks catch each fault. What an administrator may decide one way
//! or the other is no fault and stands in [`hooks`].

pub mod hooks;

pub mod http;

pub use hooks::{CallLimit, Consumed, HookPolicy, HttpPieceLimit, OnFailure};
pub use http::HttpFaults;

/// One switch for each fault of the reference; `false` is the right behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The child sees the host's whole environment, and an inherited `MATTERMOST_PLUGIN_API_TARGET` beats the right one.
    pub inherit_host_environment: bool,
    /// `MATTERMOST_PLUGIN_ID`, `_PATH`, `_HOOK_TIMEOUT` and `_LOG_LEVEL` are not set.
    pub omit_plugin_variables: bool,
    /// A health check passes with any status, `NOT_SERVING` included.
    pub ignore_health_status: bool,
    /// SIGTERM is never sent: wait, then SIGKILL.
    pub never_terminate: bool,
    /// Only the child itself is killed; its group and its other descendants live on.
    pub kill_only_child: bool,
    /// `OnActivate` is the first hook; `OnConfigurationChange` is not called before it.
    pub start_without_configuration: bool,
    /// The script path of the manifest is checked by its text alone and executed as written.
    pub trust_raw_script_path: bool,
    /// `python.venv_path` of the manifest is ignored.
    pub ignore_venv_path: bool,
    /// The text of an `OnActivate` error does not reach the caller.
    pub swallow_activation_error_text: bool,
    /// `Implemented` answered with UNIMPLEMENTED fails the start instead of announcing every hook.
    pub require_implemented: bool,
    /// Python tracebacks are ordinary text, logged at debug.
    pub ignore_tracebacks: bool,
    /// Passwords, secrets of second factors, authentication data and tokens of remote clusters are sent to plugins.
    pub send_secrets: bool,
    /// Posts are sent without their props, participants and metadata.
    pub strip_posts: bool,
    /// The message of an error that a hook gives in band does not reach the caller.
    pub swallow_hook_error_text: bool,
    /// A hook goes on when its caller has gone away.
    pub outlive_callers: bool,
    /// A failed call lets pass whatever was asked about, whatever an administrator decided.
    pub always_fail_open: bool,
    /// Every hook has the same deadline; deadlines of single hooks and classes are ignored.
    pub one_hook_deadline: bool,
    /// A limit on concurrent calls is ignored.
    pub unlimited_calls: bool,
    /// Metrics count every call of a hook that can give no error in band as a success.
    pub count_failures_as_successes: bool,
    /// Faults of `ServeHTTP`.
    pub http: HttpFaults,
}

impl Policy {
    /// Every fault of the reference at once.
    pub fn reference() -> Self {
        Self {
            inherit_host_environment: true,
            omit_plugin_variables: true,
            ignore_health_status: true,
            never_terminate: true,
            kill_only_child: true,
            start_without_configuration: true,
            trust_raw_script_path: true,
            ignore_venv_path: true,
            swallow_activation_error_text: true,
            require_implemented: true,
            ignore_tracebacks: true,
            send_secrets: true,
            strip_posts: true,
            swallow_hook_error_text: true,
            outlive_callers: true,
            always_fail_open: true,
            one_hook_deadline: true,
            unlimited_calls: true,
            count_failures_as_successes: true,
            http: HttpFaults::reference(),
        }
    }
}
