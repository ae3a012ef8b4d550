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
use rayon::prelude::*;

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

/// The rows of one block at a time.
pub struct Block {
    path: Path,
    blocking: Blocking,
    number: u32,
    rows: Rows,
}

/// Working memory for a block's products with one panel at a time.
pub struct Products {
    sums: Vec<[i32; COLUMNS]>,
    digests: Vec<Leaf>,
}

impl Products {
    /// Memory for blocks of a round.
    pub fn new(blocking: Blocking) -> Self {
        let height = size(blocking.height);
        Self {
            sums: vec![[0; COLUMNS]; height],
            digests: vec![[0; COLUMNS]; height],
        }
    }
}

impl Block {
    /// Memory for blocks of a round.
    pub fn new(path: Path, blocking: Blocking) -> Self {
        Self {
            path,
            blocking,
            number: 0,
            rows: Rows::new(path, size(blocking.class.k()), size(blocking.height)),
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
    pub fn digests<'a>(&self, panel: &[Step], products: &'a mut Products) -> &'a [Leaf] {
        let Products { sums, digests } = products;
        self.path.multiply(&self.rows, panel, sums, digests);
        digests
    }

    /// The root of the block's part of the tree, and those of the leaves at `indices` that lie in it, by
    /// index, with their paths up to that root.
    ///
    /// A thread that has no block of its own any more takes panels of this one: so as many threads as there may be end together.
    pub fn tree(&self, seed: &Hash, panels: &Panels, indices: &[u32]) -> (Hash, Vec<(u32, LeafProof)>) {
        let (height, per_row) = (
            size(self.blocking.height),
            size(self.blocking.class.leaves_per_row()),
        );
        let first = self.number * self.blocking.leaves();
        let wanted: Vec<u32> = indices
            .iter()
            .filter_map(|index| index.checked_sub(first))
            .filter(|at| *at < self.blocking.leaves())
            .collect();
        // Of each panel a column of leaves: their hashes, and those that are wanted.
        let columns: Vec<(Vec<Hash>, Vec<(u32, Leaf)>)> = (0..per_row)
            .into_par_iter()
            .map_init(
                || Products::new(self.blocking),
                |products, column| {
                    let leaves = self.digests(panels.panel(column), products);
                    let mut hashes = vec![[0; 32]; height];
                    keyed_many(seed, leaves, &mut hashes);
                    let of_column = |at: &&u32| size(**at) % per_row == column;
                    let leaf = |at: &u32| (*at, leaves[size(*at) / per_row]);
                    (hashes, wanted.iter().filter(of_column).map(leaf).collect())
                },
            )
            .collect();
        let mut hashes = vec![[0; 32]; height * per_row];
        for (column, (of_column, _)) in columns.iter().enumerate() {
            for (row, hash) in of_column.iter().enumerate() {
                hashes[row * per_row + column] = *hash;
            }
        }
        let tree = Tree::new(&NODE_KEY, hashes);
        let proofs = columns
            .into_iter()
            .flat_map(|(_, found)| found)
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
