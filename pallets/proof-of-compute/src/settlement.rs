// SPDX-License-Identifier: Apache-2.0
//! Where commits end: paid, slashed or dropped. Each once.

use crate::{
    math, BooksOf, CensusBooks, CensusOf, Censuses, Claim, CommitOf, Config, DeviceOf, Error, Event, Pallet,
    Settlement, Stage, VerifiedWork,
};
use compute_primitives::{
    AssetId, AssetKind, AssetLife, AssetStatus, Bounty, Emission, InspectAsset, OperatorBond, Work,
};
use compute_proof::Device as ProofDevice;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// The device, as proofs name it.
    pub(crate) fn proof_device(asset: AssetId, prover: &T::AccountId) -> ProofDevice {
        ProofDevice {
            asset: asset.0,
            prover: prover.clone().into(),
        }
    }

    /// Whether a commit must be opened; `None` until the opening seed stands. Hashes need no opening.
    pub(crate) fn is_drawn(asset: AssetId, commit: &CommitOf<T>, census: &CensusOf<T>) -> Option<bool> {
        if let Claim::Hashes(_) = commit.claim {
            return Some(false);
        }
        let open_seed = census.open_seed?;
        let device = Self::proof_device(asset, &commit.prover);
        let key = compute_proof::device_key(&census.challenge.0, &device);
        Some(commit.always || compute_proof::is_drawn(&open_seed.0, &key))
    }

    /// Ends the device's commit, whose census must have reached payment. The caller stores the device.
    pub(crate) fn settle_commit(
        asset: AssetId,
        device: &mut DeviceOf<T>,
    ) -> Result<Settlement, DispatchError> {
        let commit = device.commit.take().ok_or(Error::<T>::NoCommit)?;
        let index = commit.census;
        let Some(census) = Censuses::<T>::get(index) else {
            Self::deposit_event(Event::CommitDropped { asset, census: index });
            return Ok(Settlement::Dropped);
        };
        let ordinal = match census.stage {
            Stage::Running => return Err(Error::<T>::TooEarly.into()),
            Stage::Void => {
                Self::deposit_event(Event::CommitDropped { asset, census: index });
                return Ok(Settlement::Dropped);
            }
            Stage::Payment { ordinal } => ordinal,
        };
        let drawn = Self::is_drawn(asset, &commit, &census).ok_or(Error::<T>::TooEarly)?;
        if drawn && !commit.opened {
            Self::fail(asset, device, &commit, &census, None)?;
            return Ok(Settlement::Slashed);
        }
        Self::reward(asset, device, &commit, &census, ordinal)?;
        Ok(Settlement::Paid)
    }

    /// Pays a commit its share, and rates the device.
    fn reward(
        asset: AssetId,
        device: &mut DeviceOf<T>,
        commit: &CommitOf<T>,
        census: &CensusOf<T>,
        ordinal: u32,
    ) -> DispatchResult {
        let (kind, work) = (commit.claim.kind(), commit.claim.work());
        let shown = Self::rate_of(work, census)?;
        let missed = math::missed(ordinal, device.rated_at, true);
        device.rate = math::rerated(kind, math::decayed_rate(kind, device.rate, missed), shown);
        if kind == AssetKind::Hashrate {
            let before = math::decayed_variance(device.variance, missed);
            device.variance = math::variance_with(before, shown);
        }
        device.rated_at = ordinal;
        device.last_census = commit.census;
        device.verified_work = device
            .verified_work
            .checked_add(work)
            .ok_or(ArithmeticError::Overflow)?;
        VerifiedWork::<T>::try_mutate(kind, |total| -> DispatchResult {
            *total = total.checked_add(work).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })?;

        let mut books = CensusBooks::<T>::get(commit.census, kind).ok_or(Error::<T>::NoSuchCensus)?;
        let share = Self::share(&books, work, books.denominator)?;
        let bond = T::Assets::bonded(asset, &commit.prover);
        let amount = T::Balance::from(math::capped(
            share.into(),
            bond.into(),
            T::Emission::unvested(asset).into(),
        ));
        let cut = share.checked_sub(&amount).ok_or(ArithmeticError::Underflow)?;
        books.settled = books.settled.checked_add(work).ok_or(ArithmeticError::Overflow)?;
        books.remaining = books
            .remaining
            .checked_sub(&amount)
            .ok_or(ArithmeticError::Underflow)?;
        books.paid = books.paid.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
        Self::put_back(kind, &mut books, cut)?;
        CensusBooks::<T>::insert(commit.census, kind, books);
        if !amount.is_zero() {
            T::Emission::pay(asset, kind, amount)?;
        }

        if matches!(
            T::Assets::status(asset),
            Some(AssetStatus::Provisional | AssetStatus::Offline)
        ) {
            T::Assets::set_status(asset, AssetStatus::Active)?;
        }
        T::Assets::set_rate(asset, device.rate)?;
        let (census, rate) = (commit.census, device.rate);
        Self::deposit_event(Event::Paid {
            asset,
            census,
            work,
            amount,
            cut,
            rate,
        });
        Ok(())
    }

    /// Slashes the prover of a commit that was drawn and not opened. A tenth goes to the reporter, if there
    /// is one.
    pub(crate) fn fail(
        asset: AssetId,
        device: &mut DeviceOf<T>,
        commit: &CommitOf<T>,
        census: &CensusOf<T>,
        reporter: Option<T::AccountId>,
    ) -> DispatchResult {
        let (kind, work) = (commit.claim.kind(), commit.claim.work());
        let mut books = CensusBooks::<T>::get(commit.census, kind).ok_or(Error::<T>::NoSuchCensus)?;
        let share = match census.stage {
            Stage::Payment { .. } => {
                let share = Self::share(&books, work, books.denominator)?;
                books.settled = books.settled.checked_add(work).ok_or(ArithmeticError::Overflow)?;
                Self::put_back(kind, &mut books, share)?;
                share
            }
            Stage::Running | Stage::Void => {
                // In time: the claim leaves the denominator. Its reward is what it would have been with it.
                let left = books
                    .claimed
                    .checked_sub(books.failed)
                    .ok_or(ArithmeticError::Underflow)?;
                let past = crate::PastDenominators::<T>::get(kind);
                let denominator = math::denominator(left, &past).ok_or(ArithmeticError::Overflow)?;
                books.failed = books.failed.checked_add(work).ok_or(ArithmeticError::Overflow)?;
                Self::share(&books, work, denominator)?
            }
        };
        CensusBooks::<T>::insert(commit.census, kind, books);
        device.passed = 0;
        device.failed = device.failed.saturating_add(1);

        let prover = commit.prover.clone();
        let bond = T::Assets::bonded(asset, &prover);
        let unvested = T::Emission::unvested(asset);
        let slash = math::slash(share.into(), bond.into(), unvested.into());
        let bounty = |amount: u128| {
            reporter.clone().filter(|_| amount > 0).map(|reporter| Bounty {
                reporter,
                amount: T::Balance::from(amount),
            })
        };
        if slash.bond > 0 {
            T::Assets::slash(asset, &prover, slash.bond.into(), bounty(slash.bond_bounty))?;
        }
        if slash.unvested > 0 {
            T::Emission::slash_unvested(asset, slash.unvested.into(), bounty(slash.unvested_bounty))?;
        }
        // Both parts are of amounts that add up to less than the issuance.
        let promised = slash.bond_bounty.saturating_add(slash.unvested_bounty);
        Self::deposit_event(Event::Slashed {
            asset,
            census: commit.census,
            prover,
            bond: slash.bond.into(),
            unvested: slash.unvested.into(),
            bounty: T::Balance::from(if reporter.is_some() { promised } else { 0 }),
            reporter,
        });
        Ok(())
    }

    /// The part of a pot that `work` earns, rounded down.
    pub(crate) fn share(
        books: &BooksOf<T>,
        work: Work,
        denominator: Work,
    ) -> Result<T::Balance, DispatchError> {
        let share = math::share(books.pot.into(), work, denominator).ok_or(ArithmeticError::Overflow)?;
        Ok(T::Balance::from(share))
    }

    /// Returns `amount` of what remains in the books to later pots.
    pub(crate) fn put_back(kind: AssetKind, books: &mut BooksOf<T>, amount: T::Balance) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        let remaining = books
            .remaining
            .checked_sub(&amount)
            .ok_or(ArithmeticError::Underflow)?;
        let put_back = books
            .put_back
            .checked_add(&amount)
            .ok_or(ArithmeticError::Overflow)?;
        T::Emission::put_back(kind, amount)?;
        (books.remaining, books.put_back) = (remaining, put_back);
        Ok(())
    }

    /// The rate that `work` shows over the census's whole window, which must have closed.
    pub(crate) fn rate_of(work: Work, census: &CensusOf<T>) -> Result<u128, DispatchError> {
        let slots = census.slots.ok_or(Error::<T>::TooEarly)?;
        math::rate(work, slots, T::SlotDuration::get()).ok_or_else(|| ArithmeticError::Overflow.into())
    }

    /// How long a commit's bond answers for it: as long as the census's record is kept.
    pub(crate) fn answers_until(census: &CensusOf<T>) -> BlockNumberFor<T> {
        use sp_runtime::Saturating;
        census.closes_at().saturating_add(T::SlashingHorizon::get())
    }

    /// Whether a commit was drawn and not opened, now that the opening phase is over.
    pub(crate) fn ensure_failed(
        asset: AssetId,
        commit: &CommitOf<T>,
        census: &CensusOf<T>,
        now: BlockNumberFor<T>,
    ) -> DispatchResult {
        ensure!(!matches!(census.stage, Stage::Void), Error::<T>::CensusVoid);
        ensure!(now >= census.opening_ends_at(), Error::<T>::TooEarly);
        let drawn = Self::is_drawn(asset, commit, census).ok_or(Error::<T>::TooEarly)?;
        ensure!(drawn, Error::<T>::NotDrawn);
        ensure!(!commit.opened, Error::<T>::AlreadyOpened);
        Ok(())
    }
}
