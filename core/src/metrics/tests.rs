//! What counts are and are not.

use std::sync::Barrier;
use std::thread;

use plugin_proto::{find_api, find_hook};

use super::*;

fn id(text: &str) -> PluginId {
    PluginId::parse(text).unwrap()
}

fn sample<'a>(snapshot: &'a Snapshot, kind: Kind, name: &str, success: bool) -> &'a Sample {
    let wanted =
        |sample: &&Sample| sample.kind == kind && sample.name == name && sample.success == success;
    snapshot.samples.iter().find(wanted).unwrap()
}

#[test]
fn nothing_was_counted_is_nothing() {
    let metrics = Metrics::default();
    metrics.of(&id("com.example.a"));
    assert_eq!(metrics.snapshot(), Snapshot::default());
    assert_eq!(metrics.snapshot().to_prometheus(), "");
}

#[test]
fn counters_are_those_of_the_plugin_whatever_is_asked_for_them() {
    let metrics = Metrics::default();
    let hook = find_hook("OnActivate").unwrap();
    for _ in 0..2 {
        metrics
            .of(&id("com.example.a"))
            .hook(hook, true, Duration::from_millis(1));
    }
    metrics
        .of(&id("com.example.b"))
        .hook(hook, false, Duration::from_millis(1));
    let snapshot = metrics.snapshot();
    let seen: Vec<_> = snapshot
        .samples
        .iter()
        .map(|sample| {
            let plugin = sample.plugin.as_ref().unwrap().as_str();
            (plugin, sample.success, sample.histogram.count)
        })
        .collect();
    assert_eq!(
        seen,
        [("com.example.a", true, 2), ("com.example.b", false, 1)]
    );
}

#[test]
fn a_bound_belongs_to_its_bucket() {
    let metrics = Metrics::default();
    let plugin = metrics.of(&id("com.example.a"));
    let method = find_api("KVSet").unwrap();
    plugin.api(method, true, Duration::from_micros(250));
    plugin.api(method, true, Duration::from_nanos(250_001));
    plugin.api(method, true, Duration::from_secs(31));
    let snapshot = metrics.snapshot();
    let histogram = &sample(&snapshot, Kind::Api, "KVSet", true).histogram;
    assert_eq!(histogram.within[..2], [1, 2]);
    assert_eq!(*histogram.within.last().unwrap(), 2);
    assert_eq!(histogram.count, 3);
    assert_eq!(histogram.sum_ns, 31_000_500_001);
}

#[test]
fn no_count_is_lost_between_threads() {
    const EACH: u64 = 2_000;
    let metrics = Metrics::default();
    let hook = find_hook("MessageHasBeenPosted").unwrap();
    let (plugin, start) = (metrics.of(&id("com.example.a")), Barrier::new(4));
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (plugin, start) = (&plugin, &start);
            scope.spawn(move || {
                start.wait();
                for call in 0..EACH {
                    plugin.hook(hook, call % 2 == 0, Duration::from_micros(thread));
                }
            });
        }
    });
    let snapshot = metrics.snapshot();
    for success in [false, true] {
        let histogram = &sample(&snapshot, Kind::Hook, hook.name, success).histogram;
        assert_eq!(histogram.count, 4 * EACH / 2);
        assert_eq!(histogram.sum_ns, (1 + 2 + 3) * 1_000 * EACH / 2);
    }
}

#[test]
fn the_text_is_what_a_scrape_expects() {
    let metrics = Metrics::default();
    let plugin = metrics.of(&id("com.example.a"));
    let hook = find_hook("UserWillLogIn").unwrap();
    plugin.hook(hook, true, Duration::from_micros(300));
    plugin.hook(hook, true, Duration::from_millis(1500));
    plugin.turn(hook, true, Duration::from_micros(300));
    plugin.api(find_api("KVGet").unwrap(), false, Duration::from_secs(60));
    metrics.fan_out(hook, false, Duration::from_micros(300));
    let text = metrics.snapshot().to_prometheus();
    let name = "plugin_host_hook_duration_seconds";
    let labels = "plugin=\"com.example.a\",hook=\"UserWillLogIn\",success=\"true\"";
    let expected = [
        format!("# HELP {name} Time that calls of hooks took, by plugin, hook and success."),
        format!("# TYPE {name} histogram"),
        format!("{name}_bucket{{{labels},le=\"0.00025\"}} 0"),
        format!("{name}_bucket{{{labels},le=\"0.0005\"}} 1"),
    ];
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..4], expected, "{text}");
    for line in [
        format!("{name}_bucket{{{labels},le=\"1\"}} 1"),
        format!("{name}_bucket{{{labels},le=\"5\"}} 2"),
        format!("{name}_bucket{{{labels},le=\"+Inf\"}} 2"),
        format!("{name}_sum{{{labels}}} 1.5003"),
        format!("{name}_count{{{labels}}} 2"),
    ] {
        assert!(lines.contains(&line.as_str()), "{line} in\n{text}");
    }
    let types = lines
        .iter()
        .filter(|line| line.starts_with("# TYPE "))
        .count();
    assert_eq!(types, 4, "{text}");
    assert!(text.contains(
        "plugin_host_api_duration_seconds_bucket{plugin=\"com.example.a\",method=\"KVGet\",success=\"false\",le=\"30\"} 0"
    ));
    assert!(text.contains(
        "plugin_host_fan_out_duration_seconds_count{hook=\"UserWillLogIn\",success=\"false\"} 1"
    ));
    assert!(text.ends_with('\n'));
}
