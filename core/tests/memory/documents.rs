//! The documents that are written from the code, and that nothing is left to be written.

use std::path::Path;

use plugin_host::api::Backend as _;
use plugin_host::ids::PluginId;
use plugin_host::memory::{Memory, trigger};
use plugin_proto::{API, Methods};

#[test]
fn no_method_is_left_without_an_answer() {
    let mut methods = Methods::new();
    Memory::default().register(&PluginId::parse("com.example.me").unwrap(), &mut methods);
    let without = API.iter().filter(|row| !methods.contains(row.path));
    let without: Vec<_> = without.map(|row| row.name).collect();
    assert_eq!(without, [""; 0]);
}

#[test]
fn the_document_of_hooks_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("HOOKS.md");
    if std::env::var_os("UPDATE_HOOKS_MD").is_some() {
        std::fs::write(&path, trigger::document()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        trigger::document()
    );
}
