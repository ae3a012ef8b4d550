// SPDX-License-Identifier: Apache-2.0
//! Income that follows holdings, revenue, and the end of an asset.

use crate::{
    pallet::{Config, Error, Pallet},
    types::Balance,
};
use compute_primitives::{AssetId, Collect, Income, OnReap, Revenue};
use frame_support::{
    pallet_prelude::{DispatchError, DispatchResult},
    storage::with_storage_layer,
    traits::tokens::Preservation,
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

impl<T: Config> Collect<T::AccountId> for Pallet<T> {
    type Balance = Balance;

    fn collect(asset: AssetId, who: &T::AccountId, payee: &T::AccountId) -> Result<Balance, DispatchError> {
        let mut collected = 0;
        let claimed = Self::do_claim(asset, who, |amount| {
            collected = amount;
            Self::pay_out(payee, amount)
        });
        match claimed {
            Ok(()) => Ok(collected),
            Err(error) if error == Error::<T>::NothingToClaim.into() => Ok(0),
            Err(error) => Err(error),
        }
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
