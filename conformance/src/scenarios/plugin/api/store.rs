//! The key-value store through the plugin's client: what arrives at the host, and what comes back.

use plugin_proto::{api, pb};
use serde_json::json;

use super::{arrives, claimed, gives_back, told};
use crate::case::Case;
use crate::plugin_run::running::{Running, Setup};
use crate::scenario::{Interruption, ScenarioResult};
use crate::scenarios::plugin::place;

/// Bytes with a zero and with what is no UTF-8, as base64: `a`, 0, 255, 254.
const BYTES: &str = "YQD//g==";

pub(super) async fn store(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    if claimed(case, "AP-054", &["KVSet", "KVGet"]) {
        set_and_get(case, &running).await?;
    }
    if claimed(case, "AP-055", &["KVDelete", "KVDeleteAll", "KVList"]) {
        list_and_delete(case, &running).await?;
    }
    if claimed(case, "AP-056", &["KVCompareAndSet", "KVCompareAndDelete"]) {
        compare(case, &running).await?;
    }
    if claimed(case, "AP-057", &["KVSetWithExpiry", "KVSetWithOptions"]) {
        expire(case, &running).await?;
    }
    running.end().await;
    Ok(())
}

/// Puts a value where the plugin can find it.
async fn put(running: &Running, key: &str, value: &'static [u8]) {
    let request = pb::KvSetRequest {
        key: key.to_owned(),
        value: bytes::Bytes::from_static(value),
    };
    running
        .api
        .ask::<api::KVSet>(&running.plugin, request)
        .await;
}

async fn set_and_get(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let key = format!("schlüssel {}", case.nonce());
    let set = json!({"key": key, "value": BYTES});
    let answer = told(case, running, "KVSet", set.clone()).await?;
    arrives(case, running, ("AP-054", &answer.nonce), "KVSet", &set);
    gives_back(case, "AP-054", "KVSet", answer, &json!({}));
    // What the host has now, whatever the plugin thinks of it.
    let stored = running
        .api
        .ask::<api::KVGet>(&running.plugin, pb::KvGetRequest { key: key.clone() })
        .await;
    let stored = stored.map(|answer| answer.value.escape_ascii().to_string());
    case.require("AP-054")
        .seen("the key at the host", stored.clone())
        .same(
            "the key",
            Some(b"a\0\xff\xfe".escape_ascii().to_string()),
            stored,
            "request-changed",
        );
    put(running, &key, b"\x00\xc3(\xff back").await;
    let answer = told(case, running, "KVGet", json!({"key": key})).await?;
    gives_back(
        case,
        "AP-054",
        "KVGet",
        answer,
        &json!({"value": "AMMo/yBiYWNr"}),
    );
    Ok(())
}

async fn list_and_delete(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    running
        .api
        .ask::<api::KVDeleteAll>(&running.plugin, pb::KvDeleteAllRequest {})
        .await;
    for key in ["a", "b", "c", "d", "e"] {
        put(running, key, b"x").await;
    }
    let answer = told(case, running, "KVList", json!({"page": 1, "per_page": 2})).await?;
    arrives(
        case,
        running,
        ("AP-055", &answer.nonce),
        "KVList",
        &json!({"page": 1, "per_page": 2}),
    );
    gives_back(
        case,
        "AP-055",
        "KVList",
        answer,
        &json!({"keys": ["c", "d"]}),
    );
    let answer = told(case, running, "KVDelete", json!({"key": "b"})).await?;
    arrives(
        case,
        running,
        ("AP-055", &answer.nonce),
        "KVDelete",
        &json!({"key": "b"}),
    );
    gives_back(case, "AP-055", "KVDelete", answer, &json!({}));
    let answer = told(case, running, "KVDeleteAll", json!({})).await?;
    arrives(
        case,
        running,
        ("AP-055", &answer.nonce),
        "KVDeleteAll",
        &json!({}),
    );
    gives_back(case, "AP-055", "KVDeleteAll", answer, &json!({}));
    Ok(())
}

async fn compare(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let key = case.nonce();
    put(running, &key, b"old").await;
    // "bmV3" is new, "b2xk" is old, "d3Jvbmc=" is wrong.
    let wrong = json!({"key": key, "old_value": "d3Jvbmc=", "new_value": "bmV3"});
    let answer = told(case, running, "KVCompareAndSet", wrong.clone()).await?;
    arrives(
        case,
        running,
        ("AP-056", &answer.nonce),
        "KVCompareAndSet",
        &wrong,
    );
    gives_back(case, "AP-056", "KVCompareAndSet", answer, &json!({}));
    let right = json!({"key": key, "old_value": "b2xk", "new_value": "bmV3"});
    let answer = told(case, running, "KVCompareAndSet", right.clone()).await?;
    arrives(
        case,
        running,
        ("AP-056", &answer.nonce),
        "KVCompareAndSet",
        &right,
    );
    gives_back(
        case,
        "AP-056",
        "KVCompareAndSet",
        answer,
        &json!({"success": true}),
    );
    for (old, expected) in [("b2xk", json!({})), ("bmV3", json!({"success": true}))] {
        let request = json!({"key": key, "old_value": old});
        let answer = told(case, running, "KVCompareAndDelete", request.clone()).await?;
        arrives(
            case,
            running,
            ("AP-056", &answer.nonce),
            "KVCompareAndDelete",
            &request,
        );
        gives_back(case, "AP-056", "KVCompareAndDelete", answer, &expected);
    }
    Ok(())
}

async fn expire(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let key = case.nonce();
    let request = json!({"key": key, "value": "eA==", "expire_in_seconds": 3600});
    let answer = told(case, running, "KVSetWithExpiry", request.clone()).await?;
    arrives(
        case,
        running,
        ("AP-057", &answer.nonce),
        "KVSetWithExpiry",
        &request,
    );
    gives_back(case, "AP-057", "KVSetWithExpiry", answer, &json!({}));
    let options = |old: &str| json!({"atomic": true, "old_value": old, "expire_in_seconds": 1800});
    for (old, expected) in [("d3Jvbmc=", json!({})), ("eA==", json!({"success": true}))] {
        let request = json!({"key": key, "value": "eQ==", "options": options(old)});
        let answer = told(case, running, "KVSetWithOptions", request.clone()).await?;
        arrives(
            case,
            running,
            ("AP-057", &answer.nonce),
            "KVSetWithOptions",
            &request,
        );
        gives_back(case, "AP-057", "KVSetWithOptions", answer, &expected);
    }
    Ok(())
}
