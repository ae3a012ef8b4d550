// SPDX-License-Identifier: Apache-2.0
//! What the calls do about the cash of a sold asset: it waits in the vault's account, on hold, until the fractions are cashed.
//!
//! On hold, since an account may hold any amount, and pay all of it, whatever the existential deposit, freezes or references that
//! others give it; and since what is sent to the account by mistake can then be told apart.

use crate::types::AccountIdOf;
use crate::{math, BalanceOf, Config, Error, Event, HoldReason, Offers, Owed, Pallet, Vaults};
use compute_primitives::AssetId;
use frame_support::ensure;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungible::{Inspect, MutateHold};
use frame_support::traits::tokens::{Fortitude, Precision, Restriction};
use frame_support::traits::{Consideration, Contains};
use frame_system::Pallet as System;
use sp_runtime::traits::{CheckedAdd, CheckedSub, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn wide(amount: BalanceOf<T>) -> Result<u128, ArithmeticError> {
        amount.try_into().map_err(|_| ArithmeticError::Overflow)
    }

    pub(crate) fn from_wide(amount: Option<u128>) -> Result<BalanceOf<T>, ArithmeticError> {
        amount
            .and_then(|amount| amount.try_into().ok())
            .ok_or(ArithmeticError::Overflow)
    }

    /// Lets a vault's account live without free currency, which an account that holds cash must.
    pub(crate) fn open_escrow(account: &AccountIdOf<T>) {
        if System::<T>::providers(account) == 0 {
            System::<T>::inc_providers(account);
        }
    }

    /// Takes the reference back once the account has nothing. Someone may have given it something that refers to it: then it stays.
    fn leave_escrow(account: &AccountIdOf<T>) -> DispatchResult {
        let is_ours = T::Currency::total_balance(account).is_zero() && System::<T>::providers(account) > 0;
        if is_ours && System::<T>::can_dec_provider(account) {
            System::<T>::dec_providers(account)?;
        }
        Ok(())
    }

    /// Whether others than `who` itself may cash its fractions.
    pub(crate) fn ensure_cashable_by_others(asset: AssetId, who: &AccountIdOf<T>) -> DispatchResult {
        ensure!(
            T::CashableByOthers::contains(&(asset, who.clone())),
            Error::<T>::NotCashableByOthers
        );
        Ok(())
    }

    /// Burns what `who` has free of a sold asset and pays its part of the cash to `payee`, who is mostly the same. Answers how much.
    pub(crate) fn do_cash_out(
        asset: AssetId,
        who: &AccountIdOf<T>,
        payee: &AccountIdOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let vault = Vaults::<T>::get(asset).ok_or(Error::<T>::NotFractionalized)?;
        let cash = vault.cash.ok_or(Error::<T>::NotSold)?;
        if let Some(offer) = Offers::<T>::get(asset, who) {
            let amount = Self::end_offer(asset, who, offer)?;
            Self::deposit_event(Event::OfferCancelled {
                asset,
                seller: who.clone(),
                amount,
            });
        }
        // Not what another pallet has on hold, for it may be someone else's security; freezes are the holder's own matter, and
        // what they were for ended with the vault.
        let amount = Self::account(asset, who.clone()).free;
        let payout = if vault.supply.is_zero() {
            // Other pallets burnt every fraction: the cash goes where the NFT would have gone.
            ensure!(*who == vault.depositor, Error::<T>::NothingToCash);
            cash
        } else {
            ensure!(!amount.is_zero(), Error::<T>::NothingToCash);
            Self::from_wide(math::payout(
                Self::wide(cash)?,
                Self::wide(amount)?,
                Self::wide(vault.supply)?,
            ))?
        };

        if !amount.is_zero() {
            Self::debit(asset, who, amount)?;
        }
        // Read only now: there may be a holder less.
        let mut vault = Vaults::<T>::get(asset).ok_or(Error::<T>::NotFractionalized)?;
        vault.supply = vault
            .supply
            .checked_sub(&amount)
            .ok_or(ArithmeticError::Underflow)?;
        vault.cash = Some(cash.checked_sub(&payout).ok_or(ArithmeticError::Underflow)?);
        // All cash went with the last fraction.
        let closes = vault.supply.is_zero();
        if closes {
            Vaults::<T>::remove(asset);
        } else {
            Vaults::<T>::insert(asset, &vault);
        }
        let owed = if payee == who {
            Self::pay_or_owe(asset, payee, payout)?
        } else {
            Self::pay(asset, payee, payout)?;
            false
        };

        Self::deposit_event(Event::CashedOut {
            asset,
            who: who.clone(),
            amount,
            cash: payout,
            owed,
        });
        if closes {
            vault.ticket.drop(&vault.depositor)?;
            Self::leave_escrow(&Self::vault_account(asset))?;
            Self::deposit_event(Event::VaultClosed { asset });
        }
        Ok(payout)
    }

    /// Pays out of the vault's account, or notes a debt if the payee can't take it: no one keeps the others from being paid.
    ///
    /// Answers whether it is owed.
    fn pay_or_owe(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) -> Result<bool, DispatchError> {
        if Self::pay(asset, who, amount).is_ok() {
            return Ok(false);
        }
        Owed::<T>::try_mutate(asset, who, |owed| {
            let sum = owed.unwrap_or_default().checked_add(&amount);
            *owed = Some(sum.ok_or(ArithmeticError::Overflow)?);
            Ok(true)
        })
    }

    /// All or nothing.
    fn pay(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                &HoldReason::Buyout.into(),
                &Self::vault_account(asset),
                who,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
            .map(|_| ())
        })
    }

    pub(crate) fn do_claim_owed(asset: AssetId, who: AccountIdOf<T>) -> DispatchResult {
        let amount = Owed::<T>::take(asset, &who).ok_or(Error::<T>::NothingOwed)?;
        Self::pay(asset, &who, amount)?;
        Self::leave_escrow(&Self::vault_account(asset))?;
        Self::deposit_event(Event::OwedPaid { asset, who, amount });
        Ok(())
    }
}
