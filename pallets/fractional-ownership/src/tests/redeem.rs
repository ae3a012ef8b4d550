// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_primitives::{Holdings, InspectAsset};
use frame_support::traits::fungibles::{Balanced, Mutate, MutateFreeze, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult, TokenError};

fn redeem(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::redeem(RuntimeOrigin::signed(who), GPU))
}

#[test]
fn sole_holder_should_get_the_nft() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            SUPPLY
        ));
        System::reset_events();

        assert_ok!(redeem(BOB));

        assert_eq!(Twin::owner(GPU), Some(BOB));
        assert_eq!(<FractionalOwnership as Holdings<_>>::supply(GPU), None);
        assert_eq!(
            events(),
            [Event::Redeemed {
                asset: GPU,
                who: BOB,
                supply: SUPPLY
            }]
        );
    });
}

#[test]
fn nothing_should_be_left_behind() {
    build_and_execute(|| {
        assert_eq!(stored_keys(), 0);
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            300
        ));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(BOB),
            GPU,
            300,
            5,
            None
        ));
        assert_ok!(FractionalOwnership::buy(
            RuntimeOrigin::signed(CAROL),
            GPU,
            BOB,
            300,
            5,
            SUPPLY
        ));
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(CAROL),
            GPU,
            ALICE,
            300
        ));

        assert_ok!(redeem(ALICE));

        assert_eq!(stored_keys(), 0);
        assert_eq!((deposited(ALICE), deposited(BOB), deposited(CAROL)), (0, 0, 0));
        assert!(!System::account_exists(&FractionalOwnership::vault_account(GPU)));
    });
}

#[test]
fn deposit_should_go_back_to_who_fractionalized() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            SUPPLY
        ));
        assert_ok!(redeem(BOB));
        assert_eq!(free(ALICE), ENDOWMENT);
        assert_eq!(free(BOB), ENDOWMENT);
    });
}

#[test]
fn income_should_be_settled_while_the_vault_stands() {
    build_and_execute(|| {
        open_vault();
        let vault = FractionalOwnership::vault_account(GPU);
        assert_ok!(redeem(ALICE));
        assert_eq!(
            steps(),
            [
                Step::Touch {
                    asset: GPU,
                    owner: vault.clone(),
                    supply: Some(SUPPLY)
                },
                settle(GPU, ALICE, SUPPLY, 0),
                Step::Withdraw {
                    asset: GPU,
                    vault,
                    beneficiary: ALICE
                },
                Step::Closed {
                    asset: GPU,
                    supply: None
                },
            ]
        );
    });
}

#[test]
fn redeemed_asset_should_be_fractionalized_again() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(redeem(ALICE));
        assert_ok!(FractionalOwnership::fractionalize(
            RuntimeOrigin::signed(ALICE),
            GPU,
            5,
            NO_ROYALTY
        ));
        assert_eq!(fractions(GPU, ALICE), (5, 0));
    });
}

#[test]
fn who_has_not_all_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(redeem(BOB), Error::NotSoleHolder);
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            1
        ));
        assert_noop!(redeem(ALICE), Error::NotSoleHolder);
        assert_noop!(redeem(BOB), Error::NotSoleHolder);
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(BOB),
            GPU,
            ALICE,
            1
        ));
        assert_ok!(redeem(ALICE));
    });
}

#[test]
fn whole_asset_should_be_refused() {
    build_and_execute(|| {
        assert_noop!(redeem(ALICE), Error::NotFractionalized);
        open_vault();
        assert_ok!(redeem(ALICE));
        assert_noop!(redeem(ALICE), Error::NotFractionalized);
    });
}

#[test]
fn standing_offer_should_be_cancelled_first() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            400,
            5,
            None
        ));
        assert_noop!(redeem(ALICE), Error::FractionsOnHold);
        assert_ok!(FractionalOwnership::cancel_offer(
            RuntimeOrigin::signed(ALICE),
            GPU
        ));
        assert_ok!(redeem(ALICE));
    });
}

#[test]
fn hold_of_another_should_be_released_first() {
    build_and_execute(|| {
        open_vault();
        let reason = twin::HoldReason::Loan.into();
        assert_ok!(FractionalOwnership::hold(GPU, &reason, &ALICE, 1));
        assert_noop!(redeem(ALICE), Error::FractionsOnHold);
        assert_ok!(FractionalOwnership::release(
            GPU,
            &reason,
            &ALICE,
            1,
            Precision::Exact
        ));
        assert_ok!(redeem(ALICE));
    });
}

#[test]
fn freeze_should_be_thawed_first() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            1
        ));
        assert_noop!(redeem(ALICE), TokenError::Frozen);
        assert_ok!(FractionalOwnership::thaw(GPU, &FreezeReason::Vote.into(), &ALICE));
        assert_ok!(redeem(ALICE));
    });
}

/// Nobody has all of nothing: else anyone could take the NFT.
#[test]
fn vault_whose_fractions_are_all_burnt_should_go_back_to_its_depositor() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            SUPPLY
        ));
        assert_ok!(FractionalOwnership::burn_from(
            GPU,
            &BOB,
            SUPPLY,
            Preservation::Expendable,
            Precision::Exact,
            Fortitude::Polite
        ));
        assert_eq!(<FractionalOwnership as Holdings<_>>::supply(GPU), Some(0));
        for other in [BOB, CAROL, DAVE] {
            assert_noop!(redeem(other), Error::NotSoleHolder);
        }
        assert_ok!(redeem(ALICE));
        assert_eq!(Twin::owner(GPU), Some(ALICE));
        assert_eq!(stored_keys(), 0);
    });
}

/// A pool took them out of Alice's account and has not put them anywhere yet.
#[test]
fn fractions_on_their_way_should_count_as_someone_elses() {
    build_and_execute(|| {
        open_vault();
        let credit = FractionalOwnership::withdraw(
            GPU,
            &ALICE,
            300,
            Precision::Exact,
            Preservation::Expendable,
            Fortitude::Polite,
        )
        .unwrap();
        assert_noop!(redeem(ALICE), Error::NotSoleHolder);
        assert!(FractionalOwnership::resolve(&ALICE, credit).is_ok());
        assert_ok!(redeem(ALICE));
    });
}

/// Who bids for all of it is not bound, and not in the way.
#[test]
fn standing_bid_should_be_set_free() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(bid(BOB, PRICE));
        System::reset_events();
        assert_ok!(redeem(ALICE));
        assert_eq!((free(BOB), deposited(BOB)), (ENDOWMENT, 0));
        assert_eq!(stored_keys(), 0);
        assert_eq!(
            events(),
            [
                Event::BidReleased {
                    asset: GPU,
                    bidder: BOB,
                    price: PRICE
                },
                Event::Redeemed {
                    asset: GPU,
                    who: ALICE,
                    supply: SUPPLY
                }
            ]
        );
    });
}

#[test]
fn fractions_of_ones_own_standing_bid_should_count() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, 800);
        assert_ok!(bid(BOB, PRICE));
        give_fractions(BOB, 200);
        assert_eq!(fractions(GPU, BOB), (200, 800));
        assert_ok!(redeem(BOB));
        assert_eq!((free(BOB), deposited(BOB)), (ENDOWMENT, 0));
        assert_eq!(stored_keys(), 0);
    });
}

/// Else the holder of all would have the highest bidder's money for nothing, as long as it likes.
#[test]
fn running_auction_should_end_first() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(BOB, PRICE));
        assert_noop!(redeem(ALICE), Error::AuctionRunning);
        advance(PERIOD);
        assert_noop!(redeem(ALICE), Error::AuctionRunning);
        assert_ok!(settle_auction());
        assert_noop!(redeem(ALICE), Error::AssetSold);
    });
}

#[test]
fn closing_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(bid(BOB, PRICE));
        twin::Opposes::<Test>::insert(GPU, ());
        assert_noop!(redeem(ALICE), CLOSING_FAILED);
    });
}

#[test]
fn custody_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        open_vault();
        twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = false);
        assert_noop!(redeem(ALICE), DispatchError::BadOrigin);
        twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = true);
    });
}

#[test]
fn settlement_that_fails_should_leave_nothing() {
    build_and_execute(|| {
        open_vault();
        let_settlement_fail(ALICE);
        assert_noop!(redeem(ALICE), SETTLEMENT_FAILED);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            FractionalOwnership::redeem(RuntimeOrigin::none(), GPU),
            DispatchError::BadOrigin
        );
    });
}
