// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod impl_vault_closed;
mod impls;
pub mod math;
pub mod types;
mod views;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod weights;

pub use math::Verdict;
pub use pallet::*;
pub use types::{Action, ActionOf, Balance, Outcome, ProposalId, Timing, Vote};
pub use views::{ProposalTerms, ProposalTermsOf};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::{AccountIdOf, OpenOf, ProposalOf, TimingOf, VoterOf};
    use alloc::vec::Vec;
    use compute_primitives::{AssetId, Holdings, OperatorFees, Sale, Stewardship};
    use frame_support::pallet_prelude::*;
    use frame_support::traits::{fungibles, Consideration, Footprint};
    use frame_system::pallet_prelude::*;
    use sp_runtime::Perbill;

    #[pallet::config]
    pub trait Config: frame_system::Config {
        type WeightInfo: WeightInfo;

        /// Who holds how many fractions; keeps those that voted where they are.
        type Fractions: Holdings<Self::AccountId, Balance = Balance>
            + fungibles::MutateFreeze<
                Self::AccountId,
                AssetId = AssetId,
                Balance = Balance,
                Id = Self::RuntimeFreezeReason,
            >;

        /// Why fractions are frozen: the runtime's reasons, this pallet's among them.
        type RuntimeFreezeReason: From<FreezeReason>;

        /// The owner's powers over the registry's entry.
        type Stewardship: Stewardship<Self::AccountId>;

        /// Sets what the operator takes.
        type OperatorFees: OperatorFees;

        /// Sells the asset as a whole.
        type Sale: Sale<Balance = Balance>;

        /// The storage deposit of a proposal, paid by the proposer.
        type ProposalConsideration: Consideration<Self::AccountId, Footprint>;

        /// The storage deposit of an account's votes on an asset, paid by the voter.
        type VoterConsideration: Consideration<Self::AccountId, Footprint>;

        /// The least part of the supply that a proposer must have.
        ///
        /// As `MaxOpen` such parts are at least the whole, and the proposers' fractions are frozen, the list of open
        /// proposals can't be filled against someone who has this part.
        #[pallet::constant]
        type MinimumPart: Get<Perbill>;

        /// The least part of the supply that must vote.
        #[pallet::constant]
        type Quorum: Get<Perbill>;

        /// More than this part of the votes must be ayes. At least a half.
        #[pallet::constant]
        type Approval: Get<Perbill>;

        /// More than this part of the supply must be ayes, where the sale of the asset is concerned. At least a half.
        #[pallet::constant]
        type SaleSupport: Get<Perbill>;

        /// The most proposals that may be open on an asset.
        #[pallet::constant]
        type MaxOpen: Get<u32>;

        /// The longest URI of an NFT's JSON, in bytes.
        #[pallet::constant]
        type UriLimit: Get<u32>;

        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The storage deposit of a proposal.
        Proposal,
        /// The storage deposit of an account's votes.
        Voter,
    }

    /// Why this pallet freezes fractions.
    #[pallet::composite_enum]
    pub enum FreezeReason {
        /// They voted.
        Vote,
    }

    /// How long things take. Set at genesis.
    #[pallet::storage]
    pub type Durations<T: Config> = StorageValue<_, TimingOf<T>, ValueQuery>;

    /// The last number given to a proposal.
    #[pallet::storage]
    pub type LastProposal<T: Config> = StorageValue<_, ProposalId, ValueQuery>;

    /// Proposals that nobody has closed: those on their asset's list, and those that became void.
    #[pallet::storage]
    pub type Proposals<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, ProposalId, ProposalOf<T>>;

    /// The open proposals of each asset. What is not on this list can't be voted on or enacted.
    #[pallet::storage]
    pub type Open<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, OpenOf<T>, ValueQuery>;

    /// The votes of each account that were not unlocked.
    #[pallet::storage]
    pub type Voters<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, AccountIdOf<T>, VoterOf<T>>;

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Blocks. All at least 1; as default 7 days, 7 days and 1 day of 3 s blocks.
        pub timing: TimingOf<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                timing: Timing {
                    voting: 201_600u32.into(),
                    enactment: 201_600u32.into(),
                    lock: 28_800u32.into(),
                },
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let Timing {
                voting,
                enactment,
                lock,
            } = self.timing;
            for (name, blocks) in [("voting", voting), ("enactment", enactment), ("lock", lock)] {
                assert!(blocks >= 1u32.into(), "timing.{name} is zero");
            }
            Durations::<T>::put(self.timing);
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A holder proposed an action; its own vote for it follows. Votes count until block `ends_at`, exclusively.
        Proposed {
            asset: AssetId,
            proposal: ProposalId,
            proposer: T::AccountId,
            action: ActionOf<T>,
            ends_at: BlockNumberFor<T>,
        },
        /// A holder voted, with `weight` fractions by now. They are frozen.
        Voted {
            asset: AssetId,
            proposal: ProposalId,
            who: T::AccountId,
            aye: bool,
            weight: Balance,
        },
        /// A proposal ended; its deposit went back. Its votes can be unlocked.
        Closed {
            asset: AssetId,
            proposal: ProposalId,
            outcome: Outcome,
        },
        /// A vote was unlocked; for other votes `frozen` fractions of the voter stay frozen.
        Unlocked {
            asset: AssetId,
            proposal: ProposalId,
            who: T::AccountId,
            frozen: Balance,
        },
        /// The asset's fractions decide no more: these open proposals are void.
        Voided {
            asset: AssetId,
            proposals: Vec<ProposalId>,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The asset is not owned in fractions, or not any more.
        NotFractionalized,
        /// The caller has no fractions of the asset.
        NoFractions,
        /// The caller has a smaller part of the asset than a proposal needs.
        PartTooSmall,
        /// The caller's last proposal on the asset is still open.
        AlreadyProposed,
        /// Too many proposals are open on the asset. Close those that have ended.
        TooManyOpen,
        /// There is no such proposal, or it was closed.
        UnknownProposal,
        /// The asset stopped being owned in fractions since this was proposed. It can only be closed.
        ProposalVoid,
        /// The time to vote is over.
        VotingOver,
        /// A vote can't be turned.
        VoteIsFinal,
        /// The caller has voted so already, and has no more fractions than then.
        NothingToAdd,
        /// Votes to come can change the outcome, and there is time for them.
        Undecided,
        /// That account has no such vote.
        NotVoted,
        /// The proposal has not been closed.
        StillOpen,
        /// The vote is too recent.
        StillLocked,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            let whole = u64::from(Perbill::one().deconstruct());
            let parts = u64::from(T::MinimumPart::get().deconstruct()) * u64::from(T::MaxOpen::get());
            assert!(
                parts >= whole,
                "some could fill the list of open proposals and keep others out"
            );
            let half = Perbill::from_percent(50);
            assert!(T::Approval::get() >= half, "a minority of votes could pass");
            assert!(T::SaleSupport::get() >= half, "a minority could sell the asset");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Proposes an action on the asset, and votes for it with all fractions that the caller has.
        ///
        /// The caller must have at least `MinimumPart` of the fractions, and no other proposal open on this asset. Takes a
        /// storage deposit, which comes back when the proposal is closed, and that of a vote.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::propose())]
        pub fn propose(origin: OriginFor<T>, asset: AssetId, action: ActionOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_propose(asset, who, action)
        }

        /// Votes with all fractions that the caller has, free and on hold. They are frozen until the vote is unlocked.
        ///
        /// A vote is final. Who has got more fractions since may vote the same again, which then counts them too. The first vote
        /// on an asset takes a storage deposit, which comes back with the last one unlocked.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::vote())]
        pub fn vote(origin: OriginFor<T>, asset: AssetId, proposal: ProposalId, aye: bool) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_vote(asset, proposal, who, aye)
        }

        /// Ends a proposal that is decided, or whose time is over, or that is void, and enacts it if it has passed. Anyone may.
        ///
        /// An action that fails changes nothing, and its proposal ends all the same.
        #[pallet::call_index(2)]
        #[pallet::weight(Pallet::<T>::heaviest_close())]
        pub fn close(
            origin: OriginFor<T>,
            asset: AssetId,
            proposal: ProposalId,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let weight = Self::do_close(asset, proposal)?;
            Ok(Some(weight).into())
        }

        /// Takes away the vote of `who` on a proposal that was closed, so that its fractions are no longer frozen for it. Anyone may.
        ///
        /// Not before a lock period has passed since the vote, as long as the asset is owned in fractions.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::unlock())]
        pub fn unlock(
            origin: OriginFor<T>,
            asset: AssetId,
            proposal: ProposalId,
            who: T::AccountId,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_unlock(asset, proposal, who)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A proposal that nobody has closed, and how it stands at this block.
        pub fn proposal(asset: AssetId, proposal: ProposalId) -> Option<ProposalTermsOf<T>> {
            Self::proposal_terms(asset, proposal)
        }

        /// The open proposals of an asset, oldest first.
        pub fn open_proposals(asset: AssetId) -> Vec<ProposalId> {
            Open::<T>::get(asset)
                .into_iter()
                .map(|open| open.proposal)
                .collect()
        }

        /// The votes of `who` on an asset's proposals that were not unlocked.
        pub fn votes(asset: AssetId, who: T::AccountId) -> Vec<Vote<BlockNumberFor<T>>> {
            Voters::<T>::get(asset, who)
                .map(|voter| voter.votes.into_inner())
                .unwrap_or_default()
        }

        /// How long things take, in blocks.
        pub fn timing() -> TimingOf<T> {
            Durations::<T>::get()
        }
    }
}
