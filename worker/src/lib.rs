// SPDX-License-Identifier: Apache-2.0
//! Ergon's worker, as a library of its own program and of its tests.

pub mod amount;
pub mod care;
pub mod chain;
pub mod cli;
pub mod commands;
pub mod config;
pub mod display;
pub mod engine;
pub mod error;
pub mod keystore;
pub mod kind;
pub mod lock;
pub mod logging;
pub mod openings;
pub mod prover;
#[cfg(test)]
mod reference;
pub mod service;
pub mod shape;
pub mod state;
pub mod stratum;
pub mod telemetry;
