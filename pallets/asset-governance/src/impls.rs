// SPDX-License-Identifier: Apache-2.0
//! What the calls do.

use crate::math::{reaches, Rule, Tally, Verdict};
use crate::types::{
    AccountIdOf, ActionOf, OpenOf, OpenProposal, Outcome, Proposal, ProposalId, ProposalOf, Vote, Voter,
    VoterOf,
};
use crate::{
    Action, Balance, Config, Durations, Error, Event, FreezeReason, LastProposal, Open, Pallet, Proposals,
    Voters, WeightInfo,
};
use compute_primitives::{AssetId, Holdings, OperatorFees, Sale, Stewardship};
use frame_support::ensure;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungibles::{InspectFreeze as _, MutateFreeze as _};
use frame_support::traits::{Consideration, Footprint, Get};
use frame_support::weights::Weight;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{Saturating, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, Perbill};

impl<T: Config> Pallet<T> {
    pub(crate) fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    /// What a proposal takes of the storage.
    pub(crate) fn proposal_footprint() -> Footprint {
        Footprint::from_mel::<(AssetId, ProposalId, ProposalOf<T>)>()
    }

    /// What an account's votes on an asset take of the storage at most.
    pub(crate) fn voter_footprint() -> Footprint {
        Footprint::from_mel::<(AssetId, T::AccountId, VoterOf<T>)>()
    }

    /// `None`: the holders of fractions decide nothing, for there are none, or the asset was sold.
    pub(crate) fn supply(asset: AssetId) -> Option<Balance> {
        T::Fractions::supply(asset)
    }

    /// Fractions of `who`, free and on hold.
    pub(crate) fn fractions(asset: AssetId, who: &T::AccountId) -> Balance {
        <T::Fractions as Holdings<T::AccountId>>::balance(asset, who)
    }

    /// What an action needs to pass.
    pub(crate) fn rule(action: &ActionOf<T>) -> Rule {
        Rule {
            quorum: T::Quorum::get(),
            approval: T::Approval::get(),
            support: if action.concerns_sale() {
                T::SaleSupport::get()
            } else {
                Perbill::zero()
            },
        }
    }

    pub(crate) fn is_open(open: &OpenOf<T>, proposal: ProposalId) -> bool {
        open.iter().any(|open| open.proposal == proposal)
    }

    pub(crate) fn do_propose(asset: AssetId, who: T::AccountId, action: ActionOf<T>) -> DispatchResult {
        let supply = Self::supply(asset).ok_or(Error::<T>::NotFractionalized)?;
        ensure!(
            reaches(Self::fractions(asset, &who), T::MinimumPart::get(), supply),
            Error::<T>::PartTooSmall
        );
        let mut open = Open::<T>::get(asset);
        ensure!(
            open.iter().all(|open| open.proposer != who),
            Error::<T>::AlreadyProposed
        );
        let proposal = ProposalId(
            LastProposal::<T>::get()
                .0
                .checked_add(1)
                .ok_or(ArithmeticError::Overflow)?,
        );
        open.try_push(OpenProposal {
            proposal,
            proposer: who.clone(),
        })
        .map_err(|_| Error::<T>::TooManyOpen)?;

        let ends_at = Self::now().saturating_add(Durations::<T>::get().voting);
        let record = Proposal {
            proposer: who.clone(),
            ticket: T::ProposalConsideration::new(&who, Self::proposal_footprint())?,
            action: action.clone(),
            ends_at,
            tally: Tally::default(),
        };
        LastProposal::<T>::put(proposal);
        Self::deposit_event(Event::Proposed {
            asset,
            proposal,
            proposer: who.clone(),
            action,
            ends_at,
        });
        Self::cast(asset, proposal, record, &open, who, true)?;
        Open::<T>::insert(asset, open);
        Ok(())
    }

    pub(crate) fn do_vote(
        asset: AssetId,
        proposal: ProposalId,
        who: T::AccountId,
        aye: bool,
    ) -> DispatchResult {
        let record = Proposals::<T>::get(asset, proposal).ok_or(Error::<T>::UnknownProposal)?;
        let open = Open::<T>::get(asset);
        ensure!(Self::is_open(&open, proposal), Error::<T>::ProposalVoid);
        ensure!(Self::now() < record.ends_at, Error::<T>::VotingOver);
        Self::cast(asset, proposal, record, &open, who, aye)
    }

    /// Counts all fractions of `who` into the proposal's tally, freezes them, and writes both.
    fn cast(
        asset: AssetId,
        proposal: ProposalId,
        mut record: ProposalOf<T>,
        open: &OpenOf<T>,
        who: AccountIdOf<T>,
        aye: bool,
    ) -> DispatchResult {
        let weight = Self::fractions(asset, &who);
        ensure!(!weight.is_zero(), Error::<T>::NoFractions);
        let mut voter = match Voters::<T>::get(asset, &who) {
            Some(voter) => voter,
            None => Voter {
                votes: Default::default(),
                ticket: T::VoterConsideration::new(&who, Self::voter_footprint())?,
            },
        };
        // Votes that have ended make room: this one freezes all there is, and for longer than any before.
        voter.votes.retain(|vote| Self::is_open(open, vote.proposal));

        let locked_until = Self::now().saturating_add(Durations::<T>::get().lock);
        let added = match voter.votes.iter_mut().find(|vote| vote.proposal == proposal) {
            Some(former) => {
                ensure!(former.aye == aye, Error::<T>::VoteIsFinal);
                let added = weight
                    .checked_sub(former.weight)
                    .filter(|added| !added.is_zero())
                    .ok_or(Error::<T>::NothingToAdd)?;
                former.weight = weight;
                former.locked_until = locked_until;
                added
            }
            None => {
                // There is room for one on each open proposal.
                voter
                    .votes
                    .try_push(Vote {
                        proposal,
                        aye,
                        weight,
                        locked_until,
                    })
                    .map_err(|_| Error::<T>::TooManyOpen)?;
                weight
            }
        };
        record.tally = record.tally.with(aye, added).ok_or(ArithmeticError::Overflow)?;
        T::Fractions::extend_freeze(asset, &FreezeReason::Vote.into(), &who, weight)?;
        Voters::<T>::insert(asset, &who, voter);
        Proposals::<T>::insert(asset, proposal, record);
        Self::deposit_event(Event::Voted {
            asset,
            proposal,
            who,
            aye,
            weight,
        });
        Ok(())
    }

    /// How a proposal stands at this block. `None`: it is void.
    pub(crate) fn standing(asset: AssetId, record: &ProposalOf<T>, is_open: bool) -> Option<Verdict> {
        let supply = Self::supply(asset).filter(|_| is_open)?;
        let over = Self::now() >= record.ends_at;
        Some(Self::rule(&record.action).verdict(record.tally, supply, over))
    }

    /// Returns what it weighed.
    pub(crate) fn do_close(asset: AssetId, proposal: ProposalId) -> Result<Weight, DispatchError> {
        let record = Proposals::<T>::get(asset, proposal).ok_or(Error::<T>::UnknownProposal)?;
        let mut open = Open::<T>::get(asset);
        let is_open = Self::is_open(&open, proposal);
        let verdict = Self::standing(asset, &record, is_open);
        ensure!(verdict != Some(Verdict::Undecided), Error::<T>::Undecided);

        // Everything of this proposal is written before its action: whatever that does, it finds the proposal ended.
        if is_open {
            open.retain(|open| open.proposal != proposal);
            Self::write_open(asset, open);
        }
        Proposals::<T>::remove(asset, proposal);
        record.ticket.drop(&record.proposer)?;

        let enacted_by = record.ends_at.saturating_add(Durations::<T>::get().enactment);
        let (outcome, weight) = match verdict {
            None => (Outcome::Void, T::WeightInfo::close_unenacted()),
            Some(Verdict::Passed) if Self::now() >= enacted_by => {
                (Outcome::Lapsed, T::WeightInfo::close_unenacted())
            }
            Some(Verdict::Passed) => {
                let weight = Self::close_weight(&record.action);
                match with_storage_layer(|| Self::enact(asset, record.action)) {
                    Ok(()) => (Outcome::Enacted, weight),
                    Err(error) => (Outcome::Failed(error), weight),
                }
            }
            Some(_) => (Outcome::Rejected, T::WeightInfo::close_unenacted()),
        };
        Self::deposit_event(Event::Closed {
            asset,
            proposal,
            outcome,
        });
        Ok(weight)
    }

    fn enact(asset: AssetId, action: ActionOf<T>) -> DispatchResult {
        match action {
            Action::NominateOperator(nominee) => T::Stewardship::nominate_operator(asset, nominee),
            Action::SetUri(uri) => T::Stewardship::set_uri(asset, uri.into_inner()),
            Action::SetOperatorFee(fee) => T::OperatorFees::set_operator_fee(asset, fee),
            Action::SetReserve(reserve) => T::Sale::set_reserve(asset, reserve),
            Action::AcceptBid(price) => T::Sale::accept_bid(asset, price),
        }
    }

    fn write_open(asset: AssetId, open: OpenOf<T>) {
        if open.is_empty() {
            Open::<T>::remove(asset);
        } else {
            Open::<T>::insert(asset, open);
        }
    }

    fn close_weight(action: &ActionOf<T>) -> Weight {
        match action {
            Action::NominateOperator(_) => T::WeightInfo::close_nominate_operator(),
            Action::SetUri(_) => T::WeightInfo::close_set_uri(),
            Action::SetOperatorFee(_) => T::WeightInfo::close_set_operator_fee(),
            Action::SetReserve(_) => T::WeightInfo::close_set_reserve(),
            Action::AcceptBid(_) => T::WeightInfo::close_accept_bid(),
        }
    }

    /// What closing a proposal weighs at most: what it does is known only inside.
    pub(crate) fn heaviest_close() -> Weight {
        T::WeightInfo::close_unenacted()
            .max(T::WeightInfo::close_nominate_operator())
            .max(T::WeightInfo::close_set_uri())
            .max(T::WeightInfo::close_set_operator_fee())
            .max(T::WeightInfo::close_set_reserve())
            .max(T::WeightInfo::close_accept_bid())
    }

    pub(crate) fn do_unlock(asset: AssetId, proposal: ProposalId, who: T::AccountId) -> DispatchResult {
        let mut voter = Voters::<T>::get(asset, &who).ok_or(Error::<T>::NotVoted)?;
        let vote = voter
            .votes
            .iter()
            .find(|vote| vote.proposal == proposal)
            .ok_or(Error::<T>::NotVoted)?;
        ensure!(
            !Self::is_open(&Open::<T>::get(asset), proposal),
            Error::<T>::StillOpen
        );
        // The wait keeps fractions from being bought for a vote; when none can be cast it keeps nobody from anything.
        let in_fractions = Self::supply(asset).is_some();
        ensure!(
            Self::now() >= vote.locked_until || !in_fractions,
            Error::<T>::StillLocked
        );
        voter.votes.retain(|vote| vote.proposal != proposal);
        let frozen = voter
            .votes
            .iter()
            .map(|vote| vote.weight)
            .max()
            .unwrap_or_default();

        let reason = FreezeReason::Vote.into();
        // Who lost its fractions by force lost what was frozen with them.
        if T::Fractions::balance_frozen(asset, &reason, &who) > frozen {
            T::Fractions::set_freeze(asset, &reason, &who, frozen)?;
        }
        if voter.votes.is_empty() {
            Voters::<T>::remove(asset, &who);
            voter.ticket.drop(&who)?;
        } else {
            Voters::<T>::insert(asset, &who, voter);
        }
        Self::deposit_event(Event::Unlocked {
            asset,
            proposal,
            who,
            frozen,
        });
        Ok(())
    }
}
