//! What reaches a plugin and what does not, by table.

use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::policy::Policy;
use crate::timing::{HookClass, Timing};

const HOST: [(&str, &str); 10] = [
    ("PATH", "/bin"),
    ("LC_ALL", "C"),
    ("LANG", "de_DE"),
    ("DATABASE_URL", "secret"),
    ("MM_SQLSETTINGS_DATASOURCE", "secret"),
    ("PYTHONPATH", "/evil"),
    ("MATTERMOST_PLUGIN_API_TARGET", "10.0.0.1:1"),
    ("MATTERMOST_PLUGIN_API_TOKEN", "another's"),
    ("MATTERMOST_PLUGIN", "no cookie"),
    ("PLUGIN_CLIENT_CERT", "PEM"),
];

fn built(options: &HostOptions, api_target: Option<&str>) -> BTreeMap<String, String> {
    try_built(options, api_target).unwrap()
}

fn try_built(
    options: &HostOptions,
    api_target: Option<&str>,
) -> Result<BTreeMap<String, String>, EnvironmentError> {
    let host = HOST
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let built = build(&Variables {
        host: &host,
        options,
        plugin: &PluginId::parse("com.example.demo").unwrap(),
        folder: Path::new("/plugins/demo"),
        api_target,
        api_token: api_target.map(|_| "secret"),
        client_certificate: None,
        session_mark: "run/1",
    })?;
    let text = |text: OsString| text.into_string().unwrap();
    Ok(built
        .into_iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect())
}

fn options() -> HostOptions {
    HostOptions {
        run_mark: "run".to_owned(),
        ..HostOptions::default()
    }
}

#[test]
fn the_whole_environment() {
    let expected = [
        ("LANG", "de_DE"),
        ("LC_ALL", "C"),
        ("MATTERMOST_PLUGIN", "Securely message teams, anywhere."),
        ("MATTERMOST_PLUGIN_API_TARGET", "127.0.0.1:4242"),
        ("MATTERMOST_PLUGIN_API_TOKEN", "secret"),
        ("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "30"),
        ("MATTERMOST_PLUGIN_ID", "com.example.demo"),
        ("MATTERMOST_PLUGIN_LOG_LEVEL", "INFO"),
        ("MATTERMOST_PLUGIN_PATH", "/plugins/demo"),
        ("PATH", "/bin"),
        ("PLUGIN_HOST_RUN", "run"),
        ("PLUGIN_HOST_SESSION", "run/1"),
        ("PLUGIN_MAX_PORT", "25000"),
        ("PLUGIN_MIN_PORT", "10000"),
        ("PLUGIN_PROTOCOL_VERSIONS", "1"),
    ];
    let found = built(&options(), Some("127.0.0.1:4242"));
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn without_an_api_server_there_is_no_target_not_even_an_inherited_one() {
    let passing = HostOptions {
        pass_environment: vec!["*".to_owned()],
        ..options()
    };
    for options in [options(), passing] {
        let built = built(&options, None);
        for name in [
            "MATTERMOST_PLUGIN_API_TARGET",
            "MATTERMOST_PLUGIN_API_TOKEN",
        ] {
            assert!(!built.contains_key(name), "{name}");
        }
    }
}

#[rstest]
#[case::by_name("DATABASE_URL", "DATABASE_URL", Some("secret"))]
#[case::by_beginning("MM_*", "MM_SQLSETTINGS_DATASOURCE", Some("secret"))]
#[case::not_there("NOTHING", "NOTHING", None)]
#[case::only_whole_names("DATABASE", "DATABASE_URL", None)]
fn chosen_variables_pass(#[case] pattern: &str, #[case] name: &str, #[case] value: Option<&str>) {
    let options = HostOptions {
        pass_environment: vec![pattern.to_owned()],
        ..options()
    };
    assert_eq!(built(&options, None).get(name).map(String::as_str), value);
}

#[test]
fn the_hosts_own_variables_win() {
    let options = HostOptions {
        extra_environment: vec![
            ("MATTERMOST_PLUGIN".to_owned(), "x".to_owned()),
            ("MATTERMOST_PLUGIN_API_TARGET".to_owned(), "x".to_owned()),
            ("PATH".to_owned(), "/mine".to_owned()),
            ("CONFORMANCE_ORDERS".to_owned(), "{}".to_owned()),
        ],
        ..options()
    };
    let found = built(&options, Some("127.0.0.1:1"));
    assert_eq!(found["MATTERMOST_PLUGIN"], COOKIE_VALUE);
    assert_eq!(found["MATTERMOST_PLUGIN_API_TARGET"], "127.0.0.1:1");
    assert_eq!(
        (found["PATH"].as_str(), found["CONFORMANCE_ORDERS"].as_str()),
        ("/mine", "{}")
    );
}

#[rstest]
#[case::tls("PLUGIN_CLIENT_CERT", "options.auto_mtls")]
#[case::multiplexing("PLUGIN_MULTIPLEX_GRPC", "options.multiplexing")]
#[case::empty("", "options.variable_name")]
#[case::equals_sign("A=B", "options.variable_name")]
fn variables_that_are_refused(#[case] name: &str, #[case] kind: &str) {
    let passed = HostOptions {
        pass_environment: vec![name.to_owned()],
        ..options()
    };
    let extra = HostOptions {
        extra_environment: vec![(name.to_owned(), "x".to_owned())],
        ..options()
    };
    for options in [passed, extra] {
        assert_eq!(try_built(&options, None).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_value_with_nul_is_refused() {
    let options = HostOptions {
        extra_environment: vec![("A".to_owned(), "x\0".to_owned())],
        ..options()
    };
    assert_eq!(
        try_built(&options, None).unwrap_err().kind(),
        "options.variable_value"
    );
}

#[test]
fn a_pattern_never_passes_what_would_ask_for_tls() {
    let options = HostOptions {
        pass_environment: vec!["PLUGIN_*".to_owned()],
        ..options()
    };
    assert!(!built(&options, None).contains_key("PLUGIN_CLIENT_CERT"));
}

#[test]
fn fractions_of_a_second_are_kept() {
    let mut options = options();
    options.timing.hook = Duration::from_millis(1500);
    assert_eq!(
        built(&options, None)["MATTERMOST_PLUGIN_HOOK_TIMEOUT"],
        "1.5"
    );
}

#[test]
fn the_limit_that_a_plugin_is_told_is_that_of_the_most_patient_hook() {
    let told = |adjust: fn(&mut Timing)| {
        let mut options = options();
        adjust(&mut options.timing);
        built(&options, None)["MATTERMOST_PLUGIN_HOOK_TIMEOUT"].clone()
    };
    let hour = Duration::from_secs(3600);
    assert_eq!(told(|_| {}), "30");
    let classes = told(|timing| {
        let classes = HookClass::ALL.map(|class| (class, Duration::from_secs(5)));
        timing.hook_classes.extend(classes);
    });
    assert_eq!(classes, "5");
    let one_class = told(|timing| {
        let minute = Duration::from_secs(60);
        timing.hook_classes.insert(HookClass::Background, minute);
    });
    assert_eq!(one_class, "60");
    let mut options = options();
    options
        .timing
        .hooks
        .insert("RunDataRetention".to_owned(), hour);
    assert_eq!(
        built(&options, None)["MATTERMOST_PLUGIN_HOOK_TIMEOUT"],
        "3600"
    );
}

#[test]
fn the_reference_passes_everything_and_lets_an_inherited_target_win() {
    let options = HostOptions {
        policy: Policy::reference(),
        ..options()
    };
    let found = built(&options, Some("127.0.0.1:1"));
    assert_eq!(found["DATABASE_URL"], "secret");
    assert_eq!(found["MATTERMOST_PLUGIN_API_TARGET"], "10.0.0.1:1");
    assert_eq!(found["MATTERMOST_PLUGIN"], COOKIE_VALUE);
    assert!(!found.contains_key("MATTERMOST_PLUGIN_ID"));
}
