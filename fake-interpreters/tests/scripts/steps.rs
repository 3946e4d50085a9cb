//! Steps that need no caller: output, listening, ends, signals, what stays behind, and the journal of it all.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use fake_interpreters::Script;
use fake_interpreters::journal::{Event, read};
use fake_interpreters::script::{
    BAD_SCRIPT, DemandEnv, Flood, Grandchild, LIFETIME_OVER, Listen, Network, SignalName, Step,
    Stream, Write,
};
use plugin_proto::dial::Target;

use crate::run::{Fake, environment};

#[test]
fn the_journal_tells_how_the_process_was_started() {
    let fake = Fake::new(&Script::new().exit(0));
    assert_eq!(fake.start_with(&[("MARK", "here")]).code(), Some(0));
    let entries = fake.entries();
    let Event::Started {
        argv,
        cwd,
        pgid,
        ppid,
        stdin,
        ..
    } = &entries[0].event
    else {
        panic!("{entries:?}")
    };
    assert_eq!(argv[1], "plugin.py");
    assert_eq!(
        Path::new(cwd),
        fake.folder.directory.canonicalize().unwrap()
    );
    assert_eq!(u32::try_from(*ppid).unwrap(), std::process::id());
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let own_group = stat.rsplit(')').next().unwrap().split(' ').nth(3);
    assert_eq!(Some(pgid.to_string().as_str()), own_group);
    assert_eq!(stdin, "/dev/null");
    assert_eq!(
        environment(&entries).get("MARK").map(String::as_str),
        Some("here")
    );
    assert_eq!(environment(&entries).len(), 1, "nothing is added");
    let expect = Event::Exiting {
        code: 0,
        why: "step".to_owned(),
    };
    assert_eq!(entries.last().map(|entry| &entry.event), Some(&expect));
}

#[test]
fn unknown_fields_and_unplayable_scripts_are_refused_with_a_reason() {
    for (script, reason) in [
        (
            r#"{"steps": [{"do": "hang", "for": 3}]}"#,
            "unknown field `for`",
        ),
        (r#"{"steps": [{"do": "dance"}]}"#, "unknown variant `dance`"),
        (r#"{"step": []}"#, "unknown field `step`"),
        (
            r#"{"steps": [{"do": "exit", "code": 0}], "starts": [[]]}"#,
            "not both",
        ),
        (
            r#"{"steps": [{"do": "write", "text": "a", "hex": "00"}]}"#,
            "exactly one of",
        ),
        (
            r#"{"steps": [{"do": "serve", "hooks": {"OnActivated": {"hang": true}}}]}"#,
            "no hook is called `OnActivated`",
        ),
        (
            r#"{"steps": [{"do": "serve", "hooks": {"OnActivate": {"hang": true, "exit": 1}}}]}"#,
            "this has 2",
        ),
        (
            r#"{"steps": [{"do": "serve", "fault": "nonce-wrong"}]}"#,
            "needs `testee`",
        ),
        (
            r#"{"steps": [{"do": "serve", "testee": true, "fault": "no-newline"}]}"#,
            "one of steps",
        ),
        (
            r#"{"steps": [{"do": "ignore", "signals": ["KILL"]}]}"#,
            "KILL",
        ),
        (
            r#"{"steps": [{"do": "api", "method": "KVPut"}]}"#,
            "no API method is called `KVPut`",
        ),
        ("{", "not well formed"),
    ] {
        let fake = Fake::new(&Script::new());
        std::fs::write(fake.folder.directory.join("fake.json"), script).unwrap();
        let mut running = fake.start();
        assert_eq!(running.code(), Some(BAD_SCRIPT), "{script}");
        let text = running.stderr_line();
        assert!(text.contains(reason), "{script}: {text}");
        running
            .until(|event| matches!(event, Event::Trouble { message } if message.contains(reason)));
    }
}

#[test]
fn the_script_is_found_beside_the_interpreter_too() {
    let fake = Fake::new(&Script::new().write("found\n"));
    let elsewhere = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(&fake.folder.interpreter)
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"found\n");
    assert!(!fake.entries().is_empty());
}

#[test]
fn writes_go_to_their_stream_as_text_bytes_or_repeats() {
    let script = Script::new()
        .write_in_pieces("one two\n", 3, 1)
        .step(Step::Write(Write {
            hex: Some("00ff0a".to_owned()),
            pieces: 1,
            ..Write::default()
        }))
        .step(Step::Write(Write::repeated(Stream::Stderr, "ab", 3)))
        .step(Step::Flood(Flood {
            to: Stream::Stdout,
            bytes: 300_000,
            line_length: 100,
        }));
    let fake = Fake::new(&script);
    let output = std::process::Command::new(&fake.folder.interpreter)
        .current_dir(&fake.folder.directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "a script that does not serve ends with 0"
    );
    assert_eq!(&output.stdout[..11], b"one two\n\0\xff\n");
    assert_eq!(output.stderr, b"ababab");
    let flood = &output.stdout[11..];
    assert_eq!(flood.len(), 300_000);
    assert!(
        flood
            .chunks(100)
            .all(|line| line[99] == b'\n' && !line[..99].contains(&b'\n'))
    );
}

#[test]
fn a_closed_stream_ends_for_its_reader() {
    let fake = Fake::new(
        &Script::new()
            .write("last\n")
            .step(Step::Close { fd: Stream::Stdout })
            .hang(),
    );
    let mut running = fake.start();
    assert_eq!(running.stdout_line(), "last\n");
    assert_eq!(running.stdout_line(), "");
    assert!(running.is_running());
}

#[test]
fn processes_end_by_code_by_signal_and_by_lifetime() {
    let mut running = Fake::new(&Script::new().exit(7)).start();
    assert_eq!(running.code(), Some(7));
    let mut running = Fake::new(&Script::new().raise(SignalName::Kill)).start();
    assert_eq!(running.wait().signal(), Some(9));
    let mut running = Fake::new(&Script {
        lifetime_ms: Some(30),
        ..Script::new().hang()
    })
    .start();
    assert_eq!(running.code(), Some(LIFETIME_OVER));
}

#[test]
fn starts_differ_where_the_script_says_so() {
    let fake = Fake::new(
        &Script::new()
            .exit(1)
            .next_start()
            .exit(2)
            .next_start()
            .exit(3),
    );
    let codes: Vec<_> = (0..4).map(|_| fake.start().code()).collect();
    assert_eq!(codes, [Some(1), Some(2), Some(3), Some(3)]);
    let starts: Vec<_> = fake
        .entries()
        .iter()
        .filter(|entry| entry.environment().is_some())
        .map(|entry| entry.start)
        .collect();
    assert_eq!(starts, [1, 2, 3, 4]);
}

#[test]
fn an_address_can_be_bound_listened_on_and_given_up() {
    let connects = |target: &Target| match target {
        Target::Tcp(address) => TcpStream::connect(address).is_ok(),
        Target::Unix(path) => UnixStream::connect(path).is_ok(),
    };
    let bound = Fake::new(
        &Script::new()
            .step(Step::Bind {
                bind: "127.0.0.1".to_owned(),
            })
            .handshake()
            .hang(),
    );
    let running = bound.start();
    assert!(!connects(&running.address()));
    let mute = Fake::new(
        &Script::new()
            .listen()
            .step(Step::AcceptMute {})
            .handshake()
            .hang(),
    );
    let running = mute.start();
    assert!(connects(&running.address()));
    running.until(|event| matches!(event, Event::Connected {}));
    let gone = Fake::new(
        &Script::new()
            .listen()
            .step(Step::CloseListener {})
            .handshake()
            .hang(),
    );
    let running = gone.start();
    assert!(!connects(&running.address()));
}

#[test]
fn a_socket_file_is_removed_at_a_regular_end_unless_it_is_to_stay() {
    for leave_file in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("plugin.sock");
        let listen = Listen {
            network: Network::Unix,
            bind: Some(path.display().to_string()),
            leave_file,
        };
        let script = Script::new()
            .step(Step::Listen(listen))
            .step(Step::AcceptMute {})
            .write("1|1|unix|{socket}|grpc\n")
            .wait_for("connection")
            .exit(0);
        let mut running = Fake::new(&script).start();
        assert_eq!(running.address(), Target::Unix(path.clone()));
        let _connection = UnixStream::connect(&path).unwrap();
        assert_eq!(running.code(), Some(0));
        assert_eq!(path.exists(), leave_file);
    }
}

#[test]
fn ignored_signals_are_written_down() {
    let fake = Fake::new(&Script::new().ignore_term().write("ready\n").hang());
    let mut running = fake.start();
    assert_eq!(running.stdout_line(), "ready\n");
    running.terminate();
    running.until(|event| matches!(event, Event::Signal { signal } if signal == "TERM"));
    assert!(running.is_running());
}

#[test]
fn a_missing_or_wrong_cookie_ends_with_go_plugins_words() {
    let fake = Fake::new(&Script::new().check_cookie().write("in\n"));
    for variables in [&[][..], &[("MATTERMOST_PLUGIN", "wrong")][..]] {
        let mut running = fake.start_with(variables);
        assert!(
            running
                .stderr_line()
                .starts_with("This binary is a plugin.")
        );
        assert_eq!(running.stdout_line(), "");
        assert_eq!(running.code(), Some(1));
    }
    assert_eq!(fake.start().stdout_line(), "in\n");
}

#[test]
fn an_environment_other_than_demanded_ends_the_process() {
    let ends = |demand: DemandEnv, variables: &[(&str, &str)]| {
        let fake = Fake::new(&Script::new().step(Step::DemandEnv(demand)).write("in\n"));
        fake.start_with(variables).code() == Some(1)
    };
    let names = |name: &str| vec![name.to_owned()];
    assert!(ends(
        DemandEnv {
            present: names("HOME"),
            ..DemandEnv::default()
        },
        &[]
    ));
    assert!(!ends(
        DemandEnv {
            present: names("HOME"),
            ..DemandEnv::default()
        },
        &[("HOME", "/")]
    ));
    assert!(ends(
        DemandEnv {
            absent: names("HOME"),
            ..DemandEnv::default()
        },
        &[("HOME", "/")]
    ));
    let equal = || DemandEnv {
        equal: [("V".to_owned(), "1".to_owned())].into(),
        ..DemandEnv::default()
    };
    assert!(ends(equal(), &[("V", "2,1")]));
    assert!(!ends(equal(), &[("V", "1")]));
    let numeric = || DemandEnv {
        numeric: names("T"),
        ..DemandEnv::default()
    };
    assert!(ends(numeric(), &[("T", "soon")]));
    assert!(!ends(numeric(), &[("T", "0.5")]));
    let known = || DemandEnv {
        known: Some(names("PLUGIN_MIN_PORT")),
        ..DemandEnv::default()
    };
    assert!(ends(known(), &[("PLUGIN_NEW", "1")]));
    assert!(!ends(known(), &[("PLUGIN_MIN_PORT", "1"), ("OTHER", "1")]));
}

#[test]
fn a_lock_lets_the_first_start_pass_and_no_other() {
    let lock = Step::Lock {
        file: "plugin.lock".into(),
    };
    let fake = Fake::new(&Script::new().step(lock).exit(0));
    assert_eq!(fake.start().code(), Some(0));
    let mut again = fake.start();
    assert_eq!(again.code(), Some(1));
    assert!(again.stderr_line().contains("plugin.lock"));
}

#[test]
fn an_interpreter_may_be_a_symbolic_link() {
    let fake = Fake::new(&Script::new().write("linked\n"));
    std::fs::remove_file(&fake.folder.interpreter).unwrap();
    let binary = env!("CARGO_BIN_EXE_fake-interpreter");
    std::os::unix::fs::symlink(binary, &fake.folder.interpreter).unwrap();
    assert_eq!(fake.start().stdout_line(), "linked\n");
}

#[test]
fn a_grandchild_is_as_described_when_the_step_is_over() {
    let check = |grandchild: Grandchild| {
        let script = Script::new()
            .grandchild(Grandchild {
                seconds: 30,
                ..grandchild.clone()
            })
            .write("left\n")
            .raise(SignalName::Kill);
        let fake = Fake::new(&script);
        let mut running = fake.start();
        assert_eq!(running.stdout_line(), "left\n");
        running.wait();
        let entries = read(&fake.folder.journal).unwrap();
        let left = entries
            .iter()
            .find(|entry| matches!(entry.event, Event::Grandchild { .. }))
            .unwrap();
        let Event::Grandchild { sid, ppid, pgid } = left.event else {
            unreachable!()
        };
        let own = i32::try_from(left.pid).unwrap();
        assert_eq!(sid == own, grandchild.setsid, "{entries:?}");
        assert_eq!(pgid == own, grandchild.setsid, "{entries:?}");
        assert_eq!(
            u32::try_from(ppid).unwrap() != running.pid(),
            grandchild.double_fork,
            "{entries:?}"
        );
        let pid = rustix::process::Pid::from_raw(own).unwrap();
        rustix::process::test_kill_process(pid).unwrap();
        if grandchild.ignore_term {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            running.until(|event| matches!(event, Event::Signal { .. }));
        }
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        // The pipe ends with its last holder.
        assert_eq!(running.stdout_line(), "");
    };
    check(Grandchild::default());
    check(Grandchild {
        holds_pipes: true,
        ..Grandchild::default()
    });
    check(Grandchild {
        setsid: true,
        double_fork: true,
        ignore_term: true,
        holds_pipes: true,
        ..Grandchild::default()
    });
}
