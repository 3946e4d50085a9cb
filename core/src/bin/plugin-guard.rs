//! The guard as a program of its own.

fn main() {
    plugin_host::guard::main();
}
