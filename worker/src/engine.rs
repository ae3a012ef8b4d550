// SPDX-License-Identifier: Apache-2.0
//! The thread that computes rounds, and what the service asks of it.
//!
//! One thread owns the device. Between two rounds, or short batches of them, it looks for requests, so an answer takes so long at most,
//! and a stop too.

mod check;

pub use check::Checks;

use crate::{
    prover::{self, Prover},
    state::Work,
};
#[cfg(feature = "adversary")]
use compute_proof::hash::keyed;
use compute_proof::{
    prove::{Opening, RoundStore},
    verify, Claim, Device, Hash,
};
use std::{
    sync::mpsc::{channel, Receiver, RecvError, Sender, TryRecvError},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// Rounds that overlap on a device are computed in batches of about this time: requests wait for so long.
const BATCH: Duration = Duration::from_millis(250);

/// What the engine has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The work and its rounds that are there, those read from the disk included.
    pub rounds: Option<(Work, u32)>,
    /// How long the last round took.
    pub last_round: Option<Duration>,
    /// Whether rounds are being computed now.
    pub busy: bool,
    /// Rounds computed since the start.
    pub computed: u64,
    /// Multiply-accumulates of those.
    pub work: u128,
    /// Times that the device failed at a round.
    pub failures: u64,
    /// The checks before commits.
    pub checks: Checks,
}

/// The engine could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Another work is held, or fewer rounds than are asked for.
    #[error("the rounds are not there")]
    NotThere,
    /// Computed again, a round is another one, or a cell is not the product of its row and column.
    #[error("the device computes wrongly: {0}")]
    Faulty(String),
    /// The engine's thread is gone.
    #[error("the prover has stopped")]
    Gone,
}

/// Rounds that passed the check and may be committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What to claim.
    pub claim: Claim,
    /// The rounds' roots, for the disk.
    pub roots: Vec<Hash>,
}

enum Request {
    Hold {
        work: Work,
        rounds: u32,
        known: Vec<Hash>,
    },
    Pause,
    Roots {
        answer: oneshot::Sender<Option<(Work, Vec<Hash>)>>,
    },
    Prepare {
        work: Work,
        answer: oneshot::Sender<Result<Prepared, EngineError>>,
    },
    Open {
        work: Work,
        claim: Claim,
        seed: Hash,
        answer: oneshot::Sender<Result<Opening, EngineError>>,
    },
}

/// The service's end of the engine. Dropping it ends the thread.
#[derive(Clone)]
pub struct Engine {
    requests: Sender<Request>,
    progress: watch::Receiver<Progress>,
}

impl Engine {
    /// Starts the thread for `device`, which computes by `prover`.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub fn start(device: Device, prover: impl Prover + 'static) -> std::io::Result<Self> {
        Self::spawn(device, prover, 1)
    }

    /// An engine that claims `factor` times the rounds that it computed: for the test of the slash.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    #[cfg(feature = "adversary")]
    pub fn start_overclaiming(
        device: Device,
        prover: impl Prover + 'static,
        factor: u32,
    ) -> std::io::Result<Self> {
        Self::spawn(device, prover, factor)
    }

    fn spawn(device: Device, prover: impl Prover + 'static, _factor: u32) -> std::io::Result<Self> {
        let (requests, incoming) = channel();
        let (report, progress) = watch::channel(Progress::default());
        let worker = Worker {
            device,
            prover,
            #[cfg(feature = "adversary")]
            factor: _factor,
            held: None,
            last_round: None,
            report,
        };
        thread::Builder::new()
            .name("ergon-prover".into())
            .spawn(move || worker.run(&incoming))?;
        Ok(Self { requests, progress })
    }

    /// What has been done; changes with every round.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Whether the engine holds any rounds of `work`.
    pub fn holds(&self, work: Work) -> bool {
        self.progress
            .borrow()
            .rounds
            .is_some_and(|(held, _)| held == work)
    }

    /// Computes `work` on until there are `rounds`. `known` are its roots from earlier; they count only if the engine does
    /// not hold the work already.
    ///
    /// # Errors
    /// [`EngineError::Gone`].
    pub fn hold(&self, work: Work, rounds: u32, known: Vec<Hash>) -> Result<(), EngineError> {
        self.ask(Request::Hold { work, rounds, known })
    }

    /// Computes no more.
    ///
    /// # Errors
    /// [`EngineError::Gone`].
    pub fn pause(&self) -> Result<(), EngineError> {
        self.ask(Request::Pause)
    }

    /// The roots of the rounds that are there.
    ///
    /// # Errors
    /// [`EngineError::Gone`].
    pub async fn roots(&self) -> Result<Option<(Work, Vec<Hash>)>, EngineError> {
        let (answer, result) = oneshot::channel();
        self.ask(Request::Roots { answer })?;
        result.await.map_err(|_| EngineError::Gone)
    }

    /// Checks a sample of the rounds that are there, and says what may be claimed.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn prepare(&self, work: Work) -> Result<Prepared, EngineError> {
        let (answer, result) = oneshot::channel();
        self.ask(Request::Prepare { work, answer })?;
        result.await.map_err(|_| EngineError::Gone)?
    }

    /// Makes the opening of a claim, and verifies it as the chain will.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn open(&self, work: Work, claim: Claim, seed: Hash) -> Result<Opening, EngineError> {
        let (answer, result) = oneshot::channel();
        self.ask(Request::Open {
            work,
            claim,
            seed,
            answer,
        })?;
        result.await.map_err(|_| EngineError::Gone)?
    }

    fn ask(&self, request: Request) -> Result<(), EngineError> {
        self.requests.send(request).map_err(|_| EngineError::Gone)
    }
}

/// The rounds that the thread works at.
struct Held {
    work: Work,
    store: RoundStore,
    until: u32,
    /// The device failed at a round of it.
    failed: bool,
}

struct Worker<P> {
    device: Device,
    prover: P,
    #[cfg(feature = "adversary")]
    factor: u32,
    held: Option<Held>,
    last_round: Option<Duration>,
    report: watch::Sender<Progress>,
}

impl<P: Prover> Worker<P> {
    fn run(mut self, incoming: &Receiver<Request>) {
        loop {
            let request = match self.is_busy() {
                true => match incoming.try_recv() {
                    Ok(request) => Some(request),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                },
                false => match incoming.recv() {
                    Ok(request) => Some(request),
                    Err(RecvError) => return,
                },
            };
            match request {
                Some(request) => self.answer(request),
                None => self.compute(),
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.held
            .as_ref()
            .is_some_and(|held| held.store.rounds() < held.until)
    }

    fn tell(&self, last_round: Option<Duration>) {
        let busy = self.is_busy();
        self.report.send_modify(|progress| {
            progress.rounds = self.held.as_ref().map(|held| (held.work, held.store.rounds()));
            progress.last_round = last_round.or(progress.last_round);
            progress.busy = busy;
        });
    }

    fn compute(&mut self) {
        let Some(held) = &mut self.held else { return };
        let begun = Instant::now();
        let done = held.store.rounds();
        let fit = match self.last_round {
            Some(round) => BATCH.as_nanos() / round.as_nanos().max(1),
            None => 1,
        };
        let count = u32::try_from(fit)
            .unwrap_or(u32::MAX)
            .min(self.prover.at_once())
            .min(held.until.saturating_sub(done))
            .max(1);
        let key = *held.store.device_key();
        let pushed = self
            .prover
            .roots(
                held.work.class,
                &key,
                done + 1,
                prover::before(&held.store),
                count,
            )
            .map_err(|error| error.to_string())
            .and_then(|roots| {
                roots
                    .into_iter()
                    .try_for_each(|root| held.store.push(root))
                    .map_err(|error| error.to_string())
            });
        if let Err(reason) = &pushed {
            tracing::error!(
                round = done + 1,
                reason,
                "the device failed; no more rounds in this census"
            );
            (held.until, held.failed) = (0, true);
        }
        let done = held.store.rounds().saturating_sub(done);
        let work = held.work.class.work(done);
        let failed = u64::from(pushed.is_err());
        self.report.send_if_modified(|progress| {
            progress.computed += u64::from(done);
            progress.work = progress.work.saturating_add(work);
            progress.failures += failed;
            false
        });
        // What failed says nothing about how long rounds take.
        let round = pushed.is_ok().then(|| begun.elapsed() / count);
        self.last_round = round.or(self.last_round);
        self.tell(round);
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Hold { work, rounds, known } => self.hold(work, rounds, known),
            Request::Pause => {
                if let Some(held) = &mut self.held {
                    held.until = 0;
                }
                self.tell(None);
            }
            // Whoever asked may have given up waiting; then nobody needs the answer.
            Request::Roots { answer } => drop(
                answer.send(
                    self.held
                        .as_ref()
                        .map(|held| (held.work, held.store.roots().to_vec())),
                ),
            ),
            Request::Prepare { work, answer } => drop(answer.send(self.prepare(work))),
            Request::Open {
                work,
                claim,
                seed,
                answer,
            } => drop(answer.send(self.open(work, claim, &seed))),
        }
    }

    fn hold(&mut self, work: Work, rounds: u32, known: Vec<Hash>) {
        match &mut self.held {
            // After a failure there are no more in this work, whatever is asked for.
            Some(held) if held.work == work => held.until = if held.failed { 0 } else { rounds },
            _ => {
                // Another class may take longer.
                self.last_round = None;
                self.report.send_if_modified(|progress| {
                    progress.last_round = None;
                    false
                });
                let store = RoundStore::from_roots(&work.challenge, &self.device, work.class, known)
                    .unwrap_or_else(|_| RoundStore::new(&work.challenge, &self.device, work.class));
                self.held = Some(Held {
                    work,
                    store,
                    until: rounds,
                    failed: false,
                });
            }
        }
        self.tell(None);
    }

    fn store(&self, work: Work) -> Result<&RoundStore, EngineError> {
        match &self.held {
            Some(held) if held.work == work => Ok(&held.store),
            _ => Err(EngineError::NotThere),
        }
    }

    fn prepare(&mut self, work: Work) -> Result<Prepared, EngineError> {
        let store = self.store(work)?.clone();
        if store.rounds() == 0 {
            return Err(EngineError::NotThere);
        }
        let mut chance = [0; 32];
        getrandom::fill(&mut chance)
            .map_err(|error| EngineError::Faulty(format!("no randomness: {error}")))?;
        let mut checks = self.report.borrow().checks;
        let checked = check::check(&mut self.prover, &store, &chance, check::BUDGET, &mut checks);
        self.report.send_modify(|progress| progress.checks = checks);
        checked.map_err(|fault| EngineError::Faulty(fault.to_string()))?;
        Ok(Prepared {
            claim: self.claimed(&store).claim(),
            roots: store.roots().to_vec(),
        })
    }

    /// The rounds that are claimed: those that were computed.
    #[cfg(not(feature = "adversary"))]
    fn claimed(&self, store: &RoundStore) -> RoundStore {
        store.clone()
    }

    /// The rounds that are claimed: where the test of the slash asks for it, more than were computed.
    #[cfg(feature = "adversary")]
    fn claimed(&self, store: &RoundStore) -> RoundStore {
        let mut claimed = store.clone();
        let rounds = store.rounds().saturating_mul(self.factor);
        while claimed.rounds() < rounds {
            let invented = keyed(store.device_key(), &claimed.rounds().to_le_bytes());
            if claimed.push(invented).is_err() {
                break;
            }
        }
        claimed
    }

    fn open(&mut self, work: Work, claim: Claim, seed: &Hash) -> Result<Opening, EngineError> {
        let store = self.claimed(self.store(work)?).truncated(claim.rounds);
        if store.rounds() < claim.rounds {
            return Err(EngineError::NotThere);
        }
        let opening = prover::open(&mut self.prover, &store, seed)
            .map_err(|error| EngineError::Faulty(error.to_string()))?;
        verify(
            &self.device,
            &work.challenge,
            &claim,
            seed,
            &opening.top,
            &opening.samples,
        )
        .map_err(|error| EngineError::Faulty(error.to_string()))?;
        Ok(opening)
    }
}

#[cfg(test)]
mod tests;
