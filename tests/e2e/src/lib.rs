// SPDX-License-Identifier: Apache-2.0
//! Ergon with its real programs: starts `ergon-node` and `ergon-worker`, drives them as a user would, and counts the money.
//!
//! - [`process`], [`node`], [`worker`]: the programs, stopped when their guards drop; [`metrics`]: what they say of themselves.
//! - [`chain`]: reads, events and transactions, by the chain's metadata alone; [`history`]: every block's events.
//! - [`books`]: whether an asset's money adds up, to the last unit.
//! - [`demo`]: the main job, from a registration to the payment of every holder.
//!
//! Nothing here knows the runtime's crates: what it checks, any client could check.

pub mod account;
pub mod amount;
pub mod binaries;
pub mod books;
pub mod chain;
pub mod demo;
pub mod history;
pub mod metrics;
pub mod node;
pub mod process;
pub mod progress;
pub mod rpc;
pub mod value;
pub mod worker;
