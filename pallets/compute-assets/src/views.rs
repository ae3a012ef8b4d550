// SPDX-License-Identifier: Apache-2.0
//! What the runtime API and the view functions read.

use crate::*;
use alloc::{collections::BTreeSet, vec::Vec};
use compute_primitives::{AssetId, AssetStatus};
use frame_support::traits::tokens::nonfungibles_v2::InspectEnumerable;
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
    /// What this pallet and the NFT say of an asset; `None`: there is none.
    pub fn details(asset: AssetId) -> Option<AssetDetailsOf<T>> {
        let record = Assets::<T>::get(asset)?;
        let owner = Self::nft_owner(asset)?;
        let bond = record
            .operator
            .as_ref()
            .and_then(|operator| Bonds::<T>::get(asset, operator))
            .unwrap_or_default();
        let nominee = record
            .nomination
            .and_then(|nomination| (nomination.by == owner).then_some(nomination.nominee));
        Some(AssetDetails {
            id: asset,
            kind: record.kind,
            status: record.status,
            owner,
            operator: record.operator,
            nominee,
            hardware: record.hardware,
            uri: Self::read_uri(asset).unwrap_or_default(),
            registered_at: record.registered_at,
            registrant: record.registrant,
            liens: record.liens,
            bond: bond.amount,
            bond_pledged: bond.pledged,
        })
    }

    /// Assets whose NFT `who` holds, in order of id, at most `limit` from `start` on.
    ///
    /// Walks all NFTs of `who` (the map is in order of hashes), so it is for reads outside blocks.
    pub fn assets_of(who: &T::AccountId, start: AssetId, limit: u32) -> Vec<AssetId> {
        let Some(collection) = Collection::<T>::get() else {
            return Vec::new();
        };
        let limit = limit.saturated_into::<usize>();
        let mut first = BTreeSet::new();
        for id in T::Nfts::owned_in_collection(&collection, who) {
            if id >= start.0 {
                first.insert(AssetId(id));
                if first.len() > limit {
                    first.pop_last();
                }
            }
        }
        first.into_iter().collect()
    }

    /// Assets registered and not reaped.
    pub fn count() -> u32 {
        Assets::<T>::count()
    }

    /// Whether an asset is retired and nothing obliges it any more.
    pub fn reapable(asset: AssetId) -> bool {
        let now = Self::now();
        Assets::<T>::get(asset).is_some_and(|record| record.status == AssetStatus::Retired)
            && Bonds::<T>::iter_prefix_values(asset).all(|bond| bond.is_free(now))
    }
}
