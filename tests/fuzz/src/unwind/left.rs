// SPDX-License-Identifier: Apache-2.0
//! What may not be left in the end.

use crate::{accounts::Keys, scene::everyone};
use ergon_runtime::*;

/// No record, no hold, no deposit, no lien, no income.
pub fn nothing_is_left() -> Result<(), String> {
    let left = [
        (
            "assets",
            pallet_compute_assets::Assets::<Runtime>::iter_keys().count(),
        ),
        (
            "hardware ids",
            pallet_compute_assets::Hardware::<Runtime>::iter_keys().count(),
        ),
        (
            "bonds",
            pallet_compute_assets::Bonds::<Runtime>::iter_keys().count(),
        ),
        (
            "announcements",
            pallet_compute_assets::Announcements::<Runtime>::iter_keys().count(),
        ),
        (
            "devices",
            pallet_proof_of_compute::Devices::<Runtime>::iter_keys().count(),
        ),
        (
            "vaults",
            pallet_fractional_ownership::Vaults::<Runtime>::iter_keys().count(),
        ),
        (
            "accounts",
            pallet_fractional_ownership::Accounts::<Runtime>::iter_keys().count(),
        ),
        (
            "holds on fractions",
            pallet_fractional_ownership::Holds::<Runtime>::iter_keys().count(),
        ),
        (
            "freezes on fractions",
            pallet_fractional_ownership::Freezes::<Runtime>::iter_keys().count(),
        ),
        (
            "offers",
            pallet_fractional_ownership::Offers::<Runtime>::iter_keys().count(),
        ),
        (
            "bids",
            pallet_fractional_ownership::Bids::<Runtime>::iter_keys().count(),
        ),
        (
            "debts of sales",
            pallet_fractional_ownership::Owed::<Runtime>::iter_keys().count(),
        ),
        (
            "pools",
            pallet_asset_conversion::Pools::<Runtime>::iter_keys().count(),
        ),
        (
            "fees of pools",
            pallet_asset_conversion::PoolFees::<Runtime>::iter_keys().count(),
        ),
        (
            "pools of LP tokens",
            pallet_lp_tokens::Pools::<Runtime>::iter_keys().count(),
        ),
        (
            "LP tokens",
            pallet_lp_tokens::Tokens::<Runtime>::iter_keys().count(),
        ),
        (
            "accounts of LP tokens",
            pallet_lp_tokens::Accounts::<Runtime>::iter_keys().count(),
        ),
        (
            "eras of pools",
            pallet_lp_tokens::Eras::<Runtime>::iter_keys().count(),
        ),
        (
            "ledgers",
            pallet_reward_distribution::Ledgers::<Runtime>::iter_keys().count(),
        ),
        (
            "operators' fees",
            pallet_reward_distribution::OperatorFees::<Runtime>::iter_keys().count(),
        ),
        (
            "positions",
            pallet_reward_distribution::Positions::<Runtime>::iter_keys().count(),
        ),
        ("NFTs", pallet_nfts::Item::<Runtime>::iter_keys().count()),
        (
            "proposals",
            pallet_asset_governance::Proposals::<Runtime>::iter_keys().count(),
        ),
        (
            "voters",
            pallet_asset_governance::Voters::<Runtime>::iter_keys().count(),
        ),
        (
            "terms for pushes",
            pallet_reward_distribution::AutoClaims::<Runtime>::iter_keys().count(),
        ),
        (
            "income logs",
            pallet_reward_distribution::Logs::<Runtime>::iter_keys().count(),
        ),
        (
            "pages of income logs",
            pallet_reward_distribution::LogPages::<Runtime>::iter_keys().count(),
        ),
        (
            "histories of holdings",
            pallet_reward_distribution::Histories::<Runtime>::iter_keys().count(),
        ),
        (
            "prices of NFTs",
            pallet_nfts::ItemPriceOf::<Runtime>::iter_keys().count(),
        ),
        (
            "swaps of NFTs",
            pallet_nfts::PendingSwapOf::<Runtime>::iter_keys().count(),
        ),
        (
            "attributes of NFTs",
            pallet_nfts::Attribute::<Runtime>::iter_keys().count(),
        ),
    ];
    if let Some((what, count)) = left.iter().find(|(_, count)| *count > 0) {
        return Err(format!("in the end {count} {what} are left"));
    }
    for who in everyone() {
        let reserved = Balances::reserved_balance(&who);
        if reserved > 0 {
            return Err(format!(
                "in the end {reserved} of {} are still on hold",
                Keys::name(&who)
            ));
        }
    }
    let totals = pallet_reward_distribution::BooksTotal::<Runtime>::get();
    match totals.owed() {
        Some(0) => Ok(()),
        owed => Err(format!("in the end reward-distribution still owes {owed:?}")),
    }
}
