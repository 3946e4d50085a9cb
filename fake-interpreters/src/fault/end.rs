//! Faults of the end, and of what the environment asks for while a plugin runs.
//!
//! Rows only: the name in code, the name in scripts, and what is wrong as a sentence.

macro_rules! end_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // The end.
        /// Shutdown is answered and nothing else happens.
        ShutdownIgnored = "shutdown-ignored",
        /// There is no controller.
        ShutdownUnimplemented = "shutdown-unimplemented",
        /// Shutdown never answers.
        ShutdownHangs = "shutdown-hangs",
        /// Shutdown waits until all running handlers have come to their end.
        ShutdownWaitsForHandlers = "shutdown-waits-for-handlers",
        /// The process ends with 3 after Shutdown.
        ShutdownExitsNonZero = "shutdown-exits-non-zero",
        /// The process dies of SIGABRT after Shutdown.
        ShutdownAborts = "shutdown-aborts",
        /// The process ends 20 s after Shutdown.
        ShutdownSlow = "shutdown-slow",
        /// SIGTERM has no effect.
        TermIgnored = "term-ignored",
        /// A process stays behind after the end.
        GrandchildLeft = "grandchild-left",
        /// A process that left the session stays behind after the end.
        DaemonLeft = "daemon-left",
        /// Listens on a unix socket, and its file stays behind.
        SocketFileLeft = "socket-file-left",
        /// Goes on when the host has died.
        OutlivesHost = "outlives-host",
        // Environment variables.
        /// MATTERMOST_PLUGIN_HOOK_TIMEOUT has no effect.
        HookTimeoutIgnored = "hook-timeout-ignored",
        /// MATTERMOST_PLUGIN_LOG_LEVEL has no effect.
        LogLevelIgnored = "log-level-ignored",
        /// Logs go nowhere.
        LogsLost = "logs-lost",
        /// Logs go to stdout.
        LogsOnStdout = "logs-on-stdout",
        /// The level of a log line is a number, which ends a Go host.
        LogLevelNumber = "log-level-number",
        /// Logs have no level that a host can read.
        LogsWithoutLevel = "logs-without-level",
    }};
}
