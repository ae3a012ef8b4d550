// SPDX-License-Identifier: Apache-2.0
//! What the runtime API and clients read.

use crate::{
    impls::MISSED_LIMIT, math, CensusBooks, Censuses, Claim, Config, CountedCensuses, CurrentCensus,
    DeviceOf, Devices, NetworkRate, Pallet, VerifiedWork,
};
use compute_primitives::{
    api::{CensusInfo, CommitInfo, HashrateCensusInfo, MatrixClaimInfo, Phase, RatingInfo},
    AssetId, AssetKind, AssetStatus, InspectAsset, Work, WorkRate,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, Zero};

impl<T: Config> Pallet<T> {
    /// The census that runs, or the last one.
    pub fn census_info() -> CensusInfo<T::Hash, T::Balance, BlockNumberFor<T>> {
        let index = CurrentCensus::<T>::get();
        let books = |kind| CensusBooks::<T>::get(index, kind).unwrap_or_default();
        let (matrix, hashes) = (books(AssetKind::Gpu), books(AssetKind::Hashrate));
        let mut info = CensusInfo {
            index,
            phase: Phase::Idle,
            challenge: H256::zero(),
            opened_at: Zero::zero(),
            closes_at: Zero::zero(),
            open_seed: None,
            open_until: Zero::zero(),
            report_until: Zero::zero(),
            not_before: Zero::zero(),
            commits: matrix.commits,
            always: matrix.always,
            claimed_work: matrix.claimed,
            pot: matrix.pot,
            paid: matrix.paid,
            hashrate: HashrateCensusInfo {
                submissions: hashes.commits,
                hashes: hashes.claimed,
                pot: hashes.pot,
                paid: hashes.paid,
            },
        };
        if let Some(census) = Censuses::<T>::get(index) {
            info.phase = census.phase(frame_system::Pallet::<T>::block_number());
            info.challenge = census.challenge;
            info.opened_at = census.opened_at;
            info.closes_at = census.closes_at();
            info.open_seed = census.open_seed;
            info.open_until = census.opening_ends_at().saturating_sub(One::one());
            info.report_until = census.payment_at().saturating_sub(One::one());
            info.not_before = census.not_before();
        }
        info
    }

    /// What the chain has verified of an asset; `None` if it never committed.
    pub fn rating_info(asset: AssetId) -> Option<RatingInfo<T::AccountId, T::Hash, BlockNumberFor<T>>> {
        let device = Devices::<T>::get(asset)?;
        let missed = Self::missed(asset);
        let commit = device.commit.as_ref().map(|commit| CommitInfo {
            census: commit.census,
            prover: commit.prover.clone(),
            work: commit.claim.work(),
            matrix: match commit.claim {
                Claim::Matrix {
                    class,
                    rounds,
                    commitment,
                } => Some(MatrixClaimInfo {
                    class: class.index(),
                    rounds,
                    commitment,
                }),
                Claim::Hashes(_) => None,
            },
            committed_at: commit.committed_at,
            count: commit.count,
            always: commit.always,
            drawn: Censuses::<T>::get(commit.census)
                .and_then(|census| Self::is_drawn(asset, commit, &census)),
            opened: commit.opened,
        });
        Some(RatingInfo {
            asset,
            rate: Self::decayed_rate(asset, &device, missed),
            rate_error: math::standard_error(math::decayed_variance(device.variance, missed)),
            best: Self::best_at(&device, CurrentCensus::<T>::get()),
            verified_work: device.verified_work,
            passed: device.passed,
            failed: device.failed,
            last_census: device.last_census,
            missed,
            commit,
        })
    }

    /// Censuses that an asset has missed in a row, without one whose commit awaits its settlement.
    pub fn missed(asset: AssetId) -> u32 {
        Devices::<T>::get(asset).map_or(0, |device| {
            math::missed(
                CountedCensuses::<T>::get(),
                device.rated_at,
                Self::awaits_settlement(&device),
            )
        })
    }

    /// Verified work per second, after decay.
    pub fn effective_rate(asset: AssetId) -> WorkRate {
        Devices::<T>::get(asset).map_or(0, |device| {
            Self::decayed_rate(asset, &device, Self::missed(asset))
        })
    }

    fn decayed_rate(asset: AssetId, device: &DeviceOf<T>, missed: u32) -> WorkRate {
        // A device is never without its asset.
        T::Assets::kind(asset).map_or(0, |kind| math::decayed_rate(kind, device.rate, missed))
    }

    /// The asset's status as the censuses missed imply it, written down or not.
    pub fn effective_status(asset: AssetId) -> Option<AssetStatus> {
        T::Assets::status(asset).map(|status| match status {
            AssetStatus::Active if Self::missed(asset) >= MISSED_LIMIT => AssetStatus::Offline,
            written => written,
        })
    }

    /// Work paid for since genesis, in multiply-accumulates or hashes.
    pub fn verified_work_total(kind: AssetKind) -> Work {
        VerifiedWork::<T>::get(kind)
    }

    /// Sum of the claims per second in the last census that reached payment.
    pub fn network_rate(kind: AssetKind) -> WorkRate {
        NetworkRate::<T>::get(kind)
    }
}
