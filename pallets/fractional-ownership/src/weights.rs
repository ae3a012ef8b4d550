// SPDX-License-Identifier: Apache-2.0
//! Weights for `pallet_fractional_ownership`
//!
//! Placeholder until generated: estimates on the high side, with the storage accesses counted by hand.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::{Weight, constants::ParityDbWeight}};
use core::marker::PhantomData;

/// Weight functions needed for `pallet_fractional_ownership`.
pub trait WeightInfo {
	fn fractionalize() -> Weight;
	fn transfer() -> Weight;
	fn offer() -> Weight;
	fn cancel_offer() -> Weight;
	fn buy() -> Weight;
	fn redeem() -> Weight;
}

/// Weights for `pallet_fractional_ownership` using the Substrate node and recommended hardware.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn fractionalize() -> Weight {
		Weight::from_parts(180_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(30_u64))
			.saturating_add(T::DbWeight::get().writes(26_u64))
	}
	fn transfer() -> Weight {
		Weight::from_parts(130_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(22_u64))
			.saturating_add(T::DbWeight::get().writes(16_u64))
	}
	fn offer() -> Weight {
		Weight::from_parts(90_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(9_u64))
			.saturating_add(T::DbWeight::get().writes(7_u64))
	}
	fn cancel_offer() -> Weight {
		Weight::from_parts(80_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().writes(7_u64))
	}
	fn buy() -> Weight {
		Weight::from_parts(180_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(28_u64))
			.saturating_add(T::DbWeight::get().writes(20_u64))
	}
	fn redeem() -> Weight {
		Weight::from_parts(190_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(32_u64))
			.saturating_add(T::DbWeight::get().writes(30_u64))
	}
}

// For backwards compatibility and tests.
impl WeightInfo for () {
	fn fractionalize() -> Weight {
		Weight::from_parts(180_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(30_u64))
			.saturating_add(ParityDbWeight::get().writes(26_u64))
	}
	fn transfer() -> Weight {
		Weight::from_parts(130_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(22_u64))
			.saturating_add(ParityDbWeight::get().writes(16_u64))
	}
	fn offer() -> Weight {
		Weight::from_parts(90_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(9_u64))
			.saturating_add(ParityDbWeight::get().writes(7_u64))
	}
	fn cancel_offer() -> Weight {
		Weight::from_parts(80_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(8_u64))
			.saturating_add(ParityDbWeight::get().writes(7_u64))
	}
	fn buy() -> Weight {
		Weight::from_parts(180_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(28_u64))
			.saturating_add(ParityDbWeight::get().writes(20_u64))
	}
	fn redeem() -> Weight {
		Weight::from_parts(190_000_000, 20_000)
			.saturating_add(ParityDbWeight::get().reads(32_u64))
			.saturating_add(ParityDbWeight::get().writes(30_u64))
	}
}
