// SPDX-License-Identifier: Apache-2.0
//! What the worker does next: a pure function of what it knows and what happened.
//!
//! The chain's state is the truth. Every [`Event::Block`] carries all of it that matters, so a worker that starts in the
//! middle of a census finds its place with the first block that it sees. What is kept besides is only what the chain cannot
//! know: the rounds that are being computed, the one transaction that is on its way, and what was refused.

mod schedule;
#[cfg(test)]
mod tests;
mod words;

pub use schedule::{settle_delay, Slots};
pub use words::*;

use crate::{
    care::Pace,
    chain::{Commit, Phase, Status, View},
};
use compute_proof::{Class, Hash};
use std::time::Duration;

/// In this many censuses in a row the device may compute wrongly before the worker gives up.
pub const MAX_FAULTS: u32 = 3;

/// What the worker knows.
#[derive(Clone, Debug)]
pub struct State {
    settings: Settings,
    view: Option<View>,
    /// The class to work in, in the census of this challenge.
    class: (Class, Hash),
    /// What a round of a class takes, as seen of late.
    seen: Option<(Class, Duration)>,
    /// How hard the device may work.
    pace: Pace,
    /// What the device was last told to compute.
    target: Option<(Work, u32)>,
    /// The work whose rounds the device holds, and how many.
    rounds: Option<(Work, u32)>,
    /// The task that is on its way.
    pending: Option<Task>,
    /// No task begins before this height: what the last one did is not visible earlier.
    quiet_until: u32,
    /// The census of the last commit that a block took or may have taken, and the height up to which that is not visible yet.
    taken: Option<(u32, u32)>,
    /// The commit that the chain refused: not tried again in the same slot.
    refused_commit: Option<(Work, u8)>,
    /// Openings that failed in this census, and the height from which to try again.
    opening_tries: (u32, u32, u32),
    /// The opening that was last to be computed ahead.
    anticipated: Option<Task>,
    /// The census whose settlement a block took or refused: once is enough.
    settled: Option<u32>,
    /// Height at which the commit of a census was first seen to be ready for settlement.
    settleable_since: Option<(u32, u32)>,
    /// The work in which the device computed wrongly.
    faulty: Option<Work>,
    /// Censuses in a row in which it did.
    faults: u32,
    /// The last census to take part in.
    last_census: Option<u32>,
    /// The census of the last [`Action::Forget`].
    forgotten: u32,
    /// The connection broke since the view was read: nothing begins upon it.
    blind: bool,
    /// This process can't use the device any more.
    lost: bool,
    draining: bool,
    stopped: bool,
}

impl State {
    /// Nothing known yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            view: None,
            class: (settings.class, Hash::default()),
            seen: None,
            taken: None,
            pace: Pace::FULL,
            target: None,
            rounds: None,
            pending: None,
            quiet_until: 0,
            refused_commit: None,
            opening_tries: (0, 0, 0),
            anticipated: None,
            settled: None,
            settleable_since: None,
            faulty: None,
            faults: 0,
            last_census: None,
            forgotten: 0,
            blind: false,
            lost: false,
            draining: false,
            stopped: false,
        }
    }

    /// The chain as last seen.
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Rounds that the device holds of the work that it was told to do.
    pub fn rounds(&self) -> u32 {
        match (self.target, self.rounds) {
            (Some((target, _)), Some((work, rounds))) if target == work => rounds,
            _ => 0,
        }
    }

    /// How hard the device may work.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Takes note of how long a round took: counts for the shape of the next census and for the rounds aimed at.
    pub fn measured(&mut self, class: Class, round: Duration) {
        self.seen = match self.seen {
            // One round that was disturbed says little.
            Some((known, before)) if known == class => Some((class, (before * 3 + round) / 4)),
            _ => Some((class, round)),
        };
    }

    /// Takes note that this process can't use the device any more: it is to end as soon as nothing is lost by it.
    pub fn lose_device(&mut self) {
        self.lost = true;
    }

    /// What the device was last told to compute.
    pub fn target(&self) -> Option<(Work, u32)> {
        self.target
    }

    /// The task that is on its way.
    pub fn pending(&self) -> Option<&Task> {
        self.pending.as_ref()
    }

    /// The unsettled commit, if this worker's account made it.
    pub fn commit(&self) -> Option<&Commit> {
        let commit = self.view.as_ref()?.commit.as_ref()?;
        (commit.prover == self.settings.prover).then_some(commit)
    }

    /// This worker's commit in the census that runs.
    fn commit_now(&self) -> Option<(&View, &Commit)> {
        let view = self.view.as_ref()?;
        self.commit()
            .filter(|commit| commit.census == view.census.index)
            .map(|commit| (view, commit))
    }

    /// Where the worker stands.
    pub fn stage(&self) -> Stage {
        let Some(view) = &self.view else {
            return Stage::Idle;
        };
        let census = &view.census;
        if census.phase == Phase::Work {
            return match self.obstacle(view) {
                Some(obstacle) if self.commit_now().is_none() => Stage::Blocked(obstacle),
                Some(_) => Stage::Committed,
                None if self.may_commit(view) => Stage::Working,
                None if self.commit_now().is_some() => Stage::Committed,
                None => Stage::Idle,
            };
        }
        match (self.commit(), census.phase) {
            (None, _) if census.index > 0 && view.rating.last_census == census.index => Stage::Settled,
            (None, _) => Stage::Idle,
            (Some(commit), _) if commit.census != census.index => Stage::Settling,
            (Some(_), Phase::Seed) => Stage::Committed,
            (Some(commit), _) if commit.opened => match Self::is_settleable(view, commit) {
                true => Stage::Settling,
                false => Stage::Waiting,
            },
            (Some(commit), Phase::Open) if commit.drawn == Some(true) => Stage::Opening,
            (Some(commit), _) if Self::is_missed(view, commit) => Stage::Missed,
            (Some(commit), _) if Self::is_settleable(view, commit) => Stage::Settling,
            (Some(_), _) => Stage::Waiting,
        }
    }

    /// What keeps this worker from taking part in any census, as the chain stands now.
    pub fn standing_obstacle(&self) -> Option<Obstacle> {
        self.view.as_ref().and_then(|view| self.obstacle(view))
    }

    /// Why this worker may not work in the census, if so.
    fn obstacle(&self, view: &View) -> Option<Obstacle> {
        let work = self.work(view);
        if self.faulty == Some(work) {
            return Some(Obstacle::Faulty);
        }
        if self.last_census.is_some_and(|last| work.census > last) {
            return Some(Obstacle::Draining);
        }
        let Some(asset) = &view.asset else {
            return Some(Obstacle::NoAsset);
        };
        if !asset.matrix {
            return Some(Obstacle::WrongKind);
        }
        if asset.status == Status::Retired {
            return Some(Obstacle::Retired);
        }
        if asset.operator != Some(self.settings.prover) {
            return Some(Obstacle::NotOperator);
        }
        match asset.bond_pledged.checked_sub(asset.bond) {
            Some(missing @ 1..) => Some(Obstacle::BondShort { missing }),
            _ => None,
        }
    }

    /// The work of the census that runs.
    fn work(&self, view: &View) -> Work {
        Work {
            census: view.census.index,
            challenge: view.census.challenge,
            class: self.class.0,
        }
    }

    /// The class for a census that was not seen before: the one of the settings, unless too few of its rounds fit what is left
    /// of the window, by what the device does of late.
    fn choose_class(&self, view: &View) -> Class {
        // A commit that stands is only ever raised in its own class: the last one counts, and another would begin at zero.
        if let Some(class) = self.commit_now().and_then(|(_, commit)| commit.class) {
            return class;
        }
        let census = &view.census;
        let last = Slots::new(census.opened_at, census.closes_at).last();
        let blocks = last.saturating_sub(view.best.number.max(census.opened_at));
        let (ladder, min_rounds) = (self.settings.ladder, self.settings.min_rounds);
        ladder
            .slowed(self.seen)
            .fall_back(self.settings.class, blocks, min_rounds)
    }

    /// Rounds to aim at in a window: fewer for a device that must be spared, but never fewer than a commit needs, unless it must rest.
    fn aim(&self, view: &View) -> u32 {
        let Settings {
            ladder,
            min_rounds,
            max_rounds,
            ..
        } = self.settings;
        if self.pace == Pace::FULL {
            return max_rounds;
        }
        let census = &view.census;
        let blocks = Slots::new(census.opened_at, census.closes_at)
            .last()
            .saturating_sub(census.opened_at);
        let fit = ladder
            .rounds(self.class.0, blocks)
            .map_or(max_rounds, |rounds| rounds.min(max_rounds));
        match self.pace {
            Pace::REST => 0,
            pace => pace.of(fit).max(min_rounds).min(max_rounds),
        }
    }

    /// Whether another commit can still be taken in this census.
    fn may_commit(&self, view: &View) -> bool {
        let room = match self.commit_now() {
            Some((_, commit)) => u32::from(commit.count) < Slots::COUNT,
            None => true,
        };
        view.census.phase == Phase::Work && next_height(view) < view.census.closes_at && room
    }

    /// The rounds that the device must hold now.
    fn wanted(&self) -> Option<(Work, u32)> {
        let view = self.view.as_ref()?;
        if self.may_commit(view) && self.obstacle(view).is_none() {
            return Some((self.work(view), self.aim(view)));
        }
        let (_, commit) = self.commit_now()?;
        let may_be_drawn = match view.census.phase {
            Phase::Work | Phase::Seed => true,
            Phase::Open => commit.drawn != Some(false) && !commit.opened,
            Phase::Idle | Phase::Report | Phase::Payment | Phase::Void => false,
        };
        let work = Work {
            class: commit.class?,
            ..self.work(view)
        };
        may_be_drawn.then_some((work, commit.rounds))
    }

    /// The task to begin now, if none is on its way.
    fn next_task(&self) -> Option<Task> {
        let view = self.view.as_ref()?;
        if self.blind || self.pending.is_some() || view.best.number < self.quiet_until {
            return None;
        }
        self.opening(view)
            .or_else(|| self.committing(view))
            .or_else(|| self.settling(view))
    }

    /// The opening that is due, now or once its seed is final.
    fn opening_ahead(&self, view: &View) -> Option<Task> {
        let (_, commit) = self.commit_now()?;
        let census = &view.census;
        if census.phase != Phase::Open
            || commit.drawn != Some(true)
            || commit.opened
            || next_height(view) > census.open_until
        {
            return None;
        }
        let work = Work {
            class: commit.class?,
            ..self.work(view)
        };
        let (held, rounds) = self.rounds?;
        (held == work && rounds >= commit.rounds).then_some(Task::Open {
            work,
            rounds: commit.rounds,
            commitment: commit.commitment,
            open_seed: census.open_seed?,
        })
    }

    fn opening(&self, view: &View) -> Option<Task> {
        let census = &view.census;
        // A seed of a fork that loses would make a failed opening, which costs a fee: wait for finality, but not for ever.
        let half = census.opens_at.midpoint(census.open_until);
        if !view.seed_is_final && next_height(view) < half {
            return None;
        }
        let (tried_in, _, not_before) = self.opening_tries;
        if tried_in == census.index && view.best.number < not_before {
            return None;
        }
        self.opening_ahead(view)
    }

    fn committing(&self, view: &View) -> Option<Task> {
        if !self.may_commit(view) || self.obstacle(view).is_some() {
            return None;
        }
        let census = &view.census;
        let slots = Slots::new(census.opened_at, census.closes_at);
        let slot = slots.at(next_height(view));
        let work = self.work(view);
        let (held, rounds) = self.rounds?;
        if slot == 0
            || held != work
            || rounds < self.settings.min_rounds.max(1)
            || self.refused_commit == Some((work, slot))
        {
            return None;
        }
        let due = match self.commit_now() {
            None => true,
            // Never twice the same, and never less: the last commit counts.
            Some((_, commit)) if claims_no_more(&work, rounds, commit) => false,
            Some((_, commit)) => {
                let overtaken = u64::from(rounds) * 10 > u64::from(commit.rounds) * 11;
                slot > slots.at(commit.committed_at) || (slot == Slots::LAST && overtaken)
            }
        };
        due.then_some(Task::Commit { work, slot })
    }

    fn settling(&self, view: &View) -> Option<Task> {
        let commit = self.commit()?;
        if !Self::is_settleable(view, commit) || self.settled == Some(commit.census) {
            return None;
        }
        let (census, since) = self.settleable_since?;
        let due = since.saturating_add(settle_delay(self.settings.asset));
        (census == commit.census && view.best.number >= due).then_some(Task::Settle {
            census: commit.census,
        })
    }

    /// The census whose commit may yet have to be opened, as far as this worker knows: one that is on its way counts, and one that was taken by
    /// a block not seen yet. An earlier census's can only be settled.
    pub fn at_risk(&self) -> Option<u32> {
        if let Some(Task::Commit { work, .. }) = self.pending {
            return Some(work.census);
        }
        let seen = self.view.as_ref().map_or(0, |view| view.best.number);
        if let Some((census, _)) = self.taken.filter(|(_, at)| *at > seen) {
            return Some(census);
        }
        self.commit_at_risk()
    }

    /// The same of the commit that the chain shows.
    pub fn commit_at_risk(&self) -> Option<u32> {
        let (view, commit) = self.commit_now()?;
        // The seed may yet be another.
        let undecided = view.census.phase == Phase::Open && !commit.opened && !view.seed_is_final;
        let stands = matches!(self.stage(), Stage::Working | Stage::Committed | Stage::Opening);
        (stands || undecided).then_some(commit.census)
    }

    /// Whether settling the commit pays. One that was drawn and not opened is slashed by it: left to others.
    fn is_settleable(view: &View, commit: &Commit) -> bool {
        let over = commit.census < view.census.index
            || (commit.census == view.census.index
                && matches!(view.census.phase, Phase::Payment | Phase::Void));
        over && (commit.opened || commit.drawn != Some(true))
    }

    /// Whether the commit was drawn and can't be opened any more.
    fn is_missed(view: &View, commit: &Commit) -> bool {
        let too_late = commit.census < view.census.index
            || (commit.census == view.census.index
                && matches!(view.census.phase, Phase::Report | Phase::Payment));
        too_late && commit.drawn == Some(true) && !commit.opened
    }

    /// Takes note of an event.
    fn note(&mut self, event: Event) {
        match event {
            Event::Block(view) => self.note_block(*view),
            Event::Progress { work, rounds } => self.rounds = Some((work, rounds)),
            Event::Pace(pace) => self.pace = pace,
            Event::Done { task, outcome } => {
                // An answer that nobody waits for any more changes nothing.
                if self.pending == Some(task) {
                    self.pending = None;
                    self.note_outcome(task, outcome);
                }
            }
            // The chain may come back as another, shorter one.
            Event::Disconnected => {
                self.blind = true;
                self.quiet_until = 0;
            }
            Event::Drain => {
                self.draining = true;
                self.last_census
                    .get_or_insert(self.view.as_ref().map_or(0, |view| view.census.index));
            }
        }
    }

    fn note_block(&mut self, view: View) {
        self.view = Some(view);
        self.blind = false;
        if self.class.1 != view.census.challenge {
            self.class = (self.choose_class(&view), view.census.challenge);
        }
        let settleable = match view.commit {
            Some(commit) if commit.prover == self.settings.prover && Self::is_settleable(&view, &commit) => {
                Some(commit.census)
            }
            _ => None,
        };
        self.settleable_since = match (settleable, self.settleable_since) {
            (Some(census), Some((known, since))) if census == known => Some((known, since)),
            (Some(census), _) => Some((census, view.best.number)),
            (None, _) => None,
        };
    }

    fn note_outcome(&mut self, task: Task, outcome: Outcome) {
        let best = self.view.as_ref().map_or(0, |view| view.best.number);
        match (task, outcome) {
            (Task::Commit { work, .. }, Outcome::Taken { at }) => {
                self.taken = Some((work.census, at));
                self.faults = 0;
                self.quiet_until = at;
            }
            (Task::Open { .. }, Outcome::Taken { at }) => self.quiet_until = at,
            (Task::Commit { work, slot }, Outcome::Refused { at, .. }) => {
                self.refused_commit = Some((work, slot));
                self.quiet_until = at;
            }
            (Task::Open { work, .. }, Outcome::Refused { at, .. }) => self.try_opening_later(work, at),
            (Task::Settle { census }, Outcome::Taken { at } | Outcome::Refused { at, .. }) => {
                self.settled = Some(census);
                self.quiet_until = at;
            }
            (Task::Commit { work, .. }, Outcome::Faulty { .. }) => {
                self.faulty = Some(work);
                self.faults += 1;
            }
            (Task::Open { work, .. }, Outcome::Faulty { .. }) => self.try_opening_later(work, best),
            (task, Outcome::Failed { .. } | Outcome::Faulty { .. }) => {
                if let (Task::Commit { work, .. }, Some(view)) = (task, &self.view) {
                    // It may be taken as long as the window lasts.
                    self.taken = Some((work.census, view.census.closes_at.saturating_sub(1)));
                }
                self.quiet_until = best.saturating_add(1);
            }
        }
    }

    /// Tries the opening again after 1, 2, 4, then 8 blocks.
    fn try_opening_later(&mut self, work: Work, at: u32) {
        let tries = match self.opening_tries {
            (census, tries, _) if census == work.census => tries,
            _ => 0,
        };
        self.opening_tries = (work.census, tries + 1, at.saturating_add(1 << tries.min(3)));
    }

    /// Whether nothing of this worker is left on the chain that could still be opened or settled.
    fn is_drained(&self) -> bool {
        let Some(view) = &self.view else { return false };
        let works = self.may_commit(view) && self.obstacle(view).is_none() && self.target.is_some();
        let over = match self.commit() {
            None => true,
            Some(commit) => Self::is_missed(view, commit) || self.settled == Some(commit.census),
        };
        self.draining && self.pending.is_none() && !works && over
    }
}

/// Whether `rounds` of `work` are no more than what the commit claims already.
fn claims_no_more(work: &Work, rounds: u32, commit: &Commit) -> bool {
    commit
        .class
        .is_some_and(|class| work.class.work(rounds) <= class.work(commit.rounds))
}

/// The height of the earliest block that can take what is sent now.
fn next_height(view: &View) -> u32 {
    view.best.number.saturating_add(1)
}

/// Takes note of `event` and says what to do.
pub fn step(mut state: State, event: Event) -> (State, Vec<Action>) {
    let mut actions = Vec::new();
    if state.stopped {
        return (state, actions);
    }
    state.note(event);
    if let Some(view) = &state.view {
        if view.census.index != state.forgotten {
            state.forgotten = view.census.index;
            actions.push(Action::Forget {
                before: view.census.index,
            });
        }
    }
    if state.faults >= MAX_FAULTS && state.at_risk().is_none() {
        state.stopped = true;
        actions.push(Action::Stop(Stop::Faulty));
        return (state, actions);
    }
    let wanted = state.wanted();
    if wanted != state.target {
        actions.push(match wanted {
            Some((work, rounds)) => Action::Compute { work, rounds },
            None => Action::Pause,
        });
        state.target = wanted;
    }
    // The processor may need minutes for what a card can't: it begins with the first block that has the seed.
    let ahead = state.view.as_ref().and_then(|view| state.opening_ahead(view));
    if let Some(task) = ahead.filter(|task| state.anticipated != Some(*task)) {
        state.anticipated = Some(task);
        actions.push(Action::Anticipate(task));
    }
    if let Some(task) = state.next_task() {
        state.pending = Some(task);
        actions.push(Action::Begin(task));
    }
    if state.is_drained() {
        state.stopped = true;
        actions.push(Action::Stop(Stop::Drained));
    } else if state.lost && state.view.is_some() && state.at_risk().is_none() {
        state.stopped = true;
        actions.push(Action::Stop(Stop::Lost));
    }
    (state, actions)
}
