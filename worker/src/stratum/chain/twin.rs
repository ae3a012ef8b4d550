// SPDX-License-Identifier: Apache-2.0
//! The chain in memory, for an asset of hashrate: its censuses come from the workers' ledger, its shares are really verified.

use super::*;
use crate::{
    chain::{
        twin::{Chance, Faults, Ledger, Schedule},
        Asset, BlockId, Call, Commit, Phase,
    },
    stratum::miner::Meter,
};
use compute_proof::{hashrate, Device};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{oneshot, watch};

/// A submission that the chain took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub census: u32,
    pub challenge: Hash,
    pub hashes: u128,
    pub count: u8,
    pub at: u32,
    /// What the miner's meter showed when it was sent.
    pub made: u64,
}

/// What is on its way to a block.
struct Waiting {
    call: ShareCall,
    nonce: u64,
    before: Option<u32>,
    made: u64,
    answer: Option<oneshot::Sender<Result<u32, SubmitError>>>,
}

/// What a block changes of shares.
#[derive(Clone, Default)]
struct Shares {
    nonce: u64,
    commit: Option<Commit>,
    taken: Vec<Taken>,
    settled: Vec<u32>,
    refused: Vec<String>,
}

struct Inner {
    ledger: Ledger,
    /// By block, with the second at which its census opened.
    history: Vec<(BlockId, Shares, u32)>,
    device: Device,
    waiting: Vec<Waiting>,
    faults: Faults,
    chance: Chance,
    unix: fn() -> u32,
    meter: Option<Meter>,
}

#[derive(Clone)]
pub struct ShareTwin {
    inner: Arc<Mutex<Inner>>,
    blocks: watch::Sender<u64>,
}

impl Inner {
    fn last(&self) -> (Shares, u32) {
        let (_, shares, opened) = self.history.last().expect("genesis is never undone");
        (shares.clone(), *opened)
    }

    fn apply(&self, shares: &mut Shares, opened: u32, call: &ShareCall, made: u64) -> Result<(), String> {
        let census = self.ledger.census();
        let number = self.ledger.best().number;
        match call {
            ShareCall::Submit {
                asset,
                census: index,
                challenge,
                shares: submitted,
            } => {
                if *asset != self.device.asset {
                    return Err("NotOperator".into());
                }
                if census.phase != Phase::Work || census.index != *index {
                    return Err("WindowClosed".into());
                }
                if census.challenge != *challenge {
                    return Err("WrongChallenge".into());
                }
                let times = opened..=(self.unix)() + hashrate::MAX_TIME_AHEAD;
                let hashes = hashrate::verify(&self.device, challenge, &times, submitted)
                    .map_err(|error| error.to_string())?;
                let count = match shares.commit {
                    Some(commit) if commit.census == *index => commit.count,
                    Some(former) => {
                        shares.settled.push(former.census);
                        0
                    }
                    None => 0,
                };
                if count >= 3 {
                    return Err("TooManyCommits".into());
                }
                shares.commit = Some(Commit {
                    census: *index,
                    prover: self.device.prover,
                    class: None,
                    rounds: 0,
                    commitment: [0; 32],
                    committed_at: number,
                    count: count + 1,
                    drawn: Some(false),
                    opened: false,
                });
                shares.taken.push(Taken {
                    census: *index,
                    challenge: *challenge,
                    hashes,
                    count: count + 1,
                    at: number,
                    made,
                });
                Ok(())
            }
            ShareCall::Settle { .. } => {
                let commit = shares.commit.ok_or("NoCommit")?;
                if commit.census == census.index && census.phase != Phase::Payment {
                    return Err("TooEarly".into());
                }
                shares.commit = None;
                shares.settled.push(commit.census);
                Ok(())
            }
        }
    }

    fn view(&self) -> ShareView {
        let (shares, opened) = self.last();
        let view = self.ledger.view();
        ShareView {
            chain: View {
                asset: view.asset.map(|asset| Asset {
                    matrix: false,
                    ..asset
                }),
                commit: shares.commit,
                nonce: shares.nonce,
                ..view
            },
            opened,
        }
    }
}

impl ShareTwin {
    pub fn new(schedule: Schedule, device: Device, faults: Faults, seed: u64) -> Self {
        let ledger = Ledger::new(schedule, device);
        let genesis = (ledger.best(), Shares::default(), 0);
        Self {
            inner: Arc::new(Mutex::new(Inner {
                ledger,
                history: vec![genesis],
                device,
                waiting: Vec::new(),
                faults,
                chance: Chance(seed),
                unix: crate::stratum::server::unix_now,
                meter: None,
            })),
            blocks: watch::Sender::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test holds it while it panics")
    }

    /// Looks at the ledger, or changes it.
    pub fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.inner().ledger)
    }

    pub fn now(&self) -> ShareView {
        self.inner().view()
    }

    /// Submissions of the present fork, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.inner().last().0.taken
    }

    /// Censuses that were settled.
    pub fn settled(&self) -> Vec<u32> {
        self.inner().last().0.settled
    }

    /// Calls that were refused, and why.
    pub fn refused(&self) -> Vec<String> {
        self.inner().last().0.refused
    }

    /// Notes of each submission what this meter shows.
    pub fn measure(&self, meter: Meter) {
        self.inner().meter = Some(meter);
    }

    /// Makes the next block.
    pub fn advance(&self) {
        let mut inner = self.inner();
        let before = inner.ledger.census();
        let no_calls: [(u64, Call); 0] = [];
        inner.ledger.advance(&no_calls);
        let (mut shares, mut opened) = inner.last();
        if inner.ledger.census().challenge != before.challenge {
            opened = (inner.unix)();
        }
        let at = inner.ledger.best().number;
        let waiting = std::mem::take(&mut inner.waiting);
        let Inner { faults, chance, .. } = &mut *inner;
        let censored = chance.of_thousand(faults.censor);
        for waiting in waiting {
            if waiting.before.is_some_and(|before| at >= before) {
                continue;
            }
            if censored {
                inner.waiting.push(waiting);
                continue;
            }
            let answer = if waiting.nonce == shares.nonce {
                shares.nonce += 1;
                let result = inner.apply(&mut shares, opened, &waiting.call, waiting.made);
                result.map(|()| at).map_err(|reason| {
                    shares.refused.push(reason.clone());
                    SubmitError::Refused { at, reason }
                })
            } else {
                Err(SubmitError::NotTaken("stale nonce".into()))
            };
            if let Some(sender) = waiting.answer {
                drop(sender.send(answer));
            }
        }
        let id = inner.ledger.best();
        inner.history.push((id, shares, opened));
        drop(inner);
        self.blocks.send_modify(|blocks| *blocks += 1);
    }

    /// Another fork wins that differs in the last `depth` blocks and is one block longer.
    pub fn reorganize(&self, depth: usize) {
        {
            let mut inner = self.inner();
            inner.ledger.undo(depth);
            let keep = inner.history.len().saturating_sub(depth).max(1);
            inner.history.truncate(keep);
        }
        for _ in 0..=depth {
            self.advance();
        }
    }
}

impl ShareChain for ShareTwin {
    async fn view(&self, seen: Option<Hash>) -> Result<ShareView, ChainError> {
        let mut blocks = self.blocks.subscribe();
        loop {
            blocks.borrow_and_update();
            {
                let mut inner = self.inner();
                let fails = inner.faults.disconnect;
                if inner.chance.of_thousand(fails) {
                    return Err(ChainError::Unreachable("as the test asked".into()));
                }
                if Some(inner.ledger.best().hash) != seen {
                    return Ok(inner.view());
                }
            }
            blocks
                .changed()
                .await
                .map_err(|error| ChainError::Unreachable(error.to_string()))?;
        }
    }

    async fn submit(&self, call: ShareCall, nonce: u64, before: Option<u32>) -> Result<u32, SubmitError> {
        let (sender, answer) = oneshot::channel();
        {
            let mut inner = self.inner();
            let faults = inner.faults;
            if inner.chance.of_thousand(faults.lose) {
                return Err(SubmitError::Unknown("as the test asked".into()));
            }
            let silent = inner.chance.of_thousand(faults.silence);
            let made = inner.meter.as_ref().map_or(0, Meter::hashes);
            inner.waiting.push(Waiting {
                call,
                nonce,
                before,
                made,
                answer: (!silent).then_some(sender),
            });
        }
        answer
            .await
            .unwrap_or_else(|_| Err(SubmitError::Unknown("as the test asked".into())))
    }
}
