// SPDX-License-Identifier: Apache-2.0
//! The sums, pure: no storage, no clock. Every `Option` is `None` on overflow or underflow, never a wrong number.
//!
//! Rounding: a fee, a share and a vested part are floored; whoever comes last in the waterfall gets the exact rest, and what a
//! division by the supply leaves over is carried to the next one. A holder's debt is kept in units of 1/[`SCALE`] and only whole
//! units leave, so no rounding ever pays out a unit that did not come in.

use crate::types::Balance;
use codec::{Decode, Encode, MaxEncodedLen};
pub use compute_primitives::shares::{scaled, Accumulator, Position, SCALE};
use compute_primitives::CensusIndex;
use frame_support::sp_runtime::{traits::AtLeast32BitUnsigned, Perbill};
use scale_info::TypeInfo;
use sp_core::U256;

/// Emission on its way to an asset's holders, linear from `start` to `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Stream<BlockNumber> {
    pub amount: Balance,
    /// Of `amount`, what has left the stream.
    pub released: Balance,
    pub start: BlockNumber,
    /// Everything has vested in this block. After `start`.
    pub end: BlockNumber,
}

impl<N: AtLeast32BitUnsigned + Copy> Stream<N> {
    /// What has vested by `now` since `start`, floored.
    pub fn due(&self, now: N) -> Option<Balance> {
        if now >= self.end {
            return Some(self.amount);
        }
        if now <= self.start {
            return Some(0);
        }
        let elapsed = blocks(now - self.start);
        let length = blocks(self.end - self.start);
        // 128 + 128 bits: no overflow; the quotient is at most `amount`.
        Balance::try_from(U256::from(self.amount) * U256::from(elapsed) / U256::from(length)).ok()
    }

    /// What has vested by `now` and was not released yet.
    pub fn releasable(&self, now: N) -> Option<Balance> {
        self.due(now)?.checked_sub(self.released)
    }

    /// What has not vested by `now`.
    pub fn unvested(&self, now: N) -> Option<Balance> {
        self.amount.checked_sub(self.due(now)?)
    }

    /// Releases what has vested by `now` and returns it.
    pub fn release(&mut self, now: N) -> Option<Balance> {
        let due = self.due(now)?;
        let amount = due.checked_sub(self.released)?;
        self.released = due;
        Some(amount)
    }

    /// A new stream of what is left in `of` and `amount`, over `period` blocks from `now`. Release `of` first.
    pub fn deposit(of: Option<Self>, amount: Balance, now: N, period: N) -> Option<Self> {
        let left = match of {
            Some(stream) => stream.held()?,
            None => 0,
        };
        Some(Self {
            amount: left.checked_add(amount)?,
            released: 0,
            start: now,
            end: now.checked_add(&period)?,
        })
    }

    /// The stream less `amount` of what has not vested; its end stays. Release it first. `None` also if less is left.
    pub fn slash(&self, amount: Balance, now: N) -> Option<Self> {
        Some(Self {
            amount: self.held()?.checked_sub(amount)?,
            released: 0,
            start: now,
            end: self.end,
        })
    }
}

impl<N> Stream<N> {
    /// What is still in the stream, vested or not.
    pub fn held(&self) -> Option<Balance> {
        self.amount.checked_sub(self.released)
    }

    pub fn is_empty(&self) -> bool {
        self.released >= self.amount
    }
}

/// No block number is wider than 128 bits, so nothing saturates.
fn blocks<N: AtLeast32BitUnsigned>(n: N) -> u128 {
    n.unique_saturated_into()
}

/// An amount after the deductions. The three add up to it exactly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    pub protocol: Balance,
    pub operator: Balance,
    pub holders: Balance,
}

/// Protocol first, then the operator of what is left, each floored; the holders get the exact rest.
pub fn waterfall(amount: Balance, protocol_fee: Perbill, operator_fee: Perbill) -> Option<Cut> {
    let protocol = protocol_fee.mul_floor(amount);
    let left = amount.checked_sub(protocol)?;
    let operator = operator_fee.mul_floor(left);
    Some(Cut {
        protocol,
        operator,
        holders: left.checked_sub(operator)?,
    })
}

/// The emission that the schedule foresees for a census: `initial`, halved every `interval` censuses, of which one kind has
/// `share`. Floored. Zero for census 0, which is none.
pub fn scheduled(initial: Balance, interval: u32, share: Perbill, census: CensusIndex) -> Balance {
    let Some(halvings) = census
        .0
        .checked_sub(1)
        .and_then(|past| past.checked_div(interval))
    else {
        return 0;
    };
    share.mul_floor(initial.checked_shr(halvings).unwrap_or(0))
}

/// The pot of a census: what is scheduled, what came back up to as much again, and never more than `room` under the cap.
pub fn pot(scheduled: Balance, returned: Balance, room: Balance) -> Balance {
    scheduled.saturating_add(returned.min(scheduled)).min(room)
}

#[cfg(test)]
mod tests;
