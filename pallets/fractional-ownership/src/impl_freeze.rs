// SPDX-License-Identifier: Apache-2.0
//! Freezes on fractions, as FRAME's `fungibles::freeze`: a floor under what an account has, free and on hold.

use crate::types::AccountIdOf;
use crate::{Accounts, BalanceOf, Config, Event, Freezes, FreezesOf, Pallet};
use compute_primitives::AssetId;
use frame_support::traits::fungibles::{InspectFreeze, MutateFreeze};
use frame_support::traits::tokens::IdAmount;
use sp_runtime::traits::Zero;
use sp_runtime::{DispatchResult, TokenError};

impl<T: Config> InspectFreeze<AccountIdOf<T>> for Pallet<T> {
    type Id = T::RuntimeFreezeReason;

    fn balance_frozen(asset: AssetId, id: &Self::Id, who: &AccountIdOf<T>) -> BalanceOf<T> {
        Freezes::<T>::get(asset, who)
            .iter()
            .find(|freeze| freeze.id == *id)
            .map_or_else(Zero::zero, |freeze| freeze.amount)
    }

    fn can_freeze(asset: AssetId, id: &Self::Id, who: &AccountIdOf<T>) -> bool {
        let freezes = Freezes::<T>::get(asset, who);
        Accounts::<T>::contains_key(asset, who)
            && (!freezes.is_full() || freezes.iter().any(|freeze| freeze.id == *id))
    }
}

impl<T: Config> MutateFreeze<AccountIdOf<T>> for Pallet<T> {
    fn set_freeze(
        asset: AssetId,
        id: &Self::Id,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        if amount.is_zero() {
            return Self::thaw(asset, id, who);
        }
        let mut freezes = Freezes::<T>::get(asset, who);
        match freezes.iter_mut().find(|freeze| freeze.id == *id) {
            Some(freeze) => freeze.amount = amount,
            // There is room for one of every reason.
            None => freezes
                .try_push(IdAmount { id: *id, amount })
                .map_err(|_| TokenError::CannotCreate)?,
        }
        Self::write_freezes(asset, who, freezes)
    }

    fn extend_freeze(
        asset: AssetId,
        id: &Self::Id,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        if amount <= Self::balance_frozen(asset, id, who) {
            return Ok(());
        }
        Self::set_freeze(asset, id, who, amount)
    }

    fn thaw(asset: AssetId, id: &Self::Id, who: &AccountIdOf<T>) -> DispatchResult {
        let mut freezes = Freezes::<T>::get(asset, who);
        if !freezes.iter().any(|freeze| freeze.id == *id) {
            return Ok(());
        }
        freezes.retain(|freeze| freeze.id != *id);
        Self::write_freezes(asset, who, freezes)
    }
}

impl<T: Config> Pallet<T> {
    /// Only who has fractions can have them frozen.
    fn write_freezes(asset: AssetId, who: &AccountIdOf<T>, freezes: FreezesOf<T>) -> DispatchResult {
        let frozen = freezes
            .iter()
            .map(|freeze| freeze.amount)
            .max()
            .unwrap_or_else(Zero::zero);
        Accounts::<T>::try_mutate_exists(asset, who, |account| {
            account
                .as_mut()
                .map(|account| account.frozen = frozen)
                .ok_or(TokenError::CannotCreate)
        })?;
        if freezes.is_empty() {
            Freezes::<T>::remove(asset, who);
        } else {
            Freezes::<T>::insert(asset, who, freezes);
        }
        Self::deposit_event(Event::FrozenChanged {
            asset,
            who: who.clone(),
            frozen,
        });
        Ok(())
    }
}
