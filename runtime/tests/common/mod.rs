// SPDX-License-Identifier: Apache-2.0
//! A development chain in memory: the real runtime, blocks without transactions around the calls that a test makes.

#![allow(dead_code)] // Each test file uses a part.

use codec::Encode;
use compute_primitives::{api::Phase, AssetId, AssetKind, CensusIndex, HardwareId};
use compute_proof::{
    prove::{mine, open, prove, Reference},
    Class, Device,
};
use ergon_runtime::*;
use frame_support::{
    assert_ok,
    traits::{Get, OnFinalize, OnInitialize},
};
use sp_core::H256;
use sp_io::{hashing::blake2_256, TestExternalities};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{BuildStorage, TryRuntimeError};

pub fn alice() -> AccountId {
    Sr25519Keyring::Alice.to_account_id()
}

pub fn bob() -> AccountId {
    Sr25519Keyring::Bob.to_account_id()
}

pub fn charlie() -> AccountId {
    Sr25519Keyring::Charlie.to_account_id()
}

pub fn signed(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// The genesis of a preset.
pub fn chain(preset: &str) -> TestExternalities {
    let patch = genesis_config_presets::get_preset(&preset.into()).expect("preset exists");
    let mut json = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    merge(&mut json, serde_json::from_slice(&patch).unwrap());
    let config: RuntimeGenesisConfig = serde_json::from_value(json).expect("preset is a genesis");
    let mut ext = TestExternalities::new(config.build_storage().expect("genesis builds"));
    ext.execute_with(|| System::set_block_number(0));
    ext
}

/// RFC 7386, which is what the genesis builder applies.
fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
    match (target, patch) {
        (serde_json::Value::Object(target), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

/// Runs on a development chain, and checks every pallet's state in the end.
pub fn development(test: impl FnOnce()) {
    chain(sp_genesis_builder::DEV_RUNTIME_PRESET).execute_with(|| {
        test();
        check();
    });
}

/// Every invariant of every compute pallet.
pub fn check() {
    let check = || -> Result<(), TryRuntimeError> {
        ComputeAssets::do_try_state()?;
        ProofOfCompute::do_try_state()?;
        FractionalOwnership::do_try_state()?;
        RewardDistribution::do_try_state()?;
        AssetGovernance::do_try_state()?;
        LpTokens::do_try_state()
    };
    assert_ok!(check());
}

/// The next block, with a VRF of its own; no slot is skipped.
pub fn next_block() {
    let last = System::block_number();
    ProofOfCompute::on_finalize(last);
    let now = last + 1;
    System::set_block_number(now);
    frame_system::BlockHash::<Runtime>::insert(last, H256(blake2_256(&last.to_le_bytes())));
    pallet_babe::CurrentSlot::<Runtime>::put(sp_consensus_babe::Slot::from(u64::from(now)));
    pallet_babe::AuthorVrfRandomness::<Runtime>::put(Some(blake2_256(&(*b"vrf", now).encode())));
    ProofOfCompute::on_initialize(now);
}

/// Runs blocks until the census is in `phase`.
pub fn run_to(phase: Phase) {
    for _ in 0..400 {
        if ProofOfCompute::census_info().phase == phase {
            return;
        }
        next_block();
    }
    panic!("no census reached {phase:?}");
}

/// Runs blocks until the next census opens.
pub fn next_census() -> CensusIndex {
    let last = ProofOfCompute::census_info().index;
    for _ in 0..400 {
        next_block();
        let census = ProofOfCompute::census_info();
        if census.index > last {
            return census.index;
        }
    }
    panic!("no census opened");
}

/// Registers a GPU asset whose owner operates it.
pub fn register(owner: &AccountId, bond: Balance) -> AssetId {
    register_as(AssetKind::Gpu, owner, bond)
}

/// Registers an asset of any kind whose owner operates it.
pub fn register_as(kind: AssetKind, owner: &AccountId, bond: Balance) -> AssetId {
    let number = ComputeAssets::count().to_le_bytes();
    let (hardware, salt) = (HardwareId(blake2_256(&number)), [7u8; 32]);
    let announcement = H256(blake2_256(&(owner, hardware, salt).encode()));
    assert_ok!(ComputeAssets::announce(signed(owner.clone()), announcement));
    next_block();
    assert_ok!(ComputeAssets::register(
        signed(owner.clone()),
        kind,
        hardware,
        salt,
        b"https://example.org/device.json".to_vec().try_into().unwrap(),
        Some(bond),
    ));
    pallet_compute_assets::LastAssetId::<Runtime>::get()
}

/// Submits the smallest of so many hashes to the census that is open. Answers what they stand for.
pub fn hash(asset: AssetId, prover: &AccountId, hashes: u32) -> u128 {
    let census = ProofOfCompute::census_info();
    let device = Device {
        asset: asset.0,
        prover: prover.clone().into(),
    };
    let slot = configs::compute::CurrentSlot::get();
    let now = u32::try_from(slot * SLOT_DURATION / 1_000).unwrap();
    let shares = mine(&device, &census.challenge.0, now, hashes);
    assert_ok!(ProofOfCompute::submit_shares(
        signed(prover.clone()),
        asset,
        census.index,
        census.challenge,
        shares.try_into().unwrap(),
    ));
    ProofOfCompute::rating_info(asset).unwrap().commit.unwrap().work
}

/// Takes part in the census that is open, honestly: commits, opens if drawn, and goes on to payment without settling.
pub fn work(asset: AssetId, prover: &AccountId, rounds: u32) {
    let census = ProofOfCompute::census_info();
    let device = Device {
        asset: asset.0,
        prover: prover.clone().into(),
    };
    let store = prove(&mut Reference, &census.challenge.0, &device, Class::Xs, rounds).unwrap();
    assert_ok!(ProofOfCompute::commit(
        signed(prover.clone()),
        asset,
        census.index,
        census.challenge,
        Class::Xs.index(),
        rounds,
        H256(store.claim().commitment),
    ));
    run_to(Phase::Open);
    let seed = ProofOfCompute::census_info().open_seed.unwrap();
    if ProofOfCompute::rating_info(asset).unwrap().commit.unwrap().drawn == Some(true) {
        let opening = open(&mut Reference, &store, &seed.0).unwrap();
        assert_ok!(ProofOfCompute::open(
            signed(prover.clone()),
            asset,
            census.index,
            seed,
            H256(opening.top),
            opening.samples.try_into().unwrap(),
        ));
    }
    run_to(Phase::Payment);
}
