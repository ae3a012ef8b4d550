// SPDX-License-Identifier: Apache-2.0
//! B of a round, in panels of 64 columns.

use super::{
    super::ProverError,
    kernel::Path,
    stream::{self, Lanes},
};
use compute_proof::{work::Matrix, Class, Hash};
use rayon::prelude::*;
use std::slice;

/// Columns of a panel: those of a leaf.
pub const COLUMNS: usize = 64;

/// Columns of a panel, as the protocol counts them.
pub const COLUMNS_U32: u32 = 64;

/// Bytes of k that stand together for each column: a word of the key stream.
pub const GROUP: usize = 4;

/// A cache line of a panel: one group of 16 columns, each a little-endian word.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Line(pub [u32; 16]);

/// Lines of one group of all columns of a panel.
pub const LINES: usize = COLUMNS / 16;

/// All lines of one group of a panel.
pub type Step = [Line; LINES];

/// Groups in a block of the key stream.
const GROUPS_A_BLOCK: usize = 16;

/// All panels of one round, packed as a path wants them.
#[derive(Default)]
pub struct Panels {
    steps: Vec<Step>,
    /// Steps a panel: k / 4.
    stride: usize,
}

impl Panels {
    /// Generates B for the round of `seed`, on the threads of the current pool.
    ///
    /// # Errors
    /// [`ProverError::Memory`].
    pub fn generate(&mut self, path: Path, class: Class, seed: &Hash) -> Result<(), ProverError> {
        let (n, k) = (size(class.n()), size(class.k()));
        self.stride = k / GROUP;
        let steps = n / COLUMNS * self.stride;
        if self.steps.len() != steps {
            // Gives back what a larger class took.
            self.steps = Vec::new();
            let memory = |_| ProverError::Memory {
                class,
                bytes: steps * size_of::<Step>(),
            };
            self.steps.try_reserve_exact(steps).map_err(memory)?;
            self.steps.resize(steps, [Line([0; 16]); LINES]);
        }
        self.steps
            .par_chunks_exact_mut(self.stride)
            .zip((0..class.n()).into_par_iter().step_by(COLUMNS))
            .for_each(|(panel, first)| path.fill(seed, first, panel));
        Ok(())
    }

    /// The panels, from the first columns to the last.
    pub fn iter(&self) -> impl Iterator<Item = &[Step]> {
        self.steps.chunks_exact(self.stride)
    }

    /// The panel of the columns from `64 * number` on.
    pub fn panel(&self, number: usize) -> &[Step] {
        &self.steps[number * self.stride..][..self.stride]
    }
}

/// Fills a panel with the rows `first ..` of B, each a column. `flip` is xored into every word. Inlined into each kernel's
/// module, so that it is compiled for the vectors that it is written in.
#[inline(always)]
pub fn fill<V: Lanes>(seed: &Hash, first: u32, flip: u32, panel: &mut [Step]) {
    let flip = V::splat(flip);
    for (rows, column) in (first..).step_by(V::COUNT).zip((0..COLUMNS).step_by(V::COUNT)) {
        let start = stream::start::<V>(seed, Matrix::B, rows);
        for (number, steps) in (0..).zip(panel.chunks_exact_mut(GROUPS_A_BLOCK)) {
            let block = stream::block(&start, number);
            for (words, step) in block.into_iter().zip(steps) {
                words
                    .xor(flip)
                    .store(&mut step[column / 16].0[column % 16..][..V::COUNT]);
            }
        }
    }
}

/// The bytes of a panel.
pub const fn bytes(panel: &[Step]) -> &[u8] {
    // SAFETY: words have no padding, and bytes no alignment.
    unsafe { slice::from_raw_parts(panel.as_ptr().cast(), size_of_val(panel)) }
}

/// The bytes of a panel, to be written.
pub const fn bytes_mut(panel: &mut [Step]) -> &mut [u8] {
    // SAFETY: as above; and any bytes are words.
    unsafe { slice::from_raw_parts_mut(panel.as_mut_ptr().cast(), size_of_val(panel)) }
}

/// A size in elements; where this backend runs, memory is addressed by at least 32 bits.
pub const fn size(elements: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    elements as usize
}
