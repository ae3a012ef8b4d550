// SPDX-License-Identifier: Apache-2.0
//! Invariants, one named check each.

use crate::{
    Books, BooksOf, CensusBooks, Censuses, Config, CountedCensuses, CurrentCensus, CurrentSchedule, Devices,
    Limits, OldestCensus, Pallet, Stage, VerifiedWork, PAID_KINDS,
};
use alloc::collections::BTreeMap;
use compute_primitives::{api::Phase, AssetKind, CensusIndex, InspectAsset, Work};
use frame_support::{ensure, traits::Get};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks all invariants.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::configuration_is_valid()?;
        Self::records_are_those_from_the_oldest_to_the_present()?;
        Self::only_the_present_census_runs()?;
        Self::pots_add_up()?;
        Self::devices_are_consistent()?;
        Self::claims_add_up()?;
        Self::what_remains_covers_what_is_owed()?;
        Self::no_more_work_is_credited_than_was_verified()
    }

    fn configuration_is_valid() -> Result<(), TryRuntimeError> {
        ensure!(
            Self::is_valid(&CurrentSchedule::<T>::get()),
            "schedule out of bounds"
        );
        ensure!(Limits::<T>::get().is_valid(), "limits that no claim could meet");
        Ok(())
    }

    /// Nothing outlives its clean-up, and nothing is cleared early.
    fn records_are_those_from_the_oldest_to_the_present() -> Result<(), TryRuntimeError> {
        let (oldest, current) = (OldestCensus::<T>::get().0, CurrentCensus::<T>::get().0);
        ensure!(
            (oldest == 0) == (current == 0) && oldest <= current,
            "oldest census after the present one"
        );
        let expected = if current == 0 {
            0
        } else {
            u64::from(current) - u64::from(oldest) + 1
        };
        let in_range = |index: CensusIndex| (oldest..=current).contains(&index.0);
        ensure!(
            Censuses::<T>::iter_keys().all(in_range),
            "a census outside the range"
        );
        ensure!(
            Censuses::<T>::iter_keys().count() as u64 == expected,
            "a census is missing"
        );
        for index in Censuses::<T>::iter_keys() {
            let kinds = PAID_KINDS
                .iter()
                .filter(|kind| CensusBooks::<T>::contains_key(index, kind));
            ensure!(kinds.count() == PAID_KINDS.len(), "a census without books");
        }
        ensure!(
            CensusBooks::<T>::iter_keys().all(|(index, kind)| in_range(index) && PAID_KINDS.contains(&kind)),
            "books without a census"
        );
        Ok(())
    }

    fn only_the_present_census_runs() -> Result<(), TryRuntimeError> {
        let mut ordinals = BTreeMap::new();
        for (index, census) in Censuses::<T>::iter() {
            match census.stage {
                Stage::Running => ensure!(index == CurrentCensus::<T>::get(), "two censuses run"),
                Stage::Payment { ordinal } => {
                    ensure!(
                        census.slots.is_some() && census.open_seed.is_some(),
                        "paid before its seed"
                    );
                    ordinals.insert(index, ordinal);
                }
                Stage::Void => ensure!(census.open_seed.is_none(), "void with a seed"),
            }
        }
        let counted = CountedCensuses::<T>::get();
        ensure!(
            ordinals.values().all(|ordinal| (1..=counted).contains(ordinal)),
            "ordinal not counted"
        );
        let consecutive = |pair: (&u32, &u32)| pair.0.checked_add(1) == Some(*pair.1);
        ensure!(
            ordinals.values().zip(ordinals.values().skip(1)).all(consecutive),
            "ordinals with a gap"
        );
        Ok(())
    }

    /// A census pays at most its pot, and the rest is either returned or still there.
    fn pots_add_up() -> Result<(), TryRuntimeError> {
        for (
            ..,
            Books {
                pot,
                paid,
                put_back,
                remaining,
                ..
            },
        ) in CensusBooks::<T>::iter()
        {
            let sum = [paid, put_back, remaining]
                .into_iter()
                .try_fold(0u128, |sum, part| sum.checked_add(part.into()));
            ensure!(sum == Some(pot.into()), "pot = paid + put back + remaining");
        }
        Ok(())
    }

    fn devices_are_consistent() -> Result<(), TryRuntimeError> {
        let (counted, current) = (CountedCensuses::<T>::get(), CurrentCensus::<T>::get());
        for (asset, device) in Devices::<T>::iter() {
            let kind = T::Assets::kind(asset).ok_or("a device without its asset")?;
            ensure!(
                kind == AssetKind::Hashrate || device.variance.is_zero(),
                "a variance of what is counted"
            );
            let opens = device.passed == 0 && device.failed == 0 && device.best == 0;
            ensure!(kind == AssetKind::Gpu || opens, "openings of hashes");
            ensure!(
                device.rated_at <= counted,
                "rated in a census that was not paid yet"
            );
            ensure!(
                device.best_at <= current && device.last_census <= current,
                "a census to come"
            );
            let Some(commit) = device.commit else { continue };
            ensure!(commit.census <= current, "a commit for a census to come");
            ensure!(commit.claim.kind() == kind, "a claim of another kind of work");
            ensure!(
                kind == AssetKind::Gpu || !(commit.always || commit.opened),
                "hashes were opened"
            );
            ensure!(
                (1..=T::MaxCommits::get()).contains(&commit.count),
                "commits beyond the limit"
            );
            if let Some(census) = Censuses::<T>::get(commit.census) {
                let drawn = Self::is_drawn(asset, &commit, &census);
                ensure!(!commit.opened || drawn == Some(true), "opened and not drawn");
                ensure!(
                    commit.committed_at < census.closes_at(),
                    "committed after the window"
                );
            }
        }
        Ok(())
    }

    /// Work of unsettled commits, by census and kind.
    fn unsettled() -> BTreeMap<(CensusIndex, AssetKind), (u32, u32, Work)> {
        let mut sums = BTreeMap::<_, (u32, u32, Work)>::new();
        for commit in Devices::<T>::iter_values().filter_map(|device| device.commit) {
            let sum = sums.entry((commit.census, commit.claim.kind())).or_default();
            let work = commit.claim.work();
            *sum = (sum.0 + 1, sum.1 + u32::from(commit.always), sum.2 + work);
        }
        sums
    }

    /// Every claim is in the books of its census, once: not settled, found false in time, or settled.
    fn claims_add_up() -> Result<(), TryRuntimeError> {
        let unsettled = Self::unsettled();
        let now = frame_system::Pallet::<T>::block_number();
        for (index, kind, books) in CensusBooks::<T>::iter() {
            let Some(census) = Censuses::<T>::get(index) else {
                continue;
            };
            let (commits, always, work) = unsettled.get(&(index, kind)).copied().unwrap_or_default();
            ensure!(
                books.always <= T::MaxAlways::get(),
                "more openings certain than a census takes"
            );
            ensure!(
                kind == AssetKind::Gpu || (books.always == 0 && books.failed == 0),
                "hashes drawn or found false"
            );
            ensure!(
                books.always <= books.commits && commits <= books.commits,
                "more of a part than of the whole"
            );
            if !matches!(census.stage, Stage::Void) {
                let sum = books
                    .failed
                    .checked_add(books.settled)
                    .and_then(|sum| sum.checked_add(work));
                ensure!(
                    sum == Some(books.claimed),
                    "claimed = failed + settled + unsettled"
                );
            }
            if matches!(census.phase(now), Phase::Work | Phase::Seed | Phase::Open) {
                ensure!(
                    (commits, always) == (books.commits, books.always),
                    "commits miscounted"
                );
            }
            let paid = matches!(census.stage, Stage::Payment { .. });
            ensure!(
                paid || (books.settled == 0 && books.denominator == 0),
                "settled before payment"
            );
        }
        Ok(())
    }

    /// Whatever the order in which they are settled, the pot suffices for all shares.
    fn what_remains_covers_what_is_owed() -> Result<(), TryRuntimeError> {
        let mut owed = BTreeMap::<_, u128>::new();
        for commit in Devices::<T>::iter_values().filter_map(|device| device.commit) {
            let (census, kind, work) = (commit.census, commit.claim.kind(), commit.claim.work());
            let Some(books) = Self::paying_books(census, kind) else {
                continue;
            };
            let share: u128 = Self::share(&books, work, books.denominator)?.into();
            let sum = owed.entry((census, kind)).or_default();
            *sum = sum.checked_add(share).ok_or("shares overflow")?;
        }
        for ((index, kind), owed) in owed {
            let remaining = Self::paying_books(index, kind).map(|books| books.remaining.into());
            ensure!(
                remaining.is_some_and(|remaining: u128| remaining >= owed),
                "less left than is owed"
            );
        }
        Ok(())
    }

    fn paying_books(index: CensusIndex, kind: AssetKind) -> Option<BooksOf<T>> {
        let census = Censuses::<T>::get(index)?;
        matches!(census.stage, Stage::Payment { .. })
            .then(|| CensusBooks::<T>::get(index, kind))
            .flatten()
    }

    fn no_more_work_is_credited_than_was_verified() -> Result<(), TryRuntimeError> {
        for kind in PAID_KINDS {
            let credited = Devices::<T>::iter()
                .filter(|(asset, _)| T::Assets::kind(*asset) == Some(kind))
                .try_fold(0, |sum: Work, (_, device)| sum.checked_add(device.verified_work))
                .ok_or("work overflows")?;
            // Reaped assets take their part of the sum with them.
            ensure!(
                credited <= VerifiedWork::<T>::get(kind),
                "more work credited than verified"
            );
        }
        Ok(())
    }
}
