//! The largest value that the Python client sends: it is kept and comes back whole, and a byte more is an error that says so.
//!
//! Orders cannot ask for this: as base64 in a post such a value is more than a hook call may have. It takes seconds where nothing is
//! optimised, so there is one such case.

use std::sync::Arc;

use plugin_host::memory::Memory;
use plugin_host::options::ApiOptions;
use plugin_proto::codec::MAX_MESSAGE;
use serde_json::json;

use super::caller::{self, Orders};

/// Makes its values itself, and tells what came of them by their digests.
const PLUGIN: &str = r#"
import hashlib, json, pathlib
from mattermost_plugin import Plugin, PluginAPIError, hook, run_plugin

HERE = pathlib.Path(__file__).parent


def value(size):
    page = bytes(range(256)) * 4096
    return (page * (size // len(page) + 1))[:size]


class Large(Plugin):
    @hook
    def execute_command(self, plugin_context, args):
        told = []
        for key, size in json.loads((HERE / "orders.json").read_text()):
            given = value(size)
            try:
                self.api.kv_set(key, given)
                got = self.api.kv_get(key)
                told.append({"size": len(got), "same": hashlib.sha256(got).digest() == hashlib.sha256(given).digest()})
            except PluginAPIError as caught:
                told.append({"code": caught.code and caught.code.name, "message": str(caught)})
        (HERE / "told.json").write_text(json.dumps(told))
        return {"text": str(len(told))}


run_plugin(Large)
"#;

/// The most that the client sends in one message: the host takes that, and a mebibyte more.
const SENT: usize = MAX_MESSAGE - (1 << 20);
/// What a message has beside a value of this size under a key of one letter: two tags, the key, and both lengths.
const AROUND: usize = 2 + 1 + 1 + 4;

#[tokio::test]
async fn the_largest_value_is_kept_and_a_byte_more_is_refused_by_name() {
    let Some(venv) = caller::venv() else { return };
    let largest = SENT - AROUND;
    let orders: Orders = [("a", largest), ("b", largest + 1), ("c", 3)]
        .map(|(key, size)| (key.to_owned(), json!(size)))
        .into();
    let memory = Arc::new(Memory::default());
    let told = caller::perform(PLUGIN, ApiOptions::default(), &venv, &orders, memory).await;
    assert_eq!(told[0], json!({"size": largest, "same": true}));
    assert_eq!(told[1]["code"], "RESOURCE_EXHAUSTED", "{told}");
    let message = told[1]["message"].as_str().unwrap();
    for size in [SENT + 1, SENT] {
        assert!(message.contains(&size.to_string()), "{message}");
    }
    // The client and the host go on.
    assert_eq!(told[2], json!({"size": 3, "same": true}));
}
