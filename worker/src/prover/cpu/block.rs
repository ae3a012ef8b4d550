// SPDX-License-Identifier: Apache-2.0
//! A block of rows of A: its product with every panel, its leaves, its part of the tree.

use super::{
    kernel::{Path, Rows},
    panel::{size, Line, Panels, COLUMNS},
};
use compute_proof::{
    hash::{keyed, NODE_KEY},
    merkle::Tree,
    opening::Leaf,
    prove::LeafProof,
    work::{fill_row, Matrix},
    Class, Hash,
};

/// Products of some rows with one panel.
pub type Sums = [[i32; COLUMNS]];

/// Rows a block: a power of two. Few in small classes, so that every thread gets work; more in large ones, as
/// each block reads all of B.
const fn rows(class: Class) -> u32 {
    match class {
        Class::Xs => 16,
        Class::S => 32,
        Class::M => 64,
        Class::L | Class::Xl => 128,
    }
}

/// Blocks of a round.
pub fn count(class: Class) -> u32 {
    class.m() / rows(class)
}

/// Leaves of a block: a power of two, so that a block is a whole subtree.
pub fn leaves(class: Class) -> u32 {
    rows(class) * class.leaves_per_row()
}

/// Working memory for one block at a time.
pub struct Block {
    path: Path,
    class: Class,
    number: u32,
    rows: Rows,
    sums: Vec<[i32; COLUMNS]>,
    digests: Vec<Leaf>,
}

impl Block {
    /// Memory for blocks of `class`.
    pub fn new(path: Path, class: Class) -> Self {
        let height = size(rows(class));
        Self {
            path,
            class,
            number: 0,
            rows: Rows::new(size(class.k()), height),
            sums: vec![[0; COLUMNS]; height],
            digests: vec![[0; COLUMNS]; height],
        }
    }

    /// Generates the rows of block `number`.
    pub fn generate(&mut self, seed: &Hash, number: u32) {
        self.number = number;
        let first = number * rows(self.class);
        for (index, row) in (first..).zip(self.rows.bytes.chunks_exact_mut(self.rows.k)) {
            fill_row(seed, Matrix::A, index, row);
        }
        self.path.prepare(&mut self.rows);
    }

    /// The digests of the block's products with one panel: a leaf a row.
    pub fn digests(&mut self, panel: &[Line]) -> &[Leaf] {
        self.path
            .multiply(&self.rows, panel, &mut self.sums, &mut self.digests);
        &self.digests
    }

    /// The root of the block's part of the tree, and those of the leaves at `indices` that lie in it, by
    /// index, with their paths up to that root.
    pub fn tree(&mut self, seed: &Hash, panels: &Panels, indices: &[u32]) -> (Hash, Vec<(u32, LeafProof)>) {
        let per_row = size(self.class.leaves_per_row());
        let first = self.number * leaves(self.class);
        let wanted: Vec<u32> = indices
            .iter()
            .filter_map(|index| index.checked_sub(first))
            .filter(|at| *at < leaves(self.class))
            .collect();
        let mut hashes = vec![[0; 32]; size(leaves(self.class))];
        let mut found: Vec<(u32, Leaf)> = Vec::new();
        for (column, panel) in panels.iter().enumerate() {
            for (row, leaf) in self.digests(panel).iter().enumerate() {
                hashes[row * per_row + column] = keyed(seed, leaf);
                found.extend(
                    wanted
                        .iter()
                        .filter(|at| size(**at) == row * per_row + column)
                        .map(|at| (*at, *leaf)),
                );
            }
        }
        let tree = Tree::new(&NODE_KEY, hashes);
        let proofs = found
            .into_iter()
            .filter_map(|(at, leaf)| {
                Some((
                    first + at,
                    LeafProof {
                        leaf,
                        path: tree.path(at)?,
                    },
                ))
            })
            .collect();
        (tree.root(), proofs)
    }
}
