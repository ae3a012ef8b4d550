// SPDX-License-Identifier: Apache-2.0
//! What the opening seed decides: who is drawn, and which cells an opening must show.

use crate::{
    class::LEAF_CELLS,
    hash::{keyed, Hash},
    opening::Leaf,
    work::MAX_ROUNDS,
    Class,
};

/// Cells that an opening shows.
pub const SAMPLES: usize = 8;

/// A commit is drawn when the first eight bytes of its draw are below this: one in eight.
const DRAWN_BELOW: u64 = 1 << 61;

/// A cell of a round of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Round, from 1 to T.
    pub round: u32,
    /// Row of the product, below m.
    pub row: u32,
    /// Column of the product, below n.
    pub column: u32,
}

impl Position {
    /// Index of the leaf that holds the cell, `row · (n/64) + column / 64`.
    pub fn leaf_index(&self, class: Class) -> u32 {
        self.row * class.leaves_per_row() + self.column / LEAF_CELLS
    }

    /// The cell's digest in its leaf, byte `column mod 64`.
    pub fn digest_in(&self, leaf: &Leaf) -> u8 {
        // Below 64, so narrowing keeps the value and the index is within the leaf.
        leaf[(self.column % LEAF_CELLS) as usize]
    }
}

/// Whether the lottery draws the commit with device key `d`, by the first eight bytes of `kh(open_seed, D)`.
///
/// A commit that is always drawn opens whatever this says; that is the chain's to know.
pub fn is_drawn(open_seed: &Hash, d: &Hash) -> bool {
    words(&keyed(open_seed, d))[0] < DRAWN_BELOW
}

/// The cells that the opening of the commit with device key `d` must show; `None` unless 1 ≤ `rounds` ≤
/// [`MAX_ROUNDS`].
///
/// Sample s takes `x = kh(kh(open_seed, D), LE32(s))`, read as little-endian words x0, x1, x2, …:
/// round `1 + x0 mod T`, row `x1 mod m`, column `x2 mod n`.
pub fn draw(open_seed: &Hash, d: &Hash, class: Class, rounds: u32) -> Option<[Position; SAMPLES]> {
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return None;
    }
    let key = keyed(open_seed, d);
    let mut index = 0u32;
    Some([(); SAMPLES].map(|()| {
        let [x0, x1, x2, _] = words(&keyed(&key, &index.to_le_bytes()));
        index += 1;
        Position {
            round: 1 + reduce(x0, rounds),
            row: reduce(x1, class.m()),
            column: reduce(x2, class.n()),
        }
    }))
}

/// A hash as four little-endian words.
fn words(hash: &Hash) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(hash.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// `x mod modulus`; the modulus is not zero. The remainder is below a u32, so narrowing keeps its value.
fn reduce(x: u64, modulus: u32) -> u32 {
    (x % u64::from(modulus)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_eight_is_drawn() {
        let drawn = (0u32..80_000)
            .filter(|i| {
                let mut d = [0; 32];
                d[..4].copy_from_slice(&i.to_le_bytes());
                is_drawn(&[7; 32], &d)
            })
            .count();
        // 10,000 expected, standard error 94.
        assert!((9_700..10_300).contains(&drawn), "{drawn}");
    }

    #[test]
    fn rounds_outside_the_limits_draw_nothing() {
        for rounds in [0, MAX_ROUNDS + 1, u32::MAX] {
            assert_eq!(draw(&[0; 32], &[0; 32], Class::Xl, rounds), None);
        }
    }

    #[test]
    fn words_are_little_endian() {
        let mut hash = [0; 32];
        hash[0] = 1;
        hash[9] = 2;
        hash[31] = 3;
        assert_eq!(words(&hash), [1, 2 << 8, 0, 3 << 56]);
    }
}
