// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::{AssetId, AssetKind, CensusIndex, Emission};
use frame_support::{
    assert_noop, assert_ok, assert_storage_noop,
    sp_runtime::ArithmeticError,
    traits::fungible::{Inspect, Mutate},
};

fn draw(census: u32) -> u128 {
    <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(census))
}

fn put_back(amount: u128) -> frame_support::pallet_prelude::DispatchResult {
    <RewardDistribution as Emission<_>>::put_back(GPU, amount)
}

fn pay(amount: u128) -> frame_support::pallet_prelude::DispatchResult {
    <RewardDistribution as Emission<_>>::pay(ASSET, GPU, amount)
}

fn outstanding() -> u128 {
    Pots::<Test>::get().outstanding().unwrap()
}

#[test]
fn each_kind_draws_its_part_and_nothing_is_minted() {
    run(|| {
        let issued = Balances::total_issuance();
        assert_eq!(draw(1), 8_000);
        assert_eq!(
            <RewardDistribution as Emission<_>>::draw(AssetKind::Hashrate, CensusIndex(1)),
            2_000
        );
        assert_eq!(outstanding(), 10_000);
        assert_eq!(Balances::total_issuance(), issued);
        assert_eq!(
            events(),
            [
                Event::PotDrawn {
                    kind: GPU,
                    census: CensusIndex(1),
                    amount: 8_000,
                    carried: 0
                },
                Event::PotDrawn {
                    kind: AssetKind::Hashrate,
                    census: CensusIndex(1),
                    amount: 2_000,
                    carried: 0
                },
            ]
        );
    });
}

#[test]
fn a_census_has_one_pot() {
    run(|| {
        assert_eq!(draw(3), 8_000);
        assert_storage_noop!(assert_eq!(draw(3), 0));
        assert_storage_noop!(assert_eq!(draw(2), 0));
        assert_storage_noop!(assert_eq!(draw(0), 0));
        assert_eq!(draw(4), 8_000);
    });
}

#[test]
fn pots_halve() {
    run(|| {
        assert_eq!([10, 11, 20, 21, 1_000].map(draw), [8_000, 4_000, 4_000, 2_000, 0]);
    });
}

#[test]
fn what_comes_back_is_carried_up_to_one_scheduled_pot() {
    run(|| {
        assert_eq!(draw(1), 8_000);
        assert_ok!(put_back(3_000));
        assert_eq!(outstanding(), 5_000);
        assert_eq!(draw(2), 11_000);
        assert_ok!(put_back(11_000));
        assert_ok!(put_back(5_000));
        events();
        // Sixteen thousand came back: eight are carried, the rest is never minted.
        assert_eq!(draw(3), 16_000);
        assert_eq!(
            events(),
            [Event::PotDrawn {
                kind: GPU,
                census: CensusIndex(3),
                amount: 16_000,
                carried: 8_000
            }]
        );
        assert_eq!(outstanding(), 16_000);
        assert_eq!(draw(4), 8_000);
    });
}

#[test]
fn the_other_kind_does_not_get_what_comes_back() {
    run(|| {
        draw(1);
        assert_ok!(put_back(8_000));
        assert_eq!(
            <RewardDistribution as Emission<_>>::draw(AssetKind::Hashrate, CensusIndex(2)),
            2_000
        );
    });
}

#[test]
fn more_than_is_outstanding_cannot_be_put_back_or_paid() {
    run(|| {
        whole_asset();
        draw(1);
        assert_noop!(put_back(8_001), Error::<Test>::ExceedsOutstanding);
        assert_noop!(pay(8_001), Error::<Test>::ExceedsOutstanding);
        // Hashrate's pot is another.
        Assets::register(AssetId(8), AssetKind::Hashrate, ALICE, None);
        assert_noop!(
            <RewardDistribution as Emission<_>>::pay(AssetId(8), AssetKind::Hashrate, 1),
            Error::<Test>::ExceedsOutstanding
        );
        assert_ok!(pay(5_000));
        assert_noop!(put_back(3_001), Error::<Test>::ExceedsOutstanding);
        assert_ok!(put_back(3_000));
    });
}

#[test]
fn nothing_of_zero() {
    run(|| {
        whole_asset();
        draw(1);
        assert_storage_noop!(assert_ok!(put_back(0)));
        assert_storage_noop!(assert_ok!(pay(0)));
    });
}

#[test]
fn a_payment_is_minted_and_vests() {
    run(|| {
        whole_asset();
        draw(1);
        events();
        let issued = Balances::total_issuance();
        assert_ok!(pay(1_000));
        assert_eq!(
            events(),
            [Event::EmissionPaid {
                asset: ASSET,
                kind: GPU,
                amount: 1_000
            }]
        );
        assert_eq!(Balances::total_issuance(), issued + 1_000);
        assert_eq!(Balances::balance(&RewardDistribution::account_id()), ED + 1_000);
        assert_eq!(outstanding(), 7_000);
        assert_eq!(RewardDistribution::emitted_total(), 1_000);
        assert_eq!(RewardDistribution::unvested(ASSET), 1_000);
        advance(VESTING / 4);
        assert_eq!(<RewardDistribution as Emission<_>>::unvested(ASSET), 750);
        assert_eq!(RewardDistribution::releasable(ASSET), 250);
        advance(VESTING);
        assert_eq!(RewardDistribution::unvested(ASSET), 0);
        assert_eq!(RewardDistribution::releasable(ASSET), 1_000);
    });
}

#[test]
fn a_second_payment_releases_what_had_vested_and_begins_anew() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        advance(VESTING / 4);
        emit(450);
        assert_eq!(pending(ALICE), 250);
        assert_eq!(RewardDistribution::unvested(ASSET), 1_200);
        advance(VESTING / 2);
        assert_eq!(RewardDistribution::unvested(ASSET), 600);
        advance(VESTING / 2);
        assert_eq!(pending(ALICE), 1_450);
    });
}

#[test]
fn who_is_paid_must_exist_and_be_of_the_kind() {
    run(|| {
        draw(1);
        assert_noop!(pay(1), Error::<Test>::UnknownAsset);
        Assets::register(ASSET, AssetKind::Hashrate, ALICE, None);
        assert_noop!(pay(1), Error::<Test>::WrongKind);
    });
}

#[test]
fn a_payment_that_cannot_end_changes_nothing() {
    run(|| {
        whole_asset();
        emit(100);
        go_to(u64::MAX - 1);
        // Fails after the pot was taken from and the asset was touched.
        draw(5);
        assert_noop!(pay(1), ArithmeticError::Overflow);
    });
}

#[test]
fn the_cap_holds_at_the_draw_and_at_the_payment() {
    // Someone else mints here, so only the pallet's own invariants are checked.
    new_test_ext().execute_with(|| {
        whole_asset();
        let room = MAX_SUPPLY - Balances::total_issuance();
        assert_eq!(draw(1), 8_000);
        Balances::mint_into(&BOB, room - 8_000 - 5_000).unwrap();
        assert_eq!(draw(2), 5_000);
        assert_eq!(draw(3), 0);
        assert_ok!(pay(13_000));
        assert_eq!(Balances::total_issuance(), MAX_SUPPLY);
        RewardDistribution::do_try_state().unwrap();
    });
    new_test_ext().execute_with(|| {
        whole_asset();
        assert_eq!(draw(1), 8_000);
        let room = MAX_SUPPLY - Balances::total_issuance();
        Balances::mint_into(&BOB, room - 7_999).unwrap();
        assert_noop!(pay(8_000), Error::<Test>::SupplyCapReached);
        assert_ok!(pay(7_999));
        assert_noop!(pay(1), Error::<Test>::SupplyCapReached);
        assert!(
            RewardDistribution::do_try_state().is_err(),
            "issued and outstanding exceed the cap"
        );
        Balances::burn_from(
            &BOB,
            1,
            frame_support::traits::tokens::Preservation::Preserve,
            frame_support::traits::tokens::Precision::Exact,
            frame_support::traits::tokens::Fortitude::Polite,
        )
        .unwrap();
        RewardDistribution::do_try_state().unwrap();
    });
}
