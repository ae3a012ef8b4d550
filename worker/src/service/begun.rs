// SPDX-License-Identifier: Apache-2.0
//! A task while it is done: computing and sending, beside the loop.

use super::{blocking, claim, time_to_open, Snapshot};
use crate::{
    chain::{Call, Census, Chain, SubmitError},
    engine::{Engine, EngineError},
    openings::Openings,
    state::{Outcome, Task, Work},
};
use compute_proof::Hash;
use std::time::Duration;
use tokio::{sync::watch, time::timeout};

/// A transaction that no block took within so many blocks counts as lost.
const BLOCKS_TO_WAIT: u32 = 6;

/// A task that has begun.
pub struct Begun<C> {
    /// The chain.
    pub chain: C,
    /// The device.
    pub engine: Engine,
    /// Where the rounds' roots are kept.
    pub openings: Openings,
    /// The asset.
    pub asset: u64,
    /// How long a block takes.
    pub block: Duration,
    /// Of the view upon which the task was decided.
    pub nonce: u64,
    /// What the loop knows by now.
    pub watched: watch::Receiver<Snapshot>,
}

impl<C: Chain> Begun<C> {
    /// Does it.
    pub async fn run(self, task: Task) -> Outcome {
        let outcome = match task {
            Task::Commit { work, .. } => self.commit(work).await,
            Task::Open {
                work,
                rounds,
                commitment,
                open_seed,
            } => self.open(work, rounds, commitment, open_seed).await,
            Task::Settle { .. } => self.submit(Call::Settle { asset: self.asset }, None).await,
        };
        outcome.unwrap_or_else(|outcome| outcome)
    }

    async fn commit(&self, work: Work) -> Result<Outcome, Outcome> {
        let prepared = tokio::select! {
            prepared = self.engine.prepare(work) => prepared.map_err(failed)?,
            // A device that hangs must not keep an earlier commit from being opened.
            () = self.no_commit_is_taken(&work) => {
                return Err(Outcome::Failed {
                    reason: "the device did not answer while commits were taken".into(),
                });
            }
        };
        // On the disk before it is on its way: after a crash the commit must still be opened.
        let openings = self.openings.clone();
        blocking(move || openings.save(&work, &prepared.roots))
            .await
            .map_err(|error| Outcome::Failed {
                reason: format!("the rounds could not be saved, so nothing was sent: {error}"),
            })?;
        let census = self.still_on(&work)?;
        let call = Call::Commit {
            asset: self.asset,
            census: work.census,
            challenge: work.challenge,
            claim: prepared.claim,
        };
        self.submit(call, Some(census.closes_at)).await
    }

    async fn open(
        &self,
        work: Work,
        rounds: u32,
        commitment: Hash,
        open_seed: Hash,
    ) -> Result<Outcome, Outcome> {
        let left = self
            .watched
            .borrow()
            .state
            .view()
            .map_or(Duration::ZERO, |view| time_to_open(view, self.block));
        let opening = self
            .engine
            .open(work, claim(work, rounds, commitment), open_seed, left)
            .await
            .map_err(failed)?;
        let census = self.still_on(&work)?;
        let call = Call::Open {
            asset: self.asset,
            census: work.census,
            open_seed,
            top: opening.top,
            samples: opening.samples,
        };
        self.submit(call, Some(census.open_until.saturating_add(1))).await
    }

    /// Waits until no block takes a commit of this work any more.
    async fn no_commit_is_taken(&self, work: &Work) {
        let is_over = |snapshot: &Snapshot| {
            snapshot.state.view().is_some_and(|view| {
                view.census.challenge != work.challenge
                    || view.best.number.saturating_add(1) >= view.census.closes_at
            })
        };
        if self.watched.clone().wait_for(is_over).await.is_err() {
            // The loop has ended, and this task ends with it.
            std::future::pending().await
        }
    }

    /// The census, unless its fork has lost while the device computed.
    fn still_on(&self, work: &Work) -> Result<Census, Outcome> {
        let snapshot = self.watched.borrow();
        match snapshot.state.view() {
            Some(view) if view.census.challenge == work.challenge => Ok(view.census),
            _ => Err(Outcome::Failed {
                reason: "another fork has won".into(),
            }),
        }
    }

    async fn submit(&self, call: Call, before: Option<u32>) -> Result<Outcome, Outcome> {
        let result = timeout(
            self.block * BLOCKS_TO_WAIT,
            self.chain.submit(call, self.nonce, before),
        )
        .await;
        match result {
            Ok(Ok(at)) => Ok(Outcome::Taken { at }),
            Ok(Err(SubmitError::Refused { at, reason })) => Err(Outcome::Refused { at, reason }),
            Ok(Err(error)) => Err(Outcome::Failed {
                reason: error.to_string(),
            }),
            Err(_) => Err(Outcome::Failed {
                reason: "no block took it".into(),
            }),
        }
    }
}

fn failed(error: EngineError) -> Outcome {
    match error {
        EngineError::Faulty(reason) => Outcome::Faulty { reason },
        EngineError::NotThere | EngineError::Gone => Outcome::Failed {
            reason: error.to_string(),
        },
    }
}
