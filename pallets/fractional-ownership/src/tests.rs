// SPDX-License-Identifier: Apache-2.0
//! Tests by call and by trait. Each ends with every invariant checked.

mod accept_bid;
mod accesses;
mod attacks;
mod bid;
mod buy;
mod cancel_offer;
mod cash_out;
mod claim_owed;
mod conformance;
mod fractionalize;
mod freezes;
mod fungibles;
mod holds;
mod offer;
mod properties;
mod redeem;
mod remove_expired_offer;
mod royalty;
mod sale;
mod settle_auction;
mod transfer;
mod try_state;
mod views;
mod ways_out;
mod withdraw_bid;

use crate::mock::*;
use crate::{Accounts, BidOf, Bids, Event, Pallet, VaultOf, Vaults};
use compute_primitives::{AssetId, Sale};
use frame_support::assert_ok;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungible::{Inspect as _, InspectHold as _};
use sp_runtime::{DispatchResult, Perbill};

pub type Error = crate::Error<Test>;

pub const SUPPLY: Balance = 1_000;
pub const NO_ROYALTY: Perbill = Perbill::from_percent(0);
/// For the whole GPU.
pub const PRICE: Balance = 100_000;

/// As the runtime dispatches a call: what fails leaves nothing.
fn dispatch(call: impl FnOnce() -> DispatchResult) -> DispatchResult {
    with_storage_layer(call)
}

/// All fractions of the GPU in Alice's hands, with its sale open and no steps taken so far.
fn open_vault() {
    assert_ok!(FractionalOwnership::fractionalize(
        RuntimeOrigin::signed(ALICE),
        GPU,
        SUPPLY,
        NO_ROYALTY
    ));
    steps();
    System::reset_events();
}

/// The vault is open, and Alice has 600 fractions of it, Bob 300, Carol 100.
fn open_shared_vault() {
    open_vault();
    give_fractions(BOB, 300);
    give_fractions(CAROL, 100);
    steps();
    System::reset_events();
}

fn give_fractions(who: AccountId, amount: Balance) {
    assert_ok!(FractionalOwnership::transfer(
        RuntimeOrigin::signed(ALICE),
        GPU,
        who,
        amount
    ));
}

fn advance(blocks: u64) {
    System::set_block_number(System::block_number() + blocks);
}

fn bid(who: AccountId, price: Balance) -> DispatchResult {
    dispatch(|| FractionalOwnership::bid(RuntimeOrigin::signed(who), GPU, price))
}

fn withdraw_bid(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::withdraw_bid(RuntimeOrigin::signed(who), GPU))
}

fn accept_bid(who: AccountId, price: Balance) -> DispatchResult {
    dispatch(|| FractionalOwnership::accept_bid(RuntimeOrigin::signed(who), GPU, price))
}

/// By someone who has nothing to do with it.
fn settle_auction() -> DispatchResult {
    dispatch(|| FractionalOwnership::settle_auction(RuntimeOrigin::signed(DAVE), GPU))
}

fn cash_out(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::cash_out(RuntimeOrigin::signed(who), GPU))
}

/// By someone who has nothing to do with it.
fn cash_out_for(who: AccountId) -> DispatchResult {
    dispatch(|| FractionalOwnership::cash_out_for(RuntimeOrigin::signed(DAVE), GPU, who))
}

fn set_reserve(reserve: Option<Balance>) -> DispatchResult {
    <FractionalOwnership as Sale>::set_reserve(GPU, reserve)
}

/// `who` bids at the reserve, and the auction is over.
fn win(who: AccountId, price: Balance) {
    assert_ok!(set_reserve(Some(price)));
    assert_ok!(bid(who, price));
    advance(PERIOD);
    steps();
    System::reset_events();
}

/// `who` gets the GPU.
fn sell(who: AccountId, price: Balance) {
    win(who, price);
    assert_ok!(settle_auction());
    steps();
    System::reset_events();
}

fn highest() -> Option<BidOf<Test>> {
    Bids::<Test>::get(GPU)
}

fn the_vault() -> Option<VaultOf<Test>> {
    Vaults::<Test>::get(GPU)
}

/// What is left of the GPU's proceeds.
fn cash() -> Option<Balance> {
    the_vault()?.cash
}

/// The account that holds the proceeds.
fn escrow() -> AccountId {
    FractionalOwnership::vault_account(GPU)
}

/// (free, held)
fn fractions(asset: AssetId, who: AccountId) -> (Balance, Balance) {
    Accounts::<Test>::get(asset, who).map_or((0, 0), |account| (account.free, account.held))
}

/// Currency free.
fn free(who: AccountId) -> Balance {
    Balances::balance(&who)
}

/// Currency on hold.
fn deposited(who: AccountId) -> Balance {
    Balances::total_balance_on_hold(&who)
}

fn vault_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::vault_footprint().size)
}

fn offer_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::offer_footprint().size)
}

/// This pallet's events since the last reset.
fn events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::FractionalOwnership(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Keys in the storage of this pallet.
fn stored_keys() -> usize {
    let prefix = sp_io::hashing::twox_128(b"FractionalOwnership");
    let mut key = prefix.to_vec();
    let mut count = 0;
    while let Some(next) = sp_io::storage::next_key(&key) {
        if !next.starts_with(&prefix) {
            break;
        }
        key = next;
        count += 1;
    }
    count
}
