// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::{AssetId, OnReap};
use frame_support::{assert_noop, assert_ok, assert_storage_noop};

fn reap(asset: AssetId) -> frame_support::pallet_prelude::DispatchResult {
    <RewardDistribution as OnReap>::on_reap(asset)
}

#[test]
fn credits_the_owner_and_closes_the_books() {
    run(|| {
        whole_asset();
        operator_fee(sp_runtime::Perbill::from_percent(10));
        emit(1_000);
        earn(100);
        advance(VESTING);
        events();
        assert_ok!(reap(ASSET));
        Assets::burn(ASSET);
        assert_eq!(
            events().last(),
            Some(&Event::BooksClosed {
                asset: ASSET,
                emitted: 1_000,
                revenue: 100,
                claimed: 0,
                protocol_fee: 22,
                operator_fee: 98 + 9,
                slashed: 0,
            })
        );
        // Only debts stay.
        assert!(!Ledgers::<Test>::contains_key(ASSET));
        assert!(!OperatorFees::<Test>::contains_key(ASSET));
        assert_eq!((pending(ALICE), pending(OPERATOR)), (1_100 - 22 - 107, 107));
        check();
        for who in [ALICE, OPERATOR] {
            assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(who), ASSET));
        }
        assert_eq!(Positions::<Test>::iter().count(), 0);
    });
}

#[test]
fn sweeps_what_divisions_left_over() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        Fractions::transfer(ASSET, ALICE, OPERATOR, 1);
        earn(100);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        Fractions::transfer(ASSET, OPERATOR, BOB, 1);
        Fractions::close(ASSET, BOB);
        assert_eq!([ALICE, BOB, OPERATOR].map(pending), [33, 33, 33]);
        events();
        assert_ok!(reap(ASSET));
        assert_eq!(
            events()[0],
            Event::HoldersCredited {
                asset: ASSET,
                owner: Some(BOB),
                amount: 1
            }
        );
        Assets::burn(ASSET);
        assert_eq!([ALICE, BOB, OPERATOR].map(pending), [33, 34, 33]);
    });
}

#[test]
fn an_asset_without_income_has_no_books_to_close() {
    run(|| {
        whole_asset();
        assert_storage_noop!(assert_ok!(reap(ASSET)));
        operator_fee(sp_runtime::Perbill::from_percent(10));
        assert_ok!(reap(ASSET));
        assert!(!OperatorFees::<Test>::contains_key(ASSET));
    });
}

#[test]
fn waits_until_everything_has_vested() {
    run(|| {
        whole_asset();
        operator_fee(sp_runtime::Perbill::from_percent(10));
        emit(1_000);
        advance(VESTING - 1);
        assert_noop!(reap(ASSET), Error::<Test>::StillVesting);
        advance(1);
        assert_ok!(reap(ASSET));
        Assets::burn(ASSET);
    });
}

#[test]
fn leaves_a_vault_alone() {
    run(|| {
        whole_asset();
        Fractions::open(ASSET, 3);
        assert_noop!(reap(ASSET), Error::<Test>::StillFractionalized);
    });
}

#[test]
fn leaves_what_is_parked_for_the_next_owner() {
    run(|| {
        whole_asset();
        Assets::set_owner(ASSET, None);
        earn(1_000);
        assert_noop!(reap(ASSET), Error::<Test>::StillParked);
        Assets::set_owner(ASSET, Some(BOB));
        assert_ok!(reap(ASSET));
        Assets::burn(ASSET);
        assert_eq!(pending(BOB), 980);
    });
}

#[test]
fn refuses_holdings_that_nobody_settled() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        earn(100);
        // The vault is torn away without a word.
        Fractions::write_supply(ASSET, None);
        Assets::set_owner(ASSET, Some(ALICE));
        assert_noop!(reap(ASSET), Error::<Test>::Unsettled);
        Fractions::write_supply(ASSET, Some(3));
        Assets::set_owner(ASSET, Some(VAULT));
    });
}

#[test]
fn refuses_a_remainder_that_has_no_owner() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        earn(100);
        Fractions::transfer(ASSET, ALICE, BOB, 2);
        Fractions::close(ASSET, BOB);
        Assets::set_owner(ASSET, None);
        assert_noop!(reap(ASSET), Error::<Test>::UnknownAsset);
        Assets::set_owner(ASSET, Some(BOB));
    });
}
