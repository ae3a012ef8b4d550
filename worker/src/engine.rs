// SPDX-License-Identifier: Apache-2.0
//! The thread that computes rounds, and what the service asks of it.
//!
//! One thread owns the device. Between two rounds, or short batches of them, it looks for requests, so an answer takes so long at most,
//! and a stop too. A thread that hangs with its device keeps nothing from being opened: the rounds' roots are shared, and another prover computes
//! what is drawn.

mod check;
mod opening;
mod shared;

pub use check::Checks;

use self::{
    check::Fault,
    opening::{Answer, Current, Order},
    shared::Shared,
};
use crate::{
    prover::{self, Prover, ProverError, Rescue},
    state::Work,
};
#[cfg(feature = "adversary")]
use compute_proof::hash::keyed;
use compute_proof::{
    prove::{Opening, RoundStore},
    Claim, Device, Hash,
};
use std::{
    sync::{
        mpsc::{channel, Receiver, RecvError, Sender, TryRecvError},
        Arc,
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// Rounds that overlap on a device are computed in batches of about this time: requests wait for so long.
const BATCH: Duration = Duration::from_millis(250);

/// A card that has been at one thing for so long does not come back.
const HANG: Duration = Duration::from_secs(120);

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
    Prepare {
        work: Work,
        answer: oneshot::Sender<Result<Prepared, EngineError>>,
    },
    Open {
        order: Arc<Order>,
        answer: Answer,
    },
}

/// Which rounds are claimed.
#[derive(Clone, Copy)]
struct Claimant {
    #[cfg(feature = "adversary")]
    factor: u32,
}

impl Claimant {
    /// Those that were computed.
    #[cfg(not(feature = "adversary"))]
    fn claimed(self, store: RoundStore) -> RoundStore {
        store
    }

    /// Where the test of the slash asks for it, more than were computed.
    #[cfg(feature = "adversary")]
    fn claimed(self, mut store: RoundStore) -> RoundStore {
        let rounds = store.rounds().saturating_mul(self.factor);
        while store.rounds() < rounds {
            let invented = keyed(store.device_key(), &store.rounds().to_le_bytes());
            if store.push(invented).is_err() {
                break;
            }
        }
        store
    }
}

/// The service's end of the engine. Dropping it ends the thread.
#[derive(Clone)]
pub struct Engine {
    device: Device,
    claimant: Claimant,
    requests: Sender<Request>,
    progress: watch::Receiver<Progress>,
    shared: Shared,
    opening: Current,
    rescue: Option<Rescue>,
}

impl Engine {
    /// Starts the thread for `device`, which computes by `prover`. What is drawn and `prover` does not open, `rescue` does.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub fn start(device: Device, prover: Box<dyn Prover>, rescue: Option<Rescue>) -> std::io::Result<Self> {
        let claimant = Claimant {
            #[cfg(feature = "adversary")]
            factor: 1,
        };
        Self::spawn(device, prover, rescue, claimant)
    }

    /// An engine that claims `factor` times the rounds that it computed: for the test of the slash.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    #[cfg(feature = "adversary")]
    pub fn start_overclaiming(
        device: Device,
        prover: Box<dyn Prover>,
        rescue: Option<Rescue>,
        factor: u32,
    ) -> std::io::Result<Self> {
        Self::spawn(device, prover, rescue, Claimant { factor })
    }

    fn spawn(
        device: Device,
        prover: Box<dyn Prover>,
        rescue: Option<Rescue>,
        claimant: Claimant,
    ) -> std::io::Result<Self> {
        let (requests, incoming) = channel();
        let (report, progress) = watch::channel(Progress::default());
        let shared = Shared::default();
        let worker = Worker {
            device,
            prover,
            claimant,
            held: None,
            has_failed: false,
            last_round: None,
            report,
            shared: shared.clone(),
        };
        let span = tracing::Span::current();
        thread::Builder::new()
            .name("ergon-prover".into())
            .spawn(move || span.in_scope(|| worker.run(&incoming)))?;
        Ok(Self {
            device,
            claimant,
            requests,
            progress,
            shared,
            opening: Current::default(),
            rescue,
        })
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

    /// The roots of the rounds that are there, even if the device hangs.
    pub fn roots(&self) -> Option<(Work, Vec<Hash>)> {
        self.shared
            .held(|held| held.as_ref().map(|(work, store)| (*work, store.roots().to_vec())))
    }

    /// Whether the device is of no use to this process any more: it was lost, failed in two works in a row, or hangs.
    pub fn is_lost(&self) -> bool {
        // A processor does not hang; it may be slow.
        self.shared.is_lost() || (self.rescue.is_some() && self.shared.hangs(HANG))
    }

    /// Openings that another prover has begun in the device's place.
    pub fn rescues(&self) -> u64 {
        self.shared.rescues()
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

    /// Makes the opening of a claim, and verifies it as the chain will; `left` is how long openings are taken. The device computes it, and where it
    /// can't, errs, or takes too long, the rescue.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn open(
        &self,
        work: Work,
        claim: Claim,
        seed: Hash,
        left: Duration,
    ) -> Result<Opening, EngineError> {
        let mut told = self.begin_opening(work, claim, seed, left)?;
        let result = told
            .wait_for(Option::is_some)
            .await
            .map_err(|_| EngineError::Gone)?;
        result.clone().unwrap_or(Err(EngineError::Gone))
    }

    /// Begins the opening of a claim ahead of [`Self::open`], which then goes on with it. One of another claim or seed that was begun is given up.
    ///
    /// # Errors
    /// [`EngineError::NotThere`].
    pub fn anticipate(
        &self,
        work: Work,
        claim: Claim,
        seed: Hash,
        left: Duration,
    ) -> Result<(), EngineError> {
        self.begin_opening(work, claim, seed, left).map(drop)
    }

    fn begin_opening(
        &self,
        work: Work,
        claim: Claim,
        seed: Hash,
        left: Duration,
    ) -> Result<opening::Told, EngineError> {
        self.opening.join((work, claim, seed), || {
            let store = self.shared.store(work).ok_or(EngineError::NotThere)?;
            let store = self.claimant.claimed(store).truncated(claim.rounds);
            if store.rounds() < claim.rounds {
                return Err(EngineError::NotThere);
            }
            let order = Arc::new(Order {
                device: self.device,
                work,
                claim,
                seed,
                store,
            });
            let requests = self.requests.clone();
            let ask = move |order, answer| {
                requests
                    .send(Request::Open { order, answer })
                    .map_err(|_| EngineError::Gone)
            };
            let patience = opening::patience(self.progress.borrow().last_round, left);
            let shared = self.shared.clone();
            let rescue = self.rescue.clone().map(|rescue| -> Rescue {
                Arc::new(move || {
                    shared.rescue();
                    rescue()
                })
            });
            Ok(opening::open(order, ask, rescue, patience))
        })
    }

    fn ask(&self, request: Request) -> Result<(), EngineError> {
        self.requests.send(request).map_err(|_| EngineError::Gone)
    }
}

/// What the thread works at.
struct Held {
    work: Work,
    until: u32,
    /// The device failed at a round of it.
    failed: bool,
}

struct Worker {
    device: Device,
    prover: Box<dyn Prover>,
    claimant: Claimant,
    held: Option<Held>,
    /// The device failed at a round of the work before.
    has_failed: bool,
    last_round: Option<Duration>,
    report: watch::Sender<Progress>,
    shared: Shared,
}

impl Worker {
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

    /// The work and its rounds that are there.
    fn rounds(&self) -> Option<(Work, u32)> {
        self.shared
            .held(|held| held.as_ref().map(|(work, store)| (*work, store.rounds())))
    }

    fn is_busy(&self) -> bool {
        match (&self.held, self.rounds()) {
            (Some(held), Some((_, rounds))) => rounds < held.until,
            _ => false,
        }
    }

    fn tell(&self, last_round: Option<Duration>) {
        let (busy, rounds) = (self.is_busy(), self.rounds());
        self.report.send_modify(|progress| {
            progress.rounds = rounds;
            progress.last_round = last_round.or(progress.last_round);
            progress.busy = busy;
        });
    }

    fn compute(&mut self) {
        let Some(held) = &mut self.held else { return };
        let next = self.shared.held(|held| {
            let (_, store) = held.as_ref()?;
            Some((*store.device_key(), prover::before(store), store.rounds()))
        });
        let Some((key, before, done)) = next else { return };
        let begun = Instant::now();
        let fit = match self.last_round {
            Some(round) => BATCH.as_nanos() / round.as_nanos().max(1),
            None => 1,
        };
        let count = u32::try_from(fit)
            .unwrap_or(u32::MAX)
            .min(self.prover.at_once())
            .min(held.until.saturating_sub(done))
            .max(1);
        let (class, prover) = (held.work.class, &mut self.prover);
        let computed = self
            .shared
            .at_work(|| prover.roots(class, &key, done + 1, before, count));
        let pushed = match &computed {
            Ok(roots) => self.shared.held(|held| {
                let store = held.as_mut().map(|(_, store)| store);
                store.map_or(Ok(()), |store| {
                    roots.iter().try_for_each(|root| store.push(*root))
                })
            }),
            Err(_) => Ok(()),
        };
        let failure = match (&computed, pushed) {
            (Err(error), _) => Some(error.to_string()),
            (_, Err(error)) => Some(error.to_string()),
            _ => None,
        };
        if let Some(reason) = &failure {
            tracing::error!(
                round = done + 1,
                reason,
                "the device failed; no more rounds in this census"
            );
            (held.until, held.failed) = (0, true);
            // Failed twice in a row, it is beyond what this process can do about it; another may begin afresh.
            if self.has_failed || computed.as_ref().is_err_and(ProverError::is_loss) {
                self.shared.lose();
            }
        }
        let work = held.work;
        let rounds = self.rounds().map_or(0, |(_, rounds)| rounds.saturating_sub(done));
        let failed = failure.is_some();
        self.report.send_if_modified(|progress| {
            progress.computed += u64::from(rounds);
            progress.work = progress.work.saturating_add(work.class.work(rounds));
            progress.failures += u64::from(failed);
            false
        });
        // What failed says nothing about how long rounds take.
        let round = (!failed).then(|| begun.elapsed() / count);
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
            Request::Prepare { answer, .. } if answer.is_closed() => {}
            Request::Prepare { work, answer } => drop(answer.send(self.prepare(work))),
            Request::Open { order, answer } => {
                let prover = &mut *self.prover;
                let opening = self
                    .shared
                    .at_work(|| order.carry_out(prover, || !answer.is_closed()));
                if opening.as_ref().is_err_and(opening::Failure::is_loss) {
                    self.shared.lose();
                }
                drop(answer.send(opening));
            }
        }
    }

    fn hold(&mut self, work: Work, rounds: u32, known: Vec<Hash>) {
        match &mut self.held {
            // After a failure there are no more in this work, whatever is asked for.
            Some(held) if held.work == work => held.until = if held.failed { 0 } else { rounds },
            before => {
                // Another class may take longer.
                self.last_round = None;
                self.report.send_if_modified(|progress| {
                    progress.last_round = None;
                    false
                });
                let store = RoundStore::from_roots(&work.challenge, &self.device, work.class, known)
                    .unwrap_or_else(|_| RoundStore::new(&work.challenge, &self.device, work.class));
                self.shared.hold(work, store);
                self.has_failed = before.as_ref().is_some_and(|held| held.failed);
                *before = Some(Held {
                    work,
                    until: rounds,
                    failed: false,
                });
            }
        }
        self.tell(None);
    }

    fn prepare(&mut self, work: Work) -> Result<Prepared, EngineError> {
        let store = self.shared.store(work).ok_or(EngineError::NotThere)?;
        if store.rounds() == 0 {
            return Err(EngineError::NotThere);
        }
        let mut chance = [0; 32];
        getrandom::fill(&mut chance)
            .map_err(|error| EngineError::Faulty(format!("no randomness: {error}")))?;
        let mut checks = self.report.borrow().checks;
        let prover = &mut *self.prover;
        let checked = self
            .shared
            .at_work(|| check::check(prover, &store, &chance, check::BUDGET, &mut checks));
        self.report.send_modify(|progress| progress.checks = checks);
        if matches!(&checked, Err(Fault::Backend { error, .. }) if error.is_loss()) {
            self.shared.lose();
        }
        checked.map_err(|fault| EngineError::Faulty(fault.to_string()))?;
        let roots = store.roots().to_vec();
        Ok(Prepared {
            claim: self.claimant.claimed(store).claim(),
            roots,
        })
    }
}

#[cfg(test)]
mod tests;
