//! The files of starting folders, embedded from where they lie in the repository. A test compares the lists with the folders.

use super::File;

/// Files below a folder of the repository, and where they go in the starting folder.
macro_rules! embedded {
    ($from:literal => $to:literal: $($path:literal)*) => {
        &[$(File {
            path: concat!($to, $path),
            text: include_str!(concat!("../../../", $from, "/", $path)),
        }),*]
    };
}

pub(super) const PYTHON: &[File] = embedded!("python-sdk/conformance_plugin" => "":
    "plugin.json" "conformance.json" "plugin.py" "api_calls.py" "evidence.py" "web.py");

pub(super) const GO: &[File] = embedded!("conformance/peers/go-plugin" => "":
    "plugin.json" "conformance.json" "ledger.toml" "go.mod" "go.sum" "main.go" "evidence.go" "sdk.go" "exchange.go" ".gitignore");

pub(super) const NODE: &[File] = embedded!("conformance/peers/node-plugin" => "":
    "plugin.json" "conformance.json" "ledger.toml" "package.json" "package-lock.json"
    "plugin.js" "sdk.js" "contract.js" "exchange.js" ".gitignore");

/// What those languages read the contract from at run time.
pub(super) const CONTRACT: &[File] = embedded!("proto/pb" => "proto/":
    "api.proto" "api_channel_post.proto" "api_file_bot.proto" "api_kv_config.proto" "api_remaining.proto" "api_user_team.proto"
    "channel.proto" "common.proto" "file.proto" "goplugin/grpc_broker.proto" "goplugin/grpc_controller.proto"
    "goplugin/grpc_stdio.proto" "hooks.proto" "hooks_command.proto" "hooks_common.proto" "hooks_http.proto" "hooks_lifecycle.proto"
    "hooks_message.proto" "hooks_user_channel.proto" "post.proto" "team.proto" "user.proto");
