// SPDX-License-Identifier: Apache-2.0
//! Reads for the runtime API and for clients. They are paged, so that no answer grows with the number of holders.

use crate::types::AccountIdOf;
use crate::{math, Accounts, BalanceOf, Bids, Config, Offers, Pallet, Vaults};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode};
use compute_primitives::AssetId;
use frame_support::traits::fungibles::Inspect as _;
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use sp_runtime::traits::{CheckedAdd, Zero};
use sp_runtime::Perbill;

/// Entries on a page at most.
pub const MAX_PAGE: u32 = 100;

/// A vault, as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct VaultTerms<AccountId, Balance, BlockNumber> {
    pub supply: Balance,
    /// Accounts that have at least one fraction.
    pub holders: u64,
    pub opened_at: BlockNumber,
    /// Who fractionalized the asset, and gets the storage deposit back in the end.
    pub depositor: AccountId,
    /// The account that has the NFT, or what is left of the cash.
    pub account: AccountId,
    /// What the depositor gets of what others sell their fractions for.
    pub royalty: Perbill,
    /// The price from which on a bid for the whole asset opens an auction.
    pub reserve: Option<Balance>,
    /// What is left of the proceeds, if the asset was sold as a whole.
    pub cash: Option<Balance>,
}

/// The highest bid for a whole asset, as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct BidTerms<AccountId, Balance, BlockNumber> {
    pub bidder: AccountId,
    /// For the whole asset.
    pub price: Balance,
    /// Of the price, what is paid in currency; the bidder's own fractions are the rest.
    pub payment: Balance,
    pub fractions: Balance,
    /// The first block in which the auction is over; `None`: the bid only stands.
    pub ends_at: Option<BlockNumber>,
}

/// A standing offer, as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct OfferTerms<AccountId, Balance, BlockNumber> {
    pub seller: AccountId,
    /// Fractions not sold yet.
    pub amount: Balance,
    /// Price of one fraction, in the smallest unit of currency.
    pub unit_price: Balance,
    /// The first block in which nothing of it can be bought any more.
    pub expires_at: Option<BlockNumber>,
}

/// The supply, holders with what they have (free and on hold), and the next cursor; `None`: this was the last page.
pub type HolderPageOf<T> = (BalanceOf<T>, Vec<(AccountIdOf<T>, BalanceOf<T>)>, Option<Vec<u8>>);

/// Offers, and the next cursor; `None`: this was the last page.
pub type OfferPageOf<T> = (
    Vec<OfferTerms<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>>,
    Option<AccountIdOf<T>>,
);

impl<T: Config> Pallet<T> {
    pub(crate) fn holder_page(
        asset: AssetId,
        cursor: Option<Vec<u8>>,
        limit: u32,
    ) -> Option<HolderPageOf<T>> {
        let supply = Vaults::<T>::get(asset)?.supply;
        let mut entries = match cursor {
            None => Accounts::<T>::iter_key_prefix(asset),
            Some(cursor) => {
                let Ok(after) = AccountIdOf::<T>::decode_all(&mut cursor.as_slice()) else {
                    return Some((supply, Vec::new(), None));
                };
                Accounts::<T>::iter_key_prefix_from(asset, Accounts::<T>::hashed_key_for(asset, after))
            }
        };
        let (page, last) = Self::page(&mut entries, limit);
        let holders = page
            .into_iter()
            .map(|who| {
                let fractions = Self::total_balance(asset, &who);
                (who, fractions)
            })
            .collect();
        Some((supply, holders, last.map(|who| who.encode())))
    }

    pub(crate) fn offer_page(asset: AssetId, cursor: Option<AccountIdOf<T>>, limit: u32) -> OfferPageOf<T> {
        let mut entries = match cursor {
            None => Offers::<T>::iter_key_prefix(asset),
            Some(after) => {
                Offers::<T>::iter_key_prefix_from(asset, Offers::<T>::hashed_key_for(asset, after))
            }
        };
        let (page, last) = Self::page(&mut entries, limit);
        (
            page.into_iter()
                .filter_map(|seller| Self::offer_terms(asset, seller))
                .collect(),
            last,
        )
    }

    /// At most `limit` keys, and the last of them if more follow.
    fn page(
        keys: &mut impl Iterator<Item = AccountIdOf<T>>,
        limit: u32,
    ) -> (Vec<AccountIdOf<T>>, Option<AccountIdOf<T>>) {
        // The count comes first: a zip that ends on its second half has taken one more of its first.
        let page: Vec<_> = (0..limit.clamp(1, MAX_PAGE))
            .zip(keys.by_ref())
            .map(|(_, who)| who)
            .collect();
        let last = keys.next().and_then(|_| page.last().cloned());
        (page, last)
    }

    pub(crate) fn vault_terms(
        asset: AssetId,
    ) -> Option<VaultTerms<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>> {
        let vault = Vaults::<T>::get(asset)?;
        Some(VaultTerms {
            supply: vault.supply,
            holders: vault.holders,
            opened_at: vault.opened_at,
            depositor: vault.depositor,
            account: Self::vault_account(asset),
            royalty: vault.royalty,
            reserve: vault.reserve,
            cash: vault.cash,
        })
    }

    pub(crate) fn bid_terms(
        asset: AssetId,
    ) -> Option<BidTerms<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>> {
        let bid = Bids::<T>::get(asset)?;
        Some(BidTerms {
            bidder: bid.bidder,
            price: bid.price,
            payment: bid.payment,
            fractions: bid.fractions,
            ends_at: bid.ends_at,
        })
    }

    pub(crate) fn least_bid_of(asset: AssetId) -> Option<BalanceOf<T>> {
        let vault = Self::standing_vault(asset).ok()?;
        let bid = Bids::<T>::get(asset);
        if vault.supply.is_zero() || bid.as_ref().is_some_and(|bid| bid.has_ended(Self::now())) {
            return None;
        }
        Self::least(bid.as_ref()).ok()
    }

    pub(crate) fn payable(asset: AssetId, who: &AccountIdOf<T>) -> BalanceOf<T> {
        let payable = || {
            let vault = Vaults::<T>::get(asset)?;
            let cash = Self::wide(vault.cash?).ok()?;
            let offered = Offers::<T>::get(asset, who).map_or_else(Zero::zero, |offer| offer.amount);
            let amount = Self::balance(asset, who).checked_add(&offered)?;
            let payout = math::payout(cash, Self::wide(amount).ok()?, Self::wide(vault.supply).ok()?);
            Self::from_wide(payout).ok()
        };
        payable().unwrap_or_default()
    }

    pub(crate) fn offer_terms(
        asset: AssetId,
        seller: AccountIdOf<T>,
    ) -> Option<OfferTerms<AccountIdOf<T>, BalanceOf<T>, BlockNumberFor<T>>> {
        let offer = Offers::<T>::get(asset, &seller)?;
        Some(OfferTerms {
            seller,
            amount: offer.amount,
            unit_price: offer.unit_price,
            expires_at: offer.expires_at,
        })
    }
}
