// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::Revenue;
use frame_support::{
    assert_noop, assert_ok,
    sp_runtime::{DispatchError, Perbill, TokenError},
    traits::fungible::Inspect,
};

fn pay_revenue(payer: AccountId, amount: u128) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::pay_revenue(RuntimeOrigin::signed(payer), ASSET, amount)
}

#[test]
fn goes_through_the_waterfall_at_once() {
    run(|| {
        whole_asset();
        operator_fee(Perbill::from_percent(50));
        assert_ok!(pay_revenue(CHARLIE, 1_051));
        // Each fee is floored: 2% of 1051 are 21.02, half of 1030 are 515.
        assert_eq!(
            events(),
            [
                Event::RevenuePaid {
                    asset: ASSET,
                    payer: CHARLIE,
                    amount: 1_051
                },
                Event::ProtocolFeeTaken {
                    asset: ASSET,
                    amount: 21
                },
                Event::TreasuryPaid { amount: 21 },
                Event::OperatorFeeTaken {
                    asset: ASSET,
                    operator: OPERATOR,
                    amount: 515
                },
                Event::HoldersCredited {
                    asset: ASSET,
                    owner: Some(ALICE),
                    amount: 515
                },
            ]
        );
        assert_eq!((pending(ALICE), pending(OPERATOR)), (515, 515));
        let books = RewardDistribution::books(ASSET);
        assert_eq!(
            (books.revenue, books.protocol_fee, books.operator_fee),
            (1_051, 21, 515)
        );
    });
}

#[test]
fn is_shared_by_fractions() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        Fractions::transfer(ASSET, ALICE, BOB, 3);
        events();
        earn(1_001);
        assert_eq!(
            events(),
            [
                Event::RevenuePaid {
                    asset: ASSET,
                    payer: CHARLIE,
                    amount: 1_001
                },
                Event::HoldersCredited {
                    asset: ASSET,
                    owner: None,
                    amount: 1_001
                },
            ]
        );
        assert_eq!((pending(ALICE), pending(BOB), pending(VAULT)), (700, 300, 0));
        assert_eq!(RewardDistribution::owed(ASSET), 1_001);
    });
}

#[test]
fn without_an_operator_nothing_is_taken_for_one() {
    run(|| {
        whole_asset();
        operator_fee(Perbill::from_percent(50));
        Assets::set_operator(ASSET, None);
        earn(1_000);
        assert_eq!(pending(ALICE), 980);
        assert_eq!(RewardDistribution::books(ASSET).operator_fee, 0);
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::pay_revenue(RuntimeOrigin::none(), ASSET, 1),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn nothing_for_nobody() {
    run(|| {
        assert_noop!(pay_revenue(CHARLIE, 1), Error::<Test>::UnknownAsset);
        whole_asset();
        assert_noop!(pay_revenue(CHARLIE, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn the_payer_needs_the_money_and_stays_alive() {
    run(|| {
        whole_asset();
        emit(1_000);
        // There is something to release, and it is not released by a payment that fails.
        advance(5);
        assert_noop!(pay_revenue(CHARLIE, ENDOWMENT + 1), TokenError::FundsUnavailable);
        assert_noop!(pay_revenue(CHARLIE, ENDOWMENT), TokenError::NotExpendable);
        assert_ok!(pay_revenue(CHARLIE, ENDOWMENT - ED));
    });
}

#[test]
fn an_escrow_may_pay_its_last_unit() {
    run(|| {
        whole_asset();
        assert_ok!(<RewardDistribution as Revenue<_>>::pay_revenue(
            ASSET, &CHARLIE, ENDOWMENT
        ));
        assert_eq!(Balances::balance(&CHARLIE), 0);
        assert_noop!(
            <RewardDistribution as Revenue<_>>::pay_revenue(ASSET, &CHARLIE, 1),
            TokenError::FundsUnavailable
        );
    });
}

#[test]
fn is_parked_while_nobody_holds_the_asset() {
    run(|| {
        whole_asset();
        Assets::set_owner(ASSET, None);
        earn(1_000);
        earn(100);
        assert_eq!(RewardDistribution::parked(ASSET), 980 + 98);
        assert_eq!(
            events().last(),
            Some(&Event::Parked {
                asset: ASSET,
                amount: 98
            })
        );
        assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
        assert_eq!(RewardDistribution::parked(ASSET), 1_078);

        Assets::set_owner(ASSET, Some(BOB));
        assert_eq!(pending(BOB), 1_078);
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 1_078);
        assert_eq!(RewardDistribution::parked(ASSET), 0);
    });
}

#[test]
fn what_was_parked_pays_no_fee_twice() {
    run(|| {
        whole_asset();
        Assets::set_owner(ASSET, None);
        earn(1_000);
        Assets::set_owner(ASSET, Some(BOB));
        earn(100);
        // By the touch that comes first.
        assert_eq!(pending(BOB), 980 + 98);
        assert_eq!(RewardDistribution::books(ASSET).protocol_fee, 22);
    });
}

#[test]
fn a_vault_of_no_fractions_has_no_holder() {
    run(|| {
        whole_asset();
        Fractions::write_supply(ASSET, Some(0));
        earn(1_000);
        assert_eq!(RewardDistribution::parked(ASSET), 980);
        Fractions::write_supply(ASSET, None);
    });
}

#[test]
fn a_treasury_below_the_existential_deposit_blocks_nothing() {
    run(|| {
        whole_asset();
        impoverish(TREASURY);
        earn(400);
        assert_eq!(TreasuryOwed::<Test>::get(), 8);
        assert_eq!(pending(ALICE), 392);
        assert!(!events()
            .iter()
            .any(|event| matches!(event, Event::TreasuryPaid { .. })));
        crate::mock::check();
        earn(99);
        assert_eq!(TreasuryOwed::<Test>::get(), 9);
        earn(50);
        // All at once, as soon as it can be.
        assert_eq!(TreasuryOwed::<Test>::get(), 0);
        assert_eq!(
            events()
                .iter()
                .filter(|e| **e == Event::TreasuryPaid { amount: 10 })
                .count(),
            1
        );
        assert_eq!(Balances::balance(&TREASURY), 10);
    });
}
