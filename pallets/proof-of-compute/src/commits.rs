// SPDX-License-Identifier: Apache-2.0
//! The calls by which devices claim work: check, settle what was before, write.

use crate::{
    impls::{free, PROBATION},
    math, CensusBooks, CensusOf, Censuses, Claim, Commit, Config, CountedCensuses, Device, DeviceOf, Devices,
    Error, Event, Limits, Pallet, Settlement, WeightInfo,
};
use compute_primitives::{
    api::Phase, AssetId, AssetKind, AssetStatus, CensusIndex, InspectAsset, OperatorBond, Work, WorkRate,
};
use compute_proof::hashrate::{self, Share};
use core::ops::RangeInclusive;
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
    ensure,
    traits::Get,
};
use sp_core::H256;
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit(
        who: T::AccountId,
        asset: AssetId,
        index: CensusIndex,
        challenge: H256,
        class: u8,
        rounds: u32,
        commitment: H256,
    ) -> DispatchResultWithPostInfo {
        let census = Self::census_at_work(index, challenge)?;
        let limits = Limits::<T>::get();
        let class = limits.class(class).ok_or(Error::<T>::ClassNotAllowed)?;
        ensure!(limits.admits_rounds(rounds), Error::<T>::RoundsOutOfBounds);
        Self::ensure_operator(asset, &who, AssetKind::Gpu)?;

        let mut device = Self::device(asset);
        let weight = match Self::settle_former(asset, index, &mut device)? {
            None => T::WeightInfo::commit(),
            Some(Settlement::Paid | Settlement::Dropped) => T::WeightInfo::commit_paying(),
            Some(Settlement::Slashed) => {
                if !T::Assets::is_whole(asset, &who) {
                    // Not an error: that would undo the slash.
                    Devices::<T>::insert(asset, device);
                    Self::deposit_event(Event::CommitRefused { asset, census: index });
                    return Ok(PostDispatchInfo {
                        actual_weight: Some(T::WeightInfo::commit_slashing()),
                        pays_fee: Pays::Yes,
                    });
                }
                T::WeightInfo::commit_slashing()
            }
        };
        let claim = Claim::Matrix {
            class,
            rounds,
            commitment,
        };
        let always = Self::is_always(&device, claim.work(), index, &census)?;
        Self::place(asset, index, &who, device, claim, always)?;
        T::Assets::oblige(asset, &who, Self::answers_until(&census))?;
        Self::deposit_event(Event::Committed {
            asset,
            census: index,
            prover: who,
            class,
            rounds,
            always,
        });
        Ok(free(weight))
    }

    pub(crate) fn do_submit_shares(
        who: T::AccountId,
        asset: AssetId,
        index: CensusIndex,
        challenge: H256,
        shares: &[Share],
    ) -> DispatchResultWithPostInfo {
        let census = Self::census_at_work(index, challenge)?;
        Self::ensure_operator(asset, &who, AssetKind::Hashrate)?;
        let device = Self::proof_device(asset, &who);
        let hashes = hashrate::verify(&device, &challenge.0, &Self::share_times(&census)?, shares)
            .map_err(Error::<T>::from)?;

        let mut device = Self::device(asset);
        let weight = match Self::settle_former(asset, index, &mut device)? {
            None => T::WeightInfo::submit_shares(),
            // Nothing of hashes is ever drawn, so nothing slashed.
            Some(_) => T::WeightInfo::submit_shares_paying(),
        };
        Self::place(asset, index, &who, device, Claim::Hashes(hashes), false)?;
        // Nothing to slash, but the bond caps the payment: it stays until that is made.
        T::Assets::oblige(asset, &who, Self::answers_until(&census))?;
        Self::deposit_event(Event::SharesSubmitted {
            asset,
            census: index,
            prover: who,
            hashes,
        });
        Ok(free(weight))
    }

    /// The census, if this is the time to work for it.
    fn census_at_work(index: CensusIndex, challenge: H256) -> Result<CensusOf<T>, DispatchError> {
        let now = frame_system::Pallet::<T>::block_number();
        let census = Censuses::<T>::get(index).ok_or(Error::<T>::NoSuchCensus)?;
        ensure!(census.phase(now) == Phase::Work, Error::<T>::WindowClosed);
        ensure!(census.challenge == challenge, Error::<T>::WrongChallenge);
        Ok(census)
    }

    /// Seconds of Unix time that a share may name now.
    fn share_times(census: &CensusOf<T>) -> Result<RangeInclusive<u32>, DispatchError> {
        let seconds = |slot: u64| {
            let millis = slot.checked_mul(T::SlotDuration::get());
            millis.and_then(|millis| u32::try_from(millis / 1_000).ok())
        };
        let opened = seconds(census.opened_slot).ok_or(ArithmeticError::Overflow)?;
        let now = seconds(T::CurrentSlot::get()).ok_or(ArithmeticError::Overflow)?;
        let last = now
            .checked_add(hashrate::MAX_TIME_AHEAD)
            .ok_or(ArithmeticError::Overflow)?;
        Ok(opened..=last)
    }

    /// Whether `who` may claim work of this kind for the asset, its bond aside.
    fn ensure_operator(asset: AssetId, who: &T::AccountId, kind: AssetKind) -> DispatchResult {
        let actual = T::Assets::kind(asset).ok_or(Error::<T>::NoSuchAsset)?;
        ensure!(actual == kind, Error::<T>::WrongKind);
        ensure!(
            T::Assets::status(asset) != Some(AssetStatus::Retired),
            Error::<T>::AssetRetired
        );
        ensure!(
            T::Assets::operator(asset).as_ref() == Some(who),
            Error::<T>::NotOperator
        );
        Ok(())
    }

    fn device(asset: AssetId) -> DeviceOf<T> {
        Devices::<T>::get(asset).unwrap_or_else(|| Device::new(CountedCensuses::<T>::get()))
    }

    /// Settles what the device claimed in a census before this one, if that is open.
    fn settle_former(
        asset: AssetId,
        index: CensusIndex,
        device: &mut DeviceOf<T>,
    ) -> Result<Option<Settlement>, DispatchError> {
        match &device.commit {
            Some(last) if last.census != index => Self::settle_commit(asset, device).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether a claim is drawn in any case: the device is on probation, or never showed nearly as much.
    fn is_always(
        device: &DeviceOf<T>,
        work: Work,
        index: CensusIndex,
        census: &CensusOf<T>,
    ) -> Result<bool, DispatchError> {
        if device.passed < PROBATION {
            return Ok(true);
        }
        let slots = census.expected_slots(frame_system::Pallet::<T>::block_number(), T::CurrentSlot::get());
        let claimed = math::rate(work, slots, T::SlotDuration::get()).ok_or(ArithmeticError::Overflow)?;
        Ok(math::exceeds_best(claimed, Self::best_at(device, index)))
    }

    /// The best rate that an opening has shown, as of census `index`.
    pub(crate) fn best_at(device: &DeviceOf<T>, index: CensusIndex) -> WorkRate {
        math::decayed_best(device.best, index.0.saturating_sub(device.best_at.0))
    }

    /// Writes a claim to the census's books, in place of the one that the device made there before.
    fn place(
        asset: AssetId,
        index: CensusIndex,
        who: &T::AccountId,
        mut device: DeviceOf<T>,
        claim: Claim,
        always: bool,
    ) -> DispatchResult {
        ensure!(T::Assets::is_whole(asset, who), Error::<T>::BondNotWhole);
        let last = device.commit.take();
        let count = last.as_ref().map_or(0, |last| last.count);
        ensure!(count < T::MaxCommits::get(), Error::<T>::TooManyCommits);
        CensusBooks::<T>::try_mutate(index, claim.kind(), |books| -> DispatchResult {
            let books = books.as_mut().ok_or(Error::<T>::NoSuchCensus)?;
            if let Some(last) = &last {
                books.commits = books.commits.checked_sub(1).ok_or(ArithmeticError::Underflow)?;
                books.always = books
                    .always
                    .checked_sub(last.always.into())
                    .ok_or(ArithmeticError::Underflow)?;
                books.claimed = books
                    .claimed
                    .checked_sub(last.claim.work())
                    .ok_or(ArithmeticError::Underflow)?;
            }
            ensure!(
                !always || books.always < T::MaxAlways::get(),
                Error::<T>::TooManyAlways
            );
            books.commits = books.commits.checked_add(1).ok_or(ArithmeticError::Overflow)?;
            books.always = books
                .always
                .checked_add(always.into())
                .ok_or(ArithmeticError::Overflow)?;
            books.claimed = books
                .claimed
                .checked_add(claim.work())
                .ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })?;
        device.commit = Some(Commit {
            census: index,
            prover: who.clone(),
            claim,
            committed_at: frame_system::Pallet::<T>::block_number(),
            count: count.saturating_add(1),
            always,
            opened: false,
        });
        Devices::<T>::insert(asset, device);
        Ok(())
    }
}
