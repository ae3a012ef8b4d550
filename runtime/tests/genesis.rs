// SPDX-License-Identifier: Apache-2.0
//! The presets build, and the chains they make are sound.

mod common;

use common::*;
use ergon_runtime::*;
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

#[test]
fn every_preset_builds_a_sound_chain() {
    let names = genesis_config_presets::preset_names();
    assert_eq!(names.len(), 2);
    for name in names {
        chain(name.as_ref()).execute_with(check);
    }
}

#[test]
fn an_unknown_preset_is_none() {
    assert!(genesis_config_presets::get_preset(&"moon".into()).is_none());
}

#[test]
fn the_development_chain_has_one_validator_who_is_root() {
    chain(DEV_RUNTIME_PRESET).execute_with(|| {
        assert_eq!(Session::validators(), vec![alice()]);
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(alice()));
        assert_eq!(Babe::authorities().len(), 1);
        assert_eq!(Grandpa::grandpa_authorities().len(), 1);
    });
    chain(LOCAL_TESTNET_RUNTIME_PRESET).execute_with(|| assert_eq!(Session::validators().len(), 2));
}

#[test]
fn the_pallets_accounts_can_pay_and_be_paid() {
    chain(DEV_RUNTIME_PRESET).execute_with(|| {
        assert!(Balances::free_balance(configs::compute::Treasury::get()) >= EXISTENTIAL_DEPOSIT);
        assert!(pallet_compute_assets::Collection::<Runtime>::get().is_some());
        assert!(System::providers(&RewardDistribution::account_id()) > 0);
    });
}

#[test]
fn emission_and_genesis_stay_under_the_cap() {
    chain(DEV_RUNTIME_PRESET).execute_with(|| {
        // A halving series never exceeds twice its first term.
        let halving = u128::from(<Runtime as pallet_reward_distribution::Config>::HalvingInterval::get());
        let emission = configs::compute::InitialEmission::get() * halving * 2;
        assert!(Balances::total_issuance() + emission <= configs::compute::MaxSupply::get());
    });
}
