// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::Offers;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, TokenError};

fn offer(who: AccountId, amount: Balance, unit_price: Balance) -> DispatchResult {
    dispatch(|| FractionalOwnership::offer(RuntimeOrigin::signed(who), GPU, amount, unit_price, None))
}

fn standing(who: AccountId) -> Option<(Balance, Balance)> {
    Offers::<Test>::get(GPU, who).map(|offer| (offer.amount, offer.unit_price))
}

#[test]
fn offered_fractions_should_go_on_hold() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(offer(ALICE, 400, 5));
        assert_eq!(fractions(GPU, ALICE), (600, 400));
        assert_eq!(standing(ALICE), Some((400, 5)));
        assert_eq!(
            events(),
            [Event::Offered {
                asset: GPU,
                seller: ALICE,
                amount: 400,
                unit_price: 5,
                expires_at: None
            }]
        );
    });
}

#[test]
fn income_should_not_be_settled_as_nothing_changes_hands() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(offer(ALICE, SUPPLY, 5));
        assert_eq!(fractions(GPU, ALICE), (0, SUPPLY));
        assert_eq!(steps(), []);
    });
}

#[test]
fn offer_should_replace_the_former_one() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(offer(ALICE, 400, 5));
        assert_ok!(offer(ALICE, 900, 3));
        assert_eq!(fractions(GPU, ALICE), (100, 900));
        assert_ok!(offer(ALICE, 1, 9));
        assert_eq!(fractions(GPU, ALICE), (999, 1));
        assert_eq!(standing(ALICE), Some((1, 9)));
        assert_eq!(steps(), []);
    });
}

#[test]
fn deposit_should_be_taken_once() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(offer(ALICE, 400, 5));
        assert_eq!(deposited(ALICE), vault_deposit() + offer_deposit());
        assert_ok!(offer(ALICE, 900, 3));
        assert_eq!(deposited(ALICE), vault_deposit() + offer_deposit());
    });
}

#[test]
fn each_holder_should_have_an_offer_of_its_own() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            300
        ));
        assert_ok!(offer(ALICE, 400, 5));
        assert_ok!(offer(BOB, 300, 4));
        assert_eq!(standing(ALICE), Some((400, 5)));
        assert_eq!(standing(BOB), Some((300, 4)));
    });
}

#[test]
fn nothing_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(offer(ALICE, 0, 5), Error::ZeroAmount);
        assert_noop!(offer(ALICE, 5, 0), Error::ZeroPrice);
    });
}

#[test]
fn price_beyond_all_numbers_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(offer(ALICE, 2, Balance::MAX), ArithmeticError::Overflow);
        assert_ok!(offer(ALICE, 1, Balance::MAX));
    });
}

#[test]
fn whole_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(offer(ALICE, 1, 1), Error::NotFractionalized);
    });
}

#[test]
fn more_than_the_seller_has_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(offer(ALICE, SUPPLY + 1, 1), TokenError::FundsUnavailable);
        assert_noop!(offer(BOB, 1, 1), TokenError::FundsUnavailable);
        assert_ok!(offer(ALICE, 400, 5));
        assert_noop!(offer(ALICE, SUPPLY + 1, 1), TokenError::FundsUnavailable);
    });
}

#[test]
fn seller_who_can_not_pay_the_deposit_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            DAVE,
            300
        ));
        assert_noop!(offer(DAVE, 300, 1), TokenError::FundsUnavailable);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            FractionalOwnership::offer(RuntimeOrigin::none(), GPU, 1, 1, None),
            DispatchError::BadOrigin
        );
    });
}
