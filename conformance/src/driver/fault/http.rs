//! Faults of HTTP requests.
//!
//! Rows only: the name, which is also the one on the command line, and what is wrong as a sentence.

macro_rules! http_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
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

        // ---- HTTP requests: what the reference does ----
        /// A stream that ends without body_complete is a whole answer.
        AcceptsHalfClose,
        /// Nothing is read after body_complete.
        StopsAtCompletion,
        /// A first message without an init stands for the status 200.
        AcceptsMissingHead,
        /// A stream that breaks within its body ends the answer as if it were whole.
        EndsBrokenAnswers,
        /// An interim status is passed on as if it were final.
        PassesInterimStatuses,
        /// Headers are not looked at.
        PassesAllHeaders,
        /// A body is not compared with its Content-Length.
        IgnoresLengths,
        /// An upload goes on when its answer is complete.
        NeverEndsUploads,
        /// Nothing limits how long a stream may stand still.
        NoStreamDeadlines,

        // ---- the HTTP front ----
        /// Clients are believed who they say they are.
        TrustsClients,
        /// Every status from 400 on is told as 200.
        TellsSuccess,
        /// Double slashes in a path become one.
        TidiesPaths,
        /// Every answer is followed by a few bytes.
        AddsBodies,
        /// A bit in the middle of an answer is another.
        FlipsBytes,
        /// An answer is passed on when it is complete.
        HoldsAnswers,
        /// The plugin's stream goes on when the client has left.
        KeepsStreams,
        /// Nothing of an answer is passed on while the client can still send.
        WaitsForUploads,
        /// Everybody gets the first answer.
        MixesPages,
        /// An upload that breaks off is completed.
        CompletesUploads,
    }};
}
