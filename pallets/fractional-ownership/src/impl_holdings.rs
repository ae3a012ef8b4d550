// SPDX-License-Identifier: Apache-2.0
//! What the income asks of the ledger.

use crate::types::AccountIdOf;
use crate::{BalanceOf, Config, Pallet, Vaults};
use compute_primitives::{AssetId, Holdings};
use frame_support::traits::fungibles::Inspect as _;

impl<T: Config> Holdings<AccountIdOf<T>> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn supply(asset: AssetId) -> Option<BalanceOf<T>> {
        // Of a sold asset they are claims on its cash, and share no income.
        Vaults::<T>::get(asset)
            .filter(|vault| !vault.is_sold())
            .map(|vault| vault.supply)
    }

    fn outstanding(asset: AssetId) -> BalanceOf<T> {
        Self::total_issuance(asset)
    }

    fn balance(asset: AssetId, who: &AccountIdOf<T>) -> BalanceOf<T> {
        Self::total_balance(asset, who)
    }
}
