// SPDX-License-Identifier: Apache-2.0
//! One miner's connection as a state machine: lines and events go in, effects come out. No IO, no clock.

mod memory;
mod shares;
#[cfg(test)]
mod tests;

use super::{
    difficulty::Difficulty,
    director::Work,
    job::{Epoch, Job, JobId, Split, REVISIONS},
    limit::Cost,
    protocol::{granted, notification, refused, Code, Configure, Id, Message, Refusal, Request, MAX_TEXT},
    seats::Seat,
    statistics::Verdict,
    vardiff::Vardiff,
};
use compute_proof::{
    hashrate::{Share, VERSION_MASK},
    Hash,
};
use memory::Memory;
use primitive_types::U256;
use serde_json::{json, Value};
use shares::Sent;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Jobs of one epoch that a connection may still send shares of. Two epochs at most are alive: the present job's, and the pool's while a census interrupts it.
const MAX_JOBS: usize = 8;

/// Names under which one connection may work.
const MAX_USERS: usize = 8;

/// Now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since the server began.
    pub now: Duration,
    /// Seconds of Unix time.
    pub unix: u32,
}

/// A share for the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The pool's name of the job.
    pub job: String,
    /// The pool's extranonce2.
    pub extranonce2: Vec<u8>,
    /// Seconds of Unix time.
    pub ntime: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The version's rolled bits, where the pool lets them be rolled.
    pub version_bits: Option<u32>,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send this line.
    Send(Arc<str>),
    /// A miner works under this name.
    Seen(String),
    /// Count a share.
    Count {
        /// Whose.
        user: String,
        /// What became of it.
        verdict: Verdict,
    },
    /// Keep this share, if it is among the smallest of its census.
    Offer {
        /// The census's challenge.
        challenge: Hash,
        /// The hash.
        hash: U256,
        /// The share.
        share: Share,
    },
    /// Send this to the pool; its answer is the miner's.
    Forward {
        /// The miner's request.
        id: Id,
        /// Whose share it is.
        user: String,
        /// At which difficulty it counts.
        difficulty: Difficulty,
        /// The share.
        share: Forward,
    },
    /// Take this from the connection's budget. Why, if it is the miner's fault.
    Spend(Cost, Option<Refusal>),
}

/// A connection's state.
#[derive(Debug)]
pub struct Session {
    seat: Seat,
    split: Split,
    extranonce1: Vec<u8>,
    subscribed: bool,
    users: BTreeSet<String>,
    takes_extranonces: bool,
    /// The mask that the miner asked for.
    rolls: Option<u32>,
    /// The mask that it was told last.
    mask: u32,
    /// Shares a minute that the miner shall send where nothing else is needed.
    per_minute: u32,
    vardiff: Vardiff,
    /// The difficulty that the miner was told last.
    told: Option<Difficulty>,
    /// It does not hash while the work is idle.
    rests: bool,
    /// While it rests: its hashes a second before.
    resting: Option<Option<u64>>,
    work: Arc<Work>,
    sent: VecDeque<Sent>,
    memory: Memory,
    /// The last job that it was given, by its director's number.
    last_sent: Option<JobId>,
    /// The highest number of a job that it was given.
    highest: Option<JobId>,
    /// Whether it has been said that no job can be sent.
    unfit: bool,
}

impl Session {
    /// A connection that has just been made. `None`, if its seat has no room in the split.
    pub fn new(
        seat: Seat,
        split: Split,
        work: Arc<Work>,
        difficulty: Difficulty,
        per_minute: u32,
        now: Duration,
    ) -> Option<Self> {
        Some(Self {
            seat,
            split,
            extranonce1: seat.extranonce1(split)?,
            subscribed: false,
            users: BTreeSet::new(),
            takes_extranonces: false,
            rolls: None,
            mask: 0,
            per_minute,
            vardiff: Vardiff::new(difficulty, work.goal(per_minute), now),
            told: None,
            rests: false,
            resting: None,
            work,
            sent: VecDeque::new(),
            memory: Memory::default(),
            last_sent: None,
            highest: None,
            unfit: false,
        })
    }

    /// A miner that hashes nothing while the work is idle: its silence then says nothing.
    #[must_use]
    pub fn resting_when_idle(mut self) -> Self {
        self.rests = true;
        self.resting = self.work.is_idle().then_some(None);
        self
    }

    /// Whether it has subscribed and is authorized: it mines.
    pub fn is_mining(&self) -> bool {
        self.subscribed && !self.users.is_empty()
    }

    /// Hashes a second, as far as this connection's shares tell.
    pub fn rate(&self, now: Duration) -> u64 {
        if let Some(before) = self.resting {
            return before.unwrap_or(0);
        }
        self.vardiff.rate(now).unwrap_or(0)
    }

    /// Takes a line.
    pub fn on_line(&mut self, line: &str, moment: Moment) -> Vec<Effect> {
        match Message::parse(line) {
            // To what we asked for, such as the miner's version: nothing depends on it.
            Ok(Message::Answer { .. }) => vec![Effect::Spend(Cost::Line, None)],
            Ok(Message::Request { id, method, params }) => match Request::read(&method, &params) {
                Ok(Some(request)) => self.on_request(&id, request, moment),
                Ok(None) => {
                    let refusal = Refusal::new(Code::Other, format!("there is no method {method}"));
                    // Miners try out what a server knows: no fault of theirs.
                    vec![
                        Effect::Spend(Cost::BadShare, None),
                        Effect::Send(refused(&id, &refusal)),
                    ]
                }
                Err(refusal) => garbage(&id, refusal),
            },
            Err((id, refusal)) => garbage(&id, refusal),
        }
    }

    fn on_request(&mut self, id: &Id, request: Request, moment: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        let grant = |result: &Value| Effect::Send(granted(id, result));
        match request {
            Request::Submit(submit) => return self.on_submit(id, submit, moment),
            Request::Ping => effects.push(grant(&json!("pong"))),
            Request::ExtranonceSubscribe => {
                self.takes_extranonces = true;
                effects.push(grant(&json!(true)));
            }
            Request::SuggestDifficulty(difficulty) => {
                self.vardiff.suggest(difficulty, moment.now);
                effects.push(grant(&json!(true)));
                effects.extend(self.renew(moment));
            }
            Request::Configure(configure) => effects.push(grant(&self.configure(configure, moment.now))),
            Request::Subscribe { .. } => {
                self.subscribed = true;
                let name = hex::encode(&self.extranonce1);
                effects.push(grant(&json!([
                    [["mining.set_difficulty", name], ["mining.notify", name]],
                    name,
                    self.split.extranonce2,
                ])));
            }
            Request::Authorize { user } => match self.authorize(&user) {
                Ok(()) => {
                    effects.push(grant(&json!(true)));
                    effects.push(Effect::Seen(user));
                }
                Err(refusal) => effects.push(Effect::Send(refused(id, &refusal))),
            },
        }
        effects.push(Effect::Spend(Cost::Line, None));
        if self.is_mining() && self.last_sent.is_none() {
            effects.extend(self.send_work());
        }
        effects
    }

    fn authorize(&mut self, user: &str) -> Result<(), Refusal> {
        let refuse = |message: String| Err(Refusal::new(Code::Unauthorized, message));
        if user.is_empty() || user.chars().any(char::is_control) {
            return refuse(format!("user must be a text of 1 to {MAX_TEXT} printable bytes"));
        }
        if self.users.len() >= MAX_USERS && !self.users.contains(user) {
            return refuse(format!("user: at most {MAX_USERS} work on one connection"));
        }
        self.users.insert(user.to_owned());
        Ok(())
    }

    fn configure(&mut self, configure: Configure, now: Duration) -> Value {
        let mut result = serde_json::Map::new();
        if let Some(mask) = configure.version_rolling {
            let mask = mask & VERSION_MASK;
            self.rolls = Some(mask);
            self.mask = mask & self.work.job.template.version_mask;
            result.insert("version-rolling".into(), true.into());
            result.insert("version-rolling.mask".into(), format!("{:08x}", self.mask).into());
        }
        if let Some(difficulty) = configure.minimum_difficulty {
            self.vardiff.limit(difficulty, now);
            result.insert("minimum-difficulty".into(), true.into());
        }
        if configure.subscribe_extranonce {
            self.takes_extranonces = true;
            result.insert("subscribe-extranonce".into(), true.into());
        }
        for name in configure.unknown {
            result.insert(name, false.into());
        }
        Value::Object(result)
    }

    /// Takes new work.
    pub fn on_work(&mut self, work: Arc<Work>, moment: Moment) -> Vec<Effect> {
        let goal = work.goal(self.per_minute);
        match (self.resting, self.rests && work.is_idle()) {
            (None, false) => self.vardiff.aim(goal, moment.now),
            (None, true) => {
                let rate = self.rate(moment.now);
                self.resting = Some((rate > 0).then_some(rate));
            }
            (Some(before), false) => {
                self.vardiff.resume(before, goal, moment.now);
                self.resting = None;
            }
            (Some(_), true) => {}
        }
        self.work = work;
        match self.is_mining() {
            true => self.send_work(),
            false => Vec::new(),
        }
    }

    /// Whether the difficulty should be looked at before time has passed.
    pub fn is_due(&self, now: Duration) -> bool {
        self.vardiff.is_due(now)
    }

    /// Time has passed: the difficulty may have to be another.
    pub fn on_tick(&mut self, moment: Moment) -> Vec<Effect> {
        if !self.is_mining() || self.resting.is_some() {
            return Vec::new();
        }
        match self.vardiff.retarget(moment.now) {
            Some(_) => self.renew(moment),
            None => Vec::new(),
        }
    }

    /// The difficulty of the present work's shares.
    fn difficulty(&self) -> Difficulty {
        self.vardiff.difficulty().max(self.memory.floor(&self.work.job))
    }

    /// The difficulty, if the miner does not know it yet.
    fn tell_difficulty(&mut self) -> Option<Effect> {
        let difficulty = self.difficulty();
        if !self.is_mining() || self.told == Some(difficulty) {
            return None;
        }
        self.told = Some(difficulty);
        let params = json!([difficulty.to_json()]);
        Some(Effect::Send(notification("mining.set_difficulty", &params)))
    }

    /// Tells a new difficulty, and with it a job from which it counts: some miners take it at once, others with their next job.
    fn renew(&mut self, moment: Moment) -> Vec<Effect> {
        let mut effects: Vec<_> = self.tell_difficulty().into_iter().collect();
        let Some(last) = self.sent.back().filter(|_| !effects.is_empty()) else {
            return effects;
        };
        let (id, epoch) = (JobId(last.job.id.0 + 1), last.job.epoch);
        // A pool's job is the pool's. And who changes so often may wait for the next job.
        let upstream = last.job.template.is_upstream();
        if upstream || epoch != self.work.job.epoch || id.0.is_multiple_of(REVISIONS) {
            return effects;
        }
        let mut template = last.job.template.clone();
        template.ntime = moment.unix;
        let job = Arc::new(Job::new(id, epoch, template));
        effects.extend(self.send_job(job, false));
        effects
    }

    /// Sends the present job with all that it takes.
    fn send_work(&mut self) -> Vec<Effect> {
        let work = self.work.clone();
        let job = &work.job;
        let news = self.last_sent != Some(job.id);
        let clean = self.sent.back().is_none_or(|sent| sent.job.epoch != job.epoch);
        self.sent.retain(|sent| work.alive.contains(&sent.job.epoch));
        self.memory.keep(self.sent.iter().map(|sent| &*sent.job));
        let mut effects = Vec::new();
        effects.extend(self.refit());
        effects.extend(self.tell_mask());
        effects.extend(self.tell_difficulty());
        if !news {
            // A pool's new difficulty: by Stratum it counts from the next job, but many miners take it at once.
            for sent in self.sent.iter_mut().filter(|sent| sent.job.epoch == job.epoch) {
                sent.lower(self.told);
            }
            return effects;
        }
        match self.send_job(job.clone(), clean) {
            Some(sent) => {
                self.unfit = false;
                self.last_sent = Some(job.id);
                effects.push(sent);
            }
            None => {
                // What it works on is nobody's any more; what there is it can't be given.
                if !std::mem::replace(&mut self.unfit, true) {
                    let message = "this pool leaves too few bytes for the extranonces of this connection, and it takes no others";
                    let params = json!([message]);
                    effects.push(Effect::Send(notification("client.show_message", &params)));
                }
            }
        }
        effects
    }

    /// Sends a job; `None`, if this connection's extranonces do not fit it.
    fn send_job(&mut self, job: Arc<Job>, clean: bool) -> Option<Effect> {
        let job = self.with_its_own_time(job);
        let line = job.notify(self.split, clean)?;
        self.highest = self.highest.max(Some(job.id));
        let difficulty = self.told.unwrap_or(self.difficulty());
        let known = self.sent.iter().position(|sent| sent.job.id == job.id);
        let sent = match known.and_then(|at| self.sent.remove(at)) {
            // A pool's job from before a census: what was found of it then is not taken twice.
            Some(mut sent) => {
                sent.lower(self.told);
                sent
            }
            None => Sent::new(job, self.extranonce1.clone(), self.split, self.mask, difficulty),
        };
        self.make_room(sent.job.epoch);
        self.sent.push_back(sent);
        Some(Effect::Send(line))
    }

    /// Forgets the oldest job of an epoch, if there are as many as there may be. A census's many jobs so leave the pool's alone, which is taken up again later:
    /// were it forgotten, shares would be taken for it that the pool has already.
    fn make_room(&mut self, epoch: Epoch) {
        let mut of_epoch = (self.sent.iter().enumerate())
            .filter(|(_, sent)| sent.job.epoch == epoch)
            .map(|(at, _)| at);
        let oldest = of_epoch.next();
        let full = of_epoch.count() + 1 >= MAX_JOBS;
        if let Some(at) = oldest.filter(|_| full) {
            self.sent.remove(at);
        }
    }

    /// The job, with a time that no other job of this epoch had: a miner may begin each from the same extranonce2.
    fn with_its_own_time(&self, job: Arc<Job>) -> Arc<Job> {
        let last = self.sent.back().filter(|last| last.job.epoch == job.epoch);
        match last.map(|last| last.job.template.ntime) {
            Some(before) if !job.template.is_upstream() && job.template.ntime <= before => {
                let mut template = job.template.clone();
                template.ntime = before.saturating_add(1);
                Arc::new(Job::new(job.id, job.epoch, template))
            }
            _ => job,
        }
    }

    /// Other extranonces, if the present ones don't fit and the miner takes others.
    fn refit(&mut self) -> Option<Effect> {
        let job = &self.work.job;
        if job.padding(self.split).is_some() || !self.takes_extranonces {
            return None;
        }
        let split = Split::within(job.template.room)?;
        self.extranonce1 = self.seat.extranonce1(split)?;
        self.split = split;
        let params = json!([hex::encode(&self.extranonce1), split.extranonce2]);
        Some(Effect::Send(notification("mining.set_extranonce", &params)))
    }

    /// The bits of the version that may be rolled, if the miner rolls them and they are others now.
    fn tell_mask(&mut self) -> Option<Effect> {
        let mask = self.rolls? & self.work.job.template.version_mask;
        if mask == self.mask {
            return None;
        }
        self.mask = mask;
        let params = json!([format!("{mask:08x}")]);
        Some(Effect::Send(notification("mining.set_version_mask", &params)))
    }
}

fn garbage(id: &Id, refusal: Refusal) -> Vec<Effect> {
    vec![
        Effect::Send(refused(id, &refusal)),
        Effect::Spend(Cost::Garbage, Some(refusal)),
    ]
}
