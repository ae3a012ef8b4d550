// SPDX-License-Identifier: Apache-2.0
//! What stands on the chain now, as far as those who act would look at it; and what only they know.

use crate::accounts::Keys;
use compute_primitives::{
    api::{CensusInfo, Phase},
    AssetId, AssetStatus, CensusIndex, HardwareId, InspectAsset, OperatorBond,
};
use compute_proof::prove::RoundStore;
use ergon_runtime::*;
use frame_support::traits::fungible::{Inspect, NativeOrWithId};
use frame_support::traits::tokens::{Fortitude, Preservation};
use std::collections::BTreeMap;

/// What the actors remember.
#[derive(Default)]
pub struct Secrets {
    /// What was announced: the last of each account.
    pub announced: BTreeMap<AccountId, (HardwareId, [u8; 32])>,
    /// The work behind commits: the last of each asset.
    pub work: BTreeMap<AssetId, (CensusIndex, RoundStore)>,
}

/// A look at the chain.
pub struct Scene {
    /// Live assets, in order.
    pub assets: Vec<AssetId>,
    pub census: CensusInfo<Hash, Balance, BlockNumber>,
}

impl Scene {
    pub fn look() -> Self {
        let mut assets: Vec<_> = pallet_compute_assets::Assets::<Runtime>::iter_keys().collect();
        assets.sort();
        Self {
            assets,
            census: ProofOfCompute::census_info(),
        }
    }

    /// Assets that are not retired.
    pub fn live(&self) -> usize {
        self.assets.iter().filter(|asset| is_live(**asset)).count()
    }

    pub fn phase(&self) -> Phase {
        self.census.phase
    }
}

pub fn owner(asset: AssetId) -> Option<AccountId> {
    <ComputeAssets as InspectAsset<AccountId>>::owner(asset)
}

pub fn operator(asset: AssetId) -> Option<AccountId> {
    <ComputeAssets as InspectAsset<AccountId>>::operator(asset)
}

pub fn is_live(asset: AssetId) -> bool {
    let status = <ComputeAssets as InspectAsset<AccountId>>::status(asset);
    status.is_some_and(|status| status != AssetStatus::Retired)
}

/// Whether its owner is someone who acts, not a vault.
pub fn is_whole(asset: AssetId) -> bool {
    is_live(asset) && supply(asset).is_none()
}

pub fn is_retired(asset: AssetId) -> bool {
    <ComputeAssets as InspectAsset<AccountId>>::status(asset) == Some(AssetStatus::Retired)
}

pub fn supply(asset: AssetId) -> Option<Balance> {
    pallet_fractional_ownership::Vaults::<Runtime>::get(asset).map(|vault| vault.supply)
}

/// Whether it is owned in fractions, and not sold.
pub fn stands(asset: AssetId) -> bool {
    pallet_fractional_ownership::Vaults::<Runtime>::get(asset).is_some_and(|vault| !vault.is_sold())
}

/// Whether it was sold as a whole and some of its fractions are not cashed.
pub fn is_sold(asset: AssetId) -> bool {
    pallet_fractional_ownership::Vaults::<Runtime>::get(asset).is_some_and(|vault| vault.is_sold())
}

/// The highest bid for the whole asset.
pub fn bid_of(asset: AssetId) -> Option<pallet_fractional_ownership::BidOf<Runtime>> {
    pallet_fractional_ownership::Bids::<Runtime>::get(asset)
}

/// Whether there is a pool of its fractions, with liquidity or without.
pub fn has_pool(asset: AssetId) -> bool {
    let pair = (NativeOrWithId::Native, NativeOrWithId::WithId(asset));
    pallet_asset_conversion::Pools::<Runtime>::contains_key(pair)
}

/// Whether the operator's bond is there in full.
pub fn has_whole_bond(asset: AssetId) -> bool {
    operator(asset)
        .is_some_and(|who| <ComputeAssets as OperatorBond<AccountId, BlockNumber>>::is_whole(asset, &who))
}

pub fn bearers(asset: AssetId) -> Vec<AccountId> {
    pallet_compute_assets::Bonds::<Runtime>::iter_key_prefix(asset).collect()
}

/// Holders of fractions, with what is free and what is on hold.
pub fn holders(asset: AssetId) -> Vec<(AccountId, Balance, Balance)> {
    pallet_fractional_ownership::Accounts::<Runtime>::iter_prefix(asset)
        .map(|(who, account)| (who, account.free, account.held))
        .collect()
}

/// Sellers of fractions, with what they offer and the price of each.
pub fn offers(asset: AssetId) -> Vec<(AccountId, Balance, Balance)> {
    pallet_fractional_ownership::Offers::<Runtime>::iter_prefix(asset)
        .map(|(who, offer)| (who, offer.amount, offer.unit_price))
        .collect()
}

/// What `who` could spend.
pub fn spendable(who: &AccountId) -> Balance {
    Balances::reducible_balance(who, Preservation::Preserve, Fortitude::Polite)
}

/// Everyone who has a key.
pub fn everyone() -> impl Iterator<Item = AccountId> {
    Keys::all().iter().map(|keys| keys.account().clone())
}
