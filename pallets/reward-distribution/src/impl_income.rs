// SPDX-License-Identifier: Apache-2.0
//! Income that follows holdings, revenue, and the end of an asset.

use crate::{
    pallet::{Config, Pallet},
    types::Balance,
};
use compute_primitives::{AssetId, Income, OnReap, Revenue};
use frame_support::{
    pallet_prelude::DispatchResult, storage::with_storage_layer, traits::tokens::Preservation,
};

impl<T: Config> Income<T::AccountId> for Pallet<T> {
    type Balance = Balance;

    fn touch(asset: AssetId) -> DispatchResult {
        Self::do_touch(asset)
    }

    fn settle(asset: AssetId, who: &T::AccountId, held: Balance, will_hold: Balance) -> DispatchResult {
        with_storage_layer(|| Self::do_settle(asset, who, held, will_hold))
    }
}

impl<T: Config> Revenue<T::AccountId> for Pallet<T> {
    type Balance = Balance;

    /// An escrow may pay its last unit.
    fn pay_revenue(asset: AssetId, payer: &T::AccountId, amount: Balance) -> DispatchResult {
        Self::do_pay_revenue(asset, payer, amount, Preservation::Expendable)
    }
}

impl<T: Config> OnReap for Pallet<T> {
    fn on_reap(asset: AssetId) -> DispatchResult {
        with_storage_layer(|| Self::do_close(asset))
    }
}
