// SPDX-License-Identifier: Apache-2.0
//! Amounts as people read and write them.

use compute_proof::Class;
use std::{fmt, str::FromStr};

/// Decimals of EGN.
const DECIMALS: u32 = 12;
/// Smallest units in 1 EGN.
pub const UNIT: u128 = 10u128.pow(DECIMALS);

/// An amount of EGN, in its smallest unit; shown in EGN, to the last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Egn(pub u128);

impl fmt::Display for Egn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / UNIT, self.0 % UNIT);
        if part == 0 {
            return write!(f, "{whole} EGN");
        }
        let digits = format!("{part:012}");
        write!(f, "{whole}.{} EGN", digits.trim_end_matches('0'))
    }
}

/// Not an amount of EGN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of EGN: a number with at most {DECIMALS} decimals, such as 100 or 0.5")]
pub struct NotAnAmount;

impl FromStr for Egn {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let text = text.trim().trim_end_matches("EGN").trim_end();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || (text.contains('.') && part.is_empty()) {
            return Err(NotAnAmount);
        }
        let places = u32::try_from(part.len()).map_err(|_| NotAnAmount)?;
        let scale = 10u128.pow(DECIMALS.checked_sub(places).ok_or(NotAnAmount)?);
        let part = if part.is_empty() {
            0
        } else {
            part.parse::<u128>().map_err(|_| NotAnAmount)?
        };
        let whole: u128 = whole.parse().map_err(|_| NotAnAmount)?;
        whole
            .checked_mul(UNIT)
            .and_then(|whole| whole.checked_add(part.checked_mul(scale)?))
            .map(Self)
            .ok_or(NotAnAmount)
    }
}

/// A rate in CU/s, 10^12 multiply-accumulates a second, from the duration of one round.
pub fn rate(class: Class, round: std::time::Duration) -> f64 {
    // Shown to people only; the books never see it.
    class.macs() as f64 / round.as_secs_f64().max(1e-9) / 1e12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_to_the_last_digit_and_read_back() {
        for (units, text) in [
            (0, "0 EGN"),
            (1, "0.000000000001 EGN"),
            (UNIT, "1 EGN"),
            (UNIT + UNIT / 2, "1.5 EGN"),
            (u128::MAX, "340282366920938463463374607.431768211455 EGN"),
        ] {
            assert_eq!(Egn(units).to_string(), text);
            assert_eq!(text.parse(), Ok(Egn(units)));
        }
        assert_eq!("100".parse(), Ok(Egn(100 * UNIT)));
        assert_eq!("0.5".parse(), Ok(Egn(UNIT / 2)));
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in [
            "",
            "-1",
            "1.",
            ".5",
            "1e3",
            "0.0000000000001",
            "1,5",
            "1.2.3",
            "+1",
            "99999999999999999999999999999",
        ] {
            assert_eq!(text.parse::<Egn>(), Err(NotAnAmount), "{text}");
        }
    }
}
