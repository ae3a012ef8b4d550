// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod census;
mod commits;
mod impls;
pub mod math;
#[cfg(test)]
mod mock;
mod room;
mod settlement;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod types;
mod views;
pub mod weights;

pub use census::PAID_KINDS;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

const LOG_TARGET: &str = "runtime::proof-of-compute";

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use compute_primitives::{
        api::{CensusInfo, RatingInfo},
        AssetId, AssetKind, AssetLife, AssetStatus, CensusIndex, Emission, InspectAsset, OperatorBond, Work,
        WorkRate,
    };
    use compute_proof::{
        hashrate::{Share, SHARES},
        Class, MAX_SAMPLES_LEN,
    };
    use frame_support::{
        pallet_prelude::*,
        traits::{tokens::Balance, Randomness},
    };
    use frame_system::pallet_prelude::*;
    use sp_core::H256;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<Hash = H256, AccountId: Into<[u8; 32]>> {
        /// Money, as both siblings below count it.
        type Balance: Balance + From<u128> + Into<u128>;

        /// What assets are, who operates them, and the operators' bonds.
        type Assets: InspectAsset<Self::AccountId>
            + AssetLife
            + OperatorBond<Self::AccountId, BlockNumberFor<Self>, Balance = Self::Balance>;

        /// The pots, and the streams into which they are paid.
        type Emission: Emission<Self::AccountId, Balance = Self::Balance>;

        /// The parent block's VRF; read in `on_initialize` only.
        type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

        /// Slot of the present block. Must be right from this pallet's `on_initialize` on.
        type CurrentSlot: Get<u64>;

        /// Length of a slot, in milliseconds.
        #[pallet::constant]
        type SlotDuration: Get<u64>;

        /// Blocks from the close of a census's window for which its record is kept, a false claim can be
        /// slashed and the bond of whoever committed stays.
        #[pallet::constant]
        type SlashingHorizon: Get<BlockNumberFor<Self>>;

        /// Commits of an asset in a census; the last one counts.
        #[pallet::constant]
        type MaxCommits: Get<u8>;

        /// Commits in a census that are drawn in any case.
        #[pallet::constant]
        type MaxAlways: Get<u32>;

        /// What an opening weighs beside its call and the class's base: the transaction's extensions. Decides
        /// with these whether a block had room for one more.
        type OpeningOverhead: Get<Weight>;

        type WeightInfo: WeightInfo;
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Openings that a device must pass before it is left to the lottery; again after a failure.
        #[pallet::constant_name(Probation)]
        fn probation() -> u32 {
            impls::PROBATION
        }

        /// Censuses missed in a row that make an asset Offline.
        #[pallet::constant_name(MissedLimit)]
        fn missed_limit() -> u32 {
            impls::MISSED_LIMIT
        }
    }

    /// Lengths of the phases of the next census.
    #[pallet::storage]
    pub type CurrentSchedule<T> = StorageValue<_, Schedule, ValueQuery>;

    /// Which work counts. Set at genesis.
    #[pallet::storage]
    pub type Limits<T> = StorageValue<_, WorkLimits, ValueQuery>;

    /// The census that runs, or the last one. Zero before the first.
    #[pallet::storage]
    pub type CurrentCensus<T> = StorageValue<_, CensusIndex, ValueQuery>;

    /// The oldest census whose record is kept. Zero before the first.
    #[pallet::storage]
    pub type OldestCensus<T> = StorageValue<_, CensusIndex, ValueQuery>;

    /// Censuses from [`OldestCensus`] to [`CurrentCensus`]: the present one, and those whose slashing horizon
    /// has not passed.
    #[pallet::storage]
    pub type Censuses<T: Config> = StorageMap<_, Twox64Concat, CensusIndex, CensusOf<T>>;

    /// Their books, by kind of work.
    #[pallet::storage]
    pub type CensusBooks<T: Config> =
        StorageDoubleMap<_, Twox64Concat, CensusIndex, Twox64Concat, AssetKind, BooksOf<T>>;

    /// What is known of an asset's work.
    #[pallet::storage]
    pub type Devices<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, DeviceOf<T>>;

    /// VRFs as the last blocks left them, newest last. `None`, or the same as the one before: the block had
    /// none of its own.
    #[pallet::storage]
    pub type RecentVrfs<T> = StorageValue<_, BoundedVec<Option<H256>, ConstU32<VRF_MEMORY>>, ValueQuery>;

    /// Denominators of the last censuses that reached payment, newest last.
    #[pallet::storage]
    pub type PastDenominators<T> =
        StorageMap<_, Twox64Concat, AssetKind, BoundedVec<Work, ConstU32<24>>, ValueQuery>;

    /// Censuses that reached payment.
    #[pallet::storage]
    pub type CountedCensuses<T> = StorageValue<_, u32, ValueQuery>;

    /// Sum of the claims per second in the last census that reached payment, without those found false by
    /// then.
    #[pallet::storage]
    pub type NetworkRate<T> = StorageMap<_, Twox64Concat, AssetKind, WorkRate, ValueQuery>;

    /// Work paid for since genesis.
    #[pallet::storage]
    pub type VerifiedWork<T> = StorageMap<_, Twox64Concat, AssetKind, Work, ValueQuery>;

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        pub schedule: Schedule,
        pub limits: WorkLimits,
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            assert!(
                Pallet::<T>::is_valid(&self.schedule),
                "the schedule's phases overlap or are out of bounds"
            );
            assert!(
                self.limits.is_valid(),
                "no claim could meet the limits, or some could not be verified"
            );
            CurrentSchedule::<T>::put(self.schedule);
            Limits::<T>::put(&self.limits);
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A census opened for all devices at once. The pot is that of both kinds of work.
        CensusOpened {
            census: CensusIndex,
            challenge: H256,
            closes_at: BlockNumberFor<T>,
            pot: T::Balance,
        },
        /// The opening seed stands: those drawn open now.
        OpeningSeedMade { census: CensusIndex, open_seed: H256 },
        /// A VRF was missing: no pay, no slash. Both kinds' pots are put back.
        CensusVoided {
            census: CensusIndex,
            put_back: T::Balance,
        },
        /// Reports that leave the denominator are over; commits are settled from now on. What cannot be paid of
        /// both kinds' pots is put back.
        PaymentStarted {
            census: CensusIndex,
            put_back: T::Balance,
        },
        /// A census's slashing horizon has passed and its record is gone.
        CensusCleared {
            census: CensusIndex,
            put_back: T::Balance,
        },
        /// A device claimed work. Its last commit of a census counts.
        Committed {
            asset: AssetId,
            census: CensusIndex,
            prover: T::AccountId,
            class: Class,
            rounds: u32,
            always: bool,
        },
        /// A device showed so many hashes. Its last submission of a census counts.
        SharesSubmitted {
            asset: AssetId,
            census: CensusIndex,
            prover: T::AccountId,
            hashes: Work,
        },
        /// The commit was not taken, because settling the one before slashed the bond.
        CommitRefused { asset: AssetId, census: CensusIndex },
        /// An opening was valid, and showed this rate.
        Opened {
            asset: AssetId,
            census: CensusIndex,
            prover: T::AccountId,
            rate: WorkRate,
        },
        /// A commit was paid. `cut` is what of its share exceeded the cap and went back to the pot.
        Paid {
            asset: AssetId,
            census: CensusIndex,
            work: Work,
            amount: T::Balance,
            cut: T::Balance,
            rate: WorkRate,
        },
        /// A drawn commit was not opened: so much of its prover's bond and of the asset's unvested emission
        /// was taken.
        Slashed {
            asset: AssetId,
            census: CensusIndex,
            prover: T::AccountId,
            bond: T::Balance,
            unvested: T::Balance,
            /// Who was promised which part of both. An account that can't take it leaves it to be burnt.
            reporter: Option<T::AccountId>,
            bounty: T::Balance,
        },
        /// A commit of a void or forgotten census was dropped.
        CommitDropped { asset: AssetId, census: CensusIndex },
        /// An asset has missed too many censuses in a row.
        MarkedOffline {
            asset: AssetId,
            missed: u32,
            rate: WorkRate,
        },
        /// The next census follows this schedule.
        ScheduleSet { schedule: Schedule },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        NoSuchAsset,
        /// The asset's kind of work is not proven this way.
        WrongKind,
        /// The asset is retired.
        AssetRetired,
        /// The caller is not the asset's operator.
        NotOperator,
        /// The operator's bond is less than it pledged.
        BondNotWhole,
        /// No record of such a census: not opened yet, or cleared.
        NoSuchCensus,
        /// Commits are taken in a census's work window only.
        WindowClosed,
        /// The challenge is not this chain's for this census.
        WrongChallenge,
        /// The class does not count on this chain.
        ClassNotAllowed,
        /// Too few or too many rounds.
        RoundsOutOfBounds,
        /// There are not exactly as many shares as a proof has.
        ShareCount,
        /// A share's time is before the census opened, or more than two hours ahead.
        ShareTime,
        /// The shares' hashes are not in increasing order. So it is for shares of another device or census.
        ShareOrder,
        /// The shares stand for more hashes than can be counted.
        TooManyHashes,
        /// The asset has made all its commits of this census.
        TooManyCommits,
        /// The census has no room for another commit that is drawn in any case.
        TooManyAlways,
        /// The asset has no unsettled commit, or none in this census.
        NoCommit,
        /// The caller did not make the commit.
        NotProver,
        /// Openings are taken in a census's opening phase only.
        NotOpening,
        /// The opening seed is not this chain's for this census.
        WrongOpenSeed,
        /// The commit was not drawn.
        NotDrawn,
        /// The commit was opened.
        AlreadyOpened,
        /// The samples are not as long as they must be.
        OpeningLength,
        /// The opening does not belong to the commitment.
        OpeningCommitment,
        /// A path of the opening does not lead to its root.
        OpeningPath,
        /// A sampled cell is not what the work yields.
        OpeningCell,
        /// The census is not that far.
        TooEarly,
        /// The census was void: there is nothing to report.
        CensusVoid,
        /// The asset is not active.
        NotActive,
        /// The asset has not missed enough censuses.
        NotMissed,
        /// A census runs.
        CensusRunning,
        /// Phases overlap or are out of bounds.
        InvalidSchedule,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            Self::begin_block(now)
        }

        fn on_finalize(now: BlockNumberFor<T>) {
            Self::end_block(now)
        }

        fn integrity_test() {
            Self::check_constants()
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Claims that `asset` has done `rounds` rounds of `class` for this census's challenge.
        ///
        /// By its operator, in the work window, with a whole bond. The last commit of a census counts.
        /// Settles the asset's commit of an earlier census first; where that slashes the bond, the new commit
        /// is not taken (`CommitRefused`). Free if taken.
        #[pallet::call_index(0)]
        #[pallet::weight(
            T::WeightInfo::commit().max(T::WeightInfo::commit_paying()).max(T::WeightInfo::commit_slashing())
        )]
        pub fn commit(
            origin: OriginFor<T>,
            asset: AssetId,
            census: CensusIndex,
            challenge: H256,
            class: u8,
            rounds: u32,
            commitment: H256,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_commit(who, asset, census, challenge, class, rounds, commitment)
        }

        /// Opens a drawn commit: shows the eight cells that the opening seed picks.
        ///
        /// By the account that committed, in the opening phase. `samples` is in the format of
        /// `compute_proof::opening`. One that does not verify may be tried again. Free if it verifies.
        #[pallet::call_index(1)]
        #[pallet::weight((T::WeightInfo::open_xl(), DispatchClass::Operational))]
        pub fn open(
            origin: OriginFor<T>,
            asset: AssetId,
            census: CensusIndex,
            open_seed: H256,
            top: H256,
            samples: BoundedVec<u8, ConstU32<MAX_SAMPLES_LEN>>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_open(who, asset, census, open_seed, top, &samples)
        }

        /// Reports a drawn commit that was not opened in time: its prover is slashed, and a tenth goes to the
        /// caller.
        ///
        /// By anyone, until the census's record is cleared. Before payment, the claim also leaves the
        /// denominator. Free if true.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::report())]
        pub fn report(
            origin: OriginFor<T>,
            asset: AssetId,
            census: CensusIndex,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_report(who, asset, census)
        }

        /// Settles the asset's commit: pays it, slashes it, or drops it if its census was void or is
        /// forgotten.
        ///
        /// By anyone, once the census has reached payment. Free if done.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::settle_paying().max(T::WeightInfo::settle_slashing()))]
        pub fn settle(origin: OriginFor<T>, asset: AssetId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_settle(asset)
        }

        /// Writes down that an active asset has missed three censuses in a row.
        ///
        /// By anyone. Settles the asset's commit first if its census has reached payment. Free if true.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::mark_offline())]
        pub fn mark_offline(origin: OriginFor<T>, asset: AssetId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_mark_offline(asset)
        }

        /// Sets the schedule of the censuses to come. By root, while none runs.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::set_schedule())]
        pub fn set_schedule(origin: OriginFor<T>, schedule: Schedule) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_schedule(schedule)
        }

        /// Shows how much `asset` has hashed for this census's challenge: the 64 smallest hashes, in increasing order.
        ///
        /// By its operator, in the work window, with a whole bond. The last submission of a census counts, so does the time until
        /// the window's close: to submit early or to hold back hashes lowers what is counted. Settles the asset's submission of an
        /// earlier census first. Free if taken.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::submit_shares().max(T::WeightInfo::submit_shares_paying()))]
        pub fn submit_shares(
            origin: OriginFor<T>,
            asset: AssetId,
            census: CensusIndex,
            challenge: H256,
            shares: BoundedVec<Share, ConstU32<SHARES>>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_submit_shares(who, asset, census, challenge, &shares)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The census that runs, or the last one.
        pub fn census() -> CensusInfo<T::Hash, T::Balance, BlockNumberFor<T>> {
            Self::census_info()
        }

        /// What the chain has verified of an asset; `None` if it never committed.
        pub fn rating(asset: AssetId) -> Option<RatingInfo<T::AccountId, T::Hash, BlockNumberFor<T>>> {
            Self::rating_info(asset)
        }

        /// The asset's status as the censuses missed imply it, written down or not.
        pub fn status(asset: AssetId) -> Option<AssetStatus> {
            Self::effective_status(asset)
        }

        /// Which work counts.
        pub fn limits() -> WorkLimits {
            Limits::<T>::get()
        }
    }
}
