// SPDX-License-Identifier: Apache-2.0
//! Benchmarks, run in the runtime with its real siblings.

use crate::{Accounts, BalanceOf, Bids, Call, Config, Offers, Owed, Pallet, Vaults, MAX_ROYALTY};
use compute_primitives::{AssetId, InspectAsset, Sale};
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Inspect, Mutate};
use frame_support::traits::{Consideration, Get};
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
    Pallet::<T>::do_fractionalize(asset, owner.clone(), SUPPLY.into(), MAX_ROYALTY).map_err(fail)?;
    T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;
    Ok(asset)
}

/// The least bid, and its next after it.
fn prices<T: Config>() -> (BalanceOf<T>, BalanceOf<T>) {
    let least = T::MinimumBid::get();
    (least, least.saturating_add(least))
}

/// Half of the fractions are the owner's, a quarter each two others', of whom the second bid; with income that waits.
fn bid_of<T: Config>(
    owner: &T::AccountId,
    other: &T::AccountId,
    bidder: &T::AccountId,
) -> Result<AssetId, BenchmarkError> {
    let asset = vault_of::<T>(owner)?;
    for who in [other, bidder] {
        Pallet::<T>::do_transfer(asset, owner, who, (SUPPLY / 4).into()).map_err(fail)?;
        T::Currency::set_balance(
            who,
            T::Currency::balance(who).saturating_add(T::MinimumBid::get().saturating_mul(4u32.into())),
        );
    }
    let (price, _) = prices::<T>();
    Pallet::<T>::do_bid(asset, bidder.clone(), price).map_err(fail)?;
    T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;
    Ok(asset)
}

/// Someone without fractions bids for the asset.
fn stand<T: Config>(asset: AssetId) -> Result<(), BenchmarkError> {
    let stranger = rich::<T>("stranger");
    let (price, next) = prices::<T>();
    T::Currency::set_balance(&stranger, T::Currency::balance(&stranger).saturating_add(next));
    Pallet::<T>::do_bid(asset, stranger, price).map_err(fail)
}

/// The auction of [`bid_of`] is over.
fn auction_of<T: Config>(
    owner: &T::AccountId,
    other: &T::AccountId,
    bidder: &T::AccountId,
) -> Result<AssetId, BenchmarkError> {
    let asset = bid_of::<T>(owner, other, bidder)?;
    let (price, _) = prices::<T>();
    Pallet::<T>::set_reserve(asset, Some(price)).map_err(fail)?;
    let end = Pallet::<T>::now().saturating_add(T::AuctionPeriod::get());
    frame_system::Pallet::<T>::set_block_number(end);
    Ok(asset)
}

/// Sold, and all but one have been paid; that one has an offer. With the buyer's income that waits.
fn sale_of<T: Config>(owner: &T::AccountId, last: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let bidder = rich::<T>("bidder");
    let asset = auction_of::<T>(owner, last, &bidder)?;
    Pallet::<T>::do_offer(asset, last.clone(), PART.into(), 1u32.into(), None).map_err(fail)?;
    Pallet::<T>::do_settle_auction(asset).map_err(fail)?;
    Pallet::<T>::do_cash_out(asset, owner, owner).map_err(fail)?;
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
        _(
            RawOrigin::Signed(owner.clone()),
            asset,
            SUPPLY.into(),
            MAX_ROYALTY,
        );

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

    /// The offer ends, the seller has nothing left, the buyer had nothing; the first owner gets a royalty.
    #[benchmark]
    fn buy() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let seller = rich::<T>("seller");
        let buyer = rich::<T>("buyer");
        let asset = vault_of::<T>(&owner)?;
        Pallet::<T>::do_transfer(asset, &owner, &seller, SUPPLY.into()).map_err(fail)?;
        Pallet::<T>::do_offer(asset, seller.clone(), SUPPLY.into(), 1u32.into(), None).map_err(fail)?;
        let price = T::Currency::minimum_balance().saturating_add(SUPPLY.into());
        T::Currency::set_balance(&buyer, T::Currency::balance(&buyer).saturating_add(price));
        T::BenchmarkHelper::accrue_income(asset).map_err(fail)?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(buyer.clone()),
            asset,
            seller.clone(),
            SUPPLY.into(),
            1u32.into(),
            SUPPLY.into(),
        );

        assert_eq!(Accounts::<T>::get(asset, &seller), None);
        assert_eq!(
            Accounts::<T>::get(asset, &buyer).map(|account| account.free),
            Some(SUPPLY.into())
        );
        Ok(())
    }

    /// By another than who fractionalized, whose deposit goes back; a third one's bid is set free.
    #[benchmark]
    fn redeem() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let holder = rich::<T>("holder");
        let asset = vault_of::<T>(&owner)?;
        Pallet::<T>::do_transfer(asset, &owner, &holder, SUPPLY.into()).map_err(fail)?;
        stand::<T>(asset)?;
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

    /// Late, in an auction, by a holder, over another holder's bid.
    #[benchmark]
    fn bid() -> Result<(), BenchmarkError> {
        let (owner, other, bidder) = (rich::<T>("owner"), rich::<T>("other"), rich::<T>("bidder"));
        let asset = auction_of::<T>(&owner, &other, &bidder)?;
        let last = Pallet::<T>::now().saturating_sub(1u32.into());
        frame_system::Pallet::<T>::set_block_number(last);
        let (_, price) = prices::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(other.clone()), asset, price);

        assert_eq!(Bids::<T>::get(asset).map(|highest| highest.bidder), Some(other));
        Ok(())
    }

    #[benchmark]
    fn withdraw_bid() -> Result<(), BenchmarkError> {
        let (owner, other, bidder) = (rich::<T>("owner"), rich::<T>("other"), rich::<T>("bidder"));
        let asset = bid_of::<T>(&owner, &other, &bidder)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(bidder), asset);

        assert!(!Bids::<T>::contains_key(asset));
        Ok(())
    }

    #[benchmark]
    fn accept_bid() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner");
        let asset = vault_of::<T>(&owner)?;
        stand::<T>(asset)?;
        let (price, _) = prices::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), asset, price);

        assert!(Bids::<T>::get(asset).is_some_and(|highest| highest.ends_at.is_some()));
        Ok(())
    }

    /// The winner was a holder, and others are left to be paid.
    #[benchmark]
    fn settle_auction() -> Result<(), BenchmarkError> {
        let (owner, other, bidder) = (rich::<T>("owner"), rich::<T>("other"), rich::<T>("bidder"));
        let asset = auction_of::<T>(&owner, &other, &bidder)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(other), asset);

        assert_eq!(T::Assets::owner(asset), Some(bidder));
        assert!(Vaults::<T>::get(asset).is_some_and(|vault| vault.is_sold()));
        Ok(())
    }

    /// The last holder's, with an offer: the vault ends, and its deposit goes back to another.
    #[benchmark]
    fn cash_out() -> Result<(), BenchmarkError> {
        let (owner, last) = (rich::<T>("owner"), rich::<T>("last"));
        let asset = sale_of::<T>(&owner, &last)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(last.clone()), asset);

        assert_eq!(Accounts::<T>::get(asset, &last), None);
        assert!(!Vaults::<T>::contains_key(asset));
        Ok(())
    }

    /// As [`cash_out`], by another.
    #[benchmark]
    fn cash_out_for() -> Result<(), BenchmarkError> {
        let (owner, last) = (rich::<T>("owner"), rich::<T>("last"));
        let caller = rich::<T>("caller");
        let asset = sale_of::<T>(&owner, &last)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, last.clone());

        assert_eq!(Accounts::<T>::get(asset, &last), None);
        assert!(!Vaults::<T>::contains_key(asset));
        Ok(())
    }

    /// The last debt of a vault that has ended.
    #[benchmark]
    fn claim_owed() -> Result<(), BenchmarkError> {
        let (owner, last) = (rich::<T>("owner"), rich::<T>("last"));
        let caller = rich::<T>("caller");
        let asset = sale_of::<T>(&owner, &last)?;
        // As if it could not have taken it.
        let cash = Vaults::<T>::take(asset)
            .and_then(|vault| vault.cash)
            .ok_or(BenchmarkError::Stop("not sold"))?;
        Owed::<T>::insert(asset, &last, cash);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, last.clone());

        assert!(!Owed::<T>::contains_key(asset, &last));
        Ok(())
    }

    #[cfg(test)]
    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
