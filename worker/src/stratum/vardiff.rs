// SPDX-License-Identifier: Apache-2.0
//! How often a miner shall speak: a difficulty for each connection, chosen for bandwidth alone.
//!
//! The proof needs no difficulty, only the smallest hashes of all miners. So a difficulty may be anything, as long as a miner sends enough
//! shares in a window for all of the asset's [`SHARES`] smallest hashes that are its own to be among them: if it alone makes more than
//! that many, it does, whatever the others are worth. Nothing here depends on what another connection says of itself.

#[cfg(test)]
mod tests;

use super::difficulty::Difficulty;
use compute_proof::hashrate::SHARES;
use std::time::Duration;

/// How many times more shares than a proof has a miner shall send in a window, at least. Powers of two and chance leave a third of them.
pub const ABUNDANCE: u32 = 6;

/// Shares a minute from a miner that works for a pool, at most: a pool counts each at its own difficulty, so a higher one costs income.
pub const MOST_PER_MINUTE: u32 = 600;

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

/// Shares a minute that a census needs of each miner, if its window is so long.
pub fn census_per_minute(window: Duration) -> u32 {
    let needed = 60_000 * u128::from(ABUNDANCE * SHARES);
    u32::try_from(needed.div_ceil(window.as_millis().max(1))).unwrap_or(u32::MAX)
}

/// The difficulty at which a miner sends exactly as many shares as it shall.
fn ideal(hashes_per_second: u64, per_minute: u32) -> u128 {
    u128::from(hashes_per_second) * 60 / u128::from(per_minute.max(1))
}

/// What a miner shall send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Shares a minute.
    pub per_minute: u32,
    /// Easier ones are of no use: the pool does not take them.
    pub least: Difficulty,
}

/// One connection's difficulty, and what has been seen at it. Time is that since the connection began.
#[derive(Clone, Debug)]
pub struct Vardiff {
    /// By what has been seen.
    own: Difficulty,
    /// The least that the miner asked for.
    floor: Difficulty,
    goal: Goal,
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
    pub fn new(difficulty: Difficulty, goal: Goal, now: Duration) -> Self {
        Self {
            own: difficulty,
            floor: Difficulty::MIN,
            goal,
            known: None,
            shares: 0,
            hashes: 0,
            since: now,
            last: now,
        }
    }

    /// The difficulty.
    pub fn difficulty(&self) -> Difficulty {
        self.at_least(self.own)
    }

    fn at_least(&self, difficulty: Difficulty) -> Difficulty {
        difficulty.max(self.floor).max(self.goal.least)
    }

    /// Takes the difficulty that a miner suggests, until the next look.
    pub fn suggest(&mut self, difficulty: Difficulty, now: Duration) {
        *self = Self {
            floor: self.floor,
            known: self.rate(now),
            ..Self::new(difficulty, self.goal, now)
        };
    }

    /// Goes no lower than a miner can.
    pub fn limit(&mut self, floor: Difficulty, now: Duration) {
        self.suggest(self.own, now);
        self.floor = floor;
    }

    /// Takes another goal, if it is another.
    pub fn aim(&mut self, goal: Goal, now: Duration) {
        if goal != self.goal {
            self.resume(self.rate(now), goal, now);
        }
    }

    /// Begins to look again, after a while in which nothing could be told. `rate`: what is known of hashes a second.
    pub fn resume(&mut self, rate: Option<u64>, goal: Goal, now: Duration) {
        self.goal = goal;
        let own = match rate {
            Some(rate) => Difficulty::from_hashes(ideal(rate, goal.per_minute)).floor_power_of_two(),
            None => self.own,
        };
        self.suggest(own, now);
        self.known = rate;
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
        let some = u128::from(SOME) * u128::from(self.difficulty().hashes());
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

    /// Judges what has come; the new difficulty, where another one is better. Powers of two, so that it rests.
    pub fn retarget(&mut self, now: Duration) -> Option<Difficulty> {
        let current = self.difficulty();
        let better = self
            .better(now)
            .filter(|better| self.at_least(*better) != current);
        match better {
            Some(better) => self.suggest(better, now),
            None => self.forget(now),
        }
        better.map(|_| self.difficulty())
    }

    fn better(&self, now: Duration) -> Option<Difficulty> {
        let current = self.difficulty().hashes();
        if self.shares == 0 {
            let lower = (current / STEP).max(SILENT_FLOOR.min(current));
            return (now.saturating_sub(self.last) >= SILENCE).then(|| Difficulty::from_hashes(lower.into()));
        }
        let passed = now.saturating_sub(self.since);
        if !self.is_due(now) && passed < PATIENCE {
            return None;
        }
        let ideal = ideal(self.rate(now).unwrap_or(u64::MAX), self.goal.per_minute);
        // Powers of two leave a factor of two; the rest is chance, which must not drive it to and fro.
        let too_easy = ideal > u128::from(current) * 3;
        let too_hard = ideal.saturating_mul(2) < u128::from(current);
        (too_easy || too_hard).then(|| Difficulty::from_hashes(ideal).floor_power_of_two())
    }

    /// What was seen long ago makes room for what will be.
    fn forget(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.since);
        if self.shares > 0 && passed >= PATIENCE {
            self.shares = self.shares.div_ceil(2);
            self.hashes = self.hashes.div_ceil(2);
            self.since += passed / 2;
        }
    }
}
