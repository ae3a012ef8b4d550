// SPDX-License-Identifier: Apache-2.0
//! Benchmarks. They take the longest path: vested emission to release, fees to the treasury and to an operator that is not the
//! payee, and fractions.

use super::*;
use crate::{
    log::{Entry, Payee, Sums},
    types::{AutoClaim, Balance, LogPageOf, PerKind},
};
use compute_primitives::{AssetId, AssetKind, CensusIndex, Emission};
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::{DispatchError, DispatchResult, Get},
    sp_runtime::Perbill,
    traits::{
        fungible::{Inspect, Mutate},
        Consideration,
    },
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};

/// What the benchmarks need of the siblings.
pub trait BenchmarkHelper<AccountId> {
    /// Makes an active GPU asset owned and operated by `owner`, an account without funds; in `supply` fractions, all of them the
    /// owner's, if it says so.
    fn create_asset(owner: &AccountId, supply: Option<Balance>) -> Result<AssetId, DispatchError>;
    /// Moves fractions.
    fn transfer(asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult;
}

const SUPPLY: Balance = 1_000;

fn ed<T: Config>() -> Balance {
    T::Currency::minimum_balance()
}

/// An asset with an operator's fee, held in fractions (by `owner`, and by `holder` to a third) or whole, on which income has vested.
fn earning<T: Config>(
    owner: &T::AccountId,
    holder: Option<&T::AccountId>,
) -> Result<AssetId, BenchmarkError> {
    let treasury = T::Treasury::get();
    T::Currency::mint_into(&treasury, ed::<T>())?;
    let asset = T::BenchmarkHelper::create_asset(owner, holder.map(|_| SUPPLY))?;
    if let Some(holder) = holder {
        T::BenchmarkHelper::transfer(asset, owner, holder, SUPPLY / 3)?;
    }
    ProtocolFee::<T>::put(MAX_PROTOCOL_FEE);
    OperatorFees::<T>::insert(
        asset,
        types::OperatorFee {
            fee: MAX_OPERATOR_FEE,
            raised_at: None,
        },
    );
    let amount = Pallet::<T>::draw(AssetKind::Gpu, next_census::<T>());
    if amount == 0 {
        return Err(BenchmarkError::Stop("the pot is empty"));
    }
    Pallet::<T>::pay(asset, AssetKind::Gpu, amount)?;
    // Once through, so that income meets records that exist; then half of what is left again.
    advance::<T>(4u32);
    Pallet::<T>::do_touch(asset)?;
    fill_log::<T>(asset)?;
    Pallet::<T>::draw(AssetKind::Gpu, next_census::<T>());
    advance::<T>(4u32);
    Ok(asset)
}

/// Fills all pages of the log of an asset that has income: the next census's closes an entry, and a page of others falls out. Draw
/// the census after it.
pub fn fill_log<T: Config>(asset: AssetId) -> DispatchResult {
    let Some(mut log) = Logs::<T>::get(asset) else {
        return Err(DispatchError::Other("the asset has no income"));
    };
    let entry = Entry {
        payee: Payee::Fractions,
        // Nothing that the books would have to know.
        sums: Sums::default(),
        ..log.open.clone()
    };
    let mut page = LogPageOf::<T>::default();
    while page.try_push(entry.clone()).is_ok() {}
    for slot in 0..T::MaxLogPages::get() {
        LogPages::<T>::insert(asset, slot, page.clone());
    }
    log.closed = u64::from(T::LogPageLength::get()).saturating_mul(T::MaxLogPages::get().into());
    Logs::<T>::insert(asset, log);
    Ok(())
}

fn next_census<T: Config>() -> CensusIndex {
    CensusIndex(Pots::<T>::get().get(AssetKind::Gpu).drawn_for.0.saturating_add(1))
}

/// On by a part of the vesting period.
fn advance<T: Config>(part: u32) {
    let step = VestingPeriod::<T>::get() / part.into();
    frame_system::Pallet::<T>::set_block_number(frame_system::Pallet::<T>::block_number() + step);
}

fn funded<T: Config>(name: &'static str, amount: Balance) -> Result<T::AccountId, BenchmarkError> {
    let who: T::AccountId = account(name, 0, 0);
    T::Currency::mint_into(&who, amount)?;
    Ok(who)
}

fn terms<T: Config>() -> AutoClaim {
    let threshold = T::MinimumThreshold::get();
    AutoClaim {
        threshold,
        bounty: MAX_BOUNTY.mul_floor(threshold),
    }
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let owner: T::AccountId = account("owner", 0, 0);
        let holder = funded::<T>("holder", ed::<T>())?;
        let asset = earning::<T>(&owner, Some(&holder))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(holder.clone()), asset);
        assert!(T::Currency::balance(&holder) > ed::<T>());
        Ok(())
    }

    #[benchmark]
    fn claim_for() -> Result<(), BenchmarkError> {
        let owner: T::AccountId = account("owner", 0, 0);
        let holder = funded::<T>("holder", ed::<T>())?;
        let caller = funded::<T>("caller", ed::<T>())?;
        let terms = terms::<T>();
        T::AutoClaimConsideration::ensure_successful(&holder, Pallet::<T>::auto_claim_footprint());
        Pallet::<T>::do_set_auto_claim(holder.clone(), Some(terms))?;
        let asset = earning::<T>(&owner, Some(&holder))?;
        let before = T::Currency::balance(&holder);
        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), asset, holder.clone());
        assert!(T::Currency::balance(&holder) > before);
        assert_eq!(T::Currency::balance(&caller), ed::<T>() + terms.bounty);
        Ok(())
    }

    #[benchmark]
    fn pay_revenue() -> Result<(), BenchmarkError> {
        let owner: T::AccountId = account("owner", 0, 0);
        let amount = ed::<T>().saturating_mul(100);
        let payer = funded::<T>("payer", amount.saturating_mul(2))?;
        let asset = earning::<T>(&owner, None)?;
        let before = Pallet::<T>::books(asset).revenue;
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), asset, amount);
        assert_eq!(Pallet::<T>::books(asset).revenue, before + amount);
        Ok(())
    }

    #[benchmark]
    fn set_operator_fee() -> Result<(), BenchmarkError> {
        let owner: T::AccountId = account("owner", 0, 0);
        let asset = earning::<T>(&owner, None)?;
        let old = MAX_OPERATOR_FEE - MAX_FEE_RAISE;
        OperatorFees::<T>::insert(
            asset,
            types::OperatorFee {
                fee: old,
                raised_at: Some(BlockNumberFor::<T>::from(0u32)),
            },
        );
        let day = T::FeeRaiseInterval::get();
        frame_system::Pallet::<T>::set_block_number(frame_system::Pallet::<T>::block_number() + day);
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset, MAX_OPERATOR_FEE);
        assert_eq!(Pallet::<T>::operator_fee(asset), MAX_OPERATOR_FEE);
        Ok(())
    }

    #[benchmark]
    fn set_protocol_fee() {
        #[extrinsic_call]
        _(RawOrigin::Root, MAX_PROTOCOL_FEE);
        assert_eq!(ProtocolFee::<T>::get(), MAX_PROTOCOL_FEE);
    }

    #[benchmark]
    fn touch() -> Result<(), BenchmarkError> {
        let owner: T::AccountId = account("owner", 0, 0);
        let caller: T::AccountId = whitelisted_caller();
        let asset = earning::<T>(&owner, None)?;
        assert!(Pallet::<T>::releasable(asset) > 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset);
        assert_eq!(Pallet::<T>::releasable(asset), 0);
        Ok(())
    }

    #[benchmark]
    fn set_emission_split() {
        let split = PerKind {
            gpu: Perbill::from_percent(60),
            hashrate: Perbill::from_percent(40),
        };
        #[extrinsic_call]
        _(RawOrigin::Root, split);
        assert_eq!(EmissionSplit::<T>::get(), split);
    }

    #[benchmark]
    fn set_auto_claim() -> Result<(), BenchmarkError> {
        let who = funded::<T>("who", ed::<T>())?;
        T::AutoClaimConsideration::ensure_successful(&who, Pallet::<T>::auto_claim_footprint());
        let terms = terms::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Some(terms));
        assert_eq!(Pallet::<T>::auto_claim(who), Some(terms));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
