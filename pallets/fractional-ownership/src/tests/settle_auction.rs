// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_primitives::{AssetStatus, Holdings, InspectAsset};
use frame_support::traits::fungible::{Mutate as _, MutateFreeze as _};
use frame_support::traits::fungibles::Mutate as _;
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn burn_all(who: AccountId) {
    let (free, _) = fractions(GPU, who.clone());
    let (expendable, exact, polite) = (Preservation::Expendable, Precision::Exact, Fortitude::Polite);
    assert_ok!(FractionalOwnership::burn_from(
        GPU, &who, free, expendable, exact, polite
    ));
}

#[test]
fn winner_should_get_the_nft_and_the_holders_the_cash() {
    build_and_execute(|| {
        open_shared_vault();
        win(CAROL, PRICE);

        assert_ok!(settle_auction());

        assert_eq!(Twin::owner(GPU), Some(CAROL));
        assert_eq!((free(CAROL), deposited(CAROL)), (ENDOWMENT - 90_000, 0));
        // Hers are burnt, for they were a part of the price.
        assert_eq!(fractions(GPU, CAROL), (0, 0));
        let vault = the_vault().unwrap();
        assert_eq!((vault.supply, vault.holders), (900, 2));
        assert_eq!((vault.cash, vault.reserve), (Some(90_000), None));
        assert_eq!((free(escrow()), deposited(escrow())), (0, 90_000));
        assert_eq!(highest(), None);
        assert_eq!(
            events(),
            [Event::Sold {
                asset: GPU,
                buyer: CAROL,
                price: PRICE,
                proceeds: 90_000,
                claims: 900
            }]
        );
    });
}

/// What has vested until the sale is the holders', the winner's fractions among them.
#[test]
fn income_should_be_settled_while_the_fractions_share() {
    build_and_execute(|| {
        open_shared_vault();
        win(CAROL, PRICE);
        assert_ok!(settle_auction());
        assert_eq!(
            steps(),
            [
                Step::Touch {
                    asset: GPU,
                    owner: escrow(),
                    supply: Some(SUPPLY)
                },
                settle(GPU, CAROL, 100, 0),
                Step::Withdraw {
                    asset: GPU,
                    vault: escrow(),
                    beneficiary: CAROL
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
fn fractions_of_a_sold_asset_should_share_no_income() {
    build_and_execute(|| {
        open_shared_vault();
        sell(CAROL, PRICE);
        assert_eq!(<FractionalOwnership as Holdings<_>>::supply(GPU), None);
        assert_eq!(<FractionalOwnership as Holdings<_>>::outstanding(GPU), 900);
        assert_eq!(<FractionalOwnership as Holdings<_>>::balance(GPU, &BOB), 300);
    });
}

#[test]
fn claims_should_be_cashed_and_not_traded() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(BOB),
            GPU,
            100,
            5,
            None
        ));
        sell(CAROL, PRICE);
        // Else a holder could move them from account to account, before each attempt to cash them.
        assert_noop!(
            FractionalOwnership::transfer(RuntimeOrigin::signed(ALICE), GPU, DAVE, 1),
            Error::AssetSold
        );
        // A pool lets them out, a lender takes its security.
        assert_ok!(
            <FractionalOwnership as frame_support::traits::fungibles::Mutate<_>>::transfer(
                GPU,
                &ALICE,
                &DAVE,
                1,
                Preservation::Expendable
            )
        );
        assert_noop!(
            FractionalOwnership::offer(RuntimeOrigin::signed(ALICE), GPU, 1, 5, None),
            Error::AssetSold
        );
        // An order for a part of a device should not buy a part of a sum.
        assert_noop!(
            FractionalOwnership::buy(RuntimeOrigin::signed(ALICE), GPU, BOB, 1, 5, SUPPLY),
            Error::AssetSold
        );
        assert_ok!(FractionalOwnership::cancel_offer(RuntimeOrigin::signed(BOB), GPU));
        assert_noop!(
            FractionalOwnership::mint_into(GPU, &BOB, 1),
            sp_runtime::TokenError::Blocked
        );
    });
}

#[test]
fn winner_who_had_all_should_leave_nothing_behind() {
    build_and_execute(|| {
        open_vault();
        give_fractions(BOB, SUPPLY);
        win(BOB, PRICE);
        assert_ok!(settle_auction());
        assert_eq!(Twin::owner(GPU), Some(BOB));
        assert_eq!(stored_keys(), 0);
        assert_eq!((free(ALICE), free(BOB)), (ENDOWMENT, ENDOWMENT));
        assert_eq!((deposited(ALICE), deposited(BOB)), (0, 0));
        assert!(!System::account_exists(&escrow()));
        assert_eq!(events().last(), Some(&Event::VaultClosed { asset: GPU }));
    });
}

/// Another pallet burnt what the others had.
#[test]
fn winner_who_has_all_in_the_end_should_get_its_money_back() {
    build_and_execute(|| {
        open_shared_vault();
        win(CAROL, PRICE);
        burn_all(ALICE);
        burn_all(BOB);
        assert_ok!(settle_auction());
        assert_eq!(Twin::owner(GPU), Some(CAROL));
        assert_eq!((free(CAROL), deposited(CAROL)), (ENDOWMENT, 0));
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn auction_for_no_fractions_should_come_to_nothing() {
    build_and_execute(|| {
        open_vault();
        win(BOB, PRICE);
        burn_all(ALICE);
        assert_ok!(settle_auction());
        assert_eq!((free(BOB), deposited(BOB)), (ENDOWMENT, 0));
        assert_eq!(highest(), None);
        assert_eq!(Twin::owner(GPU), Some(escrow()));
        assert_ok!(FractionalOwnership::redeem(RuntimeOrigin::signed(ALICE), GPU));
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn fractions_that_the_winner_got_after_its_bid_should_be_paid_like_the_others() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(CAROL, PRICE));
        give_fractions(CAROL, 300);
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_eq!(fractions(GPU, CAROL), (300, 0));
        assert_ok!(cash_out(CAROL));
        assert_eq!(free(CAROL), ENDOWMENT - 90_000 + 30_000);
    });
}

#[test]
fn winner_s_frozen_account_should_not_stop_it() {
    build_and_execute(|| {
        open_shared_vault();
        assert_ok!(set_reserve(Some(PRICE)));
        assert_ok!(bid(CAROL, PRICE));
        let vote = FreezeReason::Vote.into();
        assert_ok!(Balances::set_freeze(&vote, &CAROL, Balance::MAX));
        assert_ok!(
            <FractionalOwnership as frame_support::traits::fungibles::MutateFreeze<_>>::set_freeze(
                GPU, &vote, &CAROL, 100
            )
        );
        advance(PERIOD);
        assert_ok!(settle_auction());
        assert_eq!(free(CAROL), ENDOWMENT - 90_000);
        assert_eq!(crate::Freezes::<Test>::iter().count(), 0);
    });
}

/// A device that goes dark, loses its operator or is slashed is worth less; nobody's money is locked for that.
#[test]
fn what_becomes_of_the_device_should_not_stop_it() {
    for status in [
        AssetStatus::Provisional,
        AssetStatus::Active,
        AssetStatus::Offline,
        // The vault is the owner, and can't retire: this can't be. If it were, nothing would be locked all the same.
        AssetStatus::Retired,
    ] {
        build_and_execute(|| {
            open_shared_vault();
            assert_ok!(set_reserve(Some(PRICE)));
            assert_ok!(bid(CAROL, PRICE));
            twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().status = status);
            assert_ok!(bid(BOB, 2 * PRICE));
            advance(PERIOD);
            assert_ok!(settle_auction());
            assert_ok!(cash_out_for(ALICE));
            assert_ok!(cash_out_for(CAROL));
            assert_eq!(stored_keys(), 0);
        });
    }
}

#[test]
fn auction_that_runs_or_only_stands_should_not_be_settled() {
    build_and_execute(|| {
        assert_noop!(settle_auction(), Error::NotFractionalized);
        open_shared_vault();
        assert_noop!(settle_auction(), Error::NoBid);
        assert_ok!(bid(BOB, PRICE));
        assert_noop!(settle_auction(), Error::NoAuction);
        assert_ok!(set_reserve(Some(PRICE)));
        System::set_block_number(PERIOD);
        assert_noop!(settle_auction(), Error::AuctionRunning);
        System::set_block_number(PERIOD + 1);
        assert_ok!(settle_auction());
        assert_noop!(settle_auction(), Error::AssetSold);
    });
}

#[test]
fn siblings_that_fail_should_leave_nothing() {
    build_and_execute(|| {
        open_shared_vault();
        win(CAROL, PRICE);
        let_settlement_fail(CAROL);
        assert_noop!(settle_auction(), SETTLEMENT_FAILED);
        let_settlement_pass(CAROL);
        twin::Opposes::<Test>::insert(GPU, ());
        assert_noop!(settle_auction(), CLOSING_FAILED);
        twin::Opposes::<Test>::remove(GPU);
        twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = false);
        assert_noop!(settle_auction(), DispatchError::BadOrigin);
        twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().lien = true);
        assert_ok!(settle_auction());
    });
}

/// Whatever others gave the vault's account: money, money that is frozen, a reference.
#[test]
fn account_of_the_vault_should_take_the_cash_whatever_it_has() {
    build_and_execute(|| {
        open_shared_vault();
        Balances::set_balance(&escrow(), 5_000);
        assert_ok!(Balances::set_freeze(&FreezeReason::Vote.into(), &escrow(), 5_000));
        assert_ok!(System::inc_consumers(&escrow()));
        sell(CAROL, PRICE);
        assert_eq!((free(escrow()), deposited(escrow())), (5_000, 90_000));
        assert_ok!(cash_out_for(ALICE));
        assert_ok!(cash_out_for(BOB));
        assert_eq!((free(escrow()), deposited(escrow())), (5_000, 0));
        assert_eq!(stored_keys(), 0);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_shared_vault();
        win(CAROL, PRICE);
        assert_noop!(
            FractionalOwnership::settle_auction(RuntimeOrigin::none(), GPU),
            DispatchError::BadOrigin
        );
    });
}
