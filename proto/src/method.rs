//! What the descriptor says about one method, as data and as a type.

use prost::Message;

use crate::pb::AppError;

/// Which of the two Mattermost services a method belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Served by the plugin, called by the host.
    Hooks,
    /// Served by the host, called by the plugin.
    Api,
}

/// What kind of answer a method gives; read off the descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The answer has no field: the plugin is told, and that is all.
    Notify,
    /// The answer carries `AppError error = 1`, perhaps beside a result.
    Fallible,
    /// The answer may replace the object or reject it with a `rejection_reason`.
    Filter,
    /// The answer is the whole new list of objects.
    Transform,
    /// The answer is one plain value.
    Query,
    /// Messages flow both ways (`ServeHTTP`).
    Stream,
    /// A method of the API: unary, with `AppError error = 1`.
    Api,
}

/// One RPC of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Name as in the service, for instance `OnActivate` or `KVSet`.
    pub name: &'static str,
    /// gRPC path, for instance `/mattermost.pluginapi.v1.PluginHooks/OnActivate`.
    pub path: &'static str,
    /// The service it belongs to.
    pub service: Service,
    /// What kind of answer it gives.
    pub shape: Shape,
    /// Full protobuf name of the request.
    pub request: &'static str,
    /// Full protobuf name of the response.
    pub response: &'static str,
    /// The answer has `AppError error` as field 1.
    pub has_error: bool,
    /// The `.proto` file that holds the two messages.
    pub file: &'static str,
    /// Position in its service, from 0. At most 41 for hooks, so a `u64` can hold a set of them.
    pub index: usize,
}

/// Which message of a method is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// What the caller sends.
    Request,
    /// What the callee answers.
    Response,
}

impl Method {
    /// Full protobuf name of the request or the response.
    #[must_use]
    pub const fn message(&self, form: Form) -> &'static str {
        match form {
            Form::Request => self.request,
            Form::Response => self.response,
        }
    }
}

/// A method as a type: `call::<hook::OnActivate>(…)`.
pub trait Rpc: Send + Sync + 'static {
    /// Its row.
    const METHOD: &'static Method;
    /// What is sent.
    type Request: Message + Default + Clone + PartialEq + std::fmt::Debug + 'static;
    /// What is answered.
    type Response: Message + Default + Clone + PartialEq + std::fmt::Debug + 'static;
}

/// An answer that carries `AppError error = 1`.
pub trait InBandError: Default {
    /// The error, if there is one. A present error is an error, also with all its fields empty.
    fn in_band_error(&self) -> Option<&AppError>;
    /// An answer that is nothing but this error.
    fn from_error(error: AppError) -> Self;
}

/// The hook of that exact name.
#[must_use]
pub fn find_hook(name: &str) -> Option<&'static Method> {
    crate::HOOKS.iter().find(|method| method.name == name)
}

/// The API method of that exact name.
#[must_use]
pub fn find_api(name: &str) -> Option<&'static Method> {
    crate::API.iter().find(|method| method.name == name)
}

/// The method with that gRPC path.
#[must_use]
pub fn find_path(path: &str) -> Option<&'static Method> {
    crate::HOOKS
        .iter()
        .chain(crate::API)
        .find(|method| method.path == path)
}
