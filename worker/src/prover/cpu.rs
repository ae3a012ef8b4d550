// SPDX-License-Identifier: Apache-2.0
//! The CPU backend: a blocked product, exact in int32, with the digests and the tree fused into it.
//!
//! B is generated once a round and packed into panels of 64 columns, so that a panel yields whole leaves. The
//! rows of A are taken in blocks, one thread a block: a block generates its rows, multiplies them with every
//! panel, digests, and hashes its leaves up to one node. So a round needs memory for B, and per thread for
//! one block; no product is ever stored. Where there are more threads than blocks, some share one.

// The vectors are those of x86.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

mod block;
mod kernel;
mod panel;
mod stream;

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avxvnni;
mod portable;

#[cfg(test)]
mod tests;

pub use kernel::Path;

/// Blocks a thread whose rows [`Prover::time_product`] generates before it measures.
const BLOCKS_AHEAD: usize = 8;

use self::{
    block::{Block, Blocking, Products},
    panel::Panels,
};
use super::{known_answers, Prover, ProverError};
use compute_proof::{hash::NODE_KEY, merkle::Tree, prove::LeafProof, Class, Hash};
use rayon::prelude::*;
use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

/// The CPU backend on one of the machine's instruction sets.
pub struct Cpu {
    path: Path,
    pool: rayon::ThreadPool,
    panels: Panels,
}

impl Cpu {
    /// The fastest path that this machine has and that passes the known answers, on `threads` threads (all,
    /// if `None`).
    ///
    /// # Errors
    /// [`ProverError`]; [`ProverError::NoBackend`] where no path passes.
    pub fn fastest(threads: Option<NonZeroUsize>) -> Result<Self, ProverError> {
        let mut best: Option<(Duration, Self)> = None;
        for path in Path::available() {
            // Nothing beats plain loops only where there is nothing else; trying them would take a second.
            if path == Path::Portable && best.is_some() {
                break;
            }
            let mut cpu = match Self::new(path, threads) {
                Ok(cpu) => cpu,
                // The next one may be right.
                Err(error @ ProverError::KnownAnswers { .. }) => {
                    tracing::error!("passed over: {error}");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let time = cpu.least_time()?;
            if best.as_ref().is_none_or(|(fastest, _)| time < *fastest) {
                best = Some((time, cpu));
            }
        }
        best.map(|(_, cpu)| cpu).ok_or(ProverError::NoBackend)
    }

    /// The least of three times of one product: others may be at work on this machine.
    fn least_time(&mut self) -> Result<Duration, ProverError> {
        let mut least = Duration::MAX;
        for _ in 0..3 {
            least = least.min(self.time_product(Class::S, &known_answers::COMMITMENT)?);
        }
        Ok(least)
    }

    /// One path, once it has passed the known answers.
    ///
    /// # Errors
    /// [`ProverError`]; [`ProverError::Unavailable`] where the machine lacks the instructions.
    pub fn new(path: Path, threads: Option<NonZeroUsize>) -> Result<Self, ProverError> {
        let mut cpu = Self::unchecked(path, threads)?;
        known_answers::check(&mut cpu)?;
        Ok(cpu)
    }

    fn unchecked(path: Path, threads: Option<NonZeroUsize>) -> Result<Self, ProverError> {
        if !path.is_available() {
            return Err(ProverError::Unavailable(path.name()));
        }
        // Zero lets rayon take one thread a core.
        let threads = threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(Self {
            path,
            pool,
            panels: Panels::default(),
        })
    }

    /// The whole round. Returns its root, and the leaves at `indices` in that order.
    fn round(
        &mut self,
        class: Class,
        seed: &Hash,
        indices: &[u32],
    ) -> Result<(Hash, Vec<LeafProof>), ProverError> {
        if let Some(index) = indices.iter().find(|index| **index >= class.leaves()) {
            return Err(ProverError::NoLeaf { class, index: *index });
        }
        let Self { path, pool, panels } = self;
        let blocking = Blocking::new(class, pool.current_num_threads());
        pool.install(|| {
            panels.generate(*path, class, seed)?;
            let (roots, found): (Vec<Hash>, Vec<Vec<(u32, LeafProof)>>) = (0..blocking.count())
                .into_par_iter()
                .map_init(
                    || Block::new(*path, blocking),
                    |block, number| {
                        block.generate(seed, number);
                        block.tree(seed, panels, indices)
                    },
                )
                .unzip();
            let above = Tree::new(&NODE_KEY, roots);
            let mut proofs = Vec::with_capacity(indices.len());
            for index in indices {
                let missing = ProverError::NoLeaf { class, index: *index };
                let (_, inside) = found
                    .iter()
                    .flatten()
                    .find(|(at, _)| at == index)
                    .ok_or(missing)?;
                let mut proof = inside.clone();
                proof
                    .path
                    .extend(above.path(index / blocking.leaves()).into_iter().flatten());
                proofs.push(proof);
            }
            Ok((above.root(), proofs))
        })
    }
}

impl Prover for Cpu {
    fn name(&self) -> &'static str {
        self.path.name()
    }

    fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        self.round(class, seed, &[]).map(|(root, _)| root)
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        self.round(class, seed, indices).map(|(_, proofs)| proofs)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        let Self { path, pool, panels } = self;
        let blocking = Blocking::new(class, pool.current_num_threads());
        pool.install(|| {
            panels.generate(*path, class, seed)?;
            // The rows of some blocks a thread ahead of time: all of A would be much memory.
            let at_once = rayon::current_num_threads() * BLOCKS_AHEAD;
            let mut blocks: Vec<_> = (0..at_once.min(panel::size(blocking.count())))
                .map(|_| (Block::new(*path, blocking), Products::new(blocking)))
                .collect();
            let mut taken = Duration::ZERO;
            for first in (0..blocking.count()).step_by(blocks.len()) {
                let mut numbered: Vec<_> = blocks.iter_mut().zip(first..blocking.count()).collect();
                numbered
                    .par_iter_mut()
                    .for_each(|((block, _), number)| block.generate(seed, *number));
                let begun = Instant::now();
                numbered.par_iter_mut().for_each(|((block, products), _)| {
                    for panel in panels.iter() {
                        std::hint::black_box(block.digests(panel, products));
                    }
                });
                taken += begun.elapsed();
            }
            Ok(taken)
        })
    }
}
