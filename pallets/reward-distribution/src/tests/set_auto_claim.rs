// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*, types::AutoClaim, Balance};
use frame_support::{
    assert_noop, assert_ok,
    pallet_prelude::DispatchResult,
    sp_runtime::{DispatchError, TokenError},
    traits::fungible::{Inspect, InspectHold},
};

fn set(who: AccountId, threshold: Balance, bounty: Balance) -> DispatchResult {
    RewardDistribution::set_auto_claim(RuntimeOrigin::signed(who), Some(AutoClaim { threshold, bounty }))
}

fn clear(who: AccountId) -> DispatchResult {
    RewardDistribution::set_auto_claim(RuntimeOrigin::signed(who), None)
}

fn deposit() -> Balance {
    let size = RewardDistribution::auto_claim_footprint().size;
    100 + Balance::from(size)
}

#[test]
fn takes_a_deposit_until_it_is_cleared() {
    run(|| {
        assert_ok!(set(ALICE, 1_000, 100));
        let terms = AutoClaim {
            threshold: 1_000,
            bounty: 100,
        };
        assert_eq!(RewardDistribution::auto_claim(ALICE), Some(terms));
        assert_eq!(Balances::total_balance_on_hold(&ALICE), deposit());
        // Changed, it is the same deposit.
        assert_ok!(set(ALICE, THRESHOLD, 0));
        assert_eq!(Balances::total_balance_on_hold(&ALICE), deposit());
        assert_ok!(clear(ALICE));
        assert_eq!(RewardDistribution::auto_claim(ALICE), None);
        assert_eq!(Balances::total_balance_on_hold(&ALICE), 0);
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
        assert!(!AutoClaims::<Test>::contains_key(ALICE));
        assert_eq!(
            events(),
            [
                Event::AutoClaimSet {
                    who: ALICE,
                    terms: Some(terms)
                },
                Event::AutoClaimSet {
                    who: ALICE,
                    terms: Some(AutoClaim {
                        threshold: THRESHOLD,
                        bounty: 0
                    })
                },
                Event::AutoClaimSet {
                    who: ALICE,
                    terms: None
                },
            ]
        );
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::set_auto_claim(RuntimeOrigin::none(), None),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn a_threshold_has_a_least() {
    run(|| {
        for threshold in [0, 1, THRESHOLD - 1] {
            assert_noop!(set(ALICE, threshold, 0), Error::<Test>::ThresholdTooLow);
        }
        assert_ok!(set(ALICE, THRESHOLD, 0));
        assert_noop!(set(ALICE, THRESHOLD - 1, 0), Error::<Test>::ThresholdTooLow);
    });
}

#[test]
fn a_bounty_is_at_most_a_tenth_rounded_down() {
    run(|| {
        assert_noop!(set(ALICE, 1_000, 101), Error::<Test>::BountyAboveBound);
        assert_noop!(set(ALICE, 1_009, 101), Error::<Test>::BountyAboveBound);
        assert_noop!(set(ALICE, 1_000, Balance::MAX), Error::<Test>::BountyAboveBound);
        assert_ok!(set(ALICE, 1_009, 100));
        assert_ok!(set(ALICE, 1_010, 101));
        assert_ok!(set(ALICE, Balance::MAX, Balance::MAX / 10));
    });
}

#[test]
fn what_was_never_set_cannot_be_cleared() {
    run(|| {
        assert_noop!(clear(ALICE), Error::<Test>::NoAutoClaim);
        assert_ok!(set(ALICE, 1_000, 100));
        assert_noop!(clear(BOB), Error::<Test>::NoAutoClaim);
        assert_ok!(clear(ALICE));
        assert_noop!(clear(ALICE), Error::<Test>::NoAutoClaim);
    });
}

#[test]
fn who_cannot_pay_the_deposit_sets_nothing() {
    run(|| {
        assert_noop!(set(POOR, 1_000, 100), TokenError::FundsUnavailable);
    });
}
