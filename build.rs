//! Compiles the protocol files, without protoc.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["tfplugin6.proto", "plugin.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Ordered maps: the same answer always has the same bytes.
        .btree_map(".")
        .compile_fds(files)?;
    Ok(())
}
