//! Faults of a start: bounds, the command, the handshake line, and the calls before the first hook.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! start_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- timing ----
        /// The start timeout is an eighth of what it should be.
        GivesUpEarly,
        /// The start timeout is four seconds longer.
        GivesUpLate,
        /// The connect timeout is five seconds longer.
        ConnectsSlowly,
        /// The hook timeout is five seconds longer.
        SlowHookTimeout,
        /// MessageWillBePosted has an eighth of its time.
        ShortHookTimeout,
        /// The health deadline is five seconds longer.
        SlowHealthTimeout,
        /// OnDeactivate and Shutdown may take for ever.
        StopsWithoutBound,
        /// SIGTERM follows Shutdown at once.
        TerminatesAtOnce,
        /// SIGKILL follows SIGTERM at once.
        KillsAtOnce,
        /// The API server waits for its handlers for ever.
        WaitsForHandlers,
        /// A stop takes two seconds more.
        WaitsFixedTime,

        // ---- the command ----
        /// bin/python3 is taken before bin/python.
        PrefersPython3,
        /// A second argument is given.
        ExtraArgument,
        /// The working directory is the folder above.
        WrongDirectory,
        /// The plugin stays in the host's group.
        SharedGroup,
        /// The plugin inherits the host's stdin.
        InheritedStdin,
        /// The cookie is wrong.
        WrongCookie,
        /// Features of go-plugin are announced that the host does not use.
        AnnouncesFeatures,
        /// The API address is a name.
        NamesLocalhost,
        /// Times have a unit.
        TimesWithUnit,
        /// A variable of the host's own is passed.
        PassesItsOwn,
        /// Variables whose names begin like those that are passed are passed, too.
        PassesByPrefix,
        /// There is no range of ports.
        NoPortRange,
        /// The API address is one at which nobody listens.
        ApiNotReady,
        /// The API server lives on after the plugin.
        LeaksApiServer,
        /// The API server is gone before OnDeactivate.
        ApiGoneEarly,
        /// What one read gives is taken for the line.
        FirstChunkIsLine,
        /// Lines before the handshake are skipped.
        SkipsToHandshake,
        /// A long line is cut.
        CutsLongLine,
        /// Stderr is not read after its first line.
        StopsReadingStderr,
        /// Stdout is not read after the first line.
        StopsReadingStdout,

        // ---- the handshake line ----
        /// White space is trimmed around every field.
        TrimsFields,
        /// White space around the line is not trimmed.
        TrimsNothing,
        /// More than five fields are refused.
        RefusesSurplus,
        /// Any core protocol version will do.
        IgnoresCoreVersion,
        /// Numbers with signs and leading zeros are refused.
        StrictNumbers,
        /// Any application protocol version will do.
        IgnoresAppVersion,
        /// Any network is taken for tcp.
        IgnoresNetwork,
        /// An address that cannot be is taken all the same.
        IgnoresBadAddress,
        /// Unix sockets are refused.
        RefusesUnix,
        /// The socket at the announced address is removed, whoever made it.
        RemovesAnySocket,
        /// Only numeric addresses are accepted.
        RefusesNames,
        /// Without a protocol it is grpc.
        AcceptsAbsentProtocol,
        /// GRPC is grpc.
        IgnoresProtocolCase,
        /// A certificate is dropped.
        DropsCertificate,
        /// The host dies of a certificate.
        DiesOfCertificate,
        /// Lines over 1,024 bytes are refused.
        ShortLinesOnly,
        /// The last wrong field is reported.
        ChecksBackwards,
        /// Announced multiplexing is not looked at.
        IgnoresMultiplexing,

        // ---- AutoMTLS ----
        /// Plugins are told the host's certificate without the frame of PEM.
        SendsBareCertificate,
        /// All plugins are told the certificate of the first one.
        OneCertificateForAll,
        /// Plugins are told a certificate for another name.
        TellsOtherName,
        /// Connections do not say for which name they are.
        NamesNobody,
        /// The host shows no certificate.
        ShowsNoCertificate,
        /// A certificate that may sign others is refused as a plugin's.
        RefusesCaAsLeaf,
        /// Any certificate will do.
        TakesAnyCertificate,
        /// The announced certificate will do, whatever its time, name and usage.
        TakesUnfitCertificates,
        /// Whether the plugin has its certificate's key is not checked.
        SkipsSignatures,
        /// HTTP/2 need not be agreed upon.
        AgreesOnNothing,
        /// Certificates are exchanged, and plain text spoken.
        SpeaksPlainText,
        /// A plugin without a good certificate is spoken to in plain text.
        FallsBackToPlainText,

        // ---- the wire ----
        /// A plugin must serve the broker.
        DemandsBroker,
        /// Implemented is called twice.
        AsksImplementedTwice,
        /// The configuration comes before the list of hooks.
        ConfiguresBeforeAsking,
        /// A plugin must serve health.
        DemandsHealth,
        /// The first health check comes before OnActivate.
        ChecksBeforeActivation,
        /// Every hook counts as implemented.
        ListsEveryHook,
        /// Case and blanks in hook names do not matter.
        IgnoresSpelling,
        /// An unknown hook name fails the start.
        RefusesUnknownHooks,
        /// A failed Implemented is an empty list.
        IgnoresImplementedError,
        /// A failed OnConfigurationChange fails the start.
        ConfigurationErrorIsFatal,
        /// A failed OnActivate is a success.
        IgnoresActivationError,
        /// OnActivate is called before OnConfigurationChange.
        ActivatesFirst,
        /// StreamStdio is not called.
        SkipsStdio,
        /// Health is asked of no service.
        ChecksNoService,
        /// The first health check is left out.
        NoFirstCheck,
        /// The socket that the plugin made is not known.
        LeavesSockets,
        /// OnDeactivate is left out.
        SkipsOnDeactivate,
        /// Shutdown is left out.
        SkipsShutdown,
        /// Every plugin counts as asked to end, with a controller or without.
        TakesShutdownForAnswered,
    }};
}
