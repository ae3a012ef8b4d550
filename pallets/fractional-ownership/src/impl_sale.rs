// SPDX-License-Identifier: Apache-2.0
//! What those who decide for the holders may do about a sale, and how those who can't call are paid.

use crate::types::AccountIdOf;
use crate::{BalanceOf, Config, Pallet, Vaults};
use compute_primitives::{AssetId, Cash, Sale};
use frame_support::storage::with_storage_layer;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Sale for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn set_reserve(asset: AssetId, reserve: Option<BalanceOf<T>>) -> DispatchResult {
        with_storage_layer(|| Self::do_set_reserve(asset, reserve))
    }

    fn accept_bid(asset: AssetId, price: BalanceOf<T>) -> DispatchResult {
        with_storage_layer(|| Self::do_open(asset, price))
    }
}

impl<T: Config> Cash<AccountIdOf<T>> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn is_sold(asset: AssetId) -> bool {
        Vaults::<T>::get(asset).is_some_and(|vault| vault.is_sold())
    }

    fn cash_out(
        asset: AssetId,
        who: &AccountIdOf<T>,
        payee: &AccountIdOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        with_storage_layer(|| Self::do_cash_out(asset, who, payee))
    }
}
