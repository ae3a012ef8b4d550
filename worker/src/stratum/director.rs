// SPDX-License-Identifier: Apache-2.0
//! Which job is given out: the census's while its window is open, the pool's outside of it, and an idle one if there is neither.
//!
//! A lease will direct the same way: by another source.

#[cfg(test)]
mod tests;

use super::{
    difficulty::Difficulty,
    job::{Epoch, Job, JobId, Source, Template, REVISIONS},
    vardiff::{census_per_minute, Goal, MOST_PER_MINUTE},
};
use compute_proof::{Device, Hash};
use std::{sync::Arc, time::Duration};

/// A census whose window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Number of the census.
    pub index: u32,
    /// Its challenge.
    pub challenge: Hash,
    /// When it opened, in seconds of Unix time.
    pub opened: u32,
}

/// What all connections work on.
#[derive(Clone, Debug)]
pub struct Work {
    /// The job.
    pub job: Arc<Job>,
    /// Epochs whose shares are wanted: the job's, and the pool's while a census interrupts it.
    pub alive: Vec<Epoch>,
    /// The least difficulty, where the pool says one.
    pub difficulty: Option<Difficulty>,
    /// How long a census's window is.
    pub window: Duration,
}

/// What the pool wants, as it said last.
#[derive(Clone, Debug)]
struct Pool {
    job: Arc<Job>,
    difficulty: Difficulty,
}

/// Decides on the job.
#[derive(Debug)]
pub struct Director {
    device: Device,
    window: Duration,
    census: Option<(Window, Epoch)>,
    pool: Option<Pool>,
    idle: Epoch,
    last_job: u64,
    last_epoch: u64,
}

impl Director {
    /// With neither census nor pool. `window` is how long a census's window is.
    pub fn new(device: Device, window: Duration) -> Self {
        Self {
            device,
            window,
            census: None,
            pool: None,
            idle: Epoch(0),
            last_job: 0,
            last_epoch: 0,
        }
    }

    fn epoch(&mut self) -> Epoch {
        self.last_epoch += 1;
        Epoch(self.last_epoch)
    }

    fn job(&mut self, epoch: Epoch, template: Template) -> Arc<Job> {
        self.last_job += REVISIONS;
        Arc::new(Job::new(JobId(self.last_job), epoch, template))
    }

    /// Windows have become longer or shorter.
    pub fn set_window_length(&mut self, window: Duration) {
        self.window = window;
    }

    /// The census whose window is open now, if any. Says whether that is news.
    pub fn set_census(&mut self, window: Option<Window>) -> bool {
        if self.census.map(|(window, _)| window) == window {
            return false;
        }
        self.census = match window {
            Some(window) => Some((window, self.epoch())),
            None => {
                self.idle = self.epoch();
                None
            }
        };
        true
    }

    /// The pool's job and difficulty. `clean`: its earlier jobs are stale.
    pub fn set_pool(&mut self, template: Template, difficulty: Difficulty, clean: bool) {
        let epoch = match &self.pool {
            Some(pool) if !clean => pool.job.epoch,
            _ => self.epoch(),
        };
        let job = self.job(epoch, template);
        self.pool = Some(Pool { job, difficulty });
    }

    /// The pool's difficulty from now on.
    pub fn set_pool_difficulty(&mut self, difficulty: Difficulty) {
        if let Some(pool) = &mut self.pool {
            pool.difficulty = difficulty;
        }
    }

    /// The pool is gone, or its jobs are.
    pub fn forget_pool(&mut self) {
        if self.pool.take().is_some() {
            self.idle = self.epoch();
        }
    }

    /// What is worked on now. A census's job and an idle one are new each time, with the present time; a pool's is the pool's.
    pub fn work(&mut self, now: u32) -> Arc<Work> {
        let pool = self.pool.clone();
        let (job, difficulty) = match (self.census, &pool) {
            (Some((window, epoch)), _) => {
                let Window {
                    index,
                    challenge,
                    opened,
                } = window;
                let template = Template::census(&self.device, index, challenge, opened, now);
                (self.job(epoch, template), None)
            }
            (None, Some(pool)) => (pool.job.clone(), Some(pool.difficulty)),
            (None, None) => (self.job(self.idle, Template::idle(&self.device, now)), None),
        };
        let mut alive = vec![job.epoch];
        alive.extend(
            pool.map(|pool| pool.job.epoch)
                .filter(|epoch| *epoch != job.epoch),
        );
        Arc::new(Work {
            job,
            alive,
            difficulty,
            window: self.window,
        })
    }
}

impl Work {
    /// What a miner shall send, if it shall send so many shares a minute where nothing else is needed.
    pub fn goal(&self, per_minute: u32) -> Goal {
        let needed = match self.job.template.source {
            Source::Census { .. } => census_per_minute(self.window),
            Source::Upstream { .. } => MOST_PER_MINUTE,
            Source::Idle => 1,
        };
        Goal {
            per_minute: per_minute.max(needed),
            least: self.difficulty.unwrap_or(Difficulty::MIN),
        }
    }

    /// Whether nobody wants its shares.
    pub fn is_idle(&self) -> bool {
        self.job.template.source == Source::Idle
    }
}
