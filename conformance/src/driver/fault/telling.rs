//! Faults of what a host does on an order, and of what it says.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! telling_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- what the host does and says ----
        /// Refusals do not name their defect.
        VagueRefusals,
        /// A refusal comes five seconds late.
        LateRefusals,
        /// Refusals have no exit status.
        HidesExitStatus,
        /// Refusals have no stderr.
        HidesStderr,
        /// Refusals have no first line.
        HidesFirstLine,
        /// Refusals have no count of bytes.
        HidesStdoutBytes,
        /// Refusals have no times.
        HidesTime,
        /// Refusals have no Go wording.
        HidesGoWording,
        /// Refusals have a short message without versions, files and lines.
        ShortMessages,
        /// Names with two dots in front are refused.
        RefusesTwoDots,
        /// The runtime is read in any case.
        AnyCaseRuntime,
        /// A missing interpreter is looked for at a fixed place.
        FixedInterpreter,
        /// The list of variables to pass is not looked at.
        IgnoresPassedVariables,
        /// An activation succeeds before it has begun.
        SucceedsEarly,
        /// Each activation starts a process.
        StartsTwice,
        /// Each activation calls OnActivate.
        ActivatesAgain,
        /// A restart starts a new process beside the old.
        RestartKeepsOld,
        /// A restart does nothing.
        NeverRestarts,
        /// Hook requests lose their plugin context.
        DropsRequestField,
        /// Hook answers lose a field.
        DropsAnswerField,
        /// An error in band is a failed call.
        ErrorsLookAlike,
        /// Failed calls are told as one kind.
        FailuresLookAlike,
        /// A hook that is late stops the plugin.
        StopsOnLateHook,
        /// An answer that does not decode stops the plugin.
        StopsOnBadAnswer,
        /// An unhealthy plugin is stopped at once.
        HealthDecidesStart,
        /// What health checks gave is not told.
        HidesHealth,
        /// Health has two words.
        TellsTwoHealths,
        /// Of a traceback the first line is told.
        CutsTracebacks,
        /// Every log line is at debug.
        AllAtDebug,
        /// The host dies of a log line with a number as its level.
        DiesOfOddLevel,
        /// Every step of a stop is told as one that went well.
        TellsStepsWell,
        /// A plugin that does not run any more is told as one that runs.
        SaysRunningForEver,
        /// A report of a stop has no steps.
        HidesStopSteps,
        /// There is no guard.
        NoGuard,
        /// The end of a plugin is not noticed.
        ReportsNoEnd,
        /// A hook of a dead plugin fails six seconds late.
        WaitsForDeadHook,
        /// The end of one plugin stops all.
        OneDeathStopsAll,
        /// One call at a time.
        OneCallAtATime,
        /// Answers of hooks are mixed up.
        MixesAnswers,

        // ---- what is told and decided beside the point ----
        /// A plugin that ran once is not started again.
        StartsOnce,
        /// Every end of a plugin is told as one with 0.
        TellsExitZero,
        /// No plugin is healthy.
        NeverHealthy,
        /// A hook that a plugin does not have stops what it is about.
        AbsentHookStops,

        // ---- metrics ----
        /// Nothing is counted.
        CountsNothing,
        /// Rejections count as failures.
        CountsRejectionsAsFailures,
        /// Failed API calls count as successes.
        CountsApiFailuresAsSuccesses,
        /// API calls are not counted.
        CountsNoApi,
        /// Fan-outs are not counted.
        CountsNoFanOuts,
        /// Hooks that were not called are counted.
        CountsSkipped,
        /// Nothing took any time.
        CountsNoTime,
        /// Histograms have no last bucket.
        MalformedMetrics,
    }};
}
