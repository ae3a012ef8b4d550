// SPDX-License-Identifier: Apache-2.0
//! When an asset stops being owned in fractions.

use crate::{Config, Event, Open, Pallet};
use compute_primitives::{AssetId, OnVaultClosed};
use sp_runtime::DispatchResult;

impl<T: Config> OnVaultClosed for Pallet<T> {
    /// One read and one write, however many proposals are open: they leave the list, and with it all force. Each is closed by whoever
    /// does, deposit back, and its votes are unlocked at once.
    fn on_vault_closed(asset: AssetId) -> DispatchResult {
        let open = Open::<T>::take(asset);
        if !open.is_empty() {
            Self::deposit_event(Event::Voided {
                asset,
                proposals: open.into_iter().map(|open| open.proposal).collect(),
            });
        }
        Ok(())
    }
}
