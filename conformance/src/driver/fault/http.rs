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
    }};
}
