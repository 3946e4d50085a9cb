//! Scripts as Rust: a builder whose lines read like the steps.

use super::{
    Answer, ApiOrder, Grandchild, Health, HttpStep, Implemented, Listen, Network, Repeat, Script,
    Serve, ServeHttp, SignalName, Step, Stream, Tls, When, Write,
};

/// The handshake line of a good plugin.
pub const HANDSHAKE: &str = "1|1|tcp|{address}|grpc\n";

/// The handshake line of a good plugin that knows AutoMTLS, whether it was asked for it or not.
pub const HANDSHAKE_SECURED: &str = "1|1|tcp|{address}|grpc{announced}\n";

/// The line of one that was asked for it, over a unix socket.
pub const HANDSHAKE_SECURED_UNIX: &str = "1|1|unix|{socket}|grpc|{certificate}\n";

impl Script {
    /// A script without steps: a fake that ends at once with 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plugin that checks its cookie, serves `serve` and announces itself.
    pub fn serving(serve: Serve) -> Self {
        let line = match serve.tls {
            Some(_) => HANDSHAKE_SECURED,
            None => HANDSHAKE,
        };
        Self::new().check_cookie().listen().serve(serve).write(line)
    }

    /// The same with AutoMTLS.
    pub fn serving_secured(serve: Serve, tls: Tls) -> Self {
        Self::serving(Serve {
            tls: Some(tls),
            ..serve
        })
    }

    /// The plugin under test: [`Script::serving`] a testee.
    pub fn testee() -> Self {
        Self::serving(Serve::testee())
    }

    /// One more step. After [`Script::next_start`] it belongs to that start.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        match self.starts.last_mut() {
            Some(start) => start.push(step),
            None => self.steps.push(step),
        }
        self
    }

    /// The steps so far are those of the start before; what follows is played by the next start and all later ones.
    #[must_use]
    pub fn next_start(mut self) -> Self {
        if self.starts.is_empty() {
            self.starts.push(std::mem::take(&mut self.steps));
        }
        self.starts.push(Vec::new());
        self
    }

    /// All steps of another script, at the end.
    #[must_use]
    pub fn then(self, other: &Self) -> Self {
        other.steps_of(1).iter().cloned().fold(self, Self::step)
    }

    /// Ends unless the cookie is right.
    #[must_use]
    pub fn check_cookie(self) -> Self {
        self.step(Step::CheckCookie {
            to: Stream::Stderr,
            code: 1,
            silent: false,
        })
    }

    /// Listens on a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(self) -> Self {
        self.step(Step::Listen(Listen::default()))
    }

    /// Listens on a unix socket with a fresh name.
    #[must_use]
    pub fn listen_unix(self) -> Self {
        self.step(Step::Listen(Listen {
            network: Network::Unix,
            ..Listen::default()
        }))
    }

    /// Serves gRPC in the background.
    #[must_use]
    pub fn serve(self, serve: Serve) -> Self {
        self.step(Step::Serve(Box::new(serve)))
    }

    /// Announces itself as a good plugin does.
    #[must_use]
    pub fn handshake(self) -> Self {
        self.write(HANDSHAKE)
    }

    /// Announces itself as a good plugin does that knows AutoMTLS.
    #[must_use]
    pub fn handshake_secured(self) -> Self {
        self.write(HANDSHAKE_SECURED)
    }

    /// Text to stdout, placeholders filled in.
    #[must_use]
    pub fn write(self, text: &str) -> Self {
        self.step(Step::Write(Write::text(Stream::Stdout, text)))
    }

    /// Text to stderr, placeholders filled in.
    #[must_use]
    pub fn write_stderr(self, text: &str) -> Self {
        self.step(Step::Write(Write::text(Stream::Stderr, text)))
    }

    /// Text to stdout in so many pieces.
    #[must_use]
    pub fn write_in_pieces(self, text: &str, pieces: usize, pause_ms: u64) -> Self {
        self.step(Step::Write(Write {
            pieces,
            pause_ms,
            ..Write::text(Stream::Stdout, text)
        }))
    }

    /// Waits for so many milliseconds.
    #[must_use]
    pub fn sleep(self, ms: u64) -> Self {
        self.step(Step::Sleep { ms })
    }

    /// Waits until this has happened once.
    #[must_use]
    pub fn wait_for(self, event: &str) -> Self {
        self.step(Step::WaitFor {
            event: event.to_owned(),
            count: 1,
        })
    }

    /// Waits for ever.
    #[must_use]
    pub fn hang(self) -> Self {
        self.step(Step::Hang {})
    }

    /// Ends with this code.
    #[must_use]
    pub fn exit(self, code: i32) -> Self {
        self.step(Step::Exit { code })
    }

    /// Sends itself this signal.
    #[must_use]
    pub fn raise(self, signal: SignalName) -> Self {
        self.step(Step::Raise { signal })
    }

    /// Takes SIGTERM and goes on.
    #[must_use]
    pub fn ignore_term(self) -> Self {
        self.step(Step::Ignore {
            signals: vec![SignalName::Term],
        })
    }

    /// Leaves a process behind.
    #[must_use]
    pub fn grandchild(self, grandchild: Grandchild) -> Self {
        self.step(Step::Grandchild(grandchild))
    }

    /// Calls the API.
    #[must_use]
    pub fn api(self, method: &str, request: serde_json::Value) -> Self {
        self.step(Step::Api(ApiOrder::new(method, request)))
    }
}

impl Serve {
    /// The hooks of a good fake: one or more of each shape of answer.
    pub const GOOD: &[&str] = &[
        "OnActivate",
        "OnDeactivate",
        "OnConfigurationChange",
        "MessageWillBePosted",
        "MessageHasBeenPosted",
        "ExecuteCommand",
        "UserWillLogIn",
        "OnSharedChannelsPing",
        "RunDataRetention",
        "GenerateSupportData",
    ];

    /// Announces [`Serve::GOOD`] and answers each with an empty message; healthy; ends when asked to.
    pub fn good() -> Self {
        let names = Self::GOOD.iter().map(|name| (*name).to_owned()).collect();
        Self {
            implemented: Some(Implemented::Names(names)),
            ..Self::default()
        }
        .all_empty()
    }

    /// A plugin under test: orders, evidence, end with its host.
    pub fn testee() -> Self {
        let tls = Tls {
            when: When::Told,
            ..Tls::default()
        };
        Self {
            testee: true,
            tls: Some(tls),
            ..Self::default()
        }
    }

    /// Announces exactly these hooks.
    #[must_use]
    pub fn implemented<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.implemented = Some(Implemented::Names(
            names.into_iter().map(str::to_owned).collect(),
        ));
        self
    }

    /// Answers `Implemented` in this way.
    #[must_use]
    pub fn implemented_answer(mut self, answer: Answer) -> Self {
        self.implemented = Some(Implemented::Answer(answer));
        self
    }

    /// Answers this hook in this way.
    #[must_use]
    pub fn hook(mut self, name: &str, answer: Answer) -> Self {
        self.hooks.insert(name.to_owned(), answer);
        self
    }

    /// Does this with every HTTP request, and announces the hook for them if it announces a list.
    #[must_use]
    pub fn http(mut self, steps: impl IntoIterator<Item = HttpStep>) -> Self {
        let steps = steps.into_iter().collect();
        self.http = Some(ServeHttp { steps });
        if let Some(Implemented::Names(names)) = &mut self.implemented {
            names.push("ServeHTTP".to_owned());
        }
        self
    }

    /// Says with each call of the API in which hook it is made.
    #[must_use]
    pub fn naming_hooks(mut self) -> Self {
        self.names_hooks = true;
        self
    }

    /// Hooks without an answer of their own get an empty message.
    #[must_use]
    pub fn all_empty(mut self) -> Self {
        self.other_hooks = super::OtherHooks::Empty;
        self
    }

    /// The service `plugin` has this health.
    #[must_use]
    pub fn health(mut self, status: &str) -> Self {
        self.health = Health::Services([("plugin".to_owned(), status.to_owned())].into());
        self
    }
}

impl Write {
    /// Text to a stream in one write.
    pub fn text(to: Stream, text: &str) -> Self {
        Self {
            to,
            text: Some(text.to_owned()),
            pieces: 1,
            ..Self::default()
        }
    }

    /// A text many times, in one write.
    pub fn repeated(to: Stream, text: &str, times: usize) -> Self {
        Self {
            to,
            repeat: Some(Repeat {
                text: text.to_owned(),
                times,
            }),
            pieces: 1,
            ..Self::default()
        }
    }
}

impl ApiOrder {
    /// A call of this method.
    pub fn new(method: &str, request: serde_json::Value) -> Self {
        Self {
            method: method.to_owned(),
            request,
            label: None,
            target: None,
        }
    }
}
