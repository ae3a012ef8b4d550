// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of every call, each in its dearest case.

use crate::*;
use alloc::vec;
use compute_primitives::{AssetId, AssetKind, AssetStatus, HardwareId, OperatorBond};
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use sp_core::H256;
use sp_runtime::{
    traits::{One, Saturating},
    DispatchResult,
};

const HARDWARE: HardwareId = HardwareId([0x42; 32]);
const SALT: [u8; 32] = [7; 32];

impl<T: Config> Pallet<T> {
    /// Gives `who` enough for bonds and deposits.
    pub(crate) fn fund(who: &T::AccountId) -> DispatchResult {
        let plenty = T::Currency::minimum_balance()
            .saturating_mul(1_000_000u32.into())
            .saturating_add(T::MinimumBond::get().saturating_mul(100u32.into()));
        T::Currency::mint_into(who, plenty).map(|_| ())
    }
}

fn funded<T: Config>(name: &'static str, index: u32) -> Result<T::AccountId, BenchmarkError> {
    let who = account(name, index, 0);
    Pallet::<T>::fund(&who)?;
    Ok(who)
}

/// An active asset whose owner operates it.
fn asset_of<T: Config>(owner: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    Ok(<Pallet<T> as OperatorBond<_, _>>::create(
        owner,
        AssetKind::Gpu,
        T::MinimumBond::get(),
    )?)
}

fn longest_uri<T: Config>() -> UriOf<T> {
    vec![b'u'; T::UriLimit::get() as usize]
        .try_into()
        .unwrap_or_default()
}

/// Adds bonds of former operators until the asset has `bearers`.
fn fill_bonds<T: Config>(asset: AssetId, bearers: u32) -> Result<(), BenchmarkError> {
    let mut record = Pallet::<T>::asset(asset)?;
    for index in record.bearers..bearers {
        let bearer = funded::<T>("bearer", index)?;
        Pallet::<T>::raise_bond(asset, &mut record, &bearer, T::MinimumBond::get())?;
    }
    Assets::<T>::insert(asset, record);
    Ok(())
}

fn after<T: Config>(blocks: frame_system::pallet_prelude::BlockNumberFor<T>) {
    let now = frame_system::Pallet::<T>::block_number();
    frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn announce() -> Result<(), BenchmarkError> {
        let caller = funded::<T>("caller", 0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), H256::repeat_byte(1));

        assert!(Announcements::<T>::contains_key(caller));
        Ok(())
    }

    /// With a bond and the longest URI.
    #[benchmark]
    fn register() -> Result<(), BenchmarkError> {
        let caller = funded::<T>("caller", 0)?;
        let commitment = Pallet::<T>::commitment(&caller, &HARDWARE, &SALT);
        Pallet::<T>::announce(RawOrigin::Signed(caller.clone()).into(), commitment)?;
        after::<T>(One::one());

        #[extrinsic_call]
        _(
            RawOrigin::Signed(caller.clone()),
            AssetKind::Hashrate,
            HARDWARE,
            SALT,
            longest_uri::<T>(),
            Some(T::MinimumBond::get()),
        );

        let asset = Hardware::<T>::get(HARDWARE).ok_or("not registered")?;
        assert_eq!(
            Assets::<T>::get(asset).and_then(|record| record.operator),
            Some(caller)
        );
        Ok(())
    }

    #[benchmark]
    fn nominate_operator() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let nominee = funded::<T>("nominee", 0)?;
        let asset = asset_of::<T>(&owner)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset, Some(nominee.clone()));

        assert_eq!(
            Pallet::<T>::details(asset).and_then(|details| details.nominee),
            Some(nominee)
        );
        Ok(())
    }

    /// The former operator's bond goes back at once.
    #[benchmark]
    fn accept_operator() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let nominee = funded::<T>("nominee", 0)?;
        let asset = asset_of::<T>(&owner)?;
        let named = Some(nominee.clone());
        Pallet::<T>::nominate_operator(RawOrigin::Signed(owner.clone()).into(), asset, named)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(nominee.clone()), asset, T::MinimumBond::get());

        assert_eq!(
            Assets::<T>::get(asset).and_then(|record| record.operator),
            Some(nominee)
        );
        assert!(!Bonds::<T>::contains_key(asset, owner));
        Ok(())
    }

    #[benchmark]
    fn resign_operator() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let asset = asset_of::<T>(&owner)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset);

        assert!(!Bonds::<T>::contains_key(asset, owner));
        Ok(())
    }

    #[benchmark]
    fn bond_extra() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let asset = asset_of::<T>(&owner)?;
        let bond = T::MinimumBond::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset, bond);

        assert_eq!(Pallet::<T>::bonded(asset, &owner), bond.saturating_add(bond));
        Ok(())
    }

    #[benchmark]
    fn release_bond() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let caller = funded::<T>("caller", 0)?;
        let asset = asset_of::<T>(&owner)?;
        fill_bonds::<T>(asset, 2)?;
        let bearer: T::AccountId = account("bearer", 1, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, bearer.clone());

        assert!(!Bonds::<T>::contains_key(asset, bearer));
        Ok(())
    }

    #[benchmark]
    fn set_metadata() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let asset = asset_of::<T>(&owner)?;
        let uri = longest_uri::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset, uri.clone());

        assert_eq!(
            Pallet::<T>::details(asset).map(|details| details.uri),
            Some(uri.into_inner())
        );
        Ok(())
    }

    #[benchmark]
    fn retire() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner", 0)?;
        let asset = asset_of::<T>(&owner)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset);

        assert_eq!(
            Assets::<T>::get(asset).map(|record| record.status),
            Some(AssetStatus::Retired)
        );
        Ok(())
    }

    /// `b`: bonds to give back.
    #[benchmark]
    fn reap(b: Linear<0, { T::MaxBearers::get() }>) -> Result<(), BenchmarkError> {
        // In block 0 every bond counts as obliged.
        after::<T>(One::one());
        let owner = funded::<T>("owner", 0)?;
        let caller = funded::<T>("caller", 0)?;
        let asset = asset_of::<T>(&owner)?;
        Pallet::<T>::set_metadata(RawOrigin::Signed(owner.clone()).into(), asset, longest_uri::<T>())?;
        Pallet::<T>::retire(RawOrigin::Signed(owner.clone()).into(), asset)?;
        if b == 0 {
            Pallet::<T>::release_bond(RawOrigin::Signed(caller.clone()).into(), asset, owner)?;
        }
        fill_bonds::<T>(asset, b)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset);

        assert!(!Assets::<T>::contains_key(asset));
        assert_eq!(Bonds::<T>::iter_prefix(asset).count(), 0);
        Ok(())
    }

    /// Another's, that has expired.
    #[benchmark]
    fn withdraw_announcement() -> Result<(), BenchmarkError> {
        let announcer = funded::<T>("announcer", 0)?;
        let caller = funded::<T>("caller", 0)?;
        Pallet::<T>::announce(RawOrigin::Signed(announcer.clone()).into(), H256::repeat_byte(1))?;
        after::<T>(T::AnnouncementPeriod::get().saturating_add(One::one()));

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), announcer.clone());

        assert!(!Announcements::<T>::contains_key(announcer));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
