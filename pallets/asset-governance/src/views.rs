// SPDX-License-Identifier: Apache-2.0
//! Reads for clients.

use crate::math::{Tally, Verdict};
use crate::types::{AccountIdOf, ActionOf, ProposalId};
use crate::{Config, Open, Pallet, Proposals};
use codec::{Decode, Encode};
use compute_primitives::AssetId;
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;

/// A proposal, as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ProposalTerms<AccountId, BlockNumber, Action> {
    pub proposer: AccountId,
    pub action: Action,
    /// The first block in which nobody can vote any more.
    pub ends_at: BlockNumber,
    pub tally: Tally,
    /// How it stands; `None`: it is void. All but undecided ones can be closed.
    pub verdict: Option<Verdict>,
}

pub type ProposalTermsOf<T> = ProposalTerms<AccountIdOf<T>, BlockNumberFor<T>, ActionOf<T>>;

impl<T: Config> Pallet<T> {
    pub(crate) fn proposal_terms(asset: AssetId, proposal: ProposalId) -> Option<ProposalTermsOf<T>> {
        let record = Proposals::<T>::get(asset, proposal)?;
        let is_open = Self::is_open(&Open::<T>::get(asset), proposal);
        let verdict = Self::standing(asset, &record, is_open);
        Some(ProposalTerms {
            proposer: record.proposer,
            action: record.action,
            ends_at: record.ends_at,
            tally: record.tally,
            verdict,
        })
    }
}
