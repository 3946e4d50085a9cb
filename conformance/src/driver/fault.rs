//! The faults that our driver can have, one at a time: how host checks are shown to fail.
//!
//! Names only. Those of the first group are policies of the host, all others sit at its seams.

use clap::ValueEnum;

/// One fault, `--fault NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Fault {
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

    // ---- timing ----
    /// The start timeout is an eighth of what it should be.
    GivesUpEarly,
    /// The start timeout is four seconds longer.
    GivesUpLate,
    /// The connect timeout is five seconds longer.
    ConnectsSlowly,
    /// The hook timeout is five seconds longer.
    SlowHookTimeout,
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

    // ---- the wire ----
    /// Implemented is called twice.
    AsksImplementedTwice,
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

    // ---- the API ----
    /// GetPluginID answers another id.
    WrongPluginId,
    /// Log calls are answered and lost.
    LosesLogs,
    /// Log calls are all at info.
    FlattensLogs,
    /// Values end at their first zero byte.
    KvCutsAtZero,
    /// Compare and set does not compare.
    KvIgnoresOldValue,
    /// Lists lack their last key.
    KvListLosesLast,
    /// Keys do not expire.
    KvNeverExpires,
    /// All plugins share their keys.
    KvShared,
    /// A method that is missing is never answered.
    HangsOnMissingMethod,
    /// A method that is missing is answered with a status.
    MissingMethodOutOfBand,
    /// A message that does not decode breaks the server.
    BreaksOnBadMessage,
    /// Messages over 4 MiB are refused.
    FourMibLimit,

    // ---- all plugins ----
    /// Folders that begin with a dot are plugins, too.
    ScanFindsHidden,
    /// A folder without a usable manifest is not mentioned.
    ScanDropsBroken,
    /// Several folders with one id are not mentioned.
    ScanDropsTwins,
    /// Of several folders with one id the first is taken.
    TakesFirstTwin,
    /// A plugin that does not run is not listed.
    ListsRunningOnly,
    /// A listing has no uptime.
    HidesUptime,
    /// A listing does not say how a process ended.
    HidesLastExit,
    /// A listing does not say how often a plugin was brought back.
    HidesRestarts,
    /// The activation of a running plugin says that it was started.
    SaysStartedAgain,
    /// The deactivation of a plugin that does not run says that it was stopped.
    SaysStopped,
    /// A plugin that is being started counts as running.
    SaysRunningEarly,
    /// The text of an error stays.
    KeepsErrorText,
    /// A removal is a stop and no more.
    RemovalForgetsNothing,
    /// A removal deletes the folder, asked or not.
    RemovalAlwaysDeletes,
    /// A removal leaves the folder, whatever was asked.
    RemovalKeepsFolder,
    /// The removal of a plugin that is not known succeeds.
    RemovesAnything,
    /// A shutdown stops one plugin after the other.
    StopsOneByOne,
    /// OnDeactivate may take as long in a shutdown as anywhere.
    NoDeactivatePatience,
    /// A changed configuration is not told.
    SkipsConfiguration,
    /// A plugin's error about a changed configuration is not told.
    HidesConfigurationErrors,

    // ---- looking after plugins ----
    /// Plugins are not checked.
    NeverChecks,
    /// Plugins are checked ten times as often.
    ChecksTooOften,
    /// One bad answer is enough.
    PingsOnce,
    /// A plugin is brought back for ever.
    NeverGivesUp,
    /// A plugin is given up one failure early.
    GivesUpSoon,
    /// Failures are never forgotten.
    WindowForEver,
    /// There is no pause before a restart.
    NoBackoff,
    /// A plugin is brought back ten seconds late.
    RecoversLate,
    /// One plugin is checked at a time.
    OneCheckAtATime,
    /// Plugins are checked even when that was switched off.
    ChecksWhenOff,
    /// A plugin that was deactivated is brought back.
    BringsBackDeactivated,
    /// A restart that fails is the last.
    FailedRestartIsFinal,
    /// What was given up is never started again.
    RefusesGivenUp,
    /// Failures of plugins are not told.
    HidesFailures,
    /// Failures of plugins are told without their stderr.
    HidesFailureTail,

    /// A hook that an API method calls waits until no other hook runs.
    NestedHooksWait,

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
    /// An answer that does not decode stops the plugin.
    StopsOnBadAnswer,
    /// An unhealthy plugin is stopped at once.
    HealthDecidesStart,
    /// What health checks gave is not told.
    HidesHealth,
    /// Every log line is at debug.
    AllAtDebug,
    /// The host dies of a log line with a number as its level.
    DiesOfOddLevel,
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

    // ---- hooks: what an answer means ----
    /// What a filter changed is forgotten.
    ForgetsChanges,
    /// An answer without an object is taken for an empty object.
    TakesEmptyForChange,
    /// A post beside a rejection is taken.
    PrefersThePost,
    /// A silent dismissal is told in words.
    ExplainsDismissals,
    /// A file with new content keeps its old size.
    KeepsFileSize,
    /// A configuration that is none is taken.
    TakesAnyConfiguration,
    /// A ping that failed was a success.
    PingsOptimistically,
    /// A failed call gives its caller no error.
    FailsWithoutError,
    /// Objects in answers lose their last field.
    DropsNestedAnswers,

    // ---- fan-out ----
    /// Plugins are asked in the wrong order.
    ReverseOrder,
    /// Each plugin of a chain sees what the first one saw.
    EachSeesOriginal,
    /// Every plugin is told that it is nobody in particular.
    OneContextForAll,
    /// A failed call undoes what others changed.
    FailureUndoesChanges,
    /// A chain goes on after a rejection.
    AsksOnAfterNo,
    /// A failed call keeps the others from being asked.
    StopsAtFailure,
    /// Hooks about one plugin go to all.
    FansOutEverything,

    // ---- metrics ----
    /// Nothing is counted.
    CountsNothing,
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
    // ---- bad input and crowds ----
    /// An answer that does not decode counts as an empty one.
    GarbageIsEmpty,
    /// After a lost connection no hook is ever called again.
    NeverReconnects,
    /// Answers of hooks over 4 MiB are refused.
    FourMibAnswers,
    /// Requests of hooks over 4 MiB are not sent.
    FourMibRequests,
    /// The API server ends at the first bytes that are no HTTP/2.
    ApiEndsOnGarbage,
    /// A key that is no text is taken.
    TakesBadText,
    /// The hook after a late one gets the late answer.
    LateAnswerIsNext,
    /// A long list of hooks is never read to its end.
    ChokesOnLongLists,
    /// A hook that does not exist is answered.
    AnswersUnknownHooks,
    /// Any end of a health check counts as healthy.
    GarbageIsHealthy,
    /// One start at a time.
    StartsOneAtATime,
    /// A hook that comes during a restart never ends.
    HooksHangInRestart,
    /// API calls wait until no hook runs.
    ApiWaitsForHooks,
    /// Answers of API calls are mixed up.
    MixesApiAnswers,

    // ---- what is told and decided beside the point ----
    /// A plugin that ran once is not started again.
    StartsOnce,
    /// Every end of a plugin is told as one with 0.
    TellsExitZero,
    /// No plugin is healthy.
    NeverHealthy,
    /// A hook that a plugin does not have stops what it is about.
    AbsentHookStops,

    // ---- HTTP requests ----
    /// The head of a request loses its host.
    DropsHttpHost,
    /// The body of a request loses its last byte.
    CutsHttpRequests,
    /// A body goes out in messages of a mebibyte.
    SendsLargePieces,
    /// The head of an answer loses its headers.
    DropsHttpHeaders,
    /// The body of an answer loses its last byte.
    CutsHttpAnswers,
    /// An answer that broke off counts as whole.
    TruncatesQuietly,
    /// An answer that breaks the rules counts as whole.
    TakesLawlessAnswers,
    /// A plugin that has no ServeHTTP answers every request with nothing.
    AnswersForPlugins,
}

impl Fault {
    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}
