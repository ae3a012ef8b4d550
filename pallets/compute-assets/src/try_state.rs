// SPDX-License-Identifier: Apache-2.0
//! The pallet's invariants, one named function each.

use crate::*;
use alloc::collections::{BTreeMap, BTreeSet};
use compute_primitives::AssetStatus;
use frame_support::{
    ensure,
    traits::{
        fungible::InspectHold,
        tokens::nonfungibles_v2::{Inspect, InspectEnumerable},
        Get,
    },
};
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of this pallet.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::collection_is_ours()?;
        Self::assets_are_counted_and_numbered()?;
        Self::every_asset_has_its_nft_and_no_other_is_there()?;
        Self::nfts_show_the_status()?;
        Self::transfers_are_disabled_exactly_under_liens()?;
        Self::retired_assets_are_free_of_liens_and_nominations()?;
        Self::hardware_ids_and_assets_match_one_to_one()?;
        Self::bonds_belong_to_assets_and_are_bounded()?;
        Self::operators_of_live_assets_have_bonds()?;
        Self::holds_are_the_sum_of_bonds()
    }

    /// The collection is there, and nobody but this pallet's account owns it.
    fn collection_is_ours() -> Result<(), TryRuntimeError> {
        let collection = Self::existing_collection().map_err(|_| "no collection")?;
        let account = Self::account_id();
        ensure!(
            T::Nfts::collection_owner(&collection).as_ref() == Some(&account),
            "the collection is not the pallet's"
        );
        ensure!(
            frame_system::Pallet::<T>::providers(&account) > 0,
            "the pallet's account has no provider reference"
        );
        Ok(())
    }

    fn assets_are_counted_and_numbered() -> Result<(), TryRuntimeError> {
        let mut count = 0u32;
        for (asset, _) in Assets::<T>::iter() {
            ensure!(
                asset.0 >= 1 && asset <= LastAssetId::<T>::get(),
                "an asset has an id that was never given"
            );
            count = count.checked_add(1).ok_or("too many assets")?;
        }
        ensure!(count == Assets::<T>::count(), "the count of assets is off");
        Ok(())
    }

    fn every_asset_has_its_nft_and_no_other_is_there() -> Result<(), TryRuntimeError> {
        let collection = Self::existing_collection().map_err(|_| "no collection")?;
        let assets = Assets::<T>::iter_keys()
            .map(|asset| asset.0)
            .collect::<BTreeSet<_>>();
        let items = T::Nfts::items(&collection).collect::<BTreeSet<_>>();
        ensure!(assets.is_subset(&items), "an asset has lost its NFT");
        ensure!(items.is_subset(&assets), "an NFT of the collection is no asset");
        Ok(())
    }

    fn nfts_show_the_status() -> Result<(), TryRuntimeError> {
        let collection = Self::existing_collection().map_err(|_| "no collection")?;
        for (asset, record) in Assets::<T>::iter() {
            let shown = T::Nfts::system_attribute(&collection, Some(&asset.0), nft::STATUS);
            ensure!(
                shown.as_deref() == Some(nft::status_text(record.status)),
                "an NFT shows another status than its asset has"
            );
        }
        Ok(())
    }

    fn transfers_are_disabled_exactly_under_liens() -> Result<(), TryRuntimeError> {
        let collection = Self::existing_collection().map_err(|_| "no collection")?;
        for (asset, record) in Assets::<T>::iter() {
            ensure!(
                T::Nfts::can_transfer(&collection, &asset.0) == (record.liens == 0),
                "transfers are disabled without a lien, or enabled under one"
            );
        }
        Ok(())
    }

    fn retired_assets_are_free_of_liens_and_nominations() -> Result<(), TryRuntimeError> {
        for record in Assets::<T>::iter_values().filter(|record| record.status == AssetStatus::Retired) {
            ensure!(record.liens == 0, "a retired asset is encumbered");
            ensure!(record.nomination.is_none(), "a retired asset awaits an operator");
        }
        Ok(())
    }

    fn hardware_ids_and_assets_match_one_to_one() -> Result<(), TryRuntimeError> {
        let mut count = 0u32;
        for (hardware, asset) in Hardware::<T>::iter() {
            let record = Assets::<T>::get(asset).ok_or("a hardware id leads to no asset")?;
            ensure!(
                record.hardware == hardware,
                "a hardware id leads to an asset with another one"
            );
            count = count.checked_add(1).ok_or("too many hardware ids")?;
        }
        ensure!(
            count == Assets::<T>::count(),
            "an asset's hardware id is not taken"
        );
        Ok(())
    }

    fn bonds_belong_to_assets_and_are_bounded() -> Result<(), TryRuntimeError> {
        let mut bearers = BTreeMap::new();
        for (asset, _, bond) in Bonds::<T>::iter() {
            ensure!(Assets::<T>::contains_key(asset), "a bond has outlived its asset");
            ensure!(bond.amount <= bond.pledged, "a bond holds more than was pledged");
            let count = bearers.entry(asset).or_insert(0u32);
            *count = count.checked_add(1).ok_or("too many bonds")?;
        }
        for (asset, record) in Assets::<T>::iter() {
            let count = bearers.get(&asset).copied().unwrap_or(0);
            ensure!(record.bearers == count, "the count of an asset's bonds is off");
            ensure!(count <= T::MaxBearers::get(), "an asset has too many bonds");
        }
        Ok(())
    }

    /// A retired asset's operator may have its bond back already.
    fn operators_of_live_assets_have_bonds() -> Result<(), TryRuntimeError> {
        for (asset, record) in Assets::<T>::iter() {
            if let (Some(operator), true) = (&record.operator, record.status != AssetStatus::Retired) {
                ensure!(
                    Bonds::<T>::contains_key(asset, operator),
                    "an operator has no bond"
                );
            }
        }
        Ok(())
    }

    /// What each bearer has on hold is exactly what is recorded for it.
    fn holds_are_the_sum_of_bonds() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::new();
        for (_, bearer, bond) in Bonds::<T>::iter() {
            let sum = sums.entry(bearer).or_insert_with(BalanceOf::<T>::zero);
            *sum = sum
                .checked_add(&bond.amount)
                .ok_or("the sum of bonds overflows")?;
        }
        for (bearer, sum) in sums {
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Bond.into(), &bearer) == sum,
                "a bearer's hold is not the sum of its bonds"
            );
        }
        Ok(())
    }
}
