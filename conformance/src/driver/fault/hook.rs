//! Faults of hooks: what an answer means, fan-out, bad input and crowds.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! hook_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- hooks: what an answer means ----
        /// What a filter changed is forgotten.
        ForgetsChanges,
        /// An answer without an object is taken for an empty object.
        TakesEmptyForChange,
        /// A post beside a rejection is taken.
        PrefersThePost,
        /// A silent dismissal is told in words.
        ExplainsDismissals,
        /// What comes beside the object that a filter replaces is lost.
        LosesNeighbours,
        /// A file keeps its name.
        KeepsFileName,
        /// No ping succeeds.
        PingsPessimistically,
        /// Whatever a ping answers was a success.
        TakesSickForHealthy,
        /// A plugin that has no ping is unreachable.
        TakesAbsentForSick,
        /// The error of a failed call does not say why.
        FailsWithoutCause,
        /// Of an error in band the message alone is kept.
        ErrorsLoseDetail,
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

        // ---- how often ----
        /// Every hook is called twice.
        CallsHooksTwice,

        // ---- fan-out ----
        /// Plugins are asked in the wrong order.
        ReverseOrder,
        /// Each plugin of a chain sees what the first one saw.
        EachSeesOriginal,
        /// The request id is lost in a fan-out.
        LosesRequestId,
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
        /// A hook of a plugin that does not run is answered.
        AnswersForTheDead,
        /// A hook that a plugin does not have is answered.
        AnswersForTheAbsent,
        /// A hook that comes too early is not kept from the plugin.
        CallsBeforeActivation,
        /// An API method does not call the hook that it leads to.
        SkipsNestedHooks,
        /// A hook that an API method calls takes its turn behind the hook that waits for it.
        QueuesNestedHooks,
        /// API calls wait until no hook runs.
        ApiWaitsForHooks,
        /// Answers of API calls are mixed up.
        MixesApiAnswers,
        /// A hook that an API method calls waits until no other hook runs.
        NestedHooksWait,
    }};
}
