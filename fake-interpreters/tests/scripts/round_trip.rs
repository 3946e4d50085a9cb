//! A script in Rust and its JSON are the same script.

use std::collections::BTreeMap;

use fake_interpreters::script::{
    Alpn, Answer, ApiOrder, Certificate, Client, Controller, DemandEnv, Flood, Grandchild, Health,
    HttpHead, HttpMessage, HttpStep, Implemented, Kept, Listen, Network, OtherHooks, Piece, Script,
    Serve, ServeHttp, Served, SignalName, Stdio, Step, Stream, Tls, When, Write, Written,
};
use fake_interpreters::{Fault, Preset};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

fn stream() -> impl Strategy<Value = Stream> {
    prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr)]
}

fn signal() -> impl Strategy<Value = SignalName> {
    prop_oneof![
        Just(SignalName::Term),
        Just(SignalName::Int),
        Just(SignalName::Usr1)
    ]
}

fn order() -> impl Strategy<Value = ApiOrder> {
    (option::of("[a-z]{1,4}"), option::of("127.0.0.1:[1-9]")).prop_map(|(label, target)| ApiOrder {
        method: "KVGet".to_owned(),
        request: json!({ "key": "k" }),
        label,
        target,
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let leaf = prop_oneof![
        Just(Answer::Value(json!({ "rejection_reason": "no" }))),
        ("[a-z.]{0,9}", ".{0,9}").prop_map(|(id, message)| Answer::error(&id, &message)),
        ".{0,9}".prop_map(|message| Answer::status("INTERNAL", &message)),
        vec(any::<u8>(), 0..9).prop_map(Answer::Raw),
        Just(Answer::Hang),
        Just(Answer::Close),
        any::<i32>().prop_map(Answer::Exit),
        signal().prop_map(Answer::Raise),
    ];
    leaf.prop_recursive(3, 6, 1, |inner| {
        prop_oneof![
            (any::<u64>(), inner.clone()).prop_map(|(ms, then)| Answer::After(ms, Box::new(then))),
            (order(), inner).prop_map(|(order, then)| Answer::Api(order, Box::new(then))),
        ]
    })
}

fn http() -> impl Strategy<Value = ServeHttp> {
    let message = (
        option::of((
            any::<i32>(),
            btree_map("[A-Z]{1,3}", vec(".{0,3}", 0..2), 0..2),
        )),
        ".{0,5}",
        any::<usize>(),
        any::<(bool, bool)>(),
    );
    let message = message.prop_map(|(head, text, times, (complete, flush))| HttpMessage {
        init: head.map(|(status, headers)| HttpHead { status, headers }),
        text,
        times,
        complete,
        flush,
    });
    let step = prop_oneof![
        message.prop_map(HttpStep::Send),
        Just(HttpStep::Read {}),
        Just(HttpStep::Echo {}),
        any::<u64>().prop_map(|ms| HttpStep::Sleep { ms }),
        any::<i32>().prop_map(|code| HttpStep::Exit { code }),
        signal().prop_map(|signal| HttpStep::Raise { signal }),
        Just(HttpStep::Hang {}),
        Just(HttpStep::Close {}),
        order().prop_map(HttpStep::Api),
    ];
    vec(step, 0..4).prop_map(|steps| ServeHttp { steps })
}

fn tls() -> impl Strategy<Value = Tls> {
    let certificate = select(vec![
        Certificate::GoPlugin,
        Certificate::P256,
        Certificate::NoName,
    ]);
    let served = select(vec![
        Served::Announced,
        Served::WithoutKey,
        Served::AlsoPlainText,
    ]);
    let client = select(vec![Client::Announced, Client::NotAsked, Client::NotP521]);
    let alpn = select(vec![Alpn::H2, Alpn::Silent, Alpn::Http1]);
    let line = (
        select(vec![When::Always, When::Told, When::Set]),
        select(vec![Written::Unpadded, Written::Padded, Written::Pem]),
        select(vec![Kept::Nothing, Kept::Key, Kept::Certificate]),
    );
    let parts = (certificate, served, client, alpn, any::<bool>(), line);
    parts.prop_map(|(certificate, served, client, alpn, only_tls12, line)| {
        let (when, written, kept) = line;
        Tls {
            certificate,
            served,
            client,
            alpn,
            only_tls12,
            when,
            written,
            kept,
        }
    })
}

fn serve() -> impl Strategy<Value = Serve> {
    let implemented = prop_oneof![
        vec("[A-Za-z]{1,9}", 0..3).prop_map(Implemented::Names),
        answer().prop_map(Implemented::Answer)
    ];
    let health = prop_oneof![
        Just(Health::Unimplemented),
        Just(Health::Hang),
        btree_map("[a-z*]{0,6}", "[A-Z_]{1,9}", 0..3).prop_map(Health::Services)
    ];
    let controller = prop_oneof![
        Just(Controller::Exit),
        Just(Controller::Ignore),
        any::<u64>().prop_map(Controller::ExitAfterMs),
        any::<i32>().prop_map(Controller::ExitCode),
        signal().prop_map(Controller::Raise)
    ];
    let pieces = || {
        vec(
            (stream(), ".{0,9}").prop_map(|(channel, text)| Piece { channel, text }),
            0..3,
        )
    };
    let stdio = prop_oneof![
        Just(Stdio::Unimplemented),
        Just(Stdio::Quiet),
        pieces().prop_map(Stdio::Stream),
        pieces().prop_map(Stdio::End),
        pieces().prop_map(Stdio::MustBeRead)
    ];
    let hooks = btree_map(
        prop_oneof![Just("OnActivate".to_owned()), Just("/a.B/C".to_owned())],
        answer(),
        0..3,
    );
    (
        option::of(implemented),
        hooks,
        health,
        controller,
        stdio,
        option::of(answer()),
        option::of(http()),
        option::of(tls()),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |(
                implemented,
                hooks,
                health,
                controller,
                stdio,
                every_call,
                http,
                tls,
                (testee, watch_parent, names_hooks),
            )| {
                Serve {
                    implemented,
                    hooks,
                    http,
                    other_hooks: if testee {
                        OtherHooks::Empty
                    } else {
                        OtherHooks::Unimplemented
                    },
                    health,
                    controller,
                    stdio,
                    every_call,
                    testee,
                    fault: testee.then_some(Fault::NonceWrong),
                    names_hooks,
                    watch_parent,
                    tls,
                }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (stream(), ".{0,20}", 1..4_usize, any::<u64>()).prop_map(|(to, text, pieces, pause_ms)| {
            Step::Write(Write {
                pieces,
                pause_ms,
                ..Write::text(to, &text)
            })
        }),
        (stream(), "[0-9a-f]{0}|([0-9a-f]{2}){1,4}").prop_map(|(to, hex)| Step::Write(Write {
            to,
            hex: Some(hex),
            pieces: 1,
            ..Write::default()
        })),
        any::<u64>().prop_map(|ms| Step::Sleep { ms }),
        Just(Step::Bind {
            bind: "127.0.0.1".to_owned()
        }),
        option::of("[a-z/]{1,9}").prop_map(|bind| Step::Listen(Listen {
            network: Network::Unix,
            bind,
            leave_file: true
        })),
        serve().prop_map(|serve| Step::Serve(Box::new(serve))),
        Just(Step::AcceptMute {}),
        Just(Step::CloseListener {}),
        stream().prop_map(|fd| Step::Close { fd }),
        any::<i32>().prop_map(|code| Step::Exit { code }),
        signal().prop_map(|signal| Step::Raise { signal }),
        Just(Step::Hang {}),
        vec(signal(), 0..3).prop_map(|signals| Step::Ignore { signals }),
        any::<[bool; 4]>().prop_map(|[holds_pipes, setsid, double_fork, ignore_term]| {
            Step::Grandchild(Grandchild {
                holds_pipes,
                setsid,
                double_fork,
                ignore_term,
                seconds: 1,
            })
        }),
        (stream(), any::<u16>(), any::<u16>()).prop_map(|(to, bytes, line_length)| {
            Step::Flood(Flood {
                to,
                bytes: bytes.into(),
                line_length: line_length.into(),
            })
        }),
        ("[a-z:]{1,9}", any::<u32>()).prop_map(|(event, count)| Step::WaitFor { event, count }),
        order().prop_map(Step::Api),
        (stream(), any::<i32>(), any::<bool>()).prop_map(|(to, code, silent)| Step::CheckCookie {
            to,
            code,
            silent
        }),
        "[a-z.]{1,9}".prop_map(|file| Step::Lock { file: file.into() }),
        vec("[A-Z]{1,4}", 0..3).prop_map(|names| {
            let equal: BTreeMap<_, _> = names
                .iter()
                .map(|name| (name.clone(), name.clone()))
                .collect();
            Step::DemandEnv(DemandEnv {
                present: names.clone(),
                absent: names.clone(),
                equal,
                numeric: names.clone(),
                known: Some(names),
            })
        }),
    ]
}

proptest! {
    #[test]
    fn a_script_survives_its_json(steps in vec(step(), 1..5), lifetime_ms in option::of(any::<u64>())) {
        let script = Script { steps, lifetime_ms, ..Script::default() };
        prop_assert_eq!(Script::parse(&script.to_json()).unwrap(), script);
    }
}

#[test]
fn presets_and_faults_survive_their_json() {
    let presets = Preset::ALL.iter().map(|preset| preset.script());
    for script in presets.chain(Fault::ALL.iter().map(|fault| fault.script())) {
        assert_eq!(Script::parse(&script.to_json()).unwrap(), script);
    }
}
