// SPDX-License-Identifier: Apache-2.0
//! How much a stranger may ask for: a budget a connection, and log lines that a flood does not multiply.

#[cfg(test)]
mod tests;

use super::vardiff::ABUNDANCE;
use compute_proof::hashrate::SHARES;
use std::time::Duration;

/// What a connection's lines cost, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A line as it should be.
    Line = 1,
    /// A share that does not count.
    BadShare = 5,
    /// A line that is no message, or a request with wrong parameters.
    Garbage = 50,
}

/// Points that a connection may run up at once.
const CAPACITY: u32 = 500;

/// Points that it gets back each second, besides those for the shares that the census wants.
const REFILL: u64 = 25;

/// Points that a connection gets back each second, if it may have to bring all of a census's shares alone: twice as many as the highest difficulty
/// lets through on average.
pub fn refill(window: Duration) -> u64 {
    let shares = 4_000 * u64::from(ABUNDANCE * SHARES);
    let millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
    REFILL.saturating_add(shares / millis)
}

/// A budget: costs are taken from it, time fills it up again.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Points left, in thousandths.
    left: u64,
    filled: Duration,
}

impl Budget {
    /// A full one.
    pub fn new(now: Duration) -> Self {
        Self {
            left: u64::from(CAPACITY) * 1_000,
            filled: now,
        }
    }

    /// Takes a cost; so many points came back each second since. Says whether there was enough left.
    pub fn spend(&mut self, cost: Cost, now: Duration, refill: u64) -> bool {
        let passed = u64::try_from(now.saturating_sub(self.filled).as_millis()).unwrap_or(u64::MAX);
        self.filled = self.filled.max(now);
        self.left = passed
            .saturating_mul(refill)
            .saturating_add(self.left)
            .min(u64::from(CAPACITY) * 1_000);
        let cost = 1_000 * cost.points();
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }
}

impl Cost {
    fn points(self) -> u64 {
        match self {
            Self::Line => 1,
            Self::BadShare => 5,
            Self::Garbage => 50,
        }
    }
}

/// Lets so many log lines of a kind through in a while, and counts those that it holds back.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    since: Duration,
    passed: u32,
    held: u64,
}

/// Log lines of one kind in [`GATE_PERIOD`].
const GATE_LINES: u32 = 5;

/// See [`GATE_LINES`].
const GATE_PERIOD: Duration = Duration::from_secs(10);

impl Default for Gate {
    fn default() -> Self {
        Self {
            since: Duration::ZERO,
            passed: 0,
            held: 0,
        }
    }
}

impl Gate {
    /// Whether a line may be written now; then, how many were held back since the last one.
    pub fn pass(&mut self, now: Duration) -> Option<u64> {
        if now.saturating_sub(self.since) >= GATE_PERIOD {
            (self.since, self.passed) = (now, 0);
        }
        if self.passed >= GATE_LINES {
            self.held = self.held.saturating_add(1);
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.held))
    }
}
