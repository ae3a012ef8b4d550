// SPDX-License-Identifier: Apache-2.0
//! The owner's powers, for those who decide in its name: a vault has no key.

use crate::*;
use alloc::vec::Vec;
use compute_primitives::{AssetId, Stewardship};
use frame_support::storage::with_storage_layer;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Stewardship<T::AccountId> for Pallet<T> {
    /// As the NFT's present owner, so the nomination lapses when the NFT leaves that account.
    fn nominate_operator(asset: AssetId, nominee: Option<T::AccountId>) -> DispatchResult {
        Self::do_nominate_operator(Self::present_owner(asset)?, asset, nominee)
    }

    /// Changes nothing if it fails.
    fn set_uri(asset: AssetId, uri: Vec<u8>) -> DispatchResult {
        let owner = Self::present_owner(asset)?;
        let uri = UriOf::<T>::try_from(uri).map_err(|_| Error::<T>::UriTooLong)?;
        with_storage_layer(|| Self::do_set_metadata(owner, asset, uri))
    }
}

impl<T: Config> Pallet<T> {
    fn present_owner(asset: AssetId) -> Result<T::AccountId, DispatchError> {
        Self::nft_owner(asset).ok_or_else(|| Error::<T>::UnknownAsset.into())
    }
}
