// SPDX-License-Identifier: Apache-2.0
//! Provers that skip a share of the work and guess the rest pass at the theoretical rate, whichever cells
//! they skip.

mod common;

use common::{assert_rate, choose, pass_rate, seed, unhit, Skipping};
use std::collections::HashSet;

const WORKS: u64 = 20;
const SEEDS: u64 = 200;
const TRIALS: u64 = WORKS * SEEDS;
/// Twenty rounds, so that 5, 10 and 20% are whole numbers of rounds.
const ROUNDS: u32 = 20;

/// Units of work are numbered 0..units; `unit` says to which a cell (round from 0, row, column) belongs.
fn skip(name: &str, percent: usize, units: usize, unit: fn(usize, usize, usize) -> usize) {
    let measured = pass_rate(WORKS, SEEDS, ROUNDS, |number| {
        let skipped: HashSet<usize> = choose(units * percent / 100, units, &seed(3, number))
            .into_iter()
            .collect();
        Skipping(move |round: u32, row, column| {
            !skipped.contains(&unit(usize::try_from(round - 1).unwrap(), row, column))
        })
    });
    // A guess is right once in 256 times.
    let wrong = f64::from(u32::try_from(percent).unwrap()) / 100.0 * 255.0 / 256.0;
    assert_rate(&format!("{name} {percent}%"), measured, unhit(wrong), TRIALS);
}

#[test]
fn skipping_cells() {
    for percent in [5, 10, 20] {
        skip("cells", percent, 20 * 64 * 64, |round, row, column| {
            (round * 64 + row) * 64 + column
        });
    }
}

#[test]
fn skipping_rows() {
    for percent in [5, 10, 20] {
        skip("rows", percent, 20 * 64, |round, row, _| round * 64 + row);
    }
}

#[test]
fn skipping_columns() {
    for percent in [5, 10, 20] {
        skip("columns", percent, 20 * 64, |round, _, column| {
            round * 64 + column
        });
    }
}

#[test]
fn skipping_rounds() {
    for percent in [5, 10, 20] {
        skip("rounds", percent, 20, |round, _, _| round);
    }
}
