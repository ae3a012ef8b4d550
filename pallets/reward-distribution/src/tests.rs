// SPDX-License-Identifier: Apache-2.0
//! A file a call or trait, and what spans them. Each test ends with every invariant checked (`mock::run`).

mod accesses;
mod claim;
mod claim_for;
mod emission;
mod fuzz;
mod genesis;
mod income;
mod log;
mod pay_revenue;
mod reap;
mod set_auto_claim;
mod set_emission_split;
mod set_operator_fee;
mod set_protocol_fee;
mod slash;
mod touch;
mod vaults;
mod views;
