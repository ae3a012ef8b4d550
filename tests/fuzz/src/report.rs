// SPDX-License-Identifier: Apache-2.0
//! What a run did.

use serde::Serialize;
use std::collections::BTreeMap;

/// How often a call was made.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Counts {
    pub accepted: u64,
    pub refused: u64,
}

/// Counts over all worlds.
#[derive(Clone, Default, Debug, Serialize)]
pub struct Stats {
    pub worlds: u64,
    pub steps: u64,
    pub blocks: u64,
    /// By name.
    pub calls: BTreeMap<String, Counts>,
    /// Which calls were refused, and why.
    pub refusals: BTreeMap<String, u64>,
    /// After how many steps of its world a call was accepted first.
    #[serde(skip)]
    pub first_accepted: BTreeMap<String, u64>,
}

impl Stats {
    pub fn count(&mut self, call: &str, refusal: Option<&str>) {
        let counts = self.calls.entry(call.to_owned()).or_default();
        match refusal {
            None => {
                counts.accepted += 1;
                self.first_accepted.entry(call.to_owned()).or_insert(self.steps);
            }
            Some(why) => {
                counts.refused += 1;
                *self.refusals.entry(format!("{call}: {why}")).or_default() += 1;
            }
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.steps += other.steps;
        self.blocks += other.blocks;
        for (name, counts) in &other.calls {
            let mine = self.calls.entry(name.clone()).or_default();
            mine.accepted += counts.accepted;
            mine.refused += counts.refused;
        }
        for (why, count) in &other.refusals {
            *self.refusals.entry(why.clone()).or_default() += count;
        }
    }

    pub fn total(&self) -> Counts {
        self.calls.values().fold(Counts::default(), |sum, counts| Counts {
            accepted: sum.accepted + counts.accepted,
            refused: sum.refused + counts.refused,
        })
    }

    /// Of a hundred calls, how many were accepted.
    pub fn accepted_percent(&self) -> u64 {
        let Counts { accepted, refused } = self.total();
        (accepted * 100).checked_div(accepted + refused).unwrap_or(0)
    }
}

/// Something that must never be.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    pub seed: u64,
    pub world: u64,
    /// The step of its world, from 0, or the number of steps if the end could not be unwound.
    pub step: usize,
    pub what: String,
    /// The shortest bytes found that still do it: a file of the corpus.
    pub bytes: String,
    /// What these bytes do.
    pub sequence: Vec<String>,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub seed: u64,
    pub seconds: u64,
    pub steps: u64,
    pub worlds: u64,
    pub blocks: u64,
    pub accepted_percent: u64,
    pub calls: BTreeMap<String, Counts>,
    pub refusals: BTreeMap<String, u64>,
    pub violations: Vec<Violation>,
}
