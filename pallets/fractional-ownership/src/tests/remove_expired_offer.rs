// SPDX-License-Identifier: Apache-2.0
//! Offers that end by themselves.

use super::*;
use crate::{OfferTerms, Offers};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult};

/// The first block in which the offer is over.
const END: u64 = 10;

fn offer(amount: Balance, expires_at: Option<u64>) -> DispatchResult {
    dispatch(|| FractionalOwnership::offer(RuntimeOrigin::signed(ALICE), GPU, amount, 5, expires_at))
}

fn buy(amount: Balance) -> DispatchResult {
    dispatch(|| FractionalOwnership::buy(RuntimeOrigin::signed(BOB), GPU, ALICE, amount, 5, SUPPLY))
}

fn remove(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::remove_expired_offer(RuntimeOrigin::signed(who), GPU, ALICE))
}

/// Alice offers 400 until block 10.
fn open_offer() {
    open_vault();
    assert_ok!(offer(400, Some(END)));
    System::reset_events();
}

#[test]
fn offer_should_be_bought_from_until_it_expires() {
    build_and_execute(|| {
        open_offer();
        System::set_block_number(END - 1);
        assert_ok!(buy(100));
        System::set_block_number(END);
        assert_noop!(buy(100), Error::OfferExpired);
        System::set_block_number(END + 1);
        assert_noop!(buy(100), Error::OfferExpired);
        assert_eq!(fractions(GPU, ALICE), (600, 300));
    });
}

#[test]
fn anyone_should_remove_an_expired_offer() {
    build_and_execute(|| {
        open_offer();
        assert_ok!(buy(100));
        System::set_block_number(END);
        System::reset_events();
        steps();

        assert_ok!(remove(CAROL));

        assert_eq!(fractions(GPU, ALICE), (900, 0));
        assert_eq!(deposited(ALICE), vault_deposit());
        assert!(!Offers::<Test>::contains_key(GPU, ALICE));
        assert_eq!(steps(), []);
        assert_eq!(
            events(),
            [Event::OfferExpired {
                asset: GPU,
                seller: ALICE,
                amount: 300
            }]
        );
        assert_noop!(remove(CAROL), Error::NoOffer);
    });
}

#[test]
fn offer_that_stands_should_not_be_removed_by_others() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(remove(BOB), Error::NoOffer);
        assert_ok!(offer(400, Some(END)));
        System::set_block_number(END - 1);
        assert_noop!(remove(BOB), Error::OfferStands);
        assert_noop!(remove(ALICE), Error::OfferStands);
        assert_ok!(offer(400, None));
        System::set_block_number(1_000_000);
        assert_noop!(remove(BOB), Error::OfferStands);
        assert_ok!(buy(1));
    });
}

#[test]
fn expiry_that_has_passed_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        System::set_block_number(END);
        assert_noop!(offer(400, Some(0)), Error::ExpiryPassed);
        assert_noop!(offer(400, Some(END - 1)), Error::ExpiryPassed);
        // It would be over in the block in which it is made.
        assert_noop!(offer(400, Some(END)), Error::ExpiryPassed);
        assert_ok!(offer(400, Some(END + 1)));
        assert_ok!(buy(1));
    });
}

#[test]
fn seller_should_end_or_renew_an_expired_offer() {
    build_and_execute(|| {
        open_offer();
        System::set_block_number(END);
        assert_ok!(offer(200, Some(END + 5)));
        assert_eq!(deposited(ALICE), vault_deposit() + offer_deposit());
        assert_ok!(buy(50));
        System::set_block_number(END + 5);
        assert_ok!(FractionalOwnership::cancel_offer(
            RuntimeOrigin::signed(ALICE),
            GPU
        ));
        assert_eq!(fractions(GPU, ALICE), (950, 0));
        assert_eq!(deposited(ALICE), vault_deposit());
    });
}

#[test]
fn expiry_should_be_shown() {
    build_and_execute(|| {
        open_offer();
        assert_eq!(
            FractionalOwnership::standing_offer(GPU, ALICE),
            Some(OfferTerms {
                seller: ALICE,
                amount: 400,
                unit_price: 5,
                expires_at: Some(END)
            })
        );
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_offer();
        System::set_block_number(END);
        assert_noop!(
            FractionalOwnership::remove_expired_offer(RuntimeOrigin::none(), GPU, ALICE),
            DispatchError::BadOrigin
        );
    });
}
