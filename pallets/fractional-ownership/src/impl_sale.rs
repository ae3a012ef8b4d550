// SPDX-License-Identifier: Apache-2.0
//! What those who decide for the holders may do about a sale.

use crate::{BalanceOf, Config, Pallet};
use compute_primitives::{AssetId, Sale};
use frame_support::storage::with_storage_layer;
use sp_runtime::DispatchResult;

impl<T: Config> Sale for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn set_reserve(asset: AssetId, reserve: Option<BalanceOf<T>>) -> DispatchResult {
        with_storage_layer(|| Self::do_set_reserve(asset, reserve))
    }

    fn accept_bid(asset: AssetId, price: BalanceOf<T>) -> DispatchResult {
        with_storage_layer(|| Self::do_open(asset, price))
    }
}
