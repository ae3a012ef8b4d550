// SPDX-License-Identifier: Apache-2.0
//! Benchmarks, run in the runtime with its real siblings.

use crate::{Accounts, Balance, Call, Config, Pallet, Pools};
use compute_primitives::AssetId;
use frame_benchmarking::v2::*;
use frame_support::traits::fungibles::Mutate;
use frame_system::RawOrigin;
use sp_runtime::traits::StaticLookup;
use sp_runtime::{DispatchError, DispatchResult};

/// What the runtime does for these benchmarks.
pub trait BenchmarkHelper<AccountId> {
    /// Makes an asset in `supply` fractions, all of them `owner`'s.
    fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, DispatchError>;
    /// Gives fractions to `to`.
    fn transfer(asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult;
    /// Adds liquidity of `who`, who gets the currency for it; makes the pool if there is none.
    fn add_liquidity(
        asset: AssetId,
        who: &AccountId,
        currency: Balance,
        fractions: Balance,
    ) -> DispatchResult;
    /// Lets the asset have income that no one has been credited with yet. May move the block number on.
    fn accrue_income(asset: AssetId) -> DispatchResult;
    /// Sells the asset as a whole.
    fn sell(asset: AssetId) -> DispatchResult;
}

const SUPPLY: Balance = 1_000_000;
const CURRENCY: Balance = 1_000_000_000_000;

fn fail(error: DispatchError) -> BenchmarkError {
    BenchmarkError::Stop(error.into())
}

/// A pool with the liquidity of two, and income that waits.
fn pool_of<T: Config>(owner: &T::AccountId, other: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let make = || {
        let asset = T::BenchmarkHelper::create_asset(owner, SUPPLY)?;
        T::BenchmarkHelper::transfer(asset, owner, other, SUPPLY / 2)?;
        for who in [owner, other] {
            T::BenchmarkHelper::add_liquidity(asset, who, CURRENCY, SUPPLY / 4)?;
        }
        T::BenchmarkHelper::accrue_income(asset)?;
        Ok(asset)
    };
    make().map_err(fail)
}

/// Sells the asset, but leaves its pool to be dissolved: a sale can't dissolve what it doesn't know.
fn sell<T: Config>(asset: AssetId) -> Result<(), BenchmarkError> {
    let pool = Pools::<T>::take(asset).ok_or(BenchmarkError::Weightless)?;
    T::BenchmarkHelper::sell(asset).map_err(fail)?;
    Pools::<T>::insert(asset, pool);
    Ok(())
}

/// As a dissolution does, but the asset goes on; `next` has tokens of the new era.
fn end_era<T: Config>(asset: AssetId, next: &T::AccountId) -> DispatchResult {
    let mut pool = Pallet::<T>::known(asset)?;
    Pallet::<T>::collect(asset, &mut pool)?;
    Pallet::<T>::end_era(asset, &mut pool)?;
    let token = pool.token;
    Pallet::<T>::write(asset, pool);
    Pallet::<T>::mint_into(token, next, 1_000)?;
    Ok(())
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        let (owner, other) = (account("owner", 0, 0), account("other", 0, 0));
        let asset = pool_of::<T>(&owner, &other)?;
        let dest: T::AccountId = account("dest", 0, 0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            asset,
            T::Lookup::unlookup(dest.clone()),
            1_000,
        );

        assert_eq!(Pallet::<T>::tokens(asset, dest), 1_000);
        Ok(())
    }

    /// Of tokens of an era that ended, which takes one record more, while the pool has income to collect.
    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let (owner, other) = (account("owner", 0, 0), account("other", 0, 0));
        let asset = pool_of::<T>(&owner, &other)?;
        end_era::<T>(asset, &other).map_err(fail)?;
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), asset);

        assert!(!Accounts::<T>::contains_key(asset, owner));
        Ok(())
    }

    #[benchmark]
    fn dissolve() -> Result<(), BenchmarkError> {
        let (owner, other): (T::AccountId, _) = (account("owner", 0, 0), account("other", 0, 0));
        let asset = pool_of::<T>(&owner, &other)?;
        sell::<T>(asset)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset);

        assert_eq!(Pools::<T>::get(asset).map(|pool| pool.era), Some(1));
        Ok(())
    }

    #[benchmark]
    fn remove_all_liquidity() -> Result<(), BenchmarkError> {
        let (owner, other): (T::AccountId, _) = (account("owner", 0, 0), account("other", 0, 0));
        let asset = pool_of::<T>(&owner, &other)?;
        let theirs = Pallet::<T>::tokens(asset, other.clone());
        Pallet::<T>::do_transfer(asset, &other, &owner, theirs).map_err(fail)?;
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset);

        assert_eq!(Pools::<T>::get(asset).map(|pool| pool.supply), Some(0));
        Ok(())
    }

    /// What a change of someone's tokens does beside asset-conversion: the pool's income is collected, the account settled.
    #[benchmark]
    fn mint() -> Result<(), BenchmarkError> {
        let (owner, other) = (account("owner", 0, 0), account("other", 0, 0));
        let asset = pool_of::<T>(&owner, &other)?;
        let token = Pools::<T>::get(asset).map_or(0, |pool| pool.token);
        let before = Pallet::<T>::tokens(asset, owner.clone());

        #[block]
        {
            Pallet::<T>::mint_into(token, &owner, 1_000).map_err(fail)?;
        }

        assert_eq!(Pallet::<T>::tokens(asset, owner), before + 1_000);
        Ok(())
    }
}
