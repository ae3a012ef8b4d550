// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::{Bid, BidTerms};
use frame_support::traits::fungible::{Mutate as _, MutateFreeze as _};
use frame_support::traits::fungibles::{Mutate as _, MutateFreeze as _, MutateHold as _};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError, TokenError};

const VOTE: RuntimeFreezeReason = RuntimeFreezeReason::Twin(FreezeReason::Vote);

#[test]
fn money_should_go_on_hold_for_the_others_fractions_only() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(bid(CAROL, PRICE));

        // A tenth of it is her own.
        assert_eq!((free(CAROL), deposited(CAROL)), (ENDOWMENT - 90_000, 90_000));
        assert_eq!(fractions(GPU, CAROL), (0, 100));
        assert_eq!(
            highest(),
            Some(Bid {
                bidder: CAROL,
                price: PRICE,
                payment: 90_000,
                fractions: 100,
                ends_at: None
            })
        );
        assert_eq!(steps(), []);
        assert_eq!(
            events(),
            [Event::BidPlaced {
                asset: GPU,
                bidder: CAROL,
                price: PRICE,
                payment: 90_000,
                fractions: 100
            }]
        );
    });
}

#[test]
fn payment_should_be_raised() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 1);
        assert_ok!(bid(BOB, 1_001));
        // 999.999 at least.
        assert_eq!(deposited(BOB), 1_000);
    });
}

#[test]
fn bid_below_the_reserve_should_stand() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(bid(BOB, PRICE));
        assert_eq!(highest().unwrap().ends_at, None);
        assert_ok!(withdraw_bid(BOB));
        assert_ok!(set_reserve(Some(PRICE + 1)));
        assert_ok!(bid(BOB, PRICE));
        assert_eq!(highest().unwrap().ends_at, None);
        advance(10 * PERIOD);
        assert_noop!(settle_auction(), Error::NoAuction);
    });
}

#[test]
fn bid_at_the_reserve_should_open_an_auction() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        System::reset_events();
        assert_ok!(bid(BOB, PRICE));
        let ends_at = 1 + PERIOD;
        assert_eq!(highest().unwrap().ends_at, Some(ends_at));
        assert_eq!(
            events()[1..],
            [Event::AuctionOpened {
                asset: GPU,
                bidder: BOB,
                price: PRICE,
                ends_at
            }]
        );
    });
}

#[test]
fn outbid_money_and_fractions_should_be_free_at_once() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(BOB, PRICE));
        assert_eq!((deposited(BOB), fractions(GPU, BOB)), (70_000, (0, 300)));
        System::reset_events();

        assert_ok!(bid(CAROL, 105_000));

        assert_eq!((free(BOB), deposited(BOB)), (ENDOWMENT, 0));
        assert_eq!(fractions(GPU, BOB), (300, 0));
        assert_eq!(
            events()[0],
            Event::BidReleased {
                asset: GPU,
                bidder: BOB,
                price: PRICE
            }
        );
        assert_eq!(highest().unwrap().bidder, CAROL);
        assert_eq!(highest().unwrap().ends_at, Some(1 + PERIOD));
    });
}

#[test]
fn bid_should_be_an_increment_above_the_one_before() {
    build_and_execute(|| {
        open_shared_vault();
        assert_eq!(FractionalOwnership::least_bid(GPU), Some(MINIMUM_BID));
        assert_noop!(bid(BOB, MINIMUM_BID - 1), Error::BidTooLow);
        assert_ok!(bid(BOB, MINIMUM_BID));
        assert_eq!(FractionalOwnership::least_bid(GPU), Some(1_050));
        assert_noop!(bid(CAROL, 1_049), Error::BidTooLow);
        assert_ok!(bid(CAROL, 1_050));
        // Also above one's own.
        assert_eq!(FractionalOwnership::least_bid(GPU), Some(1_103));
        assert_noop!(bid(CAROL, 1_102), Error::BidTooLow);
        assert_ok!(bid(CAROL, 1_103));
    });
}

#[test]
fn bidder_should_raise_its_own_bid_with_the_money_of_the_former() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(bid(BOB, 600_000));
        assert_ok!(bid(BOB, 900_000));
        assert_eq!((free(BOB), deposited(BOB)), (100_000, 900_000));
        // And commits what it has by now.
        give_fractions(BOB, 500);
        assert_ok!(bid(BOB, 1_000_000));
        assert_eq!((free(BOB), deposited(BOB)), (500_000, 500_000));
        assert_eq!(fractions(GPU, BOB), (0, 500));
    });
}

#[test]
fn late_bid_should_prolong_the_auction() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(BOB, PRICE));
        let end = 1 + PERIOD;
        System::set_block_number(end - EXTENSION);
        assert_ok!(bid(CAROL, 110_000));
        assert_eq!(highest().unwrap().ends_at, Some(end));
        System::set_block_number(end - 1);
        System::reset_events();
        assert_ok!(bid(BOB, 120_000));
        let ends_at = end - 1 + EXTENSION;
        assert_eq!(highest().unwrap().ends_at, Some(ends_at));
        assert_eq!(
            events().last(),
            Some(&Event::AuctionExtended { asset: GPU, ends_at })
        );
    });
}

#[test]
fn auction_that_is_over_should_take_no_bid() {
    build_and_execute(|| {
        open_shared_vault();
        win(BOB, PRICE);
        assert_noop!(bid(CAROL, 2 * PRICE), Error::AuctionEnded);
        assert_noop!(bid(BOB, 2 * PRICE), Error::AuctionEnded);
        assert_eq!(FractionalOwnership::least_bid(GPU), None);
        assert_ok!(settle_auction());
        assert_noop!(bid(CAROL, 2 * PRICE), Error::AssetSold);
        assert_eq!(FractionalOwnership::least_bid(GPU), None);
    });
}

#[test]
fn who_has_nine_tenths_should_open_an_auction_without_a_reserve() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 101);
        assert_ok!(bid(ALICE, MINIMUM_BID));
        assert_eq!(highest().unwrap().ends_at, None);
        assert_ok!(withdraw_bid(ALICE));
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(BOB),
            GPU,
            ALICE,
            1
        ));
        assert_ok!(bid(ALICE, MINIMUM_BID));
        assert_eq!(highest().unwrap().ends_at, Some(1 + PERIOD));
        assert_eq!(deposited(ALICE), vault_deposit() + 100);
    });
}

/// What she offers is hers until it is sold; it is bought from her like the others'.
#[test]
fn fractions_on_hold_should_count_for_the_threshold_and_not_as_payment() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 100);
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            500,
            5,
            None
        ));
        assert_ok!(bid(ALICE, 10_000));
        let bid = highest().unwrap();
        assert_eq!((bid.fractions, bid.payment), (400, 6_000));
        assert!(bid.ends_at.is_some());
    });
}

#[test]
fn bid_with_all_fractions_should_cost_no_money() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(bid(ALICE, PRICE));
        assert_eq!(highest().unwrap().payment, 0);
        assert_eq!(deposited(ALICE), vault_deposit());
    });
}

/// So it can always be set free, and paid into an account that has nothing.
#[test]
fn payment_should_never_be_dust() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 1);
        assert_ok!(bid(ALICE, MINIMUM_BID));
        assert_eq!(highest().unwrap().payment, ED);
    });
}

#[test]
fn frozen_fractions_should_be_committed_too() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(FractionalOwnership::set_freeze(GPU, &VOTE, &CAROL, 100));
        assert_ok!(bid(CAROL, PRICE));
        assert_eq!(highest().unwrap().fractions, 100);
        assert_ok!(bid(BOB, 2 * PRICE));
        assert_eq!(fractions(GPU, CAROL), (100, 0));
        assert_eq!(FractionalOwnership::account(GPU, CAROL).frozen, 100);
    });
}

/// What could keep money from being set free must not keep an auction from going on.
#[test]
fn outbid_bidder_should_get_its_money_whatever_became_of_its_account() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(set_reserve(Some(MINIMUM_BID)));
        let others = Preservation::Expendable;

        // All its other money is gone, down to the existential deposit.
        assert_ok!(bid(BOB, 2_000));
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
                &BOB,
                &CAROL,
                ENDOWMENT - 2_000 - ED,
                others
            )
        );
        assert_ok!(bid(CAROL, 3_000));
        assert_eq!((free(BOB), deposited(BOB)), (ED + 2_000, 0));

        // It is frozen, all of it and more.
        Balances::set_balance(&BOB, 50_000);
        assert_ok!(bid(BOB, 4_000));
        assert_ok!(Balances::set_freeze(&VOTE, &BOB, Balance::MAX));
        assert_ok!(bid(CAROL, 5_000));
        assert_eq!((free(BOB), deposited(BOB)), (50_000, 0));
        assert_ok!(Balances::thaw(&VOTE, &BOB));

        // Another part of the runtime keeps the account alive, and nothing of it is free.
        System::inc_providers(&BOB);
        assert_ok!(bid(BOB, 6_000));
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(&BOB, &CAROL, 44_000, others)
        );
        assert_eq!((free(BOB), deposited(BOB)), (0, 6_000));
        assert_ok!(bid(CAROL, 7_000));
        assert_eq!((free(BOB), deposited(BOB)), (6_000, 0));

        // The least payment there is, into an account with nothing else.
        assert_ok!(withdraw_all(BOB));
        give_fractions(BOB, 999);
        Balances::set_balance(&BOB, 2 * ED);
        assert_ok!(bid(BOB, 8_000));
        assert_eq!(highest().unwrap().payment, ED);
        assert_ok!(
            <Balances as frame_support::traits::fungible::Mutate<_>>::transfer(&BOB, &CAROL, ED, others)
        );
        assert_eq!((free(BOB), deposited(BOB)), (0, ED));
        assert_ok!(bid(CAROL, 9_000));
        assert_eq!((free(BOB), deposited(BOB)), (ED, 0));
        assert_eq!(fractions(GPU, BOB), (999, 0));
    });
}

fn withdraw_all(who: AccountId) -> Result<(), DispatchError> {
    let (exact, polite) = (Precision::Exact, Fortitude::Polite);
    Balances::burn_from(&who, free(who.clone()), Preservation::Expendable, exact, polite).map(drop)
}

#[test]
fn bidder_should_keep_the_existential_deposit_and_what_is_frozen() {
    build_and_execute(|| {
        open_vault();
        Balances::set_balance(&BOB, PRICE + ED - 1);
        assert_noop!(bid(BOB, PRICE), TokenError::FundsUnavailable);
        Balances::set_balance(&BOB, PRICE + ED);
        assert_ok!(Balances::set_freeze(&VOTE, &BOB, ED + 1));
        assert_noop!(bid(BOB, PRICE), TokenError::FundsUnavailable);
        assert_ok!(Balances::set_freeze(&VOTE, &BOB, ED));
        assert_ok!(bid(BOB, PRICE));
    });
}

#[test]
fn who_has_no_currency_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(bid(DAVE, PRICE), TokenError::FundsUnavailable);
    });
}

/// The outbid one's money is set free before it shows that the caller has none: all of that is undone.
#[test]
fn bid_that_fails_should_leave_the_former() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(bid(BOB, PRICE));
        assert_noop!(bid(DAVE, 2 * PRICE), TokenError::FundsUnavailable);
        assert_noop!(bid(CAROL, Balance::MAX), TokenError::FundsUnavailable);
    });
}

#[test]
fn numbers_without_end_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        Bids::<Test>::insert(
            GPU,
            Bid {
                bidder: BOB,
                price: Balance::MAX,
                payment: 0,
                fractions: 0,
                ends_at: None,
            },
        );
        assert_noop!(bid(CAROL, Balance::MAX), ArithmeticError::Overflow);
        Bids::<Test>::remove(GPU);
    });
}

#[test]
fn asset_without_fractions_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(bid(BOB, PRICE), Error::NotFractionalized);
        open_vault();
        assert_ok!(FractionalOwnership::burn_from(
            GPU,
            &ALICE,
            SUPPLY,
            Preservation::Expendable,
            Precision::Exact,
            Fortitude::Polite
        ));
        assert_noop!(bid(BOB, PRICE), Error::NoFractions);
        assert_eq!(FractionalOwnership::least_bid(GPU), None);
    });
}

#[test]
fn fractions_on_hold_for_another_should_stay_out_of_it() {
    build_and_execute(|| {
        open_shared_vault();
        let loan = twin::HoldReason::Loan.into();
        assert_ok!(FractionalOwnership::hold(GPU, &loan, &BOB, 200));
        assert_ok!(bid(BOB, PRICE));
        assert_eq!(highest().unwrap().fractions, 100);
        assert_eq!(fractions(GPU, BOB), (0, 300));
        assert_ok!(withdraw_bid(BOB));
        assert_eq!(fractions(GPU, BOB), (100, 200));
    });
}

#[test]
fn highest_bid_should_be_shown() {
    build_and_execute(|| {
        open_shared_vault();
        assert_eq!(FractionalOwnership::highest_bid(GPU), None);
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(CAROL, PRICE));
        assert_eq!(
            FractionalOwnership::highest_bid(GPU),
            Some(BidTerms {
                bidder: CAROL,
                price: PRICE,
                payment: 90_000,
                fractions: 100,
                ends_at: Some(1 + PERIOD)
            })
        );
        assert_eq!(FractionalOwnership::vault(GPU).unwrap().reserve, Some(PRICE));
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            FractionalOwnership::bid(RuntimeOrigin::none(), GPU, PRICE),
            DispatchError::BadOrigin
        );
    });
}
