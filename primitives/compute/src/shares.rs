// SPDX-License-Identifier: Apache-2.0
//! How income is divided among shares, fractions or others, at the same cost for one holder and for a million: income per share is
//! added up, and each holder is credited with the difference since it was last settled.
//!
//! Pure. Every `Option` is `None` on overflow or underflow, never a wrong number. Rounding: a share is floored, and what the division
//! leaves over is carried to the next one. A holder's debt is kept in units of 1/[`SCALE`] and only whole units leave, so no rounding
//! ever pays out a unit that did not come in.

use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::U256;

/// Debts are counted in units of 1/2^64.
pub const SCALE: U256 = U256([0, 1, 0, 0]);

/// An amount in units of 1/[`SCALE`]. Can't overflow: 128 + 64 bits.
pub fn scaled(amount: u128) -> U256 {
    U256::from(amount) * SCALE
}

/// How those who have shares divide what comes in: income per share since the first, and what divisions left over. Both in units of
/// 1/[`SCALE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Accumulator {
    /// Never decreases, also not when all shares end and others begin.
    pub per_share: U256,
    pub remainder: U256,
}

impl Accumulator {
    /// Shares `amount`, and what was left over before, among `supply` shares. `None` also if `supply` is zero.
    pub fn distribute(&mut self, amount: u128, supply: u128) -> Option<()> {
        let pool = scaled(amount).checked_add(self.remainder)?;
        let supply = U256::from(supply);
        let each = pool.checked_div(supply)?;
        let per_share = self.per_share.checked_add(each)?;
        // each · supply <= pool
        self.remainder = pool - each * supply;
        self.per_share = per_share;
        Some(())
    }

    /// Adds `amount` to what was left over and takes the whole units out.
    pub fn sweep(&mut self, amount: u128) -> Option<u128> {
        let pool = scaled(amount).checked_add(self.remainder)?;
        let whole = u128::try_from(pool / SCALE).ok()?;
        self.remainder = pool % SCALE;
        Some(whole)
    }

    /// Takes an emptied holder's residue back.
    pub fn absorb(&mut self, residue: U256) -> Option<()> {
        self.remainder = self.remainder.checked_add(residue)?;
        Some(())
    }
}

/// What one account has coming from its shares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Position {
    /// `per_share` up to which the holding is settled.
    pub checkpoint: U256,
    /// In units of 1/[`SCALE`].
    pub owed: U256,
}

impl Position {
    /// A position that begins now, holding nothing yet.
    pub fn open(accumulator: &Accumulator) -> Self {
        Self {
            checkpoint: accumulator.per_share,
            owed: U256::zero(),
        }
    }

    /// Credits what `held` shares earned since the last settlement.
    pub fn settle(&mut self, accumulator: &Accumulator, held: u128) -> Option<()> {
        let each = accumulator.per_share.checked_sub(self.checkpoint)?;
        self.owed = self.owed.checked_add(each.checked_mul(U256::from(held))?)?;
        self.checkpoint = accumulator.per_share;
        Some(())
    }

    /// Credits whole units that come to the account by another right.
    pub fn credit(&mut self, amount: u128) -> Option<()> {
        self.owed = self.owed.checked_add(scaled(amount))?;
        Some(())
    }

    /// Whole units owed.
    pub fn whole(&self) -> Option<u128> {
        u128::try_from(self.owed / SCALE).ok()
    }

    /// Takes the whole units out.
    pub fn take_whole(&mut self) -> Option<u128> {
        let whole = self.whole()?;
        self.owed %= SCALE;
        Some(whole)
    }

    /// Takes out what is less than a unit.
    pub fn take_residue(&mut self) -> U256 {
        let residue = self.owed % SCALE;
        self.owed -= residue;
        residue
    }
}
