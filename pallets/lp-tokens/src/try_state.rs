// SPDX-License-Identifier: Apache-2.0
//! The invariants, one function each.

use crate::{Accounts, Config, Eras, Pallet, Pools, Tokens};
use alloc::collections::BTreeMap;
use compute_primitives::shares::{scaled, Accumulator};
use compute_primitives::AssetId;
use frame_support::ensure;
use frame_support::traits::fungible::Inspect;
use sp_core::U256;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Every invariant of the pallet.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::every_token_is_of_its_pool()?;
        Self::tokens_add_up()?;
        Self::eras_add_up()?;
        Self::what_is_owed_adds_up()?;
        Self::the_account_can_pay()
    }

    fn every_token_is_of_its_pool() -> Result<(), TryRuntimeError> {
        let mut pools = 0;
        for (asset, pool) in Pools::<T>::iter() {
            ensure!(
                Tokens::<T>::get(pool.token) == Some(asset),
                "an LP token is of another pool"
            );
            pools += 1;
        }
        ensure!(
            pools == Tokens::<T>::iter_keys().count(),
            "an LP token is of no pool"
        );
        Ok(())
    }

    fn tokens_add_up() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<AssetId, (u64, U256)>::new();
        for (asset, who, account) in Accounts::<T>::iter() {
            let pool = Pools::<T>::get(asset).ok_or("an account of no pool")?;
            ensure!(account.era <= pool.era, "an account is ahead of its pool");
            ensure!(who != Self::pool_account(asset), "a pool's account has a record");
            ensure!(
                account.amount > 0 || !account.position.owed.is_zero(),
                "an account has nothing"
            );
            let (count, sum) = sums.entry(asset).or_default();
            *count += 1;
            if account.era == pool.era {
                *sum += U256::from(account.amount);
            }
        }
        for (asset, pool) in Pools::<T>::iter() {
            let (count, sum) = sums.remove(&asset).unwrap_or_default();
            ensure!(count == pool.accounts, "accounts are miscounted");
            let earning = pool.earning().ok_or("a pool has more tokens than there are")?;
            ensure!(
                sum == U256::from(earning),
                "LP tokens do not add up to their supply"
            );
            ensure!(
                !pool.is_closed || pool.accounts > 0,
                "a pool that is gone was kept"
            );
        }
        Ok(())
    }

    fn eras_add_up() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<(AssetId, u32), U256>::new();
        for (asset, _, account) in Accounts::<T>::iter() {
            let pool = Pools::<T>::get(asset).ok_or("an account of no pool")?;
            if account.era < pool.era && account.amount > 0 {
                *sums.entry((asset, account.era)).or_default() += U256::from(account.amount);
            }
        }
        for (asset, number, era) in Eras::<T>::iter() {
            let sum = sums.remove(&(asset, number)).unwrap_or_default();
            ensure!(
                era.unsettled > 0 && sum == U256::from(era.unsettled),
                "tokens of an era do not add up"
            );
        }
        ensure!(sums.is_empty(), "an era was forgotten");
        Ok(())
    }

    /// What a pool holds = what all accounts have coming + what divisions left over, exactly.
    fn what_is_owed_adds_up() -> Result<(), TryRuntimeError> {
        let mut owed = BTreeMap::<AssetId, U256>::new();
        for (asset, _, account) in Accounts::<T>::iter() {
            let pool = Pools::<T>::get(asset).ok_or("an account of no pool")?;
            let per_share = if account.era == pool.era || account.amount == 0 {
                pool.accumulator.per_share
            } else {
                Eras::<T>::get(asset, account.era)
                    .ok_or("an era was forgotten")?
                    .per_share
            };
            let mut position = account.position;
            let until = Accumulator {
                per_share,
                ..Default::default()
            };
            position
                .settle(&until, account.amount)
                .ok_or("a position can't be settled")?;
            *owed.entry(asset).or_default() += position.owed;
        }
        for (asset, pool) in Pools::<T>::iter() {
            let owed = owed.remove(&asset).unwrap_or_default();
            ensure!(
                scaled(pool.balance) == owed + pool.accumulator.remainder,
                "a pool holds other than it owes"
            );
        }
        Ok(())
    }

    fn the_account_can_pay() -> Result<(), TryRuntimeError> {
        let owed: U256 =
            Pools::<T>::iter_values().fold(U256::zero(), |sum, pool| sum + U256::from(pool.balance));
        let needed = owed + U256::from(T::Currency::minimum_balance());
        ensure!(
            U256::from(T::Currency::balance(&Self::account_id())) >= needed,
            "the account holds less than it owes"
        );
        Ok(())
    }
}
