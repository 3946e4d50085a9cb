//! The host of Mattermost's out-of-process plugins.
