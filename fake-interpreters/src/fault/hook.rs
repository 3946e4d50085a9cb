//! Faults of hooks: how they are answered, what handlers see, and what bad input does.
//!
//! Rows only: the name in code, the name in scripts, and what is wrong as a sentence.

macro_rules! hook_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // Hooks.
        /// A post is rejected where the handler allowed it.
        AllowRejects = "allow-rejects",
        /// A rejection is answered as an allowance.
        RejectDropped = "reject-dropped",
        /// A rejection loses its reason's text.
        RejectTextLost = "reject-text-lost",
        /// What drops a post silently is answered as an allowance.
        DismissDropped = "dismiss-dropped",
        /// The reason that drops a post silently has another text.
        DismissAltered = "dismiss-altered",
        /// A modified post is not sent back.
        ModifyDropped = "modify-dropped",
        /// An answer with a modified object cannot be sent, and the call fails.
        ModifyFails = "modify-fails",
        /// A modified text comes back without its last character.
        ModifyCutsText = "modify-cuts-text",
        /// A modified post comes back without its props.
        ModifyDropsProps = "modify-drops-props",
        /// A modified post comes back with its message only.
        ModifyDropsFields = "modify-drops-fields",
        /// A modified post comes back with a rejection reason too.
        ModifyRejects = "modify-rejects",
        /// A failing filter lets the object pass.
        ErrorAllows = "error-allows",
        /// A failing handler becomes a gRPC status.
        ErrorAsStatus = "error-as-status",
        /// MessageHasBeenPosted is answered, but its handler does not run.
        NotificationNotRun = "notification-not-run",
        /// The error of a command is lost.
        CommandErrorSwallowed = "command-error-swallowed",
        /// The response of a command is lost.
        CommandResponseLost = "command-response-lost",
        /// A rejected login passes.
        LoginRejectDropped = "login-reject-dropped",
        /// A ping whose handler failed is healthy.
        PingFailureHealthy = "ping-failure-healthy",
        /// A ping is never healthy.
        PingUnhealthy = "ping-unhealthy",
        /// A failing handler ends the process.
        ErrorKills = "error-kills",
        /// After a handler has failed no hook is answered.
        FailureStopsHooks = "failure-stops-hooks",
        /// A handler that ends the process is kept from it.
        ExitIgnored = "exit-ignored",
        /// A handler that calls the language's exit ends the process.
        QuitEndsProcess = "quit-ends-process",
        /// A handler that ends the process ends it with 1, whatever status it names.
        ExitStatusLost = "exit-status-lost",
        /// A handler that has written more than a pipe holds never comes to its end.
        FloodHangs = "flood-hangs",
        /// A handler that has written more than a pipe holds is the last that runs.
        FloodStopsHooks = "flood-stops-hooks",
        /// A failing notification handler ends the process after its hook was answered.
        NotifyErrorKills = "notify-error-kills",
        /// Handlers run, but nobody sees it.
        EvidenceMissing = "evidence-missing",
        /// Handlers see another nonce than was sent.
        NonceWrong = "nonce-wrong",
        /// A call that overlaps with others runs with the input of the latest.
        CallsMixedUp = "calls-mixed-up",
        /// Calls wait for each other.
        HooksSerialised = "hooks-serialised",
        /// A running hook keeps the whole server waiting, health included.
        HookBlocksServer = "hook-blocks-server",
        /// Handlers see text in which characters beyond ASCII are question marks.
        TextMangled = "text-mangled",
        /// Handlers see only the first 1,024 bytes of a text.
        TextTruncated = "text-truncated",
        /// Messages of more than 64 KiB are answered, but no handler runs.
        LargeMessageNotRun = "large-message-not-run",
        /// Messages of more than 64 KiB are refused.
        LargeMessageRefused = "large-message-refused",
        /// A hook that the plugin does not have answers an empty message.
        UnknownRpcEmpty = "unknown-rpc-empty",
        /// A method that the plugin does not have answers INTERNAL.
        UnknownRpcInternal = "unknown-rpc-internal",
        /// A method that the plugin does not have ends the process.
        UnknownRpcCrashes = "unknown-rpc-crashes",
        /// The stream of standard output, which hosts open first, ends the process.
        StdioCrashes = "stdio-crashes",
        /// Calls whose authority is not the announced address are refused.
        AuthorityRefused = "authority-refused",
        /// The tenth call ends the process.
        DiesAfterTenCalls = "dies-after-ten-calls",
        // What handlers see of a message, and what comes back of an answer.
        /// Handlers see posts without their metadata.
        PostMetadataLost = "post-metadata-lost",
        /// The handler of FileWillBeUploaded sees no content.
        FileContentLost = "file-content-lost",
        /// Handlers see reactions without their time.
        ReactionTimeLost = "reaction-time-lost",
        /// Handlers see push notifications without their sender.
        PushSenderLost = "push-sender-lost",
        /// Handlers see users without their notify_props.
        UserMapsLost = "user-maps-lost",
        /// Handlers never see an actor.
        ActorLost = "actor-lost",
        /// Handlers see an actor where there is none.
        AbsentIsEmpty = "absent-is-empty",
        /// The messages of WebSockets arrive without their data.
        WebSocketDataLost = "web-socket-data-lost",
        /// Handlers see remote clusters without their options.
        ClusterOptionsLost = "cluster-options-lost",
        /// The handler of OnCloudLimitsUpdated sees no limits.
        LimitsLost = "limits-lost",
        /// A limit of 0 is taken for none.
        ZeroLimitLost = "zero-limit-lost",
        /// Handlers see plugin contexts without their user agent.
        PluginContextLost = "plugin-context-lost",
        /// Handlers see lists from their last element to their first.
        ListsReversed = "lists-reversed",
        /// Bytes reach handlers as if they were text.
        BytesAsText = "bytes-as-text",
        /// Numbers reach handlers as doubles.
        NumbersAsDoubles = "numbers-as-doubles",
        /// Characters beyond the basic plane do not reach handlers.
        AstralLost = "astral-lost",
        /// Lists inside props do not reach handlers.
        StructListsLost = "struct-lists-lost",
        /// Messages of more than 4 MiB are refused.
        FileRefused = "file-refused",
        /// A hook whose message is empty is refused.
        EmptyMessageRefused = "empty-message-refused",
        /// A message with a field that the contract does not know is refused.
        UnknownFieldRefused = "unknown-field-refused",
        /// A message that does not decode is never answered.
        GarbageUnanswered = "garbage-unanswered",
        /// After a message that does not decode no hook is answered.
        GarbageStopsHooks = "garbage-stops-hooks",
        /// A message that does not decode ends the process.
        GarbageKills = "garbage-kills",
        /// OnWebSocketConnect is answered, but its handler does not run.
        ConnectNotRun = "connect-not-run",
        /// The modified content of a file is not sent back.
        FileContentKept = "file-content-kept",
        /// The modified subtitle of an e-mail is not sent back.
        EmailSubtitleLost = "email-subtitle-lost",
        /// The last field of each object that a handler answers with is not sent back.
        AnswerFieldsLost = "answer-fields-lost",
        /// Only the first file of support data is sent back.
        SupportFilesCut = "support-files-cut",
        /// A success of any hook but OnActivate carries an empty error.
        SuccessWithError = "success-with-error",
        /// The error of OnSAMLLogin is lost.
        SamlErrorSwallowed = "saml-error-swallowed",
        /// An error that a handler returns is taken for success.
        RefusalLost = "refusal-lost",
        /// The text of a failure stays in the plugin.
        ErrorTextLost = "error-text-lost",
        /// Errors in band have the status code 0.
        ErrorCodeZero = "error-code-zero",
        /// Errors in band do not name the request.
        RequestIdLost = "request-id-lost",
        /// Posts that a handler of MessagesWillBeConsumed changes come back as they were.
        ConsumedChangeLost = "consumed-change-lost",
        /// Posts that a handler of MessagesWillBeConsumed leaves out come back.
        ConsumedRemovalLost = "consumed-removal-lost",
        /// A handler of MessagesWillBeConsumed that changes nothing is answered with no posts.
        ConsumedUnchangedEmpty = "consumed-unchanged-empty",
        /// A failing handler of MessagesWillBeConsumed is answered with no posts.
        ConsumedFailureEmpty = "consumed-failure-empty",
        /// Hooks without a handler are listed.
        AbsentListed = "absent-listed",
        /// A hook that is not listed runs all the same.
        AbsentRuns = "absent-runs",
        /// A filter without a handler rejects.
        AbsentRejects = "absent-rejects",
        /// A handler that takes too long becomes a gRPC status.
        TimeoutAsStatus = "timeout-as-status",
        /// A cancelled call keeps its place among the 32 that run at the same time.
        CancelledKeepSlots = "cancelled-keep-slots",
        /// A handler that came to its end is told that its call was cancelled.
        CancelAlwaysShown = "cancel-always-shown",
        /// A handler does not learn that its call was cancelled.
        CancelNotShown = "cancel-not-shown",
        /// Health is NOT_SERVING for good after a call was cancelled.
        CancelledTakeHealthDown = "cancelled-take-health-down",
        /// The API is closed before OnDeactivate runs.
        ApiClosedBeforeEnd = "api-closed-before-end",
        /// Health is NOT_SERVING after OnDeactivate.
        HealthDownAfterDeactivate = "health-down-after-deactivate",
        // Bad input.
        /// No answer has more than 4 MiB.
        LargeAnswerRefused = "large-answer-refused",
        /// A request that does not decode is answered with an empty message.
        GarbageTaken = "garbage-taken",
        /// A stream that is no message ends the process.
        BadStreamKills = "bad-stream-kills",
        /// A connection that speaks no HTTP/2 ends the process.
        BadConnectionKills = "bad-connection-kills",
        /// A caller that goes away ends the process.
        CancelKills = "cancel-kills",
        /// A request without its object ends the process.
        MissingObjectKills = "missing-object-kills",
    }};
}
