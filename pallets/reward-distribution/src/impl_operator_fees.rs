// SPDX-License-Identifier: Apache-2.0
//! The operator's fee, set by those who decide in the owner's name.

use crate::pallet::{Config, Error, Pallet};
use compute_primitives::{AssetId, InspectAsset, OperatorFees};
use frame_support::{ensure, pallet_prelude::DispatchResult, sp_runtime::Perbill};

impl<T: Config> OperatorFees for Pallet<T> {
    /// At most 50%, and at most one percentage point up a day, as for the owner.
    fn set_operator_fee(asset: AssetId, fee: Perbill) -> DispatchResult {
        ensure!(T::Assets::kind(asset).is_some(), Error::<T>::UnknownAsset);
        Self::change_operator_fee(asset, fee)
    }
}
