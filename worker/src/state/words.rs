// SPDX-License-Identifier: Apache-2.0
//! The words of the state machine: what goes in, what comes out.

use crate::{
    care::Pace,
    chain::{AccountId, View},
    service::Tally,
    shape::Ladder,
};
use compute_proof::{Class, Hash};
use std::fmt;

/// Which rounds: those of one device in one census of one fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The census.
    pub census: u32,
    /// Its challenge: another fork's census of the same number has another.
    pub challenge: Hash,
    /// Shape of the rounds.
    pub class: Class,
}

/// What does not change while the worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The asset that is proven.
    pub asset: u64,
    /// The account that proves.
    pub prover: AccountId,
    /// Shape of the rounds.
    pub class: Class,
    /// Fewest rounds that a commit may claim.
    pub min_rounds: u32,
    /// Rounds after which no more are computed in a census.
    pub max_rounds: u32,
    /// How long rounds take, as far as measured: a class that does not fit what is left of a window gives way to a smaller one.
    pub ladder: Ladder,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A best block, and the chain's state there.
    Block(Box<View>),
    /// So many rounds of a work are there now.
    Progress {
        /// The work.
        work: Work,
        /// Rounds.
        rounds: u32,
    },
    /// What became of a [`Task`].
    Done {
        /// The task.
        task: Task,
        /// What became of it.
        outcome: Outcome,
    },
    /// How hard the device may work from now on.
    Pace(Pace),
    /// The chain is out of reach.
    Disconnected,
    /// Take part in no further census, and stop when the present one is settled.
    Drain,
}

/// Something that ends in a transaction. At most one is on its way at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Commit to the rounds that are there.
    Commit {
        /// The rounds.
        work: Work,
        /// Which of the census's commits, from 1.
        slot: u8,
    },
    /// Open the commit.
    Open {
        /// The rounds.
        work: Work,
        /// How many of them the commit claims.
        rounds: u32,
        /// The commitment.
        commitment: Hash,
        /// What draws the samples.
        open_seed: Hash,
    },
    /// Settle the commit of a census.
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
    /// A best block took it, and the chain refused it and kept the fee.
    Refused {
        /// Its height.
        at: u32,
        /// The chain's error.
        reason: String,
    },
    /// Nothing was sent, or it got lost: it may be tried again.
    Failed {
        /// Why.
        reason: String,
    },
    /// The device does not compute what the protocol asks: nothing was sent.
    Faulty {
        /// What was found.
        reason: String,
    },
}

impl Task {
    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Commit { .. } => Tally::COMMIT,
            Self::Open { .. } => Tally::OPENING,
            Self::Settle { .. } => Tally::SETTLEMENT,
        }
    }

    /// The census that it belongs to.
    pub const fn census(&self) -> u32 {
        match self {
            Self::Commit { work, .. } | Self::Open { work, .. } => work.census,
            Self::Settle { census } => *census,
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
            Self::Faulty { .. } => Tally::WITHHELD,
        }
    }
}

/// What the service shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hold the rounds of `work`: those on disk, and compute on until there are `rounds`.
    Compute {
        /// The work.
        work: Work,
        /// How many.
        rounds: u32,
    },
    /// Compute no more; keep what is there.
    Pause,
    /// Compute the opening of this [`Task::Open`] ahead: it is due once its seed is final. Nothing answers it.
    Anticipate(Task),
    /// Begin a task. Exactly one [`Event::Done`] answers it.
    Begin(Task),
    /// Delete the rounds of all censuses before this one from the disk.
    Forget {
        /// The first census to keep.
        before: u32,
    },
    /// Leave the loop.
    Stop(Stop),
}

/// Why the loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// What was asked for by [`Event::Drain`].
    Drained,
    /// The device computed wrongly in `MAX_FAULTS` censuses in a row.
    Faulty,
    /// This process can't use the device any more, and nothing is at risk.
    Lost,
}

/// Why the worker does not work though a census is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no such asset.
    NoAsset,
    /// Matrix work does not count for this kind of asset.
    WrongKind,
    /// The asset is retired.
    Retired,
    /// Another account is the asset's operator, or none.
    NotOperator,
    /// The bond is not whole.
    BondShort {
        /// What is missing, in the smallest unit.
        missing: u128,
    },
    /// The device computed wrongly in this census.
    Faulty,
    /// The worker is to take part in no further census.
    Draining,
}

/// Where the worker stands, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The chain has not been seen, or no census runs.
    Idle,
    /// A census is open, but this worker may not take part.
    Blocked(Obstacle),
    /// Rounds are being computed; there may be commits already.
    Working,
    /// The commit stands; the opening seed decides whether it is drawn.
    Committed,
    /// Drawn: the opening is due.
    Opening,
    /// Opened, or not drawn: waits for the payment phase.
    Waiting,
    /// Drawn and not opened in time.
    Missed,
    /// The commit can be settled.
    Settling,
    /// Nothing is left to do in this census.
    Settled,
}

impl Obstacle {
    /// All names, for those who count them.
    pub const NAMES: [&str; 7] = [
        "no_asset",
        "wrong_kind",
        "retired",
        "not_operator",
        "bond_short",
        "faulty",
        "draining",
    ];

    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        let [no_asset, wrong_kind, retired, not_operator, bond_short, faulty, draining] = Self::NAMES;
        match self {
            Self::NoAsset => no_asset,
            Self::WrongKind => wrong_kind,
            Self::Retired => retired,
            Self::NotOperator => not_operator,
            Self::BondShort { .. } => bond_short,
            Self::Faulty => faulty,
            Self::Draining => draining,
        }
    }
}

impl Stage {
    /// All names, for those who count them.
    pub const NAMES: [&str; 9] = [
        "idle",
        "blocked",
        "working",
        "committed",
        "opening",
        "waiting",
        "missed",
        "settling",
        "settled",
    ];

    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        let [idle, blocked, working, committed, opening, waiting, missed, settling, settled] = Self::NAMES;
        match self {
            Self::Idle => idle,
            Self::Blocked(_) => blocked,
            Self::Working => working,
            Self::Committed => committed,
            Self::Opening => opening,
            Self::Waiting => waiting,
            Self::Missed => missed,
            Self::Settling => settling,
            Self::Settled => settled,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAsset => f.write_str("there is no such asset"),
            Self::WrongKind => f.write_str("matrix work does not count for this kind of asset"),
            Self::Retired => f.write_str("the asset is retired"),
            Self::NotOperator => f.write_str("this account is not the asset's operator"),
            Self::BondShort { missing } => {
                write!(
                    f,
                    "the bond is not whole: {} missing",
                    crate::amount::Egn(*missing)
                )
            }
            Self::Faulty => f.write_str("the device computes wrongly"),
            Self::Draining => f.write_str("draining"),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("waiting for a census"),
            Self::Blocked(obstacle) => write!(f, "not taking part: {obstacle}"),
            Self::Working => f.write_str("working"),
            Self::Committed => f.write_str("committed"),
            Self::Opening => f.write_str("drawn, opening"),
            Self::Waiting => f.write_str("waiting for payment"),
            Self::Missed => f.write_str("drawn and not opened in time"),
            Self::Settling => f.write_str("ready to settle"),
            Self::Settled => f.write_str("settled"),
        }
    }
}
