// SPDX-License-Identifier: Apache-2.0
//! The runtime API behind the node's `compute` JSON-RPC namespace, and its records.

use crate::{AssetId, AssetKind, AssetStatus, CensusIndex, HardwareId, Work, WorkRate};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// One asset as a dApp shows it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AssetInfo<AccountId, Balance, BlockNumber> {
    pub id: AssetId,
    pub kind: AssetKind,
    pub status: AssetStatus,
    /// The NFT's holder: a person, or the vault once fractionalized.
    pub owner: AccountId,
    pub operator: Option<AccountId>,
    /// An operator that the owner named and that has not accepted yet.
    pub nominee: Option<AccountId>,
    pub hardware: HardwareId,
    /// Address of the NFT's JSON.
    pub uri: Vec<u8>,
    pub registered_at: BlockNumber,
    pub liens: u32,
    /// What is left of the operator's bond, and what it pledged.
    pub bond: Balance,
    pub bond_pledged: Balance,
    /// Fractions issued; `None`: the asset is whole.
    pub supply: Option<Balance>,
    /// Verified work per second, after decay.
    pub rate: WorkRate,
    /// Emission that has not vested yet. It travels with the NFT.
    pub unvested: Balance,
    /// Emission that has vested and that nobody has touched yet.
    pub releasable: Balance,
    /// Income parked because nobody held the asset when it came.
    pub parked: Balance,
    pub books: Books<Balance>,
}

/// An asset's books since it was registered. `received` = the sum of all other fields + what is pending, unvested, parked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
pub struct Books<Balance> {
    /// Emission paid for verified work.
    pub emitted: Balance,
    /// Payments of tenants.
    pub revenue: Balance,
    /// Paid out to holders and operators.
    pub claimed: Balance,
    /// Taken by the protocol.
    pub protocol_fee: Balance,
    /// Credited to operators as their fee; part of what they claim.
    pub operator_fee: Balance,
    /// Slashed of what had not vested.
    pub slashed: Balance,
}

/// The phase of the present census.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Phase {
    /// No census runs; one may open from `not_before` on.
    Idle,
    /// Work and commits.
    Work,
    /// The opening seed is being collected.
    Seed,
    /// Those drawn open.
    Open,
    /// Those drawn that did not open are reported.
    Report,
    /// Over: commits are settled.
    Payment,
    /// Void: a VRF was missing; no pay, no slash.
    Void,
}

/// The census that runs, or the last one.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct CensusInfo<Hash, Balance, BlockNumber> {
    /// Zero before the first.
    pub index: CensusIndex,
    pub phase: Phase,
    pub challenge: Hash,
    pub opened_at: BlockNumber,
    /// First block in which no commit is taken any more.
    pub closes_at: BlockNumber,
    pub open_seed: Option<Hash>,
    /// Last block in which an opening is taken, as far as known now (full blocks prolong it).
    pub open_until: BlockNumber,
    /// Last block in which a report leaves the denominator.
    pub report_until: BlockNumber,
    /// No other census opens before this block.
    pub not_before: BlockNumber,
    /// Commits to matrix work; so are the next four fields of matrix work.
    pub commits: u32,
    /// Commits that are drawn in any case.
    pub always: u32,
    /// Sum of the claims, in multiply-accumulates.
    pub claimed_work: Work,
    pub pot: Balance,
    pub paid: Balance,
    pub hashrate: HashrateCensusInfo<Balance>,
}

/// What a census counts of SHA-256d.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct HashrateCensusInfo<Balance> {
    /// Assets that have submitted shares.
    pub submissions: u32,
    /// Sum of the hashes that these stand for.
    pub hashes: Work,
    pub pot: Balance,
    pub paid: Balance,
}

/// What the chain has verified of one asset.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct RatingInfo<AccountId, Hash, BlockNumber> {
    pub asset: AssetId,
    /// Verified work per second, after decay.
    pub rate: WorkRate,
    /// Standard error of `rate`; zero for matrix work, which is counted and not estimated.
    pub rate_error: WorkRate,
    /// The best rate that one of its openings has shown, after decay.
    pub best: WorkRate,
    /// Work paid for since registration, in multiply-accumulates or hashes.
    pub verified_work: Work,
    /// Openings passed since registration or the last failure.
    pub passed: u32,
    pub failed: u32,
    /// The last census it took part in with success.
    pub last_census: CensusIndex,
    /// Censuses missed in a row.
    pub missed: u32,
    /// The commit that is not settled yet.
    pub commit: Option<CommitInfo<AccountId, Hash, BlockNumber>>,
}

/// An unsettled commit.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct CommitInfo<AccountId, Hash, BlockNumber> {
    pub census: CensusIndex,
    pub prover: AccountId,
    /// The claim, in multiply-accumulates or hashes.
    pub work: Work,
    /// What was claimed of matrix work; `None`: hashes, which were shown with the claim and are never drawn.
    pub matrix: Option<MatrixClaimInfo<Hash>>,
    pub committed_at: BlockNumber,
    /// Commits made in this census.
    pub count: u8,
    /// Drawn in any case.
    pub always: bool,
    /// Whether it must be opened; `None` until the opening seed stands. Hashes never are.
    pub drawn: Option<bool>,
    pub opened: bool,
}

/// A claim of matrix work.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct MatrixClaimInfo<Hash> {
    pub class: u8,
    pub rounds: u32,
    pub commitment: Hash,
}

/// Income of one account from one asset, claimable now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct PendingReward<Balance> {
    pub asset: AssetId,
    pub amount: Balance,
}

/// What went through an asset's waterfall in some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
pub struct IncomeSums<Balance> {
    /// Emission that had vested and was released.
    pub emission: Balance,
    /// Payments of tenants.
    pub revenue: Balance,
    /// Taken by the protocol.
    pub protocol_fee: Balance,
    /// Credited to the operator.
    pub operator_fee: Balance,
    /// What is left for the holders: `emission + revenue - protocol_fee - operator_fee`.
    pub net: Balance,
    /// Credited to the holders. It differs from `net` only where nobody held the asset: by what was parked, or had been.
    pub credited: Balance,
}

/// To whom an asset's net income was credited.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum IncomePayee<AccountId> {
    /// To nobody: it was parked, or there was none.
    Nobody,
    /// To the holders of fractions.
    Fractions,
    /// To the whole asset's owner.
    Owner(AccountId),
}

/// What an asset earned in one census, for the same payee and under the same operator.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct IncomeEntry<AccountId, Balance> {
    /// The census since whose draw it was earned; zero before the first.
    pub census: CensusIndex,
    pub sums: IncomeSums<Balance>,
    pub payee: IncomePayee<AccountId>,
    /// Who got the operator's fee.
    pub operator: Option<AccountId>,
}

/// A part of an asset's income log.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct IncomeLog<AccountId, Balance> {
    /// Nothing is missing from this census on.
    pub from: CensusIndex,
    /// Whether nothing is missing of what was asked for: the log reaches so far back.
    pub complete: bool,
    /// Everything since the asset's first income, what the log no longer reaches back to included.
    pub total: IncomeSums<Balance>,
    /// The oldest first. Several for a census in which the owner or the operator changed, none for one without income.
    pub entries: Vec<IncomeEntry<AccountId, Balance>>,
}

/// What an account earned by an asset in one census, in whole units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct CensusIncome<Balance> {
    pub census: CensusIndex,
    /// As a holder of fractions.
    pub fractions: Balance,
    /// As the whole asset's owner.
    pub owner: Balance,
    /// As the operator.
    pub operator: Balance,
}

/// What an account earned by an asset in a range of censuses, in whole units.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AccountIncome<Balance> {
    /// Nothing is missing from this census on; of those before there is what is known.
    pub from: CensusIndex,
    /// Whether nothing is missing of what was asked for.
    pub complete: bool,
    /// As a holder of fractions.
    pub fractions: Balance,
    /// As the whole asset's owner.
    pub owner: Balance,
    /// As the operator.
    pub operator: Balance,
    /// The same by census, the oldest first; those without income are left out.
    pub censuses: Vec<CensusIncome<Balance>>,
}

/// One holder of fractions.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Holder<AccountId, Balance> {
    pub account: AccountId,
    /// Fractions, free and on hold.
    pub fractions: Balance,
    pub pending: Balance,
}

/// A page of holders.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct HolderPage<AccountId, Balance> {
    /// `None`: the asset is whole, its only holder is the NFT's owner.
    pub supply: Option<Balance>,
    pub holders: Vec<Holder<AccountId, Balance>>,
    /// Hand it in as `cursor` for the next page; `None`: this was the last.
    pub next: Option<Vec<u8>>,
}

/// The network at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct NetworkStats<Balance> {
    /// Assets registered and not reaped.
    pub assets: u32,
    pub censuses: CensusIndex,
    /// Sum of the claims of matrix work in the last census that was settled in full or in part, per second.
    pub rate: WorkRate,
    /// Multiply-accumulates paid for since genesis.
    pub verified_work: Work,
    /// The same of SHA-256d: hashes per second, and hashes.
    pub hashrate: WorkRate,
    pub verified_hashes: Work,
    pub total_issuance: Balance,
    /// Minted for verified work since genesis.
    pub emitted: Balance,
    /// The most that may ever be issued.
    pub max_supply: Balance,
    /// Slashed of emission that had not vested, since genesis; bounties included.
    pub slashed: Balance,
}

sp_api::decl_runtime_apis! {
    /// What dApps read of Ergon. A lookup that finds nothing answers `None`.
    #[api_version(1)]
    pub trait ComputeApi<AccountId, Balance, BlockNumber>
    where
        AccountId: codec::Codec,
        Balance: codec::Codec,
        BlockNumber: codec::Codec,
    {
        fn asset(id: AssetId) -> Option<AssetInfo<AccountId, Balance, BlockNumber>>;
        /// Assets whose NFT `account` holds, in order of id, at most `limit` from `start` on.
        fn assets_of(account: AccountId, start: AssetId, limit: u32) -> Vec<AssetId>;
        fn census() -> CensusInfo<Block::Hash, Balance, BlockNumber>;
        fn rating(id: AssetId) -> Option<RatingInfo<AccountId, Block::Hash, BlockNumber>>;
        /// Income that `account` could claim at this block.
        fn pending_rewards(account: AccountId) -> Vec<PendingReward<Balance>>;
        /// Holders of an asset's fractions, at most `limit` a page, from `cursor` on.
        fn holders(id: AssetId, cursor: Option<Vec<u8>>, limit: u32) -> Option<HolderPage<AccountId, Balance>>;
        fn network_stats() -> NetworkStats<Balance>;
        /// What an asset earned in each census from `from` to `to`, as far back as its log reaches.
        #[api_version(2)]
        fn income_log(id: AssetId, from: CensusIndex, to: CensusIndex) -> Option<IncomeLog<AccountId, Balance>>;
        /// What `account` earned by an asset in the censuses from `from` to `to`.
        #[api_version(2)]
        fn income(
            account: AccountId,
            id: AssetId,
            from: CensusIndex,
            to: CensusIndex,
        ) -> Option<AccountIncome<Balance>>;
    }
}
