// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::Income;
use frame_support::{assert_noop, assert_ok, assert_storage_noop, traits::fungible::Inspect};

fn settle(who: AccountId, held: u128, will_hold: u128) -> frame_support::pallet_prelude::DispatchResult {
    <RewardDistribution as Income<_>>::settle(ASSET, &who, held, will_hold)
}

#[test]
fn before_a_transfer_the_sellers_after_it_the_buyers() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        advance(VESTING / 4);
        // By powers of two, so that no division leaves anything over.
        Fractions::open(ASSET, 128);
        // 250 had vested while the asset was whole.
        advance(VESTING / 4);
        Fractions::transfer(ASSET, ALICE, BOB, 64);
        advance(VESTING / 4);
        Fractions::transfer(ASSET, ALICE, BOB, 64);
        advance(VESTING / 4);
        assert_eq!(pending(ALICE), 250 + 250 + 125);
        assert_eq!(pending(BOB), 125 + 250);
        earn(10);
        assert_eq!((pending(ALICE), pending(BOB)), (625, 385));
    });
}

#[test]
fn a_transfer_to_oneself_changes_nothing() {
    run(|| {
        whole_asset();
        Fractions::open(ASSET, 128);
        earn(1_000);
        assert_storage_noop!(Fractions::transfer(ASSET, ALICE, ALICE, 60));
        // Nor does a settlement that changes no holding, beyond bringing it up to date.
        assert_ok!(settle(ALICE, 128, 128));
        assert_eq!(pending(ALICE), 980);
        assert_storage_noop!(assert_ok!(settle(ALICE, 128, 128)));
    });
}

#[test]
fn an_emptied_holders_residue_goes_back_to_the_asset() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 4);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        earn(101);
        // Bob is owed 25 and a quarter, Alice 75 and three.
        Fractions::transfer(ASSET, BOB, ALICE, 1);
        assert_eq!(pending(BOB), 25);
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        assert!(!Positions::<Test>::contains_key(BOB, ASSET));
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 25);
        assert_eq!(RewardDistribution::owed(ASSET), 76);
        // The quarter is shared with the next income.
        earn(1);
        assert_eq!(pending(ALICE), 77);
    });
}

#[test]
fn someone_who_comes_and_goes_without_income_leaves_nothing_behind() {
    run(|| {
        whole_asset();
        Fractions::open(ASSET, 100);
        Fractions::transfer(ASSET, ALICE, BOB, 40);
        assert!(Positions::<Test>::contains_key(BOB, ASSET));
        Fractions::transfer(ASSET, BOB, ALICE, 40);
        assert!(!Positions::<Test>::contains_key(BOB, ASSET));
    });
}

#[test]
fn fractions_that_were_never_settled_are_refused() {
    run(|| {
        whole_asset();
        emit(1_000);
        Fractions::open(ASSET, 100);
        advance(5);
        // Something is due to be released, and is not.
        assert_noop!(settle(BOB, 40, 0), Error::<Test>::Unsettled);
    });
}

#[test]
fn an_operator_may_hold_fractions_too() {
    run(|| {
        whole_asset();
        no_fees();
        operator_fee(sp_runtime::Perbill::from_percent(10));
        Fractions::open(ASSET, 100);
        Fractions::transfer(ASSET, ALICE, OPERATOR, 50);
        earn(1_000);
        assert_eq!((pending(ALICE), pending(OPERATOR)), (450, 100 + 450));
        Fractions::transfer(ASSET, OPERATOR, ALICE, 50);
        earn(1_000);
        assert_eq!((pending(ALICE), pending(OPERATOR)), (450 + 900, 550 + 100));
    });
}

/// What a division by the supply leaves over waits for the next income; it is in the books all the while.
#[test]
fn what_a_division_leaves_over_is_never_paid_ahead() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 100);
        earn(1_001);
        // 2^64 is not divisible by 100, so all of the fractions are a little short of the last unit.
        assert_eq!(pending(ALICE), 1_000);
        assert_eq!(RewardDistribution::owed(ASSET), 1_001);
        // The owner of all of it gets it, once the asset is whole and earns again.
        Fractions::close(ASSET, ALICE);
        earn(1);
        assert_eq!(pending(ALICE), 1_002);
    });
}
