// SPDX-License-Identifier: Apache-2.0
//! Calls of asset-conversion over pools of the currency and fractions, and of lp-tokens.

use super::{Draw, Made};
use crate::{accounts::Keys, scene::*};
use compute_primitives::AssetId;
use configs::pools::TradableId;
use ergon_runtime::*;
use frame_support::traits::fungible::NativeOrWithId;
use pallet_lp_tokens::Accounts;

fn swaps(who: AccountId, call: pallet_asset_conversion::Call<Runtime>) -> Made {
    Some((who, RuntimeCall::AssetConversion(call)))
}

fn lp(who: AccountId, call: pallet_lp_tokens::Call<Runtime>) -> Made {
    Some((who, RuntimeCall::LpTokens(call)))
}

/// The currency and an asset's fractions, mostly in this order; seldom a pair of which there can be no pool.
fn pair(draw: &mut Draw, asset: AssetId) -> (Box<TradableId>, Box<TradableId>) {
    let fractions = Box::new(NativeOrWithId::WithId(asset));
    if draw.entropy.percent(2) {
        let others = NativeOrWithId::WithId(draw.asset());
        return (fractions, Box::new(others));
    }
    (Box::new(NativeOrWithId::Native), fractions)
}

/// What is in an asset's pool: currency and fractions, if there is some of both.
fn reserves(asset: AssetId) -> Option<(Balance, Balance)> {
    AssetConversion::get_reserves(NativeOrWithId::Native, NativeOrWithId::WithId(asset)).ok()
}

/// Those with LP tokens of an asset's pool, and how many.
fn providers(asset: AssetId) -> Vec<(AccountId, Balance)> {
    let mut all: Vec<_> = Accounts::<Runtime>::iter_key_prefix(asset)
        .map(|who| {
            let tokens = LpTokens::tokens(asset, who.clone());
            (who, tokens)
        })
        .filter(|(_, tokens)| *tokens > 0)
        .collect();
    all.sort();
    all
}

/// Someone who has free fractions, and how many.
fn holder(draw: &mut Draw, asset: AssetId) -> (AccountId, Balance) {
    // What is frozen by a vote can't be moved.
    let movable = |who: &AccountId| {
        let account = FractionalOwnership::account(asset, who.clone());
        let frozen = account.frozen.saturating_sub(account.held);
        account.free.saturating_sub(frozen)
    };
    let mut free: Vec<_> = holders(asset)
        .into_iter()
        .map(|(who, ..)| (movable(&who), who))
        .filter(|(free, who)| *free > 1 && Keys::of(who).is_some())
        .map(|(free, who)| (who, free))
        .collect();
    free.sort();
    // Best one with currency too.
    let rich: Vec<_> = free
        .iter()
        .filter(|(who, _)| spendable(who) > UNIT)
        .cloned()
        .collect();
    if !rich.is_empty() && !draw.entropy.percent(20) {
        free = rich;
    }
    match draw.entropy.pick(&free).cloned() {
        Some(one) if !draw.entropy.percent(6) => one,
        _ => (draw.anyone(), 100),
    }
}

/// Mostly the caller itself.
fn payee(draw: &mut Draw, who: &AccountId, asset: AssetId) -> AccountId {
    match draw.entropy.small(0, 19) {
        0 => LpTokens::pool_account(asset),
        1 => draw.poor(),
        2 | 3 => draw.anyone(),
        _ => who.clone(),
    }
}

pub fn create_pool(draw: &mut Draw) -> Made {
    let fits = |asset| stands(asset) && !has_pool(asset);
    let asset = draw.asset_where(fits);
    if !fits(asset) && !draw.entropy.percent(10) {
        return add_liquidity(draw);
    }
    let (asset1, asset2) = pair(draw, asset);
    let call = pallet_asset_conversion::Call::create_pool { asset1, asset2 };
    swaps(draw.anyone(), call)
}

pub fn add_liquidity(draw: &mut Draw) -> Made {
    let fits = |asset| stands(asset) && has_pool(asset);
    let asset = draw.asset_where(fits);
    if !fits(asset) && !draw.entropy.percent(10) {
        return None;
    }
    let (who, free) = holder(draw, asset);
    let purse = spendable(&who).min(50 * UNIT);
    let fractions = draw.entropy.amount(free.saturating_sub(1));
    let currency = match reserves(asset) {
        // What suits the price, or somewhat more.
        Some((currency, there)) if !draw.entropy.percent(10) => {
            let due = fractions.checked_mul(currency).unwrap_or(purse) / there;
            due.saturating_add(draw.entropy.range(1, due / 10 + 2)).min(purse)
        }
        _ => draw
            .entropy
            .range(EXISTENTIAL_DEPOSIT, purse.max(EXISTENTIAL_DEPOSIT)),
    };
    let least = |draw: &mut Draw, amount: Balance| match draw.entropy.small(0, 9) {
        0 => amount,
        1 => amount.saturating_add(1),
        2 => amount / 2,
        _ => 0,
    };
    let (amount1_min, amount2_min) = (least(draw, currency), least(draw, fractions));
    let mint_to = payee(draw, &who, asset);
    let (asset1, asset2) = pair(draw, asset);
    swaps(
        who,
        pallet_asset_conversion::Call::add_liquidity {
            asset1,
            asset2,
            amount1_desired: currency,
            amount2_desired: fractions,
            amount1_min,
            amount2_min,
            mint_to,
        },
    )
}

/// Somebody with LP tokens, and how many.
fn provider(draw: &mut Draw) -> Option<(AssetId, AccountId, Balance)> {
    let fits = |asset| has_pool(asset) && !providers(asset).is_empty();
    let asset = draw.asset_where(fits);
    if !fits(asset) && !draw.entropy.percent(10) {
        return None;
    }
    match draw.entropy.pick(&providers(asset)).cloned() {
        Some((who, tokens)) if !draw.entropy.percent(6) => Some((asset, who, tokens)),
        _ => Some((asset, draw.anyone(), 100)),
    }
}

pub fn remove_liquidity(draw: &mut Draw) -> Made {
    let Some((asset, who, tokens)) = provider(draw) else {
        return add_liquidity(draw);
    };
    let lp_token_burn = draw.entropy.amount(tokens);
    let withdraw_to = payee(draw, &who, asset);
    let amount1_min_receive = if draw.entropy.percent(10) { UNIT } else { 0 };
    let amount2_min_receive = if draw.entropy.percent(10) { 10 } else { 0 };
    let (asset1, asset2) = pair(draw, asset);
    swaps(
        who,
        pallet_asset_conversion::Call::remove_liquidity {
            asset1,
            asset2,
            lp_token_burn,
            amount1_min_receive,
            amount2_min_receive,
            withdraw_to,
        },
    )
}

/// A way through one pool, or two, with who would go it and what it has of what goes in.
#[allow(clippy::vec_box)] // asset-conversion boxes the kinds.
fn path(draw: &mut Draw) -> Option<(AccountId, Vec<Box<TradableId>>, Balance, AssetId)> {
    let asset = draw.asset_where(|asset| reserves(asset).is_some());
    if reserves(asset).is_none() && !draw.entropy.percent(8) {
        return None;
    }
    let (currency, fractions) = (NativeOrWithId::Native, NativeOrWithId::WithId(asset));
    Some(match draw.entropy.small(0, 7) {
        // Buys.
        0..=2 => {
            let who = draw.anyone();
            let purse = spendable(&who).min(20 * UNIT);
            (who, vec![Box::new(currency), Box::new(fractions)], purse, asset)
        }
        // Sells.
        3..=5 => {
            let (who, free) = holder(draw, asset);
            (who, vec![Box::new(fractions), Box::new(currency)], free, asset)
        }
        // Changes for another asset's.
        6 => {
            let other = draw.asset_where(|other| other != asset && reserves(other).is_some());
            let (who, free) = holder(draw, asset);
            let last = NativeOrWithId::WithId(other);
            let path = vec![Box::new(fractions), Box::new(currency), Box::new(last)];
            (who, path, free, other)
        }
        _ => {
            let other = NativeOrWithId::WithId(draw.asset());
            (
                draw.anyone(),
                vec![Box::new(fractions), Box::new(other)],
                100,
                asset,
            )
        }
    })
}

pub fn swap_exact_tokens_for_tokens(draw: &mut Draw) -> Made {
    let Some((who, path, purse, asset)) = path(draw) else {
        return add_liquidity(draw);
    };
    let amount_in = draw.entropy.amount(purse);
    let amount_out_min = if draw.entropy.percent(10) {
        draw.entropy.amount(purse)
    } else {
        1
    };
    let send_to = payee(draw, &who, asset);
    let keep_alive = draw.entropy.percent(50);
    swaps(
        who,
        pallet_asset_conversion::Call::swap_exact_tokens_for_tokens {
            path,
            amount_in,
            amount_out_min,
            send_to,
            keep_alive,
        },
    )
}

pub fn swap_tokens_for_exact_tokens(draw: &mut Draw) -> Made {
    let Some((who, path, purse, asset)) = path(draw) else {
        return add_liquidity(draw);
    };
    let there = match path.last().map(AsRef::as_ref) {
        Some(NativeOrWithId::WithId(asset)) => reserves(*asset).map(|(_, fractions)| fractions),
        _ => reserves(asset).map(|(currency, _)| currency),
    };
    let amount_out = draw.entropy.amount(there.unwrap_or(10) / 2);
    let amount_in_max = if draw.entropy.percent(10) {
        draw.entropy.amount(purse)
    } else {
        purse
    };
    let send_to = payee(draw, &who, asset);
    let keep_alive = draw.entropy.percent(50);
    swaps(
        who,
        pallet_asset_conversion::Call::swap_tokens_for_exact_tokens {
            path,
            amount_out,
            amount_in_max,
            send_to,
            keep_alive,
        },
    )
}

pub fn transfer(draw: &mut Draw) -> Made {
    let (asset, who, tokens) = provider(draw)?;
    let dest = match draw.entropy.small(0, 19) {
        0 => LpTokens::pool_account(asset),
        1..=5 => draw.poor(),
        _ => draw.anyone(),
    };
    let amount = draw.entropy.amount(tokens);
    let dest = dest.into();
    lp(who, pallet_lp_tokens::Call::transfer { asset, dest, amount })
}

/// By the only provider, or one of several. Where there are several, often one gives all to another.
pub fn remove_all_liquidity(draw: &mut Draw) -> Made {
    let fits = |asset| has_pool(asset) && providers(asset).len() == 1;
    let asset = draw.asset_where(fits);
    let providers = providers(asset);
    let (first, _) = providers.first().cloned()?;
    if let (Some((who, amount)), true) = (providers.last(), providers.len() > 1) {
        if !draw.entropy.percent(30) {
            let (dest, amount) = (first.into(), *amount);
            return lp(
                who.clone(),
                pallet_lp_tokens::Call::transfer { asset, dest, amount },
            );
        }
    }
    let who = draw.mostly(Some(first));
    lp(who, pallet_lp_tokens::Call::remove_all_liquidity { asset })
}

/// Mostly someone who has something coming from LP tokens, or had them once.
fn creditor(draw: &mut Draw) -> Option<(AssetId, AccountId)> {
    let mut all: Vec<(AssetId, AccountId)> = Accounts::<Runtime>::iter_keys().collect();
    all.sort();
    match draw.entropy.pick(&all).cloned() {
        Some(one) => Some(one),
        None if draw.entropy.percent(10) => Some((draw.asset(), draw.anyone())),
        None => None,
    }
}

pub fn claim(draw: &mut Draw) -> Made {
    let (asset, who) = creditor(draw)?;
    let who = draw.mostly(Some(who));
    lp(who, pallet_lp_tokens::Call::claim { asset })
}

pub fn claim_for(draw: &mut Draw) -> Made {
    let (asset, who) = creditor(draw)?;
    lp(draw.anyone(), pallet_lp_tokens::Call::claim_for { asset, who })
}

pub fn dissolve(draw: &mut Draw) -> Made {
    // The sale itself has dissolved it: of use only where something came since.
    let fits = |asset| {
        is_sold(asset) && has_pool(asset) && Balances::free_balance(LpTokens::pool_account(asset)) > 0
    };
    let asset = draw.asset_where(fits);
    if !fits(asset) && !draw.entropy.percent(10) {
        return None;
    }
    lp(draw.anyone(), pallet_lp_tokens::Call::dissolve { asset })
}

/// Currency or fractions to a pool's account by who wants nothing for it: those who have liquidity there gain, nobody gets stuck. Also
/// where nobody has.
pub fn donate(draw: &mut Draw) -> Made {
    let fits = |asset| has_pool(asset) && (stands(asset) || is_sold(asset));
    let asset = draw.asset_where(fits);
    if !fits(asset) {
        return None;
    }
    let dest = LpTokens::pool_account(asset);
    if is_sold(asset) || draw.entropy.percent(50) {
        let who = draw.anyone();
        let value = draw.entropy.amount(spendable(&who).min(UNIT));
        let dest = dest.into();
        let call = pallet_balances::Call::transfer_keep_alive { dest, value };
        return Some((who, call.into()));
    }
    let (who, free) = holder(draw, asset);
    // Who gives away all there is has thrown the device away: nobody could ever buy the last fraction of a pool.
    let half = FractionalOwnership::account(asset, who.clone()).free / 2;
    let amount = draw.entropy.amount(free / 20).min(half);
    let dest = dest.into();
    let call = pallet_fractional_ownership::Call::transfer { asset, dest, amount };
    Some((who, call.into()))
}

/// What only root may do.
pub fn set_pool_fee(draw: &mut Draw) -> Option<RuntimeCall> {
    let asset = draw.asset_where(has_pool);
    let fee = sp_runtime::Permill::from_parts(draw.entropy.small(0, 52_000));
    let pool_id = (NativeOrWithId::Native, NativeOrWithId::WithId(asset));
    Some(pallet_asset_conversion::Call::set_pool_fee { pool_id, fee }.into())
}
