// SPDX-License-Identifier: Apache-2.0
//! Ergon's worker, as a library of its own program and of its tests.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod amount;
pub mod chain;
pub mod engine;
pub mod openings;
pub mod prover;
#[cfg(test)]
mod reference;
pub mod service;
pub mod state;
