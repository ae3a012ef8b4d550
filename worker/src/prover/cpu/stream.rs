// SPDX-License-Identifier: Apache-2.0
//! Key stream of many rows at once: ChaCha8 (Bernstein 2008, with RFC 8439's layout of the state), a row a lane.
//!
//! So the words of a block come out as vectors over neighbouring rows, which is how the kernels want B: nothing has to be
//! transposed or packed.

use super::kernel::Rows;
use compute_proof::{work::Matrix, Hash};
use std::array;

/// A vector of 32-bit words. The implementations are inlined into functions that are compiled for their instructions.
pub trait Lanes: Copy {
    /// Words in it, at most [`MOST`].
    const COUNT: usize;

    /// The first [`Self::COUNT`] of `words`.
    fn load(words: &[u32; MOST]) -> Self;

    /// Writes it to the first [`Self::COUNT`] of `words`, which are at least so many.
    fn store(self, words: &mut [u32]);

    /// Lane by lane, modulo 2^32.
    fn add(self, other: Self) -> Self;

    /// Lane by lane.
    fn xor(self, other: Self) -> Self;

    /// Rotates every lane to the left by `LEFT`, to the right by `RIGHT`; together they are 32.
    fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self;

    /// The same word in each lane.
    #[inline(always)]
    fn splat(word: u32) -> Self {
        Self::load(&[word; MOST])
    }
}

/// The most lanes that any vector here has.
pub const MOST: usize = 16;

/// State of the cipher, and a block of its key stream: sixteen words of every lane's.
pub type State<V> = [V; 16];

/// Bytes of a block.
const BLOCK: usize = 64;

/// Index of the block's number in the state.
const COUNTER: usize = 12;

/// The state of rows `first ..`, a row a lane, at block 0.
#[inline(always)]
pub fn start<V: Lanes>(seed: &Hash, matrix: Matrix, first: u32) -> State<V> {
    let mut state = [V::splat(0); 16];
    let (words, _) = b"expand 32-byte k".as_chunks();
    let (key, _) = seed.as_chunks();
    for (state, word) in state.iter_mut().zip(words.iter().chain(key)) {
        *state = V::splat(u32::from_le_bytes(*word));
    }
    let mut row = first;
    let nonces: [[u32; 3]; MOST] = array::from_fn(|_| {
        let nonce = matrix.nonce(row);
        row = row.wrapping_add(1);
        let (words, _) = nonce.as_chunks();
        array::from_fn(|at| words.get(at).map_or(0, |word| u32::from_le_bytes(*word)))
    });
    let [.., a, b, c] = &mut state;
    *a = V::load(&nonces.map(|[word, _, _]| word));
    *b = V::load(&nonces.map(|[_, word, _]| word));
    *c = V::load(&nonces.map(|[_, _, word]| word));
    state
}

/// Block `number` of the key streams.
#[inline(always)]
pub fn block<V: Lanes>(start: &State<V>, number: u32) -> State<V> {
    let mut start = *start;
    start[COUNTER] = V::splat(number);
    let mut state = start;
    for _ in 0..4 {
        for column in 0..4 {
            quarter(&mut state, [column, column + 4, column + 8, column + 12]);
        }
        for column in 0..4 {
            let diagonal = [1, 2, 3].map(|step| 4 * step + (column + step) % 4);
            quarter(&mut state, [column, diagonal[0], diagonal[1], diagonal[2]]);
        }
    }
    for (state, start) in state.iter_mut().zip(start) {
        *state = state.add(start);
    }
    state
}

/// Fills rows of A, the first of which is row `first`. Their number is a multiple of the lanes', their depth of a block's 64 bytes.
#[inline(always)]
pub fn fill_rows<V: Lanes>(seed: &Hash, first: u32, rows: &mut Rows) {
    let &mut Rows { height, depth, .. } = rows;
    for (lowest, first) in (0..height).step_by(V::COUNT).zip((first..).step_by(V::COUNT)) {
        let start = start::<V>(seed, Matrix::A, first);
        let mut numbers = 0..;
        for part in rows.bytes.chunks_exact_mut(height * depth) {
            let part = &mut part[lowest * depth..][..V::COUNT * depth];
            for (at, number) in (0..depth).step_by(BLOCK).zip(&mut numbers) {
                let mut words = [[0; MOST]; 16];
                for (words, lanes) in words.iter_mut().zip(block(&start, number)) {
                    lanes.store(words);
                }
                for (lane, row) in part.chunks_exact_mut(depth).enumerate() {
                    for (bytes, words) in row[at..][..BLOCK].as_chunks_mut().0.iter_mut().zip(&words) {
                        *bytes = words[lane].to_le_bytes();
                    }
                }
            }
        }
    }
}

/// The quarter round on the words at four places of the state.
#[inline(always)]
fn quarter<V: Lanes>(state: &mut State<V>, [a, b, c, d]: [usize; 4]) {
    state[a] = state[a].add(state[b]);
    state[d] = state[d].xor(state[a]).rotate::<16, 16>();
    state[c] = state[c].add(state[d]);
    state[b] = state[b].xor(state[c]).rotate::<12, 20>();
    state[a] = state[a].add(state[b]);
    state[d] = state[d].xor(state[a]).rotate::<8, 24>();
    state[c] = state[c].add(state[d]);
    state[b] = state[b].xor(state[c]).rotate::<7, 25>();
}
