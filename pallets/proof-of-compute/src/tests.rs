// SPDX-License-Identifier: Apache-2.0
//! Tests by subject. Proofs are real: class XS, by the reference prover. Every test ends with `try_state` and
//! the money's own check.

mod attacks;
mod commit;
mod course;
mod economics;
mod hooks;
mod invariants;
mod math;
mod offline;
mod open;
mod random;
mod report;
mod schedule;
mod settle;
mod shares;
