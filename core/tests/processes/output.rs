//! What real processes write.

use plugin_host::event::{Level, Stream, What};
use plugin_host::process::Exit;

use crate::shell::{LINE, Shell};

#[tokio::test]
async fn a_flood_of_stdout_does_not_block_the_child() {
    let script = format!("echo '{LINE}'; head -c 1000000 /dev/zero; echo; seq 20000; exit 5");
    let mut running = Shell::script(&script).start();
    assert_eq!(running.child.wait_exit().await, Exit::Code(5));
    let offset = running
        .event(|what| match what {
            What::StdoutOverlong { offset } => Some(*offset),
            _ => None,
        })
        .await;
    assert!(offset >= LINE.len() as u64, "{offset}");
    running
        .child
        .stop(plugin_host::process::Asked::NotAsked)
        .await;
    assert!(running.child.stdout_bytes() > 1_000_000);
}

#[tokio::test]
async fn stderr_becomes_log_events() {
    let script = "echo '[WARN] careful' >&2; echo '{\"@level\":\"info\",\"@message\":\"json\"}' >&2; \
                  printf 'Traceback (most recent call last):\\n  File \"x.py\"\\nValueError: no\\n' >&2; printf last >&2";
    let mut running = Shell::script(script).start();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(
            running
                .event(|what| match what {
                    What::Log {
                        stream,
                        level,
                        message,
                        ..
                    } => Some((*stream, *level, message.clone())),
                    _ => None,
                })
                .await,
        );
    }
    let expected = [
        (Level::Warn, "[WARN] careful"),
        (Level::Info, "json"),
        (
            Level::Error,
            "Traceback (most recent call last):\n  File \"x.py\"\nValueError: no",
        ),
        (Level::Debug, "last"),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(level, message)| (Stream::Stderr, level, message.to_owned()))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
#[tracing_test::traced_test]
async fn everything_goes_to_the_log_with_the_plugins_id() {
    let running = Shell::script("echo '[WARN] careful' >&2; echo first; echo second").start();
    running.child.wait_exit().await;
    running
        .child
        .stop(plugin_host::process::Asked::NotAsked)
        .await;
    logs_assert(|lines: &[&str]| {
        let of_the_plugin = |level: &str, text: &str| {
            lines.iter().any(|line| {
                line.contains(level) && line.contains("com.example.shell") && line.contains(text)
            })
        };
        match (
            of_the_plugin("WARN", "careful"),
            of_the_plugin("DEBUG", "second"),
        ) {
            (true, true) => Ok(()),
            missing => Err(format!("{missing:?}")),
        }
    });
}
