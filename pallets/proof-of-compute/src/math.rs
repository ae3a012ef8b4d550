// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of ratings and money: pure, no storage, no clock. Every function says how it rounds.

use compute_primitives::{AssetKind, Work, WorkRate};
use compute_proof::hashrate;
use sp_core::{U256, U512};

/// A census pays an asset at most this part of what it can lose (bond + unvested).
const STAKE_PARTS: u128 = 16;

/// Slash, in rewards of the claim.
const SLASH_REWARDS: u128 = 48;

/// The reporter's part of a slash is one in so many.
const BOUNTY_PARTS: u128 = 10;

/// `floor(a · b / c)`, exact in between; `None` if `c` is zero or the result does not fit.
pub fn mul_div_floor(a: u128, b: u128, c: u128) -> Option<u128> {
    // Two factors below 2^128 make a product below 2^256.
    let quotient = U256::from(a)
        .checked_mul(U256::from(b))?
        .checked_div(U256::from(c))?;
    u128::try_from(quotient).ok()
}

/// Work per second: `work` over `slots` slots of `slot_ms` milliseconds, rounded down. No slots count as one.
///
/// `None` if the result does not fit.
pub fn rate(work: Work, slots: u64, slot_ms: u64) -> Option<WorkRate> {
    let elapsed_ms = u128::from(slots.max(1)).checked_mul(u128::from(slot_ms))?;
    mul_div_floor(work, 1000, elapsed_ms)
}

/// 2^-64 fixed-point numbers below one.
type Fraction = u64;

/// 255/256, the decay of the best rate.
const BEST_KEPT: Fraction = 255 << 56;

/// What a census missed leaves of a rating. A quarter of matrix work goes, since that is counted exactly: who delivers it knows how
/// much. An estimate of hashes moves as far down as up, or its own noise would pull the rating down.
fn rate_kept(kind: AssetKind) -> Fraction {
    match kind {
        AssetKind::Gpu => 3 << 62,
        AssetKind::Hashrate => 15 << 60,
    }
}

/// (15/16)^2, the decay of a variance by a census.
const VARIANCE_KEPT: Fraction = 225 << 56;

/// The best rate after `censuses` more censuses: `best · (255/256)^censuses`, rounded down (exactly so for
/// one census, by at most one part in 2^58 more for many).
pub fn decayed_best(best: WorkRate, censuses: u32) -> WorkRate {
    scaled(best, BEST_KEPT, censuses)
}

/// The rating after `missed` more censuses missed: `rate · (3/4)^missed` for matrix work, `rate · (15/16)^missed` for hashes,
/// rounded down likewise.
pub fn decayed_rate(kind: AssetKind, rate: WorkRate, missed: u32) -> WorkRate {
    scaled(rate, rate_kept(kind), missed)
}

/// The variance of a rating of hashes after `missed` more censuses missed: `variance · (225/256)^missed`, rounded down likewise.
/// That a census was missed is certain, so it adds none.
pub fn decayed_variance(variance: U256, missed: u32) -> U256 {
    let Some(factor) = power(VARIANCE_KEPT, missed) else {
        return variance;
    };
    let product = U512::from(variance) * U512::from(factor);
    // Below the variance.
    U256::try_from(product >> 64).unwrap_or(U256::MAX)
}

/// The variance of a rating of hashes after a census whose estimate is `shown`: the rating is 15/16 of what it was and 1/16 of the
/// estimate, whose relative variance is 1/(K - 2). Rounded down.
pub fn variance_with(before: U256, shown: WorkRate) -> U256 {
    let square = U256::from(shown) * U256::from(shown);
    let added = square / U256::from(hashrate::SHARES - 2) / U256::from(256);
    decayed_variance(before, 1).saturating_add(added)
}

/// The standard error of a rating, rounded down.
pub fn standard_error(variance: U256) -> WorkRate {
    // The root of a number of 256 bits has 128.
    WorkRate::try_from(variance.integer_sqrt()).unwrap_or(WorkRate::MAX)
}

/// `value · kept^times`, rounded down at each of at most 64 multiplications.
fn scaled(value: u128, kept: Fraction, times: u32) -> u128 {
    power(kept, times).map_or(value, |factor| {
        // Both halves are below 2^64 · 2^64; the sum is below `value`.
        let (high, low) = (value >> 64, value & u128::from(u64::MAX));
        high * u128::from(factor) + ((low * u128::from(factor)) >> 64)
    })
}

/// `base^times`, rounded down at each of at most 63 multiplications; `None`, which is 1, for none.
fn power(base: Fraction, times: u32) -> Option<Fraction> {
    if times == 0 {
        return None;
    }
    let mut factor: Option<Fraction> = None;
    let mut square = base;
    let mut left = times;
    loop {
        if left & 1 == 1 {
            factor = Some(factor.map_or(square, |factor| product(factor, square)));
        }
        left >>= 1;
        if left == 0 {
            break;
        }
        square = product(square, square);
    }
    factor
}

/// Product of two fractions, rounded down.
fn product(a: Fraction, b: Fraction) -> Fraction {
    let wide = (u128::from(a) * u128::from(b)) >> 64;
    // Below 2^64, as both factors are.
    u64::try_from(wide).unwrap_or(u64::MAX)
}

/// Whether a claimed rate is so far above the best rate opened (more than 1.05 times, the bound rounded down)
/// that it must be opened.
pub fn exceeds_best(claimed: WorkRate, best: WorkRate) -> bool {
    claimed > best.saturating_add(best / 20)
}

/// The rating after a census that showed `shown`: 1/16 of the gap up; down, 1/4 of it for matrix work and 1/16 for hashes. Rounded
/// down both ways.
pub fn rerated(kind: AssetKind, rate: WorkRate, shown: WorkRate) -> WorkRate {
    let down = match kind {
        AssetKind::Gpu => 4,
        AssetKind::Hashrate => 16,
    };
    match shown.checked_sub(rate) {
        Some(gap) => rate + gap / 16,
        None => rate - (rate - shown).div_ceil(down),
    }
}

/// What is remembered of a census's denominator for those that come: of hashes at most twice the mean of those before (rounded up). They
/// can be hired by the minute and cost no slash: without the bound, an hour of very many would shut the others out for a day.
///
/// `None` on overflow.
pub fn remembered(kind: AssetKind, denominator: Work, before: &[Work]) -> Option<Work> {
    if kind == AssetKind::Gpu || before.is_empty() {
        return Some(denominator);
    }
    let sum = before
        .iter()
        .try_fold(0u128, |sum, past| sum.checked_add(*past))?;
    let count = u128::try_from(before.len()).ok()?;
    // A quiet time leaves something to grow from.
    Some(denominator.min(sum.checked_mul(2)?.div_ceil(count).max(1)))
}

/// By what a pot is divided: the claims left, and at least half the mean of the denominators before (rounded
/// down).
///
/// `None` on overflow.
pub fn denominator(claims_left: Work, before: &[Work]) -> Option<Work> {
    let sum = before
        .iter()
        .try_fold(0u128, |sum, past| sum.checked_add(*past))?;
    let count = u128::try_from(before.len()).ok()?.checked_mul(2)?;
    Some(claims_left.max(sum.checked_div(count).unwrap_or(0)))
}

/// The part of a pot that `work` earns: `floor(pot · work / denominator)`, nothing where the denominator is
/// zero.
///
/// Rounded down, so that the shares of claims that add up to the denominator never add up to more than the
/// pot. `None` if it does not fit, which takes more work than the denominator.
pub fn share(pot: u128, work: Work, denominator: Work) -> Option<u128> {
    match denominator {
        0 => Some(0),
        _ => mul_div_floor(pot, work, denominator),
    }
}

/// What of a share is paid: at most a sixteenth (rounded down) of what the asset can lose.
pub fn capped(share: u128, bond: u128, unvested: u128) -> u128 {
    share.min(bond.saturating_add(unvested) / STAKE_PARTS)
}

/// A slash, and the reporter's part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Slash {
    /// Taken of the bond.
    pub bond: u128,
    /// Taken of what has not vested.
    pub unvested: u128,
    /// The reporter's, of what is taken of the bond.
    pub bond_bounty: u128,
    /// The reporter's, of what is taken of the unvested.
    pub unvested_bounty: u128,
}

/// The slash of a claim that would have earned `reward`: 48 times that, at most all that is there, the bond
/// first.
///
/// The bounty is a tenth of the whole, rounded down.
pub fn slash(reward: u128, bond: u128, unvested: u128) -> Slash {
    let due = reward.saturating_mul(SLASH_REWARDS);
    let from_bond = due.min(bond);
    let from_unvested = (due - from_bond).min(unvested);
    let bond_bounty = from_bond / BOUNTY_PARTS;
    // Tenth by tenth, with the remainders together: the floor of the sum's tenth, and no addition that could
    // overflow.
    let rest = (from_bond % BOUNTY_PARTS + from_unvested % BOUNTY_PARTS) / BOUNTY_PARTS;
    let unvested_bounty = from_unvested / BOUNTY_PARTS + rest;
    Slash {
        bond: from_bond,
        unvested: from_unvested,
        bond_bounty,
        unvested_bounty,
    }
}

/// Whether a block whose randomness is `hash` opens a census: its first eight bytes, little-endian, are below
/// `trigger`.
pub fn triggered(hash: &[u8; 32], trigger: u64) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) < trigger
}

/// Censuses missed in a row: those that reached payment (`counted`) after the one with ordinal `rated_at`,
/// without the one whose commit awaits its settlement.
pub fn missed(counted: u32, rated_at: u32, awaits: bool) -> u32 {
    counted.saturating_sub(rated_at).saturating_sub(u32::from(awaits))
}
