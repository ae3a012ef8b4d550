// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::OperatorFees;
use frame_support::{
    assert_noop, assert_ok,
    sp_runtime::{DispatchError, Perbill},
};

fn set(who: AccountId, fee: Perbill) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::set_operator_fee(RuntimeOrigin::signed(who), ASSET, fee)
}

fn percent(n: u32) -> Perbill {
    Perbill::from_percent(n)
}

#[test]
fn rises_by_a_point_a_day_and_falls_at_any_time() {
    run(|| {
        whole_asset();
        assert_ok!(set(ALICE, percent(1)));
        assert_eq!(
            events(),
            [Event::OperatorFeeSet {
                asset: ASSET,
                fee: percent(1)
            }]
        );
        assert_noop!(
            set(ALICE, Perbill::from_parts(10_000_001)),
            Error::<Test>::RaiseTooSoon
        );
        advance(DAY - 1);
        assert_noop!(set(ALICE, percent(2)), Error::<Test>::RaiseTooSoon);
        advance(1);
        assert_noop!(
            set(ALICE, Perbill::from_parts(20_000_001)),
            Error::<Test>::RaiseTooSteep
        );
        assert_ok!(set(ALICE, percent(2)));
        assert_ok!(set(ALICE, percent(0)));
        // Falling does not start the day anew, and does not end it.
        assert_noop!(set(ALICE, percent(1)), Error::<Test>::RaiseTooSoon);
        advance(DAY);
        assert_ok!(set(ALICE, percent(1)));
        assert_eq!(RewardDistribution::operator_fee(ASSET), percent(1));
    });
}

#[test]
fn never_exceeds_half() {
    run(|| {
        whole_asset();
        operator_fee(percent(50));
        assert_noop!(
            set(ALICE, Perbill::from_parts(500_000_001)),
            Error::<Test>::FeeTooHigh
        );
        assert_noop!(set(ALICE, Perbill::one()), Error::<Test>::FeeTooHigh);
        assert_ok!(set(ALICE, percent(50)));
        operator_fee(percent(49));
        assert_ok!(set(ALICE, percent(50)));
    });
}

#[test]
fn is_the_owners() {
    run(|| {
        assert_noop!(set(ALICE, percent(1)), Error::<Test>::UnknownAsset);
        whole_asset();
        assert_noop!(set(OPERATOR, percent(1)), Error::<Test>::NotOwner);
        Fractions::open(ASSET, 10);
        assert_noop!(set(ALICE, percent(1)), Error::<Test>::NotOwner);
        assert_noop!(
            RewardDistribution::set_operator_fee(RuntimeOrigin::none(), ASSET, percent(1)),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn what_has_vested_pays_the_old_fee() {
    run(|| {
        whole_asset();
        no_fees();
        operator_fee(percent(10));
        emit(1_000);
        advance(VESTING / 2);
        assert_ok!(set(ALICE, percent(0)));
        assert_eq!((pending(ALICE), pending(OPERATOR)), (450, 50));
        advance(VESTING / 2);
        assert_eq!((pending(ALICE), pending(OPERATOR)), (950, 50));
    });
}

/// As a vote of the holders does, when the owner is a vault.
fn decide(fee: Perbill) -> frame_support::pallet_prelude::DispatchResult {
    <RewardDistribution as OperatorFees>::set_operator_fee(ASSET, fee)
}

#[test]
fn who_decides_for_the_owner_meets_the_same_bounds() {
    run(|| {
        assert_noop!(decide(percent(1)), Error::<Test>::UnknownAsset);
        whole_asset();
        Fractions::open(ASSET, 10);
        assert_noop!(
            decide(Perbill::from_parts(500_000_001)),
            Error::<Test>::FeeTooHigh
        );
        assert_noop!(
            decide(Perbill::from_parts(10_000_001)),
            Error::<Test>::RaiseTooSteep
        );
        events();
        assert_ok!(decide(percent(1)));
        assert_eq!(
            events(),
            [Event::OperatorFeeSet {
                asset: ASSET,
                fee: percent(1)
            }]
        );
        assert_noop!(decide(percent(2)), Error::<Test>::RaiseTooSoon);
        advance(DAY);
        assert_ok!(decide(percent(2)));
        assert_ok!(decide(percent(0)));
        assert_eq!(RewardDistribution::operator_fee(ASSET), percent(0));
    });
}

#[test]
fn a_decision_pays_the_old_fee_for_what_has_vested() {
    run(|| {
        whole_asset();
        Fractions::open(ASSET, 10);
        no_fees();
        operator_fee(percent(10));
        emit(1_000);
        advance(VESTING / 2);
        assert_ok!(decide(percent(0)));
        assert_eq!((pending(ALICE), pending(OPERATOR)), (450, 50));
        advance(VESTING / 2);
        assert_eq!((pending(ALICE), pending(OPERATOR)), (950, 50));
    });
}
