// SPDX-License-Identifier: Apache-2.0
//! A chain in memory that a whole service can follow, with faults on demand. Its blocks come when a test says so.

mod ledger;

pub use ledger::{Fact, Ledger, Schedule, PLEDGED};

use super::*;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{oneshot, watch};

/// Chances, in thousandths, of what can go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A view fails.
    pub disconnect: u32,
    /// A call is lost on its way.
    pub lose: u32,
    /// A call arrives, but nothing is heard of it.
    pub silence: u32,
    /// A block leaves the waiting calls to the next one.
    pub censor: u32,
}

struct Waiting {
    nonce: u64,
    call: Call,
    before: Option<u32>,
    answer: Option<oneshot::Sender<Result<u32, SubmitError>>>,
}

struct Inner {
    ledger: Ledger,
    waiting: Vec<Waiting>,
    faults: Faults,
    chance: Chance,
    /// Calls that a node was given.
    sent: u32,
}

/// The chain in memory.
#[derive(Clone)]
pub struct Twin {
    inner: Arc<Mutex<Inner>>,
    blocks: watch::Sender<u64>,
}

impl Twin {
    pub fn new(ledger: Ledger, faults: Faults, seed: u64) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                ledger,
                waiting: Vec::new(),
                faults,
                chance: Chance(seed),
                sent: 0,
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

    pub fn set_faults(&self, faults: Faults) {
        self.inner().faults = faults;
    }

    /// Calls that wait for a block.
    pub fn waiting(&self) -> usize {
        self.inner().waiting.len()
    }

    /// Whether somebody waits for what becomes of a call.
    pub fn is_awaited(&self) -> bool {
        let inner = self.inner();
        let mut answers = inner.waiting.iter().filter_map(|waiting| waiting.answer.as_ref());
        answers.any(|answer| !answer.is_closed())
    }

    /// Calls that a node was given so far.
    pub fn sent(&self) -> u32 {
        self.inner().sent
    }

    /// Makes the next block.
    pub fn advance(&self) {
        let mut inner = self.inner();
        let Inner {
            ledger,
            waiting,
            faults,
            chance,
            ..
        } = &mut *inner;
        let next = ledger.best().number + 1;
        // Dropping its answer says that nothing will be heard of it.
        waiting.retain(|waiting| waiting.before.is_none_or(|before| next < before));
        if chance.of_thousand(faults.censor) {
            ledger.advance(&[]);
        } else {
            let calls: Vec<_> = waiting.iter().map(|w| (w.nonce, w.call.clone())).collect();
            let results = ledger.advance(&calls);
            let at = ledger.best().number;
            for (waiting, result) in waiting.drain(..).zip(results) {
                let answer = match result {
                    Some(Ok(())) => Ok(at),
                    Some(Err(reason)) => Err(SubmitError::Refused { at, reason }),
                    None => Err(SubmitError::NotTaken("stale nonce".into())),
                };
                if let Some(sender) = waiting.answer {
                    drop(sender.send(answer));
                }
            }
        }
        drop(inner);
        self.blocks.send_modify(|blocks| *blocks += 1);
    }

    /// Another fork wins that differs in the last `depth` blocks and is one block longer.
    pub fn reorganize(&self, depth: usize) {
        self.inner().ledger.undo(depth);
        for _ in 0..=depth {
            self.advance();
        }
    }
}

impl Chain for Twin {
    async fn rules(&self) -> Result<Rules, ChainError> {
        Ok(self.inner().ledger.rules())
    }

    async fn view(&self, seen: Option<Hash>) -> Result<View, ChainError> {
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
                    return Ok(inner.ledger.view());
                }
            }
            blocks
                .changed()
                .await
                .map_err(|error| ChainError::Unreachable(error.to_string()))?;
        }
    }

    async fn submit(&self, call: Call, nonce: u64, before: Option<u32>) -> Result<u32, SubmitError> {
        let (sender, answer) = oneshot::channel();
        {
            let mut inner = self.inner();
            let Inner {
                ledger,
                waiting,
                faults,
                chance,
                sent,
            } = &mut *inner;
            if nonce != ledger.nonce() {
                return Err(SubmitError::NotTaken("stale nonce".into()));
            }
            if waiting.iter().any(|waiting| waiting.nonce == nonce) {
                return Err(SubmitError::NotTaken("priority is too low".into()));
            }
            *sent += 1;
            if chance.of_thousand(faults.lose) {
                return Err(SubmitError::Unknown("as the test asked".into()));
            }
            let silent = chance.of_thousand(faults.silence);
            waiting.push(Waiting {
                nonce,
                call,
                before,
                answer: (!silent).then_some(sender),
            });
        }
        answer
            .await
            .unwrap_or_else(|_| Err(SubmitError::Unknown("as the test asked".into())))
    }
}

/// Reproducible chance: SplitMix64.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    pub fn of_thousand(&mut self, thousandths: u32) -> bool {
        self.below(1000) < u64::from(thousandths)
    }
}
