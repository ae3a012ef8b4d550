// SPDX-License-Identifier: Apache-2.0
//! Hashrate: the vector, and that the estimate is as good as its mathematics says.

#[path = "common/shares.rs"]
mod shares;

use codec::Decode;
use compute_proof::{
    hashrate::{estimate, verify, Share, MAX_TIME_AHEAD, SHARES},
    prove::mine,
    Device,
};
use primitive_types::U256;
use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};
use serde_json::Value;
use std::{fs, path::Path};

fn file() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(shares::NAME)
        .with_extension("json");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_reference_makes_the_file_byte_for_byte() {
    let made = serde_json::to_string_pretty(&shares::compute()).unwrap() + "\n";
    assert!(
        made == file(),
        "stale: cargo run -p compute-proof --example vectors"
    );
}

#[test]
fn the_shares_in_the_file_are_a_proof() {
    let file: Value = serde_json::from_str(&file()).unwrap();
    let bytes = |field: &str| hex::decode(file[field].as_str().unwrap()).unwrap();
    let second = |field: &str| u32::try_from(file[field].as_u64().unwrap()).unwrap();
    let device = Device {
        asset: file["asset"].as_str().unwrap().parse().unwrap(),
        prover: bytes("prover").try_into().unwrap(),
    };
    let shares = Vec::<Share>::decode(&mut &bytes("payload")[..]).unwrap();
    let times = second("opening")..=second("now") + MAX_TIME_AHEAD;
    let counted = verify(&device, &bytes("challenge").try_into().unwrap(), &times, &shares).unwrap();
    assert_eq!(counted.to_string(), file["hashes"].as_str().unwrap());
}

/// Mean, and deviation, of estimates in units of the true number.
fn moments(estimates: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for estimate in estimates {
        count += 1.0;
        sum += estimate;
        squares += estimate * estimate;
    }
    let mean = sum / count;
    (mean, (squares / count - mean * mean).sqrt())
}

/// Uniform numbers in place of hashes, since ten thousand censuses of true ones take minutes.
#[test]
fn ten_thousand_censuses_are_estimated_without_bias_and_as_exactly_as_can_be() {
    const CENSUSES: u32 = 10_000;
    const HASHES: u32 = 4_096;
    let mut random = ChaCha8Rng::seed_from_u64(64);
    let mut hashes = vec![0u64; usize::try_from(HASHES).unwrap()];
    let kth = usize::try_from(SHARES).unwrap() - 1;
    let estimates = (0..CENSUSES).map(|_| {
        hashes.iter_mut().for_each(|hash| *hash = random.next_u64());
        let (_, largest, _) = hashes.select_nth_unstable(kth);
        let counted = estimate(U256::from(*largest) << 192).unwrap();
        counted as f64 / f64::from(HASHES)
    });
    let (mean, deviation) = moments(estimates);
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
    // 1/√(K - 2), but for the few hashes there are here: N is finite.
    let expected = 1.0 / f64::from(SHARES - 2).sqrt();
    assert!((deviation / expected - 1.0).abs() < 0.05, "{deviation}");
}

#[test]
fn true_hashes_are_estimated_like_uniform_numbers() {
    let estimates = (0..200u32).map(|census| {
        let device = Device {
            asset: census.into(),
            prover: [1; 32],
        };
        let shares = mine(&device, &[9; 32], 5, 1_000);
        verify(&device, &[9; 32], &(5..=5), &shares).unwrap() as f64 / 1_000.0
    });
    let (mean, deviation) = moments(estimates);
    // Three standard errors of 200 censuses.
    assert!((mean - 1.0).abs() < 0.027, "{mean}");
    assert!((deviation - 0.127).abs() < 0.02, "{deviation}");
}
