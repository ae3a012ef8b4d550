// SPDX-License-Identifier: Apache-2.0
//! Sales, pools and vaults end: bids are withdrawn, auctions run out, claims are cashed, pools are left, and whoever has most buys out
//! what nobody can take out of a pool.

use super::{anyone, attempt, must, no_census_runs, pass, votes_are_unlocked, Unwound};
use crate::{
    accounts::Keys,
    scene::{bid_of, has_pool, holders, is_sold, offers, spendable, stands, supply, Scene},
    world::World,
};
use compute_primitives::AssetId;
use configs::pools::TradableId;
use ergon_runtime::*;
use frame_support::traits::fungible::NativeOrWithId;
use pallet_fractional_ownership::{Bids, Call, Owed};

/// The most that is paid to buy out one pool.
const PURSE: Balance = 100_000 * UNIT;

/// Standing bids are withdrawn, auctions settled when they are over.
pub fn bids_are_over(world: &mut World) -> Unwound {
    let bids: Vec<_> = Bids::<Runtime>::iter().collect();
    let now = System::block_number();
    let mut last = now;
    for (asset, bid) in &bids {
        match bid.ends_at {
            Some(end) => last = last.max(end),
            None => must(world, &bid.bidder, Call::withdraw_bid { asset: *asset })?,
        }
    }
    if last > now {
        pass(world, last - now)?;
        no_census_runs(world)?;
    }
    for (asset, _) in bids.iter().filter(|(_, bid)| bid.ends_at.is_some()) {
        must(world, &anyone(), Call::settle_auction { asset: *asset })?;
    }
    Ok(())
}

/// The holders of what was sold are paid, by anyone.
pub fn claims_are_cashed(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        if !is_sold(asset) {
            continue;
        }
        if has_pool(asset) && Balances::free_balance(LpTokens::pool_account(asset)) > 0 {
            must(world, &anyone(), pallet_lp_tokens::Call::dissolve { asset })?;
        }
        for (who, ..) in holders(asset) {
            must(world, &anyone(), Call::cash_out_for { asset, who })?;
        }
        if is_sold(asset) {
            return Err(format!(
                "the way out is blocked: the vault of asset {asset} stays"
            ));
        }
    }
    let owed: Vec<_> = Owed::<Runtime>::iter_keys().collect();
    for (asset, who) in owed {
        must(world, &anyone(), Call::claim_owed { asset, who })?;
    }
    Ok(())
}

/// Everyone's fractions come together, and the NFT out.
pub fn vaults_are_ended(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        if !stands(asset) {
            continue;
        }
        for (seller, ..) in offers(asset) {
            must(world, &seller, Call::cancel_offer { asset })?;
        }
        // One of two ways out, by turns: what stays in a pool is taken out with all LP tokens, or bought out.
        if asset.0.is_multiple_of(2) {
            empty_pool(world, asset)?;
        }
        providers_leave(world, asset)?;
        let most = holders(asset)
            .into_iter()
            .filter(|(who, ..)| Keys::of(who).is_some())
            .max_by_key(|(_, free, _)| *free);
        let who = most.map_or_else(anyone, |(who, ..)| who);
        gather(world, asset, &who)?;
        if !can_be_bought_out(asset, &who) {
            empty_pool(world, asset)?;
            gather(world, asset, &who)?;
            take_what_is_left(world, asset, &who)?;
        }
        if fractions(asset, &who) == supply(asset).unwrap_or(0) {
            must(world, &who, Call::redeem { asset })?;
        } else {
            buy_out(world, asset, &who)?;
        }
    }
    claims_are_cashed(world)
}

fn fractions(asset: AssetId, who: &AccountId) -> Balance {
    let account = FractionalOwnership::account(asset, who.clone());
    account.free + account.held
}

/// Whether more than half would be its own, bought out of the pool too.
fn can_be_bought_out(asset: AssetId, who: &AccountId) -> bool {
    let supply = supply(asset).unwrap_or(0);
    let in_pool = fractions(asset, &LpTokens::pool_account(asset));
    fractions(asset, who) + in_pool.saturating_sub(1) > supply / 2
}

/// Whoever provides most liquidity gets all LP tokens, and takes everything out.
fn empty_pool(world: &mut World, asset: AssetId) -> Unwound {
    let mut providers: Vec<_> = pallet_lp_tokens::Accounts::<Runtime>::iter_key_prefix(asset)
        .map(|who| (LpTokens::tokens(asset, who.clone()), who))
        .filter(|(tokens, _)| *tokens > 0)
        .collect();
    let Some((_, last)) = providers.pop() else {
        return Ok(());
    };
    for (amount, who) in providers {
        let dest = last.clone().into();
        must(
            world,
            &who,
            pallet_lp_tokens::Call::transfer { asset, dest, amount },
        )?;
    }
    must(
        world,
        &last,
        pallet_lp_tokens::Call::remove_all_liquidity { asset },
    )
}

/// Where all providers have left, who has all other fractions gets those in the pool.
fn take_what_is_left(world: &mut World, asset: AssetId, who: &AccountId) -> Unwound {
    let pool = LpTokens::pool_account(asset);
    let (own, left) = (fractions(asset, who), fractions(asset, &pool));
    let has_all_others = own > 0 && left > 0 && own + left == supply(asset).unwrap_or(0);
    let is_left = LpTokens::pool(asset).is_some_and(|pool| pool.earning == 0);
    if is_left && has_all_others {
        must(world, who, pallet_lp_tokens::Call::remove_all_liquidity { asset })?;
    }
    Ok(())
}

/// All that those with a key have goes to one of them.
fn gather(world: &mut World, asset: AssetId, dest: &AccountId) -> Unwound {
    for (who, amount, _) in holders(asset) {
        if who == *dest || Keys::of(&who).is_none() {
            continue;
        }
        let dest = dest.clone().into();
        must(world, &who, Call::transfer { asset, dest, amount })?;
    }
    Ok(())
}

fn pair(asset: AssetId) -> (Box<TradableId>, Box<TradableId>) {
    (
        Box::new(NativeOrWithId::Native),
        Box::new(NativeOrWithId::WithId(asset)),
    )
}

/// Who provides liquidity takes out what it can: the least stays.
fn providers_leave(world: &mut World, asset: AssetId) -> Unwound {
    if !has_pool(asset) {
        return Ok(());
    }
    let providers: Vec<_> = pallet_lp_tokens::Accounts::<Runtime>::iter_key_prefix(asset).collect();
    for who in providers {
        let tokens = LpTokens::tokens(asset, who.clone());
        // Where the last of them may not take all, a little less may do.
        for part in [1, 2, 8] {
            let (asset1, asset2) = pair(asset);
            let call = pallet_asset_conversion::Call::remove_liquidity {
                asset1,
                asset2,
                lp_token_burn: tokens / part,
                amount1_min_receive: 0,
                amount2_min_receive: 0,
                withdraw_to: who.clone(),
            };
            if tokens >= part && attempt(world, &who, call)? {
                break;
            }
        }
    }
    Ok(())
}

/// Lends `who` what it needs for this.
fn fund(world: &mut World, who: &AccountId, amount: Balance) -> Unwound {
    if spendable(who) >= amount {
        return Ok(());
    }
    let call = pallet_balances::Call::transfer_keep_alive {
        dest: who.clone().into(),
        value: amount,
    };
    must(world, Keys::root().account(), call)
}

/// Buys so many fractions out of the asset's pool, or as many as can be paid for.
fn buy_from_pool(world: &mut World, asset: AssetId, who: &AccountId, mut amount: Balance) -> Unwound {
    // Fractions that someone sent there are sold by a pool only once it has currency too.
    let pool = LpTokens::pool_account(asset);
    if has_pool(asset) && amount > 0 && Balances::free_balance(&pool) == 0 {
        fund(world, &pool, UNIT)?;
    }
    while amount > 0 {
        let (currency, fractions) = pair(asset);
        let price = AssetConversion::quote_price_tokens_for_exact_tokens(
            *currency.clone(),
            *fractions.clone(),
            amount,
            true,
        );
        let Some(price) = price.filter(|price| *price <= PURSE) else {
            amount /= 2;
            continue;
        };
        fund(world, who, price + UNIT)?;
        let call = pallet_asset_conversion::Call::swap_tokens_for_exact_tokens {
            path: vec![currency, fractions],
            amount_out: amount,
            amount_in_max: price,
            send_to: who.clone(),
            keep_alive: true,
        };
        return must(world, who, call);
    }
    Ok(())
}

/// A pool keeps some fractions for ever, so nobody can redeem. The way out is a sale, which `who` opens alone or by its vote.
fn buy_out(world: &mut World, asset: AssetId, who: &AccountId) -> Unwound {
    let supply = supply(asset).unwrap_or(0);
    let threshold = configs::compute::SqueezeOutThreshold::get().mul_ceil(supply);
    for _ in 0..4 {
        let missing = threshold.saturating_sub(fractions(asset, who));
        if missing == 0 {
            break;
        }
        let there = fractions(asset, &LpTokens::pool_account(asset));
        buy_from_pool(world, asset, who, missing.min(there.saturating_sub(1)))?;
        providers_leave(world, asset)?;
        gather(world, asset, who)?;
    }
    let price = FractionalOwnership::least_bid(asset).ok_or("nobody may bid")?;
    fund(world, who, price + UNIT)?;
    must(world, who, Call::bid { asset, price })?;
    if bid_of(asset).is_some_and(|bid| bid.ends_at.is_none()) {
        accept_by_vote(world, asset, who, price)?;
    }
    let end = bid_of(asset).and_then(|bid| bid.ends_at);
    let end = end.ok_or_else(|| {
        format!(
            "the way out is blocked: {} has {} of {supply} fractions of asset {asset} and can't buy it",
            Keys::name(who),
            fractions(asset, who),
        )
    })?;
    pass(world, end - System::block_number())?;
    no_census_runs(world)?;
    must(world, &anyone(), Call::settle_auction { asset })
}

fn accept_by_vote(world: &mut World, asset: AssetId, who: &AccountId, price: Balance) -> Unwound {
    use pallet_asset_governance::{Action, Call};
    let action = Action::AcceptBid(price);
    must(world, who, Call::propose { asset, action })?;
    votes_are_unlocked(world)
}
