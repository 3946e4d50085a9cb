//! The wire contract of Mattermost's out-of-process plugins: messages, method tables, generic client and server.
