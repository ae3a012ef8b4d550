// SPDX-License-Identifier: Apache-2.0
//! Tells the other pallets what an asset is.

use crate::*;
use compute_primitives::{AssetId, AssetKind, AssetStatus, InspectAsset};

impl<T: Config> InspectAsset<T::AccountId> for Pallet<T> {
    fn kind(asset: AssetId) -> Option<AssetKind> {
        Assets::<T>::get(asset).map(|record| record.kind)
    }

    fn status(asset: AssetId) -> Option<AssetStatus> {
        Assets::<T>::get(asset).map(|record| record.status)
    }

    fn owner(asset: AssetId) -> Option<T::AccountId> {
        Self::nft_owner(asset)
    }

    fn operator(asset: AssetId) -> Option<T::AccountId> {
        Assets::<T>::get(asset)?.operator
    }
}
