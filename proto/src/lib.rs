//! The wire contract of Mattermost's out-of-process plugins.
//!
//! The `.proto` files in `pb/` are the only place where the contract is written down. From their descriptor come the
//! messages, one [`Method`] row per RPC, a typed marker per RPC ([`hook`], [`api`]), JSON for any method ([`reflect`]),
//! and one generic client and server ([`call`], [`methods`], [`serve`]) in place of generated ones: messages stay bytes
//! at the gRPC edge, so 278 methods cost the compiler next to nothing.
//!
//! What this crate does not do: give meaning to a message. Hosts and plugins do that.
//!
//! Invariant: every method `X` takes `XRequest` and answers `XResponse`; only `ServeHTTP` streams; all 236 API answers
//! carry `AppError error = 1`.

mod corked;
mod fair;
mod gathered;
mod markers;
mod unary;

pub mod call;
pub mod codec;
pub mod connect;
pub mod dial;
pub mod duplex;
pub mod ending;
pub mod frames;
pub mod health;
pub mod lane;
pub mod method;
pub mod methods;
pub mod reflect;
pub mod reply;
pub mod serve;

pub use markers::{api, hook};
pub use method::{Form, InBandError, Method, Rpc, Service, Shape, find_api, find_hook, find_path};
pub use methods::{Call, Methods, MethodsService};

/// The messages of package `mattermost.pluginapi.v1`.
#[expect(
    clippy::doc_markdown,
    reason = "the text is the .proto files', for every language"
)]
#[expect(
    missing_docs,
    reason = "the rows of the two services are documented by their tables"
)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/mattermost.pluginapi.v1.rs"));
}

/// The messages of go-plugin's own services, package `plugin`.
pub mod goplugin {
    include!(concat!(env!("OUT_DIR"), "/plugin.rs"));

    /// Asks a plugin to end: `Empty` to `Empty`.
    pub const SHUTDOWN: &str = "/plugin.GRPCController/Shutdown";
    /// The plugin's standard streams: `google.protobuf.Empty` to a stream of [`StdioData`].
    pub const STREAM_STDIO: &str = "/plugin.GRPCStdio/StreamStdio";
    /// The broker's stream of [`ConnInfo`] both ways.
    pub const START_STREAM: &str = "/plugin.GRPCBroker/StartStream";
}

/// All files of the contract as a serialized `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// The hooks, in the order of the service: 42, `Implemented` included.
pub static HOOKS: &[Method] = hook::METHODS;

/// The methods of the plugin API, in the order of the service: 236.
pub static API: &[Method] = api::METHODS;
