// SPDX-License-Identifier: Apache-2.0
//! Calls of fractional-ownership about the sale of a whole asset.

use super::{
    fractions::{gather, made, names},
    Draw, Made,
};
use crate::scene::*;
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_fractional_ownership::{Call, Owed};

/// A price for the whole asset: mostly one that is taken and can be paid.
pub fn price(draw: &mut Draw, asset: AssetId) -> Balance {
    let least = FractionalOwnership::least_bid(asset).unwrap_or(UNIT);
    match draw.entropy.small(0, 15) {
        0 => least - 1,
        1 => draw.entropy.amount(100 * UNIT),
        2 => draw.entropy.magnitude(),
        3..=6 => least,
        _ => draw.entropy.range(least, least.saturating_mul(3) / 2),
    }
}

/// Who has most of an asset, unless that has no key.
fn largest(asset: AssetId) -> Option<AccountId> {
    holders(asset)
        .into_iter()
        .max_by_key(|(_, free, held)| free.saturating_add(*held))
        .map(|(who, ..)| who)
}

/// Whether someone may open an auction alone.
fn can_be_squeezed(asset: AssetId) -> bool {
    let supply = supply(asset).unwrap_or(0);
    let threshold = configs::compute::SqueezeOutThreshold::get().mul_ceil(supply);
    holders(asset)
        .iter()
        .any(|(_, free, held)| free + held >= threshold)
}

pub fn bid(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| FractionalOwnership::least_bid(asset).is_some());
    if FractionalOwnership::least_bid(asset).is_none() && !draw.entropy.percent(10) {
        return None;
    }
    let who = if draw.entropy.percent(35) {
        draw.mostly(largest(asset))
    } else {
        draw.anyone()
    };
    let price = price(draw, asset);
    made(who, Call::bid { asset, price })
}

pub fn withdraw_bid(draw: &mut Draw) -> Made {
    let stands = |asset| bid_of(asset).is_some_and(|bid| bid.ends_at.is_none());
    let asset = draw.asset_where(stands);
    if !stands(asset) && !draw.entropy.percent(15) {
        return None;
    }
    let who = draw.mostly(bid_of(asset).map(|bid| bid.bidder));
    made(who, Call::withdraw_bid { asset })
}

pub fn accept_bid(draw: &mut Draw) -> Made {
    let stands = |asset| bid_of(asset).is_some_and(|bid| bid.ends_at.is_none());
    let ready = |asset| stands(asset) && can_be_squeezed(asset);
    let asset = draw.asset_where(ready);
    if !ready(asset) && !draw.entropy.percent(15) {
        // What would make one ready.
        return if draw.entropy.percent(50) {
            gather(draw)
        } else {
            bid(draw)
        };
    }
    let who = draw.mostly(largest(asset));
    let bidden = bid_of(asset).map_or(UNIT, |bid| bid.price);
    let price = match draw.entropy.small(0, 9) {
        0 => bidden + 1,
        1 => draw.entropy.amount(bidden),
        _ => bidden,
    };
    made(who, Call::accept_bid { asset, price })
}

pub fn settle_auction(draw: &mut Draw) -> Made {
    let now = System::block_number();
    let over = |asset| bid_of(asset).is_some_and(|bid| bid.has_ended(now));
    let asset = draw.asset_where(over);
    if !over(asset) && !draw.entropy.percent(10) {
        return None;
    }
    made(draw.anyone(), Call::settle_auction { asset })
}

/// Someone who has fractions of a sold asset.
fn claimant(draw: &mut Draw) -> Option<(AssetId, AccountId)> {
    let asset = draw.asset_where(is_sold);
    if !is_sold(asset) && !draw.entropy.percent(10) {
        return None;
    }
    let holders = names(&holders(asset));
    // Often one who can't take a little, also those without a key.
    let mut empty = holders.clone();
    empty.retain(|who| Balances::free_balance(who) == 0);
    let candidates = if draw.entropy.percent(75) && !empty.is_empty() {
        empty
    } else {
        holders
    };
    let who = match draw.entropy.pick(&candidates).cloned() {
        Some(who) if !draw.entropy.percent(8) => who,
        _ => draw.anyone(),
    };
    Some((asset, who))
}

pub fn cash_out(draw: &mut Draw) -> Made {
    let (asset, who) = claimant(draw)?;
    let who = draw.mostly(Some(who));
    made(who, Call::cash_out { asset })
}

pub fn cash_out_for(draw: &mut Draw) -> Made {
    let (asset, who) = claimant(draw)?;
    made(draw.anyone(), Call::cash_out_for { asset, who })
}

pub fn claim_owed(draw: &mut Draw) -> Made {
    let mut all: Vec<(AssetId, AccountId)> = Owed::<Runtime>::iter_keys().collect();
    all.sort();
    let (asset, who) = match draw.entropy.pick(&all).cloned() {
        Some(one) => one,
        None if draw.entropy.percent(10) => (draw.asset(), draw.anyone()),
        None => return None,
    };
    if Balances::free_balance(&who) < EXISTENTIAL_DEPOSIT && draw.entropy.percent(60) {
        // What lets it be paid.
        let call = pallet_balances::Call::transfer_keep_alive {
            dest: who.into(),
            value: draw.entropy.range(EXISTENTIAL_DEPOSIT, UNIT),
        };
        return Some((draw.anyone(), call.into()));
    }
    made(draw.anyone(), Call::claim_owed { asset, who })
}

pub fn remove_expired_offer(draw: &mut Draw) -> Made {
    let now = System::block_number();
    let expired = |asset| {
        let mut sellers: Vec<_> = pallet_fractional_ownership::Offers::<Runtime>::iter_prefix(asset)
            .filter(|(_, offer)| offer.has_expired(now))
            .map(|(who, _)| who)
            .collect();
        sellers.sort();
        sellers
    };
    let asset = draw.asset_where(|asset| !expired(asset).is_empty());
    let sellers = expired(asset);
    if sellers.is_empty() && !draw.entropy.percent(10) {
        return None;
    }
    let seller = draw.one_of(&sellers);
    made(draw.anyone(), Call::remove_expired_offer { asset, seller })
}
