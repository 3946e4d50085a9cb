//! Compiles the contract without a protoc: messages by prost, one row per method, and the descriptor set.
//!
//! It decides nothing about meaning: what a row says can be read off the descriptor.

mod rows;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost::Message as _;
use prost_types::FileDescriptorSet;

#[expect(
    clippy::print_stdout,
    reason = "this is how a build script speaks to cargo"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("pb");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=pb");

    let files = [proto_files(&root)?, proto_files(&root.join("goplugin"))?].concat();
    let descriptors = protox::compile(&files, [&root])?;
    fs::write(
        out.join("descriptor.bin"),
        without_comments(&descriptors).encode_to_vec(),
    )?;
    prost_build::Config::new()
        .bytes(["."])
        .service_generator(Box::new(rows::Rows::new(&descriptors)))
        .compile_fds(descriptors)?;
    Ok(())
}

/// The set that goes into every binary: comments are most of its bytes and serve only the generated docs.
fn without_comments(descriptors: &FileDescriptorSet) -> FileDescriptorSet {
    let mut bare = descriptors.clone();
    for file in &mut bare.file {
        file.source_code_info = None;
    }
    bare
}

fn proto_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
