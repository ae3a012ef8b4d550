// SPDX-License-Identifier: Apache-2.0
//! Calls of FRAME's pallets that touch what ours keep: money, NFTs, batches.

use super::{Draw, Made};
use crate::{accounts::Keys, scene::*};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_nfts::{PriceDirection, PriceWithDirection};

fn balances(who: AccountId, call: pallet_balances::Call<Runtime>) -> Made {
    Some((who, RuntimeCall::Balances(call)))
}

fn nfts(who: AccountId, call: pallet_nfts::Call<Runtime>) -> Made {
    Some((who, RuntimeCall::Nfts(call)))
}

fn collection() -> u32 {
    ComputeAssets::collection().unwrap_or_default()
}

/// Anyone who may become poor: not the author, who gets the fees.
fn payer(draw: &mut Draw) -> AccountId {
    let index = 1 + draw.entropy.below(Keys::all().len() - 1);
    Keys::all()[index].account().clone()
}

/// What is a lot to a poor account and little to a rich one.
fn pocket(who: &AccountId) -> Balance {
    spendable(who).min(5 * UNIT)
}

pub fn pay(draw: &mut Draw) -> Made {
    let who = payer(draw);
    let dest = if draw.entropy.percent(50) {
        draw.poor()
    } else {
        draw.anyone()
    };
    let natural = match draw.entropy.small(0, 3) {
        0 => EXISTENTIAL_DEPOSIT,
        1 => draw.entropy.range(1, 2 * EXISTENTIAL_DEPOSIT),
        _ => pocket(&who),
    };
    let value = draw.entropy.amount(natural);
    let call = match draw.entropy.small(0, 9) {
        0 if Balances::free_balance(&who) < 1_000 * UNIT => pallet_balances::Call::transfer_all {
            dest: dest.into(),
            keep_alive: draw.entropy.percent(40),
        },
        0..=4 => pallet_balances::Call::transfer_allow_death {
            dest: dest.into(),
            value,
        },
        _ => pallet_balances::Call::transfer_keep_alive {
            dest: dest.into(),
            value,
        },
    };
    balances(who, call)
}

/// Someone of little means gives everything away: then it can't be paid what is less than the existential deposit.
pub fn empty(draw: &mut Draw) -> Made {
    let little: Vec<_> = everyone()
        .filter(|who| (1..1_000 * UNIT).contains(&Balances::free_balance(who)))
        .collect();
    // Best by who has so few fractions of what was sold, or may be, that its part is less than that.
    let few = |who: &&AccountId| {
        draw.scene.assets.iter().any(|asset| {
            let held = FractionalOwnership::account(*asset, (*who).clone()).free;
            let part = if is_sold(*asset) {
                FractionalOwnership::cash_of(*asset, (*who).clone())
            } else {
                let price = bid_of(*asset).map_or(UNIT, |bid| bid.price);
                price.saturating_mul(held) / supply(*asset).unwrap_or(1).max(1)
            };
            held > 0 && part < EXISTENTIAL_DEPOSIT
        })
    };
    let fewest: Vec<_> = little.iter().filter(few).cloned().collect();
    let who = match draw.entropy.pick(&fewest).cloned() {
        Some(who) if !draw.entropy.percent(20) => who,
        _ => draw.entropy.pick(&little).cloned()?,
    };
    let dest = Keys::root().account().clone().into();
    let keep_alive = false;
    balances(who, pallet_balances::Call::transfer_all { dest, keep_alive })
}

pub fn burn(draw: &mut Draw) -> Made {
    let who = payer(draw);
    let value = draw.entropy.amount(pocket(&who));
    balances(
        who,
        pallet_balances::Call::burn {
            value,
            keep_alive: draw.entropy.percent(50),
        },
    )
}

/// Money to an account of a pallet, to a vault's, or to the treasury: nobody may gain or get stuck by it.
pub fn donate(draw: &mut Draw) -> Made {
    let who = payer(draw);
    let dest = match draw.entropy.small(0, 3) {
        0 => RewardDistribution::account_id(),
        1 => ComputeAssets::account_id(),
        2 => configs::compute::Treasury::get(),
        _ => FractionalOwnership::vault_account(draw.asset()),
    };
    let value = draw.entropy.amount(pocket(&who));
    balances(
        who,
        pallet_balances::Call::transfer_keep_alive {
            dest: dest.into(),
            value,
        },
    )
}

pub fn send_nft(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let (who, dest) = (draw.mostly(owner(asset)), draw.anyone());
    nfts(
        who,
        pallet_nfts::Call::transfer {
            collection: collection(),
            item: asset.0,
            dest: dest.into(),
        },
    )
}

pub fn list_nft(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let who = draw.mostly(owner(asset));
    let price = if draw.entropy.percent(15) {
        None
    } else {
        Some(draw.entropy.amount(10 * UNIT))
    };
    let whitelisted_buyer = if draw.entropy.percent(15) {
        Some(draw.anyone().into())
    } else {
        None
    };
    nfts(
        who,
        pallet_nfts::Call::set_price {
            collection: collection(),
            item: asset.0,
            price,
            whitelisted_buyer,
        },
    )
}

fn price(asset: AssetId) -> Option<Balance> {
    pallet_nfts::ItemPriceOf::<Runtime>::get(collection(), asset.0).map(|(price, _)| price)
}

pub fn buy_nft(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(|asset| price(asset).is_some());
    let Some(price) = price(asset) else {
        return list_nft(draw);
    };
    let who = draw.anyone();
    let bid_price = if draw.entropy.percent(10) {
        price.saturating_sub(1)
    } else {
        price
    };
    nfts(
        who,
        pallet_nfts::Call::buy_item {
            collection: collection(),
            item: asset.0,
            bid_price,
        },
    )
}

pub fn swap_nft(draw: &mut Draw) -> Made {
    let collection = collection();
    let swap = |asset: AssetId| pallet_nfts::PendingSwapOf::<Runtime>::get(collection, asset.0);
    let offered = draw.asset_where(|asset| swap(asset).is_some());
    match swap(offered) {
        Some(swap) if draw.entropy.percent(75) => {
            let send = match swap.desired_item {
                Some(item) => AssetId(item),
                None => draw.asset(),
            };
            let who = draw.mostly(owner(send));
            nfts(
                who,
                pallet_nfts::Call::claim_swap {
                    send_collection: collection,
                    send_item: send.0,
                    receive_collection: collection,
                    receive_item: offered.0,
                    witness_price: swap.price,
                },
            )
        }
        Some(_) => {
            let who = draw.mostly(owner(offered));
            nfts(
                who,
                pallet_nfts::Call::cancel_swap {
                    offered_collection: collection,
                    offered_item: offered.0,
                },
            )
        }
        None => {
            let asset = draw.asset_where(is_whole);
            let who = draw.mostly(owner(asset));
            let maybe_desired_item = if draw.entropy.percent(50) {
                None
            } else {
                Some(draw.asset().0)
            };
            let direction = if draw.entropy.percent(50) {
                PriceDirection::Send
            } else {
                PriceDirection::Receive
            };
            let maybe_price = if draw.entropy.percent(50) {
                None
            } else {
                Some(PriceWithDirection {
                    amount: draw.entropy.amount(UNIT),
                    direction,
                })
            };
            nfts(
                who,
                pallet_nfts::Call::create_swap {
                    offered_collection: collection,
                    offered_item: asset.0,
                    desired_collection: collection,
                    maybe_desired_item,
                    maybe_price,
                    duration: draw.entropy.small(1, 100),
                },
            )
        }
    }
}

pub fn approve_nft(draw: &mut Draw) -> Made {
    let (collection, asset) = (collection(), draw.asset_where(is_whole));
    let delegate = draw.anyone();
    let owner = owner(asset);
    match draw.entropy.small(0, 5) {
        0 => nfts(
            draw.mostly(owner),
            pallet_nfts::Call::cancel_approval {
                collection,
                item: asset.0,
                delegate: delegate.into(),
            },
        ),
        1 => nfts(
            draw.mostly(owner),
            pallet_nfts::Call::clear_all_transfer_approvals {
                collection,
                item: asset.0,
            },
        ),
        // Whoever was approved takes the item.
        2 => nfts(
            delegate.clone(),
            pallet_nfts::Call::transfer {
                collection,
                item: asset.0,
                dest: delegate.into(),
            },
        ),
        _ => nfts(
            draw.mostly(owner),
            pallet_nfts::Call::approve_transfer {
                collection,
                item: asset.0,
                delegate: delegate.into(),
                maybe_deadline: None,
            },
        ),
    }
}

/// What nobody but the registry may do to its NFTs.
pub fn meddle(draw: &mut Draw) -> Made {
    use pallet_nfts::Call;
    let (collection, asset) = (collection(), draw.asset());
    let who = draw.mostly(owner(asset));
    let item = asset.0;
    let namespace = pallet_nfts::AttributeNamespace::ItemOwner;
    let call = match draw.entropy.small(0, 9) {
        0..=2 => Call::burn { collection, item },
        3 => Call::lock_item_transfer { collection, item },
        4 => Call::unlock_item_transfer { collection, item },
        5 => Call::clear_metadata { collection, item },
        6 => Call::set_attribute {
            collection,
            maybe_item: Some(item),
            namespace,
            key: b"status".to_vec().try_into().ok()?,
            value: b"active".to_vec().try_into().ok()?,
        },
        7 => Call::clear_attribute {
            collection,
            maybe_item: Some(item),
            namespace: pallet_nfts::AttributeNamespace::Pallet,
            key: b"status".to_vec().try_into().ok()?,
        },
        8 => Call::transfer_ownership {
            collection,
            new_owner: who.clone().into(),
        },
        _ => Call::destroy {
            collection,
            witness: pallet_nfts::DestroyWitness {
                item_metadatas: 0,
                item_configs: 0,
                attributes: 0,
            },
        },
    };
    nfts(who, call)
}

/// Up to three calls in one, all by whoever makes the first.
pub fn batch(draw: &mut Draw) -> Made {
    let (who, first) = draw.call()?;
    let mut calls = vec![first];
    for _ in 0..draw.entropy.below(3) {
        calls.extend(draw.call().map(|(_, call)| call));
    }
    // Whose amounts the books take from the call itself.
    calls.retain(|call| !matches!(call, RuntimeCall::Balances(_)));
    use pallet_utility::Call;
    let call = match draw.entropy.small(0, 7) {
        0 | 1 => Call::batch { calls },
        2 | 3 => Call::batch_all { calls },
        4 | 5 => Call::force_batch { calls },
        6 => Call::if_else {
            main: Box::new(calls.pop()?),
            fallback: Box::new(calls.pop()?),
        },
        _ => Call::as_derivative {
            index: 0,
            call: Box::new(calls.pop()?),
        },
    };
    Some((who, RuntimeCall::Utility(call)))
}
