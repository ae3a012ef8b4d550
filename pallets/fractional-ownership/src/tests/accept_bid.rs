// SPDX-License-Identifier: Apache-2.0

use super::*;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

/// Alice has nine tenths, and Carol bids.
fn open_bid() {
    open_vault();
    give_fractions(BOB, 100);
    assert_ok!(bid(CAROL, PRICE));
    System::reset_events();
}

#[test]
fn who_has_nine_tenths_should_open_the_auction_with_the_bid_that_stands() {
    build_and_execute(|| {
        open_bid();
        assert_ok!(accept_bid(ALICE, PRICE));
        let ends_at = 1 + PERIOD;
        assert_eq!(highest().unwrap().ends_at, Some(ends_at));
        assert_eq!(
            events(),
            [Event::AuctionOpened {
                asset: GPU,
                bidder: CAROL,
                price: PRICE,
                ends_at
            }]
        );
        assert_noop!(withdraw_bid(CAROL), Error::AuctionRunning);
        assert_noop!(accept_bid(ALICE, PRICE), Error::AuctionRunning);
    });
}

#[test]
fn who_has_less_should_be_refused() {
    build_and_execute(|| {
        open_bid();
        assert_noop!(accept_bid(BOB, PRICE), Error::TooFewFractions);
        assert_noop!(accept_bid(DAVE, PRICE), Error::TooFewFractions);
        give_fractions(BOB, 1);
        assert_noop!(accept_bid(ALICE, PRICE), Error::TooFewFractions);
    });
}

/// Whatever the bidder does while the order is under way.
#[test]
fn bid_below_what_is_accepted_should_be_refused() {
    build_and_execute(|| {
        open_bid();
        assert_noop!(accept_bid(ALICE, PRICE + 1), Error::BidTooLow);
        assert_ok!(withdraw_bid(CAROL));
        assert_noop!(accept_bid(ALICE, PRICE), Error::NoBid);
        assert_ok!(bid(CAROL, MINIMUM_BID));
        assert_noop!(accept_bid(ALICE, PRICE), Error::BidTooLow);
    });
}

#[test]
fn whole_and_sold_assets_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(accept_bid(ALICE, 0), Error::NotFractionalized);
        open_bid();
        assert_ok!(accept_bid(ALICE, PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_noop!(accept_bid(ALICE, 0), Error::AssetSold);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_bid();
        assert_noop!(
            FractionalOwnership::accept_bid(RuntimeOrigin::none(), GPU, 0),
            DispatchError::BadOrigin
        );
    });
}
