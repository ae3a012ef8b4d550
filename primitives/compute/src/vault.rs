// SPDX-License-Identifier: Apache-2.0
//! Where the life of a vault, and the powers of an asset's owner, cross between pallets.

use crate::AssetId;
use alloc::vec::Vec;
use frame_support::sp_runtime::{DispatchError, DispatchResult, Perbill};
use frame_support::weights::Weight;

/// What an asset's holders decide about its sale as a whole.
pub trait Sale {
    type Balance;
    /// Sets the price from which on a bid for the whole asset opens an auction. `None`: no bid does so by itself.
    fn set_reserve(asset: AssetId, reserve: Option<Self::Balance>) -> DispatchResult;
    /// Opens the auction with the standing bid, whatever the reserve. Fails if there is none, or if it is below `price`.
    fn accept_bid(asset: AssetId, price: Self::Balance) -> DispatchResult;
}

/// What an asset was sold for, and who has a part of it.
pub trait Cash<AccountId> {
    type Balance;
    /// Whether the asset was sold as a whole, and some of its fractions, which are claims on the cash now, are left.
    fn is_sold(asset: AssetId) -> bool;
    /// Burns the free fractions that `who` has of a sold asset and pays their part of the cash to `payee`. Answers how much that was.
    ///
    /// A payee other than `who` is paid at once or this fails: it would not know of a debt.
    fn cash_out(asset: AssetId, who: &AccountId, payee: &AccountId) -> Result<Self::Balance, DispatchError>;
}

/// Told when an asset is not owned in fractions any more, before its holders are paid.
pub trait OnVaultClosed {
    fn on_vault_closed(asset: AssetId) -> DispatchResult;

    /// What this weighs at most where the asset was sold, beyond what a benchmark of the sale meets.
    fn weight_of_sale() -> Weight {
        Weight::zero()
    }
}

/// An owner's powers over an asset's registry entry, for those who decide in the owner's name.
pub trait Stewardship<AccountId> {
    /// Names the operator to be, or withdraws the nomination.
    fn nominate_operator(asset: AssetId, nominee: Option<AccountId>) -> DispatchResult;
    /// Sets the address of the NFT's JSON.
    fn set_uri(asset: AssetId, uri: Vec<u8>) -> DispatchResult;
}

/// Sets what an asset's operator takes of its income.
pub trait OperatorFees {
    /// Within the bounds that hold for an owner.
    fn set_operator_fee(asset: AssetId, fee: Perbill) -> DispatchResult;
}

impl Sale for () {
    type Balance = u128;
    fn set_reserve(_: AssetId, _: Option<u128>) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn accept_bid(_: AssetId, _: u128) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

impl<AccountId> Cash<AccountId> for () {
    type Balance = u128;
    fn is_sold(_: AssetId) -> bool {
        false
    }
    fn cash_out(_: AssetId, _: &AccountId, _: &AccountId) -> Result<u128, DispatchError> {
        Err(DispatchError::Unavailable)
    }
}

impl OnVaultClosed for () {
    fn on_vault_closed(_: AssetId) -> DispatchResult {
        Ok(())
    }
}

/// In order; the first error ends it.
impl<A: OnVaultClosed, B: OnVaultClosed> OnVaultClosed for (A, B) {
    fn on_vault_closed(asset: AssetId) -> DispatchResult {
        A::on_vault_closed(asset)?;
        B::on_vault_closed(asset)
    }

    fn weight_of_sale() -> Weight {
        A::weight_of_sale().saturating_add(B::weight_of_sale())
    }
}

impl<AccountId> Stewardship<AccountId> for () {
    fn nominate_operator(_: AssetId, _: Option<AccountId>) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
    fn set_uri(_: AssetId, _: Vec<u8>) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

impl OperatorFees for () {
    fn set_operator_fee(_: AssetId, _: Perbill) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}
