// SPDX-License-Identifier: Apache-2.0
//! The wire format of an opening: eight samples, one after the other, without any length of their own.
//!
//! ```text
//! sample = leaf (64) ‖ leaf_path ‖ root (32) ‖ root_path [ ‖ previous_root (32) ‖ previous_root_path ]
//! ```
//!
//! A path is its siblings of 32 bytes, lowest first. The part in brackets, `root_{t-2}` and its path, stands
//! only where the sampled round t > 2. Every length follows from the class, the number of rounds and the
//! drawn positions, so that anything else is refused before a byte of it is hashed.

use crate::{work::top_path_len, Class, Hash, Position, MAX_ROUNDS, SAMPLES};

/// Bytes of a leaf: the digests of 64 consecutive cells of one row.
pub const LEAF_LEN: usize = 64;

/// A leaf of a round's tree.
pub type Leaf = [u8; LEAF_LEN];

/// Bytes of a node of a tree.
const NODE_LEN: usize = 32;

/// The most bytes that the samples of any opening take: class XL, 65,536 rounds, no sample in rounds 1 and 2.
pub const MAX_SAMPLES_LEN: u32 = 14_848;

const _: () = assert!(
    MAX_SAMPLES_LEN as usize == SAMPLES * (LEAF_LEN + NODE_LEN * (Class::Xl.leaf_path_len() + 2 * (1 + 16)))
        && MAX_ROUNDS == 1 << 16
);

/// Lengths, in nodes, of the paths of every sample of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// From a leaf to the round's root.
    pub leaf_path: usize,
    /// From a round's root to `top`.
    pub top_path: usize,
}

impl Layout {
    /// The layout for a class and a number of rounds; `None` unless 1 ≤ `rounds` ≤ [`MAX_ROUNDS`].
    pub fn new(class: Class, rounds: u32) -> Option<Self> {
        Some(Self {
            leaf_path: class.leaf_path_len(),
            top_path: top_path_len(rounds)?,
        })
    }

    /// Bytes of a sample of round `round`.
    pub fn sample_len(&self, round: u32) -> usize {
        let tie = NODE_LEN * (1 + self.top_path);
        let ties = if has_previous(round) { 2 * tie } else { tie };
        LEAF_LEN + NODE_LEN * self.leaf_path + ties
    }

    /// Bytes of the samples at `positions`.
    pub fn samples_len(&self, positions: &[Position; SAMPLES]) -> usize {
        positions
            .iter()
            .map(|position| self.sample_len(position.round))
            .sum()
    }

    /// Takes the sample of round `round` off the front of `bytes`; `None` if it is too short.
    pub fn take<'a>(&self, round: u32, bytes: &mut &'a [u8]) -> Option<Sample<'a>> {
        let leaf = take_chunk(bytes)?;
        let leaf_path = take_nodes(bytes, self.leaf_path)?;
        let root = take_chunk(bytes)?;
        let root_path = take_nodes(bytes, self.top_path)?;
        let previous = match has_previous(round) {
            true => Some(Tie {
                root: take_chunk(bytes)?,
                path: take_nodes(bytes, self.top_path)?,
            }),
            false => None,
        };
        Some(Sample {
            leaf,
            leaf_path,
            round: Tie {
                root,
                path: root_path,
            },
            previous,
        })
    }
}

/// Whether a sample of this round carries the root two rounds earlier: `root_0` and `root_-1` are known to be
/// zero.
fn has_previous(round: u32) -> bool {
    round > 2
}

/// A round's root and what ties it to `top`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie<'a> {
    /// The root of the round's tree.
    pub root: &'a Hash,
    /// Its path to `top`, lowest sibling first.
    pub path: &'a [Hash],
}

/// One sample of an opening, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The leaf that holds the sampled cell.
    pub leaf: &'a Leaf,
    /// Its path to the round's root, lowest sibling first.
    pub leaf_path: &'a [Hash],
    /// The root of the sampled round t.
    pub round: Tie<'a>,
    /// The root of round t - 2, where t > 2.
    pub previous: Option<Tie<'a>>,
}

/// Bytes that the samples at `positions` must take; `None` unless 1 ≤ `rounds` ≤ [`MAX_ROUNDS`].
///
/// With [`draw`](crate::draw) this is the exact length of a valid opening's samples, at most
/// [`MAX_SAMPLES_LEN`].
pub fn samples_len(class: Class, rounds: u32, positions: &[Position; SAMPLES]) -> Option<usize> {
    Layout::new(class, rounds).map(|layout| layout.samples_len(positions))
}

fn take_chunk<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(chunk)
}

fn take_nodes<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [Hash]> {
    let (nodes, rest) = bytes.split_at_checked(NODE_LEN * count)?;
    *bytes = rest;
    Some(nodes.as_chunks().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(round: u32) -> Position {
        Position {
            round,
            row: 0,
            column: 0,
        }
    }

    #[test]
    fn the_longest_opening_is_14_880_bytes_with_its_top() {
        let longest = samples_len(Class::Xl, MAX_ROUNDS, &[at(3); SAMPLES]).unwrap();
        assert_eq!(longest, 14_848);
        assert_eq!(longest + 32, 14_880);
    }

    #[test]
    fn samples_of_the_first_two_rounds_carry_no_previous_root() {
        let layout = Layout::new(Class::Xs, 4).unwrap();
        assert_eq!(layout.sample_len(1), 64 + 6 * 32 + 32 + 2 * 32);
        assert_eq!(layout.sample_len(2), layout.sample_len(1));
        assert_eq!(layout.sample_len(3), layout.sample_len(1) + 32 + 2 * 32);
    }

    #[test]
    fn take_reads_exactly_one_sample() {
        for (class, rounds, round) in [
            (Class::Xs, 1, 1),
            (Class::S, 2, 2),
            (Class::M, 5, 5),
            (Class::Xl, 65_536, 3),
        ] {
            let layout = Layout::new(class, rounds).unwrap();
            let bytes = vec![0; layout.sample_len(round)];
            let mut rest = &bytes[..];
            assert!(layout.take(round, &mut rest).is_some());
            assert!(rest.is_empty());
            for len in 0..bytes.len() {
                assert_eq!(layout.take(round, &mut &bytes[..len]), None);
            }
        }
    }

    #[test]
    fn rounds_outside_the_limits_have_no_layout() {
        for rounds in [0, MAX_ROUNDS + 1, u32::MAX] {
            assert_eq!(Layout::new(Class::Xs, rounds), None);
            assert_eq!(samples_len(Class::Xs, rounds, &[at(1); SAMPLES]), None);
        }
    }
}
