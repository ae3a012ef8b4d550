// SPDX-License-Identifier: Apache-2.0
//! The files in `vectors/` are what the reference prover makes, and verification accepts what is in them.

#[path = "common/vectors.rs"]
mod vectors;

use compute_proof::{verify, Claim, Class, Device, Hash, VerifyError};
use serde_json::Value;
use std::{fs, path::Path};
use vectors::{Vector, VECTORS};

/// Files that cost more than this in plain loops are only verified here, not made again.
const AFFORDABLE: u128 = 1 << 32;

fn read(vector: &Vector) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    fs::read_to_string(folder.join(vector.name).with_extension("json")).unwrap()
}

fn bytes(file: &Value, field: &str) -> Vec<u8> {
    hex::decode(file[field].as_str().unwrap()).unwrap()
}

fn hash(file: &Value, field: &str) -> Hash {
    bytes(file, field).try_into().unwrap()
}

#[test]
fn the_reference_makes_the_files_byte_for_byte() {
    for vector in VECTORS.iter().filter(|vector| vector.macs() <= AFFORDABLE) {
        let made = serde_json::to_string_pretty(&vector.compute()).unwrap() + "\n";
        assert!(
            made == read(vector),
            "{} is stale: cargo run -p compute-proof --example vectors",
            vector.name
        );
    }
}

#[test]
fn every_opening_verifies_and_none_does_for_another_seed() {
    for vector in &VECTORS {
        let file: Value = serde_json::from_str(&read(vector)).unwrap();
        let device = Device {
            asset: file["asset"].as_str().unwrap().parse().unwrap(),
            prover: hash(&file, "prover"),
        };
        let claim = Claim {
            class: Class::try_from(u8::try_from(file["class"].as_u64().unwrap()).unwrap()).unwrap(),
            rounds: u32::try_from(file["rounds"].as_u64().unwrap()).unwrap(),
            commitment: hash(&file, "commitment"),
        };
        let check = |open_seed: &Hash| {
            let samples = bytes(&file, "samples");
            verify(
                &device,
                &hash(&file, "challenge"),
                &claim,
                open_seed,
                &hash(&file, "top"),
                &samples,
            )
        };
        assert_eq!(check(&hash(&file, "open_seed")), Ok(()), "{}", vector.name);
        let mut other = hash(&file, "open_seed");
        other[0] ^= 1;
        let refused = check(&other);
        assert!(
            matches!(
                refused,
                Err(VerifyError::Length | VerifyError::TopPath(_) | VerifyError::LeafPath(_))
            ),
            "{}: {refused:?}",
            vector.name
        );
    }
}

#[test]
fn every_file_is_one_of_the_vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let mut expected = VECTORS.map(|vector| vector.name.to_owned()).to_vec();
    // Checked by the tests of hashrate.
    expected.push("hashrate".to_owned());
    expected.sort();
    assert_eq!(names, expected);
}
