//! Faults of HTTP requests: what the handler sees of them, and what leaves as their answer.
//!
//! Rows only: the name in code, the name in scripts, and what is wrong as a sentence.

macro_rules! http_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // The head of a request.
        /// The handler of an HTTP request does not see its host.
        HttpHostLost = "http-host-lost",
        /// The handler of an HTTP request sees its request URI without the query.
        HttpQueryLost = "http-query-lost",
        /// The handler of an HTTP request of unknown length is told that it has none.
        HttpUnknownLengthLost = "http-unknown-length-lost",
        /// Of a request's header with many values only the first arrives.
        HttpValuesLost = "http-values-lost",
        /// Of headers whose name comes twice in a request only the last one arrives.
        HttpRepeatedNameLost = "http-repeated-name-lost",
        /// Values of a request's headers are cut after 8,192 bytes.
        HttpLongValueCut = "http-long-value-cut",
        /// Requests with the method HEAD are answered without the handler.
        HttpHeadNotRun = "http-head-not-run",
        // The body of a request.
        /// The second piece of a request's body is lost.
        HttpRequestPieceDropped = "http-request-piece-dropped",
        /// The second piece of a request's body arrives twice.
        HttpRequestPieceDuplicated = "http-request-piece-duplicated",
        /// The first two pieces of a request's body arrive in the other order.
        HttpRequestPiecesSwapped = "http-request-pieces-swapped",
        /// The second piece of a request's body loses its last byte.
        HttpRequestPieceTruncated = "http-request-piece-truncated",
        /// A piece of a request's body loses its byte 65,536.
        HttpRequestBorderOffByOne = "http-request-border-off-by-one",
        /// The piece of a request's body that comes with the head is lost.
        HttpRequestFirstPieceLost = "http-request-first-piece-lost",
        /// The piece of a request's body that comes with its completion is lost.
        HttpRequestLastPieceLost = "http-request-last-piece-lost",
        /// An empty piece is taken for the end of a request's body.
        HttpEmptyPieceEnds = "http-empty-piece-ends",
        /// Each piece of a request's body passes through a text of its own.
        HttpPiecesAsText = "http-pieces-as-text",
        /// Pieces of a request's body over 64 KiB are refused.
        HttpLargePieceRefused = "http-large-piece-refused",
        /// Messages of a request over 4 MiB are refused.
        HttpFourMibRefused = "http-four-mib-refused",
        /// The end of a request's stream is taken for the completion of its body.
        HttpHalfCloseTaken = "http-half-close-taken",
        /// A request whose first message has no head is handled as an empty one.
        HttpMissingInitTaken = "http-missing-init-taken",
        /// A second head in a request is passed over.
        HttpSecondInitTaken = "http-second-init-taken",
        /// What comes after the completion of a request's body is part of it.
        HttpLateDataTaken = "http-late-data-taken",
        /// A request that breaks the rules ends the process.
        HttpViolationKills = "http-violation-kills",
        /// The body of a request is held in memory before the handler asks for it, however long it is.
        HttpRequestHoarded = "http-request-hoarded",
        /// The handler starts when the whole body of the request is there.
        HttpWholeBodyFirst = "http-whole-body-first",
        /// An upload that nobody reads is read to its end before the answer is complete.
        HttpEarlyAnswerWaits = "http-early-answer-waits",
        // The head of an answer.
        /// All HTTP answers have the status 200.
        HttpStatusLost = "http-status-lost",
        /// HTTP answers of which the handler chose no status have 204.
        HttpDefaultStatusWrong = "http-default-status-wrong",
        /// Any number leaves as the status of an HTTP answer.
        HttpStatusUnchecked = "http-status-unchecked",
        /// Headers of an answer with many values have one that joins them by commas.
        HttpHeaderMerged = "http-header-merged",
        /// Of an answer's header with many values only the last one leaves.
        HttpHeaderReplaced = "http-header-replaced",
        /// Values of an answer's headers are cut after 8,192 bytes.
        HttpAnswerHeaderCut = "http-answer-header-cut",
        /// Line feeds in an answer's headers leave as they are.
        HttpHeaderInjected = "http-header-injected",
        // The messages of an answer.
        /// The second piece of an answer's body is lost.
        HttpAnswerPieceDropped = "http-answer-piece-dropped",
        /// The second piece of an answer's body leaves twice.
        HttpAnswerPieceDuplicated = "http-answer-piece-duplicated",
        /// The first two pieces of an answer's body leave in the other order.
        HttpAnswerPiecesSwapped = "http-answer-pieces-swapped",
        /// The second piece of an answer's body loses its last byte.
        HttpAnswerPieceTruncated = "http-answer-piece-truncated",
        /// A piece of an answer's body loses its byte 65,536.
        HttpAnswerBorderOffByOne = "http-answer-border-off-by-one",
        /// A piece of an answer's body has up to 1 MiB.
        HttpAnswerPieceLarge = "http-answer-piece-large",
        /// What the handler writes at once leaves in one message.
        HttpAnswerUnsplit = "http-answer-unsplit",
        /// The first message of an answer has no head.
        HttpAnswerInitLost = "http-answer-init-lost",
        /// The last message of an answer has a head, too.
        HttpAnswerInitTwice = "http-answer-init-twice",
        /// An answer without a body has no message at all.
        HttpEmptyAnswerLost = "http-empty-answer-lost",
        /// No message completes the body of an answer.
        HttpCompletionLost = "http-completion-lost",
        /// The first piece of an answer's body completes it, and more follows.
        HttpCompletionEarly = "http-completion-early",
        /// A completed answer is completed once more.
        HttpCompletionTwice = "http-completion-twice",
        /// A flush waits for the end of the answer.
        HttpFlushSwallowed = "http-flush-swallowed",
        /// A flush leaves without its mark.
        HttpFlushUnmarked = "http-flush-unmarked",
        /// Pieces of an answer's body go to another request that is open.
        HttpWrongStreamAnswered = "http-wrong-stream-answered",
        /// What the handler writes is held in memory until the client takes it, however much it is.
        HttpAnswerHoarded = "http-answer-hoarded",
        // Handlers that fail, and crowds.
        /// A handler that fails shows its error's text to the client.
        HttpErrorTextLeaked = "http-error-text-leaked",
        /// A handler that fails is a status of the call, and no answer.
        HttpErrorAsStatus = "http-error-as-status",
        /// A handler that fails before it has written is answered with 200.
        HttpErrorAnsweredOk = "http-error-answered-ok",
        /// A handler that reads all of a body gets its first piece.
        HttpReadsFirstPiece = "http-reads-first-piece",
        /// A whole answer ends with a status that is not OK.
        HttpEndsWithStatus = "http-ends-with-status",
        /// The first piece of an answer completes it, and the last does not.
        HttpCompletionMoved = "http-completion-moved",
        /// A handler that fails after its answer has begun completes the body.
        HttpErrorCompletes = "http-error-completes",
        /// A handler of an HTTP request that fails ends the process.
        HttpErrorKills = "http-error-kills",
        /// HTTP requests are handled one after another.
        HttpSerialised = "http-serialised",
        /// Hooks wait while an HTTP request is open.
        HttpBlocksHooks = "http-blocks-hooks",
        /// HTTP requests that the host gives up keep their place among those that run.
        HttpCancelledKeepSlots = "http-cancelled-keep-slots",
        /// An HTTP request that the host gives up ends the process.
        HttpCancelKills = "http-cancel-kills",
    }};
}
