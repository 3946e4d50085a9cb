//! Faults that are policies of a host: what the reference does.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! policy_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- policies: what the reference does ----
        /// The plugin sees the host's whole environment.
        InheritHostEnvironment,
        /// The plugin is not told its id, folder, hook timeout and log level.
        OmitPluginVariables,
        /// Every health answer counts as healthy.
        IgnoreHealthStatus,
        /// SIGTERM is never sent.
        NeverTerminate,
        /// Only the child itself is killed.
        KillOnlyChild,
        /// OnConfigurationChange is not called before OnActivate.
        StartWithoutConfiguration,
        /// The script path is checked by its text alone.
        TrustRawScriptPath,
        /// The manifest's venv_path is not looked at.
        IgnoreVenvPath,
        /// The text of an OnActivate error is lost.
        SwallowActivationErrorText,
        /// A plugin must serve Implemented.
        RequireImplemented,
        /// Tracebacks are ordinary text.
        IgnoreTracebacks,

        /// All of these at once: what the reference does.
        Reference,

        // ---- hooks: what the reference does ----
        /// Passwords and tokens are sent to plugins.
        SendSecrets,
        /// Posts are sent without props, participants and metadata.
        StripPosts,
        /// The message of an error in band is lost.
        SwallowHookErrorText,
        /// A hook goes on when its caller has gone away.
        OutliveCallers,
        /// A failed call always lets pass.
        AlwaysFailOpen,
        /// All hooks have one deadline.
        OneHookDeadline,
        /// A limit on calls is ignored.
        UnlimitedCalls,
        /// Failed calls count as successes.
        CountFailuresAsSuccesses,

        // ---- hooks: what is decided ----
        /// What nobody decided about stops when a call fails.
        ClosedByDefault,
        /// A decision to fail open is ignored.
        NeverOpens,
        /// Decisions about hooks that there are not are taken.
        AcceptsUnknownHooks,
        /// Posts that an answer leaves out are removed.
        AnswerIsAll,
        /// Posts that an answer leaves out always stay.
        KeepsEveryPost,
        /// The queue of calls has no end.
        QueuesWithoutEnd,
        /// There is no queue of calls.
        NeverQueues,
    }};
}
