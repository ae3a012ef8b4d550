// SPDX-License-Identifier: Apache-2.0
//! The worker is generated from a committed part of our metadata: it must be that of this runtime.
//!
//! After a change: `UPDATE_METADATA=1 cargo test -p ergon-runtime --test metadata`, and commit the file.

use codec::{Decode, Encode};
use ergon_runtime::Runtime;
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use subxt_utils_stripmetadata::StripMetadata;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../worker/artifacts/ergon.scale");

/// What a worker reads and calls.
const PALLETS: [&str; 5] = [
    "System",
    "ComputeAssets",
    "ProofOfCompute",
    "FractionalOwnership",
    "RewardDistribution",
];
const APIS: [&str; 4] = ["ComputeApi", "Core", "AccountNonceApi", "TransactionPaymentApi"];

fn workers_metadata() -> Vec<u8> {
    let opaque = Runtime::metadata_at_version(15).expect("metadata 15 is served");
    let mut metadata =
        RuntimeMetadataPrefixed::decode(&mut opaque.as_slice()).expect("the runtime encodes its metadata");
    let RuntimeMetadata::V15(v15) = &mut metadata.1 else {
        panic!("asked for version 15")
    };
    v15.strip_metadata(|pallet| PALLETS.contains(&pallet), |api| APIS.contains(&api));
    metadata.encode()
}

#[test]
fn the_workers_metadata_is_ours() {
    let ours = workers_metadata();
    if std::env::var_os("UPDATE_METADATA").is_some() {
        std::fs::write(FILE, &ours).expect("worker/artifacts can be written");
    }
    let theirs = std::fs::read(FILE).expect("worker/artifacts/ergon.scale is there");
    assert!(
        ours == theirs,
        "stale: run `UPDATE_METADATA=1 cargo test -p ergon-runtime --test metadata` and commit the file"
    );
}
