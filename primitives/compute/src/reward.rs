// SPDX-License-Identifier: Apache-2.0
//! Where money crosses between pallets.

use crate::{AssetId, AssetKind, CensusIndex};
use frame_support::sp_runtime::{DispatchError, DispatchResult};

/// A reporter's part of a slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounty<AccountId, Balance> {
    pub reporter: AccountId,
    pub amount: Balance,
}

/// The emission: one pot per census and kind, never minted before it is paid.
///
/// What [`Emission::draw`] takes from the schedule is *outstanding* until it is paid or put back.
pub trait Emission<AccountId> {
    type Balance;
    /// Draws the pot of a census: the scheduled amount, plus a carry-over of at most one scheduled amount.
    fn draw(kind: AssetKind, census: CensusIndex) -> Self::Balance;
    /// Returns to the next pot what a census could not pay. Nothing is minted.
    fn put_back(kind: AssetKind, amount: Self::Balance) -> DispatchResult;
    /// Mints `amount` of what was drawn for `kind` into the asset's vesting stream.
    fn pay(asset: AssetId, kind: AssetKind, amount: Self::Balance) -> DispatchResult;
    /// What of the asset's emission has not vested at this block.
    fn unvested(asset: AssetId) -> Self::Balance;
    /// Takes `amount` of the unvested emission: `bounty` of it goes to the reporter, the rest is burnt.
    ///
    /// Fails, changing nothing, if less than `amount` is unvested or the bounty is more than `amount`.
    fn slash_unvested(
        asset: AssetId,
        amount: Self::Balance,
        bounty: Option<Bounty<AccountId, Self::Balance>>,
    ) -> DispatchResult;
}

/// Keeps every holder's income right while holdings change.
pub trait Income<AccountId> {
    type Balance;
    /// Releases what has vested to those who hold the asset now. Call it before the holder of the NFT changes, or a vault
    /// opens or closes.
    fn touch(asset: AssetId) -> DispatchResult;
    /// Settles `who`, whose fractions are `held` (free and on hold) until now and will be `will_hold`. Call it before the change is
    /// written; touches the asset first.
    fn settle(
        asset: AssetId,
        who: &AccountId,
        held: Self::Balance,
        will_hold: Self::Balance,
    ) -> DispatchResult;
}

/// Takes out what an account has coming that can't claim for itself, and that nobody may pay by pushing.
pub trait Collect<AccountId> {
    type Balance;
    /// Pays what `who` has coming from the asset to `payee`, and answers how much that was. Nothing, if there is nothing.
    fn collect(asset: AssetId, who: &AccountId, payee: &AccountId) -> Result<Self::Balance, DispatchError>;
}

/// Asks who holds an asset's fractions.
pub trait Holdings<AccountId> {
    type Balance;
    /// The fractions that share the asset's income; `None`: none do, the income is the NFT owner's.
    fn supply(asset: AssetId) -> Option<Self::Balance>;
    /// The fractions that someone has, whether they share the income or were left over by a sale: what all balances add up to.
    fn outstanding(asset: AssetId) -> Self::Balance;
    /// Fractions of `who`, free and on hold.
    fn balance(asset: AssetId, who: &AccountId) -> Self::Balance;
}

/// Takes a payment for an asset's services into the waterfall. It does not vest.
pub trait Revenue<AccountId> {
    type Balance;
    fn pay_revenue(asset: AssetId, payer: &AccountId, amount: Self::Balance) -> DispatchResult;
}

impl<AccountId> Emission<AccountId> for () {
    type Balance = u128;
    fn draw(_: AssetKind, _: CensusIndex) -> u128 {
        0
    }
    fn put_back(_: AssetKind, _: u128) -> DispatchResult {
        Ok(())
    }
    fn pay(_: AssetId, _: AssetKind, _: u128) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn unvested(_: AssetId) -> u128 {
        0
    }
    fn slash_unvested(_: AssetId, _: u128, _: Option<Bounty<AccountId, u128>>) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

impl<AccountId> Income<AccountId> for () {
    type Balance = u128;
    fn touch(_: AssetId) -> DispatchResult {
        Ok(())
    }
    fn settle(_: AssetId, _: &AccountId, _: u128, _: u128) -> DispatchResult {
        Ok(())
    }
}

impl<AccountId> Collect<AccountId> for () {
    type Balance = u128;
    fn collect(_: AssetId, _: &AccountId, _: &AccountId) -> Result<u128, DispatchError> {
        Ok(0)
    }
}

impl<AccountId> Holdings<AccountId> for () {
    type Balance = u128;
    fn supply(_: AssetId) -> Option<u128> {
        None
    }
    fn outstanding(_: AssetId) -> u128 {
        0
    }
    fn balance(_: AssetId, _: &AccountId) -> u128 {
        0
    }
}

impl<AccountId> Revenue<AccountId> for () {
    type Balance = u128;
    fn pay_revenue(_: AssetId, _: &AccountId, _: u128) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}
