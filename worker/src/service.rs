// SPDX-License-Identifier: Apache-2.0
//! The worker's only loop: what happens goes into the state machine, what it says is done.

mod begun;
mod tally;
#[cfg(test)]
mod tests;

pub use tally::Tally;

use self::begun::Begun;
use crate::{
    care::Pace,
    chain::{Chain, ChainError, View},
    engine::{Engine, Progress},
    openings::Openings,
    shape::Ladder,
    state::{step, Action, Event, Outcome, Settings, Stage, State, Stop, Task, Work},
    telemetry::sensors::{Reading, Watched},
};
use compute_proof::{Claim, Class, Device, Hash};
use std::{fmt, io, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{spawn_blocking, JoinSet},
    time::{sleep, timeout},
};

/// Waiting time after the first failure to reach the chain; it doubles up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest waiting time between two attempts to reach the chain.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// What someone else asks of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Take part in no further census, and end when the present one is settled.
    Drain,
    /// End as soon as nothing is lost by it: now, unless a commit may yet have to be opened; else as [`Self::Drain`].
    Leave,
    /// End now.
    Stop,
}

/// How the service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// [`Control::Stop`]. `at_risk`: a commit stands that may yet have to be opened.
    Stopped {
        /// The census of that commit.
        at_risk: Option<u32>,
    },
    /// [`Control::Drain`], and nothing is left to do.
    Drained,
}

/// Why the service could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The endpoint is no chain that this worker knows.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The device computed wrongly in several censuses in a row.
    #[error(
        "the device computed wrongly in {} censuses in a row",
        crate::state::MAX_FAULTS
    )]
    Faulty,
    /// The prover's thread has ended.
    #[error("the prover has stopped")]
    ProverGone,
    /// This process can't use the device any more.
    #[error("the device is lost to this process; nothing is left to open")]
    DeviceLost,
}

/// What those who watch are shown.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the worker knows.
    pub state: State,
    /// What the device does.
    pub progress: Progress,
    /// Whether the chain is in reach.
    pub connected: bool,
    /// What became of the last task.
    pub last: Option<(Task, Outcome)>,
    /// What became of all of them.
    pub tally: Tally,
    /// Openings that the processor has begun in the device's place.
    pub rescues: u64,
    /// The commit that was withheld because the device is faulty, if no later one was sent.
    pub withheld: Option<Withheld>,
}

/// A commit that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Its census.
    pub census: u32,
    /// What the check found: which round, and what is wrong with it.
    pub reason: String,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "census {}: {}", self.census, self.reason)
    }
}

impl Snapshot {
    fn note(&mut self, task: Task, outcome: Outcome) {
        self.tally.count(task.name(), outcome.name());
        match (&task, &outcome) {
            (Task::Commit { work, .. }, Outcome::Faulty { reason }) => {
                self.withheld = Some(Withheld {
                    census: work.census,
                    reason: reason.clone(),
                });
            }
            (Task::Commit { .. }, Outcome::Taken { .. }) => self.withheld = None,
            _ => {}
        }
        self.last = Some((task, outcome));
    }
}

/// A worker for one device.
pub struct Service<C> {
    /// The chain.
    pub chain: C,
    /// The device.
    pub engine: Engine,
    /// Where the rounds' roots are kept.
    pub openings: Openings,
    /// What does not change.
    pub settings: Settings,
    /// How long a block takes.
    pub block: Duration,
    /// The device's sensors.
    pub card: watch::Receiver<Watched>,
}

impl<C: Chain> Service<C> {
    /// A worker that opens and settles what an earlier life of `device` has committed to, and commits to nothing itself. To be told to
    /// [`Control::Drain`], so that it ends.
    pub fn finishing(chain: C, engine: Engine, openings: Openings, device: Device, block: Duration) -> Self {
        let settings = Settings {
            asset: device.asset,
            prover: device.prover,
            // A commit that stands has its own.
            class: Class::Xs,
            min_rounds: u32::MAX,
            max_rounds: 0,
            ladder: Ladder::default(),
        };
        Self {
            chain,
            engine,
            openings,
            settings,
            block,
            card: watch::channel(Watched::default()).1,
        }
    }

    /// What a watcher sees before the first event.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: State::new(self.settings),
            progress: Progress::default(),
            connected: false,
            last: None,
            tally: Tally::default(),
            rescues: 0,
            withheld: None,
        }
    }

    /// Works until told to end.
    ///
    /// # Errors
    /// [`ServiceError`]: an unreachable chain is not one, it is tried again and again.
    pub async fn run(
        self,
        mut control: mpsc::Receiver<Control>,
        watchers: watch::Sender<Snapshot>,
    ) -> Result<Ended, ServiceError> {
        let mut state = State::new(self.settings);
        let mut progress = self.engine.progress();
        let mut tasks = JoinSet::new();
        let mut follower = JoinSet::new();
        let (news, mut views) = mpsc::channel(1);
        follower.spawn(follow(self.chain.clone(), news));
        let mut card = Some(self.card.clone());
        let mut computed = 0;
        // Whoever asks once more does not want to wait.
        let mut asked_before = false;
        loop {
            let event = tokio::select! {
                Some(news) = views.recv() => match news {
                    Ok(view) => {
                        watchers.send_modify(|snapshot| snapshot.connected = true);
                        let seen = *progress.borrow();
                        if let (Some((work, _)), Some(round)) = (seen.rounds, seen.last_round) {
                            // Only what is new counts.
                            if std::mem::replace(&mut computed, seen.computed) != seen.computed {
                                state.measured(work.class, round);
                            }
                        }
                        if self.engine.is_lost() {
                            state.lose_device();
                        }
                        Event::Block(Box::new(view))
                    }
                    Err(ChainError::Incompatible(reason)) => {
                        return Err(ChainError::Incompatible(reason).into());
                    }
                    Err(error @ ChainError::Unreachable(_)) => {
                        tracing::warn!("{error}; trying again");
                        watchers.send_modify(|snapshot| snapshot.connected = false);
                        Event::Disconnected
                    }
                },
                Some(done) = tasks.join_next() => {
                    let (task, outcome) = match (done, state.pending()) {
                        (Ok(done), _) => done,
                        // The task panicked: whoever waits for it must not wait for ever.
                        (Err(error), Some(task)) => (*task, Outcome::Failed { reason: error.to_string() }),
                        (Err(_), None) => continue,
                    };
                    tell_outcome(&task, &outcome);
                    watchers.send_modify(|snapshot| snapshot.note(task, outcome.clone()));
                    Event::Done { task, outcome }
                }
                changed = progress.changed() => {
                    changed.map_err(|_| ServiceError::ProverGone)?;
                    match progress.borrow_and_update().rounds {
                        Some((work, rounds)) => Event::Progress { work, rounds },
                        None => continue,
                    }
                }
                reading = read(&mut card) => {
                    let (before, pace) = (state.pace(), reading.map_or(Pace::FULL, |reading| state.pace().after(&reading)));
                    if pace == before {
                        continue;
                    }
                    tell_pace(before, pace, reading.and_then(|reading| reading.temperature));
                    Event::Pace(pace)
                }
                asked = control.recv() => match asked {
                    Some(Control::Drain) => Event::Drain,
                    Some(Control::Stop) if asked_before => {
                        return Ok(Ended::Stopped { at_risk: self.at_risk(&state).await });
                    }
                    // Something would be lost by ending now.
                    Some(Control::Leave) if self.at_risk(&state).await.is_some() => {
                        asked_before = true;
                        Event::Drain
                    }
                    Some(Control::Leave | Control::Stop) | None => return Ok(self.end(&state, tasks, control).await),
                },
            };
            let stage = state.stage();
            let (next, actions) = step(state, event);
            state = next;
            tell_stage(stage, &state);
            watchers.send_modify(|snapshot| {
                snapshot.state = state.clone();
                snapshot.progress = *progress.borrow();
                snapshot.rescues = self.engine.rescues();
            });
            for action in actions {
                match action {
                    Action::Compute { work, rounds } => self.compute(work, rounds).await?,
                    Action::Pause => self.engine.pause().map_err(|_| ServiceError::ProverGone)?,
                    Action::Anticipate(task) => self.anticipate(&state, task),
                    Action::Begin(task) => {
                        let begun = Begun {
                            chain: self.chain.clone(),
                            engine: self.engine.clone(),
                            openings: self.openings.clone(),
                            asset: self.settings.asset,
                            block: self.block,
                            nonce: state.view().map_or(0, |view| view.nonce),
                            watched: watchers.subscribe(),
                        };
                        tasks.spawn(async move { (task, begun.run(task).await) });
                    }
                    Action::Forget { before } => {
                        let openings = self.openings.clone();
                        if let Err(error) = blocking(move || openings.forget(before)).await {
                            tracing::warn!("old rounds could not be deleted: {error}");
                        }
                    }
                    Action::Stop(Stop::Drained) => return Ok(Ended::Drained),
                    Action::Stop(Stop::Faulty) => return Err(ServiceError::Faulty),
                    Action::Stop(Stop::Lost) => return Err(ServiceError::DeviceLost),
                }
            }
        }
    }

    async fn compute(&self, work: Work, rounds: u32) -> Result<(), ServiceError> {
        let known = match self.engine.holds(work) {
            true => Vec::new(),
            false => {
                let openings = self.openings.clone();
                blocking(move || openings.load(&work))
                    .await
                    .unwrap_or_else(|error| {
                        tracing::warn!("saved rounds could not be read, they are computed again: {error}");
                        Vec::new()
                    })
            }
        };
        if !known.is_empty() {
            tracing::info!(
                census = work.census,
                rounds = known.len(),
                "went on from saved rounds"
            );
        }
        self.engine
            .hold(work, rounds, known)
            .map_err(|_| ServiceError::ProverGone)
    }

    /// The census whose commit may yet have to be opened: as the chain says, and before it was seen, as the disk does.
    async fn at_risk(&self, state: &State) -> Option<u32> {
        if state.view().is_some() {
            return state.at_risk();
        }
        let openings = self.openings.clone();
        let last = blocking(move || openings.last_census()).await;
        last.unwrap_or_else(|error| {
            tracing::warn!("whether there are saved rounds could not be seen: {error}");
            None
        })
    }

    /// Has an opening computed before it is due.
    fn anticipate(&self, state: &State, task: Task) {
        let (
            Task::Open {
                work,
                rounds,
                commitment,
                open_seed,
            },
            Some(view),
        ) = (task, state.view())
        else {
            return;
        };
        let left = time_to_open(view, self.block);
        let begun = self
            .engine
            .anticipate(work, claim(work, rounds, commitment), open_seed, left);
        if let Err(error) = begun {
            tracing::debug!(census = work.census, "no opening is computed ahead: {error}");
        }
    }

    /// Lets what is on its way arrive, and puts the rounds on the disk for the next start, unless it is told once more to stop.
    async fn end(
        &self,
        state: &State,
        mut tasks: JoinSet<(Task, Outcome)>,
        mut control: mpsc::Receiver<Control>,
    ) -> Ended {
        let mut at_risk = self.at_risk(state).await;
        let arriving = async {
            while let Some(done) = tasks.join_next().await {
                // What no block was seen to take may be taken yet.
                if let Ok((Task::Commit { .. }, Outcome::Refused { .. } | Outcome::Faulty { .. })) = done {
                    at_risk = state.commit_at_risk();
                }
            }
        };
        let ending = async {
            if timeout(self.block * 2, arriving).await.is_err() {
                tracing::warn!("a transaction was still on its way");
            }
            if let Some((work, roots)) = self.engine.roots() {
                let openings = self.openings.clone();
                if let Err(error) = blocking(move || openings.save(&work, &roots)).await {
                    tracing::warn!("the rounds could not be saved: {error}");
                }
            }
        };
        tokio::select! {
            () = ending => {}
            () = told_to_stop(&mut control) => {}
        }
        Ended::Stopped { at_risk }
    }
}

/// Waits until a stop is asked for; for ever, if nobody is there to ask.
async fn told_to_stop(control: &mut mpsc::Receiver<Control>) {
    while let Some(asked) = control.recv().await {
        if asked == Control::Stop {
            return;
        }
    }
    std::future::pending().await
}

/// The next reading of the card's sensors; never, if there are none. `None`: the card does not answer.
async fn read(card: &mut Option<watch::Receiver<Watched>>) -> Option<Reading> {
    if let Some(seen) = card {
        if seen.changed().await.is_ok() {
            return seen.borrow_and_update().reading;
        }
        *card = None;
    }
    std::future::pending().await
}

fn tell_pace(before: Pace, pace: Pace, temperature: Option<u32>) {
    match (pace < before, pace) {
        (true, Pace::REST) => tracing::error!(temperature, "the card is too hot: it rests"),
        (true, _) => {
            tracing::warn!(temperature, %pace, "the card is hot or slows down: it aims at fewer rounds")
        }
        (false, Pace::FULL) => tracing::info!(temperature, "the card works as hard as it can again"),
        (false, _) => tracing::info!(temperature, %pace, "the card has cooled down: it aims at more rounds"),
    }
}

/// Sends every best block's view, and every failure to get one.
async fn follow<C: Chain>(chain: C, news: mpsc::Sender<Result<View, ChainError>>) {
    let mut seen = None;
    let mut wait = FIRST_WAIT;
    loop {
        let view = chain.view(seen).await;
        let failed = view.is_err();
        if let Ok(view) = &view {
            seen = Some(view.best.hash);
            wait = FIRST_WAIT;
        }
        if news.send(view).await.is_err() {
            return;
        }
        if failed {
            sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }
}

/// What a commit claims of a work.
fn claim(work: Work, rounds: u32, commitment: Hash) -> Claim {
    Claim {
        class: work.class,
        rounds,
        commitment,
    }
}

/// How long openings are taken, as far as known.
fn time_to_open(view: &View, block: Duration) -> Duration {
    block * view.census.open_until.saturating_sub(view.best.number)
}

/// Runs what waits for the disk where it may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn tell_outcome(task: &Task, outcome: &Outcome) {
    let (name, census) = (task.name(), task.census());
    match outcome {
        Outcome::Taken { at } => tracing::info!(census, block = at, "{name} taken"),
        Outcome::Refused { at, reason } => tracing::warn!(census, block = at, reason, "{name} refused"),
        Outcome::Failed { reason } => tracing::warn!(census, reason, "{name} not sent or not taken"),
        Outcome::Faulty { reason } => {
            tracing::error!(census, reason, "{name} withheld: the device is faulty")
        }
    }
}

fn tell_stage(before: Stage, state: &State) {
    let stage = state.stage();
    let Some(view) = state.view().filter(|_| stage != before) else {
        return;
    };
    let (census, block) = (view.census.index, view.best.number);
    match stage {
        Stage::Blocked(obstacle) => tracing::warn!(census, block, "not taking part: {obstacle}"),
        Stage::Missed => {
            tracing::error!(
                census,
                block,
                "drawn and not opened in time: the bond will be slashed"
            );
        }
        _ => tracing::info!(census, block, "{stage}"),
    }
}
