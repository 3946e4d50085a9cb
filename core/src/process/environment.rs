//! What a plugin is told by its environment, and what of the host's own it may see. Pure.
//!
//! Nothing is inherited but an allowlist: what a program needs to find other programs, its home, its language, its time zone,
//! its temporary folder and the trusted certificates. A host's secrets (database addresses, tokens, proxies with passwords)
//! are in none of these. Applications pass more by name, see [`HostOptions::pass_environment`].
//!
//! Later layers win: allowlist, passed variables, extra variables, the host's own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::ids::{PluginId, RUN_MARK_VARIABLE, SESSION_MARK_VARIABLE};
use crate::launch::API_TOKEN;
use crate::options::HostOptions;

/// Host variables that every plugin may see; a trailing `*` matches any rest.
pub const ALLOWLIST: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TZDIR",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Name of the cookie by which a plugin knows that a host started it.
pub const COOKIE_NAME: &str = "MATTERMOST_PLUGIN";

/// Value of the cookie.
pub const COOKIE_VALUE: &str = "Securely message teams, anywhere.";

/// What go-plugin sets in every child of a gRPC host without multiplexing.
const GO_PLUGIN: [(&str, &str); 4] = [
    (COOKIE_NAME, COOKIE_VALUE),
    ("PLUGIN_MIN_PORT", "10000"),
    ("PLUGIN_MAX_PORT", "25000"),
    ("PLUGIN_PROTOCOL_VERSIONS", "1"),
];

const API_TARGET: &str = "MATTERMOST_PLUGIN_API_TARGET";

/// What the environment is made of.
#[derive(Debug)]
pub struct Variables<'a> {
    /// The host's own environment.
    pub host: &'a BTreeMap<OsString, OsString>,
    /// The host's options.
    pub options: &'a HostOptions,
    /// The plugin.
    pub plugin: &'a PluginId,
    /// Its folder.
    pub folder: &'a Path,
    /// Where its API server listens.
    pub api_target: Option<&'a str>,
    /// What opens it.
    pub api_token: Option<&'a str>,
    /// The certificate of the host, as PEM, if it asks for AutoMTLS.
    pub client_certificate: Option<&'a str>,
    /// The mark of this child.
    pub session_mark: &'a str,
}

/// Why the options yield no environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable would ask the plugin for TLS with somebody else's certificate.
    #[error(
        "the options pass {CLIENT_CERT}, which asks plugins for AutoMTLS with a certificate that is not this host's; set `auto_mtls`"
    )]
    AutoMtls,
    /// A variable would ask the plugin to multiplex the broker.
    #[error(
        "the options pass {MULTIPLEX}, which asks plugins for gRPC broker multiplexing; this host does not speak it"
    )]
    Multiplexing,
    /// A name that no environment can hold.
    #[error("the options set a variable named {name:?}, which no environment can hold")]
    Name {
        /// The name.
        name: String,
    },
    /// A value that no environment can hold.
    #[error("the options set {name} to a value with a NUL byte")]
    Value {
        /// The variable.
        name: String,
    },
}

/// The variable by which a host that uses AutoMTLS tells a plugin its certificate.
pub const CLIENT_CERT: &str = "PLUGIN_CLIENT_CERT";
const MULTIPLEX: &str = "PLUGIN_MULTIPLEX_GRPC";

/// What a pattern does not mean: the target of somebody else's API server, what opens it, and requests that are not this host's.
const NEVER_PASSED: [&str; 4] = [API_TARGET, API_TOKEN, CLIENT_CERT, MULTIPLEX];

impl EnvironmentError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AutoMtls => "options.auto_mtls",
            Self::Multiplexing => "options.multiplexing",
            Self::Name { .. } => "options.variable_name",
            Self::Value { .. } => "options.variable_value",
        }
    }
}

/// The whole environment of a child.
pub fn build(of: &Variables<'_>) -> Result<BTreeMap<OsString, OsString>, EnvironmentError> {
    let options = of.options;
    let policy = &options.policy;
    check_options(options)?;
    let mut built: BTreeMap<OsString, OsString> = of
        .host
        .iter()
        .filter(|(name, _)| policy.inherit_host_environment || is_passed(name, options))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut set = |name: &str, value: &OsStr| built.insert(OsString::from(name), value.to_owned());
    for (name, value) in &options.extra_environment {
        set(name, OsStr::new(value));
    }
    for (name, value) in GO_PLUGIN {
        set(name, OsStr::new(value));
    }
    if let Some(target) = of.api_target {
        let inherited =
            policy.inherit_host_environment && of.host.contains_key(OsStr::new(API_TARGET));
        if !inherited {
            set(API_TARGET, OsStr::new(target));
        }
    }
    if let Some(token) = of.api_token.filter(|_| !policy.omit_plugin_variables) {
        set(API_TOKEN, OsStr::new(token));
    }
    if !policy.omit_plugin_variables {
        set("MATTERMOST_PLUGIN_ID", OsStr::new(of.plugin.as_str()));
        set("MATTERMOST_PLUGIN_PATH", of.folder.as_os_str());
        // An SDK ends every handler at this one limit, so it is that of the most patient hook; the host itself ends each call at
        // the limit of its own hook.
        set(
            "MATTERMOST_PLUGIN_HOOK_TIMEOUT",
            OsStr::new(&seconds(options.timing.longest_hook())),
        );
        set(
            "MATTERMOST_PLUGIN_LOG_LEVEL",
            OsStr::new(&options.log_level),
        );
    }
    if let Some(certificate) = of.client_certificate {
        set(CLIENT_CERT, OsStr::new(certificate));
    }
    set(RUN_MARK_VARIABLE, OsStr::new(&options.run_mark));
    set(SESSION_MARK_VARIABLE, OsStr::new(of.session_mark));
    Ok(built)
}

fn is_passed(name: &OsStr, options: &HostOptions) -> bool {
    let passed = options.pass_environment.iter().map(String::as_str);
    let is_never_passed = name
        .to_str()
        .is_some_and(|name| NEVER_PASSED.contains(&name));
    !is_never_passed
        && ALLOWLIST
            .into_iter()
            .chain(passed)
            .any(|pattern| matches(pattern, name))
}

/// Whether a name is meant: by itself, or by its beginning if the pattern ends in `*`.
fn matches(pattern: &str, name: &OsStr) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.as_encoded_bytes().starts_with(beginning.as_bytes()),
        None => name == OsStr::new(pattern),
    }
}

fn check_options(options: &HostOptions) -> Result<(), EnvironmentError> {
    let extra = options.extra_environment.iter().map(|(name, _)| name);
    for name in options.pass_environment.iter().chain(extra) {
        match name.as_str() {
            CLIENT_CERT => return Err(EnvironmentError::AutoMtls),
            MULTIPLEX => return Err(EnvironmentError::Multiplexing),
            name if name.is_empty() || name.contains(['=', '\0']) => {
                return Err(EnvironmentError::Name {
                    name: name.to_owned(),
                });
            }
            _ => {}
        }
    }
    match options
        .extra_environment
        .iter()
        .find(|(_, value)| value.contains('\0'))
    {
        Some((name, _)) => Err(EnvironmentError::Value { name: name.clone() }),
        None => Ok(()),
    }
}

/// Seconds as the SDK reads them: `30`, `0.5`.
fn seconds(duration: std::time::Duration) -> String {
    duration.as_secs_f64().to_string()
}

#[cfg(test)]
mod tests;
