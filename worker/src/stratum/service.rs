// SPDX-License-Identifier: Apache-2.0
//! The server's loop: what the chain and the pool say becomes work for the miners, and what they found is submitted.

#[cfg(test)]
mod tests;

use super::{
    chain::{ShareCall, ShareChain, ShareView},
    core::{Room, Shared},
    difficulty::Difficulty,
    director::{Director, Work},
    job::{Source, Split},
    planner::{Outcome, Planner, Stage, Task},
    server::{unix_now, Context, Limits, ToPool},
    statistics::Report,
    store::Store,
    upstream::News,
};
use crate::{
    chain::{ChainError, SubmitError},
    service::{Control, Ended, ServiceError, Tally},
};
use compute_proof::{
    hashrate::{estimate, verify, Share, MAX_TIME_AHEAD},
    Device, Hash,
};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::{spawn_blocking, JoinSet},
    time::{self, interval, sleep, sleep_until, timeout, MissedTickBehavior},
};

/// Waiting time after the first failure to reach the chain; it doubles up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A transaction that no block took within so many blocks counts as lost.
const BLOCKS_TO_WAIT: u32 = 6;

/// So often miners get a new job of the same source: its time is the present one, and a new difficulty counts from it.
const REFRESH: Duration = Duration::from_secs(10);

/// What a pool says goes to the miners at most so often: it wakes all of them.
const NEWS: Duration = Duration::from_millis(100);

/// So often the statistics go into the log.
const REPORT: Duration = Duration::from_secs(60);

/// What those who watch are shown.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The best block, as last seen.
    pub view: Option<ShareView>,
    /// Where the server stands.
    pub stage: Stage,
    /// Why this asset takes no part, if so.
    pub obstacle: Option<String>,
    /// Its name, for programs.
    pub obstacle_name: Option<&'static str>,
    /// Whose job is given out: `census`, `upstream` or `idle`.
    pub source: &'static str,
    /// Shares kept of the census, and the hashes that they stand for.
    pub best: (usize, Option<u128>),
    /// Whether the chain is in reach.
    pub connected: bool,
    /// Connections.
    pub connections: usize,
    /// What the miners delivered.
    pub report: Report,
    /// Submissions that the chain took.
    pub submissions: u32,
    /// What became of the last task.
    pub last: Option<(Task, Outcome)>,
    /// What became of all of them.
    pub tally: Tally,
}

/// What does not change.
#[derive(Clone, Debug)]
pub struct Options {
    /// How extranonces are divided.
    pub split: Split,
    /// Tells this server's extranonces from those of its earlier lives.
    pub salt: u16,
    /// Connections.
    pub room: Room,
    /// Bounds of a connection.
    pub limits: Limits,
    /// The difficulty to begin with.
    pub difficulty: Difficulty,
    /// Shares a minute from each miner.
    pub per_minute: u32,
    /// How long a census's window is, as far as known.
    pub window: Duration,
    /// How long a block takes.
    pub block: Duration,
}

/// A Stratum server for one device.
pub struct Service<C> {
    chain: C,
    device: Device,
    store: Store,
    options: Options,
    planner: Planner,
    director: Director,
    shared: Shared,
    publish: watch::Sender<Arc<Work>>,
    pool: mpsc::Sender<ToPool>,
    news: Option<mpsc::Receiver<News>>,
    begun: Instant,
    snapshot: Snapshot,
}

impl<C: ShareChain> Service<C> {
    /// A server that has not begun. `pool` takes shares for the pool whose news come by `news`.
    pub fn new(
        chain: C,
        device: Device,
        store: Store,
        options: Options,
        pool: mpsc::Sender<ToPool>,
        news: Option<mpsc::Receiver<News>>,
    ) -> Self {
        let mut director = Director::new(device, options.window);
        let work = director.work(unix_now());
        Self {
            chain,
            device,
            store,
            planner: Planner::new(device.asset, device.prover),
            director,
            shared: Shared::new(options.room, options.split, options.salt),
            publish: watch::Sender::new(work),
            pool,
            news,
            begun: Instant::now(),
            snapshot: Snapshot {
                source: "idle",
                ..Snapshot::default()
            },
            options,
        }
    }

    /// What connections need to know.
    pub fn context(&self) -> Context {
        Context {
            shared: self.shared.clone(),
            split: self.options.split,
            difficulty: self.options.difficulty,
            per_minute: self.options.per_minute,
            limits: self.options.limits,
            work: self.publish.subscribe(),
            pool: self.pool.clone(),
            begun: self.begun,
        }
    }

    /// What a watcher sees before the first event.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// Serves until told to end.
    ///
    /// # Errors
    /// [`ServiceError`]: an unreachable chain is not one, it is tried again and again.
    pub async fn run(
        mut self,
        mut control: mpsc::Receiver<Control>,
        watchers: watch::Sender<Snapshot>,
    ) -> Result<Ended, ServiceError> {
        let (news, mut views) = mpsc::channel(1);
        let mut follower = JoinSet::new();
        follower.spawn(follow(self.chain.clone(), news));
        let mut tasks = JoinSet::new();
        let every = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let (mut refresh, mut report, mut look) =
            (every(REFRESH), every(REPORT), every(Duration::from_secs(1)));
        report.reset();
        // When what the pool has said shall be given out, if it has not been.
        let mut due = None;
        let mut given_out = time::Instant::now();
        let mut draining = false;
        loop {
            let mut shown = true;
            tokio::select! {
                Some(view) = views.recv() => match view {
                    Ok(view) => self.on_view(view).await,
                    Err(ChainError::Incompatible(reason)) => {
                        return Err(ChainError::Incompatible(reason).into());
                    }
                    Err(error @ ChainError::Unreachable(_)) => {
                        tracing::warn!("{error}; trying again");
                        self.snapshot.connected = false;
                        self.planner.on_disconnected();
                    }
                },
                Some(done) = tasks.join_next() => {
                    let (task, outcome) = match done {
                        Ok(done) => done,
                        Err(error) => {
                            tracing::error!(%error, "a task failed");
                            let Some(task) = self.planner.pending() else { continue };
                            (task, Outcome::Failed { reason: error.to_string() })
                        }
                    };
                    self.on_done(task, outcome);
                }
                Some(news) = heard(&mut self.news) => {
                    self.on_news(news);
                    due.get_or_insert(given_out + NEWS);
                    shown = false;
                }
                () = until(due) => {
                    self.give_out();
                    (due, given_out) = (None, time::Instant::now());
                }
                _ = refresh.tick() => self.refresh(),
                _ = report.tick() => self.log_report(),
                _ = look.tick() => {}
                asked = control.recv() => match asked {
                    Some(Control::Drain) => {
                        draining = true;
                        let census = self.snapshot.view.map_or(0, |view| view.chain.census.index);
                        self.planner.drain(census);
                    }
                    // There is nothing to open later: nothing is lost by ending at once.
                    Some(Control::Stop | Control::Leave) | None => {
                        self.end(tasks).await;
                        return Ok(Ended::Stopped { at_risk: None });
                    }
                },
            }
            if let Some(task) = self.next_task() {
                let shares = self.shares_of(&task);
                if let Task::Submit {
                    census,
                    slot,
                    largest,
                    ..
                } = task
                {
                    let hashes = estimate(largest).unwrap_or_default();
                    tracing::info!(census, slot, shares = shares.len(), %hashes, "submitting");
                }
                let begun = self.begin(task, shares);
                tasks.spawn(async move { (task, begun.await) });
            }
            // A pool may say much: who watches sees it a second later.
            if shown {
                self.look(&watchers);
            }
            if draining
                && self
                    .snapshot
                    .view
                    .is_some_and(|view| self.planner.is_drained(&view))
            {
                return Ok(Ended::Drained);
            }
        }
    }

    async fn on_view(&mut self, view: ShareView) {
        let before = self.snapshot.view;
        self.snapshot.connected = true;
        self.snapshot.view = Some(view);
        self.planner.on_view(&view);
        let census = &view.chain.census;
        if census.closes_at > census.opened_at {
            let blocks = census.closes_at - census.opened_at;
            self.director.set_window_length(self.options.block * blocks);
        }
        let obstacle = self.planner.obstacle(&view);
        self.snapshot.obstacle_name = obstacle.map(|obstacle| obstacle.name());
        let obstacle = obstacle.map(|obstacle| obstacle.to_string());
        if obstacle != self.snapshot.obstacle {
            if let Some(obstacle) = &obstacle {
                tracing::warn!(census = census.index, "not taking part: {obstacle}");
            }
            self.snapshot.obstacle = obstacle;
        }
        let window = self.planner.window(&view);
        let challenge = window.map(|window| window.challenge);
        if let Some(window) = window.filter(|window| self.collected() != Some(window.challenge)) {
            self.shared.collect(challenge);
            self.restore(window.index, window.challenge).await;
        }
        // Another opening block on the same parent has the same challenge and may be later: the chain would refuse what is older.
        if window.is_some_and(|window| self.shared.not_before(window.opened)) {
            tracing::warn!(
                census = census.index,
                "the census's opening was replaced by a later one: shares from before it are dropped"
            );
            self.planner.forget_sent();
        }
        if self.director.set_census(window) {
            match window {
                Some(window) => tracing::info!(
                    census = window.index,
                    block = view.chain.best.number,
                    "collecting shares"
                ),
                None => tracing::info!(
                    block = view.chain.best.number,
                    "the census's window is over for this asset"
                ),
            }
            self.refresh();
        }
        if before.is_none_or(|before| before.chain.census.index != census.index) {
            let (store, first) = (self.store.clone(), census.index);
            if let Err(error) = blocking(move || store.forget(first)).await {
                tracing::warn!("old shares could not be deleted: {error}");
            }
        }
    }

    /// The challenge whose hashes are collected.
    fn collected(&self) -> Option<Hash> {
        self.shared.challenge()
    }

    /// Takes up what an earlier life collected in this census.
    async fn restore(&mut self, census: u32, challenge: Hash) {
        let store = self.store.clone();
        match blocking(move || store.load(census, &challenge)).await {
            Ok(best) => {
                for (hash, share) in best.iter() {
                    self.shared.offer(&challenge, *hash, *share);
                }
                if let Some(largest) = best.largest() {
                    self.planner.remember(challenge, largest);
                }
                if !best.is_empty() {
                    tracing::info!(census, shares = best.len(), "went on from saved shares");
                }
            }
            Err(error) => {
                tracing::warn!("saved shares could not be read, they are collected again: {error}");
            }
        }
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::Connected { room } => {
                tracing::info!(extranonce2 = room, "the pool has let us in");
                if room < self.options.split.bytes() {
                    tracing::warn!(
                        "the pool leaves {room} bytes for extranonce2: miners that take no other extranonces can't work for it until a restart"
                    );
                }
            }
            News::Job {
                template,
                difficulty,
                clean,
            } => self.director.set_pool(template, difficulty, clean),
            News::Difficulty(difficulty) => self.director.set_pool_difficulty(difficulty),
            News::Lost => self.director.forget_pool(),
        }
    }

    /// Gives out what the pool has said. A census is not interrupted by it.
    fn give_out(&mut self) {
        if self.snapshot.source != "census" {
            self.refresh();
        } else {
            self.republish();
        }
    }

    /// Gives out a job of the present time.
    fn refresh(&mut self) {
        let work = self.director.work(unix_now());
        self.snapshot.source = match work.job.template.source {
            Source::Census { .. } => "census",
            Source::Upstream { .. } => "upstream",
            Source::Idle => "idle",
        };
        self.publish.send_replace(work);
    }

    /// Gives out the same job, with what else has changed.
    fn republish(&mut self) {
        let work = self.director.work(unix_now());
        let job = self.publish.borrow().job.clone();
        if job.epoch == work.job.epoch {
            self.publish.send_replace(Arc::new(Work {
                job,
                ..Work::clone(&work)
            }));
        }
    }

    fn next_task(&mut self) -> Option<Task> {
        let view = self.snapshot.view.filter(|_| self.snapshot.connected)?;
        let best = self.shared.best(&view.chain.census.challenge);
        self.planner.next(&view, best.as_ref())
    }

    fn shares_of(&self, task: &Task) -> Vec<Share> {
        match task {
            Task::Submit { challenge, .. } => self
                .shared
                .best(challenge)
                .map(|best| best.shares())
                .unwrap_or_default(),
            Task::Settle { .. } => Vec::new(),
        }
    }

    /// Does a task.
    fn begin(
        &self,
        task: Task,
        shares: Vec<Share>,
    ) -> impl std::future::Future<Output = Outcome> + Send + 'static {
        let (chain, store, device) = (self.chain.clone(), self.store.clone(), self.device);
        let patience = self.options.block * BLOCKS_TO_WAIT;
        let view = self.snapshot.view;
        async move {
            let Some(view) = view else {
                return failed("the chain has not been seen");
            };
            let (call, before) = match task {
                Task::Submit {
                    census, challenge, ..
                } => {
                    let times = view.opened..=unix_now().saturating_add(MAX_TIME_AHEAD);
                    // What the chain would refuse costs a fee there, and nothing here.
                    if let Err(error) = verify(&device, &challenge, &times, &shares) {
                        return failed(error);
                    }
                    let saved = shares.clone();
                    let saved = blocking(move || store.save_shares(census, &challenge, &saved)).await;
                    if let Err(error) = saved {
                        // Unlike a commit, it needs no opening: it is sent all the same.
                        tracing::warn!(census, "the shares could not be saved: {error}");
                    }
                    let call = ShareCall::Submit {
                        asset: device.asset,
                        census,
                        challenge,
                        shares,
                    };
                    (call, Some(view.chain.census.closes_at))
                }
                Task::Settle { .. } => (ShareCall::Settle { asset: device.asset }, None),
            };
            match timeout(patience, chain.submit(call, view.chain.nonce, before)).await {
                Ok(Ok(at)) => Outcome::Taken { at },
                Ok(Err(SubmitError::Refused { at, reason })) => Outcome::Refused { at, reason },
                Ok(Err(error)) => failed(error),
                Err(_) => failed("no block took it"),
            }
        }
    }

    fn on_done(&mut self, task: Task, outcome: Outcome) {
        let number = self.snapshot.view.map_or(0, |view| view.chain.best.number);
        let (name, census) = match task {
            Task::Submit { census, .. } => ("submission", census),
            Task::Settle { census } => ("settlement", census),
        };
        match &outcome {
            Outcome::Taken { at } => {
                tracing::info!(census, block = at, "{name} taken");
                let submitted = matches!(task, Task::Submit { .. });
                self.snapshot.submissions += u32::from(submitted);
            }
            Outcome::Refused { at, reason } => tracing::warn!(census, block = at, reason, "{name} refused"),
            Outcome::Failed { reason } => tracing::warn!(census, reason, "{name} not sent or not taken"),
        }
        self.planner.on_done(task, &outcome, number);
        self.snapshot.tally.count(task.kind(), outcome.name());
        self.snapshot.last = Some((task, outcome));
    }

    fn look(&mut self, watchers: &watch::Sender<Snapshot>) {
        if let Some(view) = &self.snapshot.view {
            self.snapshot.stage = self.planner.stage(view);
            let best = self.shared.best(&view.chain.census.challenge);
            self.snapshot.best = best.map_or((0, None), |best| (best.len(), best.hashes()));
        }
        self.snapshot.connections = self.shared.connections();
        self.snapshot.report = self.shared.report(self.begun.elapsed());
        watchers.send_replace(self.snapshot.clone());
    }

    fn log_report(&self) {
        let report = self.shared.report(self.begun.elapsed());
        for row in &report.miners {
            tracing::info!(
                miner = row.miner,
                accepted = row.counts.accepted,
                stale = row.counts.stale,
                duplicate = row.counts.duplicate,
                low = row.counts.low,
                invalid = row.counts.invalid,
                hashes_per_second = row.hashes_per_second,
                standard_error = row.standard_error,
                last_share_seconds = row.last_share_seconds,
                "miner"
            );
        }
    }

    /// Lets what is on its way arrive, and puts the shares on the disk for the next start.
    async fn end(&self, mut tasks: JoinSet<(Task, Outcome)>) {
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(self.options.block * 2, all).await.is_err() {
            tracing::warn!("a transaction was still on its way");
        }
        let Some((view, challenge)) = self.snapshot.view.zip(self.collected()) else {
            return;
        };
        let Some(best) = self.shared.best(&challenge) else {
            return;
        };
        if view.chain.census.challenge == challenge {
            let (store, census) = (self.store.clone(), view.chain.census.index);
            if let Err(error) = blocking(move || store.save(census, &challenge, &best)).await {
                tracing::warn!("the shares could not be saved: {error}");
            }
        }
    }
}

fn failed(reason: impl std::fmt::Display) -> Outcome {
    Outcome::Failed {
        reason: reason.to_string(),
    }
}

/// At this moment; never, if there is none.
async fn until(moment: Option<time::Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The pool's next news; never, if there is no pool.
async fn heard(news: &mut Option<mpsc::Receiver<News>>) -> Option<News> {
    match news {
        Some(news) => news.recv().await,
        None => None,
    }
}

/// Sends every best block's view, and every failure to get one.
async fn follow<C: ShareChain>(chain: C, news: mpsc::Sender<Result<ShareView, ChainError>>) {
    let mut seen = None;
    let mut wait = FIRST_WAIT;
    loop {
        let view = chain.view(seen).await;
        let failed = view.is_err();
        if let Ok(view) = &view {
            seen = Some(view.chain.best.hash);
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

/// Runs what waits for the disk where it may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
