// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
pub mod asset;
pub mod reward;
pub mod shares;
pub mod units;
pub mod vault;

pub use asset::{AssetKind, AssetLife, AssetStatus, Custody, InspectAsset, Liens, OnReap, OperatorBond};
pub use reward::{Bounty, Collect, Emission, Holdings, Income, Revenue};
pub use units::{AssetId, CensusIndex, HardwareId, Work, WorkRate};
pub use vault::{Cash, OnVaultClosed, OperatorFees, Sale, Stewardship};
