// SPDX-License-Identifier: Apache-2.0
//! Somebody reads whatever there is to read; nothing of it may panic or contradict itself.

use compute_primitives::AssetId;
use ergon_runtime::*;
use frame_support::traits::fungible::NativeOrWithId;

pub fn look(asset: AssetId, who: AccountId) -> Result<(), String> {
    registry(asset)?;
    income(&who)?;
    fractions(asset)?;
    sale(asset, &who)?;
    pool(asset, who)?;
    ProofOfCompute::census();
    Ok(())
}

fn registry(asset: AssetId) -> Result<(), String> {
    let details = ComputeAssets::details(asset);
    let rating = ProofOfCompute::rating_info(asset);
    let status = ProofOfCompute::effective_status(asset);
    if details.is_none() && (rating.is_some() || status.is_some()) {
        return Err(format!("asset {asset} has a rating and is gone"));
    }
    if ComputeAssets::is_reapable(asset) && details.is_none() {
        return Err(format!("asset {asset} can be reaped and is gone"));
    }
    Ok(())
}

fn income(who: &AccountId) -> Result<(), String> {
    let pending = RewardDistribution::pending_rewards(who.clone());
    if pending
        .iter()
        .any(|pending| RewardDistribution::pending(pending.asset, who.clone()) != pending.amount)
    {
        return Err(format!("two answers about what {who:?} has coming"));
    }
    Ok(())
}

fn fractions(asset: AssetId) -> Result<(), String> {
    let page = FractionalOwnership::holders(asset, None, 100);
    let shown: Balance = page
        .iter()
        .flat_map(|(_, holders, _)| holders)
        .map(|(_, held)| *held)
        .sum();
    let supply = page.map_or(0, |(supply, ..)| supply);
    if shown != supply {
        return Err(format!(
            "the holders of asset {asset} are shown with {shown} of {supply} fractions"
        ));
    }
    FractionalOwnership::standing_offers(asset, None, 100);
    Ok(())
}

fn sale(asset: AssetId, who: &AccountId) -> Result<(), String> {
    let vault = FractionalOwnership::vault(asset);
    let bid = FractionalOwnership::highest_bid(asset);
    let least = FractionalOwnership::least_bid(asset);
    let stands = vault.as_ref().is_some_and(|vault| vault.cash.is_none());
    if (bid.is_some() || least.is_some()) && !stands {
        return Err(format!("asset {asset} has a bid of {bid:?} and is {vault:?}"));
    }
    if let (Some(bid), Some(least)) = (&bid, least) {
        if least <= bid.price {
            return Err(format!(
                "asset {asset} is bid for at {}, and {least} outbids it",
                bid.price
            ));
        }
    }
    let cash = FractionalOwnership::cash_of(asset, who.clone());
    let left = vault.and_then(|vault| vault.cash).unwrap_or(0);
    if cash > left {
        return Err(format!("{who:?} would be paid {cash} of {left}"));
    }
    Ok(())
}

fn pool(asset: AssetId, who: AccountId) -> Result<(), String> {
    let pair = (NativeOrWithId::Native, NativeOrWithId::WithId(asset));
    let known = pallet_asset_conversion::Pools::<Runtime>::get(&pair);
    let Some(pool) = LpTokens::pool(asset) else {
        return match known {
            Some(_) => Err(format!("the pool of asset {asset} has no LP token")),
            None => Ok(()),
        };
    };
    // The record of LP tokens outlives the pool of an asset that is gone.
    if known.is_some_and(|known| known.lp_token != pool.token) {
        return Err(format!("the pool of asset {asset} has two LP tokens"));
    }
    let tokens = |who: AccountId| LpTokens::tokens(asset, who);
    let holders: Vec<_> = pallet_lp_tokens::Accounts::<Runtime>::iter_key_prefix(asset).collect();
    let earning: Balance = holders.iter().cloned().map(tokens).sum();
    if earning != pool.earning || earning + tokens(pool.account.clone()) != pool.supply {
        return Err(format!(
            "LP tokens of asset {asset} are shown as {pool:?}, held are {earning}"
        ));
    }
    let pending: Balance = holders
        .into_iter()
        .map(|holder| LpTokens::pending(asset, holder))
        .sum();
    if pending > pool.balance || LpTokens::pending(asset, who) > pool.balance {
        return Err(format!(
            "LP tokens of asset {asset} have {pending} coming out of {}",
            pool.balance
        ));
    }
    let reserves = AssetConversion::get_reserves(pair.0, pair.1).ok();
    let fractions = FractionalOwnership::account(asset, pool.account).free;
    if reserves.is_some_and(|(_, shown)| shown != fractions) {
        return Err(format!(
            "the pool of asset {asset} has {fractions} and shows {reserves:?}"
        ));
    }
    Ok(())
}
