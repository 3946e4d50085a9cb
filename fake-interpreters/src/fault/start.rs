//! Faults of a start: the line, the environment, health, what is implemented, and the calls before the first hook.
//!
//! Rows only: the name in code, the name in scripts, and what is wrong as a sentence.

macro_rules! start_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // The handshake line.
        /// The handshake line has no newline and the process lives on: what an unflushed print looks like from outside.
        NoNewline = "no-newline",
        /// No handshake line is ever written, though the server is up.
        NoHandshake = "no-handshake",
        /// An empty line stands before the handshake line.
        BlankLineFirst = "blank-line-first",
        /// A log line stands on stdout before the handshake line.
        LogLineFirst = "log-line-first",
        /// Text without a newline stands before the handshake, on the same line.
        PrefixOnLine = "prefix-on-line",
        /// A byte order mark stands before the handshake line.
        ByteOrderMark = "byte-order-mark",
        /// The process ends before it has announced itself.
        EndsBeforeHandshake = "ends-before-handshake",
        /// The second process of a folder is not healthy.
        SecondStartIll = "second-start-ill",
        /// The handshake goes to stderr.
        HandshakeOnStderr = "handshake-on-stderr",
        /// The core protocol version is 2.
        CoreVersionTwo = "core-version-two",
        /// The app protocol version is 2.
        AppVersionTwo = "app-version-two",
        /// The protocol is netrpc.
        Netrpc = "netrpc",
        /// The protocol is written GRPC.
        ProtocolUpperCase = "protocol-upper-case",
        /// The line ends after the address.
        MissingProtocol = "missing-protocol",
        /// The line has two fields.
        TwoFields = "two-fields",
        /// The network is written TCP.
        NetworkUpperCase = "network-upper-case",
        /// The network is unix, the address one of TCP.
        NetworkOfOtherKind = "network-of-other-kind",
        /// A field has a blank at its end.
        PaddedField = "padded-field",
        /// The address is a host name without a port.
        AddressWithoutPort = "address-without-port",
        /// The announced port is one on which nobody listens.
        AddressNotListening = "address-not-listening",
        /// The handshake is written before the port listens, 300 ms before.
        AnnouncesBeforeListening = "announces-before-listening",
        /// The announced address is 0.0.0.0.
        AnnouncesAllInterfaces = "announces-all-interfaces",
        /// The announced address is 127.0.0.1, but the server listens on all interfaces.
        ListensOnAllInterfaces = "listens-on-all-interfaces",
        /// A certificate is announced, though the server speaks clear text and nobody asked.
        AnnouncesCertificate = "announces-certificate",
        /// Multiplexing is announced, though nobody asked.
        AnnouncesMultiplexing = "announces-multiplexing",
        /// The handshake takes a minute.
        HandshakeLate = "handshake-late",
        // What the plugin makes of its environment before the handshake.
        /// Runs without a look at the magic cookie.
        CookieNotChecked = "cookie-not-checked",
        /// Takes any value of the magic cookie.
        CookieValueNotChecked = "cookie-value-not-checked",
        /// Explains a wrong cookie on stdout, where a handshake is read.
        CookieErrorOnStdout = "cookie-error-on-stdout",
        /// Ends with 0 when the cookie is wrong.
        CookieErrorExitsZero = "cookie-error-exits-zero",
        /// Ends without a word when the cookie is wrong.
        CookieErrorSilent = "cookie-error-silent",
        /// Ends unless PLUGIN_PROTOCOL_VERSIONS is exactly `1`.
        NeedsSingleVersion = "needs-single-version",
        /// Ends when there is a variable with a PLUGIN_ or MATTERMOST_ name that it does not know.
        DiesOfUnknownVariable = "dies-of-unknown-variable",
        /// Ends unless PATH is set.
        NeedsPath = "needs-path",
        /// Ends unless HOME is set.
        NeedsHome = "needs-home",
        /// Ends unless MATTERMOST_PLUGIN_HOOK_TIMEOUT is a number.
        NeedsNumericTimeout = "needs-numeric-timeout",
        /// Ends unless MATTERMOST_PLUGIN_API_TARGET is set.
        NeedsApiTarget = "needs-api-target",
        /// The first start leaves a lock file that no later one gets past.
        LockStays = "lock-stays",
        // Health.
        /// The health of `plugin` is NOT_SERVING.
        HealthNotServing = "health-not-serving",
        /// The health service does not know the service `plugin`.
        HealthPluginUnknown = "health-plugin-unknown",
        /// The health service says SERVING of any service.
        HealthUnknownServing = "health-unknown-serving",
        /// The health service does not know the empty name.
        HealthEmptyUnknown = "health-empty-unknown",
        /// There is no health service.
        HealthUnimplemented = "health-unimplemented",
        /// The health service never answers.
        HealthHangs = "health-hangs",
        /// Health is NOT_SERVING while a hook runs.
        HealthDownDuringHook = "health-down-during-hook",
        /// Health is NOT_SERVING for good after a hook has failed.
        HealthDownAfterFailure = "health-down-after-failure",
        // Implemented.
        /// Implemented answers an error in band.
        ImplementedError = "implemented-error",
        /// Implemented answers UNIMPLEMENTED.
        ImplementedUnimplemented = "implemented-unimplemented",
        /// Implemented answers INTERNAL.
        ImplementedInternal = "implemented-internal",
        /// Implemented never answers.
        ImplementedHangs = "implemented-hangs",
        /// Implemented lists no hooks.
        ImplementedEmpty = "implemented-empty",
        /// Implemented lists `NoSuchHook` too.
        ImplementedUnknownName = "implemented-unknown-name",
        /// Implemented lists OnActivate twice.
        ImplementedDuplicate = "implemented-duplicate",
        /// Implemented leaves out MessageWillBePosted, which is there.
        ImplementedOmits = "implemented-omits",
        /// Implemented lists UserHasLoggedIn, which answers UNIMPLEMENTED.
        ImplementedListsDead = "implemented-lists-dead",
        /// Implemented leaves out another hook at each call.
        ImplementedChanges = "implemented-changes",
        /// Implemented lists names in snake case.
        ImplementedSnakeCase = "implemented-snake-case",
        // Lifecycle.
        /// OnActivate answers success where its handler failed.
        ActivateErrorSwallowed = "activate-error-swallowed",
        /// The error of OnActivate has a general text in place of the handler's.
        ActivateErrorTextLost = "activate-error-text-lost",
        /// The error of OnActivate names another function.
        ActivateErrorWhereWrong = "activate-error-where-wrong",
        /// The error of OnActivate has no id.
        ActivateErrorIdEmpty = "activate-error-id-empty",
        /// The error of OnActivate is a gRPC status.
        ActivateErrorAsStatus = "activate-error-as-status",
        /// A failing OnActivate ends the process before it is answered.
        ActivateErrorKills = "activate-error-kills",
        /// OnActivate is answered, but its handler does not run.
        ActivateNotRun = "activate-not-run",
        /// The handler of OnActivate runs twice.
        ActivateRunsTwice = "activate-runs-twice",
        /// OnDeactivate is answered, but its handler does not run.
        DeactivateNotRun = "deactivate-not-run",
        /// OnDeactivate ends the process before it is answered.
        DeactivateCrashes = "deactivate-crashes",
        /// OnDeactivate never answers.
        DeactivateHangs = "deactivate-hangs",
        /// The error of OnDeactivate is lost.
        DeactivateErrorSwallowed = "deactivate-error-swallowed",
        /// OnConfigurationChange is answered, but its handler does not run.
        ConfigurationNotRun = "configuration-not-run",
        /// A failing OnConfigurationChange ends the process.
        ConfigurationErrorKills = "configuration-error-kills",
        /// The error of OnConfigurationChange is lost.
        ConfigurationErrorSwallowed = "configuration-error-swallowed",
    }};
}
