// SPDX-License-Identifier: Apache-2.0
//! Benchmarks, run in the runtime with its real siblings.

use crate::{Accounts, Call, Config, Offers, Pallet, Vaults};
use compute_primitives::{AssetId, InspectAsset};
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Inspect, Mutate};
use frame_support::traits::Consideration;
use frame_system::RawOrigin;
use sp_runtime::traits::{Saturating, StaticLookup};
use sp_runtime::{DispatchError, DispatchResult};

/// What the runtime does for these benchmarks.
pub trait BenchmarkHelper<AccountId> {
    /// Makes an asset that is not retired, without liens, whose NFT `owner` has.
    fn create_asset(owner: &AccountId) -> Result<AssetId, DispatchError>;

    /// Lets the asset have income that no one has been credited with yet, so that the next settlement has all its work to do.
    ///
    /// May move the block number on.
    fn accrue_income(_asset: AssetId) -> DispatchResult {
        Ok(())
    }
}

const SUPPLY: u32 = 1_000_000;
const PART: u32 = 1_000;

fn fail(error: DispatchError) -> BenchmarkError {
    BenchmarkError::Stop(error.into())
}

/// An account that can pay for anything here.
fn rich<T: Config>(name: &'static str) -> T::AccountId {
    let who: T::AccountId = account(name, 0, 0);
    T::VaultConsideration::ensure_successful(&who, Pallet::<T>::vault_footprint());
    T::OfferConsideration::ensure_successful(&who, Pallet::<T>::offer_footprint());
    let amount = T::Currency::minimum_balance().saturating_mul(1_000_000u32.into());
    T::Currency::set_balance(&who, T::Currency::balance(&who).saturating_add(amount));
    who
}

/// An asset of `owner`, with income that waits.
fn asset_of<T: Config>(owner: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let asset = T::BenchmarkHelper::create_asset(owner).map_err(fail)?;
    T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;
    Ok(asset)
}

/// All fractions of an asset in the hands of `owner`, with income that waits.
fn vault_of<T: Config>(owner: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let asset = asset_of::<T>(owner)?;
    Pallet::<T>::do_fractionalize(asset, owner.clone(), SUPPLY.into()).map_err(fail)?;
    T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;
    Ok(asset)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn fractionalize() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = asset_of::<T>(&owner)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset, SUPPLY.into());

        assert_eq!(
            Accounts::<T>::get(asset, &owner).map(|account| account.free),
            Some(SUPPLY.into())
        );
        Ok(())
    }

    /// The sender empties its account and the receiver's is new: as many writes as there can be.
    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let dest: T::AccountId = account("dest", 0, 0);
        let asset = vault_of::<T>(&owner)?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner.clone()),
            asset,
            T::Lookup::unlookup(dest.clone()),
            SUPPLY.into(),
        );

        assert_eq!(Accounts::<T>::get(asset, &owner), None);
        assert_eq!(
            Accounts::<T>::get(asset, &dest).map(|account| account.free),
            Some(SUPPLY.into())
        );
        Ok(())
    }

    /// The first offer of an account, which takes a deposit.
    #[benchmark]
    fn offer() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner)?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner.clone()),
            asset,
            PART.into(),
            1u32.into(),
            None,
        );

        assert!(Offers::<T>::contains_key(asset, &owner));
        Ok(())
    }

    #[benchmark]
    fn cancel_offer() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner)?;
        Pallet::<T>::do_offer(asset, owner.clone(), PART.into(), 1u32.into(), None).map_err(fail)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset);

        assert!(!Offers::<T>::contains_key(asset, &owner));
        Ok(())
    }

    /// The offer ends, the seller has nothing left, the buyer had nothing.
    #[benchmark]
    fn buy() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let buyer = rich::<T>("buyer");
        let asset = vault_of::<T>(&owner)?;
        Pallet::<T>::do_offer(asset, owner.clone(), SUPPLY.into(), 1u32.into(), None).map_err(fail)?;
        let price = T::Currency::minimum_balance().saturating_add(SUPPLY.into());
        T::Currency::set_balance(&buyer, T::Currency::balance(&buyer).saturating_add(price));
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(buyer.clone()),
            asset,
            owner.clone(),
            SUPPLY.into(),
            1u32.into(),
            SUPPLY.into(),
        );

        assert_eq!(Accounts::<T>::get(asset, &owner), None);
        assert_eq!(
            Accounts::<T>::get(asset, &buyer).map(|account| account.free),
            Some(SUPPLY.into())
        );
        Ok(())
    }

    /// By another than who fractionalized, whose deposit goes back.
    #[benchmark]
    fn redeem() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let holder = rich::<T>("holder");
        let asset = vault_of::<T>(&owner)?;
        Pallet::<T>::do_transfer(asset, &owner, &holder, SUPPLY.into()).map_err(fail)?;
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(holder.clone()), asset);

        assert!(!Vaults::<T>::contains_key(asset));
        assert_eq!(T::Assets::owner(asset), Some(holder));
        Ok(())
    }

    /// By another than the seller.
    #[benchmark]
    fn remove_expired_offer() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let caller = rich::<T>("caller");
        let asset = vault_of::<T>(&owner)?;
        let end = Pallet::<T>::now().saturating_add(1u32.into());
        Pallet::<T>::do_offer(asset, owner.clone(), PART.into(), 1u32.into(), Some(end)).map_err(fail)?;
        frame_system::Pallet::<T>::set_block_number(end);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, owner.clone());

        assert!(!Offers::<T>::contains_key(asset, &owner));
        Ok(())
    }

    #[cfg(test)]
    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
