// SPDX-License-Identifier: Apache-2.0
//! Weights of the SDK's pallets, measured in this runtime by `scripts/weights.sh`.

pub mod frame_system_extensions;
pub mod pallet_transaction_payment;
