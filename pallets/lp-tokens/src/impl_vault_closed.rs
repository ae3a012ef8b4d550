// SPDX-License-Identifier: Apache-2.0
//! The end of a vault.

use crate::{Config, Error, Event, Pallet, Pools, WeightInfo};
use compute_primitives::{AssetId, Cash, OnVaultClosed};
use frame_support::storage::with_storage_layer;
use frame_support::weights::Weight;
use sp_runtime::DispatchResult;

impl<T: Config> OnVaultClosed for Pallet<T> {
    /// Dissolves the pool of an asset that was sold, before anyone can trade claims on its cash out of it.
    ///
    /// Does not fail: no pool keeps an asset from being sold. Where it can't be dissolved now, anyone may try again.
    fn on_vault_closed(asset: AssetId) -> DispatchResult {
        if !T::Cash::is_sold(asset) || !Pools::<T>::contains_key(asset) {
            return Ok(());
        }
        match with_storage_layer(|| Self::do_dissolve(asset)) {
            Err(error) if error != Error::<T>::NothingToDissolve.into() => {
                Self::deposit_event(Event::DissolutionFailed { asset, error });
            }
            _ => {}
        }
        Ok(())
    }

    fn weight_of_sale() -> Weight {
        T::WeightInfo::dissolve()
    }
}
