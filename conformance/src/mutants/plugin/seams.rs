//! Plugins that do not bear bad input, or crowds.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/garbage-taken": breaks "BI-051" by "taken", Testee("garbage-taken");
    "plugin/bad-request-kills": breaks "BI-051" by "process-ended", Testee("garbage-kills");
    "plugin/bad-text-taken": breaks "BI-052" by "taken", Testee("garbage-taken");
    "plugin/large-file-refused": breaks "BI-059" by "large-request-refused", Testee("file-refused");
    "plugin/large-answer-refused": breaks "BI-060" by "large-answer-lost", Testee("large-answer-refused");
    "plugin/bad-stream-kills": breaks "BI-054" by "process-ended", Testee("bad-stream-kills");
    "plugin/bad-connection-kills": breaks "BI-055" by "process-ended", Testee("bad-connection-kills");
    "plugin/cancel-kills": breaks "HK-122" by "process-ended", Testee("cancel-kills");
    "plugin/missing-object-kills": breaks "HK-125" by "process-ended", Testee("missing-object-kills");

    "plugin/crowd-mixed-up": breaks "CC-055" by "anothers-answer", Testee("calls-mixed-up");
    "plugin/nested-hook-waits": breaks "CC-056" by "deadlock", Testee("hooks-serialised");
    "plugin/api-crowd-mixed-up": breaks "CC-057" by "anothers-answer", Testee("api-answers-mixed-up");
}
