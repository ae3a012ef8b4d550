// SPDX-License-Identifier: Apache-2.0
//! What clients read.

use crate::types::{Balance, PoolTerms};
use crate::{Accounts, Config, Pallet, Pools};
use compute_primitives::AssetId;

impl<T: Config> Pallet<T> {
    pub(crate) fn pool_terms(asset: AssetId) -> Option<PoolTerms<T::AccountId>> {
        let pool = Pools::<T>::get(asset)?;
        Some(PoolTerms {
            account: Self::pool_account(asset),
            token: pool.token,
            supply: pool.supply,
            earning: pool.earning()?,
            balance: pool.balance,
        })
    }

    pub(crate) fn tokens_of(asset: AssetId, who: &T::AccountId) -> Balance {
        let Some(pool) = Pools::<T>::get(asset) else {
            return 0;
        };
        if *who == Self::pool_account(asset) {
            return pool.own;
        }
        Accounts::<T>::get(asset, who)
            .filter(|account| account.era == pool.era)
            .map_or(0, |account| account.amount)
    }

    pub(crate) fn settled_until_now(asset: AssetId, who: &T::AccountId) -> Balance {
        let settled = || {
            let pool = Pools::<T>::get(asset)?;
            let mut account = Accounts::<T>::get(asset, who)?;
            Self::settle(asset, &pool, &mut account).ok()?;
            account.position.whole()
        };
        settled().unwrap_or_default()
    }
}
