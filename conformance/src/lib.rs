//! The conformance suite for Mattermost's out-of-process plugins.
