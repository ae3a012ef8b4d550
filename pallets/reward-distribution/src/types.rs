// SPDX-License-Identifier: Apache-2.0
//! Records.

use crate::{
    log::{Entry, History, Log},
    math::{Accumulator, Stream},
    pallet::Config,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use compute_primitives::{api::Books, AssetKind, CensusIndex};
use frame_support::{pallet_prelude::BoundedVec, sp_runtime::Perbill};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Amounts of the chain's token, in its smallest unit.
///
/// Not generic: the accumulators scale amounts by 2^64 within 256 bits, and a narrower or wider balance would need conversions that
/// can fail in the middle of a payment.
pub type Balance = u128;

/// The ledger of an asset, as this runtime stores it.
pub type LedgerOf<T> = Ledger<BlockNumberFor<T>>;

/// The head of an asset's income log.
pub type LogOf<T> = Log<<T as frame_system::Config>::AccountId>;
/// An entry of it.
pub type EntryOf<T> = Entry<<T as frame_system::Config>::AccountId>;
/// A page of closed entries.
pub type LogPageOf<T> = BoundedVec<EntryOf<T>, <T as Config>::LogPageLength>;
/// How a holding changed.
pub type HistoryOf<T> = History<<T as Config>::MaxRecords>;
/// What is stored of an account's terms for pushes.
pub type StandingOf<T> = Standing<<T as Config>::AutoClaimConsideration>;

/// One value for each kind of asset.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct PerKind<V> {
    pub gpu: V,
    pub hashrate: V,
}

impl<V> PerKind<V> {
    pub fn get(&self, kind: AssetKind) -> &V {
        match kind {
            AssetKind::Gpu => &self.gpu,
            AssetKind::Hashrate => &self.hashrate,
        }
    }

    pub fn get_mut(&mut self, kind: AssetKind) -> &mut V {
        match kind {
            AssetKind::Gpu => &mut self.gpu,
            AssetKind::Hashrate => &mut self.hashrate,
        }
    }
}

impl PerKind<Perbill> {
    /// Whether the parts are together at most the whole.
    pub fn is_split(&self) -> bool {
        let sum = self.gpu.deconstruct().checked_add(self.hashrate.deconstruct());
        sum.is_some_and(|sum| sum <= Perbill::one().deconstruct())
    }
}

impl PerKind<Pot> {
    /// Drawn of all pots and neither paid nor put back. `None` on overflow.
    pub fn outstanding(&self) -> Option<Balance> {
        self.gpu.outstanding.checked_add(self.hashrate.outstanding)
    }

    /// The census of the last draw of any kind.
    pub fn census(&self) -> CensusIndex {
        self.gpu.drawn_for.max(self.hashrate.drawn_for)
    }
}

/// The emission of one kind of asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pot {
    /// Drawn, and neither paid nor put back yet. Nothing of it is minted.
    pub outstanding: Balance,
    /// Put back since the last draw.
    pub returned: Balance,
    /// The census of the last draw; zero before the first.
    pub drawn_for: CensusIndex,
}

/// All that this pallet keeps for one asset.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ledger<BlockNumber> {
    /// Emission that vests.
    pub stream: Option<Stream<BlockNumber>>,
    /// How the holders of fractions share.
    pub accumulator: Accumulator,
    /// Income after fees for which there was nobody.
    pub parked: Balance,
    /// Emission paid for verified work.
    pub emitted: Balance,
    /// Payments of tenants.
    pub revenue: Balance,
    /// Paid out to holders and operators.
    pub claimed: Balance,
    /// Taken by the protocol.
    pub protocol_fee: Balance,
    /// Credited to operators as their fee.
    pub operator_fee: Balance,
    /// Slashed of what had not vested.
    pub slashed: Balance,
}

impl<BlockNumber> Default for Ledger<BlockNumber> {
    fn default() -> Self {
        Self {
            stream: None,
            accumulator: Accumulator::default(),
            parked: 0,
            emitted: 0,
            revenue: 0,
            claimed: 0,
            protocol_fee: 0,
            operator_fee: 0,
            slashed: 0,
        }
    }
}

impl<BlockNumber> Ledger<BlockNumber> {
    pub fn books(&self) -> Books<Balance> {
        Books {
            emitted: self.emitted,
            revenue: self.revenue,
            claimed: self.claimed,
            protocol_fee: self.protocol_fee,
            operator_fee: self.operator_fee,
            slashed: self.slashed,
        }
    }

    /// Emission in the stream: what has not vested, and what has and was not released yet.
    pub fn in_stream(&self) -> Option<Balance> {
        self.stream.as_ref().map_or(Some(0), Stream::held)
    }

    /// What the asset's positions and its remainder add up to: received less everything else. `None` on overflow, which means
    /// that the books are broken.
    pub fn owed(&self) -> Option<Balance> {
        self.emitted
            .checked_add(self.revenue)?
            .checked_sub(self.claimed)?
            .checked_sub(self.protocol_fee)?
            .checked_sub(self.slashed)?
            .checked_sub(self.in_stream()?)?
            .checked_sub(self.parked)
    }
}

/// The sums over all assets, ended ones included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Totals {
    /// Minted for verified work.
    pub emitted: Balance,
    /// Payments of tenants.
    pub revenue: Balance,
    /// Paid out to holders and operators.
    pub claimed: Balance,
    /// Taken by the protocol, paid to the treasury or owed to it.
    pub protocol_fee: Balance,
    /// Slashed of what had not vested, bounties included.
    pub slashed: Balance,
    /// Burnt by those slashes.
    pub burnt: Balance,
}

impl Totals {
    /// What the pallet owes to all assets and their holders together. `None`: the books are broken.
    pub fn owed(&self) -> Option<Balance> {
        self.emitted
            .checked_add(self.revenue)?
            .checked_sub(self.claimed)?
            .checked_sub(self.protocol_fee)?
            .checked_sub(self.slashed)
    }
}

/// What an asset's operator takes of its income.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OperatorFee<BlockNumber> {
    pub fee: Perbill,
    /// When it was raised last.
    pub raised_at: Option<BlockNumber>,
}

impl<BlockNumber> Default for OperatorFee<BlockNumber> {
    fn default() -> Self {
        Self {
            fee: Perbill::zero(),
            raised_at: None,
        }
    }
}

/// On what terms others may push an account's income to it.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AutoClaim {
    /// From how much on, of one asset.
    pub threshold: Balance,
    /// What of it goes to whoever pushes.
    pub bounty: Balance,
}

/// Terms that stand.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Standing<Ticket> {
    pub terms: AutoClaim,
    /// The storage deposit.
    pub ticket: Ticket,
}

/// Who shares an asset's income at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sharers<AccountId> {
    /// The holders of this many fractions.
    Fractions(Balance),
    /// The NFT's holder.
    Owner(AccountId),
    /// Nobody: income is parked.
    Nobody,
}

/// The terms on which an asset's income is shared at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms<AccountId> {
    pub protocol_fee: Perbill,
    /// The operator and its fee, unless there is none to take.
    pub operator: Option<(AccountId, Perbill)>,
    pub sharers: Sharers<AccountId>,
}

/// One amount gone through the waterfall: what is to be written beside the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shared<AccountId> {
    pub protocol: Balance,
    pub operator: Option<(AccountId, Balance)>,
    /// For the holders, with what had been parked.
    pub holders: Balance,
    /// The whole asset's owner, and the units to credit to it.
    pub owner: Option<(AccountId, Balance)>,
    /// Put aside because there was nobody.
    pub parked: Balance,
}
