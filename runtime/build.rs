// SPDX-License-Identifier: Apache-2.0

//! Builds the runtime's Wasm.
//!
//! `CheckMetadataHash` compares a transaction's metadata hash with the one in the Wasm. Either the feature `metadata-hash`
//! computes it while building (slow: it executes the Wasm to read the metadata), or whoever builds names it in
//! `RUNTIME_METADATA_HASH`, which `frame-metadata-hash-extension` reads at compile time (`scripts/build.sh`).

fn main() {
    println!("cargo:rerun-if-env-changed=RUNTIME_METADATA_HASH");

    #[cfg(all(feature = "std", feature = "metadata-hash"))]
    substrate_wasm_builder::WasmBuilder::init_with_defaults()
        .enable_metadata_hash("EGN", 12)
        .build();

    #[cfg(all(feature = "std", not(feature = "metadata-hash")))]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();
}
