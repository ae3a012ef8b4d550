// SPDX-License-Identifier: Apache-2.0
//! What the chain promises of its blocks, by the weights that its benchmarks measured.

mod common;

use ergon_runtime::*;
use frame_support::{dispatch::DispatchClass, traits::Get, weights::Weight};
use pallet_proof_of_compute::WeightInfo;

type Weights = <Runtime as pallet_proof_of_compute::Config>::WeightInfo;

/// How many transactions of this weight and length fit what a block leaves to its class.
fn fit(class: DispatchClass, call: Weight, length: u64) -> u64 {
    let weights = configs::system::RuntimeBlockWeights::get();
    let length_limit = *configs::system::RuntimeBlockLength::get().max.get(class);
    let available = weights.get(class).max_total.unwrap_or(weights.max_block);
    let each = call
        .saturating_add(configs::compute::TransactionOverhead::get())
        .saturating_add(weights.get(class).base_extrinsic);
    let by_weight = available.ref_time() / each.ref_time();
    by_weight.min(u64::from(length_limit) / length)
}

#[test]
fn at_least_2_500_commits_fit_a_block() {
    let commits = fit(DispatchClass::Normal, Weights::commit(), 250);
    println!("commits in a block: {commits}");
    assert!(commits >= 2_500, "{commits}");
}

#[test]
fn a_full_opening_of_the_largest_shape_takes_at_most_3_ms() {
    // The whole call; its storage accesses included.
    let picoseconds = Weights::open_xl().ref_time();
    println!("opening, XL: {} us", picoseconds / 1_000_000);
    assert!(picoseconds <= 3_000_000_000, "{picoseconds}");
}

#[test]
fn shares_take_no_longer_than_an_opening_may() {
    let picoseconds = Weights::submit_shares_paying().ref_time();
    println!(
        "64 shares, and the payment of the last: {} us",
        picoseconds / 1_000_000
    );
    assert!(picoseconds <= 3_000_000_000, "{picoseconds}");
}

#[test]
fn an_opening_is_at_most_16_kib() {
    const { assert!(compute_proof::MAX_SAMPLES_LEN + 32 <= 16 * 1024) }
}

#[test]
fn all_that_must_open_find_room_in_the_opening_phase() {
    let a_block = fit(DispatchClass::Operational, Weights::open_xl(), 15_200);
    let phase = u64::from(pallet_proof_of_compute::Schedule::PUBLIC.open);
    let must: u32 = <Runtime as pallet_proof_of_compute::Config>::MaxAlways::get();
    println!(
        "openings in a block: {a_block}; in the phase: {}",
        a_block * phase
    );
    assert!(a_block * phase >= u64::from(must));
}
