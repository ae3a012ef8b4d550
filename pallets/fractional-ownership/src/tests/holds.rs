// SPDX-License-Identifier: Apache-2.0
//! `fungibles::hold`, as other pallets use it beside the offers.

use super::*;
use crate::Holds;
use frame_support::traits::fungibles::{InspectHold, MutateFreeze, MutateHold, UnbalancedHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Restriction};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError, TokenError};

type Fractions = FractionalOwnership;

fn loan() -> RuntimeHoldReason {
    twin::HoldReason::Loan.into()
}

fn auction() -> RuntimeHoldReason {
    twin::HoldReason::Auction.into()
}

fn on_hold(reason: RuntimeHoldReason, who: AccountId) -> Balance {
    <Fractions as InspectHold<_>>::balance_on_hold(GPU, &reason, &who)
}

fn hold(who: AccountId, amount: Balance) -> sp_runtime::DispatchResult {
    Fractions::hold(GPU, &loan(), &who, amount)
}

fn release(who: AccountId, amount: Balance, precision: Precision) -> Result<Balance, DispatchError> {
    Fractions::release(GPU, &loan(), &who, amount, precision)
}

fn move_held(
    to: AccountId,
    amount: Balance,
    precision: Precision,
    mode: Restriction,
) -> Result<Balance, DispatchError> {
    Fractions::transfer_on_hold(
        GPU,
        &loan(),
        &ALICE,
        &to,
        amount,
        precision,
        mode,
        Fortitude::Polite,
    )
}

fn move_and_hold(to: AccountId, amount: Balance, precision: Precision) -> Result<Balance, DispatchError> {
    Fractions::transfer_and_hold(
        GPU,
        &loan(),
        &ALICE,
        &to,
        amount,
        precision,
        Preservation::Expendable,
        Fortitude::Polite,
    )
}

#[test]
fn hold_and_release_should_settle_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, SUPPLY));
        assert_eq!(fractions(GPU, ALICE), (0, SUPPLY));
        assert_eq!(
            <Fractions as InspectHold<_>>::total_balance_on_hold(GPU, &ALICE),
            SUPPLY
        );
        assert_eq!(release(ALICE, 400, Precision::Exact), Ok(400));
        assert_eq!(release(ALICE, SUPPLY, Precision::BestEffort), Ok(600));
        assert_eq!(fractions(GPU, ALICE), (SUPPLY, 0));
        assert!(!Holds::<Test>::contains_key(GPU, ALICE));
        assert_eq!(steps(), []);
        assert_eq!(
            events(),
            [
                Event::Held {
                    asset: GPU,
                    reason: loan(),
                    who: ALICE,
                    amount: SUPPLY
                },
                Event::Released {
                    asset: GPU,
                    reason: loan(),
                    who: ALICE,
                    amount: 400
                },
                Event::Released {
                    asset: GPU,
                    reason: loan(),
                    who: ALICE,
                    amount: 600
                },
            ]
        );
    });
}

#[test]
fn reasons_should_not_mix() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 300));
        assert_ok!(Fractions::hold(GPU, &auction(), &ALICE, 200));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            100,
            5,
            None
        ));
        assert_eq!(fractions(GPU, ALICE), (400, 600));
        assert_eq!((on_hold(loan(), ALICE), on_hold(auction(), ALICE)), (300, 200));
        assert_noop!(
            release(ALICE, 301, Precision::Exact),
            TokenError::FundsUnavailable
        );
        assert_ok!(FractionalOwnership::cancel_offer(
            RuntimeOrigin::signed(ALICE),
            GPU
        ));
        assert_eq!(fractions(GPU, ALICE), (500, 500));
    });
}

#[test]
fn more_than_is_free_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(hold(ALICE, SUPPLY + 1), TokenError::FundsUnavailable);
        assert_noop!(hold(BOB, 1), TokenError::FundsUnavailable);
        assert_ok!(hold(ALICE, 600));
        assert_noop!(hold(ALICE, 401), TokenError::FundsUnavailable);
        assert_noop!(
            release(ALICE, 601, Precision::Exact),
            TokenError::FundsUnavailable
        );
        assert_noop!(release(BOB, 1, Precision::Exact), TokenError::FundsUnavailable);
        assert_ok!(release(BOB, 1, Precision::BestEffort), 0);
    });
}

#[test]
fn whole_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(hold(ALICE, 1), TokenError::FundsUnavailable);
        assert_noop!(
            Fractions::set_balance_on_hold(GPU, &loan(), &ALICE, 1),
            TokenError::UnknownAsset
        );
    });
}

#[test]
fn nothing_should_be_a_hold_of_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 0));
        assert_ok!(release(ALICE, 0, Precision::Exact), 0);
        assert_eq!(move_held(BOB, 0, Precision::Exact, Restriction::Free), Ok(0));
        assert_eq!(move_and_hold(BOB, 0, Precision::Exact), Ok(0));
        assert_eq!(events(), []);
    });
}

#[test]
fn hold_set_directly_should_be_settled() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(Fractions::set_balance_on_hold(GPU, &loan(), &BOB, 50));
        assert_eq!(steps(), [settle(GPU, BOB, 0, 50)]);
        assert_ok!(Fractions::set_balance_on_hold(GPU, &loan(), &BOB, 20));
        assert_eq!(steps(), [settle(GPU, BOB, 50, 20)]);
        let_settlement_fail(BOB);
        assert_noop!(
            Fractions::set_balance_on_hold(GPU, &loan(), &BOB, 0),
            SETTLEMENT_FAILED
        );
        assert_noop!(
            Fractions::set_balance_on_hold(GPU, &loan(), &BOB, Balance::MAX),
            ArithmeticError::Overflow
        );
        let_settlement_pass(BOB);
        assert_ok!(Fractions::set_balance_on_hold(GPU, &loan(), &BOB, 0));
        assert_eq!(fractions(GPU, BOB), (0, 0));
    });
}

#[test]
fn burnt_hold_should_be_settled_and_lower_the_supply() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 300));
        let burn =
            |amount, precision, force| Fractions::burn_held(GPU, &loan(), &ALICE, amount, precision, force);
        assert_eq!(burn(100, Precision::Exact, Fortitude::Polite), Ok(100));
        assert_eq!(steps(), [settle(GPU, ALICE, 1_000, 900)]);
        assert_ok!(Fractions::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            850
        ));
        assert_noop!(burn(51, Precision::Exact, Fortitude::Polite), TokenError::Frozen);
        assert_eq!(burn(200, Precision::Exact, Fortitude::Force), Ok(200));
        assert_eq!(fractions(GPU, ALICE), (700, 0));
        use frame_support::traits::fungibles::Inspect;
        assert_eq!(Fractions::total_issuance(GPU), 700);
    });
}

#[test]
fn held_fractions_should_move_free_or_on_hold() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 300));
        assert_eq!(move_held(BOB, 100, Precision::Exact, Restriction::Free), Ok(100));
        assert_eq!(
            move_held(BOB, 150, Precision::Exact, Restriction::OnHold),
            Ok(150)
        );
        assert_eq!(
            move_held(BOB, 999, Precision::BestEffort, Restriction::Free),
            Ok(50)
        );
        assert_eq!(
            (fractions(GPU, ALICE), fractions(GPU, BOB)),
            ((700, 0), (150, 150))
        );
        assert_eq!(
            steps(),
            [
                settle(GPU, ALICE, 1_000, 900),
                settle(GPU, BOB, 0, 100),
                settle(GPU, ALICE, 900, 750),
                settle(GPU, BOB, 100, 250),
                settle(GPU, ALICE, 750, 700),
                settle(GPU, BOB, 250, 300),
            ]
        );
    });
}

#[test]
fn move_of_held_fractions_should_be_all_or_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 300));
        let_settlement_fail(BOB);
        for mode in [Restriction::Free, Restriction::OnHold] {
            assert_noop!(move_held(BOB, 100, Precision::Exact, mode), SETTLEMENT_FAILED);
        }
        assert_noop!(move_and_hold(BOB, 100, Precision::Exact), SETTLEMENT_FAILED);
        let_settlement_pass(BOB);
        assert_noop!(
            move_held(BOB, 301, Precision::Exact, Restriction::Free),
            TokenError::FundsUnavailable
        );
        let vault = Fractions::vault_account(GPU);
        assert_noop!(
            move_held(vault.clone(), 1, Precision::Exact, Restriction::Free),
            TokenError::Blocked
        );
        assert_noop!(move_and_hold(vault, 1, Precision::Exact), TokenError::Blocked);
    });
}

#[test]
fn frozen_fractions_should_not_move() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(hold(ALICE, 300));
        assert_ok!(Fractions::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            900
        ));
        assert_noop!(
            move_held(BOB, 101, Precision::Exact, Restriction::Free),
            TokenError::Frozen
        );
        assert_eq!(
            move_held(BOB, 300, Precision::BestEffort, Restriction::Free),
            Ok(100)
        );
        assert_noop!(
            move_and_hold(BOB, 1, Precision::Exact),
            TokenError::FundsUnavailable
        );
    });
}

#[test]
fn move_within_one_account_should_settle_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_eq!(move_and_hold(ALICE, SUPPLY, Precision::Exact), Ok(SUPPLY));
        assert_eq!(fractions(GPU, ALICE), (0, SUPPLY));
        assert_eq!(
            move_held(ALICE, 100, Precision::Exact, Restriction::OnHold),
            Ok(100)
        );
        assert_eq!(
            move_held(ALICE, 100, Precision::Exact, Restriction::Free),
            Ok(100)
        );
        assert_eq!(fractions(GPU, ALICE), (100, 900));
        assert_eq!(move_and_hold(ALICE, SUPPLY, Precision::BestEffort), Ok(100));
        assert_eq!(steps(), []);
    });
}

#[test]
fn fractions_should_move_and_be_held_there() {
    build_and_execute(|| {
        open_vault();
        assert_eq!(move_and_hold(BOB, 300, Precision::Exact), Ok(300));
        assert_eq!(fractions(GPU, BOB), (0, 300));
        assert_noop!(
            move_and_hold(BOB, 701, Precision::Exact),
            TokenError::FundsUnavailable
        );
        assert_eq!(move_and_hold(BOB, 999, Precision::BestEffort), Ok(700));
        assert_eq!(
            steps(),
            [
                settle(GPU, ALICE, 1_000, 700),
                settle(GPU, BOB, 0, 300),
                settle(GPU, ALICE, 700, 0),
                settle(GPU, BOB, 300, 1_000),
            ]
        );
    });
}

#[test]
fn there_should_be_room_for_a_hold_of_every_reason() {
    build_and_execute(|| {
        open_vault();
        let reasons: [RuntimeHoldReason; 5] = [
            twin::HoldReason::Loan.into(),
            twin::HoldReason::Auction.into(),
            crate::HoldReason::Offer.into(),
            crate::HoldReason::VaultDeposit.into(),
            crate::HoldReason::OfferDeposit.into(),
        ];
        for reason in reasons {
            assert!(Fractions::hold_available(GPU, &reason, &ALICE));
            assert_ok!(Fractions::hold(GPU, &reason, &ALICE, 1));
        }
        assert_ok!(Fractions::release(GPU, &reasons[2], &ALICE, 1, Precision::Exact));
    });
}
