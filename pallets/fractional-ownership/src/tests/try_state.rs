// SPDX-License-Identifier: Apache-2.0
//! Each check notices what it is there for.

use super::*;
use crate::{Freezes, Holds, Offers, Owed, Vaults, MAX_ROYALTY, MAX_SUPPLY};
use frame_support::traits::fungibles::{MutateFreeze, MutateHold};
use frame_support::traits::tokens::IdAmount;
use sp_runtime::TryRuntimeError;

/// What is said after `spoil` is done to a vault of Alice's with an offer, a hold and a freeze, and with Bob as second holder.
fn said(spoil: impl FnOnce()) -> &'static str {
    new_test_ext().execute_with(|| {
        open_vault();
        assert_ok!(FractionalOwnership::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            BOB,
            300
        ));
        assert_ok!(FractionalOwnership::offer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            200,
            5,
            None
        ));
        assert_ok!(FractionalOwnership::hold(
            GPU,
            &twin::HoldReason::Loan.into(),
            &ALICE,
            100
        ));
        assert_ok!(FractionalOwnership::set_freeze(
            GPU,
            &FreezeReason::Vote.into(),
            &ALICE,
            50
        ));
        check();
        spoil();
        match FractionalOwnership::do_try_state() {
            Err(TryRuntimeError::Other(said)) => said,
            other => panic!("nothing was noticed: {other:?}"),
        }
    })
}

fn change_vault(change: impl FnOnce(&mut crate::VaultOf<Test>)) {
    Vaults::<Test>::mutate(GPU, |vault| change(vault.as_mut().unwrap()));
}

fn change_account(who: AccountId, change: impl FnOnce(&mut crate::AccountDataOf<Test>)) {
    Accounts::<Test>::mutate(GPU, who, |account| change(account.as_mut().unwrap()));
}

fn change_offer(change: impl FnOnce(&mut crate::OfferOf<Test>)) {
    Offers::<Test>::mutate(GPU, ALICE, |offer| change(offer.as_mut().unwrap()));
}

fn hold_of(amount: Balance) -> IdAmount<RuntimeHoldReason, Balance> {
    IdAmount {
        id: twin::HoldReason::Auction.into(),
        amount,
    }
}

#[test]
fn spoilt_vault_should_be_noticed() {
    assert_eq!(
        said(|| twin::Nfts::<Test>::remove(GPU)),
        "a vault without its NFT"
    );
    assert_eq!(
        said(|| change_vault(|vault| vault.supply = MAX_SUPPLY + 1)),
        "a supply above the most there can be"
    );
    assert_eq!(
        said(|| change_vault(|vault| vault.opened_at = 1_000)),
        "a vault from the future"
    );
    assert_eq!(
        said(|| change_vault(|vault| vault.supply += 1)),
        "the fractions are not the supply"
    );
    assert_eq!(
        said(|| change_vault(|vault| vault.holders += 1)),
        "the holders are miscounted"
    );
}

#[test]
fn spoilt_account_should_be_noticed() {
    assert_eq!(
        said(|| change_account(BOB, |account| account.free -= 1)),
        "the fractions are not the supply"
    );
    assert_eq!(
        said(|| change_account(BOB, |account| account.free = 0)),
        "an account without fractions"
    );
    assert_eq!(
        said(|| Accounts::<Test>::remove(GPU, BOB)),
        "the fractions are not the supply"
    );
    assert_eq!(said(|| Vaults::<Test>::remove(GPU)), "an account without a vault");
    let vault_itself = || {
        let bobs = Accounts::<Test>::take(GPU, BOB).unwrap();
        Accounts::<Test>::insert(GPU, FractionalOwnership::vault_account(GPU), bobs);
    };
    assert_eq!(said(vault_itself), "a vault holds its own fractions");
}

#[test]
fn spoilt_hold_should_be_noticed() {
    let swap = || {
        change_account(ALICE, |account| {
            account.free -= 1;
            account.held += 1;
        })
    };
    assert_eq!(said(swap), "the holds are not what is on hold");
    let push =
        |amount| move || Holds::<Test>::mutate(GPU, ALICE, |holds| holds.try_push(hold_of(amount)).unwrap());
    assert_eq!(said(push(0)), "an empty hold");
    assert_eq!(said(push(1)), "the holds are not what is on hold");
    assert_eq!(said(push(Balance::MAX)), "the holds overflow");
    let orphan = || {
        Holds::<Test>::insert(
            GPU,
            CAROL,
            crate::HoldsOf::<Test>::truncate_from(vec![hold_of(1)]),
        )
    };
    assert_eq!(said(orphan), "a hold without an account");
}

#[test]
fn spoilt_freeze_should_be_noticed() {
    assert_eq!(
        said(|| change_account(ALICE, |account| account.frozen = 0)),
        "the freezes are not what is frozen"
    );
    assert_eq!(
        said(|| Freezes::<Test>::remove(GPU, ALICE)),
        "the freezes are not what is frozen"
    );
    let freezes = |who, amount| {
        let freeze = IdAmount {
            id: FreezeReason::Loan.into(),
            amount,
        };
        move || Freezes::<Test>::insert(GPU, who, crate::FreezesOf::<Test>::truncate_from(vec![freeze]))
    };
    assert_eq!(said(freezes(BOB, 0)), "an empty freeze");
    assert_eq!(said(freezes(CAROL, 1)), "a freeze without an account");
}

#[test]
fn spoilt_offer_should_be_noticed() {
    assert_eq!(said(|| change_offer(|offer| offer.amount = 0)), "an empty offer");
    assert_eq!(
        said(|| change_offer(|offer| offer.unit_price = 0)),
        "an offer for nothing"
    );
    assert_eq!(
        said(|| change_offer(|offer| offer.amount -= 1)),
        "an offer is not on hold"
    );
    assert_eq!(
        said(|| Offers::<Test>::remove(GPU, ALICE)),
        "fractions on hold for no offer"
    );
}

/// The same, with Bob's bid at the reserve if `reserve` says so, and the asset sold to him if `sold` says so.
fn said_of_a_sale(reserve: Option<Balance>, sold: bool, spoil: impl FnOnce()) -> &'static str {
    said(|| {
        assert_ok!(set_reserve(reserve));
        assert_ok!(bid(BOB, PRICE));
        if sold {
            advance(PERIOD);
            assert_ok!(settle_auction());
        }
        check();
        spoil();
    })
}

fn change_bid(change: impl FnOnce(&mut BidOf<Test>)) {
    Bids::<Test>::mutate(GPU, |bid| change(bid.as_mut().unwrap()));
}

#[test]
fn spoilt_royalty_should_be_noticed() {
    let above = Perbill::from_parts(MAX_ROYALTY.deconstruct() + 1);
    assert_eq!(
        said(|| change_vault(|vault| vault.royalty = above)),
        "a royalty above its bound"
    );
}

#[test]
fn spoilt_bid_should_be_noticed() {
    let said = |spoil: &dyn Fn()| said_of_a_sale(None, false, spoil);
    assert_eq!(
        said(&|| change_bid(|bid| bid.price = MINIMUM_BID - 1)),
        "a bid below the least that is taken"
    );
    assert_eq!(
        said(&|| change_bid(|bid| bid.fractions -= 1)),
        "the fractions of a bid are not on hold"
    );
    assert_eq!(
        said(&|| change_bid(|bid| bid.payment -= 1)),
        "the money of a bid is not on hold"
    );
    assert_eq!(
        said(&|| Bids::<Test>::remove(GPU)),
        "fractions on hold for no bid"
    );
    assert_eq!(
        said(&|| Bids::<Test>::insert(RIG, highest().unwrap())),
        "a bid without a vault"
    );
    assert_eq!(
        said(&|| change_vault(|vault| vault.reserve = Some(PRICE))),
        "a bid at the reserve opened no auction"
    );
}

#[test]
fn spoilt_sale_should_be_noticed() {
    let said = |spoil: &dyn Fn()| said_of_a_sale(Some(PRICE), true, spoil);
    let cash = |change: fn(&mut Balance)| move || change_vault(|vault| change(vault.cash.as_mut().unwrap()));
    assert_eq!(said(&cash(|cash| *cash += 1)), "the cash is not what is due");
    assert_eq!(said(&cash(|cash| *cash -= 1)), "the cash is not what is due");
    assert_eq!(
        said(&|| Owed::<Test>::insert(GPU, CAROL, 1)),
        "the cash is not what is due"
    );
    assert_eq!(
        said(&|| Owed::<Test>::insert(GPU, CAROL, 0)),
        "nothing is owed to someone"
    );
    assert_eq!(
        said(&|| change_vault(|vault| vault.reserve = Some(PRICE))),
        "a reserve price of a sold asset"
    );
    assert_eq!(
        said(&|| twin::Nfts::<Test>::mutate(GPU, |nft| nft.as_mut().unwrap().owner = escrow())),
        "a sold asset is still in its vault"
    );
    let bid = crate::Bid {
        bidder: BOB,
        price: PRICE,
        payment: 0,
        fractions: 0,
        ends_at: None,
    };
    assert_eq!(
        said(&|| Bids::<Test>::insert(GPU, bid.clone())),
        "a bid for a sold asset"
    );
}
