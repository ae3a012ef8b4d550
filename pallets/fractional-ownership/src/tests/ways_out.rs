// SPDX-License-Identifier: Apache-2.0
//! The README's diagram: from each state someone gets out without an admin, and without those who do not answer.

use super::*;
use compute_primitives::InspectAsset;
use frame_support::assert_ok;
use frame_support::traits::fungible::Mutate as _;

/// Nothing of it is left: no record, no deposit, no hold, no account.
#[track_caller]
fn nothing_is_left() {
    check();
    assert_eq!(stored_keys(), 0);
    for who in [ALICE, BOB, CAROL, DAVE] {
        assert_eq!(deposited(who), 0);
    }
    assert!(!System::account_exists(&escrow()));
}

#[test]
fn owned_in_fractions_by_one() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU));
        nothing_is_left();
    });
}

/// Bob's key is lost, and Alice has the rest.
#[test]
fn owned_by_nine_tenths_and_a_lost_key() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 100);
        assert_ok!(bid(ALICE, PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_eq!(Twin::owner(GPU), Some(ALICE));
        // His part waits for him for ever, in his account.
        assert_ok!(cash_out_for(BOB));
        assert_eq!(free(BOB), ENDOWMENT + 10_000);
        nothing_is_left();
    });
}

/// A pool keeps some fractions for ever: the exit of all others does not need them.
#[test]
fn owned_with_a_pool_that_keeps_its_minimum() {
    build_and_execute(|| {
        open_vault();
        give_fractions(POOL, 71);
        assert_ok!(bid(ALICE, PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_eq!(Twin::owner(GPU), Some(ALICE));
        assert_eq!((cash(), deposited(escrow())), (Some(7_100), 7_100));
        // Whoever speaks for the pool, whenever.
        assert_ok!(cash_out(POOL));
        nothing_is_left();
    });
}

#[test]
fn owned_by_many_who_set_a_reserve() {
    build_and_execute(|| {
        open_shared_vault();
        Balances::set_balance(&DAVE, ENDOWMENT);
        sell(DAVE, PRICE);
        for who in [ALICE, BOB, CAROL] {
            assert_ok!(cash_out(who));
        }
        nothing_is_left();
    });
}

#[test]
fn standing_bid_withdrawn_outbid_accepted_or_redeemed_past() {
    for way in 0..5 {
        build_and_execute(|| {
            open_vault();
            assert_ok!(bid(CAROL, PRICE));
            match way {
                0 => withdraw_bid(CAROL).unwrap(),
                1 => {
                    assert_ok!(bid(BOB, 2 * PRICE));
                    assert_ok!(withdraw_bid(BOB));
                }
                2 => FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU).unwrap(),
                3 => accept_bid(ALICE, PRICE).unwrap(),
                _ => <FractionalOwnership as Sale>::accept_bid(GPU, PRICE).unwrap(),
            }
            match way {
                0 | 1 => FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU).unwrap(),
                2 => {}
                _ => {
                    advance(PERIOD);
                    assert_ok!(settle_auction());
                    assert_ok!(cash_out_for(ALICE));
                }
            }
            nothing_is_left();
        });
    }
}

/// An auction ends by itself, however long it is bid in; anyone settles it.
#[test]
fn auction() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(set_reserve(Some(MINIMUM_BID)));
        assert_ok!(bid(BOB, MINIMUM_BID));
        let mut turns = 0;
        // Always in the last block, as long as the money lasts.
        loop {
            let last = highest().unwrap().ends_at.unwrap() - 1;
            System::set_block_number(last);
            let least = FractionalOwnership::least_bid(GPU).unwrap();
            let next = if turns % 2 == 0 { CAROL } else { BOB };
            if bid(next, least).is_err() {
                break;
            }
            turns += 1;
        }
        assert!(turns > 100, "only {turns} bids");
        advance(1);
        assert_ok!(settle_auction());
        assert_ok!(cash_out_for(ALICE));
        nothing_is_left();
    });
}

#[test]
fn offer_of_a_lost_key() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 100);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(BOB),
            GPU,
            100,
            5,
            Some(20)
        ));
        advance(20);
        assert_ok!(FractionalOwnership::remove_expired_offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB
        ));
        assert_ok!(bid(ALICE, PRICE));
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_ok!(cash_out_for(BOB));
        nothing_is_left();
    });
}

#[test]
fn cash_that_is_owed() {
    build_and_execute(|| {
        open_vault();
        give_fractions(DAVE, 1);
        sell(CAROL, 50_000);
        assert_ok!(cash_out_for(DAVE));
        assert_ok!(cash_out_for(ALICE));
        Balances::set_balance(&DAVE, ED);
        assert_ok!(FractionalOwnership::claim_owed(
            RuntimeOrigin::signed(BOB),
            GPU,
            DAVE
        ));
        nothing_is_left();
    });
}
