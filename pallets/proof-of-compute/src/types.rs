// SPDX-License-Identifier: Apache-2.0
//! The pallet's records.

use crate::Config;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use compute_primitives::{api::Phase, AssetKind, CensusIndex, Work, WorkRate};
use compute_proof::Class;
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{H256, U256};
use sp_runtime::traits::AtLeast32BitUnsigned;

/// The most blocks whose VRFs an opening seed may mix.
pub const MAX_SEED_BLOCKS: u32 = 16;

/// Blocks whose VRFs are remembered: one more, as a VRF is known for missing by its predecessor.
pub const VRF_MEMORY: u32 = MAX_SEED_BLOCKS + 1;

/// The most blocks that a phase may last: one day.
const MAX_PHASE: u32 = 28_800;

/// The most blocks between the openings of two censuses: one week.
const MAX_GAP: u32 = 7 * MAX_PHASE;

/// How long the phases of a census last, in blocks, and how often one opens.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct Schedule {
    /// Work and commits.
    pub window: u32,
    /// Blocks after the window whose VRFs make the opening seed.
    pub seed_blocks: u32,
    /// Openings, without the blocks that had no room for them.
    pub open: u32,
    /// Reports that leave the denominator.
    pub report: u32,
    /// From the opening of one census to the earliest opening of the next.
    pub gap: u32,
    /// Once the gap has passed, a census opens in a block with probability trigger / 2^64.
    pub trigger: u64,
}

impl Schedule {
    /// A development chain's: a census about every 20 blocks.
    pub const DEVELOPMENT: Self = Self {
        window: 6,
        seed_blocks: 2,
        open: 6,
        report: 3,
        gap: 18,
        trigger: 1 << 63,
    };

    /// A public chain's: after the gap of 12 minutes, a census once in 48 minutes on average.
    pub const PUBLIC: Self = Self {
        window: 20,
        seed_blocks: 8,
        open: 100,
        report: 100,
        gap: 240,
        trigger: u64::MAX / 960,
    };

    /// Whether censuses of this schedule can't overlap, every phase is within bounds, and payment begins
    /// within `horizon` blocks after the window's close (unless full blocks delay it).
    pub fn is_valid(&self, horizon: u32) -> bool {
        let phases = [self.window, self.seed_blocks, self.open, self.report];
        let each_fits = phases.iter().all(|blocks| (1..=MAX_PHASE).contains(blocks));
        each_fits
            && self.seed_blocks <= MAX_SEED_BLOCKS
            // Four phases of at most a day don't overflow.
            && self.seed_blocks + self.open + self.report < horizon
            && self.window + self.seed_blocks + self.open + self.report < self.gap
            && self.gap <= MAX_GAP
            && self.trigger > 0
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::DEVELOPMENT
    }
}

/// Which work counts.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo, Serialize, Deserialize)]
pub struct WorkLimits {
    /// Classes that count, by index.
    pub classes: BoundedVec<u8, ConstU32<5>>,
    /// The fewest rounds that a commit may claim.
    pub min_rounds: u32,
    /// The most rounds that a commit may claim.
    pub max_rounds: u32,
}

impl WorkLimits {
    /// A development chain's: classes XS and S, any number of rounds.
    pub fn development() -> Self {
        Self {
            classes: Self::only(&[Class::Xs, Class::S]),
            min_rounds: 1,
            max_rounds: compute_proof::MAX_ROUNDS,
        }
    }

    /// A public chain's: no XS, whose claims are not worth the block space; at least 256 rounds.
    pub fn public() -> Self {
        Self {
            classes: Self::only(&[Class::S, Class::M, Class::L, Class::Xl]),
            min_rounds: 256,
            max_rounds: compute_proof::MAX_ROUNDS,
        }
    }

    fn only(classes: &[Class]) -> BoundedVec<u8, ConstU32<5>> {
        BoundedVec::truncate_from(classes.iter().map(|class| class.index()).collect())
    }

    /// Whether a claim can meet these limits, and every claim that does can be verified.
    pub fn is_valid(&self) -> bool {
        let known = |class: &u8| Class::try_from(*class).is_ok();
        !self.classes.is_empty()
            && self.classes.iter().all(known)
            && self.min_rounds >= 1
            && self.min_rounds <= self.max_rounds
            && self.max_rounds <= compute_proof::MAX_ROUNDS
    }

    /// The class of that index, if it counts.
    pub fn class(&self, index: u8) -> Option<Class> {
        Class::try_from(index)
            .ok()
            .filter(|_| self.classes.contains(&index))
    }

    /// Whether a claim of so many rounds counts.
    pub fn admits_rounds(&self, rounds: u32) -> bool {
        (self.min_rounds..=self.max_rounds).contains(&rounds)
    }
}

impl Default for WorkLimits {
    fn default() -> Self {
        Self::development()
    }
}

/// How far a census has come, where block numbers alone don't tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Stage {
    /// Before payment.
    Running,
    /// A VRF was missing: no pay, no slash.
    Void,
    /// Commits are settled. The number counts such censuses from 1; void ones have none.
    Payment { ordinal: u32 },
}

/// A census: the same challenge for every device at once.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Census<BlockNumber> {
    pub challenge: H256,
    pub opened_at: BlockNumber,
    /// Slot of the block in which it opened.
    pub opened_slot: u64,
    /// Slots from its opening to the close of its window, known from then on.
    pub slots: Option<u64>,
    /// As it stood when the census opened.
    pub schedule: Schedule,
    /// Blocks of the opening phase that had no room for openings, and so don't count.
    pub full_blocks: u32,
    pub open_seed: Option<H256>,
    pub stage: Stage,
}

impl<BlockNumber: AtLeast32BitUnsigned + Copy> Census<BlockNumber> {
    /// First block in which no commit is taken any more.
    pub fn closes_at(&self) -> BlockNumber {
        self.opened_at.saturating_add(self.schedule.window.into())
    }

    /// Block in whose initialization the opening seed is made, and the first in which openings are taken.
    pub fn seed_at(&self) -> BlockNumber {
        self.closes_at().saturating_add(self.schedule.seed_blocks.into())
    }

    /// First block in which no opening is taken any more, as far as known now.
    pub fn opening_ends_at(&self) -> BlockNumber {
        self.seed_at()
            .saturating_add(self.schedule.open.into())
            .saturating_add(self.full_blocks.into())
    }

    /// First block of payment.
    pub fn payment_at(&self) -> BlockNumber {
        self.opening_ends_at().saturating_add(self.schedule.report.into())
    }

    /// No other census opens before this block.
    pub fn not_before(&self) -> BlockNumber {
        self.payment_at()
            .max(self.opened_at.saturating_add(self.schedule.gap.into()))
    }

    /// The phase at block `now`.
    pub fn phase(&self, now: BlockNumber) -> Phase {
        match self.stage {
            Stage::Void => Phase::Void,
            Stage::Payment { .. } => Phase::Payment,
            Stage::Running if now < self.closes_at() => Phase::Work,
            Stage::Running if now < self.seed_at() => Phase::Seed,
            Stage::Running if now < self.opening_ends_at() => Phase::Open,
            Stage::Running => Phase::Report,
        }
    }

    /// Slots from the opening to the close as a commit at block `now` and slot `slot` must expect them: those
    /// that have passed, and one for every block that remains.
    pub fn expected_slots(&self, now: BlockNumber, slot: u64) -> u64 {
        let remaining: u64 = self.closes_at().saturating_sub(now).unique_saturated_into();
        slot.saturating_sub(self.opened_slot).saturating_add(remaining)
    }
}

/// A census's books for one kind of work. `pot` = `paid` + `put_back` + `remaining`;
/// `claimed` = `failed` + `settled` + the work of all commits that are not settled.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Books<Balance> {
    /// Drawn at the opening.
    pub pot: Balance,
    /// Minted for work.
    pub paid: Balance,
    /// Returned to later pots.
    pub put_back: Balance,
    /// Neither yet.
    pub remaining: Balance,
    /// Commits when the window closed, or so far.
    pub commits: u32,
    /// Of these, drawn in any case.
    pub always: u32,
    /// Sum of their claims.
    pub claimed: Work,
    /// Claims that were found false before payment: they leave the denominator.
    pub failed: Work,
    /// Claims paid, or found false later.
    pub settled: Work,
    /// By what the pot is divided; zero until payment begins.
    pub denominator: Work,
}

/// What a device says it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Claim {
    /// Rounds of matrix work. Shown by an opening of the commitment, if it is drawn.
    Matrix {
        class: Class,
        rounds: u32,
        commitment: H256,
    },
    /// So many hashes of SHA-256d. Shown by the shares that came with the claim.
    Hashes(Work),
}

impl Claim {
    /// The kind of asset that may claim this.
    pub fn kind(&self) -> AssetKind {
        match self {
            Self::Matrix { .. } => AssetKind::Gpu,
            Self::Hashes(_) => AssetKind::Hashrate,
        }
    }

    /// In multiply-accumulates, or in hashes.
    pub fn work(&self) -> Work {
        match self {
            Self::Matrix { class, rounds, .. } => class.work(*rounds),
            Self::Hashes(hashes) => *hashes,
        }
    }
}

/// A claim of work done for the census's challenge, and who made it when.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Commit<AccountId, BlockNumber> {
    pub census: CensusIndex,
    /// The operator at that time. Its bond answers for the claim, and it alone may open.
    pub prover: AccountId,
    pub claim: Claim,
    pub committed_at: BlockNumber,
    /// Commits of this asset in this census, with this one.
    pub count: u8,
    /// Drawn in any case. Never so for hashes: they were shown.
    pub always: bool,
    /// A valid opening was given.
    pub opened: bool,
}

/// What the chain knows of an asset's work. One record, so that a commit writes little.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Device<AccountId, BlockNumber> {
    /// The commit that is not settled yet.
    pub commit: Option<Commit<AccountId, BlockNumber>>,
    /// Verified work per second, as of `rated_at`.
    pub rate: WorkRate,
    /// Variance of `rate`, the square of its standard error. Zero for matrix work, which is counted and not estimated.
    pub variance: U256,
    /// Ordinal of the last census passed; before the first, of the last census that ended before the first
    /// commit.
    pub rated_at: u32,
    /// Best rate that an opening has shown, as of `best_at`.
    pub best: WorkRate,
    pub best_at: CensusIndex,
    /// Work paid for since registration.
    pub verified_work: Work,
    /// Openings passed since registration or the last failure.
    pub passed: u32,
    /// Openings that were due and did not come.
    pub failed: u32,
    /// The last census passed; zero before the first.
    pub last_census: CensusIndex,
}

impl<AccountId, BlockNumber> Device<AccountId, BlockNumber> {
    /// Nothing proven; `counted` censuses have reached payment so far.
    pub fn new(counted: u32) -> Self {
        Self {
            commit: None,
            rate: 0,
            variance: U256::zero(),
            rated_at: counted,
            best: 0,
            best_at: CensusIndex(0),
            verified_work: 0,
            passed: 0,
            failed: 0,
            last_census: CensusIndex(0),
        }
    }
}

/// How an unsettled commit ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// Not drawn, or opened: its share was paid.
    Paid,
    /// Drawn and not opened.
    Slashed,
    /// Its census was void, or is forgotten: neither pay nor slash.
    Dropped,
}

pub type CensusOf<T> = Census<BlockNumberFor<T>>;
pub type CommitOf<T> = Commit<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
pub type DeviceOf<T> = Device<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
pub type BooksOf<T> = Books<<T as Config>::Balance>;
