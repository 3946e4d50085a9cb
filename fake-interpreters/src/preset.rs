//! The classics by name: one script each, good or with one well-known trouble.
//!
//! Presets are for hosts. What a plugin under test can do wrong is in [`crate::fault`].

use crate::script::{
    Answer, Flood, Grandchild, Health, Implemented, Refused, Script, Serve, SignalName, Step,
    Stream, Write,
};

/// How long [`Preset::Late`] waits before its handshake.
pub const LATE_MS: u64 = 400;

macro_rules! presets {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)*) => {
        /// A fake that everybody knows by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Preset { $($(#[doc = $doc])+ $name,)* }

        impl Preset {
            /// All of them, in reading order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name for people and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does, in a sentence.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start(),)* }
            }
        }
    };
}

presets! {
    /// Announces ten hooks, answers each with an empty message, is healthy and ends when asked to.
    Good = "good",
    /// The plugin under test that obeys orders and writes evidence.
    Testee = "testee",
    /// Writes nothing and lives on.
    Silent = "silent",
    /// Announces the protocol netrpc.
    Netrpc = "netrpc",
    /// Announces two fields only.
    Malformed = "malformed",
    /// Writes half a handshake line and lives on.
    PartialLine = "partial-line",
    /// Writes the whole handshake line but for its newline, and lives on.
    NoNewline = "no-newline",
    /// Announces itself, but only after [`LATE_MS`].
    Late = "late",
    /// Ends with code 3 before it writes anything to stdout.
    EarlyExit = "early-exit",
    /// Kills itself with SIGKILL before it writes anything to stdout.
    EarlySignal = "early-signal",
    /// Writes a log line to stdout, then a good handshake.
    LogBeforeHandshake = "log-before-handshake",
    /// Writes a first line of 70,000 bytes.
    OverlongLine = "overlong-line",
    /// Good, and writes 4 MiB to stdout after the handshake, a line of 100,000 bytes among them.
    StdoutFlood = "stdout-flood",
    /// Good, and closes its stdout after the handshake.
    ClosedStdout = "closed-stdout",
    /// Listens and accepts, and never answers on a connection.
    MuteListener = "mute-listener",
    /// Announces an address on which nobody listens any more.
    ListenerGone = "listener-gone",
    /// Good, but its health is NOT_SERVING.
    NotServing = "not-serving",
    /// Good, but without a health service.
    NoHealth = "no-health",
    /// Good, but Implemented answers INTERNAL.
    ImplementedFails = "implemented-fails",
    /// Good, but OnActivate answers an error in band.
    ActivateFails = "activate-fails",
    /// Good, but OnActivate never answers.
    ActivateHangs = "activate-hangs",
    /// Good, but ends with code 3 inside MessageWillBePosted.
    CrashInHook = "crash-in-hook",
    /// Good, but ends with code 3 shortly after OnActivate was answered.
    CrashBetweenHooks = "crash-between-hooks",
    /// Good, but goes on after Shutdown and after SIGTERM.
    IgnoresTerm = "ignores-term",
    /// Good, but leaves a process that holds its pipes and ignores SIGTERM.
    GrandchildHoldsPipes = "grandchild-holds-pipes",
    /// Does nothing and ends with 0.
    ExitZero = "exit-zero",
    /// Does nothing for ever.
    SilentForever = "silent-forever",
    /// Announces itself, accepts, and never answers.
    HandshakeThenNothing = "handshake-then-nothing",
    /// Announces itself and answers UNIMPLEMENTED to every call.
    UnimplementedToAll = "unimplemented-to-all",
    /// Announces itself and answers an empty message to every call.
    EmptyOkToAll = "empty-ok-to-all",
}

impl Preset {
    /// The subjects that do nothing useful and must score about nothing.
    pub const NULL_SUBJECTS: &'static [Self] = &[
        Self::ExitZero,
        Self::SilentForever,
        Self::HandshakeThenNothing,
        Self::UnimplementedToAll,
        Self::EmptyOkToAll,
    ];

    /// What it does, as steps.
    pub fn script(self) -> Script {
        let good = || Script::serving(Serve::good());
        match self {
            Self::Good => good(),
            Self::Testee => Script::testee(),
            Self::Silent | Self::SilentForever => Script::new().hang(),
            Self::Netrpc => Script::new()
                .listen()
                .write("1|1|tcp|{address}|netrpc\n")
                .hang(),
            Self::Malformed => Script::new().write("1|1\n").hang(),
            Self::PartialLine => Script::new().listen().write("1|1|tcp|127.0.").hang(),
            Self::NoNewline => Script::new()
                .listen()
                .write("1|1|tcp|{address}|grpc")
                .hang(),
            Self::Late => Script::new()
                .check_cookie()
                .listen()
                .serve(Serve::good())
                .sleep(LATE_MS)
                .handshake(),
            Self::EarlyExit => Script::new().write_stderr("fake: no such module\n").exit(3),
            Self::EarlySignal => Script::new().raise(SignalName::Kill),
            Self::LogBeforeHandshake => Script::new()
                .listen()
                .serve(Serve::good())
                .write("INFO starting up\n")
                .handshake(),
            Self::OverlongLine => Script::new()
                .step(Step::Write(Write::repeated(Stream::Stdout, "x", 70_000)))
                .write("\n")
                .hang(),
            Self::StdoutFlood => good()
                .step(Step::Flood(Flood {
                    to: Stream::Stdout,
                    bytes: 100_000,
                    line_length: 100_000,
                }))
                .step(Step::Flood(Flood {
                    to: Stream::Stdout,
                    bytes: 4 << 20,
                    line_length: 80,
                })),
            Self::ClosedStdout => good().step(Step::Close { fd: Stream::Stdout }),
            Self::MuteListener | Self::HandshakeThenNothing => Script::new()
                .listen()
                .step(Step::AcceptMute {})
                .handshake()
                .hang(),
            Self::ListenerGone => Script::new()
                .listen()
                .step(Step::CloseListener {})
                .handshake()
                .hang(),
            Self::NotServing => Script::serving(Serve::good().health("NOT_SERVING")),
            Self::NoHealth => Script::serving(Serve {
                health: Health::Unimplemented,
                ..Serve::good()
            }),
            Self::ImplementedFails => {
                let refused = Refused {
                    code: "INTERNAL".to_owned(),
                    message: "the registry is broken".to_owned(),
                };
                Script::serving(Serve {
                    implemented: Some(Implemented::Answer(Answer::Status(refused))),
                    ..Serve::good()
                })
            }
            Self::ActivateFails => {
                let error = Answer::error("plugin.on_activate.error", "the licence has expired");
                Script::serving(Serve::good().hook("OnActivate", error))
            }
            Self::ActivateHangs => Script::serving(Serve::good().hook("OnActivate", Answer::Hang)),
            Self::CrashInHook => {
                Script::serving(Serve::good().hook("MessageWillBePosted", Answer::Exit(3)))
            }
            Self::CrashBetweenHooks => good().wait_for("answered:OnActivate").sleep(50).exit(3),
            Self::IgnoresTerm => {
                let serve = Serve {
                    controller: crate::script::Controller::Ignore,
                    ..Serve::good()
                };
                Script::new()
                    .check_cookie()
                    .ignore_term()
                    .listen()
                    .serve(serve)
                    .handshake()
            }
            Self::GrandchildHoldsPipes => Script::new()
                .check_cookie()
                .grandchild(Grandchild {
                    holds_pipes: true,
                    ignore_term: true,
                    ..Grandchild::default()
                })
                .listen()
                .serve(Serve::good())
                .handshake(),
            Self::ExitZero => Script::new().exit(0),
            Self::UnimplementedToAll => {
                every_call(Answer::status("UNIMPLEMENTED", "unknown method"))
            }
            Self::EmptyOkToAll => every_call(Answer::empty()),
        }
    }
}

fn every_call(answer: Answer) -> Script {
    Script::new()
        .listen()
        .serve(Serve {
            every_call: Some(answer),
            ..Serve::default()
        })
        .handshake()
}
