// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "prove")]
extern crate alloc;

pub mod class;
pub mod hash;
pub mod hashrate;
pub mod merkle;
pub mod opening;
#[cfg(feature = "prove")]
pub mod prove;
pub mod sample;
mod verify;
pub mod work;

pub use class::{Class, UnknownClass};
pub use hash::Hash;
pub use opening::{samples_len, MAX_SAMPLES_LEN};
pub use sample::{draw, is_drawn, Position, SAMPLES};
pub use verify::{verify, Claim, VerifyError};
pub use work::{commitment, device_key, top_path_len, Device, MAX_ROUNDS};
