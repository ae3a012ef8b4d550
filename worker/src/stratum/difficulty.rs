// SPDX-License-Identifier: Apache-2.0
//! How hard a share is to find, as Stratum names it, and the target that it stands for. Exact: no float decides about a share.

#[cfg(test)]
mod tests;

use primitive_types::U256;
use serde_json::{Number, Value};
use std::{fmt, num::NonZeroU64};

/// Difficulty 1, in the unit of [`Difficulty`].
const ONE: u64 = 1 << 32;

/// Bits that a double keeps of an integer.
const DOUBLE_BITS: u32 = f64::MANTISSA_DIGITS;

/// How hard a share is to find, in units of 2^-32: difficulty 1 is 2^32 of them, about as many hashes as a share takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difficulty(NonZeroU64);

/// A number that is no difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("difficulty must be a number above 0 and below 2^32")]
pub struct NotADifficulty;

impl Difficulty {
    /// The least there is: every second hash would do, nearly.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// The difficulty at which a share takes about so many hashes: rounded down to what a JSON number names exactly.
    pub fn from_hashes(hashes: u128) -> Self {
        let hashes = u64::try_from(hashes).unwrap_or(u64::MAX);
        let excess = (u64::BITS - hashes.leading_zeros()).saturating_sub(DOUBLE_BITS);
        NonZeroU64::new(hashes >> excess << excess).map_or(Self::MIN, Self)
    }

    /// The largest power of two that is not above: what vardiff hands out.
    #[must_use]
    pub fn floor_power_of_two(self) -> Self {
        NonZeroU64::new(1 << self.0.ilog2()).map_or(Self::MIN, Self)
    }

    /// About how many hashes a share takes.
    pub fn hashes(self) -> u64 {
        self.0.get()
    }

    /// The largest hash that is a share: `0xffff · 2^208 / difficulty`, rounded down.
    pub fn target(self) -> U256 {
        (U256::from(0xffff) << 240) / U256::from(self.0.get())
    }

    /// The difficulty of a target: the inverse of [`Self::target`]. That of zero is the largest.
    pub fn from_target(target: U256) -> Self {
        let units = (U256::from(0xffff) << 240)
            .checked_div(target)
            .unwrap_or(U256::MAX);
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        NonZeroU64::new(units).map_or(Self::MIN, Self)
    }

    /// Reads what came over the wire. What lies between two units is rounded up: a share must satisfy who asked for it.
    ///
    /// # Errors
    /// [`NotADifficulty`].
    pub fn from_json(value: &Value) -> Result<Self, NotADifficulty> {
        let number = value.as_number().ok_or(NotADifficulty)?;
        let units = match number.as_u64() {
            Some(whole) => whole.checked_mul(ONE),
            None => number.as_f64().and_then(units_of),
        };
        units.and_then(NonZeroU64::new).map(Self).ok_or(NotADifficulty)
    }

    /// The number for the wire: whole where it is whole, as some miners read nothing else.
    pub fn to_json(self) -> Value {
        match self.0.get() % ONE {
            0 => (self.0.get() / ONE).into(),
            _ => Number::from_f64(self.to_f64()).map_or(Value::Null, Value::Number),
        }
    }

    /// As people read it.
    pub fn to_f64(self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.0.get().to_be_bytes();
        let whole = u32::from_be_bytes([a, b, c, d]);
        let part = u32::from_be_bytes([e, f, g, h]);
        f64::from(whole) + f64::from(part) / 4_294_967_296.0
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_f64())
    }
}

/// `number · 2^32`, rounded up, from the bits of the double.
fn units_of(number: f64) -> Option<u64> {
    if !number.is_normal() || number.is_sign_negative() {
        return None;
    }
    let bits = number.to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    // number = mantissa · 2^(exponent - 1075)
    let shift = i64::try_from(bits >> 52).ok()? - 1075 + 32;
    match u32::try_from(shift.unsigned_abs()) {
        Ok(left) if shift >= 0 => {
            let fits = left <= mantissa.leading_zeros();
            fits.then(|| mantissa << left)
        }
        Ok(right) => {
            let floor = mantissa.checked_shr(right).unwrap_or(0);
            let exact = floor.checked_shl(right) == Some(mantissa);
            Some(if exact { floor } else { floor + 1 })
        }
        Err(_) => None,
    }
}
