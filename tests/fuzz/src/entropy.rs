// SPDX-License-Identifier: Apache-2.0
//! Decisions out of bytes. Where the bytes end, every decision is the first of those possible.

use arbitrary::Unstructured;

/// Bytes of one step.
pub const STEP_LEN: usize = 32;

/// The bytes of one step, as decisions.
pub struct Entropy<'a>(Unstructured<'a>);

impl<'a> Entropy<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// From `low` to `high`, both possible.
    pub fn range(&mut self, low: u128, high: u128) -> u128 {
        if low >= high {
            return low;
        }
        self.0.int_in_range(low..=high).unwrap_or(low)
    }

    pub fn small(&mut self, low: u32, high: u32) -> u32 {
        if low >= high {
            return low;
        }
        self.0.int_in_range(low..=high).unwrap_or(low)
    }

    /// An index below `count`; zero if there is none.
    pub fn below(&mut self, count: usize) -> usize {
        match count.checked_sub(1) {
            None | Some(0) => 0,
            Some(last) => self.0.int_in_range(0..=last).unwrap_or(0),
        }
    }

    /// True in `some` of a hundred cases.
    pub fn percent(&mut self, some: u32) -> bool {
        self.small(0, 99) >= 100u32.saturating_sub(some)
    }

    pub fn pick<'b, T>(&mut self, choices: &'b [T]) -> Option<&'b T> {
        let index = self.below(choices.len());
        choices.get(index)
    }

    /// One of `(weight, choice)`.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> Option<T> {
        let sum = choices.iter().map(|(weight, _)| *weight).sum::<u32>();
        let mut at = self.small(0, sum.checked_sub(1)?);
        for (weight, choice) in choices {
            if at < *weight {
                return Some(*choice);
            }
            at -= weight;
        }
        None
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        // What is missing stays zero.
        let known = self.0.len().min(N);
        if let Ok(found) = self.0.bytes(known) {
            bytes[..known].copy_from_slice(found);
        }
        bytes
    }

    /// An amount where `natural` is what the caller has, or what is due: mostly a part of it, often all of it, sometimes
    /// nonsense.
    pub fn amount(&mut self, natural: u128) -> u128 {
        match self.small(0, 19) {
            0..=9 => self.range(natural.min(1), natural),
            10 => natural / 2,
            11 => natural / 3 + 1,
            12..=14 => natural,
            15 => natural.saturating_add(1),
            16 => 1,
            17 => self.magnitude(),
            18 => 0,
            _ => *self
                .pick(&[u128::MAX, u128::MAX - 1, 1 << 127, 1 << 64, (1 << 64) + 1])
                .unwrap_or(&0),
        }
    }

    /// Any order of magnitude is as likely as any other, up to 2^80.
    pub fn magnitude(&mut self) -> u128 {
        let bits = self.small(0, 79);
        self.range(1u128 << bits, (2u128 << bits) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bytes_every_decision_is_the_first() {
        let mut none = Entropy::new(&[]);
        assert_eq!(none.range(3, 9), 3);
        assert_eq!(none.below(0), 0);
        assert!(!none.percent(99));
        assert_eq!(none.weighted(&[(0, 'a'), (2, 'b'), (1, 'c')]), Some('b'));
        assert_eq!(none.bytes::<4>(), [0; 4]);
    }

    #[test]
    fn weights_are_kept() {
        let mut counts = [0u32; 3];
        for byte in 0..=255u8 {
            let bytes = [byte];
            let choice = Entropy::new(&bytes).weighted(&[(1, 0usize), (0, 1), (3, 2)]);
            counts[choice.unwrap()] += 1;
        }
        assert_eq!(counts, [64, 0, 192]);
    }
}
