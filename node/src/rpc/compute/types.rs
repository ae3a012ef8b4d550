// SPDX-License-Identifier: Apache-2.0
//! The namespace's results, as JSON.

use compute_primitives::{api, AssetKind, AssetStatus};
use ergon_runtime::{AccountId, Balance, BlockNumber, Hash};
use serde::{Serialize, Serializer};
use sp_core::{bytes::to_hex, crypto::Ss58Codec};

/// A u128 as a decimal string: JSON's numbers end at 2^53.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount(pub u128);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An account in SS58, prefix 42.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account(pub AccountId);

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_ss58check())
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    pub id: u64,
    /// `gpu` or `hashrate`.
    pub kind: &'static str,
    /// `provisional`, `active`, `offline` or `retired`.
    pub status: &'static str,
    pub owner: Account,
    pub operator: Option<Account>,
    pub nominee: Option<Account>,
    /// Hex of 32 bytes.
    pub hardware: String,
    pub uri: String,
    pub registered_at: BlockNumber,
    pub liens: u32,
    /// Units of 10^-12 EGN, as are all amounts.
    pub bond: Amount,
    pub bond_pledged: Amount,
    /// Fractions; `null`: the asset is whole.
    pub supply: Option<Amount>,
    /// Multiply-accumulates per second.
    pub rate: Amount,
    pub unvested: Amount,
    pub releasable: Amount,
    pub parked: Amount,
    pub books: Books,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Books {
    pub emitted: Amount,
    pub revenue: Amount,
    pub claimed: Amount,
    pub protocol_fee: Amount,
    pub operator_fee: Amount,
    pub slashed: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Census {
    pub index: u32,
    /// `idle`, `work`, `seed`, `open`, `report`, `payment` or `void`.
    pub phase: &'static str,
    pub challenge: Hash,
    pub opened_at: BlockNumber,
    pub closes_at: BlockNumber,
    pub open_seed: Option<Hash>,
    pub open_until: BlockNumber,
    pub report_until: BlockNumber,
    pub not_before: BlockNumber,
    pub commits: u32,
    pub always: u32,
    /// Multiply-accumulates.
    pub claimed_work: Amount,
    pub pot: Amount,
    pub paid: Amount,
    pub hashrate: HashrateCensus,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HashrateCensus {
    pub submissions: u32,
    pub hashes: Amount,
    pub pot: Amount,
    pub paid: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rating {
    pub asset: u64,
    /// Multiply-accumulates or hashes per second.
    pub rate: Amount,
    /// Standard error of `rate`.
    pub rate_error: Amount,
    pub best: Amount,
    /// Multiply-accumulates or hashes.
    pub verified_work: Amount,
    pub passed: u32,
    pub failed: u32,
    pub last_census: u32,
    pub missed: u32,
    pub commit: Option<Commit>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    pub census: u32,
    pub prover: Account,
    /// Multiply-accumulates or hashes.
    pub work: Amount,
    /// `null`: hashes.
    pub matrix: Option<MatrixClaim>,
    pub committed_at: BlockNumber,
    pub count: u8,
    pub always: bool,
    pub drawn: Option<bool>,
    pub opened: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixClaim {
    /// 0 XS, 1 S, 2 M, 3 L, 4 XL.
    pub class: u8,
    pub rounds: u32,
    pub commitment: Hash,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingRewards {
    pub total: Amount,
    pub assets: Vec<PendingReward>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingReward {
    pub asset: u64,
    pub amount: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderPage {
    pub supply: Option<Amount>,
    pub holders: Vec<Holder>,
    /// Hand it in as `cursor` for the next page; `null`: this was the last.
    pub next: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub account: Account,
    pub fractions: Amount,
    pub pending: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStats {
    pub assets: u32,
    pub censuses: u32,
    /// Multiply-accumulates per second.
    pub rate: Amount,
    pub verified_work: Amount,
    /// Hashes per second.
    pub hashrate: Amount,
    pub verified_hashes: Amount,
    pub total_issuance: Amount,
    pub emitted: Amount,
    pub max_supply: Amount,
    pub slashed: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncomeLog {
    /// Nothing is missing from this census on.
    pub from: u32,
    pub complete: bool,
    /// Since the asset's first income.
    pub total: IncomeSums,
    pub entries: Vec<IncomeEntry>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncomeSums {
    pub emission: Amount,
    pub revenue: Amount,
    /// Emission and revenue.
    pub gross: Amount,
    pub protocol_fee: Amount,
    pub operator_fee: Amount,
    pub net: Amount,
    pub credited: Amount,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncomeEntry {
    pub census: u32,
    #[serde(flatten)]
    pub sums: IncomeSums,
    /// `nobody`, `fractions` or `owner`.
    pub payee: &'static str,
    /// The owner, where it is the payee.
    pub owner: Option<Account>,
    pub operator: Option<Account>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountIncome {
    /// Nothing is missing from this census on.
    pub from: u32,
    pub complete: bool,
    pub total: Amount,
    pub fractions: Amount,
    pub owner: Amount,
    pub operator: Amount,
    pub censuses: Vec<CensusIncome>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CensusIncome {
    pub census: u32,
    pub fractions: Amount,
    pub owner: Amount,
    pub operator: Amount,
}

fn kind(kind: AssetKind) -> &'static str {
    match kind {
        AssetKind::Gpu => "gpu",
        AssetKind::Hashrate => "hashrate",
    }
}

fn status(status: AssetStatus) -> &'static str {
    match status {
        AssetStatus::Provisional => "provisional",
        AssetStatus::Active => "active",
        AssetStatus::Offline => "offline",
        AssetStatus::Retired => "retired",
    }
}

fn phase(phase: api::Phase) -> &'static str {
    match phase {
        api::Phase::Idle => "idle",
        api::Phase::Work => "work",
        api::Phase::Seed => "seed",
        api::Phase::Open => "open",
        api::Phase::Report => "report",
        api::Phase::Payment => "payment",
        api::Phase::Void => "void",
    }
}

impl From<api::AssetInfo<AccountId, Balance, BlockNumber>> for Asset {
    fn from(asset: api::AssetInfo<AccountId, Balance, BlockNumber>) -> Self {
        Self {
            id: asset.id.0,
            kind: kind(asset.kind),
            status: status(asset.status),
            owner: Account(asset.owner),
            operator: asset.operator.map(Account),
            nominee: asset.nominee.map(Account),
            hardware: to_hex(&asset.hardware.0, false),
            uri: String::from_utf8_lossy(&asset.uri).into_owned(),
            registered_at: asset.registered_at,
            liens: asset.liens,
            bond: Amount(asset.bond),
            bond_pledged: Amount(asset.bond_pledged),
            supply: asset.supply.map(Amount),
            rate: Amount(asset.rate),
            unvested: Amount(asset.unvested),
            releasable: Amount(asset.releasable),
            parked: Amount(asset.parked),
            books: Books {
                emitted: Amount(asset.books.emitted),
                revenue: Amount(asset.books.revenue),
                claimed: Amount(asset.books.claimed),
                protocol_fee: Amount(asset.books.protocol_fee),
                operator_fee: Amount(asset.books.operator_fee),
                slashed: Amount(asset.books.slashed),
            },
        }
    }
}

impl From<api::CensusInfo<Hash, Balance, BlockNumber>> for Census {
    fn from(census: api::CensusInfo<Hash, Balance, BlockNumber>) -> Self {
        Self {
            index: census.index.0,
            phase: phase(census.phase),
            challenge: census.challenge,
            opened_at: census.opened_at,
            closes_at: census.closes_at,
            open_seed: census.open_seed,
            open_until: census.open_until,
            report_until: census.report_until,
            not_before: census.not_before,
            commits: census.commits,
            always: census.always,
            claimed_work: Amount(census.claimed_work),
            pot: Amount(census.pot),
            paid: Amount(census.paid),
            hashrate: HashrateCensus {
                submissions: census.hashrate.submissions,
                hashes: Amount(census.hashrate.hashes),
                pot: Amount(census.hashrate.pot),
                paid: Amount(census.hashrate.paid),
            },
        }
    }
}

impl From<api::CommitInfo<AccountId, Hash, BlockNumber>> for Commit {
    fn from(commit: api::CommitInfo<AccountId, Hash, BlockNumber>) -> Self {
        Self {
            census: commit.census.0,
            prover: Account(commit.prover),
            work: Amount(commit.work),
            matrix: commit.matrix.map(|claim| MatrixClaim {
                class: claim.class,
                rounds: claim.rounds,
                commitment: claim.commitment,
            }),
            committed_at: commit.committed_at,
            count: commit.count,
            always: commit.always,
            drawn: commit.drawn,
            opened: commit.opened,
        }
    }
}

impl From<api::RatingInfo<AccountId, Hash, BlockNumber>> for Rating {
    fn from(rating: api::RatingInfo<AccountId, Hash, BlockNumber>) -> Self {
        Self {
            asset: rating.asset.0,
            rate: Amount(rating.rate),
            rate_error: Amount(rating.rate_error),
            best: Amount(rating.best),
            verified_work: Amount(rating.verified_work),
            passed: rating.passed,
            failed: rating.failed,
            last_census: rating.last_census.0,
            missed: rating.missed,
            commit: rating.commit.map(Into::into),
        }
    }
}

impl From<Vec<api::PendingReward<Balance>>> for PendingRewards {
    fn from(rewards: Vec<api::PendingReward<Balance>>) -> Self {
        Self {
            // Bounded by the total issuance, which is a u128.
            total: Amount(
                rewards
                    .iter()
                    .fold(0, |sum, reward| sum.saturating_add(reward.amount)),
            ),
            assets: rewards
                .into_iter()
                .map(|reward| PendingReward {
                    asset: reward.asset.0,
                    amount: Amount(reward.amount),
                })
                .collect(),
        }
    }
}

impl From<api::HolderPage<AccountId, Balance>> for HolderPage {
    fn from(page: api::HolderPage<AccountId, Balance>) -> Self {
        Self {
            supply: page.supply.map(Amount),
            holders: page
                .holders
                .into_iter()
                .map(|holder| Holder {
                    account: Account(holder.account),
                    fractions: Amount(holder.fractions),
                    pending: Amount(holder.pending),
                })
                .collect(),
            next: page.next.map(|cursor| to_hex(&cursor, false)),
        }
    }
}

impl From<api::NetworkStats<Balance>> for NetworkStats {
    fn from(stats: api::NetworkStats<Balance>) -> Self {
        Self {
            assets: stats.assets,
            censuses: stats.censuses.0,
            rate: Amount(stats.rate),
            verified_work: Amount(stats.verified_work),
            hashrate: Amount(stats.hashrate),
            verified_hashes: Amount(stats.verified_hashes),
            total_issuance: Amount(stats.total_issuance),
            emitted: Amount(stats.emitted),
            max_supply: Amount(stats.max_supply),
            slashed: Amount(stats.slashed),
        }
    }
}

impl From<api::IncomeSums<Balance>> for IncomeSums {
    fn from(sums: api::IncomeSums<Balance>) -> Self {
        Self {
            emission: Amount(sums.emission),
            revenue: Amount(sums.revenue),
            // Bounded by the total issuance, which is a u128.
            gross: Amount(sums.emission.saturating_add(sums.revenue)),
            protocol_fee: Amount(sums.protocol_fee),
            operator_fee: Amount(sums.operator_fee),
            net: Amount(sums.net),
            credited: Amount(sums.credited),
        }
    }
}

impl From<api::IncomeEntry<AccountId, Balance>> for IncomeEntry {
    fn from(entry: api::IncomeEntry<AccountId, Balance>) -> Self {
        let (payee, owner) = match entry.payee {
            api::IncomePayee::Nobody => ("nobody", None),
            api::IncomePayee::Fractions => ("fractions", None),
            api::IncomePayee::Owner(owner) => ("owner", Some(Account(owner))),
        };
        Self {
            census: entry.census.0,
            sums: entry.sums.into(),
            payee,
            owner,
            operator: entry.operator.map(Account),
        }
    }
}

impl From<api::IncomeLog<AccountId, Balance>> for IncomeLog {
    fn from(log: api::IncomeLog<AccountId, Balance>) -> Self {
        Self {
            from: log.from.0,
            complete: log.complete,
            total: log.total.into(),
            entries: log.entries.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<api::AccountIncome<Balance>> for AccountIncome {
    fn from(income: api::AccountIncome<Balance>) -> Self {
        let total = income
            .fractions
            .saturating_add(income.owner)
            .saturating_add(income.operator);
        Self {
            from: income.from.0,
            complete: income.complete,
            // Bounded by the total issuance too.
            total: Amount(total),
            fractions: Amount(income.fractions),
            owner: Amount(income.owner),
            operator: Amount(income.operator),
            censuses: income
                .censuses
                .into_iter()
                .map(|row| CensusIncome {
                    census: row.census.0,
                    fractions: Amount(row.fractions),
                    owner: Amount(row.owner),
                    operator: Amount(row.operator),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_strings() {
        assert_eq!(
            serde_json::to_string(&Amount(u128::MAX)).unwrap(),
            format!("\"{}\"", u128::MAX)
        );
    }

    #[test]
    fn an_entry_of_an_income_log_is_flat() {
        let owner = AccountId::new([7; 32]);
        let entry = api::IncomeEntry {
            census: 3.into(),
            sums: api::IncomeSums {
                emission: 70,
                revenue: 30,
                protocol_fee: 2,
                operator_fee: 8,
                net: 90,
                credited: 90,
            },
            payee: api::IncomePayee::Owner(owner.clone()),
            operator: None,
        };
        assert_eq!(
            serde_json::to_value(IncomeEntry::from(entry)).unwrap(),
            serde_json::json!({
                "census": 3,
                "emission": "70",
                "revenue": "30",
                "gross": "100",
                "protocolFee": "2",
                "operatorFee": "8",
                "net": "90",
                "credited": "90",
                "payee": "owner",
                "owner": owner.to_ss58check(),
                "operator": null,
            })
        );
    }

    #[test]
    fn the_sum_of_pending_rewards_is_theirs() {
        let rewards = vec![
            api::PendingReward {
                asset: 1.into(),
                amount: 2,
            },
            api::PendingReward {
                asset: 4.into(),
                amount: 40,
            },
        ];
        assert_eq!(PendingRewards::from(rewards).total, Amount(42));
    }
}
