// SPDX-License-Identifier: Apache-2.0
//! What the first owner gets when others sell.

use super::*;
use crate::MAX_ROYALTY;
use frame_support::traits::fungible::Mutate as _;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

fn fractionalize(royalty: Perbill) -> DispatchResult {
    dispatch(|| FractionalOwnership::fractionalize(RuntimeOrigin::signed(ALICE), GPU, SUPPLY, royalty))
}

/// Alice fractionalized at `royalty`, and Bob offers 300 at `unit_price`.
fn open_resale(royalty: Perbill, unit_price: Balance) {
    assert_ok!(fractionalize(royalty));
    give_fractions(BOB, 300);
    assert_ok!(FractionalOwnership::offer(
        RuntimeOrigin::signed(BOB),
        GPU,
        300,
        unit_price,
        None
    ));
    System::reset_events();
}

fn buy(who: AccountId, seller: AccountId, amount: Balance) -> DispatchResult {
    dispatch(|| {
        FractionalOwnership::buy(
            RuntimeOrigin::signed(who),
            GPU,
            seller,
            amount,
            Balance::MAX,
            SUPPLY,
        )
    })
}

#[test]
fn royalty_should_be_bounded_and_fixed() {
    build_and_execute(|| {
        let above = Perbill::from_parts(MAX_ROYALTY.deconstruct() + 1);
        assert_noop!(fractionalize(above), Error::RoyaltyTooHigh);
        assert_noop!(fractionalize(Perbill::from_percent(100)), Error::RoyaltyTooHigh);
        assert_ok!(fractionalize(MAX_ROYALTY));
        assert_eq!(
            FractionalOwnership::vault(GPU).unwrap().royalty,
            Perbill::from_percent(10)
        );
        assert!(matches!(&events()[0], Event::Fractionalized { royalty, .. } if *royalty == MAX_ROYALTY));
    });
}

#[test]
fn first_owner_should_get_its_part_and_the_seller_the_exact_rest() {
    build_and_execute(|| {
        open_resale(MAX_ROYALTY, 7);
        let (alice, bob) = (free(ALICE), free(BOB));
        assert_ok!(buy(CAROL, BOB, 33));
        // 231, of which 23.1.
        assert_eq!(free(CAROL), ENDOWMENT - 231);
        assert_eq!((free(ALICE), free(BOB)), (alice + 23, bob + 208));
        assert_eq!(
            events(),
            [Event::Bought {
                asset: GPU,
                seller: BOB,
                buyer: CAROL,
                amount: 33,
                price: 231,
                royalty: 23,
                left: 267
            }]
        );
    });
}

#[test]
fn dust_should_be_the_sellers() {
    build_and_execute(|| {
        open_resale(MAX_ROYALTY, 9);
        let (alice, bob) = (free(ALICE), free(BOB));
        assert_ok!(buy(CAROL, BOB, 1));
        assert_eq!((free(ALICE), free(BOB)), (alice, bob + 9));
    });
}

#[test]
fn royalty_of_zero_should_be_nothing() {
    build_and_execute(|| {
        open_resale(NO_ROYALTY, 1_000);
        let (alice, bob) = (free(ALICE), free(BOB));
        assert_ok!(buy(CAROL, BOB, 300));
        assert_eq!((free(ALICE), free(BOB) - offer_deposit()), (alice, bob + 300_000));
    });
}

#[test]
fn first_owner_should_pay_none_on_its_own_sale() {
    build_and_execute(|| {
        assert_ok!(fractionalize(MAX_ROYALTY));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            300,
            10,
            None
        ));
        let alice = free(ALICE);
        assert_ok!(buy(BOB, ALICE, 100));
        assert_eq!((free(ALICE), free(BOB)), (alice + 1_000, ENDOWMENT - 1_000));
    });
}

#[test]
fn first_owner_who_buys_should_get_its_part_back() {
    build_and_execute(|| {
        open_resale(MAX_ROYALTY, 10);
        let (alice, bob) = (free(ALICE), free(BOB));
        assert_ok!(buy(ALICE, BOB, 100));
        assert_eq!((free(ALICE), free(BOB)), (alice - 900, bob + 900));
    });
}

/// Alice's account is gone but for what is on hold; less than the existential deposit would not be hers to keep.
#[test]
fn royalty_that_can_not_be_taken_should_stay_with_the_seller() {
    build_and_execute(|| {
        open_resale(MAX_ROYALTY, 10);
        System::inc_providers(&ALICE);
        let all = free(ALICE);
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
                &ALICE,
                &DAVE,
                all,
                frame_support::traits::tokens::Preservation::Expendable
            )
        );
        assert_eq!(free(ALICE), 0);
        let bob = free(BOB);
        assert_ok!(buy(CAROL, BOB, 99));
        assert_eq!((free(ALICE), free(BOB)), (0, bob + 990));
        // From the existential deposit on it is.
        assert_ok!(buy(CAROL, BOB, 100));
        assert_eq!((free(ALICE), free(BOB)), (100, bob + 990 + 900));
    });
}

#[test]
fn buyer_should_keep_the_existential_deposit_beside_both_parts() {
    build_and_execute(|| {
        open_resale(MAX_ROYALTY, 10);
        Balances::set_balance(&CAROL, 1_000 + ED - 1);
        assert_noop!(buy(CAROL, BOB, 100), TokenError::NotExpendable);
        Balances::set_balance(&CAROL, 1_000 + ED);
        assert_ok!(buy(CAROL, BOB, 100));
        assert_eq!(free(CAROL), ED);
    });
}

/// It goes with the vault: who fractionalizes next is the first owner of that one.
#[test]
fn royalty_should_end_with_the_vault() {
    build_and_execute(|| {
        assert_ok!(fractionalize(MAX_ROYALTY));
        give_fractions(BOB, SUPPLY);
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(BOB), GPU));
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(BOB),
            GPU,
            SUPPLY,
            NO_ROYALTY
        ));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(BOB),
            GPU,
            300,
            10,
            None
        ));
        let alice = free(ALICE);
        assert_ok!(buy(CAROL, BOB, 300));
        assert_eq!(free(ALICE), alice);
    });
}
