// SPDX-License-Identifier: Apache-2.0
//! Amounts as people read them, exact to the last unit.

use serde::{Serialize, Serializer};
use std::fmt;

/// 1 EGN in the smallest unit.
pub const UNIT: u128 = 1_000_000_000_000;

/// An amount of money in the smallest unit. In JSON a string of digits, shown in EGN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Egn(pub u128);

impl Serialize for Egn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl fmt::Display for Egn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&point(self.0, 12))
    }
}

/// A count of work or of fractions. In JSON a string of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u128);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Multiply-accumulates as CU, or those per second as CU/s: units of 10^12, to six digits, rounded down.
pub fn cu(macs: u128) -> String {
    point(macs / 1_000_000, 6)
}

/// Work of a device of that kind, in its unit: CU, or millions of hashes.
pub fn work(kind: &str, amount: u128) -> String {
    match kind {
        "hashrate" => format!("{} MH", point(amount, 6)),
        _ => format!("{} CU", cu(amount)),
    }
}

/// `value / 10^digits`, with every digit.
fn point(value: u128, digits: u32) -> String {
    let unit = 10u128.pow(digits);
    let width = usize::try_from(digits).unwrap_or_default();
    format!("{}.{:0width$}", value / unit, value % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_has_the_unit_of_its_kind() {
        assert_eq!(work("gpu", 1_500_000_000_000), "1.500000 CU");
        assert_eq!(work("hashrate", 1_500_000), "1.500000 MH");
    }

    #[test]
    fn no_digit_is_lost() {
        assert_eq!(Egn(0).to_string(), "0.000000000000");
        assert_eq!(Egn(1).to_string(), "0.000000000001");
        assert_eq!(Egn(12 * UNIT + 345).to_string(), "12.000000000345");
        assert_eq!(
            Egn(u128::MAX).to_string(),
            "340282366920938463463374607.431768211455"
        );
        assert_eq!(format!("{:>16}", Egn(UNIT)), "  1.000000000000");
    }

    #[test]
    fn compute_units_have_six_digits() {
        assert_eq!(cu(1_234_567_890_123), "1.234567");
        assert_eq!(cu(999_999), "0.000000");
    }

    #[test]
    fn json_amounts_are_strings() {
        assert_eq!(
            serde_json::to_string(&Egn(u128::MAX)).unwrap(),
            format!("\"{}\"", u128::MAX)
        );
        assert_eq!(serde_json::to_string(&Count(7)).unwrap(), "\"7\"");
    }
}
