// SPDX-License-Identifier: Apache-2.0
//! Lets proofs move an asset through its life.

use crate::*;
use compute_primitives::{AssetId, AssetLife, AssetStatus, WorkRate};
use frame_support::{ensure, storage::with_storage_layer};
use sp_runtime::DispatchResult;

impl<T: Config> AssetLife for Pallet<T> {
    /// Fails for an unknown asset, and for `Retired`: that is the owner's to say.
    fn set_status(asset: AssetId, status: AssetStatus) -> DispatchResult {
        ensure!(status != AssetStatus::Retired, Error::<T>::OwnerRetires);
        let mut record = Self::asset(asset)?;
        if record.status == AssetStatus::Retired || record.status == status {
            return Ok(());
        }
        with_storage_layer(|| {
            Self::turn(asset, &mut record, status)?;
            Assets::<T>::insert(asset, record);
            Ok(())
        })
    }

    /// Fails for an unknown asset. The last census of a retired one is still written.
    fn set_rate(asset: AssetId, rate: WorkRate) -> DispatchResult {
        ensure!(Assets::<T>::contains_key(asset), Error::<T>::UnknownAsset);
        Self::write_rate(asset, rate)
    }
}
