// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;

pub mod log;
pub mod math;
pub mod types;
pub mod weights;

mod impl_emission;
mod impl_income;
mod impl_log;
mod impl_operator_fees;
mod impls;
mod pushes;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use types::Balance;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{
        math::Position,
        types::{
            AutoClaim, HistoryOf, LedgerOf, LogOf, LogPageOf, OperatorFee, PerKind, Pot, StandingOf, Totals,
        },
    };
    use alloc::vec::Vec;
    use compute_primitives::{
        api::{AccountIncome, Books, IncomeLog, PendingReward},
        AssetId, AssetKind, CensusIndex, Holdings, InspectAsset,
    };
    use frame_support::{
        pallet_prelude::*,
        sp_runtime::Perbill,
        traits::{fungible::Mutate, Consideration, Contains, Footprint},
        PalletId,
    };
    use frame_system::pallet_prelude::*;

    /// The most that the protocol may take.
    pub const MAX_PROTOCOL_FEE: Perbill = Perbill::from_percent(20);
    /// The most that an operator may take of what the protocol leaves.
    pub const MAX_OPERATOR_FEE: Perbill = Perbill::from_percent(50);
    /// The most by which an operator's fee may rise at once.
    pub const MAX_FEE_RAISE: Perbill = Perbill::from_percent(1);
    /// The most of its threshold that an account may offer to whoever pushes its income.
    pub const MAX_BOUNTY: Perbill = Perbill::from_percent(10);

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type WeightInfo: WeightInfo;

        /// The chain's token.
        type Currency: Mutate<Self::AccountId, Balance = Balance>;

        /// Who owns and who operates an asset.
        type Assets: InspectAsset<Self::AccountId>;

        /// Who holds an asset's fractions.
        type Holdings: Holdings<Self::AccountId, Balance = Balance>;

        /// Gives the account in which income waits for its holders.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// Gets the protocol's fee. May not be the pallet's own account.
        #[pallet::constant]
        type Treasury: Get<Self::AccountId>;

        /// The most of the token that may ever be issued.
        #[pallet::constant]
        type MaxSupply: Get<Balance>;

        /// The emission of one census, all kinds together, before the first halving.
        #[pallet::constant]
        type InitialEmission: Get<Balance>;

        /// Censuses from one halving to the next. At least 1.
        #[pallet::constant]
        type HalvingInterval: Get<u32>;

        /// Blocks that must pass between two raises of an asset's operator fee: a day.
        #[pallet::constant]
        type FeeRaiseInterval: Get<BlockNumberFor<Self>>;

        /// Pays for the storage of an account's terms for pushes.
        type AutoClaimConsideration: Consideration<Self::AccountId, Footprint>;

        /// The least threshold for pushes. Nine tenths of it are at least the existential deposit.
        #[pallet::constant]
        type MinimumThreshold: Get<Balance>;

        /// Accounts to which others may push an asset's income. Not those whose balance means something to anyone but them, as that of
        /// the asset's liquidity pool does.
        type PushFilter: Contains<(AssetId, Self::AccountId)>;

        /// Closed entries in a page of an asset's income log. At least 1.
        #[pallet::constant]
        type LogPageLength: Get<u32>;

        /// Pages of an asset's income log; the oldest makes room for a new one. At least 2.
        #[pallet::constant]
        type MaxLogPages: Get<u32>;

        /// Censuses for which it is kept how an account's holding of an asset changed. At least 1.
        #[pallet::constant]
        type MaxRecords: Get<u32>;

        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;
    }

    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Deposit for the storage of an account's terms for pushes.
        AutoClaim,
    }

    /// The emission's pots.
    #[pallet::storage]
    pub type Pots<T: Config> = StorageValue<_, PerKind<Pot>, ValueQuery>;

    /// The part of the emission that each kind has; what they leave to 100% is never minted.
    #[pallet::storage]
    pub type EmissionSplit<T: Config> = StorageValue<_, PerKind<Perbill>, ValueQuery>;

    /// Blocks over which a payment of emission vests. A stream keeps the period with which it began.
    #[pallet::storage]
    pub type VestingPeriod<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// The protocol's fee on all income.
    #[pallet::storage]
    pub type ProtocolFee<T: Config> = StorageValue<_, Perbill, ValueQuery>;

    /// Fees that the treasury could not take yet.
    #[pallet::storage]
    pub type TreasuryOwed<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// The sums over all assets since genesis.
    #[pallet::storage]
    pub type BooksTotal<T: Config> = StorageValue<_, Totals, ValueQuery>;

    /// One record for each asset that ever had income and was not reaped.
    #[pallet::storage]
    pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, LedgerOf<T>, OptionQuery>;

    /// The operator's fee of each asset that has one.
    #[pallet::storage]
    pub type OperatorFees<T: Config> =
        StorageMap<_, Blake2_128Concat, AssetId, OperatorFee<BlockNumberFor<T>>, ValueQuery>;

    /// What accounts have coming, each asset by itself. By account first, so that all of one account can be listed.
    ///
    /// There is one for everyone who holds fractions, and for everyone who is owed something.
    #[pallet::storage]
    pub type Positions<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, AssetId, Position, OptionQuery>;

    /// On what terms others may push an account's income to it.
    #[pallet::storage]
    pub type AutoClaims<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, StandingOf<T>, OptionQuery>;

    /// The head of each asset's income log, from its first income on.
    #[pallet::storage]
    pub type Logs<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, LogOf<T>, OptionQuery>;

    /// The closed entries of the income logs, a ring of pages for each asset.
    #[pallet::storage]
    pub type LogPages<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Twox64Concat, u32, LogPageOf<T>, ValueQuery>;

    /// How each holding of fractions changed. Goes with its position.
    #[pallet::storage]
    pub type Histories<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        AssetId,
        HistoryOf<T>,
        OptionQuery,
    >;

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Blocks over which emission vests: 28,800 are 24 hours of 3 s. At least 1.
        pub vesting_period: BlockNumberFor<T>,
        /// At most 20%.
        pub protocol_fee: Perbill,
        /// Together at most 100%.
        pub emission_split: PerKind<Perbill>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                vesting_period: 28_800u32.into(),
                protocol_fee: Perbill::from_percent(2),
                emission_split: PerKind {
                    gpu: Perbill::from_percent(80),
                    hashrate: Perbill::from_percent(20),
                },
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::begin(self);
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The pot of a census was drawn: `amount` may be paid now. `carried` of it came back from earlier ones.
        PotDrawn {
            kind: AssetKind,
            census: CensusIndex,
            amount: Balance,
            carried: Balance,
        },
        /// What a census could not pay came back.
        PotReturned { kind: AssetKind, amount: Balance },
        /// Emission was minted into the asset's vesting stream.
        EmissionPaid {
            asset: AssetId,
            kind: AssetKind,
            amount: Balance,
        },
        /// Vested emission left the stream and goes through the waterfall.
        Released { asset: AssetId, amount: Balance },
        /// A payment for the asset's services goes through the waterfall.
        RevenuePaid {
            asset: AssetId,
            payer: T::AccountId,
            amount: Balance,
        },
        /// The waterfall's first step.
        ProtocolFeeTaken { asset: AssetId, amount: Balance },
        /// The waterfall's second step.
        OperatorFeeTaken {
            asset: AssetId,
            operator: T::AccountId,
            amount: Balance,
        },
        /// The waterfall's last step. `owner`: who it was credited to; `None`: the holders of fractions share it.
        HoldersCredited {
            asset: AssetId,
            owner: Option<T::AccountId>,
            amount: Balance,
        },
        /// Nobody holds the asset; the holders' part waits for the next.
        Parked { asset: AssetId, amount: Balance },
        /// Protocol fees reached the treasury.
        TreasuryPaid { amount: Balance },
        /// Income was paid out.
        Claimed {
            asset: AssetId,
            who: T::AccountId,
            amount: Balance,
        },
        /// Others may push `who`'s income to it on these terms. `None`: on none in particular.
        AutoClaimSet {
            who: T::AccountId,
            terms: Option<AutoClaim>,
        },
        /// `caller` pushed income of `who` and got `bounty` of it. What was claimed includes it.
        Pushed {
            asset: AssetId,
            who: T::AccountId,
            caller: T::AccountId,
            bounty: Balance,
        },
        /// An entry of the asset's income log was closed: what the asset earned in a census, for the same payee and under the same
        /// operator.
        IncomeLogged {
            asset: AssetId,
            census: CensusIndex,
            emission: Balance,
            revenue: Balance,
            protocol_fee: Balance,
            operator_fee: Balance,
            /// To the holders, with what had been parked before.
            credited: Balance,
        },
        /// Emission that had not vested was taken: `bounty` went to the reporter, the rest was burnt.
        UnvestedSlashed {
            asset: AssetId,
            amount: Balance,
            bounty: Balance,
            reporter: Option<T::AccountId>,
        },
        /// The owner, or who decides in its name, set the operator's fee.
        OperatorFeeSet { asset: AssetId, fee: Perbill },
        /// Root set the protocol's fee.
        ProtocolFeeSet { fee: Perbill },
        /// Root set the kinds' parts of the emission.
        EmissionSplitSet { split: PerKind<Perbill> },
        /// The asset ended. What accounts still have coming stays claimable.
        BooksClosed {
            asset: AssetId,
            emitted: Balance,
            revenue: Balance,
            claimed: Balance,
            protocol_fee: Balance,
            operator_fee: Balance,
            slashed: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such asset.
        UnknownAsset,
        /// The asset is of another kind.
        WrongKind,
        /// Only the asset's owner may do this.
        NotOwner,
        /// An amount of zero.
        ZeroAmount,
        /// Less than one unit is pending.
        NothingToClaim,
        /// The payee would stay below the existential deposit. The income stays pending.
        BelowExistentialDeposit,
        /// The fee is above its bound.
        FeeTooHigh,
        /// An operator's fee rises by at most one percentage point at once.
        RaiseTooSteep,
        /// An operator's fee was raised less than a day ago.
        RaiseTooSoon,
        /// The kinds' parts add up to more than 100%.
        SplitTooHigh,
        /// More than is outstanding of what was drawn.
        ExceedsOutstanding,
        /// The most that may ever be issued would be exceeded.
        SupplyCapReached,
        /// Less than this has not vested.
        ExceedsUnvested,
        /// The bounty is more than what is slashed.
        BountyTooHigh,
        /// Emission of the asset has not vested.
        StillVesting,
        /// Income of the asset is parked.
        StillParked,
        /// The asset is held in fractions.
        StillFractionalized,
        /// Holdings changed without being settled.
        Unsettled,
        /// The threshold is below the least that there may be.
        ThresholdTooLow,
        /// The bounty is more than a tenth of the threshold.
        BountyAboveBound,
        /// The account has set no terms for pushes.
        NoAutoClaim,
        /// Less is pending than what the account wants to be pushed.
        BelowThreshold,
        /// Others may not push income to this account.
        NotPushable,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            Self::check_constants();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Pays the caller all whole units that it has coming from `asset`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::claim().saturating_add(Pallet::<T>::other_position()))]
        pub fn claim(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_claim(asset, &who, |amount| Self::pay_out(&who, amount))
        }

        /// Pays `who` all whole units that it has coming from `asset`. Anyone may call this for anyone; where `who` has set terms for
        /// it, from its threshold on, and gets its bounty.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::claim_for().saturating_add(Pallet::<T>::other_position()))]
        pub fn claim_for(origin: OriginFor<T>, asset: AssetId, who: T::AccountId) -> DispatchResult {
            let caller = ensure_signed(origin)?;
            Self::do_claim_for(asset, &who, &caller)
        }

        /// Pays `amount` for the services of `asset`. It goes through the waterfall at once. The caller's account is kept alive.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::pay_revenue().saturating_add(Pallet::<T>::other_position()))]
        pub fn pay_revenue(
            origin: OriginFor<T>,
            asset: AssetId,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_pay_revenue(
                asset,
                &payer,
                amount,
                frame_support::traits::tokens::Preservation::Preserve,
            )
        }

        /// Sets what the operator takes of the income after the protocol's fee. The owner's. At most 50%; it rises by at most one
        /// percentage point a day and falls at any time. What has vested until now still pays the old fee.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_operator_fee().saturating_add(Pallet::<T>::other_position()))]
        pub fn set_operator_fee(origin: OriginFor<T>, asset: AssetId, fee: Perbill) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_operator_fee(asset, &who, fee)
        }

        /// Sets the protocol's fee, at most 20%. Root's. It applies to everything that is released or paid from now on.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::set_protocol_fee())]
        pub fn set_protocol_fee(origin: OriginFor<T>, fee: Perbill) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_protocol_fee(fee)
        }

        /// Releases what has vested of `asset` to those who hold it now. Anyone may call this.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::touch().saturating_add(Pallet::<T>::other_position()))]
        pub fn touch(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_touch(asset)
        }

        /// Sets the kinds' parts of the emission, together at most 100%. Root's. It applies from the next draw on.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::set_emission_split())]
        pub fn set_emission_split(origin: OriginFor<T>, split: PerKind<Perbill>) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_emission_split(split)
        }

        /// Sets, or clears, on what terms others may push the caller's income to it: from how much on, of each asset, and for what
        /// bounty, at most a tenth of it. Takes a deposit, given back when cleared.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_auto_claim())]
        pub fn set_auto_claim(origin: OriginFor<T>, terms: Option<AutoClaim>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_auto_claim(who, terms)
        }
    }

    impl<T: Config> Pallet<T> {
        /// In the benchmarks the owner operates its asset itself. Where another does, one more position is credited.
        fn other_position() -> Weight {
            T::DbWeight::get().reads_writes(1, 1)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whole units that `who` could claim from `asset` at this block, exactly as if it were touched now.
        pub fn pending(asset: AssetId, who: T::AccountId) -> Balance {
            Self::pending_of(asset, &who).unwrap_or(0)
        }

        /// All that `who` could claim at this block, except from whole assets that it owns and that nobody touched since.
        pub fn pending_rewards(who: T::AccountId) -> Vec<PendingReward<Balance>> {
            Positions::<T>::iter_key_prefix(&who)
                .map(|asset| PendingReward {
                    asset,
                    amount: Self::pending(asset, who.clone()),
                })
                .filter(|pending| pending.amount > 0)
                .collect()
        }

        /// The asset's books since it was registered; all zero before its first income, and after it was reaped.
        pub fn books(asset: AssetId) -> Books<Balance> {
            Ledgers::<T>::get(asset)
                .map(|ledger| ledger.books())
                .unwrap_or_default()
        }

        /// What the asset earned in each census from `from` to `to`, as far back as its log reaches. `None`: no such asset.
        pub fn income_log(
            asset: AssetId,
            from: CensusIndex,
            to: CensusIndex,
        ) -> Option<IncomeLog<T::AccountId, Balance>> {
            Self::log_of(asset, from, to)
        }

        /// What `who` earned by the asset in the censuses from `from` to `to`, and from when on nothing is missing. `None`: no such
        /// asset.
        pub fn income(
            asset: AssetId,
            who: T::AccountId,
            from: CensusIndex,
            to: CensusIndex,
        ) -> Option<AccountIncome<Balance>> {
            Self::income_of(asset, &who, from, to)
        }

        /// On what terms others may push the account's income to it.
        pub fn auto_claim(who: T::AccountId) -> Option<AutoClaim> {
            AutoClaims::<T>::get(who).map(|standing| standing.terms)
        }

        /// Emission of the asset that has not vested at this block.
        pub fn unvested(asset: AssetId) -> Balance {
            Self::stream_of(asset)
                .and_then(|stream| stream.unvested(Self::now()))
                .unwrap_or(0)
        }

        /// Emission of the asset that has vested and that nobody released yet.
        pub fn releasable(asset: AssetId) -> Balance {
            Self::stream_of(asset)
                .and_then(|stream| stream.releasable(Self::now()))
                .unwrap_or(0)
        }

        /// Income of the asset that waits for somebody to hold it.
        pub fn parked(asset: AssetId) -> Balance {
            Ledgers::<T>::get(asset).map_or(0, |ledger| ledger.parked)
        }

        /// What the asset's holders and operators have coming together, with what divisions left over; exact.
        pub fn owed(asset: AssetId) -> Balance {
            Ledgers::<T>::get(asset)
                .and_then(|ledger| ledger.owed())
                .unwrap_or(0)
        }

        /// The operator's fee on the asset's income.
        pub fn operator_fee(asset: AssetId) -> Perbill {
            OperatorFees::<T>::get(asset).fee
        }

        /// What the schedule foresees for a kind in a census, without what comes back from earlier ones.
        pub fn scheduled(kind: AssetKind, census: CensusIndex) -> Balance {
            let share = *EmissionSplit::<T>::get().get(kind);
            math::scheduled(
                T::InitialEmission::get(),
                T::HalvingInterval::get(),
                share,
                census,
            )
        }

        /// Minted for verified work since genesis.
        pub fn emitted_total() -> Balance {
            BooksTotal::<T>::get().emitted
        }

        /// Slashed of what had not vested since genesis, bounties included.
        pub fn slashed_total() -> Balance {
            BooksTotal::<T>::get().slashed
        }

        /// Burnt by those slashes since genesis.
        pub fn burnt_total() -> Balance {
            BooksTotal::<T>::get().burnt
        }

        /// The most that may ever be issued.
        pub fn max_supply() -> Balance {
            T::MaxSupply::get()
        }
    }
}
