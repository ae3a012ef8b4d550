// SPDX-License-Identifier: Apache-2.0
//! What the calls do.

use crate::{
    BalanceOf, Bids, Config, Error, Event, HoldReason, Offer, OfferOf, Offers, Pallet, Vault, VaultOf,
    Vaults, MAX_ROYALTY,
};
use compute_primitives::{AssetId, AssetStatus, Custody, Income, InspectAsset, OnVaultClosed};
use frame_support::ensure;
use frame_support::traits::fungible::{Inspect as _, Mutate as _};
use frame_support::traits::fungibles::{InspectHold as _, Mutate as Fractions};
use frame_support::traits::tokens::{DepositConsequence, Fortitude, Preservation, Provenance};
use frame_support::traits::{Consideration, Footprint};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{CheckedAdd, CheckedMul, CheckedSub, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, Perbill, TokenError};

impl<T: Config> Pallet<T> {
    pub(crate) fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    /// What a vault takes of the storage.
    pub(crate) fn vault_footprint() -> Footprint {
        Footprint::from_mel::<(AssetId, VaultOf<T>)>()
    }

    /// What an offer takes of the storage.
    pub(crate) fn offer_footprint() -> Footprint {
        Footprint::from_mel::<(AssetId, T::AccountId, OfferOf<T>)>()
    }

    pub(crate) fn do_fractionalize(
        asset: AssetId,
        who: T::AccountId,
        supply: BalanceOf<T>,
        royalty: Perbill,
    ) -> DispatchResult {
        ensure!(!supply.is_zero(), Error::<T>::ZeroSupply);
        ensure!(Self::is_within_max_supply(supply), Error::<T>::SupplyTooLarge);
        ensure!(royalty <= MAX_ROYALTY, Error::<T>::RoyaltyTooHigh);
        if let Some(vault) = Vaults::<T>::get(asset) {
            // The fractions of an asset have one id: claims on the last sale must be gone before there are new ones.
            ensure!(!vault.is_sold(), Error::<T>::AssetSold);
            return Err(Error::<T>::AlreadyFractionalized.into());
        }
        let status = T::Assets::status(asset).ok_or(Error::<T>::UnknownAsset)?;
        let owner = T::Assets::owner(asset).ok_or(Error::<T>::UnknownAsset)?;
        ensure!(owner == who, Error::<T>::NotOwner);
        ensure!(status != AssetStatus::Retired, Error::<T>::AssetRetired);

        // What has vested until now is the owner's, who is about to be the vault.
        T::Income::touch(asset)?;
        let ticket = T::VaultConsideration::new(&who, Self::vault_footprint())?;
        let vault = Self::vault_account(asset);
        T::Assets::deposit(asset, &who, &vault)?;
        Vaults::<T>::insert(
            asset,
            Vault {
                supply,
                holders: 0,
                opened_at: Self::now(),
                depositor: who.clone(),
                ticket,
                royalty,
                reserve: None,
                cash: None,
            },
        );
        Self::credit(asset, &who, supply)?;

        Self::deposit_event(Event::Fractionalized {
            asset,
            who,
            supply,
            vault,
            royalty,
        });
        Ok(())
    }

    pub(crate) fn do_transfer(
        asset: AssetId,
        who: &T::AccountId,
        dest: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        // An event of nothing having moved only helps to deceive.
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        // Who moves a claim from account to account, each time before others cash it, could keep a vault from ever closing.
        Self::standing_vault(asset)?;
        <Self as Fractions<_>>::transfer(asset, who, dest, amount, Preservation::Expendable)?;
        Ok(())
    }

    pub(crate) fn do_offer(
        asset: AssetId,
        who: T::AccountId,
        amount: BalanceOf<T>,
        unit_price: BalanceOf<T>,
        expires_at: Option<BlockNumberFor<T>>,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        ensure!(!unit_price.is_zero(), Error::<T>::ZeroPrice);
        ensure!(
            expires_at.is_none_or(|end| end > Self::now()),
            Error::<T>::ExpiryPassed
        );
        // Whoever buys all of it must be able to pay for all of it.
        amount.checked_mul(&unit_price).ok_or(ArithmeticError::Overflow)?;
        Self::standing_vault(asset)?;

        let ticket = match Offers::<T>::get(asset, &who) {
            Some(former) => former.ticket,
            None => T::OfferConsideration::new(&who, Self::offer_footprint())?,
        };
        Self::mutate_hold(asset, &who, &HoldReason::Offer.into(), |free, on_hold| {
            let spare = free.checked_add(on_hold).ok_or(ArithmeticError::Overflow)?;
            *free = spare.checked_sub(&amount).ok_or(TokenError::FundsUnavailable)?;
            *on_hold = amount;
            Ok(())
        })?;
        Offers::<T>::insert(
            asset,
            &who,
            Offer {
                amount,
                unit_price,
                expires_at,
                ticket,
            },
        );

        Self::deposit_event(Event::Offered {
            asset,
            seller: who,
            amount,
            unit_price,
            expires_at,
        });
        Ok(())
    }

    pub(crate) fn do_cancel_offer(asset: AssetId, who: T::AccountId) -> DispatchResult {
        let offer = Offers::<T>::get(asset, &who).ok_or(Error::<T>::NoOffer)?;
        let amount = Self::end_offer(asset, &who, offer)?;
        Self::deposit_event(Event::OfferCancelled {
            asset,
            seller: who,
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_remove_expired_offer(asset: AssetId, seller: T::AccountId) -> DispatchResult {
        let offer = Offers::<T>::get(asset, &seller).ok_or(Error::<T>::NoOffer)?;
        ensure!(offer.has_expired(Self::now()), Error::<T>::OfferStands);
        let amount = Self::end_offer(asset, &seller, offer)?;
        Self::deposit_event(Event::OfferExpired {
            asset,
            seller,
            amount,
        });
        Ok(())
    }

    /// Removes an offer: what is unsold is free again, the deposit goes back. Answers what was unsold.
    pub(crate) fn end_offer(
        asset: AssetId,
        seller: &T::AccountId,
        offer: OfferOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        Self::set_free(asset, seller, &HoldReason::Offer.into(), offer.amount)?;
        Offers::<T>::remove(asset, seller);
        offer.ticket.drop(seller)?;
        Ok(offer.amount)
    }

    pub(crate) fn do_buy(
        asset: AssetId,
        who: T::AccountId,
        seller: T::AccountId,
        amount: BalanceOf<T>,
        max_unit_price: BalanceOf<T>,
        max_supply: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        ensure!(who != seller, Error::<T>::OwnOffer);
        let vault = Self::standing_vault(asset)?;
        ensure!(vault.supply <= max_supply, Error::<T>::SupplyTooHigh);
        let mut offer = Offers::<T>::get(asset, &seller).ok_or(Error::<T>::NoOffer)?;
        ensure!(!offer.has_expired(Self::now()), Error::<T>::OfferExpired);
        ensure!(offer.unit_price <= max_unit_price, Error::<T>::PriceTooHigh);
        let left = offer
            .amount
            .checked_sub(&amount)
            .ok_or(Error::<T>::OfferTooSmall)?;
        let price = amount
            .checked_mul(&offer.unit_price)
            .ok_or(ArithmeticError::Overflow)?;
        ensure!(
            amount <= Self::reducible_total_balance_on_hold(asset, &seller, Fortitude::Polite),
            TokenError::Frozen
        );

        let royalty = Self::royalty(&vault, &seller, price);
        let rest = price.checked_sub(&royalty).ok_or(ArithmeticError::Underflow)?;
        // The buyer's account has to go on: its nonce, and the fees of what it will do with the fractions.
        T::Currency::transfer(&who, &seller, rest, Preservation::Preserve)?;
        if !royalty.is_zero() {
            T::Currency::transfer(&who, &vault.depositor, royalty, Preservation::Preserve)?;
        }
        Self::debit_hold(asset, &seller, &HoldReason::Offer.into(), amount)?;
        Self::credit(asset, &who, amount)?;
        if left.is_zero() {
            Offers::<T>::remove(asset, &seller);
            offer.ticket.drop(&seller)?;
        } else {
            offer.amount = left;
            Offers::<T>::insert(asset, &seller, offer);
        }

        Self::deposit_event(Event::Bought {
            asset,
            seller,
            buyer: who,
            amount,
            price,
            royalty,
            left,
        });
        Ok(())
    }

    /// The first owner's part of what another sells at `price`, floored. Nothing if it can't take it: then the seller keeps all.
    fn royalty(vault: &VaultOf<T>, seller: &T::AccountId, price: BalanceOf<T>) -> BalanceOf<T> {
        if *seller == vault.depositor {
            return Zero::zero();
        }
        let royalty = vault.royalty.mul_floor(price);
        match T::Currency::can_deposit(&vault.depositor, royalty, Provenance::Extant) {
            DepositConsequence::Success => royalty,
            _ => Zero::zero(),
        }
    }

    pub(crate) fn do_redeem(asset: AssetId, who: T::AccountId) -> DispatchResult {
        let vault = Self::standing_vault(asset)?;
        if Bids::<T>::contains_key(asset) {
            // The highest bidder of an auction is bound, so must be the others: the asset is its own, unless it is outbid.
            let bid = Self::standing_bid_of(asset)?;
            Self::release_bid(asset, bid)?;
        }
        let account = Self::account(asset, who.clone());
        // With every fraction burnt no one has all of none: the NFT goes back to where it came from.
        let is_sole_holder = if vault.supply.is_zero() {
            who == vault.depositor
        } else {
            account.total()? == vault.supply
        };
        ensure!(is_sole_holder, Error::<T>::NotSoleHolder);
        ensure!(account.held.is_zero(), Error::<T>::FractionsOnHold);
        ensure!(account.frozen.is_zero(), TokenError::Frozen);

        // While the fractions still stand: what has vested until now is the holder's.
        T::Income::touch(asset)?;
        Self::debit(asset, &who, vault.supply)?;
        Vaults::<T>::remove(asset);
        T::Assets::withdraw(asset, &Self::vault_account(asset), &who)?;
        vault.ticket.drop(&vault.depositor)?;
        T::OnVaultClosed::on_vault_closed(asset)?;

        Self::deposit_event(Event::Redeemed {
            asset,
            who,
            supply: vault.supply,
        });
        Ok(())
    }
}
