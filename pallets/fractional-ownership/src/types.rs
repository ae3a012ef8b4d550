// SPDX-License-Identifier: Apache-2.0
//! The records of the ledger.

use crate::Config;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{fungible, tokens::IdAmount, VariantCountOf};
use frame_support::BoundedVec;
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use sp_runtime::traits::CheckedAdd;
use sp_runtime::{ArithmeticError, Perbill};

/// The most fractions that an asset may have: 2^64.
///
/// Income per fraction is kept in units of 2^-64, so with more fractions a unit of income could vanish between them.
pub const MAX_SUPPLY: u128 = 1 << 64;

/// The most that the first owner may take of a resale.
pub const MAX_ROYALTY: Perbill = Perbill::from_percent(10);

/// An asset that is owned in fractions, whose NFT is in the vault's account; or one that was sold as a whole, whose cash is there.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Vault<AccountId, Balance, BlockNumber, Ticket> {
    /// Fractions issued: what all holders have together, free and on hold.
    pub supply: Balance,
    /// Accounts that have at least one fraction.
    pub holders: u64,
    /// The block in which the asset was fractionalized.
    pub opened_at: BlockNumber,
    /// Who fractionalized it and paid the storage deposit, which goes back there in the end.
    pub depositor: AccountId,
    /// The storage deposit.
    pub ticket: Ticket,
    /// What the depositor, the first owner, gets of what others sell their fractions for.
    pub royalty: Perbill,
    /// The price from which on a bid for the whole asset opens an auction. `None`: no bid does so by itself.
    pub reserve: Option<Balance>,
    /// What is left of the proceeds of a sale, for those who have a fraction left. `None`: the asset is owned in fractions.
    pub cash: Option<Balance>,
}

impl<AccountId, Balance: PartialOrd, BlockNumber, Ticket> Vault<AccountId, Balance, BlockNumber, Ticket> {
    /// Whether the asset was sold as a whole, and its fractions are claims on the cash.
    pub fn is_sold(&self) -> bool {
        self.cash.is_some()
    }

    /// Whether `price` opens an auction by itself.
    pub fn is_reserve(&self, price: Balance) -> bool {
        self.reserve.as_ref().is_some_and(|reserve| price >= *reserve)
    }
}

/// A bid for a whole asset: the highest so far.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Bid<AccountId, Balance, BlockNumber> {
    pub bidder: AccountId,
    /// For the whole asset.
    pub price: Balance,
    /// Currency that the bidder pays, on hold in its account.
    pub payment: Balance,
    /// Fractions of the bidder that count as payment, on hold.
    pub fractions: Balance,
    /// The first block in which the auction is over. `None`: the bid stands, and no auction runs.
    pub ends_at: Option<BlockNumber>,
}

impl<AccountId, Balance, BlockNumber: PartialOrd> Bid<AccountId, Balance, BlockNumber> {
    /// Whether its auction is over, so that it has won.
    pub fn has_ended(&self, now: BlockNumber) -> bool {
        self.ends_at.as_ref().is_some_and(|end| *end <= now)
    }
}

/// One holder's fractions of one asset. Stored only while there is at least one.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AccountData<Balance> {
    /// Fractions that the holder disposes of, as far as they are not frozen.
    pub free: Balance,
    /// Fractions on hold, for all reasons together. They still earn for the holder.
    pub held: Balance,
    /// What free and held together may not fall below: the largest of the freezes.
    pub frozen: Balance,
}

impl<Balance: CheckedAdd> AccountData<Balance> {
    /// All fractions of the holder: those that earn.
    pub fn total(&self) -> Result<Balance, ArithmeticError> {
        self.free.checked_add(&self.held).ok_or(ArithmeticError::Overflow)
    }
}

/// A standing offer to sell fractions at a fixed price.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Offer<Balance, BlockNumber, Ticket> {
    /// Fractions not sold yet, all of them on hold.
    pub amount: Balance,
    /// Price of one fraction, in the chain's smallest unit of currency.
    pub unit_price: Balance,
    /// The first block in which nothing of it can be bought any more. `None`: it stands until the seller ends it.
    pub expires_at: Option<BlockNumber>,
    /// The seller's storage deposit.
    pub ticket: Ticket,
}

impl<Balance, BlockNumber: PartialOrd, Ticket> Offer<Balance, BlockNumber, Ticket> {
    pub fn has_expired(&self, now: BlockNumber) -> bool {
        self.expires_at.as_ref().is_some_and(|end| *end <= now)
    }
}

/// Amounts of fractions and of currency.
pub type BalanceOf<T> = <<T as Config>::Currency as fungible::Inspect<AccountIdOf<T>>>::Balance;

pub type AccountDataOf<T> = AccountData<BalanceOf<T>>;
pub type VaultOf<T> =
    Vault<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>, <T as Config>::VaultConsideration>;
pub type OfferOf<T> = Offer<BalanceOf<T>, BlockNumberFor<T>, <T as Config>::OfferConsideration>;
pub type BidOf<T> = Bid<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
pub type HoldsOf<T> = BoundedVec<
    IdAmount<<T as Config>::RuntimeHoldReason, BalanceOf<T>>,
    VariantCountOf<<T as Config>::RuntimeHoldReason>,
>;
pub type FreezesOf<T> = BoundedVec<
    IdAmount<<T as Config>::RuntimeFreezeReason, BalanceOf<T>>,
    VariantCountOf<<T as Config>::RuntimeFreezeReason>,
>;
pub(crate) type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
