// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{Offers, MAX_SUPPLY};
use frame_support::traits::fungible::Mutate as _;
use frame_support::traits::fungibles::MutateFreeze;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, TokenError};

fn buy(who: AccountId, seller: AccountId, amount: Balance, max_unit_price: Balance) -> DispatchResult {
    dispatch(|| {
        FractionalOwnership::buy(
            RuntimeOrigin::signed(who),
            GPU,
            seller,
            amount,
            max_unit_price,
            SUPPLY,
        )
    })
}

/// Alice offers 400 at 5.
fn open_offer() {
    open_vault();
    assert_ok!(FractionalOwnership::offer(
        RuntimeOrigin::signed(ALICE),
        GPU,
        400,
        5,
        None
    ));
    System::reset_events();
}

fn left(who: AccountId) -> Option<Balance> {
    Offers::<Test>::get(GPU, who).map(|offer| offer.amount)
}

#[test]
fn buyer_should_pay_the_seller_and_get_the_fractions() {
    build_and_execute(|| {
        open_offer();
        let issuance = Balances::total_issuance();
        let (alice, bob) = (free(ALICE), free(BOB));

        assert_ok!(buy(BOB, ALICE, 100, 5));

        assert_eq!(fractions(GPU, ALICE), (600, 300));
        assert_eq!(fractions(GPU, BOB), (100, 0));
        assert_eq!(left(ALICE), Some(300));
        assert_eq!(free(ALICE), alice + 500);
        assert_eq!(free(BOB), bob - 500);
        assert_eq!(Balances::total_issuance(), issuance);
        assert_eq!(
            events(),
            [Event::Bought {
                asset: GPU,
                seller: ALICE,
                buyer: BOB,
                amount: 100,
                price: 500,
                royalty: 0,
                left: 300
            }]
        );
    });
}

#[test]
fn both_sides_should_be_settled_on_free_and_held() {
    build_and_execute(|| {
        open_offer();
        assert_ok!(buy(BOB, ALICE, 100, 5));
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, 1_000, 900), settle(GPU, BOB, 0, 100)]
        );
    });
}

#[test]
fn offer_should_end_when_all_is_sold() {
    build_and_execute(|| {
        open_offer();
        assert_ok!(buy(BOB, ALICE, 100, 5));
        assert_ok!(buy(CAROL, ALICE, 300, 5));
        assert_eq!(left(ALICE), None);
        assert_eq!(fractions(GPU, ALICE), (600, 0));
        assert_eq!(fractions(GPU, CAROL), (300, 0));
        assert_eq!(deposited(ALICE), vault_deposit());
        assert_noop!(buy(CAROL, ALICE, 1, 5), Error::NoOffer);
    });
}

#[test]
fn seller_of_everything_should_leave_no_account() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            SUPPLY,
            5,
            None
        ));
        assert_ok!(buy(BOB, ALICE, SUPPLY, 5));
        assert!(!Accounts::<Test>::contains_key(GPU, ALICE));
        assert_eq!(
            steps(),
            [settle(GPU, ALICE, SUPPLY, 0), settle(GPU, BOB, 0, SUPPLY)]
        );
    });
}

#[test]
fn buyer_should_pay_the_offers_price_and_not_its_limit() {
    build_and_execute(|| {
        open_offer();
        let bob = free(BOB);
        assert_ok!(buy(BOB, ALICE, 100, 50));
        assert_eq!(free(BOB), bob - 500);
    });
}

#[test]
fn price_above_the_buyers_limit_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(BOB, ALICE, 100, 4), Error::PriceTooHigh);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            6,
            None
        ));
        assert_noop!(buy(BOB, ALICE, 100, 5), Error::PriceTooHigh);
    });
}

#[test]
fn more_than_is_offered_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(BOB, ALICE, 401, 5), Error::OfferTooSmall);
        assert_ok!(buy(BOB, ALICE, 400, 5));
    });
}

#[test]
fn amount_of_zero_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(BOB, ALICE, 0, 5), Error::ZeroAmount);
    });
}

#[test]
fn ones_own_offer_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(ALICE, ALICE, 1, 5), Error::OwnOffer);
    });
}

#[test]
fn who_has_no_offer_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(ALICE, BOB, 1, 5), Error::NoOffer);
    });
}

#[test]
fn whole_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(buy(BOB, ALICE, 1, 5), Error::NotFractionalized);
    });
}

/// Bob's order is for half of the asset. Before it is executed Alice, who has every fraction, makes it a thousandth.
#[test]
fn order_for_an_old_vault_should_not_meet_a_new_one() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            500,
            5,
            None
        ));

        assert_ok!(FractionalOwnership::cancel_offer(
            RuntimeOrigin::signed(ALICE),
            GPU
        ));
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU));
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            SUPPLY * 500,
            NO_ROYALTY
        ));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            500,
            5,
            None
        ));

        assert_noop!(buy(BOB, ALICE, 500, 5), Error::SupplyTooHigh);
    });
}

#[test]
fn price_beyond_all_numbers_should_be_refused() {
    build_and_execute(|| {
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            MAX_SUPPLY,
            NO_ROYALTY
        ));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            2,
            1,
            None
        ));
        // No offer can be like this; if one were, nothing would be sold for too little.
        Offers::<Test>::mutate(GPU, ALICE, |offer| {
            offer.as_mut().unwrap().unit_price = Balance::MAX
        });
        assert_noop!(
            FractionalOwnership::buy(
                RuntimeOrigin::signed(BOB),
                GPU,
                ALICE,
                2,
                Balance::MAX,
                MAX_SUPPLY
            ),
            ArithmeticError::Overflow
        );
    });
}

#[test]
fn buyer_should_keep_the_existential_deposit() {
    build_and_execute(|| {
        open_offer();
        Balances::set_balance(&BOB, 499);
        assert_noop!(buy(BOB, ALICE, 100, 5), TokenError::FundsUnavailable);
        Balances::set_balance(&BOB, 500 + ED - 1);
        assert_noop!(buy(BOB, ALICE, 100, 5), TokenError::NotExpendable);
        Balances::set_balance(&BOB, 500 + ED);
        assert_ok!(buy(BOB, ALICE, 100, 5));
        assert_eq!(free(BOB), ED);
    });
}

#[test]
fn who_has_no_currency_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(buy(DAVE, ALICE, 1, 5), TokenError::FundsUnavailable);
    });
}

#[test]
fn frozen_fractions_should_not_be_sold() {
    build_and_execute(|| {
        open_offer();
        assert_ok!(FractionalOwnership::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            900
        ));
        assert_noop!(buy(BOB, ALICE, 101, 5), TokenError::Frozen);
        assert_ok!(buy(BOB, ALICE, 100, 5));
        assert_noop!(buy(BOB, ALICE, 1, 5), TokenError::Frozen);
    });
}

#[test]
fn settlement_that_fails_on_either_side_should_leave_nothing() {
    build_and_execute(|| {
        open_offer();
        for side in [ALICE, BOB] {
            let_settlement_fail(side.clone());
            assert_noop!(buy(BOB, ALICE, 400, 5), SETTLEMENT_FAILED);
            let_settlement_pass(side);
        }
    });
}

#[test]
fn vault_should_not_buy_its_own_fractions() {
    build_and_execute(|| {
        open_offer();
        let vault = FractionalOwnership::vault_account(GPU);
        Balances::set_balance(&vault, ENDOWMENT);
        assert_noop!(buy(vault, ALICE, 1, 5), TokenError::Blocked);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        assert_noop!(
            FractionalOwnership::buy(RuntimeOrigin::none(), GPU, ALICE, 1, 5, SUPPLY),
            DispatchError::BadOrigin
        );
    });
}
