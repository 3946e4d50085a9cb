//! The magic cookie by which a plugin knows that a host has started it.

/// Name of the variable (Mattermost `plugin/api.go`).
pub const KEY: &str = "MATTERMOST_PLUGIN";
/// Its value, comma and full stop included.
pub const VALUE: &str = "Securely message teams, anywhere.";

/// What a Go plugin writes to stderr when the cookie is missing or wrong (go-plugin `server.go`).
pub const EXPLANATION: &str = "This binary is a plugin. These are not meant to be executed directly.\n\
Please execute the program that consumes these plugins, which will\n\
load any plugins automatically\n";
