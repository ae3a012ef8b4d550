// SPDX-License-Identifier: Apache-2.0
//! What became of everything that was sent, counted since the start.

/// Counts by task and outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([[u64; Tally::OUTCOMES.len()]; Tally::TASKS.len()]);

impl Tally {
    /// A commit, or a submission of shares.
    pub const COMMIT: &'static str = "commit";
    /// An opening.
    pub const OPENING: &'static str = "opening";
    /// A settlement.
    pub const SETTLEMENT: &'static str = "settlement";
    /// All tasks.
    pub const TASKS: [&'static str; 3] = [Self::COMMIT, Self::OPENING, Self::SETTLEMENT];

    /// A block took it.
    pub const TAKEN: &'static str = "taken";
    /// A block took it, and the chain refused it.
    pub const REFUSED: &'static str = "refused";
    /// It was not sent, or got lost.
    pub const FAILED: &'static str = "failed";
    /// It was not sent because the device is faulty.
    pub const WITHHELD: &'static str = "withheld";
    /// All outcomes.
    pub const OUTCOMES: [&'static str; 4] = [Self::TAKEN, Self::REFUSED, Self::FAILED, Self::WITHHELD];

    /// Counts one. Names that are none of the above count nothing.
    pub fn count(&mut self, task: &str, outcome: &str) {
        for (name, row) in Self::TASKS.iter().zip(&mut self.0) {
            for (result, count) in Self::OUTCOMES.iter().zip(row) {
                *count += u64::from(*name == task && *result == outcome);
            }
        }
    }

    /// All of them: task, outcome, count.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        Self::TASKS.into_iter().zip(&self.0).flat_map(|(task, row)| {
            Self::OUTCOMES
                .into_iter()
                .zip(row)
                .map(move |(outcome, count)| (task, outcome, *count))
        })
    }
}
