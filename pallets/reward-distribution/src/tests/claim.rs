// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::{AssetId, OnReap};
use frame_support::{assert_noop, assert_ok, sp_runtime::DispatchError, traits::fungible::Inspect};

fn claim(who: AccountId) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::claim(RuntimeOrigin::signed(who), ASSET)
}

#[test]
fn pays_what_has_vested_after_fees() {
    run(|| {
        whole_asset();
        operator_fee(sp_runtime::Perbill::from_percent(10));
        emit(1_000);
        advance(VESTING / 2);
        events();
        assert_ok!(claim(ALICE));
        // 500 vested; 2% are 10; 10% of 490 are 49.
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT + 441);
        assert_eq!(
            events(),
            [
                Event::Released {
                    asset: ASSET,
                    amount: 500
                },
                Event::ProtocolFeeTaken {
                    asset: ASSET,
                    amount: 10
                },
                Event::TreasuryPaid { amount: 10 },
                Event::OperatorFeeTaken {
                    asset: ASSET,
                    operator: OPERATOR,
                    amount: 49
                },
                Event::HoldersCredited {
                    asset: ASSET,
                    owner: Some(ALICE),
                    amount: 441
                },
                Event::Claimed {
                    asset: ASSET,
                    who: ALICE,
                    amount: 441
                },
            ]
        );
        // An emptied position leaves nothing behind.
        assert!(!Positions::<Test>::contains_key(ALICE, ASSET));
        assert_ok!(claim(OPERATOR));
        assert_eq!(Balances::balance(&OPERATOR), ENDOWMENT + 49);
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 10);
        assert_eq!(RewardDistribution::books(ASSET).claimed, 490);
        assert_eq!(RewardDistribution::owed(ASSET), 0);
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::claim(RuntimeOrigin::none(), ASSET),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn nothing_is_no_payment() {
    run(|| {
        assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
        whole_asset();
        emit(1_000);
        advance(5);
        // What has vested is not released by a claim that fails.
        assert_noop!(claim(BOB), Error::<Test>::NothingToClaim);
        assert_ok!(claim(ALICE));
        assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn less_than_a_unit_stays_until_it_is_one() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 3);
        Fractions::transfer(ASSET, ALICE, BOB, 2);
        earn(1);
        assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
        assert_noop!(claim(BOB), Error::<Test>::NothingToClaim);
        earn(1);
        assert_ok!(claim(BOB));
        assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 1);
        earn(1);
        // A third of a unit three times, less what rounding kept: the last division brings it back.
        assert_eq!((pending(ALICE), pending(BOB)), (1, 1));
        assert_ok!(claim(ALICE));
        assert_ok!(claim(BOB));
        assert_eq!(RewardDistribution::owed(ASSET), 0);
    });
}

#[test]
fn a_payee_below_the_existential_deposit_loses_nothing() {
    run(|| {
        whole_asset();
        Assets::set_owner(ASSET, Some(POOR));
        no_fees();
        earn(ED - 1);
        assert_noop!(claim(POOR), Error::<Test>::BelowExistentialDeposit);
        assert_eq!(pending(POOR), ED - 1);
        earn(1);
        assert_ok!(claim(POOR));
        assert_eq!(Balances::balance(&POOR), ED);
        // From then on any amount.
        earn(1);
        assert_ok!(claim(POOR));
        assert_eq!(Balances::balance(&POOR), ED + 1);
    });
}

#[test]
fn fractions_that_nobody_settled_are_not_paid() {
    run(|| {
        whole_asset();
        Fractions::open(ASSET, 100);
        earn(1_000);
        Fractions::write(ASSET, BOB, 50);
        assert_noop!(claim(BOB), Error::<Test>::Unsettled);
        assert_eq!(pending(BOB), 0);
        Fractions::write(ASSET, BOB, 0);
    });
}

#[test]
fn the_end_of_an_asset_takes_no_income() {
    run(|| {
        whole_asset();
        emit(1_000);
        advance(VESTING);
        assert_ok!(<RewardDistribution as OnReap>::on_reap(ASSET));
        Assets::burn(ASSET);
        assert_eq!(pending(ALICE), 980);
        assert_ok!(claim(ALICE));
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT + 980);
        assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
        assert!(Ledgers::<Test>::get(ASSET).is_none());
    });
}

#[test]
fn the_last_unit_of_the_account_can_be_paid() {
    run(|| {
        whole_asset();
        Assets::register(AssetId(8), GPU, BOB, None);
        no_fees();
        earn(777);
        emit_to(AssetId(8), 333);
        advance(VESTING);
        assert_ok!(claim(ALICE));
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), AssetId(8)));
        assert_eq!(Balances::balance(&RewardDistribution::account_id()), ED);
    });
}

#[test]
fn a_holder_paid_to_the_last_fraction_of_a_unit_goes_on_earning() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 4);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        earn(100);
        assert_ok!(claim(BOB));
        assert!(Positions::<Test>::get(BOB, ASSET).unwrap().owed.is_zero());
        earn(200);
        assert_ok!(claim(BOB));
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 75);
    });
}

#[test]
fn what_a_closed_vault_says_of_holdings_is_not_heard() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 4);
        earn(100);
        Fractions::close(ASSET, ALICE);
        Fractions::write(ASSET, ALICE, 4);
        Fractions::write(ASSET, BOB, 4);
        earn(1);
        assert_eq!((pending(ALICE), pending(BOB)), (101, 0));
        assert_ok!(claim(ALICE));
        assert_noop!(claim(BOB), Error::<Test>::NothingToClaim);
    });
}
