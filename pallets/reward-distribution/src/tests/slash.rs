// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::{Bounty, Emission};
use frame_support::{assert_noop, assert_ok, assert_storage_noop, traits::fungible::Inspect};

fn slash(amount: u128, bounty: Option<(AccountId, u128)>) -> frame_support::pallet_prelude::DispatchResult {
    let bounty = bounty.map(|(reporter, amount)| Bounty { reporter, amount });
    <RewardDistribution as Emission<_>>::slash_unvested(ASSET, amount, bounty)
}

fn half_vested() {
    whole_asset();
    no_fees();
    emit(1_000);
    advance(VESTING / 2);
    events();
}

#[test]
fn takes_what_has_not_vested_and_leaves_what_has() {
    run(|| {
        half_vested();
        let issued = Balances::total_issuance();
        assert_ok!(slash(200, Some((BOB, 20))));
        assert_eq!(
            events(),
            [
                Event::Released {
                    asset: ASSET,
                    amount: 500
                },
                Event::HoldersCredited {
                    asset: ASSET,
                    owner: Some(ALICE),
                    amount: 500
                },
                Event::UnvestedSlashed {
                    asset: ASSET,
                    amount: 200,
                    bounty: 20,
                    reporter: Some(BOB)
                },
            ]
        );
        assert_eq!(Balances::total_issuance(), issued - 180);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 20);
        assert_eq!(pending(ALICE), 500);
        assert_eq!(RewardDistribution::unvested(ASSET), 300);
        assert_eq!(RewardDistribution::books(ASSET).slashed, 200);
        assert_eq!(RewardDistribution::slashed_total(), 200);
        assert_eq!(RewardDistribution::burnt_total(), 180);
        // The rest vests by the same block as before.
        advance(VESTING / 4);
        assert_eq!(RewardDistribution::unvested(ASSET), 150);
        advance(VESTING / 4);
        assert_eq!(pending(ALICE), 800);
    });
}

#[test]
fn all_of_it_ends_the_stream() {
    run(|| {
        half_vested();
        assert_ok!(slash(500, None));
        assert_eq!(RewardDistribution::unvested(ASSET), 0);
        assert!(Ledgers::<Test>::get(ASSET).unwrap().stream.is_none());
        assert_eq!(pending(ALICE), 500);
    });
}

#[test]
fn a_slash_all_for_the_reporter_burns_nothing() {
    run(|| {
        half_vested();
        assert_ok!(slash(500, Some((BOB, 500))));
        assert_eq!(RewardDistribution::burnt_total(), 0);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 500);
    });
}

#[test]
fn more_than_has_not_vested_changes_nothing() {
    run(|| {
        assert_noop!(slash(1, None), Error::<Test>::ExceedsUnvested);
        half_vested();
        // What a touch would release is not released either.
        assert_noop!(slash(501, None), Error::<Test>::ExceedsUnvested);
        assert_noop!(slash(u128::MAX, None), Error::<Test>::ExceedsUnvested);
        advance(VESTING);
        assert_noop!(slash(1, None), Error::<Test>::ExceedsUnvested);
        assert_eq!(RewardDistribution::releasable(ASSET), 1_000);
    });
}

#[test]
fn a_bounty_of_more_than_the_slash_is_refused() {
    run(|| {
        half_vested();
        assert_noop!(slash(100, Some((BOB, 101))), Error::<Test>::BountyTooHigh);
        assert_noop!(slash(0, Some((BOB, 1))), Error::<Test>::BountyTooHigh);
        assert_storage_noop!(assert_ok!(slash(0, Some((BOB, 0)))));
    });
}

#[test]
fn a_reporter_that_cannot_take_its_bounty_saves_nobody() {
    run(|| {
        half_vested();
        assert_ok!(slash(90, Some((POOR, ED - 1))));
        assert_eq!(
            events().last(),
            Some(&Event::UnvestedSlashed {
                asset: ASSET,
                amount: 90,
                bounty: 0,
                reporter: None
            })
        );
        assert_eq!(Balances::balance(&POOR), 0);
        assert_eq!(RewardDistribution::burnt_total(), 90);
        assert_ok!(slash(100, Some((POOR, ED))));
        assert_eq!(Balances::balance(&POOR), ED);
        assert_eq!(RewardDistribution::burnt_total(), 180);
    });
}
