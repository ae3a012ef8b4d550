// SPDX-License-Identifier: Apache-2.0
//! How hard a device may work: one that overheats aims at fewer rounds, before it slows down by itself and misses what it promised.

use crate::telemetry::sensors::Reading;
use std::{fmt, ops::RangeInclusive};

/// Degrees below which a card counts as hot when it doesn't say where it slows down: few slow down earlier.
const SLOWDOWN: u32 = 88;
/// Where a card may say that it slows down.
const PLAUSIBLE: RangeInclusive<u32> = 60..=120;
/// So close to that it aims at fewer rounds.
const HOT: u32 = 3;
/// So far from it, at more again.
const COOL: u32 = 8;

/// Part of the full number of rounds, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(u16);

impl Pace {
    /// As many rounds as it can.
    pub const FULL: Self = Self(1_000);
    /// None at all.
    pub const REST: Self = Self(0);
    /// Where it begins again after a rest.
    const AGAIN: Self = Self(500);
    /// The least short of a rest.
    const LEAST: Self = Self(100);

    /// So much of `rounds`, rounded down.
    pub fn of(self, rounds: u32) -> u32 {
        let part = u64::from(rounds) * u64::from(self.0) / u64::from(Self::FULL.0);
        // No more than `rounds`.
        u32::try_from(part).unwrap_or(rounds)
    }

    /// The part, between 0 and 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(Self::FULL.0)
    }

    /// The pace after a reading: down by a tenth while the card is hot or slows down for heat or for want of power, up by a twentieth while it
    /// is cool, and a rest where it is past the point at which it protects itself.
    #[must_use]
    pub fn after(self, reading: &Reading) -> Self {
        // Some cards say nonsense: at 0 it would rest for ever.
        let slowdown = reading
            .slowdown
            .filter(|at| PLAUSIBLE.contains(at))
            .unwrap_or(SLOWDOWN);
        let margin = reading
            .temperature
            .map(|temperature| i64::from(slowdown) - i64::from(temperature));
        let (hot, cool) = (i64::from(HOT), i64::from(COOL));
        let slowed = reading.throttle.is_thermal() || reading.throttle.is_brake();
        match margin {
            Some(margin) if margin <= 0 => Self::REST,
            _ if self == Self::REST => match margin {
                Some(margin) if margin < cool => Self::REST,
                _ => Self::AGAIN,
            },
            Some(margin) if slowed || margin <= hot => Self((self.0 - self.0 / 10).max(Self::LEAST.0)),
            None if slowed => Self((self.0 - self.0 / 10).max(Self::LEAST.0)),
            Some(margin) if margin < cool => self,
            _ => Self((self.0 + 50).min(Self::FULL.0)),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0 / 10)
    }
}

#[cfg(test)]
mod tests;
