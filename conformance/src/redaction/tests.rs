//! Secrets are found in every form in which texts of a report have them, and nothing else is.

use proptest::prelude::*;

use plugin_host::launch::API_TOKEN;

use super::*;

fn shown(text: &str) -> String {
    let mut redaction = Redaction::new();
    redaction.learn(text);
    redaction.text(text)
}

#[test]
fn a_secret_is_found_by_its_place() {
    for (text, expect) in [
        (
            r#"{"SECRET":"x","a":"y"}"#,
            r#"{"SECRET":"[SECRET]","a":"y"}"#,
        ),
        ("SECRET=abc def", "SECRET=[SECRET] def"),
        ("A_SECRET=abc def", "A_SECRET=[A_SECRET] def"),
        (
            r#"{"A_SECRET":"a \"b\" c"}"#,
            r#"{"A_SECRET":"[A_SECRET]"}"#,
        ),
        (r#"A_SECRET: "x", B"#, r#"A_SECRET: "[A_SECRET]", B"#),
        (r#"("A_SECRET", "x")"#, r#"("A_SECRET", "[A_SECRET]")"#),
        (
            r#"{"Authorization":["Bearer abcd"]}"#,
            r#"{"Authorization":["[Authorization]"]}"#,
        ),
        (
            "authorization: Bearer abcd, x",
            "authorization: [authorization], x",
        ),
        (
            r#"{\"authorization\":\"Bearer abcd\"}"#,
            r#"{\"authorization\":\"[authorization]\"}"#,
        ),
        (
            r#"{"name":"Cookie","values":["a=1","b=2"]}"#,
            r#"{"name":"Cookie","values":["[Cookie]","[Cookie 2]"]}"#,
        ),
        (
            r#"status 207, Set-Cookie ["a=1, b=2"]; down"#,
            r#"status 207, Set-Cookie ["[Set-Cookie]"]; down"#,
        ),
        (
            "Set-Cookie: a=1; Path=/\nX: y",
            "Set-Cookie: [Set-Cookie]\nX: y",
        ),
        (
            r#"["set-cookie","a=1"], ["set-cookie","a=1"]"#,
            r#"["set-cookie","[set-cookie]"], ["set-cookie","[set-cookie]"]"#,
        ),
    ] {
        assert_eq!(shown(text), expect, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "MATTERMOST_PLUGIN_ID=conf.a, PATH=/bin",
        "it started without the cookie: no line was written",
        "the call carries no token: send the metadata `authorization: Bearer` with the value",
        r#"names: ["Cookie","Authorization","X-Test"]"#,
        "DEADLINE_EXCEEDED: no answer within 5 ms",
        r#"{"code":"NOT_FOUND","message":"x"}"#,
        "INTERNAL: \"x\"",
        "Set-Cookie is merged, authorization is missing",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn a_secret_is_found_by_its_value_wherever_it_is() {
    let mut redaction = Redaction::new();
    redaction.environment([
        ("A_TOKEN", "0123456789"),
        ("B", "1"),
        ("PATH", "/usr/bin:/bin"),
    ]);
    redaction.learn("authorization: Bearer fedcba9876");
    let text = format!(
        "0123456789 came as fedcba9876, 1 of /usr/bin:/bin, {}",
        cookie::VALUE
    );
    let expect = "[A_TOKEN] came as [authorization], 1 of /usr/bin:/bin, [MATTERMOST_PLUGIN]";
    assert_eq!(redaction.text(&text), expect);
    assert_eq!(redaction.text("say B=1"), "say B=1");
}

#[test]
fn a_folder_of_one_play_has_a_word() {
    let mut redaction = Redaction::new();
    redaction.path("/tmp/run-x/case-1", "CASE");
    assert_eq!(
        redaction.text("in /tmp/run-x/case-1/plugin"),
        "in CASE/plugin"
    );
}

#[test]
fn two_values_of_one_name_are_told_apart() {
    let mut redaction = Redaction::new();
    redaction.environment([(API_TOKEN, "first-token")]);
    redaction.environment([(API_TOKEN, "second-token")]);
    let text = redaction.text("first-token, second-token, first-token");
    let (one, two) = (format!("[{API_TOKEN}]"), format!("[{API_TOKEN} 2]"));
    assert_eq!(text, format!("{one}, {two}, {one}"));
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(text in "(?s)(A_B|cookie|authorization|[=:,\\[\\]\"'\\\\ ]|.){0,40}") {
        let once = shown(&text);
        prop_assert!(once.len() <= text.len() * 20);
    }

    #[test]
    fn a_value_that_was_learnt_is_never_shown(
        value in "[a-z0-9]{12,30}",
        before in "[ -~]{0,20}",
        after in "[ -~]{0,20}",
    ) {
        let mut redaction = Redaction::new();
        redaction.environment([("A_TOKEN", value.as_str())]);
        let text = redaction.text(&format!("{before}{value}{after}"));
        prop_assert!(!text.contains(&value), "{text}");
    }
}
