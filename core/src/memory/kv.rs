//! The key-value store: every plugin has its own, and no plugin sees another's.
//!
//! The rules are those of the server's `app/plugin_key_value_store.go` and `sqlstore/plugin_store.go`. On the wire an
//! empty value is no value, so writing one deletes. The prefix `mmi_` is the server's by convention only: nothing stops a
//! plugin from using it.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::Methods;
use plugin_proto::pb::{
    KvCompareAndDeleteRequest, KvCompareAndDeleteResponse, KvCompareAndSetRequest,
    KvCompareAndSetResponse, KvDeleteAllRequest, KvDeleteAllResponse, KvDeleteRequest,
    KvDeleteResponse, KvGetRequest, KvGetResponse, KvListRequest, KvListResponse, KvSetRequest,
    KvSetResponse, KvSetWithExpiryRequest, KvSetWithExpiryResponse, KvSetWithOptionsRequest,
    KvSetWithOptionsResponse, PluginKvSetOptions,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::rows::{Row, Rows, form, row};
use crate::memory::{Refusal, Store, Tables, handlers};

/// Longest key, in characters.
const LONGEST_KEY: usize = 150;
/// Page size when none is asked for.
const DEFAULT_PAGE: usize = 10;

/// The pairs of all plugins: by plugin, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    rows: Rows<Pair>,
}
area!(Pairs: rows);

/// One pair, as the real server's JSON has it.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[prost(string, tag = "1")]
    plugin_id: String,
    #[prost(string, tag = "2")]
    key: String,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "form::base64")]
    value: Bytes,
    /// Milliseconds since 1970; 0 is never.
    #[prost(int64, tag = "4")]
    #[serde(default)]
    expire_at: i64,
}
row!(
    Pair, "plugin_key_values", own,
    (String, String): |pair| (pair.plugin_id.clone(), pair.key.clone())
);

impl Pairs {
    fn get(&self, plugin: &PluginId, key: &str) -> Option<&Pair> {
        self.rows.get(&(plugin.to_string(), key.to_owned()))
    }

    fn remove(&mut self, plugin: &PluginId, key: &str) {
        self.rows.remove(&(plugin.to_string(), key.to_owned()));
    }

    fn of(&self, plugin: &PluginId) -> impl Iterator<Item = &Pair> {
        let rows = self.rows.range((plugin.to_string(), String::new())..);
        rows.map(|(_, pair)| pair)
            .take_while(move |pair| pair.plugin_id == plugin.as_str())
    }
}

impl Pair {
    fn is_live(&self, now: i64) -> bool {
        self.expire_at == 0 || self.expire_at > now
    }

    /// In the very millisecond of its end a value is neither live nor out of the way.
    fn is_removable(&self, now: i64) -> bool {
        self.expire_at != 0 && self.expire_at < now
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        KVSet => set,
        KVSetWithExpiry => set_with_expiry,
        KVSetWithOptions => set_with_options,
        KVCompareAndSet => compare_and_set,
        KVCompareAndDelete => compare_and_delete,
        KVGet => get,
        KVDelete => delete,
        KVDeleteAll => delete_all,
        KVList => list,
    );
}

fn set(t: &mut Tables, caller: &PluginId, r: KvSetRequest) -> Result<KvSetResponse, Refusal> {
    write(t, caller, r.key, r.value, &PluginKvSetOptions::default())?;
    Ok(KvSetResponse::default())
}

fn set_with_expiry(
    t: &mut Tables,
    caller: &PluginId,
    r: KvSetWithExpiryRequest,
) -> Result<KvSetWithExpiryResponse, Refusal> {
    let options = PluginKvSetOptions {
        expire_in_seconds: r.expire_in_seconds,
        ..PluginKvSetOptions::default()
    };
    write(t, caller, r.key, r.value, &options)?;
    Ok(KvSetWithExpiryResponse::default())
}

fn set_with_options(
    t: &mut Tables,
    caller: &PluginId,
    r: KvSetWithOptionsRequest,
) -> Result<KvSetWithOptionsResponse, Refusal> {
    let success = write(t, caller, r.key, r.value, &r.options.unwrap_or_default())?;
    Ok(KvSetWithOptionsResponse {
        error: None,
        success,
    })
}

fn compare_and_set(
    t: &mut Tables,
    caller: &PluginId,
    r: KvCompareAndSetRequest,
) -> Result<KvCompareAndSetResponse, Refusal> {
    let options = PluginKvSetOptions {
        atomic: true,
        old_value: r.old_value,
        expire_in_seconds: 0,
    };
    let success = write(t, caller, r.key, r.new_value, &options)?;
    Ok(KvCompareAndSetResponse {
        error: None,
        success,
    })
}

fn compare_and_delete(
    t: &mut Tables,
    caller: &PluginId,
    r: KvCompareAndDeleteRequest,
) -> Result<KvCompareAndDeleteResponse, Refusal> {
    let options = PluginKvSetOptions {
        atomic: true,
        old_value: r.old_value,
        expire_in_seconds: 0,
    };
    let success = write(t, caller, r.key, Bytes::new(), &options)?;
    Ok(KvCompareAndDeleteResponse {
        error: None,
        success,
    })
}

fn get(t: &mut Tables, caller: &PluginId, r: KvGetRequest) -> Result<KvGetResponse, Refusal> {
    Ok(KvGetResponse {
        error: None,
        value: read(t, caller, &r.key),
    })
}

fn delete(
    t: &mut Tables,
    caller: &PluginId,
    r: KvDeleteRequest,
) -> Result<KvDeleteResponse, Refusal> {
    t.kv.remove(caller, &r.key);
    Ok(KvDeleteResponse::default())
}

fn delete_all(
    t: &mut Tables,
    caller: &PluginId,
    _: KvDeleteAllRequest,
) -> Result<KvDeleteAllResponse, Refusal> {
    let keys: Vec<_> = t.kv.of(caller).map(Row::key).collect();
    for key in keys {
        t.kv.rows.remove(&key);
    }
    Ok(KvDeleteAllResponse::default())
}

/// Live keys in ascending order. Without a page size every page is the first ten.
fn list(t: &mut Tables, caller: &PluginId, r: KvListRequest) -> Result<KvListResponse, Refusal> {
    let now = t.now();
    let (offset, limit) = match (usize::try_from(r.page), usize::try_from(r.per_page)) {
        (_, Ok(0) | Err(_)) => (0, DEFAULT_PAGE),
        (page, Ok(per_page)) => (page.unwrap_or(0).saturating_mul(per_page), per_page),
    };
    let live = t.kv.of(caller).filter(|pair| pair.is_live(now));
    let page = live.skip(offset).take(limit);
    let keys = page.map(|pair| pair.key.clone()).collect();
    Ok(KvListResponse { error: None, keys })
}

/// What a plugin has under a key; nothing if there is none.
pub(super) fn read(t: &Tables, plugin: &PluginId, key: &str) -> Bytes {
    let now = t.now();
    let live = t.kv.get(plugin, key).filter(|pair| pair.is_live(now));
    live.map(|pair| pair.value.clone()).unwrap_or_default()
}

/// Keeps a text among a plugin's pairs, for ever.
pub(super) fn keep(t: &mut Tables, plugin: &PluginId, key: &str, text: &str) {
    t.kv.rows.put(Pair {
        plugin_id: plugin.to_string(),
        key: key.to_owned(),
        value: Bytes::copy_from_slice(text.as_bytes()),
        expire_at: 0,
    });
}

/// The one write that all others are forms of. Answers whether it took place.
fn write(
    t: &mut Tables,
    caller: &PluginId,
    key: String,
    value: Bytes,
    options: &PluginKvSetOptions,
) -> Result<bool, Refusal> {
    check_options(options)?;
    check_key(&key)?;
    let now = t.now();
    let stored = t.kv.get(caller, &key);
    if options.atomic && !may_replace(stored, &value, &options.old_value, now) {
        return Ok(false);
    }
    if value.is_empty() {
        t.kv.remove(caller, &key);
    } else {
        t.kv.rows.put(Pair {
            plugin_id: caller.to_string(),
            key,
            // A copy: the original shares its memory with the whole read buffer.
            value: Bytes::copy_from_slice(&value),
            expire_at: expire_at(now, options.expire_in_seconds),
        });
    }
    Ok(true)
}

/// Whether an atomic write may take place: no old value means that there must be none, and that there is nothing to delete.
fn may_replace(stored: Option<&Pair>, value: &Bytes, old: &Bytes, now: i64) -> bool {
    if old.is_empty() {
        return !value.is_empty() && stored.is_none_or(|stored| stored.is_removable(now));
    }
    stored.is_some_and(|stored| stored.is_live(now) && stored.value == *old)
}

/// Negative seconds are taken as well: the value is then written and never seen.
fn expire_at(now: i64, seconds: i64) -> i64 {
    match seconds {
        0 => 0,
        seconds => now.saturating_add(seconds.saturating_mul(1000)),
    }
}

fn check_options(options: &PluginKvSetOptions) -> Result<(), Refusal> {
    if !options.atomic && !options.old_value.is_empty() {
        return Err(Refusal::bad_request(
            "model.plugin_kvset_options.is_valid.old_value.app_error",
            "An old value needs an atomic write.",
        ));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Refusal> {
    let length = key.chars().count();
    if !(1..=LONGEST_KEY).contains(&length) {
        return Err(Refusal::bad_request(
            "model.plugin_key_value.is_valid.key.app_error",
            format!("A key has 1 to {LONGEST_KEY} characters; this one has {length}."),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
