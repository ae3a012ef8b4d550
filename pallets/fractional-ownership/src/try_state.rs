// SPDX-License-Identifier: Apache-2.0
//! What must hold between two calls, one function an invariant.

use crate::types::AccountIdOf;
use crate::{
    Accounts, BalanceOf, Bids, Config, Freezes, HoldReason, Holds, Offers, Owed, Pallet, Vaults, MAX_ROYALTY,
};
use alloc::collections::btree_map::BTreeMap;
use compute_primitives::{AssetId, InspectAsset};
use frame_support::ensure;
use frame_support::traits::fungible::InspectHold as _;
use frame_support::traits::fungibles::InspectHold as _;
use frame_support::traits::Get;
use sp_runtime::traits::{CheckedAdd, Zero};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the ledger.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_vaults_have_their_nft()?;
        Self::check_sold_assets_left_their_vaults()?;
        Self::check_accounts_add_up_to_supply()?;
        Self::check_holds_add_up()?;
        Self::check_freezes()?;
        Self::check_offers_are_on_hold()?;
        Self::check_bids_are_on_hold()?;
        Self::check_standing_bids_are_below_the_reserve()?;
        Self::check_cash_is_there_to_the_last_unit()
    }

    /// Where there is a vault, the NFT is in its account, unless the asset was sold; the supply is within bounds.
    ///
    /// That no NFT is in a vault's account without a vault is for the calls alone to keep: anyone may send an NFT to an address.
    fn check_vaults_have_their_nft() -> Result<(), TryRuntimeError> {
        for (asset, vault) in Vaults::<T>::iter() {
            ensure!(
                vault.is_sold() || T::Assets::owner(asset) == Some(Self::vault_account(asset)),
                "a vault without its NFT"
            );
            ensure!(vault.royalty <= MAX_ROYALTY, "a royalty above its bound");
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

    /// Of a sold asset the vault has no NFT, no bid and no reserve price any more.
    fn check_sold_assets_left_their_vaults() -> Result<(), TryRuntimeError> {
        for (asset, vault) in Vaults::<T>::iter().filter(|(_, vault)| vault.is_sold()) {
            ensure!(
                T::Assets::owner(asset) != Some(Self::vault_account(asset)),
                "a sold asset is still in its vault"
            );
            ensure!(!Bids::<T>::contains_key(asset), "a bid for a sold asset");
            ensure!(vault.reserve.is_none(), "a reserve price of a sold asset");
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

    /// What bidders have on hold for it is what they bid, in fractions and in currency.
    fn check_bids_are_on_hold() -> Result<(), TryRuntimeError> {
        let reason = HoldReason::Buyout.into();
        let mut payments: BTreeMap<AccountIdOf<T>, BalanceOf<T>> = BTreeMap::new();
        for (asset, bid) in Bids::<T>::iter() {
            ensure!(Vaults::<T>::contains_key(asset), "a bid without a vault");
            ensure!(
                bid.price >= T::MinimumBid::get(),
                "a bid below the least that is taken"
            );
            ensure!(
                Self::balance_on_hold(asset, &reason, &bid.bidder) == bid.fractions,
                "the fractions of a bid are not on hold"
            );
            let sum = payments.entry(bid.bidder).or_default();
            *sum = sum.checked_add(&bid.payment).ok_or("the bids overflow")?;
        }
        for (bidder, sum) in payments {
            ensure!(
                T::Currency::balance_on_hold(&reason, &bidder) == sum,
                "the money of a bid is not on hold"
            );
        }
        for (asset, who) in Holds::<T>::iter_keys() {
            ensure!(
                Self::balance_on_hold(asset, &reason, &who).is_zero()
                    || Bids::<T>::get(asset).is_some_and(|bid| bid.bidder == who),
                "fractions on hold for no bid"
            );
        }
        Ok(())
    }

    /// A bid at or above the reserve opens an auction.
    fn check_standing_bids_are_below_the_reserve() -> Result<(), TryRuntimeError> {
        for (asset, bid) in Bids::<T>::iter().filter(|(_, bid)| bid.ends_at.is_none()) {
            ensure!(
                !Vaults::<T>::get(asset).is_some_and(|vault| vault.is_reserve(bid.price)),
                "a bid at the reserve opened no auction"
            );
        }
        Ok(())
    }

    /// A vault's account has on hold what the holders of a sold asset share, and what is owed to those who could not take theirs.
    fn check_cash_is_there_to_the_last_unit() -> Result<(), TryRuntimeError> {
        let mut due: BTreeMap<AssetId, BalanceOf<T>> = BTreeMap::new();
        for (asset, vault) in Vaults::<T>::iter() {
            due.insert(asset, vault.cash.unwrap_or_default());
        }
        for (asset, _, owed) in Owed::<T>::iter() {
            ensure!(!owed.is_zero(), "nothing is owed to someone");
            let sum = due.entry(asset).or_default();
            *sum = sum.checked_add(&owed).ok_or("what is owed overflows")?;
        }
        for (asset, due) in due {
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Buyout.into(), &Self::vault_account(asset)) == due,
                "the cash is not what is due"
            );
        }
        Ok(())
    }
}
