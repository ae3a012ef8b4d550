// SPDX-License-Identifier: Apache-2.0
//! B of a round, in panels of 64 columns.

use super::{super::ProverError, kernel::Path};
use compute_proof::{
    work::{fill_row, Matrix},
    Class, Hash,
};
use rayon::prelude::*;

/// Columns of a panel: those of a leaf.
pub const COLUMNS: usize = 64;

/// Columns of a panel, as the protocol counts them.
pub const COLUMNS_U32: u32 = 64;

/// A cache line of packed input: a load of any vector width from its start never crosses into another.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Line(pub [u8; 64]);

/// All panels of one round, packed as a path wants them.
#[derive(Default)]
pub struct Panels {
    lines: Vec<Line>,
    /// Lines a panel, k: each holds 64 bytes of the 64 · k.
    stride: usize,
}

impl Panels {
    /// Generates and packs B for the round of `seed`, on the threads of the current pool.
    ///
    /// # Errors
    /// [`ProverError::Memory`].
    pub fn generate(&mut self, path: Path, class: Class, seed: &Hash) -> Result<(), ProverError> {
        let (n, k) = (size(class.n()), size(class.k()));
        let lines = n / COLUMNS * k;
        self.stride = k;
        if self.lines.len() != lines {
            self.lines.clear();
            let memory = |_| ProverError::Memory {
                class,
                bytes: lines * size_of::<Line>(),
            };
            self.lines.try_reserve_exact(lines).map_err(memory)?;
            self.lines.resize(lines, Line([0; 64]));
        }
        self.lines
            .par_chunks_exact_mut(k)
            .zip((0..class.n()).into_par_iter().step_by(COLUMNS))
            .for_each_init(
                || vec![0; k],
                |row, (panel, first)| {
                    for (column, index) in (first..first + COLUMNS_U32).enumerate() {
                        fill_row(seed, Matrix::B, index, row);
                        path.pack(row, column, panel);
                    }
                },
            );
        Ok(())
    }

    /// The panels, from the first columns to the last.
    pub fn iter(&self) -> impl Iterator<Item = &[Line]> {
        self.lines.chunks_exact(self.stride)
    }
}

/// Packs a row of B as column `column` of a panel in which `GROUP` consecutive bytes of every column stand
/// together: byte x of the row goes to offset `(x / GROUP · 64 + column) · GROUP + x mod GROUP`. `flip` is
/// xored in.
pub fn pack<const GROUP: usize>(row: &[u8], column: usize, flip: u8, panel: &mut [Line]) {
    let lines_per_step = GROUP;
    let (line, at) = (column * GROUP / 64, column * GROUP % 64);
    for (group, step) in row
        .as_chunks::<GROUP>()
        .0
        .iter()
        .zip(panel.chunks_exact_mut(lines_per_step))
    {
        step[line].0[at..at + GROUP].copy_from_slice(&group.map(|byte| byte ^ flip));
    }
}

/// A size in elements; where this backend runs, memory is addressed by at least 32 bits.
pub const fn size(elements: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    elements as usize
}
