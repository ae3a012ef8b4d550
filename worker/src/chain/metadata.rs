// SPDX-License-Identifier: Apache-2.0
//! The chain's types, generated from its metadata, and their translation into the worker's own.
//!
//! `artifacts/ergon.scale` holds the metadata of our pallets and runtime API. A test of the runtime fails when it is stale.

use super::{Asset, Census, Commit, Phase, Rating, Status};
use crate::kind::Kind;
use compute_proof::Class;
use subxt::utils::AccountId32;

#[subxt::subxt(runtime_metadata_path = "artifacts/ergon.scale")]
pub mod ergon {}

pub use ergon::runtime_types::compute_primitives::asset::AssetKind;
pub use ergon::runtime_types::compute_primitives::units::{AssetId, CensusIndex, HardwareId};
use ergon::runtime_types::compute_primitives::{api, asset::AssetStatus};
use ergon::runtime_types::compute_proof::hashrate::Share;
pub use ergon::{runtime_apis, storage, transactions};

type Number = u32;
type Hash = subxt::utils::H256;
/// The runtime API's record of an asset.
pub type AssetInfo = api::AssetInfo<AccountId32, u128, Number>;
/// The runtime API's record of the census.
pub type CensusInfo = api::CensusInfo<Hash, u128, Number>;
/// The runtime API's record of a rating.
pub type RatingInfo = api::RatingInfo<AccountId32, Hash, Number>;

/// The runtime API's income log of an asset, and what it is made of.
pub type IncomeLog = api::IncomeLog<AccountId32, u128>;
/// An entry of it.
pub type IncomeEntry = api::IncomeEntry<AccountId32, u128>;
/// To whom an entry's net was credited.
pub type IncomePayee = api::IncomePayee<AccountId32>;
/// The sums of an entry.
pub type IncomeSums = api::IncomeSums<u128>;
/// What an account earned by an asset.
pub type AccountIncome = api::AccountIncome<u128>;
/// The same in one census.
pub type CensusIncome = api::CensusIncome<u128>;

/// Samples as the call takes them.
pub fn samples(bytes: Vec<u8>) -> ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec<u8> {
    ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec(bytes)
}

/// Shares as the call takes them.
pub fn shares(
    shares: &[compute_proof::hashrate::Share],
) -> ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec<Share> {
    let share = |share: &compute_proof::hashrate::Share| Share {
        extranonce1: share.extranonce1,
        extranonce2: share.extranonce2,
        ntime: share.ntime,
        nonce: share.nonce,
        version_bits: share.version_bits,
    };
    ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec(shares.iter().map(share).collect())
}

/// An address as the call takes it.
pub fn uri(bytes: Vec<u8>) -> ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec<u8> {
    ergon::runtime_types::bounded_collections::bounded_vec::BoundedVec(bytes)
}

/// The kind of an asset as the call takes it.
pub fn kind(kind: Kind) -> AssetKind {
    match kind {
        Kind::Gpu => AssetKind::Gpu,
        Kind::Hashrate => AssetKind::Hashrate,
    }
}

/// A kind's name.
pub const fn kind_name(kind: &AssetKind) -> &'static str {
    match kind {
        AssetKind::Gpu => "gpu",
        AssetKind::Hashrate => "hashrate",
    }
}

/// A payee's name: `fractions`, `nobody`, or the owner's address.
pub fn payee_name(payee: &IncomePayee) -> String {
    match payee {
        IncomePayee::Nobody => "nobody".into(),
        IncomePayee::Fractions => "fractions".into(),
        IncomePayee::Owner(owner) => owner.to_string(),
    }
}

fn status(status: &AssetStatus) -> Status {
    match status {
        AssetStatus::Provisional => Status::Provisional,
        AssetStatus::Active => Status::Active,
        AssetStatus::Offline => Status::Offline,
        AssetStatus::Retired => Status::Retired,
    }
}

/// The asset, as far as the worker asks.
pub fn asset(info: &AssetInfo) -> Asset {
    Asset {
        matrix: matches!(info.kind, AssetKind::Gpu),
        status: status(&info.status),
        operator: info.operator.as_ref().map(|account| account.0),
        bond: info.bond,
        bond_pledged: info.bond_pledged,
        emitted: info.books.emitted,
        unvested: info.unvested,
    }
}

/// The census; `seed_blocks` of its schedule say when openings begin.
pub fn census(info: &CensusInfo, seed_blocks: u32) -> Census {
    Census {
        index: info.index.0,
        phase: match info.phase {
            api::Phase::Idle => Phase::Idle,
            api::Phase::Work => Phase::Work,
            api::Phase::Seed => Phase::Seed,
            api::Phase::Open => Phase::Open,
            api::Phase::Report => Phase::Report,
            api::Phase::Payment => Phase::Payment,
            api::Phase::Void => Phase::Void,
        },
        challenge: info.challenge.0,
        opened_at: info.opened_at,
        closes_at: info.closes_at,
        opens_at: info.closes_at.saturating_add(seed_blocks),
        open_seed: info.open_seed.map(|seed| seed.0),
        open_until: info.open_until,
        not_before: info.not_before,
    }
}

/// The rating, without the commit.
pub fn rating(info: &RatingInfo) -> Rating {
    Rating {
        rate: info.rate,
        rate_error: info.rate_error,
        verified_work: info.verified_work,
        passed: info.passed,
        failed: info.failed,
        last_census: info.last_census.0,
        missed: info.missed,
    }
}

/// The unsettled commit.
pub fn commit(info: &RatingInfo) -> Option<Commit> {
    let commit = info.commit.as_ref()?;
    let claim = commit.matrix.as_ref();
    Some(Commit {
        census: commit.census.0,
        prover: commit.prover.0,
        class: claim.and_then(|claim| Class::try_from(claim.class).ok()),
        rounds: claim.map_or(0, |claim| claim.rounds),
        commitment: claim.map_or([0; 32], |claim| claim.commitment.0),
        committed_at: commit.committed_at,
        count: commit.count,
        drawn: commit.drawn,
        opened: commit.opened,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(matrix: Option<api::MatrixClaimInfo<Hash>>) -> RatingInfo {
        RatingInfo {
            asset: AssetId(1),
            rate: 0,
            rate_error: 0,
            best: 0,
            verified_work: 0,
            passed: 0,
            failed: 0,
            last_census: CensusIndex(0),
            missed: 0,
            commit: Some(api::CommitInfo {
                census: CensusIndex(7),
                prover: AccountId32([1; 32]),
                work: 5,
                matrix,
                committed_at: 9,
                count: 2,
                always: false,
                drawn: Some(false),
                opened: false,
            }),
        }
    }

    /// Without it the server would submit in every block, and settle nothing.
    #[test]
    fn a_submission_of_hashes_is_seen_as_well_as_a_commit_to_rounds() {
        let hashes = commit(&info(None)).unwrap();
        assert_eq!((hashes.census, hashes.count, hashes.committed_at), (7, 2, 9));
        assert_eq!(
            (hashes.class, hashes.rounds, hashes.commitment),
            (None, 0, [0; 32])
        );
        let matrix = api::MatrixClaimInfo {
            class: 1,
            rounds: 3,
            commitment: [4; 32].into(),
        };
        let rounds = commit(&info(Some(matrix))).unwrap();
        assert_eq!(
            (rounds.class, rounds.rounds, rounds.commitment),
            (Some(Class::S), 3, [4; 32])
        );
    }
}
