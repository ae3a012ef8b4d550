// SPDX-License-Identifier: Apache-2.0
//! What must hold between two calls, one function an invariant.

use crate::math::Tally;
use crate::types::ProposalId;
use crate::{Config, Durations, FreezeReason, LastProposal, Open, Pallet, Proposals, Voters};
use alloc::collections::{btree_map::BTreeMap, btree_set::BTreeSet};
use compute_primitives::AssetId;
use frame_support::ensure;
use frame_support::traits::fungibles::InspectFreeze as _;
use sp_runtime::traits::{Saturating, Zero};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the votes.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_proposals()?;
        Self::check_open_lists()?;
        Self::check_voters()?;
        Self::check_tallies()?;
        Self::check_votes_are_frozen()?;
        Self::check_proposers_voted()
    }

    /// No proposal has a number that was not given, or that another has, or an end beyond its time.
    fn check_proposals() -> Result<(), TryRuntimeError> {
        let mut seen = BTreeSet::new();
        let latest_end = Self::now().saturating_add(Durations::<T>::get().voting);
        for (_, proposal, record) in Proposals::<T>::iter() {
            ensure!(
                !proposal.0.is_zero() && proposal <= LastProposal::<T>::get(),
                "a proposal with a number not given"
            );
            ensure!(seen.insert(proposal), "a number given twice");
            ensure!(record.ends_at <= latest_end, "a proposal that lasts too long");
        }
        Ok(())
    }

    /// Only assets in fractions have open proposals: each is there, and each proposer has one.
    fn check_open_lists() -> Result<(), TryRuntimeError> {
        for (asset, open) in Open::<T>::iter() {
            ensure!(!open.is_empty(), "an empty list was kept");
            ensure!(
                Self::supply(asset).is_some(),
                "open proposals of an asset that is not in fractions"
            );
            let mut proposers = BTreeSet::new();
            for entry in open {
                let record =
                    Proposals::<T>::get(asset, entry.proposal).ok_or("an open proposal is missing")?;
                ensure!(record.proposer == entry.proposer, "an open proposal of another");
                ensure!(
                    proposers.insert(entry.proposer),
                    "two open proposals of one account"
                );
            }
        }
        Ok(())
    }

    /// An account is on record while it has votes: one a proposal, each with a weight.
    fn check_voters() -> Result<(), TryRuntimeError> {
        for (_, _, voter) in Voters::<T>::iter() {
            ensure!(!voter.votes.is_empty(), "a voter without votes");
            let mut proposals = BTreeSet::new();
            for vote in voter.votes {
                ensure!(proposals.insert(vote.proposal), "two votes on one proposal");
                ensure!(!vote.weight.is_zero(), "a vote without weight");
                ensure!(
                    vote.proposal <= LastProposal::<T>::get(),
                    "a vote on a proposal not made"
                );
            }
        }
        Ok(())
    }

    /// The tally of an open proposal is the sum of its votes.
    fn check_tallies() -> Result<(), TryRuntimeError> {
        let mut sums: BTreeMap<(AssetId, ProposalId), Tally> = BTreeMap::new();
        for (asset, _, voter) in Voters::<T>::iter() {
            for vote in voter.votes {
                let sum = sums.entry((asset, vote.proposal)).or_default();
                *sum = sum.with(vote.aye, vote.weight).ok_or("the votes overflow")?;
            }
        }
        for (asset, open) in Open::<T>::iter() {
            for entry in open {
                let record =
                    Proposals::<T>::get(asset, entry.proposal).ok_or("an open proposal is missing")?;
                let sum = sums.remove(&(asset, entry.proposal)).unwrap_or_default();
                ensure!(record.tally == sum, "a tally is not the sum of the votes");
            }
        }
        Ok(())
    }

    /// What voted on an open proposal is there, and frozen.
    fn check_votes_are_frozen() -> Result<(), TryRuntimeError> {
        for (asset, who, voter) in Voters::<T>::iter() {
            let open = Open::<T>::get(asset);
            let held = Self::fractions(asset, &who);
            let frozen = T::Fractions::balance_frozen(asset, &FreezeReason::Vote.into(), &who);
            for vote in voter.votes {
                if Self::is_open(&open, vote.proposal) {
                    ensure!(vote.weight <= held, "a vote of fractions that are gone");
                    ensure!(vote.weight <= frozen, "a vote that is not frozen");
                }
            }
        }
        Ok(())
    }

    /// Who proposed stands behind it with a vote.
    fn check_proposers_voted() -> Result<(), TryRuntimeError> {
        for (asset, open) in Open::<T>::iter() {
            for entry in open {
                let voted = Voters::<T>::get(asset, &entry.proposer).is_some_and(|voter| {
                    voter
                        .votes
                        .iter()
                        .any(|vote| vote.proposal == entry.proposal && vote.aye)
                });
                ensure!(voted, "a proposal without its proposer's vote");
            }
        }
        Ok(())
    }
}
