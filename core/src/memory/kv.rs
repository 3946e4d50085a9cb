//! The key-value store: every plugin has its own, and no plugin sees another's.
//!
//! The rules are those of the server's `app/plugin_key_value_store.go` and `sqlstore/plugin_store.go`. On the wire an
//! empty value is no value, so writing one deletes. The prefix `mmi_` is the server's by convention only: nothing stops a
//! plugin from using it.

use std::collections::BTreeMap;
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
use crate::memory::{Refusal, Store, Tables, handlers};

/// Longest key, in characters.
const LONGEST_KEY: usize = 150;
/// Page size when none is asked for.
const DEFAULT_PAGE: usize = 10;

/// The pairs of each plugin.
pub(super) type Stores = BTreeMap<PluginId, Pairs>;

/// One plugin's pairs, in the order of their keys.
pub(super) type Pairs = BTreeMap<String, Value>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    bytes: Bytes,
    /// Milliseconds since 1970; 0 is never.
    expire_at: i64,
}

impl Value {
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
    if let Some(pairs) = t.kv.get_mut(caller) {
        pairs.remove(&r.key);
    }
    Ok(KvDeleteResponse::default())
}

fn delete_all(
    t: &mut Tables,
    caller: &PluginId,
    _: KvDeleteAllRequest,
) -> Result<KvDeleteAllResponse, Refusal> {
    t.kv.remove(caller);
    Ok(KvDeleteAllResponse::default())
}

/// Live keys in ascending order. Without a page size every page is the first ten.
fn list(t: &mut Tables, caller: &PluginId, r: KvListRequest) -> Result<KvListResponse, Refusal> {
    let now = t.now();
    let (offset, limit) = match (usize::try_from(r.page), usize::try_from(r.per_page)) {
        (_, Ok(0) | Err(_)) => (0, DEFAULT_PAGE),
        (page, Ok(per_page)) => (page.unwrap_or(0).saturating_mul(per_page), per_page),
    };
    let live = t.kv.get(caller).into_iter().flatten();
    let keys = live
        .filter(|(_, value)| value.is_live(now))
        .skip(offset)
        .take(limit)
        .map(|(key, _)| key.clone())
        .collect();
    Ok(KvListResponse { error: None, keys })
}

/// What a plugin has under a key; nothing if there is none.
pub(super) fn read(t: &Tables, plugin: &PluginId, key: &str) -> Bytes {
    let now = t.now();
    let found = t.kv.get(plugin).and_then(|pairs| pairs.get(key));
    let live = found.filter(|value| value.is_live(now));
    live.map(|value| value.bytes.clone()).unwrap_or_default()
}

/// Keeps a text among a plugin's pairs, for ever.
pub(super) fn keep(t: &mut Tables, plugin: &PluginId, key: &str, text: &str) {
    let value = Value {
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        expire_at: 0,
    };
    let pairs = t.kv.entry(plugin.clone()).or_default();
    pairs.insert(key.to_owned(), value);
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
    let pairs = t.kv.entry(caller.clone()).or_default();
    if options.atomic && !may_replace(pairs, &key, &value, &options.old_value, now) {
        return Ok(false);
    }
    if value.is_empty() {
        pairs.remove(&key);
    } else {
        let value = Value {
            // A copy: the original shares its memory with the whole read buffer.
            bytes: Bytes::copy_from_slice(&value),
            expire_at: expire_at(now, options.expire_in_seconds),
        };
        pairs.insert(key, value);
    }
    Ok(true)
}

/// Whether an atomic write may take place: no old value means that there must be none, and that there is nothing to delete.
fn may_replace(pairs: &Pairs, key: &str, value: &Bytes, old: &Bytes, now: i64) -> bool {
    let stored = pairs.get(key);
    if old.is_empty() {
        return !value.is_empty() && stored.is_none_or(|stored| stored.is_removable(now));
    }
    stored.is_some_and(|stored| stored.is_live(now) && stored.bytes == *old)
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
