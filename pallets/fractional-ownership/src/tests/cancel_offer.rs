// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::Offers;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult};

fn cancel(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::cancel_offer(RuntimeOrigin::signed(who), GPU))
}

#[test]
fn unsold_fractions_and_deposit_should_come_back() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_ok!(FractionalOwnership::buy(
            RuntimeOrigin::signed(BOB),
            GPU,
            ALICE,
            100,
            5,
            SUPPLY
        ));
        steps();
        System::reset_events();

        assert_ok!(cancel(ALICE));

        assert_eq!(fractions(GPU, ALICE), (900, 0));
        assert!(!Offers::<Test>::contains_key(GPU, ALICE));
        assert_eq!(deposited(ALICE), vault_deposit());
        assert_eq!(steps(), []);
        assert_eq!(
            events(),
            [Event::OfferCancelled {
                asset: GPU,
                seller: ALICE,
                amount: 300
            }]
        );
    });
}

#[test]
fn cancelled_offer_should_leave_no_storage() {
    build_and_execute(|| {
        open_vault();
        let before = stored_keys();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_eq!(stored_keys(), before + 2);
        assert_ok!(cancel(ALICE));
        assert_eq!(stored_keys(), before);
    });
}

#[test]
fn who_has_no_offer_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(cancel(ALICE), Error::NoOffer);
        open_vault();
        assert_noop!(cancel(ALICE), Error::NoOffer);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_noop!(cancel(BOB), Error::NoOffer);
        assert_ok!(cancel(ALICE));
        assert_noop!(cancel(ALICE), Error::NoOffer);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            FractionalOwnership::cancel_offer(RuntimeOrigin::none(), GPU),
            DispatchError::BadOrigin
        );
    });
}
