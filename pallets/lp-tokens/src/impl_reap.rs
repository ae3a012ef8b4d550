// SPDX-License-Identifier: Apache-2.0
//! The end of an asset.

use crate::impls::exact;
use crate::{Config, Pallet, Pools};
use compute_primitives::{AssetId, OnReap};
use frame_support::storage::with_storage_layer;
use sp_runtime::traits::Zero;
use sp_runtime::DispatchResult;

impl<T: Config> OnReap for Pallet<T> {
    /// The pool is as good as gone: an asset without fractions has none in a pool either. What accounts have coming they claim as ever;
    /// the record goes with the last of them.
    fn on_reap(asset: AssetId) -> DispatchResult {
        with_storage_layer(|| {
            let Some(mut pool) = Pools::<T>::get(asset) else {
                return Ok(());
            };
            if exact(pool.earning())?.is_zero() {
                Self::leave(asset, &mut pool)?;
            }
            pool.is_closed = true;
            Self::write(asset, pool);
            Ok(())
        })
    }
}
