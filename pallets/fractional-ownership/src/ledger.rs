// SPDX-License-Identifier: Apache-2.0
//! The only place that writes fractions: income is settled first, then the change is written.

use crate::types::{AccountIdOf, MAX_SUPPLY};
use crate::{AccountDataOf, Accounts, BalanceOf, Config, Freezes, Holds, Pallet, Vaults};
use compute_primitives::{AssetId, Income};
use frame_support::ensure;
use frame_support::traits::tokens::IdAmount;
use frame_support::traits::Get;
use sp_runtime::traits::{AccountIdConversion, CheckedAdd, CheckedSub, Zero};
use sp_runtime::{ArithmeticError, DispatchError, TokenError};

impl<T: Config> Pallet<T> {
    /// The account that has the NFT of a fractionalized asset. It has no key, holds no fractions and needs no currency.
    pub fn vault_account(asset: AssetId) -> T::AccountId {
        T::PalletId::get().into_sub_account_truncating(asset)
    }

    /// Whether so many fractions may exist.
    pub(crate) fn is_within_max_supply(amount: BalanceOf<T>) -> bool {
        // What a u128 can't hold is beyond 2^64 too.
        amount.try_into().is_ok_and(|amount: u128| amount <= MAX_SUPPLY)
    }

    /// Changes the fractions of `who`. The income is settled before anything is written, unless their number stays.
    ///
    /// On an error nothing of the ledger has changed.
    pub(crate) fn mutate_account<R>(
        asset: AssetId,
        who: &AccountIdOf<T>,
        change: impl FnOnce(&mut AccountDataOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        let mut vault = Vaults::<T>::get(asset).ok_or(TokenError::UnknownAsset)?;
        let stored = Accounts::<T>::get(asset, who);
        let existed = stored.is_some();
        let mut account = stored.unwrap_or_default();

        let held = account.total()?;
        let result = change(&mut account)?;
        let will_hold = account.total()?;

        if will_hold > held {
            ensure!(Self::is_within_max_supply(will_hold), ArithmeticError::Overflow);
            // No one could ever take them out again, and all fractions are needed to redeem.
            ensure!(*who != Self::vault_account(asset), TokenError::Blocked);
            // Claims on cash may leave an account that only it can cash, such as a pool's, but not enter it: else they could be kept
            // there, and the vault from closing.
            if vault.is_sold() {
                Self::ensure_cashable_by_others(asset, who)?;
            }
        }
        let exists = !will_hold.is_zero();
        let holders = match (existed, exists) {
            (false, true) => vault.holders.checked_add(1).ok_or(ArithmeticError::Overflow)?,
            (true, false) => vault.holders.checked_sub(1).ok_or(ArithmeticError::Underflow)?,
            _ => vault.holders,
        };

        if will_hold != held {
            T::Income::settle(asset, who, held, will_hold)?;
        }

        if exists {
            Accounts::<T>::insert(asset, who, account);
        } else if existed {
            Accounts::<T>::remove(asset, who);
            // Freezes keep an account from falling; once it was forced to zero there is nothing left to keep.
            if !account.frozen.is_zero() {
                Freezes::<T>::remove(asset, who);
            }
        }
        if holders != vault.holders {
            vault.holders = holders;
            Vaults::<T>::insert(asset, vault);
        }
        Ok(result)
    }

    /// Changes the fractions of `who` that are on hold for `reason`, given as the closure's second argument.
    ///
    /// The closure writes `free` and that amount; `held` follows. On an error nothing of the ledger has changed.
    pub(crate) fn mutate_hold<R>(
        asset: AssetId,
        who: &AccountIdOf<T>,
        reason: &T::RuntimeHoldReason,
        change: impl FnOnce(&mut BalanceOf<T>, &mut BalanceOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        let mut holds = Holds::<T>::get(asset, who);
        let result = Self::mutate_account(asset, who, |account| {
            let before = holds
                .iter()
                .find(|hold| hold.id == *reason)
                .map_or_else(Zero::zero, |hold| hold.amount);
            let mut after = before;
            let result = change(&mut account.free, &mut after)?;
            let others = account
                .held
                .checked_sub(&before)
                .ok_or(ArithmeticError::Underflow)?;
            account.held = others.checked_add(&after).ok_or(ArithmeticError::Overflow)?;

            match holds.iter_mut().find(|hold| hold.id == *reason) {
                Some(hold) => hold.amount = after,
                // There is room for one of every reason.
                None => holds
                    .try_push(IdAmount {
                        id: *reason,
                        amount: after,
                    })
                    .map_err(|_| TokenError::CannotCreateHold)?,
            }
            holds.retain(|hold| !hold.amount.is_zero());
            Ok(result)
        })?;
        if holds.is_empty() {
            Holds::<T>::remove(asset, who);
        } else {
            Holds::<T>::insert(asset, who, holds);
        }
        Ok(result)
    }

    /// Adds to the free fractions of `who`.
    pub(crate) fn credit(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_account(asset, who, |account| {
            account.free = account
                .free
                .checked_add(&amount)
                .ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Takes from the free fractions of `who`, whatever is frozen.
    pub(crate) fn debit(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_account(asset, who, |account| {
            account.free = account
                .free
                .checked_sub(&amount)
                .ok_or(TokenError::FundsUnavailable)?;
            Ok(())
        })
    }

    /// Adds to the fractions of `who` on hold for `reason`.
    pub(crate) fn credit_hold(
        asset: AssetId,
        who: &AccountIdOf<T>,
        reason: &T::RuntimeHoldReason,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_hold(asset, who, reason, |_, on_hold| {
            *on_hold = on_hold.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Puts free fractions of `who` on hold for `reason`, whatever is frozen: they stay the account's.
    pub(crate) fn set_aside(
        asset: AssetId,
        who: &AccountIdOf<T>,
        reason: &T::RuntimeHoldReason,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_hold(asset, who, reason, |free, on_hold| {
            *free = free.checked_sub(&amount).ok_or(TokenError::FundsUnavailable)?;
            *on_hold = on_hold.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Sets fractions of `who` free that are on hold for `reason`.
    pub(crate) fn set_free(
        asset: AssetId,
        who: &AccountIdOf<T>,
        reason: &T::RuntimeHoldReason,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_hold(asset, who, reason, |free, on_hold| {
            *on_hold = on_hold.checked_sub(&amount).ok_or(TokenError::FundsUnavailable)?;
            *free = free.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Takes from the fractions of `who` on hold for `reason`, whatever is frozen.
    pub(crate) fn debit_hold(
        asset: AssetId,
        who: &AccountIdOf<T>,
        reason: &T::RuntimeHoldReason,
        amount: BalanceOf<T>,
    ) -> Result<(), DispatchError> {
        Self::mutate_hold(asset, who, reason, |_, on_hold| {
            *on_hold = on_hold.checked_sub(&amount).ok_or(TokenError::FundsUnavailable)?;
            Ok(())
        })
    }
}
