// SPDX-License-Identifier: Apache-2.0
//! A block of rows of A: its product with every panel, its leaves, its part of the tree.

use super::{
    kernel::{Path, Rows},
    panel::{size, Panels, Step, COLUMNS},
};
use compute_proof::{
    hash::{keyed_many, NODE_KEY},
    merkle::Tree,
    opening::Leaf,
    prove::LeafProof,
    Class, Hash,
};

/// Products of some rows with one panel.
pub type Sums = [[i32; COLUMNS]];

/// How the rows of a round are divided into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocking {
    class: Class,
    /// Rows a block: a power of two.
    height: u32,
}

impl Blocking {
    /// Every block reads all of B, so they are as high as leaves every thread several of them; within limits: lower ones would
    /// read more than they compute, and of higher ones too little stays in the second cache.
    pub fn new(class: Class, threads: usize) -> Self {
        const BLOCKS_A_THREAD: u32 = 8;
        let threads = u32::try_from(threads).unwrap_or(u32::MAX).max(1);
        let height = class.m() / threads.saturating_mul(BLOCKS_A_THREAD);
        let power_of_two = 1 << height.max(1).ilog2();
        Self {
            class,
            height: power_of_two.clamp(32, 256),
        }
    }

    /// Blocks of a round.
    pub fn count(&self) -> u32 {
        self.class.m() / self.height
    }

    /// Leaves of a block: a power of two, so that a block is a whole subtree.
    pub fn leaves(&self) -> u32 {
        self.height * self.class.leaves_per_row()
    }
}

/// Working memory for one block at a time.
pub struct Block {
    path: Path,
    blocking: Blocking,
    number: u32,
    rows: Rows,
    sums: Vec<[i32; COLUMNS]>,
    digests: Vec<Leaf>,
    /// Hashes of the leaves of one panel.
    hashes: Vec<Hash>,
}

impl Block {
    /// Memory for blocks of a round.
    pub fn new(path: Path, blocking: Blocking) -> Self {
        let height = size(blocking.height);
        Self {
            path,
            blocking,
            number: 0,
            rows: Rows::new(path, size(blocking.class.k()), height),
            sums: vec![[0; COLUMNS]; height],
            digests: vec![[0; COLUMNS]; height],
            hashes: vec![[0; 32]; height],
        }
    }

    /// Generates the rows of block `number`.
    pub fn generate(&mut self, seed: &Hash, number: u32) {
        self.number = number;
        self.path
            .fill_rows(seed, number * self.blocking.height, &mut self.rows);
        self.path.prepare(&mut self.rows);
    }

    /// The digests of the block's products with one panel: a leaf a row.
    pub fn digests(&mut self, panel: &[Step]) -> &[Leaf] {
        self.path
            .multiply(&self.rows, panel, &mut self.sums, &mut self.digests);
        &self.digests
    }

    /// The root of the block's part of the tree, and those of the leaves at `indices` that lie in it, by
    /// index, with their paths up to that root.
    pub fn tree(&mut self, seed: &Hash, panels: &Panels, indices: &[u32]) -> (Hash, Vec<(u32, LeafProof)>) {
        let per_row = size(self.blocking.class.leaves_per_row());
        let first = self.number * self.blocking.leaves();
        let wanted: Vec<u32> = indices
            .iter()
            .filter_map(|index| index.checked_sub(first))
            .filter(|at| *at < self.blocking.leaves())
            .collect();
        let mut hashes = vec![[0; 32]; size(self.blocking.leaves())];
        let mut found: Vec<(u32, Leaf)> = Vec::new();
        for (column, panel) in panels.iter().enumerate() {
            self.digests(panel);
            keyed_many(seed, &self.digests, &mut self.hashes);
            for (row, (leaf, hash)) in self.digests.iter().zip(&self.hashes).enumerate() {
                hashes[row * per_row + column] = *hash;
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
