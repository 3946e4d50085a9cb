//! Where the meaning of the API methods comes from: the seam for applications.

use std::sync::Arc;

use plugin_proto::Methods;

use crate::api::plugins::Plugins;
use crate::ids::PluginId;

/// Fills the table of methods for one plugin. Whatever it leaves out is answered with 501 in band.
///
/// State that must survive the plugin's process belongs to the backend: `register` is called once per start.
pub trait Backend: Send + Sync + 'static {
    /// Adds handlers to `methods`; they know that `plugin` is calling.
    fn register(&self, plugin: &PluginId, methods: &mut Methods);

    /// Lets a backend whose methods lead to hooks know the plugins; called once, when the environment is made.
    fn attach(&self, plugins: Arc<dyn Plugins>) {
        drop(plugins);
    }
}

/// No API at all: everything is 501.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBackend;

impl Backend for NoBackend {
    fn register(&self, _: &PluginId, _: &mut Methods) {}
}
