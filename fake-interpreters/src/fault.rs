//! What a plugin under test can do wrong, one deviation at a time.
//!
//! Each fault is the good testee of [`crate::script::Script::testee`] with one difference. Where the difference is one of
//! steps (what is written, when, and what is left behind) [`Fault::script`] writes other steps; the others are played by
//! the testee itself, which is told by the field `fault` of its serve step. Names are stable: mutants refer to them.

mod steps;

use serde::{Deserialize, Serialize};

use crate::script::{Script, Serve};

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)*) => {
        /// One deviation of a testee.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Fault { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)* }

        impl Fault {
            /// All of them, in reading order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in scripts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the testee does wrong, in a sentence.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start(),)* }
            }
        }
    };
}

faults! {
    // The handshake line.
    /// The handshake line has no newline and the process lives on: what an unflushed print looks like from outside.
    NoNewline = "no-newline",
    /// No handshake line is ever written, though the server is up.
    NoHandshake = "no-handshake",
    /// An empty line stands before the handshake line.
    BlankLineFirst = "blank-line-first",
    /// A log line stands on stdout before the handshake line.
    LogLineFirst = "log-line-first",
    /// Text without a newline stands before the handshake, on the same line.
    PrefixOnLine = "prefix-on-line",
    /// A byte order mark stands before the handshake line.
    ByteOrderMark = "byte-order-mark",
    /// The handshake goes to stderr.
    HandshakeOnStderr = "handshake-on-stderr",
    /// The core protocol version is 2.
    CoreVersionTwo = "core-version-two",
    /// The app protocol version is 2.
    AppVersionTwo = "app-version-two",
    /// The protocol is netrpc.
    Netrpc = "netrpc",
    /// The protocol is written GRPC.
    ProtocolUpperCase = "protocol-upper-case",
    /// The line ends after the address.
    MissingProtocol = "missing-protocol",
    /// The line has two fields.
    TwoFields = "two-fields",
    /// The network is written TCP.
    NetworkUpperCase = "network-upper-case",
    /// The network is unix, the address one of TCP.
    NetworkOfOtherKind = "network-of-other-kind",
    /// A field has a blank at its end.
    PaddedField = "padded-field",
    /// The address is a host name without a port.
    AddressWithoutPort = "address-without-port",
    /// The announced port is one on which nobody listens.
    AddressNotListening = "address-not-listening",
    /// The handshake is written before the port listens, 300 ms before.
    AnnouncesBeforeListening = "announces-before-listening",
    /// The announced address is 0.0.0.0.
    AnnouncesAllInterfaces = "announces-all-interfaces",
    /// The announced address is 127.0.0.1, but the server listens on all interfaces.
    ListensOnAllInterfaces = "listens-on-all-interfaces",
    /// A certificate is announced, though the server speaks clear text and nobody asked.
    AnnouncesCertificate = "announces-certificate",
    /// Multiplexing is announced, though nobody asked.
    AnnouncesMultiplexing = "announces-multiplexing",
    /// The handshake takes 15 s.
    HandshakeLate = "handshake-late",
    // What the plugin makes of its environment before the handshake.
    /// Runs without a look at the magic cookie.
    CookieNotChecked = "cookie-not-checked",
    /// Takes any value of the magic cookie.
    CookieValueNotChecked = "cookie-value-not-checked",
    /// Explains a wrong cookie on stdout, where a handshake is read.
    CookieErrorOnStdout = "cookie-error-on-stdout",
    /// Ends with 0 when the cookie is wrong.
    CookieErrorExitsZero = "cookie-error-exits-zero",
    /// Ends without a word when the cookie is wrong.
    CookieErrorSilent = "cookie-error-silent",
    /// Ends unless PLUGIN_PROTOCOL_VERSIONS is exactly `1`.
    NeedsSingleVersion = "needs-single-version",
    /// Ends when there is a variable with a PLUGIN_ or MATTERMOST_ name that it does not know.
    DiesOfUnknownVariable = "dies-of-unknown-variable",
    /// Ends unless PATH is set.
    NeedsPath = "needs-path",
    /// Ends unless HOME is set.
    NeedsHome = "needs-home",
    /// Ends unless MATTERMOST_PLUGIN_HOOK_TIMEOUT is a number.
    NeedsNumericTimeout = "needs-numeric-timeout",
    /// Ends unless MATTERMOST_PLUGIN_API_TARGET is set.
    NeedsApiTarget = "needs-api-target",
    /// The first start leaves a lock file that no later one gets past.
    LockStays = "lock-stays",
    // Health.
    /// The health of `plugin` is NOT_SERVING.
    HealthNotServing = "health-not-serving",
    /// The health service does not know the service `plugin`.
    HealthPluginUnknown = "health-plugin-unknown",
    /// The health service says SERVING of any service.
    HealthUnknownServing = "health-unknown-serving",
    /// The health service does not know the empty name.
    HealthEmptyUnknown = "health-empty-unknown",
    /// There is no health service.
    HealthUnimplemented = "health-unimplemented",
    /// The health service never answers.
    HealthHangs = "health-hangs",
    /// Health is NOT_SERVING while a hook runs.
    HealthDownDuringHook = "health-down-during-hook",
    /// Health is NOT_SERVING for good after a hook has failed.
    HealthDownAfterFailure = "health-down-after-failure",
    // Implemented.
    /// Implemented answers an error in band.
    ImplementedError = "implemented-error",
    /// Implemented answers UNIMPLEMENTED.
    ImplementedUnimplemented = "implemented-unimplemented",
    /// Implemented answers INTERNAL.
    ImplementedInternal = "implemented-internal",
    /// Implemented never answers.
    ImplementedHangs = "implemented-hangs",
    /// Implemented lists no hooks.
    ImplementedEmpty = "implemented-empty",
    /// Implemented lists `NoSuchHook` too.
    ImplementedUnknownName = "implemented-unknown-name",
    /// Implemented lists OnActivate twice.
    ImplementedDuplicate = "implemented-duplicate",
    /// Implemented leaves out MessageWillBePosted, which is there.
    ImplementedOmits = "implemented-omits",
    /// Implemented lists UserHasLoggedIn, which answers UNIMPLEMENTED.
    ImplementedListsDead = "implemented-lists-dead",
    /// Implemented leaves out another hook at each call.
    ImplementedChanges = "implemented-changes",
    /// Implemented lists names in snake case.
    ImplementedSnakeCase = "implemented-snake-case",
    // Lifecycle.
    /// OnActivate answers success where its handler failed.
    ActivateErrorSwallowed = "activate-error-swallowed",
    /// The error of OnActivate has a general text in place of the handler's.
    ActivateErrorTextLost = "activate-error-text-lost",
    /// The error of OnActivate names another function.
    ActivateErrorWhereWrong = "activate-error-where-wrong",
    /// The error of OnActivate has no id.
    ActivateErrorIdEmpty = "activate-error-id-empty",
    /// The error of OnActivate is a gRPC status.
    ActivateErrorAsStatus = "activate-error-as-status",
    /// A failing OnActivate ends the process before it is answered.
    ActivateErrorKills = "activate-error-kills",
    /// OnActivate is answered, but its handler does not run.
    ActivateNotRun = "activate-not-run",
    /// The handler of OnActivate runs twice.
    ActivateRunsTwice = "activate-runs-twice",
    /// OnDeactivate is answered, but its handler does not run.
    DeactivateNotRun = "deactivate-not-run",
    /// OnDeactivate ends the process before it is answered.
    DeactivateCrashes = "deactivate-crashes",
    /// OnDeactivate never answers.
    DeactivateHangs = "deactivate-hangs",
    /// The error of OnDeactivate is lost.
    DeactivateErrorSwallowed = "deactivate-error-swallowed",
    /// OnConfigurationChange is answered, but its handler does not run.
    ConfigurationNotRun = "configuration-not-run",
    /// A failing OnConfigurationChange ends the process.
    ConfigurationErrorKills = "configuration-error-kills",
    /// The error of OnConfigurationChange is lost.
    ConfigurationErrorSwallowed = "configuration-error-swallowed",
    // Hooks.
    /// A post is rejected where the handler allowed it.
    AllowRejects = "allow-rejects",
    /// A rejection is answered as an allowance.
    RejectDropped = "reject-dropped",
    /// A rejection loses its reason's text.
    RejectTextLost = "reject-text-lost",
    /// The reason that drops a post silently has another text.
    DismissAltered = "dismiss-altered",
    /// A modified post is not sent back.
    ModifyDropped = "modify-dropped",
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
    /// A handler that calls the language's exit ends the process.
    QuitEndsProcess = "quit-ends-process",
    /// A handler that ends the process ends it with 1, whatever status it names.
    ExitStatusLost = "exit-status-lost",
    /// A handler that has written more than a pipe holds never comes to its end.
    FloodHangs = "flood-hangs",
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
    /// A filter without a handler rejects.
    AbsentRejects = "absent-rejects",
    /// A handler that takes too long becomes a gRPC status.
    TimeoutAsStatus = "timeout-as-status",
    /// A cancelled call keeps its place among the 32 that run at the same time.
    CancelledKeepSlots = "cancelled-keep-slots",
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
    // The API.
    /// The client of the API is never connected.
    ApiNotConnected = "api-not-connected",
    /// The client of the API is connected only after OnActivate.
    ApiLate = "api-late",
    /// The target that the host names is not used.
    ApiTargetIgnored = "api-target-ignored",
    /// GetPluginID answers a constant of the SDK's.
    ApiPluginIdWrong = "api-plugin-id-wrong",
    /// Values are sent only up to their first zero byte.
    ApiValueTruncated = "api-value-truncated",
    /// Values come back as if they were text.
    ApiBytesMangled = "api-bytes-mangled",
    /// Calls of the API at the same time are sent with the request of the latest.
    ApiAnswersMixedUp = "api-answers-mixed-up",
    /// Log lines arrive without their pairs.
    ApiLogPairsLost = "api-log-pairs-lost",
    /// Lists are always asked for from the first page.
    ApiPageIgnored = "api-page-ignored",
    /// Whether a value was changed is not told.
    ApiSuccessLost = "api-success-lost",
    /// Old values are not sent.
    ApiOldValueLost = "api-old-value-lost",
    /// Options are not sent.
    ApiOptionsLost = "api-options-lost",
    /// An error of the API is taken for success.
    ApiErrorLost = "api-error-lost",
    /// An error of the API loses its status code.
    ApiErrorCodeLost = "api-error-code-lost",
    /// An error of the API loses its text.
    ApiErrorTextLost = "api-error-text-lost",
    /// A status of the API's server ends the process.
    ApiStatusKills = "api-status-kills",
    // The end.
    /// Shutdown is answered and nothing else happens.
    ShutdownIgnored = "shutdown-ignored",
    /// There is no controller.
    ShutdownUnimplemented = "shutdown-unimplemented",
    /// Shutdown never answers.
    ShutdownHangs = "shutdown-hangs",
    /// Shutdown waits until all running handlers have come to their end.
    ShutdownWaitsForHandlers = "shutdown-waits-for-handlers",
    /// The process ends with 3 after Shutdown.
    ShutdownExitsNonZero = "shutdown-exits-non-zero",
    /// The process dies of SIGABRT after Shutdown.
    ShutdownAborts = "shutdown-aborts",
    /// The process ends 3 s after Shutdown.
    ShutdownSlow = "shutdown-slow",
    /// SIGTERM has no effect.
    TermIgnored = "term-ignored",
    /// A process stays behind after the end.
    GrandchildLeft = "grandchild-left",
    /// A process that left the session stays behind after the end.
    DaemonLeft = "daemon-left",
    /// Listens on a unix socket, and its file stays behind.
    SocketFileLeft = "socket-file-left",
    /// Goes on when the host has died.
    OutlivesHost = "outlives-host",
    // Environment variables.
    /// MATTERMOST_PLUGIN_HOOK_TIMEOUT has no effect.
    HookTimeoutIgnored = "hook-timeout-ignored",
    /// MATTERMOST_PLUGIN_LOG_LEVEL has no effect.
    LogLevelIgnored = "log-level-ignored",
    /// Logs go to stdout.
    LogsOnStdout = "logs-on-stdout",
    /// The level of a log line is a number, which ends a Go host.
    LogLevelNumber = "log-level-number",
    /// Logs have no level that a host can read.
    LogsWithoutLevel = "logs-without-level",
}

impl Fault {
    /// The fault of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// The testee with this fault.
    pub fn script(self) -> Script {
        steps::deviating(self).unwrap_or_else(|| {
            Script::serving(Serve {
                fault: Some(self),
                ..Serve::testee()
            })
        })
    }

    /// True when the deviation is in the steps, so that a serve step cannot play it.
    pub fn is_of_steps(self) -> bool {
        steps::deviating(self).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_fault_has_a_name_of_its_own_and_a_sentence() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        let sentences: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.describe()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        assert_eq!(sentences.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!(fault.describe().ends_with('.'), "{fault:?}");
            assert!(
                fault
                    .name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-'),
                "{fault:?}"
            );
            assert_eq!(Fault::named(fault.name()), Some(*fault));
        }
    }

    #[test]
    fn every_fault_makes_a_script_that_can_be_played_and_is_not_the_good_one() {
        for fault in Fault::ALL {
            let script = fault.script();
            script.check().unwrap();
            assert_ne!(script, Script::testee(), "{fault:?}");
        }
    }
}
