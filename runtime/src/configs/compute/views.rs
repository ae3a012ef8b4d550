// SPDX-License-Identifier: Apache-2.0
//! Records of the runtime API that more than one pallet fills. For reads outside blocks only.

use crate::*;
use alloc::collections::BTreeMap;
use compute_primitives::{
    api::{AssetInfo, Holder, HolderPage, NetworkStats, PendingReward},
    AssetId, AssetKind, Holdings, InspectAsset,
};

pub fn asset(id: AssetId) -> Option<AssetInfo<AccountId, Balance, BlockNumber>> {
    let details = ComputeAssets::details(id)?;
    Some(AssetInfo {
        id,
        kind: details.kind,
        status: ProofOfCompute::effective_status(id).unwrap_or(details.status),
        owner: details.owner,
        operator: details.operator,
        nominee: details.nominee,
        hardware: details.hardware,
        uri: details.uri,
        registered_at: details.registered_at,
        liens: details.liens,
        bond: details.bond,
        bond_pledged: details.bond_pledged,
        supply: <FractionalOwnership as Holdings<AccountId>>::supply(id),
        rate: ProofOfCompute::effective_rate(id),
        unvested: RewardDistribution::unvested(id),
        releasable: RewardDistribution::releasable(id),
        parked: RewardDistribution::parked(id),
        books: RewardDistribution::books(id),
    })
}

pub fn assets_of(account: AccountId, start: AssetId, limit: u32) -> Vec<AssetId> {
    ComputeAssets::assets_of(&account, start, limit)
}

/// The positions of `account`, and the whole assets that it owns and that nobody touched since they earned.
pub fn pending_rewards(account: AccountId) -> Vec<PendingReward<Balance>> {
    let mut pending: BTreeMap<AssetId, Balance> = RewardDistribution::pending_rewards(account.clone())
        .into_iter()
        .map(|reward| (reward.asset, reward.amount))
        .collect();
    for asset in ComputeAssets::assets_of(&account, AssetId(0), u32::MAX) {
        let amount = RewardDistribution::pending(asset, account.clone());
        if amount > 0 {
            pending.insert(asset, amount);
        }
    }
    pending
        .into_iter()
        .map(|(asset, amount)| PendingReward { asset, amount })
        .collect()
}

pub fn holders(id: AssetId, cursor: Option<Vec<u8>>, limit: u32) -> Option<HolderPage<AccountId, Balance>> {
    let holder = |account: AccountId, fractions| Holder {
        pending: RewardDistribution::pending(id, account.clone()),
        account,
        fractions,
    };
    // Of an asset that was sold as a whole the fractions are claims on its cash, and the owner is its only holder.
    let is_shared = <FractionalOwnership as Holdings<AccountId>>::supply(id).is_some();
    let page = is_shared.then(|| FractionalOwnership::holders(id, cursor, limit));
    if let Some((supply, holders, next)) = page.flatten() {
        return Some(HolderPage {
            supply: Some(supply),
            holders: holders
                .into_iter()
                .map(|(account, fractions)| holder(account, fractions))
                .collect(),
            next,
        });
    }
    let owner = <ComputeAssets as InspectAsset<AccountId>>::owner(id)?;
    Some(HolderPage {
        supply: None,
        holders: vec![holder(owner, 0)],
        next: None,
    })
}

pub fn network_stats() -> NetworkStats<Balance> {
    NetworkStats {
        assets: ComputeAssets::count(),
        censuses: ProofOfCompute::census_info().index,
        rate: ProofOfCompute::network_rate(AssetKind::Gpu),
        verified_work: ProofOfCompute::verified_work_total(AssetKind::Gpu),
        hashrate: ProofOfCompute::network_rate(AssetKind::Hashrate),
        verified_hashes: ProofOfCompute::verified_work_total(AssetKind::Hashrate),
        total_issuance: Balances::total_issuance(),
        emitted: RewardDistribution::emitted_total(),
        max_supply: RewardDistribution::max_supply(),
        slashed: RewardDistribution::slashed_total(),
    }
}
