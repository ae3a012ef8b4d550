// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*, types::PerKind};
use frame_support::{
    sp_runtime::{BuildStorage, Perbill},
    traits::fungible::Inspect,
};

fn build(genesis: RuntimeGenesisConfig) {
    sp_io::TestExternalities::new(genesis.build_storage().unwrap()).execute_with(check);
}

#[test]
fn settings_are_stored_and_the_account_is_endowed() {
    run(|| {
        assert_eq!(VestingPeriod::<Test>::get(), VESTING);
        assert_eq!(ProtocolFee::<Test>::get(), Perbill::from_percent(2));
        assert_eq!(EmissionSplit::<Test>::get().gpu, Perbill::from_percent(80));
        let account = RewardDistribution::account_id();
        assert_eq!(Balances::balance(&account), ED);
        // One for its balance, one of its own.
        assert_eq!(System::providers(&account), 2);
    });
}

#[test]
fn an_account_that_has_its_deposit_is_not_endowed_again() {
    let mut genesis = genesis();
    genesis.balances.balances.pop();
    genesis
        .balances
        .balances
        .push((RewardDistribution::account_id(), ENDOWMENT + ED));
    sp_io::TestExternalities::new(genesis.build_storage().unwrap()).execute_with(|| {
        assert_eq!(
            Balances::balance(&RewardDistribution::account_id()),
            ENDOWMENT + ED
        );
        check();
    });
}

#[test]
fn the_default_builds() {
    let mut genesis = genesis();
    genesis.reward_distribution = Default::default();
    build(genesis);
}

#[test]
#[should_panic(expected = "vesting_period is zero")]
fn a_vesting_period_of_zero_is_refused() {
    let mut genesis = genesis();
    genesis.reward_distribution.vesting_period = 0;
    build(genesis);
}

#[test]
#[should_panic(expected = "protocol_fee is above 20%")]
fn a_protocol_fee_above_its_bound_is_refused() {
    let mut genesis = genesis();
    genesis.reward_distribution.protocol_fee = Perbill::from_parts(200_000_001);
    build(genesis);
}

#[test]
#[should_panic(expected = "adds up to more than 100%")]
fn a_split_of_more_than_the_whole_is_refused() {
    let mut genesis = genesis();
    genesis.reward_distribution.emission_split = PerKind {
        gpu: Perbill::one(),
        hashrate: Perbill::from_parts(1),
    };
    build(genesis);
}

#[test]
#[should_panic(expected = "more is issued at genesis")]
fn more_than_the_cap_at_genesis_is_refused() {
    let mut genesis = genesis();
    genesis.balances.balances.push((BOB + 100, MAX_SUPPLY));
    build(genesis);
}
