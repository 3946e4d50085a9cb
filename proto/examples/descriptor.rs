//! Writes the contract's descriptor set to standard output: `cargo run -p plugin-proto --example descriptor > contract.bin`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(plugin_proto::DESCRIPTOR_SET)
}
