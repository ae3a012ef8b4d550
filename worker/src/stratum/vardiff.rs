// SPDX-License-Identifier: Apache-2.0
//! How often a miner shall speak: a difficulty for each connection, chosen for bandwidth alone.
//!
//! The proof needs no difficulty, only the smallest hashes of all miners. So a difficulty may be anything, as long as enough
//! shares come in a window for the [`SHARES`] smallest hashes to be among them.

#[cfg(test)]
mod tests;

use super::difficulty::Difficulty;
use compute_proof::hashrate::SHARES;
use std::time::Duration;

/// How many times more shares than a proof has shall come in a window, at least.
pub const ABUNDANCE: u32 = 4;

/// So many shares are judged without waiting longer.
const ENOUGH: u32 = 16;

/// From so many shares on, they alone tell the hashrate.
const SOME: u32 = 4;

/// Miners report in bursts: what comes in less time tells nothing of their rate.
const LEAST: Duration = Duration::from_millis(250);

/// After so long the difficulty is judged by what has come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A miner that sends nothing for so long has far too hard shares to find, or is gone.
const SILENCE: Duration = Duration::from_secs(5);

/// Silence alone lowers no difficulty below this, in hashes: a strong miner that was switched off must not come back to a trifle.
const SILENT_FLOOR: u64 = 1 << 16;

/// The most that one step changes a difficulty without a share having shown that it should.
const STEP: u64 = 16;

/// The highest difficulty at which enough shares come from an asset of so many hashes a second, if a census's window is so long.
pub fn ceiling(hashes_per_second: u64, window: Duration) -> Difficulty {
    let hashes = u128::from(hashes_per_second).saturating_mul(window.as_millis()) / 1_000;
    Difficulty::from_hashes(hashes / u128::from(ABUNDANCE * SHARES))
}

/// What all connections aim at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Shares a minute from each miner.
    pub per_minute: u32,
    /// No difficulty is above this; `None` as long as nothing is known of the asset's hashrate.
    pub ceiling: Option<Difficulty>,
}

/// The difficulty, in hashes, at which a miner sends exactly as many shares as it shall.
fn ideal(hashes_per_second: u64, per_minute: u32) -> u128 {
    u128::from(hashes_per_second) * 60 / u128::from(per_minute.max(1))
}

/// One connection's difficulty, and what has been seen at it. Time is that since the connection began.
#[derive(Clone, Debug)]
pub struct Vardiff {
    difficulty: Difficulty,
    /// The least that the miner asked for.
    floor: Difficulty,
    /// Hashes a second, as seen at the difficulty before.
    known: Option<u64>,
    shares: u32,
    /// What these stand for: the sum of their difficulties, which may be those of earlier jobs.
    hashes: u128,
    since: Duration,
    last: Duration,
}

impl Vardiff {
    /// Begins at a difficulty.
    pub fn new(difficulty: Difficulty, now: Duration) -> Self {
        Self {
            difficulty,
            floor: Difficulty::MIN,
            known: None,
            shares: 0,
            hashes: 0,
            since: now,
            last: now,
        }
    }

    /// The difficulty.
    pub fn difficulty(&self) -> Difficulty {
        self.difficulty
    }

    /// Takes the difficulty that a miner suggests; the ceiling still holds at the next step.
    pub fn suggest(&mut self, difficulty: Difficulty, now: Duration) {
        *self = Self {
            floor: self.floor,
            known: self.rate(now),
            ..Self::new(difficulty.max(self.floor), now)
        };
    }

    /// Goes no lower than a miner can.
    pub fn limit(&mut self, floor: Difficulty, now: Duration) {
        self.floor = floor;
        self.suggest(self.difficulty, now);
    }

    /// Begins to look again, after a while in which it could not tell anything. `rate`: what is known of hashes a second.
    pub fn resume(&mut self, rate: Option<u64>, now: Duration, goal: Goal) {
        let difficulty = match rate {
            Some(rate) => Difficulty::from_hashes(ideal(rate, goal.per_minute)).floor_power_of_two(),
            None => self.difficulty,
        };
        let ceiling = goal.ceiling.map(Difficulty::floor_power_of_two);
        self.suggest(ceiling.map_or(difficulty, |ceiling| difficulty.min(ceiling)), now);
        self.known = rate.or(self.known);
    }

    /// Whether enough shares have come to judge by.
    pub fn is_due(&self, now: Duration) -> bool {
        self.shares >= ENOUGH && now.saturating_sub(self.since) >= LEAST
    }

    /// Counts a share, at the difficulty of its job.
    pub fn on_share(&mut self, difficulty: Difficulty, now: Duration) {
        self.shares = self.shares.saturating_add(1);
        self.hashes = self.hashes.saturating_add(difficulty.hashes().into());
        self.last = now;
    }

    /// Hashes a second, as far as seen; `None` if nothing was.
    pub fn rate(&self, now: Duration) -> Option<u64> {
        let passed = now.saturating_sub(self.since);
        let of = |hashes: u128, time: Duration| {
            let rate = hashes.saturating_mul(1_000).checked_div(time.as_millis())?;
            Some(u64::try_from(rate).unwrap_or(u64::MAX))
        };
        let seen = || of(self.hashes, passed.max(LEAST));
        let some = u128::from(SOME) * u128::from(self.difficulty.hashes());
        match self.known {
            _ if self.shares >= SOME => seen(),
            // It may have become weaker, or be gone: no more than some shares at once would tell.
            Some(known) => {
                Some(of(self.hashes.saturating_add(some), passed).map_or(known, |most| known.min(most)))
            }
            None if self.shares > 0 => seen(),
            None => None,
        }
    }

    /// Judges what has come; a new difficulty, where another one is better. Powers of two, so that it rests.
    pub fn retarget(&mut self, now: Duration, goal: Goal) -> Option<Difficulty> {
        // The ceiling follows from what is known of all: a newcomer of whom nothing is known may be stronger than they are.
        let newcomer = self.shares == 0 && self.known.is_none();
        let ceiling = goal.ceiling.filter(|_| !newcomer);
        let next = self.better(now, goal.per_minute, ceiling)?;
        // Upwards only if it will stay below: the ceiling is an estimate, which must not drive it to and fro.
        let bound = |ceiling: Difficulty| match next > self.difficulty {
            true => Difficulty::from_hashes(u128::from(ceiling.hashes()) * 2 / 3)
                .floor_power_of_two()
                .max(self.difficulty),
            false => ceiling.floor_power_of_two(),
        };
        // Where a miner can't go as low as the asset needs it to, there is nothing to be done about it.
        let next = ceiling
            .map_or(next, |ceiling| next.min(bound(ceiling)))
            .max(self.floor);
        (next != self.difficulty).then(|| {
            self.suggest(next, now);
            next
        })
    }

    fn better(&mut self, now: Duration, per_minute: u32, ceiling: Option<Difficulty>) -> Option<Difficulty> {
        let current = self.difficulty;
        let unless_above = ceiling
            .is_some_and(|ceiling| current > ceiling)
            .then_some(current);
        let passed = now.saturating_sub(self.since);
        if self.shares == 0 {
            return match now.saturating_sub(self.last) >= SILENCE {
                true => {
                    let lower = (current.hashes() / STEP).max(SILENT_FLOOR.min(current.hashes()));
                    Some(Difficulty::from_hashes(lower.into()))
                }
                false => unless_above,
            };
        }
        if !self.is_due(now) && passed < PATIENCE {
            return unless_above;
        }
        let ideal = ideal(self.rate(now).unwrap_or(u64::MAX), per_minute);
        let hashes = u128::from(current.hashes());
        // Powers of two leave a factor of two; the rest is chance, which must not drive it to and fro.
        let too_easy = ideal > hashes.saturating_mul(3);
        let too_hard = ideal.saturating_mul(2) < hashes;
        if too_easy || too_hard {
            return Some(Difficulty::from_hashes(ideal).floor_power_of_two());
        }
        // As it should be: what was seen long ago makes room for what will be.
        if passed >= PATIENCE {
            self.shares = self.shares.div_ceil(2);
            self.hashes = self.hashes.div_ceil(2);
            self.since += passed / 2;
        }
        unless_above
    }
}
