// SPDX-License-Identifier: Apache-2.0

//! The version that the node tells. Only a release names its commit (docs/releasing.md): a version with git's HEAD in it would
//! have the node compiled anew for every commit.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SUBSTRATE_CLI_GIT_COMMIT_HASH");
    let mut version = env!("CARGO_PKG_VERSION").to_owned();
    if let Ok(commit) = env::var("SUBSTRATE_CLI_GIT_COMMIT_HASH") {
        version = format!("{version}-{}", commit.trim());
    }
    println!("cargo:rustc-env=SUBSTRATE_CLI_IMPL_VERSION={version}");
}
