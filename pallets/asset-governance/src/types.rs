// SPDX-License-Identifier: Apache-2.0
//! Proposals, votes, and the records of both.

use crate::math::Tally;
use crate::Config;
use codec::{CompactAs, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use frame_support::BoundedVec;
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{DispatchError, Perbill};

/// Numbers of fractions, and amounts of the chain's token in its smallest unit.
pub type Balance = u128;

/// One proposal. Numbered through over all assets, from 1; never given twice.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    CompactAs,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct ProposalId(pub u64);

impl From<u64> for ProposalId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the holders may decide.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Action<AccountId, Uri> {
    /// Name the operator to be, who takes office by its own call; `None` takes the name back.
    NominateOperator(Option<AccountId>),
    /// Set the address of the NFT's JSON.
    SetUri(Uri),
    /// Set what the operator takes of the income: at most 50%, at most one percentage point up a day.
    SetOperatorFee(Perbill),
    /// Set the price from which on a bid for the whole asset opens an auction; `None`: none does by itself.
    SetReserve(Option<Balance>),
    /// Open the auction with the standing bid, if it is at least this, whatever the reserve.
    AcceptBid(Balance),
}

impl<AccountId, Uri> Action<AccountId, Uri> {
    /// Whether it can lead to the sale of the whole asset, so that more than half of all fractions must want it.
    pub fn concerns_sale(&self) -> bool {
        matches!(self, Self::SetReserve(_) | Self::AcceptBid(_))
    }
}

/// An action, and how the vote on it stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Proposal<AccountId, BlockNumber, Action, Ticket> {
    /// Whose fractions stand behind it, and who paid the storage deposit.
    pub proposer: AccountId,
    pub ticket: Ticket,
    pub action: Action,
    /// The first block in which nobody can vote any more.
    pub ends_at: BlockNumber,
    pub tally: Tally,
}

/// An entry of an asset's list of open proposals.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OpenProposal<AccountId> {
    pub proposal: ProposalId,
    pub proposer: AccountId,
}

/// One vote of one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Vote<BlockNumber> {
    pub proposal: ProposalId,
    pub aye: bool,
    /// Fractions that the voter had, free and on hold. So many stay frozen.
    pub weight: Balance,
    /// The first block in which the vote may be unlocked, if its proposal has ended by then.
    pub locked_until: BlockNumber,
}

/// The votes of one account on one asset's proposals. Stored only while there is at least one.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Voter<Votes, Ticket> {
    pub votes: Votes,
    /// The voter's storage deposit: one, however many votes.
    pub ticket: Ticket,
}

/// How long things take, in blocks.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct Timing<BlockNumber> {
    /// From the proposal to the end of the vote.
    pub voting: BlockNumber,
    /// From the end of the vote on, how long what has passed may be enacted.
    pub enactment: BlockNumber,
    /// From a vote on, how long its fractions stay frozen at least.
    pub lock: BlockNumber,
}

/// How a proposal ended.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Outcome {
    /// It passed, and was done.
    Enacted,
    /// It passed, and could not be done: nothing was changed.
    Failed(DispatchError),
    /// It did not pass.
    Rejected,
    /// It passed, and nobody had it enacted in time.
    Lapsed,
    /// The asset stopped being owned in fractions first.
    Void,
}

pub(crate) type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
pub type ActionOf<T> = Action<AccountIdOf<T>, BoundedVec<u8, <T as Config>::UriLimit>>;
pub type ProposalOf<T> =
    Proposal<AccountIdOf<T>, BlockNumberFor<T>, ActionOf<T>, <T as Config>::ProposalConsideration>;
pub type OpenOf<T> = BoundedVec<OpenProposal<AccountIdOf<T>>, <T as Config>::MaxOpen>;
pub type VotesOf<T> = BoundedVec<Vote<BlockNumberFor<T>>, <T as Config>::MaxOpen>;
pub type VoterOf<T> = Voter<VotesOf<T>, <T as Config>::VoterConsideration>;
pub type TimingOf<T> = Timing<BlockNumberFor<T>>;
