// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of every call, in the worst case of each.

use crate::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use sp_runtime::{traits::Saturating, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Gives `who` enough for bonds and deposits.
    pub(crate) fn fund(who: &T::AccountId) -> DispatchResult {
        let plenty = T::Currency::minimum_balance()
            .saturating_mul(1_000_000u32.into())
            .saturating_add(T::MinimumBond::get().saturating_mul(100u32.into()));
        T::Currency::mint_into(who, plenty).map(|_| ())
    }
}
