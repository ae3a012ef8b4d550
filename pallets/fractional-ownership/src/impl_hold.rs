// SPDX-License-Identifier: Apache-2.0
//! Holds on fractions, as FRAME's `fungibles::hold`. What is on hold earns for its holder all the same.
//!
//! FRAME's defaults for moving fractions write each end on its own: an account whose last free fraction goes on hold would be
//! empty for a moment, and its freezes and what is left of its income with it. Here each move is one step, or none.

use crate::types::AccountIdOf;
use crate::{Accounts, BalanceOf, Config, Event, Holds, Pallet};
use compute_primitives::AssetId;
use frame_support::ensure;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungibles::{Inspect as _, InspectHold, MutateHold, UnbalancedHold};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation, Provenance, Restriction};
use sp_runtime::traits::{Saturating, Zero};
use sp_runtime::{DispatchError, DispatchResult, TokenError};

impl<T: Config> InspectHold<AccountIdOf<T>> for Pallet<T> {
    type Reason = T::RuntimeHoldReason;

    fn total_balance_on_hold(asset: AssetId, who: &AccountIdOf<T>) -> BalanceOf<T> {
        Accounts::<T>::get(asset, who).map_or_else(Zero::zero, |account| account.held)
    }

    fn reducible_total_balance_on_hold(
        asset: AssetId,
        who: &AccountIdOf<T>,
        force: Fortitude,
    ) -> BalanceOf<T> {
        let Some(account) = Accounts::<T>::get(asset, who) else {
            return Zero::zero();
        };
        match force {
            Fortitude::Force => account.held,
            // What is free counts first towards what must stay.
            Fortitude::Polite => account
                .held
                .saturating_sub(account.frozen.saturating_sub(account.free)),
        }
    }

    fn balance_on_hold(asset: AssetId, reason: &Self::Reason, who: &AccountIdOf<T>) -> BalanceOf<T> {
        Holds::<T>::get(asset, who)
            .iter()
            .find(|hold| hold.id == *reason)
            .map_or_else(Zero::zero, |hold| hold.amount)
    }

    fn hold_available(asset: AssetId, reason: &Self::Reason, who: &AccountIdOf<T>) -> bool {
        let holds = Holds::<T>::get(asset, who);
        !holds.is_full() || holds.iter().any(|hold| hold.id == *reason)
    }

    /// All that is free can go on hold: the account lives on what it holds.
    fn ensure_can_hold(
        asset: AssetId,
        reason: &Self::Reason,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(
            Self::hold_available(asset, reason, who),
            TokenError::CannotCreateHold
        );
        ensure!(amount <= Self::balance(asset, who), TokenError::FundsUnavailable);
        Ok(())
    }
}

impl<T: Config> UnbalancedHold<AccountIdOf<T>> for Pallet<T> {
    fn set_balance_on_hold(
        asset: AssetId,
        reason: &Self::Reason,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        Self::mutate_hold(asset, who, reason, |_, on_hold| {
            *on_hold = amount;
            Ok(())
        })
    }
}

impl<T: Config> MutateHold<AccountIdOf<T>> for Pallet<T> {
    fn hold(
        asset: AssetId,
        reason: &Self::Reason,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        Self::ensure_can_hold(asset, reason, who, amount)?;
        if amount.is_zero() {
            return Ok(());
        }
        Self::set_aside(asset, who, reason, amount)?;
        Self::deposit_event(Event::Held {
            asset,
            reason: *reason,
            who: who.clone(),
            amount,
        });
        Ok(())
    }

    fn release(
        asset: AssetId,
        reason: &Self::Reason,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        precision: Precision,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let amount = Self::within_hold(asset, reason, who, amount, precision)?;
        if amount.is_zero() {
            return Ok(amount);
        }
        Self::set_free(asset, who, reason, amount)?;
        Self::deposit_event(Event::Released {
            asset,
            reason: *reason,
            who: who.clone(),
            amount,
        });
        Ok(amount)
    }

    fn transfer_on_hold(
        asset: AssetId,
        reason: &Self::Reason,
        source: &AccountIdOf<T>,
        dest: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        precision: Precision,
        mode: Restriction,
        force: Fortitude,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let amount = Self::within_hold(asset, reason, source, amount, precision)?;
        if amount.is_zero() {
            return Ok(amount);
        }
        if source == dest {
            // Nothing leaves the account, so nothing that is frozen falls.
            return match mode {
                Restriction::OnHold => Ok(amount),
                Restriction::Free => Self::release(asset, reason, source, amount, precision),
            };
        }
        let liquid = Self::reducible_total_balance_on_hold(asset, source, force);
        let amount = match precision {
            Precision::BestEffort => amount.min(liquid),
            Precision::Exact if amount <= liquid => amount,
            Precision::Exact => return Err(TokenError::Frozen.into()),
        };
        Self::can_deposit(asset, dest, amount, Provenance::Extant).into_result()?;
        with_storage_layer(|| {
            Self::debit_hold(asset, source, reason, amount)?;
            match mode {
                Restriction::OnHold => Self::credit_hold(asset, dest, reason, amount),
                Restriction::Free => Self::credit(asset, dest, amount),
            }
        })?;
        Self::deposit_event(Event::TransferredOnHold {
            asset,
            reason: *reason,
            from: source.clone(),
            to: dest.clone(),
            amount,
        });
        Ok(amount)
    }

    fn transfer_and_hold(
        asset: AssetId,
        reason: &Self::Reason,
        source: &AccountIdOf<T>,
        dest: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        precision: Precision,
        expendability: Preservation,
        force: Fortitude,
    ) -> Result<BalanceOf<T>, DispatchError> {
        if source == dest {
            let amount = match precision {
                Precision::BestEffort => amount.min(Self::balance(asset, source)),
                Precision::Exact => amount,
            };
            Self::hold(asset, reason, source, amount)?;
            return Ok(amount);
        }
        let reducible = Self::reducible_balance(asset, source, expendability, force);
        let amount = match precision {
            Precision::BestEffort => amount.min(reducible),
            Precision::Exact if amount <= reducible => amount,
            Precision::Exact => return Err(TokenError::FundsUnavailable.into()),
        };
        if amount.is_zero() {
            return Ok(amount);
        }
        Self::can_deposit(asset, dest, amount, Provenance::Extant).into_result()?;
        with_storage_layer(|| {
            Self::debit(asset, source, amount)?;
            Self::credit_hold(asset, dest, reason, amount)
        })?;
        Self::deposit_event(Event::TransferredAndHeld {
            asset,
            reason: *reason,
            from: source.clone(),
            to: dest.clone(),
            amount,
        });
        Ok(amount)
    }

    fn done_burn_held(asset: AssetId, reason: &Self::Reason, who: &AccountIdOf<T>, amount: BalanceOf<T>) {
        Self::deposit_event(Event::BurnedHeld {
            asset,
            reason: *reason,
            who: who.clone(),
            amount,
        });
    }
}

impl<T: Config> Pallet<T> {
    /// `amount`, or with best effort what of it is on hold for `reason`.
    fn within_hold(
        asset: AssetId,
        reason: &T::RuntimeHoldReason,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        precision: Precision,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let on_hold = Self::balance_on_hold(asset, reason, who);
        match precision {
            Precision::BestEffort => Ok(amount.min(on_hold)),
            Precision::Exact if amount <= on_hold => Ok(amount),
            Precision::Exact => Err(TokenError::FundsUnavailable.into()),
        }
    }
}
