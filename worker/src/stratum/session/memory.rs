// SPDX-License-Identifier: Apache-2.0
//! Which shares a connection has sent, so that none counts twice, in bounded memory.

use crate::stratum::{
    difficulty::Difficulty,
    job::{Epoch, Job, JobId},
};
use primitive_types::U256;
use std::collections::{BTreeMap, BTreeSet};

/// Shares that are remembered. Where more come, the easiest are forgotten, and none as easy is taken any more.
pub(super) const MAX_SHARES: usize = 2_048;

/// How many times harder a share must be then.
const HARDER: u128 = 4;

/// Jobs that can have a header in common: those of a census, whose only difference is a time that a miner may choose. A pool's are each their own.
type Kin = (Epoch, Option<JobId>);

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<Kin, Taken>);

#[derive(Debug)]
struct Taken {
    /// No easier share is taken.
    floor: Difficulty,
    /// The hashes' upper halves: 64 bits and more of them are not zero.
    hashes: BTreeSet<u128>,
}

impl Default for Taken {
    fn default() -> Self {
        Self {
            floor: Difficulty::MIN,
            hashes: BTreeSet::new(),
        }
    }
}

impl Taken {
    /// Forgets the easiest share, and all that are not much harder.
    fn shrink(&mut self) {
        let Some(easiest) = self.hashes.last() else {
            return;
        };
        let easiest = Difficulty::from_target((U256::from(*easiest) << 128) | U256::from(u128::MAX));
        self.floor = Difficulty::from_hashes(u128::from(easiest.hashes()) * HARDER).max(self.floor);
        let target = upper(self.floor.target());
        self.hashes.retain(|hash| *hash <= target);
    }
}

impl Memory {
    /// The least difficulty of a job's shares.
    pub fn floor(&self, job: &Job) -> Difficulty {
        self.0.get(&kin(job)).map_or(Difficulty::MIN, |taken| taken.floor)
    }

    /// Remembers a share. Says whether it is new.
    pub fn insert(&mut self, job: &Job, hash: U256) -> bool {
        let news = self.0.entry(kin(job)).or_default().hashes.insert(upper(hash));
        while self.len() > MAX_SHARES {
            let Some(largest) = self.0.values_mut().max_by_key(|taken| taken.hashes.len()) else {
                break;
            };
            largest.shrink();
        }
        news
    }

    /// Forgets all shares but those of these jobs and their kin.
    pub fn keep<'a>(&mut self, jobs: impl Iterator<Item = &'a Job>) {
        let kins: BTreeSet<_> = jobs.map(kin).collect();
        self.0.retain(|kin, _| kins.contains(kin));
    }

    /// Shares that are remembered.
    pub fn len(&self) -> usize {
        self.0.values().map(|taken| taken.hashes.len()).sum()
    }
}

fn kin(job: &Job) -> Kin {
    (job.epoch, job.template.is_upstream().then_some(job.id))
}

fn upper(hash: U256) -> u128 {
    (hash >> 128).low_u128()
}
