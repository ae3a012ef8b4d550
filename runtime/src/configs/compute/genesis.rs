// SPDX-License-Identifier: Apache-2.0
//! What the compute pallets need at genesis.

use super::{CollectionDeposit, Treasury};
use crate::*;

/// The pallets' own accounts that must hold something: the collection's deposit, and a treasury that can always be paid.
pub fn endowments() -> Vec<(AccountId, Balance)> {
    vec![
        (ComputeAssets::account_id(), CollectionDeposit::get() + UNIT),
        (Treasury::get(), EXISTENTIAL_DEPOSIT),
    ]
}
