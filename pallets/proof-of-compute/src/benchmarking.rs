// SPDX-License-Identifier: Apache-2.0
//! Benchmarks: calls at their worst, each path of a call that is charged by its path, and each step of the
//! hooks.
//!
//! Openings are forged by knowing the seed beforehand; their verification is the real one.

use super::*;
use alloc::vec;
use compute_primitives::{
    api::Phase, AssetId, AssetKind, AssetStatus, CensusIndex, Emission, InspectAsset, OperatorBond,
};
use compute_proof::{
    hashrate::{Share, SHARES},
    prove::{mine, open_with_known_seed},
    Class, MAX_ROUNDS,
};
use frame_benchmarking::v2::*;
use frame_support::{
    dispatch::DispatchClass,
    traits::{ConstU32, Get, Hooks},
    weights::Weight,
    BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, Pallet as System, RawOrigin};
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, Zero};

/// A bond so small, or raised to so small a minimum, that a pot exceeds its sixteenth: payments are cut, and
/// slashes take all of it and of the unvested.
const SMALL: u128 = 1_000_000_000_000;

const OPEN_SEED: H256 = H256([7; 32]);

/// The worst of what is read on the way: every class counts, all memories are full. Censuses begin with the
/// second, so that the first one's pot can feed [`earn`].
fn prepare<T: Config>() {
    let classes = BoundedVec::truncate_from(Class::ALL.map(|class| class.index()).to_vec());
    Limits::<T>::put(WorkLimits {
        classes,
        min_rounds: 1,
        max_rounds: MAX_ROUNDS,
    });
    CurrentSchedule::<T>::put(Schedule {
        trigger: u64::MAX,
        ..Schedule::PUBLIC
    });
    CurrentCensus::<T>::put(CensusIndex(1));
    T::Emission::draw(AssetKind::Gpu, CensusIndex(1));
    T::Emission::draw(AssetKind::Hashrate, CensusIndex(1));
    RecentVrfs::<T>::put(BoundedVec::truncate_from(
        (0..17).map(|block| Some(H256([block; 32]))).collect(),
    ));
    for kind in PAID_KINDS {
        PastDenominators::<T>::insert(kind, BoundedVec::truncate_from(vec![1; 24]));
    }
    System::<T>::set_block_number(10u32.into());
}

/// An asset and its operator, past probation.
fn device<T: Config>() -> Result<(T::AccountId, AssetId), BenchmarkError> {
    let operator: T::AccountId = account("operator", 0, 0);
    let asset = T::Assets::create(&operator, AssetKind::Gpu, SMALL.into())?;
    let record = Device {
        passed: crate::impls::PROBATION,
        best: 1,
        ..Device::new(0)
    };
    Devices::<T>::insert(asset, record);
    Ok((operator, asset))
}

/// A miner, and its operator.
fn miner<T: Config>() -> Result<(T::AccountId, AssetId), BenchmarkError> {
    let operator: T::AccountId = account("operator", 0, 0);
    let asset = T::Assets::create(&operator, AssetKind::Hashrate, SMALL.into())?;
    Devices::<T>::insert(asset, Device::new(0));
    Ok((operator, asset))
}

type Shares = BoundedVec<Share, ConstU32<SHARES>>;

/// What a miner submits in this census, and the challenge.
fn shares<T: Config>(
    operator: &T::AccountId,
    asset: AssetId,
    census: CensusIndex,
) -> Result<(H256, Shares), BenchmarkError> {
    let challenge = Censuses::<T>::get(census).ok_or("no census")?.challenge;
    let ntime = T::CurrentSlot::get().saturating_mul(T::SlotDuration::get()) / 1_000;
    let shares = mine(
        &Pallet::<T>::proof_device(asset, operator),
        &challenge.0,
        ntime.try_into().map_err(|_| "past the end of time")?,
        2 * SHARES,
    );
    Ok((challenge, BoundedVec::truncate_from(shares)))
}

/// Opens a census now.
fn start<T: Config>() -> CensusIndex {
    Pallet::<T>::open_census(CurrentCensus::<T>::get(), System::<T>::block_number());
    CurrentCensus::<T>::get()
}

fn commit_to<T: Config>(
    who: &T::AccountId,
    asset: AssetId,
    census: CensusIndex,
) -> Result<(), BenchmarkError> {
    let record = Censuses::<T>::get(census).ok_or("no census")?;
    let origin = RawOrigin::Signed(who.clone()).into();
    Pallet::<T>::commit(
        origin,
        asset,
        census,
        record.challenge,
        4,
        MAX_ROUNDS,
        H256::zero(),
    )
    .map_err(|error| error.error)?;
    Ok(())
}

/// Brings the census to its payment.
fn pay<T: Config>(index: CensusIndex) -> Result<(), BenchmarkError> {
    let mut census = Censuses::<T>::get(index).ok_or("no census")?;
    census.slots = Some(20);
    census.open_seed = Some(OPEN_SEED);
    let now = census.payment_at();
    System::<T>::set_block_number(now);
    let (census, _) = Pallet::<T>::advance(index, census, now);
    assert_eq!(census.phase(now), Phase::Payment);
    Ok(())
}

/// Gives the asset a stream of income that has not vested.
fn earn<T: Config>(asset: AssetId) -> Result<(), BenchmarkError> {
    let kind = T::Assets::kind(asset).ok_or("no asset")?;
    T::Emission::pay(asset, kind, (SMALL / 1_000).into())?;
    Ok(())
}

/// Gives the asset a stream of which a part was released in this census, and another part waits for the next one's draw: so the
/// next touch ends what is told of this census.
fn earn_since<T: Config>(asset: AssetId, census: CensusIndex) -> Result<(), BenchmarkError> {
    let pass = || System::<T>::set_block_number(System::<T>::block_number() + One::one());
    earn::<T>(asset)?;
    pass();
    earn::<T>(asset)?;
    let kind = T::Assets::kind(asset).ok_or("no asset")?;
    T::Emission::draw(kind, CensusIndex(census.0 + 1));
    pass();
    Ok(())
}

/// A commit that awaits its settlement: opened, so that it is paid, or drawn and not opened.
fn awaiting<T: Config>(opened: bool) -> Result<(T::AccountId, AssetId, CensusIndex), BenchmarkError> {
    prepare::<T>();
    let (operator, asset) = device::<T>()?;
    let census = start::<T>();
    commit_to::<T>(&operator, asset, census)?;
    Devices::<T>::mutate(asset, |device| {
        if let Some(commit) = device.as_mut().and_then(|device| device.commit.as_mut()) {
            commit.always = true;
            commit.opened = opened;
        }
    });
    pay::<T>(census)?;
    earn_since::<T>(asset, census)?;
    Ok((operator, asset, census))
}

/// The next census, opened as early as it may, and its challenge.
fn next<T: Config>() -> Result<(CensusIndex, H256), BenchmarkError> {
    let last = Censuses::<T>::get(CurrentCensus::<T>::get()).ok_or("no census")?;
    System::<T>::set_block_number(last.not_before());
    let census = start::<T>();
    Ok((census, Censuses::<T>::get(census).ok_or("no census")?.challenge))
}

/// A drawn commit of the largest claim in a class, in its opening phase, and its opening.
#[allow(clippy::type_complexity)]
fn drawn<T: Config>(
    class: Class,
) -> Result<
    (
        T::AccountId,
        AssetId,
        CensusIndex,
        H256,
        BoundedVec<u8, frame_support::traits::ConstU32<{ compute_proof::MAX_SAMPLES_LEN }>>,
    ),
    BenchmarkError,
> {
    prepare::<T>();
    let (operator, asset) = device::<T>()?;
    let index = start::<T>();
    let mut census = Censuses::<T>::get(index).ok_or("no census")?;
    let proof_device = Pallet::<T>::proof_device(asset, &operator);
    let (claim, opening) = open_with_known_seed(
        &census.challenge.0,
        &proof_device,
        class,
        MAX_ROUNDS,
        &OPEN_SEED.0,
    )
    .ok_or("no opening")?;
    let origin = RawOrigin::Signed(operator.clone()).into();
    Pallet::<T>::commit(
        origin,
        asset,
        index,
        census.challenge,
        class.index(),
        MAX_ROUNDS,
        H256(claim.commitment),
    )
    .map_err(|error| error.error)?;
    census.slots = Some(20);
    census.open_seed = Some(OPEN_SEED);
    System::<T>::set_block_number(census.seed_at());
    Censuses::<T>::insert(index, census);
    let samples = opening.samples.try_into().map_err(|_| "too long")?;
    Ok((operator, asset, index, H256(opening.top), samples))
}

fn is_opened<T: Config>(asset: AssetId) -> bool {
    Devices::<T>::get(asset)
        .and_then(|device| device.commit)
        .is_some_and(|commit| commit.opened)
}

/// The present census at the block that `at` picks, and that block.
fn census_at<T: Config>(
    at: impl Fn(&CensusOf<T>) -> BlockNumberFor<T>,
) -> Result<(CensusIndex, CensusOf<T>, BlockNumberFor<T>), BenchmarkError> {
    let index = CurrentCensus::<T>::get();
    let census = Censuses::<T>::get(index).ok_or("no census")?;
    let now = at(&census);
    System::<T>::set_block_number(now);
    Ok((index, census, now))
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn commit() -> Result<(), BenchmarkError> {
        prepare::<T>();
        let (operator, asset) = device::<T>()?;
        let census = start::<T>();
        let challenge = Censuses::<T>::get(census).ok_or("no census")?.challenge;

        #[extrinsic_call]
        commit(
            RawOrigin::Signed(operator),
            asset,
            census,
            challenge,
            4,
            MAX_ROUNDS,
            H256::zero(),
        );

        assert_eq!(
            CensusBooks::<T>::get(census, AssetKind::Gpu).map(|books| books.commits),
            Some(1)
        );
        Ok(())
    }

    #[benchmark]
    fn commit_paying() -> Result<(), BenchmarkError> {
        let (operator, asset, last) = awaiting::<T>(true)?;
        let (census, challenge) = next::<T>()?;

        #[extrinsic_call]
        commit(
            RawOrigin::Signed(operator),
            asset,
            census,
            challenge,
            4,
            MAX_ROUNDS,
            H256::zero(),
        );

        assert_eq!(
            Devices::<T>::get(asset).map(|device| device.last_census),
            Some(last)
        );
        assert_eq!(
            CensusBooks::<T>::get(census, AssetKind::Gpu).map(|books| books.commits),
            Some(1)
        );
        Ok(())
    }

    #[benchmark]
    fn commit_slashing() -> Result<(), BenchmarkError> {
        let (operator, asset, _) = awaiting::<T>(false)?;
        let (census, challenge) = next::<T>()?;
        earn::<T>(asset)?;

        #[extrinsic_call]
        commit(
            RawOrigin::Signed(operator),
            asset,
            census,
            challenge,
            4,
            MAX_ROUNDS,
            H256::zero(),
        );

        assert_eq!(
            Devices::<T>::get(asset).map(|device| (device.failed, device.commit)),
            Some((1, None))
        );
        assert_eq!(T::Emission::unvested(asset), T::Balance::zero());
        Ok(())
    }

    #[benchmark]
    fn submit_shares() -> Result<(), BenchmarkError> {
        prepare::<T>();
        let (operator, asset) = miner::<T>()?;
        let census = start::<T>();
        let (challenge, shares) = shares::<T>(&operator, asset, census)?;

        #[extrinsic_call]
        submit_shares(RawOrigin::Signed(operator), asset, census, challenge, shares);

        assert_eq!(
            CensusBooks::<T>::get(census, AssetKind::Hashrate).map(|books| books.commits),
            Some(1)
        );
        Ok(())
    }

    #[benchmark]
    fn submit_shares_paying() -> Result<(), BenchmarkError> {
        prepare::<T>();
        let (operator, asset) = miner::<T>()?;
        let last = start::<T>();
        let (challenge, former) = shares::<T>(&operator, asset, last)?;
        let origin = RawOrigin::Signed(operator.clone()).into();
        Pallet::<T>::submit_shares(origin, asset, last, challenge, former).map_err(|error| error.error)?;
        pay::<T>(last)?;
        earn_since::<T>(asset, last)?;
        let (census, _) = next::<T>()?;
        let (challenge, shares) = shares::<T>(&operator, asset, census)?;

        #[extrinsic_call]
        submit_shares(RawOrigin::Signed(operator), asset, census, challenge, shares);

        assert_eq!(
            Devices::<T>::get(asset).map(|device| device.last_census),
            Some(last)
        );
        assert_eq!(
            CensusBooks::<T>::get(census, AssetKind::Hashrate).map(|books| books.commits),
            Some(1)
        );
        Ok(())
    }

    #[benchmark]
    fn open_xs() -> Result<(), BenchmarkError> {
        let (operator, asset, census, top, samples) = drawn::<T>(Class::Xs)?;
        #[extrinsic_call]
        open(
            RawOrigin::Signed(operator),
            asset,
            census,
            OPEN_SEED,
            top,
            samples,
        );
        assert!(is_opened::<T>(asset));
        Ok(())
    }

    #[benchmark]
    fn open_s() -> Result<(), BenchmarkError> {
        let (operator, asset, census, top, samples) = drawn::<T>(Class::S)?;
        #[extrinsic_call]
        open(
            RawOrigin::Signed(operator),
            asset,
            census,
            OPEN_SEED,
            top,
            samples,
        );
        assert!(is_opened::<T>(asset));
        Ok(())
    }

    #[benchmark]
    fn open_m() -> Result<(), BenchmarkError> {
        let (operator, asset, census, top, samples) = drawn::<T>(Class::M)?;
        #[extrinsic_call]
        open(
            RawOrigin::Signed(operator),
            asset,
            census,
            OPEN_SEED,
            top,
            samples,
        );
        assert!(is_opened::<T>(asset));
        Ok(())
    }

    #[benchmark]
    fn open_l() -> Result<(), BenchmarkError> {
        let (operator, asset, census, top, samples) = drawn::<T>(Class::L)?;
        #[extrinsic_call]
        open(
            RawOrigin::Signed(operator),
            asset,
            census,
            OPEN_SEED,
            top,
            samples,
        );
        assert!(is_opened::<T>(asset));
        Ok(())
    }

    #[benchmark]
    fn open_xl() -> Result<(), BenchmarkError> {
        let (operator, asset, census, top, samples) = drawn::<T>(Class::Xl)?;
        #[extrinsic_call]
        open(
            RawOrigin::Signed(operator),
            asset,
            census,
            OPEN_SEED,
            top,
            samples,
        );
        assert!(is_opened::<T>(asset));
        Ok(())
    }

    #[benchmark]
    fn report() -> Result<(), BenchmarkError> {
        // After payment began, so that the share goes back as well; and the bounty makes the reporter's
        // account.
        let (_, asset, census) = awaiting::<T>(false)?;
        let reporter: T::AccountId = account("reporter", 0, 0);

        #[extrinsic_call]
        report(RawOrigin::Signed(reporter), asset, census);

        assert_eq!(Devices::<T>::get(asset).map(|device| device.failed), Some(1));
        assert_eq!(T::Emission::unvested(asset), T::Balance::zero());
        Ok(())
    }

    #[benchmark]
    fn settle_paying() -> Result<(), BenchmarkError> {
        let (_, asset, census) = awaiting::<T>(true)?;
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        settle(RawOrigin::Signed(caller), asset);

        let books = CensusBooks::<T>::get(census, AssetKind::Gpu).ok_or("no books")?;
        assert!(books.paid > T::Balance::zero() && books.put_back > T::Balance::zero());
        Ok(())
    }

    #[benchmark]
    fn settle_slashing() -> Result<(), BenchmarkError> {
        let (_, asset, _) = awaiting::<T>(false)?;
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        settle(RawOrigin::Signed(caller), asset);

        assert_eq!(Devices::<T>::get(asset).map(|device| device.failed), Some(1));
        assert_eq!(T::Emission::unvested(asset), T::Balance::zero());
        Ok(())
    }

    #[benchmark]
    fn mark_offline() -> Result<(), BenchmarkError> {
        let (_, asset, _) = awaiting::<T>(true)?;
        CountedCensuses::<T>::mutate(|counted| *counted += crate::impls::MISSED_LIMIT);
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        mark_offline(RawOrigin::Signed(caller), asset);

        assert_eq!(T::Assets::status(asset), Some(AssetStatus::Offline));
        Ok(())
    }

    #[benchmark]
    fn set_schedule() -> Result<(), BenchmarkError> {
        let (..) = awaiting::<T>(true)?;

        #[extrinsic_call]
        set_schedule(RawOrigin::Root, Schedule::DEVELOPMENT);

        assert_eq!(CurrentSchedule::<T>::get(), Schedule::DEVELOPMENT);
        Ok(())
    }

    #[benchmark]
    fn on_initialize() -> Result<(), BenchmarkError> {
        let (..) = awaiting::<T>(true)?;
        next::<T>()?;
        let now = System::<T>::block_number().saturating_add(One::one());
        System::<T>::set_block_number(now);

        #[block]
        {
            Pallet::<T>::on_initialize(now);
            Pallet::<T>::on_finalize(now);
        }

        assert_eq!(CurrentCensus::<T>::get(), CensusIndex(3));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_open() -> Result<(), BenchmarkError> {
        let (.., last) = awaiting::<T>(true)?;
        let now = System::<T>::block_number();

        #[block]
        {
            assert!(Pallet::<T>::is_triggered(last));
            Pallet::<T>::open_census(last, now);
        }

        assert_eq!(CurrentCensus::<T>::get(), CensusIndex(3));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_close() -> Result<(), BenchmarkError> {
        prepare::<T>();
        start::<T>();
        let (index, census, now) = census_at::<T>(|census| census.closes_at())?;

        #[block]
        {
            Pallet::<T>::advance(index, census, now);
        }

        assert!(Censuses::<T>::get(index).is_some_and(|census| census.slots.is_some()));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_seed() -> Result<(), BenchmarkError> {
        prepare::<T>();
        start::<T>();
        let (index, mut census, now) = census_at::<T>(|census| census.seed_at())?;
        census.slots = Some(20);

        #[block]
        {
            Pallet::<T>::advance(index, census, now);
        }

        assert!(Censuses::<T>::get(index).is_some_and(|census| census.open_seed.is_some()));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_void() -> Result<(), BenchmarkError> {
        prepare::<T>();
        start::<T>();
        RecentVrfs::<T>::put(BoundedVec::truncate_from(vec![None; 17]));
        let (index, mut census, now) = census_at::<T>(|census| census.seed_at())?;
        census.slots = Some(20);

        #[block]
        {
            Pallet::<T>::advance(index, census, now);
        }

        assert!(Censuses::<T>::get(index).is_some_and(|census| census.stage == Stage::Void));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_payment() -> Result<(), BenchmarkError> {
        prepare::<T>();
        let (operator, asset) = device::<T>()?;
        let census = start::<T>();
        commit_to::<T>(&operator, asset, census)?;
        // Under a floor that no claim reaches, so that some of the pot goes back.
        for kind in PAID_KINDS {
            PastDenominators::<T>::insert(kind, BoundedVec::truncate_from(vec![1 << 64; 24]));
        }
        Censuses::<T>::mutate(census, |census| {
            if let Some(census) = census {
                (census.slots, census.open_seed) = (Some(20), Some(OPEN_SEED));
            }
        });
        let (index, census, now) = census_at::<T>(|census| census.payment_at())?;

        #[block]
        {
            Pallet::<T>::advance(index, census, now);
        }

        assert!(CensusBooks::<T>::get(index, AssetKind::Gpu)
            .is_some_and(|books| books.put_back > T::Balance::zero()));
        Ok(())
    }

    #[benchmark]
    fn on_initialize_clear() -> Result<(), BenchmarkError> {
        let (.., oldest) = awaiting::<T>(true)?;
        next::<T>()?;
        let now = System::<T>::block_number().saturating_add(T::SlashingHorizon::get());
        System::<T>::set_block_number(now);

        #[block]
        {
            Pallet::<T>::clear_oldest(now);
        }

        assert!(!Censuses::<T>::contains_key(oldest));
        Ok(())
    }

    #[benchmark]
    fn on_finalize_full() -> Result<(), BenchmarkError> {
        prepare::<T>();
        start::<T>();
        let (index, mut census, now) = census_at::<T>(|census| census.seed_at())?;
        (census.slots, census.open_seed) = (Some(20), Some(OPEN_SEED));
        Censuses::<T>::insert(index, census);
        System::<T>::register_extra_weight_unchecked(
            Weight::from_parts(1 << 60, 0),
            DispatchClass::Operational,
        );

        #[block]
        {
            Pallet::<T>::on_finalize(now);
        }

        assert!(Censuses::<T>::get(index).is_some_and(|census| census.full_blocks == 1));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::new_test_ext(Schedule::DEVELOPMENT),
        crate::mock::Test
    );
}
