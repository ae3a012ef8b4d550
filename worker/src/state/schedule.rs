// SPDX-License-Identifier: Apache-2.0
//! When to commit, and when to settle.

/// The heights of a census at which commits are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots([u32; Self::COUNT as usize]);

impl Slots {
    /// Commits that the chain takes of an asset in a census.
    pub const COUNT: u32 = 3;
    /// Number of the last slot.
    pub const LAST: u8 = 3;

    /// The slots of a census that opened in block `opened_at` and takes no commit from block `closes_at` on: at 40% and
    /// 75% of the window, and max(1, 3·window/20) blocks before its end, so that no single author can drop all commits.
    pub fn new(opened_at: u32, closes_at: u32) -> Self {
        let window = closes_at.saturating_sub(opened_at);
        let part = |numerator: u32, denominator: u32| {
            // Both factors are u32 and the fraction is below one: the result is at most `window`.
            let part = u64::from(window) * u64::from(numerator) / u64::from(denominator);
            opened_at.saturating_add(u32::try_from(part).unwrap_or(window))
        };
        let last = closes_at.saturating_sub((part(3, 20) - opened_at).max(1));
        Self([part(2, 5).min(last), part(3, 4).min(last), last])
    }

    /// Height of the last slot: rounds computed later are never claimed.
    pub fn last(&self) -> u32 {
        let Self([_, _, last]) = self;
        *last
    }

    /// The slot to which a commit in block `height` belongs: how many of the slots it has reached. Zero: too early.
    pub fn at(&self, height: u32) -> u8 {
        self.0
            .iter()
            .fold(0, |count, due| count + u8::from(height >= *due))
    }
}

/// Blocks that a device waits in the payment phase before it settles, 0 to 7: so not all settle in one block.
pub fn settle_delay(asset: u64) -> u32 {
    // Fibonacci hashing: neighbouring ids spread evenly over the top three bits.
    let [top, ..] = asset.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    u32::from(top >> 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_protocol_on_a_public_chain() {
        assert_eq!(Slots::new(100, 120), Slots([108, 115, 117]));
    }

    #[test]
    fn slots_are_three_different_blocks_on_a_development_chain() {
        assert_eq!(Slots::new(50, 56), Slots([52, 54, 55]));
    }

    #[test]
    fn slots_lie_within_the_window_in_order_whatever_its_length() {
        for window in 1..200 {
            let Slots(slots) = Slots::new(1000, 1000 + window);
            assert!(slots.is_sorted(), "{slots:?}");
            assert!(
                slots.iter().all(|slot| (1000..1000 + window).contains(slot)),
                "{slots:?}"
            );
        }
        // Nonsense from a chain must not panic.
        Slots::new(u32::MAX, 0);
        Slots::new(0, u32::MAX);
        Slots::new(u32::MAX, u32::MAX);
    }

    #[test]
    fn at_counts_the_slots_reached() {
        let slots = Slots::new(100, 120);
        let counts: Vec<u8> = [99, 107, 108, 114, 115, 116, 117, 119]
            .map(|h| slots.at(h))
            .into();
        assert_eq!(counts, [0, 0, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn settle_delays_spread_over_eight_blocks() {
        let mut seen = [0; 8];
        for asset in 0..800 {
            seen[settle_delay(asset) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (70..130).contains(count)), "{seen:?}");
    }
}
