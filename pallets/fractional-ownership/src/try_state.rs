// SPDX-License-Identifier: Apache-2.0
//! What must hold between two calls, one function an invariant.

use crate::types::AccountIdOf;
use crate::{Accounts, BalanceOf, Config, Freezes, HoldReason, Holds, Offers, Pallet, Vaults};
use alloc::collections::btree_map::BTreeMap;
use compute_primitives::{AssetId, InspectAsset};
use frame_support::ensure;
use frame_support::traits::fungibles::InspectHold as _;
use sp_runtime::traits::{CheckedAdd, Zero};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the ledger.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_vaults_have_their_nft()?;
        Self::check_accounts_add_up_to_supply()?;
        Self::check_holds_add_up()?;
        Self::check_freezes()?;
        Self::check_offers_are_on_hold()
    }

    /// Where there is a vault, the NFT is in its account, and the supply is within bounds.
    ///
    /// That no NFT is in a vault's account without a vault is for the calls alone to keep: anyone may send an NFT to an address.
    fn check_vaults_have_their_nft() -> Result<(), TryRuntimeError> {
        for (asset, vault) in Vaults::<T>::iter() {
            ensure!(
                T::Assets::owner(asset) == Some(Self::vault_account(asset)),
                "a vault without its NFT"
            );
            ensure!(
                Self::is_within_max_supply(vault.supply),
                "a supply above the most there can be"
            );
            ensure!(
                vault.opened_at <= frame_system::Pallet::<T>::block_number(),
                "a vault from the future"
            );
        }
        Ok(())
    }

    /// The fractions of a vault's holders add up to its supply; no account is empty, counted wrongly or without a vault.
    fn check_accounts_add_up_to_supply() -> Result<(), TryRuntimeError> {
        let mut sums: BTreeMap<AssetId, (BalanceOf<T>, u64)> = BTreeMap::new();
        for (asset, who, account) in Accounts::<T>::iter() {
            let total = account.total()?;
            ensure!(!total.is_zero(), "an account without fractions");
            ensure!(
                who != Self::vault_account(asset),
                "a vault holds its own fractions"
            );
            let (sum, holders) = sums.entry(asset).or_default();
            *sum = sum.checked_add(&total).ok_or("the fractions overflow")?;
            *holders = holders.checked_add(1).ok_or("the holders overflow")?;
        }
        for (asset, vault) in Vaults::<T>::iter() {
            let (sum, holders) = sums.remove(&asset).unwrap_or_default();
            ensure!(sum == vault.supply, "the fractions are not the supply");
            ensure!(holders == vault.holders, "the holders are miscounted");
        }
        ensure!(sums.is_empty(), "an account without a vault");
        Ok(())
    }

    /// An account's holds add up to what it says is on hold; none is empty.
    fn check_holds_add_up() -> Result<(), TryRuntimeError> {
        for (asset, who) in Holds::<T>::iter_keys() {
            ensure!(
                Accounts::<T>::contains_key(asset, who),
                "a hold without an account"
            );
        }
        for (asset, who, account) in Accounts::<T>::iter() {
            let mut sum = BalanceOf::<T>::zero();
            for hold in Holds::<T>::get(asset, &who) {
                ensure!(!hold.amount.is_zero(), "an empty hold");
                sum = sum.checked_add(&hold.amount).ok_or("the holds overflow")?;
            }
            ensure!(sum == account.held, "the holds are not what is on hold");
        }
        Ok(())
    }

    /// An account's floor is the largest of its freezes; none is empty.
    fn check_freezes() -> Result<(), TryRuntimeError> {
        for (asset, who) in Freezes::<T>::iter_keys() {
            ensure!(
                Accounts::<T>::contains_key(asset, who),
                "a freeze without an account"
            );
        }
        for (asset, who, account) in Accounts::<T>::iter() {
            let mut largest = BalanceOf::<T>::zero();
            for freeze in Freezes::<T>::get(asset, &who) {
                ensure!(!freeze.amount.is_zero(), "an empty freeze");
                largest = largest.max(freeze.amount);
            }
            ensure!(largest == account.frozen, "the freezes are not what is frozen");
        }
        Ok(())
    }

    /// What is on hold for offers is what they offer, for every account.
    fn check_offers_are_on_hold() -> Result<(), TryRuntimeError> {
        let on_hold = |asset: AssetId, who: &AccountIdOf<T>| {
            Self::balance_on_hold(asset, &HoldReason::Offer.into(), who)
        };
        for (asset, seller, offer) in Offers::<T>::iter() {
            ensure!(!offer.amount.is_zero(), "an empty offer");
            ensure!(!offer.unit_price.is_zero(), "an offer for nothing");
            ensure!(on_hold(asset, &seller) == offer.amount, "an offer is not on hold");
        }
        for (asset, who) in Holds::<T>::iter_keys() {
            ensure!(
                on_hold(asset, &who).is_zero() || Offers::<T>::contains_key(asset, &who),
                "fractions on hold for no offer"
            );
        }
        Ok(())
    }
}
