//! Faults of the API server.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! api_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // ---- the API ----
        /// GetPluginID answers another id.
        WrongPluginId,
        /// GetServerVersion answers nothing.
        HidesVersion,
        /// Log calls are answered with an error.
        RefusesLogs,
        /// A key that is not there is an error.
        KvFailsOnAbsence,
        /// Deleted keys stay.
        KvKeepsDeleted,
        /// Lists are not cut into pages.
        KvIgnoresPages,
        /// When all keys are deleted they stay.
        KvKeepsAll,
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
    }};
}
