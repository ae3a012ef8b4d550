// SPDX-License-Identifier: Apache-2.0
//! What those who decide for the holders may do.

use super::*;
use frame_support::{assert_noop, assert_ok};

fn accept(price: Balance) -> DispatchResult {
    <FractionalOwnership as Sale>::accept_bid(GPU, price)
}

#[test]
fn reserve_should_be_set_and_unset() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_eq!(the_vault().unwrap().reserve, Some(PRICE));
        assert_ok!(set_reserve(None));
        assert_eq!(the_vault().unwrap().reserve, None);
        let set = |reserve| Event::ReserveSet { asset: GPU, reserve };
        assert_eq!(events(), [set(Some(PRICE)), set(None)]);
        assert_ok!(bid(BOB, 2 * PRICE));
        assert_eq!(highest().unwrap().ends_at, None);
    });
}

#[test]
fn reserve_lowered_to_a_standing_bid_should_open_the_auction() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE + 1)));
        assert_ok!(bid(BOB, PRICE));
        assert_ok!(set_reserve(Some(PRICE)));
        assert_eq!(highest().unwrap().ends_at, Some(1 + PERIOD));
        // A running auction does not mind.
        assert_ok!(set_reserve(Some(10 * PRICE)));
        assert_ok!(set_reserve(None));
        assert_eq!(highest().unwrap().ends_at, Some(1 + PERIOD));
        advance(PERIOD);
        assert_ok!(settle_auction());
    });
}

#[test]
fn bid_below_the_reserve_should_be_accepted() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(10 * PRICE)));
        assert_noop!(accept(PRICE), Error::NoBid);
        assert_ok!(bid(BOB, PRICE));
        assert_noop!(accept(PRICE + 1), Error::BidTooLow);
        assert_ok!(accept(PRICE));
        assert_eq!(highest().unwrap().ends_at, Some(1 + PERIOD));
        assert_noop!(accept(PRICE), Error::AuctionRunning);
    });
}

#[test]
fn whole_and_sold_assets_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(set_reserve(Some(PRICE)), Error::NotFractionalized);
        assert_noop!(accept(0), Error::NotFractionalized);
        open_shared_vault();
        sell(BOB, PRICE);
        assert_noop!(set_reserve(Some(PRICE)), Error::AssetSold);
        assert_noop!(accept(0), Error::AssetSold);
    });
}
