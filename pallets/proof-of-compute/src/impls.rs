// SPDX-License-Identifier: Apache-2.0
//! The calls but for commits: check, compute, write, say so.

use crate::{
    math, Censuses, Claim, Config, CountedCensuses, CurrentCensus, CurrentSchedule, DeviceOf, Devices, Error,
    Event, Pallet, Schedule, Settlement, Stage, WeightInfo,
};
use compute_primitives::{api::Phase, AssetId, AssetLife, AssetStatus, CensusIndex, InspectAsset, OnReap};
use compute_proof::{hashrate::SharesError, Claim as ProofClaim, Class, VerifyError};
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
    ensure,
    traits::Get,
    weights::Weight,
};
use sp_core::H256;
use sp_runtime::{traits::UniqueSaturatedInto, DispatchResult};

/// Openings that a device must pass before it is left to the lottery; again after a failure.
pub const PROBATION: u32 = 16;

/// Censuses missed in a row that make an asset Offline.
pub const MISSED_LIMIT: u32 = 3;

/// What a call that did its work costs its caller: nothing.
pub(crate) fn free(weight: Weight) -> PostDispatchInfo {
    PostDispatchInfo {
        actual_weight: Some(weight),
        pays_fee: Pays::No,
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open(
        who: T::AccountId,
        asset: AssetId,
        index: CensusIndex,
        open_seed: H256,
        top: H256,
        samples: &[u8],
    ) -> DispatchResultWithPostInfo {
        let now = frame_system::Pallet::<T>::block_number();
        let mut device = Devices::<T>::get(asset).ok_or(Error::<T>::NoCommit)?;
        let commit = device
            .commit
            .as_mut()
            .filter(|commit| commit.census == index)
            .ok_or(Error::<T>::NoCommit)?;
        ensure!(commit.prover == who, Error::<T>::NotProver);
        let census = Censuses::<T>::get(index).ok_or(Error::<T>::NoSuchCensus)?;
        ensure!(census.phase(now) == Phase::Open, Error::<T>::NotOpening);
        ensure!(census.open_seed == Some(open_seed), Error::<T>::WrongOpenSeed);
        ensure!(!commit.opened, Error::<T>::AlreadyOpened);
        let drawn = Self::is_drawn(asset, commit, &census).ok_or(Error::<T>::NotOpening)?;
        ensure!(drawn, Error::<T>::NotDrawn);

        let Claim::Matrix {
            class,
            rounds,
            commitment,
        } = commit.claim
        else {
            // Never drawn.
            return Err(Error::<T>::NotDrawn.into());
        };
        let claim = ProofClaim {
            class,
            rounds,
            commitment: commitment.0,
        };
        let proof_device = Self::proof_device(asset, &who);
        compute_proof::verify(
            &proof_device,
            &census.challenge.0,
            &claim,
            &open_seed.0,
            &top.0,
            samples,
        )
        .map_err(Error::<T>::from)?;

        let rate = Self::rate_of(commit.claim.work(), &census)?;
        let weight = Self::open_weight(class);
        commit.opened = true;
        device.passed = device.passed.saturating_add(1);
        device.best = rate.max(Self::best_at(&device, index));
        device.best_at = index;
        Devices::<T>::insert(asset, device);
        Self::deposit_event(Event::Opened {
            asset,
            census: index,
            prover: who,
            rate,
        });
        Ok(free(weight))
    }

    fn open_weight(class: Class) -> Weight {
        match class {
            Class::Xs => T::WeightInfo::open_xs(),
            Class::S => T::WeightInfo::open_s(),
            Class::M => T::WeightInfo::open_m(),
            Class::L => T::WeightInfo::open_l(),
            Class::Xl => T::WeightInfo::open_xl(),
        }
    }

    pub(crate) fn do_report(
        who: T::AccountId,
        asset: AssetId,
        index: CensusIndex,
    ) -> DispatchResultWithPostInfo {
        let now = frame_system::Pallet::<T>::block_number();
        let mut device = Devices::<T>::get(asset).ok_or(Error::<T>::NoCommit)?;
        let commit = device
            .commit
            .take_if(|commit| commit.census == index)
            .ok_or(Error::<T>::NoCommit)?;
        let census = Censuses::<T>::get(index).ok_or(Error::<T>::NoSuchCensus)?;
        Self::ensure_failed(asset, &commit, &census, now)?;
        Self::fail(asset, &mut device, &commit, &census, Some(who))?;
        Devices::<T>::insert(asset, device);
        Ok(free(T::WeightInfo::report()))
    }

    pub(crate) fn do_settle(asset: AssetId) -> DispatchResultWithPostInfo {
        let mut device = Devices::<T>::get(asset).ok_or(Error::<T>::NoCommit)?;
        let weight = match Self::settle_commit(asset, &mut device)? {
            Settlement::Slashed => T::WeightInfo::settle_slashing(),
            Settlement::Paid | Settlement::Dropped => T::WeightInfo::settle_paying(),
        };
        Devices::<T>::insert(asset, device);
        Ok(free(weight))
    }

    pub(crate) fn do_mark_offline(asset: AssetId) -> DispatchResultWithPostInfo {
        ensure!(
            T::Assets::status(asset).ok_or(Error::<T>::NoSuchAsset)? == AssetStatus::Active,
            Error::<T>::NotActive
        );
        let mut device = Devices::<T>::get(asset).ok_or(Error::<T>::NotMissed)?;
        if Self::awaits_settlement(&device) {
            Self::settle_commit(asset, &mut device)?;
        }
        let missed = math::missed(CountedCensuses::<T>::get(), device.rated_at, false);
        ensure!(missed >= MISSED_LIMIT, Error::<T>::NotMissed);
        let kind = T::Assets::kind(asset).ok_or(Error::<T>::NoSuchAsset)?;
        let rate = math::decayed_rate(kind, device.rate, missed);
        Devices::<T>::insert(asset, device);
        T::Assets::set_status(asset, AssetStatus::Offline)?;
        T::Assets::set_rate(asset, rate)?;
        Self::deposit_event(Event::MarkedOffline { asset, missed, rate });
        Ok(free(T::WeightInfo::mark_offline()))
    }

    /// Whether the device's commit is of a census that reached payment.
    pub(crate) fn awaits_settlement(device: &DeviceOf<T>) -> bool {
        let census = device
            .commit
            .as_ref()
            .and_then(|commit| Censuses::<T>::get(commit.census));
        census.is_some_and(|census| matches!(census.stage, Stage::Payment { .. }))
    }

    pub(crate) fn do_set_schedule(schedule: Schedule) -> DispatchResult {
        let census = Censuses::<T>::get(CurrentCensus::<T>::get());
        let runs = census.is_some_and(|census| matches!(census.stage, Stage::Running));
        ensure!(!runs, Error::<T>::CensusRunning);
        ensure!(Self::is_valid(&schedule), Error::<T>::InvalidSchedule);
        CurrentSchedule::<T>::put(schedule);
        Self::deposit_event(Event::ScheduleSet { schedule });
        Ok(())
    }

    /// Whether a schedule is within bounds on this chain.
    pub(crate) fn is_valid(schedule: &Schedule) -> bool {
        schedule.is_valid(T::SlashingHorizon::get().unique_saturated_into())
    }
}

impl<T> From<VerifyError> for Error<T> {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Rounds => Self::RoundsOutOfBounds,
            VerifyError::Length => Self::OpeningLength,
            VerifyError::Commitment => Self::OpeningCommitment,
            VerifyError::TopPath(_) | VerifyError::PreviousRootPath(_) | VerifyError::LeafPath(_) => {
                Self::OpeningPath
            }
            VerifyError::Cell(_) => Self::OpeningCell,
        }
    }
}

impl<T> From<SharesError> for Error<T> {
    fn from(error: SharesError) -> Self {
        match error {
            SharesError::Count => Self::ShareCount,
            SharesError::Time(_) => Self::ShareTime,
            SharesError::Order(_) => Self::ShareOrder,
            SharesError::Overflow => Self::TooManyHashes,
        }
    }
}

/// An asset's record goes with it. What its last commit earned or cost is settled first; while that can't be,
/// nothing is reaped.
impl<T: Config> OnReap for Pallet<T> {
    fn on_reap(asset: AssetId) -> DispatchResult {
        let Some(mut device) = Devices::<T>::get(asset) else {
            return Ok(());
        };
        if device.commit.is_some() {
            Self::settle_commit(asset, &mut device)?;
        }
        Devices::<T>::remove(asset);
        Ok(())
    }
}
