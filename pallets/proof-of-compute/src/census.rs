// SPDX-License-Identifier: Apache-2.0
//! The course of a census: what happens at the edges of blocks. No step depends on the number of devices.

use crate::{
    math, room, BooksOf, Census, CensusBooks, CensusOf, Censuses, Config, CountedCensuses, CurrentCensus,
    CurrentSchedule, Event, NetworkRate, OldestCensus, Pallet, PastDenominators, RecentVrfs, Stage,
    WeightInfo, LOG_TARGET, MAX_SEED_BLOCKS,
};
use alloc::vec::Vec;
use codec::Encode;
use compute_primitives::{api::Phase, AssetKind, CensusIndex, Emission};
use core::cmp::Ordering;
use frame_support::{
    storage::with_storage_layer,
    traits::{Get, Randomness},
    weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::{
    traits::{CheckedSub, One, Saturating, Zero},
    ArithmeticError, DispatchError,
};

/// The kinds of work that have a pot.
pub const PAID_KINDS: [AssetKind; 2] = [AssetKind::Gpu, AssetKind::Hashrate];

/// Subject of the draws from [`Config::Randomness`].
const VRF_SUBJECT: &[u8] = b"ergon/vrf";

/// VRFs that a trigger mixes.
const TRIGGER_VRFS: usize = 4;

/// What a block may bring to a running census.
enum Step {
    /// The window closes.
    Close,
    /// The opening seed stands.
    Seed(H256),
    /// A VRF was missing.
    Void,
    /// Reports that leave the denominator are over.
    Payment,
}

impl<T: Config> Pallet<T> {
    /// Everything that the beginning of block `now` brings.
    pub(crate) fn begin_block(now: BlockNumberFor<T>) -> Weight {
        Self::remember_vrf();
        let mut weight = T::WeightInfo::on_initialize();
        let index = CurrentCensus::<T>::get();
        let current = Censuses::<T>::get(index);
        let free = match current {
            Some(census) => {
                let (census, extra) = Self::advance(index, census, now);
                weight.saturating_accrue(extra);
                !matches!(census.stage, Stage::Running) && now >= census.not_before()
            }
            None => true,
        };
        if free && Self::is_triggered(index) {
            weight.saturating_accrue(T::WeightInfo::on_initialize_open());
            Self::open_census(index, now);
        }
        if Self::clear_oldest(now) {
            weight.saturating_accrue(T::WeightInfo::on_initialize_clear());
        }
        weight
    }

    /// Everything that the end of block `now` brings: whether it had room for openings.
    pub(crate) fn end_block(now: BlockNumberFor<T>) {
        let index = CurrentCensus::<T>::get();
        let Some(mut census) = Censuses::<T>::get(index) else {
            return;
        };
        if census.phase(now) == Phase::Open && !room::has_room::<T>() {
            census.full_blocks = census.full_blocks.saturating_add(1);
            Censuses::<T>::insert(index, census);
        }
    }

    /// Appends what the parent block left as its VRF.
    fn remember_vrf() {
        let (vrf, _) = T::Randomness::random(VRF_SUBJECT);
        RecentVrfs::<T>::mutate(|vrfs| {
            if vrfs.is_full() {
                vrfs.remove(0);
            }
            vrfs.force_push(vrf);
        });
    }

    /// The VRFs of the last `count` blocks, oldest first; `None` if one is missing.
    ///
    /// A block without a VRF of its own leaves the one before it standing: whatever equals its predecessor is
    /// missing.
    fn last_vrfs(count: usize) -> Option<Vec<H256>> {
        let vrfs = RecentVrfs::<T>::get();
        let from = vrfs.len().checked_sub(count)?.checked_sub(1)?;
        let before = vrfs.iter().skip(from);
        let own = vrfs.iter().skip(from).skip(1);
        own.zip(before)
            .map(|(own, before)| own.filter(|_| own != before))
            .collect()
    }

    /// Brings the present census to block `now`, and says what that weighed beyond a quiet block.
    pub(crate) fn advance(
        index: CensusIndex,
        mut census: CensusOf<T>,
        now: BlockNumberFor<T>,
    ) -> (CensusOf<T>, Weight) {
        let mut weight = match Self::due(index, &census, now) {
            None => Weight::zero(),
            Some(step) => {
                let weight = Self::take(step, index, &mut census);
                Censuses::<T>::insert(index, &census);
                weight
            }
        };
        if census.phase(now) == Phase::Open {
            weight.saturating_accrue(T::WeightInfo::on_finalize_full());
        }
        (census, weight)
    }

    /// The step that a census has to take in block `now`.
    fn due(index: CensusIndex, census: &CensusOf<T>, now: BlockNumberFor<T>) -> Option<Step> {
        if census.stage != Stage::Running || now < census.closes_at() {
            return None;
        }
        if census.slots.is_none() {
            return Some(Step::Close);
        }
        if census.open_seed.is_some() {
            return (now >= census.payment_at()).then_some(Step::Payment);
        }
        match now.cmp(&census.seed_at()) {
            Ordering::Less => Self::last_vrfs(1).is_none().then_some(Step::Void),
            Ordering::Equal => {
                Some(Self::open_seed(index, census.schedule.seed_blocks).map_or(Step::Void, Step::Seed))
            }
            Ordering::Greater => Some(Step::Void),
        }
    }

    fn take(step: Step, index: CensusIndex, census: &mut CensusOf<T>) -> Weight {
        match step {
            Step::Close => {
                census.slots = Some(T::CurrentSlot::get().saturating_sub(census.opened_slot));
                T::WeightInfo::on_initialize_close()
            }
            Step::Seed(open_seed) => {
                census.open_seed = Some(open_seed);
                Self::deposit_event(Event::OpeningSeedMade {
                    census: index,
                    open_seed,
                });
                T::WeightInfo::on_initialize_seed()
            }
            Step::Void => {
                Self::void_census(index, census);
                T::WeightInfo::on_initialize_void()
            }
            Step::Payment => {
                Self::begin_payment(index, census);
                T::WeightInfo::on_initialize_payment()
            }
        }
    }

    /// `blake2_256("ergon/open" ‖ LE32(census) ‖ the VRFs in block order)`; `None` if one is missing.
    fn open_seed(census: CensusIndex, seed_blocks: u32) -> Option<H256> {
        let vrfs = Self::last_vrfs(usize::try_from(seed_blocks).ok()?)?;
        let mut message = b"ergon/open".to_vec();
        message.extend_from_slice(&census.0.to_le_bytes());
        vrfs.iter()
            .for_each(|vrf| message.extend_from_slice(vrf.as_bytes()));
        Some(H256(sp_io::hashing::blake2_256(&message)))
    }

    /// Whether this block opens the census after `last`: `LE64(blake2_256("ergon/trigger" ‖ genesis ‖
    /// LE32(census) ‖ R)[0..8])` is below the schedule's trigger, R being the last four VRFs in block order
    /// under blake2_256. Never by a block's hash, of which an author can try a thousand.
    pub(crate) fn is_triggered(last: CensusIndex) -> bool {
        let (Some(vrfs), Some(next)) = (Self::last_vrfs(TRIGGER_VRFS), last.0.checked_add(1)) else {
            return false;
        };
        let mixed: Vec<u8> = vrfs.iter().flat_map(|vrf| vrf.to_fixed_bytes()).collect();
        let message = (
            *b"ergon/trigger",
            Self::genesis_hash(),
            next.to_le_bytes(),
            H256(sp_io::hashing::blake2_256(&mixed)),
        );
        math::triggered(
            &message.using_encoded(sp_io::hashing::blake2_256),
            CurrentSchedule::<T>::get().trigger,
        )
    }

    /// `blake2_256("ergon/challenge" ‖ genesis ‖ LE32(census) ‖ hash of the parent block)`.
    fn challenge(census: CensusIndex, now: BlockNumberFor<T>) -> H256 {
        let parent = frame_system::Pallet::<T>::block_hash(now.saturating_sub(One::one()));
        let message = (
            *b"ergon/challenge",
            Self::genesis_hash(),
            census.0.to_le_bytes(),
            parent,
        );
        H256(message.using_encoded(sp_io::hashing::blake2_256))
    }

    /// `frame_system` never prunes block 0, and writes its true hash before the first block's hooks.
    fn genesis_hash() -> H256 {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
    }

    pub(crate) fn open_census(last: CensusIndex, now: BlockNumberFor<T>) {
        let Some(index) = last.0.checked_add(1).map(CensusIndex) else {
            return;
        };
        let census = Census {
            challenge: Self::challenge(index, now),
            opened_at: now,
            opened_slot: T::CurrentSlot::get(),
            slots: None,
            schedule: CurrentSchedule::<T>::get(),
            full_blocks: 0,
            open_seed: None,
            stage: Stage::Running,
        };
        let mut sum = T::Balance::zero();
        for kind in PAID_KINDS {
            let pot = T::Emission::draw(kind, index);
            sum.saturating_accrue(pot);
            CensusBooks::<T>::insert(
                index,
                kind,
                BooksOf::<T> {
                    pot,
                    remaining: pot,
                    ..Default::default()
                },
            );
        }
        if OldestCensus::<T>::get().0 == 0 {
            OldestCensus::<T>::put(index);
        }
        CurrentCensus::<T>::put(index);
        Self::deposit_event(Event::CensusOpened {
            census: index,
            challenge: census.challenge,
            closes_at: census.closes_at(),
            pot: sum,
        });
        Censuses::<T>::insert(index, census);
    }

    /// Puts every pot back.
    fn void_census(index: CensusIndex, census: &mut CensusOf<T>) {
        census.stage = Stage::Void;
        let put_back = Self::each_books(index, |_, books| Ok(books.remaining));
        Self::deposit_event(Event::CensusVoided {
            census: index,
            put_back,
        });
    }

    /// Fixes the denominators, and puts back what no claim can earn.
    fn begin_payment(index: CensusIndex, census: &mut CensusOf<T>) {
        let ordinal = CountedCensuses::<T>::get().saturating_add(1);
        CountedCensuses::<T>::put(ordinal);
        census.stage = Stage::Payment { ordinal };
        let slots = census.slots.unwrap_or_default();
        let put_back = Self::each_books(index, |kind, books| {
            let left = books
                .claimed
                .checked_sub(books.failed)
                .ok_or(ArithmeticError::Underflow)?;
            let mut past = PastDenominators::<T>::get(kind);
            books.denominator = math::denominator(left, &past).ok_or(ArithmeticError::Overflow)?;
            let remembered =
                math::remembered(kind, books.denominator, &past).ok_or(ArithmeticError::Overflow)?;
            if past.is_full() {
                past.remove(0);
            }
            past.force_push(remembered);
            PastDenominators::<T>::insert(kind, past);
            let rate = math::rate(left, slots, T::SlotDuration::get()).ok_or(ArithmeticError::Overflow)?;
            NetworkRate::<T>::insert(kind, rate);
            let payable = Self::share(books, left, books.denominator)?;
            Ok(books
                .remaining
                .checked_sub(&payable)
                .ok_or(ArithmeticError::Underflow)?)
        });
        Self::deposit_event(Event::PaymentStarted {
            census: index,
            put_back,
        });
    }

    /// Removes the oldest census's record once its slashing horizon has passed. At most one a block: no two
    /// fall due together.
    pub(crate) fn clear_oldest(now: BlockNumberFor<T>) -> bool {
        let index = OldestCensus::<T>::get();
        // The present census stays: the next one's opening depends on it.
        if index.0 == 0 || index >= CurrentCensus::<T>::get() {
            return false;
        }
        let kept = |census: CensusOf<T>| now <= census.closes_at().saturating_add(T::SlashingHorizon::get());
        if Censuses::<T>::get(index).is_some_and(kept) {
            return false;
        }
        let put_back = Self::each_books(index, |_, books| Ok(books.remaining));
        let owes = |books: BooksOf<T>| !books.remaining.is_zero();
        if PAID_KINDS
            .iter()
            .any(|kind| CensusBooks::<T>::get(index, kind).is_some_and(owes))
        {
            // Not lost: tried again in the next block.
            return true;
        }
        PAID_KINDS
            .iter()
            .for_each(|kind| CensusBooks::<T>::remove(index, kind));
        Censuses::<T>::remove(index);
        OldestCensus::<T>::put(CensusIndex(index.0.saturating_add(1)));
        Self::deposit_event(Event::CensusCleared {
            census: index,
            put_back,
        });
        true
    }

    /// Changes every kind's books of a census, puts back of each what `change` answers, and says how much
    /// that was.
    ///
    /// A hook has nobody to hand an error to: books whose change fails stay as they were, and what can't be
    /// put back now stays in `remaining` until the books are cleared.
    fn each_books(
        index: CensusIndex,
        mut change: impl FnMut(AssetKind, &mut BooksOf<T>) -> Result<T::Balance, DispatchError>,
    ) -> T::Balance {
        let mut sum = T::Balance::zero();
        for kind in PAID_KINDS {
            let Some(before) = CensusBooks::<T>::get(index, kind) else {
                continue;
            };
            let mut books = before.clone();
            let excess = with_storage_layer(|| change(kind, &mut books)).unwrap_or_else(|error| {
                log::error!(target: LOG_TARGET, "census {index}: books of {kind:?} not changed: {error:?}");
                books = before;
                T::Balance::zero()
            });
            match with_storage_layer(|| Self::put_back(kind, &mut books, excess)) {
                Ok(()) => sum.saturating_accrue(excess),
                Err(error) => {
                    log::error!(target: LOG_TARGET, "census {index}: {excess:?} not put back: {error:?}")
                }
            }
            CensusBooks::<T>::insert(index, kind, books);
        }
        sum
    }

    /// Relations between constants on which the rest relies.
    pub(crate) fn check_constants() {
        assert!(T::MaxCommits::get() >= 1, "no commit would be possible");
        assert!(
            T::MaxAlways::get() >= 1,
            "no device could ever pass its first openings"
        );
        assert!(T::SlotDuration::get() >= 1, "rates divide by the slot's duration");
        assert!(
            TRIGGER_VRFS <= usize::try_from(MAX_SEED_BLOCKS).unwrap_or_default(),
            "the trigger needs its VRFs"
        );
        let limits = T::BlockWeights::get();
        let opening = T::WeightInfo::open_xl().saturating_add(T::OpeningOverhead::get());
        assert!(
            room::fits_weight(&limits, Default::default(), opening),
            "no opening would ever fit"
        );
    }
}
