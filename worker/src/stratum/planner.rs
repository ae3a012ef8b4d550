// SPDX-License-Identifier: Apache-2.0
//! When shares are sent, as a pure function of the chain's state, of what was collected and of what was sent.

#[cfg(test)]
mod tests;

use super::{best::Best, chain::ShareView, director::Window};
use crate::{
    chain::{AccountId, Commit, Phase, Status},
    service::Tally,
    state::{self, settle_delay, Slots},
};
use compute_proof::Hash;
use primitive_types::U256;
use std::fmt;

/// Why no shares are collected though a census is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The asset is a device for matrix work.
    WrongKind,
    /// What would keep any worker from it.
    Common(state::Obstacle),
}

impl Obstacle {
    /// All names, for those who count them. This kind's own has the name of its counterpart.
    pub const NAMES: [&str; state::Obstacle::NAMES.len()] = state::Obstacle::NAMES;

    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WrongKind => state::Obstacle::WrongKind.name(),
            Self::Common(obstacle) => obstacle.name(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongKind => f.write_str("hashes do not count for this kind of asset"),
            Self::Common(obstacle) => obstacle.fmt(f),
        }
    }
}

/// Something that ends in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Submit what has been collected.
    Submit {
        /// The census.
        census: u32,
        /// Its challenge.
        challenge: Hash,
        /// Which of the census's submissions, from 1.
        slot: u8,
        /// The largest of the hashes.
        largest: U256,
    },
    /// Settle the submission of a census.
    Settle {
        /// The census.
        census: u32,
    },
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A best block took it.
    Taken {
        /// Its height.
        at: u32,
    },
    /// A best block took it, and the chain refused it.
    Refused {
        /// Its height.
        at: u32,
        /// The chain's error.
        reason: String,
    },
    /// Nothing was sent, or it got lost.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Where the server stands in the census.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No window is open.
    #[default]
    Waiting,
    /// Shares are collected.
    Collecting,
    /// A window is open, but not for this asset.
    Blocked,
}

impl Stage {
    /// All names, for those who count them.
    pub const NAMES: [&str; 3] = [
        Self::Waiting.name(),
        Self::Collecting.name(),
        Self::Blocked.name(),
    ];

    /// Its name for programs, and in words.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => ("waiting", "waiting for a census"),
            Self::Collecting => ("collecting", "collecting shares"),
            Self::Blocked => ("blocked", "not taking part"),
        }
    }

    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        self.words().0
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

impl Task {
    /// What it is counted as.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Submit { .. } => Tally::COMMIT,
            Self::Settle { .. } => Tally::SETTLEMENT,
        }
    }
}

impl Outcome {
    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Taken { .. } => Tally::TAKEN,
            Self::Refused { .. } => Tally::REFUSED,
            Self::Failed { .. } => Tally::FAILED,
        }
    }
}

/// What is remembered between blocks. The chain's state is the truth; this is what it can't know.
#[derive(Clone, Debug)]
pub struct Planner {
    asset: u64,
    prover: AccountId,
    /// The last submission that was taken: its challenge and its largest hash. A later one must be better.
    sent: Option<(Hash, U256)>,
    /// One that may have been taken: a later one must be as good.
    unknown: Option<(Hash, U256)>,
    /// The submission that the chain refused: not tried again in the same slot.
    refused: Option<(Hash, u8)>,
    /// No task begins before this height: what the last one did is not visible earlier.
    quiet_until: u32,
    pending: Option<Task>,
    settled: Option<u32>,
    settleable_since: Option<(u32, u32)>,
    /// The last census to take part in.
    last_census: Option<u32>,
}

impl Planner {
    /// Nothing sent yet.
    pub fn new(asset: u64, prover: AccountId) -> Self {
        Self {
            asset,
            prover,
            sent: None,
            unknown: None,
            refused: None,
            quiet_until: 0,
            pending: None,
            settled: None,
            settleable_since: None,
            last_census: None,
        }
    }

    /// Takes part in no census after this one.
    pub fn drain(&mut self, census: u32) {
        self.last_census.get_or_insert(census);
    }

    /// What was sent was for an opening that is no more: whatever is collected now may be sent.
    pub fn forget_sent(&mut self) {
        (self.sent, self.unknown) = (None, None);
    }

    /// What was sent of this census in an earlier life, as far as the disk knows.
    pub fn remember(&mut self, challenge: Hash, largest: U256) {
        self.unknown = Some((challenge, largest));
    }

    /// Why this asset takes no part, if so.
    pub fn obstacle(&self, view: &ShareView) -> Option<Obstacle> {
        use state::Obstacle as Common;
        let chain = &view.chain;
        let Some(asset) = &chain.asset else {
            return Some(Obstacle::Common(Common::NoAsset));
        };
        if asset.matrix {
            return Some(Obstacle::WrongKind);
        }
        let common = if self.last_census.is_some_and(|last| chain.census.index > last) {
            Common::Draining
        } else if asset.status == Status::Retired {
            Common::Retired
        } else if asset.operator != Some(self.prover) {
            Common::NotOperator
        } else if asset.bond < asset.bond_pledged {
            Common::BondShort {
                missing: asset.bond_pledged.saturating_sub(asset.bond),
            }
        } else {
            return None;
        };
        Some(Obstacle::Common(common))
    }

    /// The window in which this asset's shares count now, if one is open.
    pub fn window(&self, view: &ShareView) -> Option<Window> {
        let census = &view.chain.census;
        let open = census.phase == Phase::Work && next_height(view) < census.closes_at;
        (open && self.obstacle(view).is_none()).then_some(Window {
            index: census.index,
            challenge: census.challenge,
            opened: view.opened,
        })
    }

    /// Where the server stands.
    pub fn stage(&self, view: &ShareView) -> Stage {
        match (view.chain.census.phase, self.window(view)) {
            (_, Some(_)) => Stage::Collecting,
            (Phase::Work, None) if self.obstacle(view).is_some() => Stage::Blocked,
            _ => Stage::Waiting,
        }
    }

    fn commit(&self, view: &ShareView) -> Option<Commit> {
        view.chain.commit.filter(|commit| commit.prover == self.prover)
    }

    /// Takes note of a block.
    pub fn on_view(&mut self, view: &ShareView) {
        let settleable = self.commit(view).filter(|commit| is_settleable(view, commit));
        self.settleable_since = match (settleable, self.settleable_since) {
            (Some(commit), Some(known)) if known.0 == commit.census => Some(known),
            (Some(commit), _) => Some((commit.census, view.chain.best.number)),
            (None, _) => None,
        };
    }

    /// The connection broke: the chain may come back as another, shorter one.
    pub fn on_disconnected(&mut self) {
        self.quiet_until = 0;
    }

    /// The task to begin now, if none is on its way. It counts as begun.
    pub fn next(&mut self, view: &ShareView, best: Option<&Best>) -> Option<Task> {
        if self.pending.is_some() || view.chain.best.number < self.quiet_until {
            return None;
        }
        self.pending = self.submitting(view, best).or_else(|| self.settling(view));
        self.pending
    }

    fn submitting(&self, view: &ShareView, best: Option<&Best>) -> Option<Task> {
        let Window { index, challenge, .. } = self.window(view)?;
        let largest = best?.largest()?;
        let census = &view.chain.census;
        let slots = Slots::new(census.opened_at, census.closes_at);
        let slot = slots.at(next_height(view));
        if slot == 0 || self.refused == Some((challenge, slot)) {
            return None;
        }
        let commit = self.commit(view).filter(|commit| commit.census == index);
        let of_this =
            |sent: Option<(Hash, U256)>| sent.filter(|(of, _)| *of == challenge).map(|(_, hash)| hash);
        let (sent, unknown) = (of_this(self.sent), of_this(self.unknown));
        let due = match commit {
            None => true,
            Some(commit) if u32::from(commit.count) >= Slots::COUNT => false,
            // Sent by an earlier life of which nothing is left: how good it was is not known.
            Some(_) if sent.is_none() && unknown.is_none() => false,
            // The last submission counts, so none may make less of the one that stands.
            Some(commit) => {
                slot > slots.at(commit.committed_at)
                    && sent.is_none_or(|sent| largest < sent)
                    && unknown.is_none_or(|unknown| largest <= unknown)
            }
        };
        due.then_some(Task::Submit {
            census: index,
            challenge,
            slot,
            largest,
        })
    }

    fn settling(&self, view: &ShareView) -> Option<Task> {
        let commit = self.commit(view)?;
        if !is_settleable(view, &commit) || self.settled == Some(commit.census) {
            return None;
        }
        let (census, since) = self.settleable_since?;
        let due = since.saturating_add(settle_delay(self.asset));
        (census == commit.census && view.chain.best.number >= due).then_some(Task::Settle { census })
    }

    /// The task that is on its way.
    pub fn pending(&self) -> Option<Task> {
        self.pending
    }

    /// Takes note of what became of a task.
    pub fn on_done(&mut self, task: Task, outcome: &Outcome, best_number: u32) {
        if self.pending != Some(task) {
            return;
        }
        self.pending = None;
        match (task, outcome) {
            (
                Task::Submit {
                    challenge, largest, ..
                },
                Outcome::Taken { at },
            ) => {
                self.sent = Some((challenge, largest));
                self.quiet_until = *at;
            }
            (Task::Submit { challenge, slot, .. }, Outcome::Refused { at, .. }) => {
                self.refused = Some((challenge, slot));
                self.quiet_until = *at;
            }
            (
                Task::Submit {
                    challenge, largest, ..
                },
                Outcome::Failed { .. },
            ) => {
                self.unknown = match self.unknown {
                    Some((of, before)) if of == challenge => Some((of, before.min(largest))),
                    _ => Some((challenge, largest)),
                };
                self.quiet_until = best_number.saturating_add(1);
            }
            (Task::Settle { census }, Outcome::Taken { at } | Outcome::Refused { at, .. }) => {
                self.settled = Some(census);
                self.quiet_until = *at;
            }
            (Task::Settle { .. }, Outcome::Failed { .. }) => {
                self.quiet_until = best_number.saturating_add(1);
            }
        }
    }

    /// Whether a draining server has nothing left to do.
    pub fn is_drained(&self, view: &ShareView) -> bool {
        let over = match self.commit(view) {
            None => true,
            Some(commit) => self.settled == Some(commit.census),
        };
        self.last_census.is_some() && self.pending.is_none() && self.window(view).is_none() && over
    }
}

/// Whether the submission of a census is to be paid.
fn is_settleable(view: &ShareView, commit: &Commit) -> bool {
    let census = &view.chain.census;
    commit.census < census.index
        || (commit.census == census.index && matches!(census.phase, Phase::Payment | Phase::Void))
}

/// The height of the earliest block that can take what is sent now.
fn next_height(view: &ShareView) -> u32 {
    view.chain.best.number.saturating_add(1)
}
