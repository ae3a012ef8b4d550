// SPDX-License-Identifier: Apache-2.0
//! Calls of fractional-ownership.

use super::{Draw, Made};
use crate::{accounts::Keys, scene::*};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_fractional_ownership::Call;
use sp_runtime::Perbill;

pub(super) fn made(who: AccountId, call: Call<Runtime>) -> Made {
    Some((who, RuntimeCall::FractionalOwnership(call)))
}

/// Mostly one that is owned in fractions; nothing if there is none.
fn vault(draw: &mut Draw) -> Option<AssetId> {
    let asset = draw.asset_where(stands);
    (stands(asset) || draw.entropy.percent(15)).then_some(asset)
}

pub(super) fn names(holders: &[(AccountId, Balance, Balance)]) -> Vec<AccountId> {
    holders.iter().map(|(who, ..)| who.clone()).collect()
}

pub fn fractionalize(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    if !is_whole(asset) && !draw.entropy.percent(15) {
        return transfer(draw);
    }
    let who = draw.mostly(owner(asset));
    let supply = match draw.entropy.small(0, 15) {
        0 => 0,
        1 => (1 << 64) + draw.entropy.range(0, 1),
        2 => 1 << 64,
        3 | 4 => draw.entropy.range(1, 9),
        5 => 1,
        6 => draw.entropy.magnitude(),
        7..=10 => draw.entropy.range(10, 1_000),
        _ => 1_000_000,
    };
    let royalty = match draw.entropy.small(0, 3) {
        0 => Perbill::zero(),
        1 => Perbill::from_percent(10),
        _ => Perbill::from_parts(draw.entropy.small(0, 101_000_000)),
    };
    made(
        who,
        Call::fractionalize {
            asset,
            supply,
            royalty,
        },
    )
}

pub fn transfer(draw: &mut Draw) -> Made {
    let asset = vault(draw)?;
    let holders = holders(asset);
    let who = draw.one_of(&names(&holders));
    let free = holders
        .iter()
        .find(|(holder, ..)| *holder == who)
        .map_or(0, |(_, free, _)| *free);
    // Little to the poor: they can't be paid their part of a sale.
    let (dest, natural) = match draw.entropy.small(0, 49) {
        0 => (FractionalOwnership::vault_account(asset), free),
        1..=6 => (draw.poor(), free / 1_000 + 1),
        7..=14 => (draw.poor(), free / 100_000 + 1),
        _ => (draw.anyone(), free),
    };
    let amount = draw.entropy.amount(natural);
    made(
        who,
        Call::transfer {
            asset,
            dest: dest.into(),
            amount,
        },
    )
}

/// A few fractions of what is about to be sold, to someone who can't take so little cash.
pub fn crumb(draw: &mut Draw) -> Made {
    let is_in_auction = |asset| bid_of(asset).is_some_and(|bid| bid.ends_at.is_some());
    let asset = draw.asset_where(is_in_auction);
    let empty: Vec<_> = everyone()
        .filter(|who| Balances::free_balance(who) == 0)
        .collect();
    let Some(dest) = draw.entropy.pick(&empty).cloned() else {
        return super::outside::empty(draw);
    };
    let many: Vec<_> = holders(asset)
        .into_iter()
        .filter(|(who, free, _)| *who != dest && *free > 1)
        .collect();
    let (who, free, _) = draw.entropy.pick(&many).cloned()?;
    let amount = draw.entropy.range(1, free / 100_000 + 1);
    let dest = dest.into();
    made(who, Call::transfer { asset, dest, amount })
}

/// All that one holder can give goes to another: without it, nobody would ever have all.
pub fn gather(draw: &mut Draw) -> Made {
    let asset = vault(draw)?;
    let holders = holders(asset);
    // What is in a pool is for the pool's calls.
    let holders: Vec<_> = holders
        .into_iter()
        .filter(|(who, ..)| Keys::of(who).is_some())
        .collect();
    let (dest, ..) = holders
        .iter()
        .max_by_key(|(_, free, held)| free.saturating_add(*held))?
        .clone();
    let others: Vec<_> = holders
        .iter()
        .filter(|(who, free, _)| *who != dest && *free > 0)
        .collect();
    let (who, amount, _) = draw.entropy.pick(&others)?;
    made(
        who.clone(),
        Call::transfer {
            asset,
            dest: dest.into(),
            amount: *amount,
        },
    )
}

pub fn offer(draw: &mut Draw) -> Made {
    let asset = vault(draw)?;
    let holders = holders(asset);
    let who = draw.one_of(&names(&holders));
    let all = holders
        .iter()
        .find(|(holder, ..)| *holder == who)
        .map_or(0, |(_, free, held)| free.saturating_add(*held));
    let amount = draw.entropy.amount(all);
    // Some too dear for anyone, most affordable.
    let unit_price = match draw.entropy.small(0, 9) {
        0 => draw.entropy.magnitude(),
        1 => draw.entropy.amount(UNIT),
        _ => draw.entropy.range(1, (100 * UNIT) / amount.clamp(1, 100 * UNIT)),
    };
    let expires_at = match draw.entropy.small(0, 3) {
        0 | 1 => Some(System::block_number() + draw.entropy.small(0, 200)),
        _ => None,
    };
    made(
        who,
        Call::offer {
            asset,
            amount,
            unit_price,
            expires_at,
        },
    )
}

pub fn cancel_offer(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| !offers(asset).is_empty());
    let offers = offers(asset);
    if offers.is_empty() && !draw.entropy.percent(15) {
        return None;
    }
    let who = draw.one_of(&names(&offers));
    made(who, Call::cancel_offer { asset })
}

pub fn buy(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| !offers(asset).is_empty());
    let offers = offers(asset);
    if offers.is_empty() && !draw.entropy.percent(10) {
        return offer(draw);
    }
    let seller = draw.one_of(&names(&offers));
    let (left, price) = offers
        .iter()
        .find(|(who, ..)| *who == seller)
        .map_or((1, 1), |(_, amount, price)| (*amount, *price));
    let mut amount = draw.entropy.amount(left);
    let able = |amount: Balance| -> Vec<AccountId> {
        let cost = amount.saturating_mul(price);
        everyone()
            .filter(|who| *who != seller && spendable(who) >= cost)
            .collect()
    };
    if able(amount).is_empty() {
        amount = 1;
    }
    let able = able(amount);
    let who = draw.one_of(&able);
    let max_unit_price = if draw.entropy.percent(6) { price - 1 } else { price };
    let max_supply = match supply(asset) {
        Some(supply) if draw.entropy.percent(6) => supply - 1,
        _ => u128::MAX,
    };
    made(
        who,
        Call::buy {
            asset,
            seller,
            amount,
            max_unit_price,
            max_supply,
        },
    )
}

pub fn redeem(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| stands(asset) && matches!(&holders(asset)[..], [(_, _, 0)]));
    let holders = holders(asset);
    if holders.len() != 1 && !draw.entropy.percent(10) {
        return gather(draw);
    }
    let who = draw.one_of(&names(&holders));
    made(who, Call::redeem { asset })
}
