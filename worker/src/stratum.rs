// SPDX-License-Identifier: Apache-2.0
//! A Stratum V1 server: real SHA-256d miners as one device, on Ergon's jobs in a census and on a pool's outside of it.
//!
//! What decides is pure: [`session`] a connection, [`director`] whose job is given out, [`best`] what is kept for the proof.

#[cfg(test)]
mod tests;

pub mod best;
pub mod chain;
pub mod client;
pub mod core;
pub mod difficulty;
pub mod director;
pub mod display;
pub mod job;
pub mod limit;
pub mod miner;
pub mod planner;
pub mod protocol;
pub mod seats;
pub mod server;
pub mod service;
pub mod session;
pub mod sha256;
pub mod statistics;
pub mod store;
pub mod upstream;
pub mod vardiff;
