// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]

mod accounts;
mod books;
mod chain;
mod entropy;
mod generate;
mod look;
mod panics;
mod promise;
mod report;
mod scene;
mod session;
mod shrink;
mod unwind;
mod world;

pub use entropy::STEP_LEN;
pub use report::{Counts, Report, Stats, Violation};
pub use session::{bytes_of_world, distill, fuzz, parse, print, Limit, Plan, WORLD_STEPS};
pub use world::{Broken, Options, Outcomes};

/// Runs one world over these bytes, [`STEP_LEN`] of them a step: what a coverage-guided fuzzer calls.
pub fn run(data: &[u8], options: Options) -> Outcomes {
    world::run(data, options)
}

/// Names of all calls of our pallets.
pub fn our_calls() -> Vec<String> {
    generate::any::calls()
        .iter()
        .map(|call| format!("{}.{}", call.pallet, call.name))
        .collect()
}
