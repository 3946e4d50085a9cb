//! The faults whose deviation is in the steps: another line, another order, something left behind.

use super::{Fault, tls};
use crate::script::{
    DemandEnv, Grandchild, HANDSHAKE_SECURED, Listen, Network, Script, Serve, SignalName, Step,
    Stream,
};

/// Variables that a plugin may meet under the beginnings `PLUGIN_` and `MATTERMOST_`.
const KNOWN: &[&str] = &[
    "PLUGIN_MIN_PORT",
    "PLUGIN_MAX_PORT",
    "PLUGIN_PROTOCOL_VERSIONS",
    "PLUGIN_HOST_RUN",
    "PLUGIN_HOST_SESSION",
    "MATTERMOST_PLUGIN",
    "MATTERMOST_PLUGIN_API_TARGET",
    "MATTERMOST_PLUGIN_API_TOKEN",
    "MATTERMOST_PLUGIN_ID",
    "MATTERMOST_PLUGIN_PATH",
    "MATTERMOST_PLUGIN_HOOK_TIMEOUT",
    "MATTERMOST_PLUGIN_LOG_LEVEL",
];

/// 60 characters of base64: long enough to be taken for a certificate.
const NO_CERTIFICATE: &str = "MIIBNoCertificateAtAllButLongEnoughToBeTakenForOneByAnyHost0";

/// The testee with this fault, where the fault is one of steps.
pub(super) fn deviating(fault: Fault) -> Option<Script> {
    handshake(fault)
        .or_else(|| address(fault))
        .or_else(|| environment(fault))
        .or_else(|| end(fault))
        .or_else(|| tls::deviating(fault))
}

fn handshake(fault: Fault) -> Option<Script> {
    let line = match fault {
        Fault::NoNewline => "1|1|tcp|{address}|grpc{announced}".to_owned(),
        Fault::NoHandshake => return Some(up()),
        Fault::BlankLineFirst => format!("\n{HANDSHAKE_SECURED}"),
        Fault::LogLineFirst => format!("INFO: plugin is starting\n{HANDSHAKE_SECURED}"),
        Fault::PrefixOnLine => format!("plugin: {HANDSHAKE_SECURED}"),
        Fault::ByteOrderMark => format!("\u{feff}{HANDSHAKE_SECURED}"),
        Fault::HandshakeOnStderr => return Some(up().write_stderr(HANDSHAKE_SECURED)),
        Fault::CoreVersionTwo => "2|1|tcp|{address}|grpc\n".to_owned(),
        Fault::AppVersionTwo => "1|2|tcp|{address}|grpc\n".to_owned(),
        Fault::Netrpc => "1|1|tcp|{address}|netrpc\n".to_owned(),
        Fault::ProtocolUpperCase => "1|1|tcp|{address}|GRPC\n".to_owned(),
        Fault::MissingProtocol => "1|1|tcp|{address}\n".to_owned(),
        Fault::TwoFields => "1|1\n".to_owned(),
        Fault::NetworkUpperCase => "1|1|TCP|{address}|grpc\n".to_owned(),
        Fault::NetworkOfOtherKind => "1|1|unix|{address}|grpc\n".to_owned(),
        Fault::PaddedField => "1|1|tcp|{address}|grpc |\n".to_owned(),
        Fault::AddressWithoutPort => "1|1|tcp|localhost|grpc\n".to_owned(),
        Fault::AnnouncesCertificate => format!("1|1|tcp|{{address}}|grpc|{NO_CERTIFICATE}\n"),
        Fault::AnnouncesMultiplexing => "1|1|tcp|{address}|grpc||true\n".to_owned(),
        Fault::EndsBeforeHandshake => return Some(Script::new().check_cookie().exit(0)),
        Fault::HandshakeLate => return Some(up().sleep(60_000).handshake_secured()),
        _ => return None,
    };
    Some(up().write(&line))
}

fn address(fault: Fault) -> Option<Script> {
    let start = || Script::new().check_cookie();
    let bind = || Step::Bind {
        bind: "127.0.0.1".to_owned(),
    };
    let on_all = Step::Listen(Listen {
        bind: Some("0.0.0.0".to_owned()),
        ..Listen::default()
    });
    Some(match fault {
        Fault::AddressNotListening => start()
            .listen()
            .serve(Serve::testee())
            .step(bind())
            .handshake_secured(),
        Fault::AnnouncesBeforeListening => start()
            .step(bind())
            .handshake_secured()
            .sleep(300)
            .listen()
            .serve(Serve::testee()),
        Fault::AnnouncesAllInterfaces => start()
            .step(on_all)
            .serve(Serve::testee())
            .handshake_secured(),
        Fault::ListensOnAllInterfaces => start()
            .step(on_all)
            .serve(Serve::testee())
            .write("1|1|tcp|127.0.0.1:{port}|grpc{announced}\n"),
        Fault::SocketFileLeft => {
            let listen = Listen {
                network: Network::Unix,
                leave_file: true,
                ..Listen::default()
            };
            start()
                .step(Step::Listen(listen))
                .serve(Serve::testee())
                .write("1|1|unix|{socket}|grpc{announced}\n")
        }
        _ => return None,
    })
}

fn environment(fault: Fault) -> Option<Script> {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let present = |name| DemandEnv {
        present: names(&[name]),
        ..DemandEnv::default()
    };
    let demand = match fault {
        Fault::NeedsPath => present("PATH"),
        Fault::NeedsHome => present("HOME"),
        Fault::NeedsApiTarget => present("MATTERMOST_PLUGIN_API_TARGET"),
        Fault::NeedsNumericTimeout => DemandEnv {
            numeric: names(&["MATTERMOST_PLUGIN_HOOK_TIMEOUT"]),
            ..DemandEnv::default()
        },
        Fault::LockStays => {
            let lock = Step::Lock {
                file: "plugin.lock".into(),
            };
            return Some(
                Script::new()
                    .check_cookie()
                    .step(lock)
                    .then(&after_cookie()),
            );
        }
        Fault::SecondStartIll => {
            let ill = Serve {
                fault: Some(Fault::HealthNotServing),
                ..Serve::testee()
            };
            let second = Script::new()
                .check_cookie()
                .listen()
                .serve(ill)
                .handshake_secured();
            return Some(
                Script::new()
                    .check_cookie()
                    .then(&after_cookie())
                    .next_start()
                    .then(&second),
            );
        }
        Fault::NeedsSingleVersion => {
            let single = ("PLUGIN_PROTOCOL_VERSIONS".to_owned(), "1".to_owned());
            DemandEnv {
                equal: [single].into(),
                ..DemandEnv::default()
            }
        }
        Fault::DiesOfUnknownVariable => DemandEnv {
            known: Some(names(KNOWN)),
            ..DemandEnv::default()
        },
        Fault::CookieNotChecked => return Some(after_cookie()),
        Fault::CookieValueNotChecked => {
            let key = Step::DemandEnv(present(crate::cookie::KEY));
            return Some(Script::new().step(key).then(&after_cookie()));
        }
        Fault::CookieErrorOnStdout => return Some(cookie(Stream::Stdout, 1, false)),
        Fault::CookieErrorExitsZero => return Some(cookie(Stream::Stderr, 0, false)),
        Fault::CookieErrorSilent => return Some(cookie(Stream::Stderr, 1, true)),
        _ => return None,
    };
    Some(
        Script::new()
            .check_cookie()
            .step(Step::DemandEnv(demand))
            .then(&after_cookie()),
    )
}

fn end(fault: Fault) -> Option<Script> {
    let left = match fault {
        Fault::TermIgnored => {
            let ignore = Step::Ignore {
                signals: vec![SignalName::Term],
            };
            return Some(
                Script::new()
                    .step(ignore)
                    .check_cookie()
                    .then(&after_cookie()),
            );
        }
        Fault::GrandchildLeft => Grandchild::default(),
        Fault::DaemonLeft => Grandchild {
            setsid: true,
            double_fork: true,
            ignore_term: true,
            ..Grandchild::default()
        },
        _ => return None,
    };
    Some(
        Script::new()
            .check_cookie()
            .grandchild(left)
            .then(&after_cookie()),
    )
}

/// The good testee up to its handshake.
fn up() -> Script {
    Script::new().check_cookie().listen().serve(Serve::testee())
}

/// The good testee without its look at the cookie.
fn after_cookie() -> Script {
    Script::new()
        .listen()
        .serve(Serve::testee())
        .handshake_secured()
}

/// The testee with another end at a wrong cookie.
fn cookie(to: Stream, code: i32, silent: bool) -> Script {
    Script::new()
        .step(Step::CheckCookie { to, code, silent })
        .then(&after_cookie())
}
