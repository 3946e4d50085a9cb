//! The table of the store's rules, and a law: whatever is written, the store agrees with a plain map.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::memory::Making;

struct World {
    tables: Tables,
    time: Arc<AtomicI64>,
    me: PluginId,
}

impl World {
    fn new() -> Self {
        let time = Arc::new(AtomicI64::new(1_000_000));
        let clock = time.clone();
        Self {
            tables: Tables::new(Making {
                clock: Arc::new(move || clock.load(Ordering::Relaxed)),
                ..Making::default()
            }),
            time,
            me: PluginId::parse("com.example.me").unwrap(),
        }
    }

    fn pass(&self, milliseconds: i64) {
        self.time.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn write(
        &mut self,
        value: &'static str,
        atomic: bool,
        old: &'static str,
        expire: i64,
    ) -> Result<bool, Refusal> {
        let options = PluginKvSetOptions {
            atomic,
            old_value: old.into(),
            expire_in_seconds: expire,
        };
        let (tables, me) = (&mut self.tables, &self.me);
        write(tables, me, "k".to_owned(), value.into(), &options)
    }

    fn read(&mut self) -> Bytes {
        let request = KvGetRequest {
            key: "k".to_owned(),
        };
        get(&mut self.tables, &self.me, request).unwrap().value
    }

    fn keys(&mut self, page: i32, per_page: i32) -> Vec<String> {
        let request = KvListRequest { page, per_page };
        list(&mut self.tables, &self.me, request).unwrap().keys
    }
}

#[rstest]
#[case::unconditional("a", false, "", "b", Ok(true), "b")]
#[case::same_again("a", true, "a", "a", Ok(true), "a")]
#[case::empty_deletes("a", false, "", "", Ok(true), "")]
#[case::empty_deletes_nothing("", false, "", "", Ok(true), "")]
#[case::old_without_atomic("a", false, "a", "b", Err("old_value"), "a")]
#[case::insert("", true, "", "b", Ok(true), "b")]
#[case::insert_over("a", true, "", "b", Ok(false), "a")]
#[case::replace("a", true, "a", "b", Ok(true), "b")]
#[case::replace_other("a", true, "x", "b", Ok(false), "a")]
#[case::replace_absent("", true, "x", "b", Ok(false), "")]
#[case::delete_nil("a", true, "", "", Ok(false), "a")]
#[case::delete_nil_absent("", true, "", "", Ok(false), "")]
#[case::delete_equal("a", true, "a", "", Ok(true), "")]
#[case::delete_other("a", true, "x", "", Ok(false), "a")]
fn options(
    #[case] stored: &'static str,
    #[case] atomic: bool,
    #[case] old: &'static str,
    #[case] value: &'static str,
    #[case] answer: Result<bool, &str>,
    #[case] left: &str,
) {
    let mut world = World::new();
    world.write(stored, false, "", 0).unwrap();
    let got = world.write(value, atomic, old, 0);
    match answer {
        Ok(success) => assert_eq!(got, Ok(success)),
        Err(part) => assert!(got.unwrap_err().id.contains(part)),
    }
    assert_eq!(world.read(), left);
}

#[rstest]
#[case::empty("", false)]
#[case::longest(&"k".repeat(150), true)]
#[case::too_long(&"k".repeat(151), false)]
#[case::runes_not_bytes(&"ü".repeat(150), true)]
#[case::reserved_by_convention_only("mmi_botid", true)]
fn keys_are_checked_by_every_write(#[case] key: &str, #[case] valid: bool) {
    let World { mut tables, me, .. } = World::new();
    let key = || key.to_owned();
    let t = &mut tables;
    let results = [
        set(
            t,
            &me,
            KvSetRequest {
                key: key(),
                value: "v".into(),
            },
        )
        .err(),
        set_with_expiry(
            t,
            &me,
            KvSetWithExpiryRequest {
                key: key(),
                value: "v".into(),
                expire_in_seconds: 1,
            },
        )
        .err(),
        set_with_options(
            t,
            &me,
            KvSetWithOptionsRequest {
                key: key(),
                value: "v".into(),
                options: None,
            },
        )
        .err(),
        compare_and_set(
            t,
            &me,
            KvCompareAndSetRequest {
                key: key(),
                ..Default::default()
            },
        )
        .err(),
        compare_and_delete(
            t,
            &me,
            KvCompareAndDeleteRequest {
                key: key(),
                ..Default::default()
            },
        )
        .err(),
    ];
    for refusal in results {
        let id = refusal.map(|refusal| (refusal.id, refusal.status_code));
        let wanted = ("model.plugin_key_value.is_valid.key.app_error".into(), 400);
        assert_eq!(id, (!valid).then_some(wanted));
    }
    get(t, &me, KvGetRequest { key: key() }).unwrap();
    delete(t, &me, KvDeleteRequest { key: key() }).unwrap();
}

#[test]
fn a_value_lives_until_its_end_and_every_write_sets_the_end_anew() {
    let mut world = World::new();
    world.write("a", false, "", 1).unwrap();
    world.pass(999);
    assert_eq!(world.read(), "a");
    world.pass(1);
    assert_eq!(world.read(), "");
    assert_eq!(world.keys(0, 10), Vec::<String>::new());
    assert_eq!(
        world.write("b", true, "", 0),
        Ok(false),
        "the very millisecond"
    );
    world.pass(1);
    assert_eq!(
        world.write("b", true, "a", 0),
        Ok(false),
        "expired is absent"
    );
    assert_eq!(world.write("b", true, "", 1), Ok(true));
    world.write("c", false, "", 0).unwrap();
    world.pass(10_000);
    assert_eq!(world.read(), "c");
    assert_eq!(world.write("d", false, "", -1), Ok(true));
    assert_eq!(world.read(), "");
    assert_eq!(world.write("e", false, "", i64::MAX), Ok(true));
    assert_eq!(world.read(), "e");
}

#[rstest]
#[case::first(0, 2, &["k00", "k01"])]
#[case::second(1, 2, &["k02", "k03"])]
#[case::past_the_end(9, 2, &[])]
#[case::negative_page(-1, 2, &["k00", "k01"])]
#[case::overflow(i32::MAX, i32::MAX, &[])]
fn pages(#[case] page: i32, #[case] per_page: i32, #[case] keys: &[&str]) {
    assert_eq!(twelve_keys().keys(page, per_page), keys);
}

#[rstest]
#[case(0, 0)]
#[case(3, 0)]
#[case(3, -5)]
fn without_a_page_size_every_page_is_the_first_ten(#[case] page: i32, #[case] per_page: i32) {
    let keys = twelve_keys().keys(page, per_page);
    assert_eq!((keys.len(), keys[0].as_str()), (10, "k00"));
}

fn twelve_keys() -> World {
    let mut world = World::new();
    for n in (0..12).rev() {
        let request = KvSetRequest {
            key: format!("k{n:02}"),
            value: "v".into(),
        };
        set(&mut world.tables, &world.me, request).unwrap();
    }
    world
}

#[test]
fn no_plugin_sees_or_deletes_anothers_keys() {
    let mut world = World::new();
    world.write("mine", false, "", 0).unwrap();
    let me = std::mem::replace(&mut world.me, PluginId::parse("com.example.other").unwrap());
    assert_eq!(world.read(), "");
    delete_all(&mut world.tables, &world.me, KvDeleteAllRequest {}).unwrap();
    world.me = me;
    assert_eq!(world.read(), "mine");
    delete_all(&mut world.tables, &world.me, KvDeleteAllRequest {}).unwrap();
    assert_eq!(world.read(), "");
}

proptest! {
    #[test]
    fn the_store_agrees_with_a_plain_map(
        steps in prop::collection::vec((0..3usize, 0..4usize, prop::option::of(0..4usize)), 0..60)
    ) {
        const VALUES: [&str; 4] = ["", "a", "b", "c"];
        let World { mut tables, me, .. } = World::new();
        let mut model: BTreeMap<String, &str> = BTreeMap::new();
        for (key, value, old) in steps {
            let (key, value) = (format!("k{key}"), VALUES[value]);
            let options = PluginKvSetOptions {
                atomic: old.is_some(),
                old_value: VALUES[old.unwrap_or(0)].into(),
                expire_in_seconds: 0,
            };
            let stored = model.get(&key).copied();
            let expected = match old.map(|old| VALUES[old]) {
                None => true,
                Some("") => stored.is_none() && !value.is_empty(),
                Some(old) => stored == Some(old),
            };
            let got = write(&mut tables, &me, key.clone(), value.into(), &options).unwrap();
            prop_assert_eq!(got, expected);
            if expected && value.is_empty() {
                model.remove(&key);
            } else if expected {
                model.insert(key, value);
            }
            let listed = list(&mut tables, &me, KvListRequest { page: 0, per_page: 100 }).unwrap();
            prop_assert_eq!(listed.keys, model.keys().cloned().collect::<Vec<_>>());
        }
    }
}
