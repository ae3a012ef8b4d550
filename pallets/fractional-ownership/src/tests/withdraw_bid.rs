// SPDX-License-Identifier: Apache-2.0

use super::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn standing_bid_should_be_taken_back() {
    build_and_execute(|| {
        open_shared_vault();
        let before = stored_keys();
        assert_ok!(bid(CAROL, PRICE));
        System::reset_events();
        assert_ok!(withdraw_bid(CAROL));
        assert_eq!((free(CAROL), deposited(CAROL)), (ENDOWMENT, 0));
        assert_eq!(fractions(GPU, CAROL), (100, 0));
        assert_eq!((highest(), stored_keys()), (None, before));
        assert_eq!(steps(), []);
        assert_eq!(
            events(),
            [Event::BidReleased {
                asset: GPU,
                bidder: CAROL,
                price: PRICE
            }]
        );
    });
}

#[test]
fn highest_bid_of_an_auction_should_bind() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(CAROL, PRICE));
        assert_noop!(withdraw_bid(CAROL), Error::AuctionRunning);
        advance(PERIOD);
        assert_noop!(withdraw_bid(CAROL), Error::AuctionRunning);
    });
}

#[test]
fn bid_of_another_and_no_bid_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(withdraw_bid(CAROL), Error::NoBid);
        open_shared_vault();
        assert_noop!(withdraw_bid(CAROL), Error::NoBid);
        assert_ok!(bid(CAROL, PRICE));
        assert_noop!(withdraw_bid(BOB), Error::NotBidder);
        // Who is outbid has nothing to take back.
        assert_ok!(bid(BOB, 2 * PRICE));
        assert_noop!(withdraw_bid(CAROL), Error::NotBidder);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(bid(CAROL, PRICE));
        assert_noop!(
            FractionalOwnership::withdraw_bid(RuntimeOrigin::none(), GPU),
            DispatchError::BadOrigin
        );
    });
}
