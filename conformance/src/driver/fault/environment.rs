//! Faults of what is done with all plugins, and of looking after them.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! environment_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- all plugins ----
        /// Folders that begin with a dot are plugins, too.
        ScanFindsHidden,
        /// Folders within folders are looked at, too.
        ScanLooksDeeper,
        /// What is wrong with a folder is not said.
        ScanHidesReasons,
        /// A folder without a usable manifest is not mentioned.
        ScanDropsBroken,
        /// Several folders with one id are not mentioned.
        ScanDropsTwins,
        /// Of several folders with one id the first is taken.
        TakesFirstTwin,
        /// A plugin that does not run is not listed.
        ListsRunningOnly,
        /// A listing has no process ids.
        HidesPids,
        /// Why a plugin does not run is not said.
        HidesErrorTexts,
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
        /// In a shutdown OnDeactivate has no time.
        ShutsDownAtOnce,
        /// A plugin that could not be told of a changed configuration counts as told.
        HidesConfigurationFailures,
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
        /// What is given up at the time of an order is not started by it. On a busy machine a check that does not look after plugins may come
        /// before that, so only one that waits for a plugin to be given up is sure to meet this.
        RefusesGivenUp,
        /// Failures of plugins are not told.
        HidesFailures,
        /// Failures of plugins are told without their stderr.
        HidesFailureTail,
    }};
}
