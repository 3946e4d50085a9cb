//! Plugins with one fault in how they join and cut bodies, found by the law that it breaks.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/laws-upload-dropped": breaks "HT-101" by "bytes", Testee("http-request-piece-dropped");
    "plugin/laws-upload-duplicated": breaks "HT-101" by "bytes", Testee("http-request-piece-duplicated");
    "plugin/laws-upload-swapped": breaks "HT-101" by "bytes", Testee("http-request-pieces-swapped");
    "plugin/laws-upload-truncated": breaks "HT-101" by "bytes", Testee("http-request-piece-truncated");
    "plugin/laws-upload-border": breaks "HT-101" by "bytes", Testee("http-request-border-off-by-one");
    "plugin/laws-empty-piece-ends": breaks "HT-101" by "bytes", Testee("http-empty-piece-ends");
    "plugin/laws-pieces-as-text": breaks "HT-101" by "bytes", Testee("http-pieces-as-text");
    "plugin/laws-large-piece-refused": breaks "HT-101" by "completion", Testee("http-large-piece-refused");
    "plugin/laws-answer-dropped": breaks "HT-102" by "bytes", Testee("http-answer-piece-dropped");
    "plugin/laws-answer-duplicated": breaks "HT-102" by "bytes", Testee("http-answer-piece-duplicated");
    "plugin/laws-answer-swapped": breaks "HT-102" by "bytes", Testee("http-answer-pieces-swapped");
    "plugin/laws-answer-truncated": breaks "HT-102" by "bytes", Testee("http-answer-piece-truncated");
    "plugin/laws-answer-border": breaks "HT-102" by "bytes", Testee("http-answer-border-off-by-one");
    "plugin/laws-completion-lost": breaks "HT-102" by "completion", Testee("http-completion-lost");
    "plugin/laws-completion-early": breaks "HT-102" by "completion", Testee("http-completion-early");
    "plugin/laws-init-lost": breaks "HT-102" by "init", Testee("http-answer-init-lost");
    "plugin/laws-init-twice": breaks "HT-102" by "init", Testee("http-answer-init-twice");
    "plugin/laws-header-merged": breaks "HT-102" by "head", Testee("http-header-merged");
    "plugin/laws-flush-swallowed": breaks "HT-102" by "flush", Testee("http-flush-swallowed");
    "plugin/laws-wrong-stream": breaks "HT-102" by "stream", Testee("http-wrong-stream-answered");
}
