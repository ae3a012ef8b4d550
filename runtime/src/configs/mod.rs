// SPDX-License-Identifier: Apache-2.0
//! The pallets' configurations, by subject.

pub mod compute;
pub mod consensus;
pub mod currency;
pub mod pools;
pub mod system;
