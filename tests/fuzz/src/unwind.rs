// SPDX-License-Identifier: Apache-2.0
//! Everything that was begun can be ended, by the calls of those concerned or of anyone, without root: offers are cancelled,
//! votes unlocked, vaults redeemed, devices retired and reaped, bonds and deposits back, income paid, and then nothing is left.

use crate::{
    accounts::Keys,
    chain::Gap,
    generate::Way,
    scene::{bearers, everyone, holders, offers, owner, Scene},
    world::World,
};
use compute_primitives::{api::Phase, AssetId};
use ergon_runtime::*;

type Unwound = Result<(), String>;

/// Ends everything. An error says what could not be ended, or was left.
pub fn unwind(world: &mut World) -> Unwound {
    world.note(|| "the end: everything is unwound".into());
    everyone_can_be_paid(world)?;
    no_census_runs(world)?;
    commits_are_settled(world)?;
    votes_are_unlocked(world)?;
    vaults_are_redeemed(world)?;
    devices_are_retired(world)?;
    // Obligations end, and what was paid last vests.
    pass(world, configs::compute::SlashingHorizon::get() + 100)?;
    no_census_runs(world)?;
    bonds_are_released(world)?;
    devices_are_reaped(world)?;
    announcements_are_withdrawn(world)?;
    terms_for_pushes_are_cleared(world)?;
    income_is_paid(world)?;
    nothing_is_left()
}

/// A call that must go through.
fn must(world: &mut World, who: &AccountId, call: impl Into<RuntimeCall>) -> Unwound {
    let call = call.into();
    let described = format!("{call:?}");
    if world.call(who.clone(), Way::Signed, call)? {
        world.check()
    } else {
        Err(format!(
            "the way out is blocked: {described} of {} was refused",
            Keys::name(who)
        ))
    }
}

fn anyone() -> AccountId {
    Keys::all()[1].account().clone()
}

fn pass(world: &mut World, blocks: BlockNumber) -> Unwound {
    world.blocks(
        1,
        Gap {
            blocks,
            ..Gap::default()
        },
    )?;
    world.check()
}

/// A payout below the existential deposit would rightly wait.
fn everyone_can_be_paid(world: &mut World) -> Unwound {
    for who in everyone() {
        if Balances::free_balance(&who) < UNIT {
            let call = pallet_balances::Call::transfer_keep_alive {
                dest: who.into(),
                value: 10 * UNIT,
            };
            must(world, Keys::root().account(), call)?;
        }
    }
    Ok(())
}

/// In payment, void or none: another may open meanwhile, but none of it is committed to.
fn no_census_runs(world: &mut World) -> Unwound {
    for _ in 0..400 {
        if matches!(Scene::look().phase(), Phase::Idle | Phase::Payment | Phase::Void) {
            return Ok(());
        }
        world.blocks(1, Gap::default())?;
    }
    Err("a census does not end".into())
}

fn commits_are_settled(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        let waits = ProofOfCompute::rating_info(asset).is_some_and(|rating| rating.commit.is_some());
        if waits {
            must(world, &anyone(), pallet_proof_of_compute::Call::settle { asset })?;
        }
    }
    Ok(())
}

fn votes_are_unlocked(world: &mut World) -> Unwound {
    use pallet_asset_governance::{Call, Durations, Proposals, Voters};
    let timing = Durations::<Runtime>::get();
    pass(world, timing.voting + timing.lock)?;
    no_census_runs(world)?;
    let proposals: Vec<_> = Proposals::<Runtime>::iter_keys().collect();
    for (asset, proposal) in proposals {
        must(world, &anyone(), Call::close { asset, proposal })?;
    }
    let voters: Vec<_> = Voters::<Runtime>::iter().collect();
    for (asset, who, voter) in voters {
        for vote in voter.votes {
            let (proposal, who) = (vote.proposal, who.clone());
            must(world, &anyone(), Call::unlock { asset, proposal, who })?;
        }
    }
    Ok(())
}

fn vaults_are_redeemed(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        for (seller, ..) in offers(asset) {
            must(
                world,
                &seller,
                pallet_fractional_ownership::Call::cancel_offer { asset },
            )?;
        }
        let holders = holders(asset);
        let Some((last, ..)) = holders.last().cloned() else {
            continue;
        };
        for (who, amount, _) in holders.iter().filter(|(who, ..)| *who != last) {
            let dest = last.clone().into();
            must(
                world,
                who,
                pallet_fractional_ownership::Call::transfer {
                    asset,
                    dest,
                    amount: *amount,
                },
            )?;
        }
        must(world, &last, pallet_fractional_ownership::Call::redeem { asset })?;
    }
    Ok(())
}

fn owner_of(asset: AssetId) -> Result<AccountId, String> {
    owner(asset).ok_or_else(|| format!("asset {asset} has no owner"))
}

fn devices_are_retired(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        if crate::scene::is_live(asset) {
            must(
                world,
                &owner_of(asset)?,
                pallet_compute_assets::Call::retire { asset },
            )?;
        }
    }
    Ok(())
}

/// One each by hand; the reaping gives back the others.
fn bonds_are_released(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        if let Some(bearer) = bearers(asset).first().cloned() {
            must(
                world,
                &anyone(),
                pallet_compute_assets::Call::release_bond { asset, bearer },
            )?;
        }
    }
    Ok(())
}

fn devices_are_reaped(world: &mut World) -> Unwound {
    for asset in Scene::look().assets {
        must(world, &anyone(), pallet_compute_assets::Call::reap { asset })?;
    }
    Ok(())
}

fn announcements_are_withdrawn(world: &mut World) -> Unwound {
    let announcers: Vec<_> = pallet_compute_assets::Announcements::<Runtime>::iter_keys().collect();
    for announcer in announcers {
        let call = pallet_compute_assets::Call::withdraw_announcement {
            announcer: announcer.clone(),
        };
        must(world, &announcer, call)?;
    }
    Ok(())
}

fn terms_for_pushes_are_cleared(world: &mut World) -> Unwound {
    let accounts: Vec<_> = pallet_reward_distribution::AutoClaims::<Runtime>::iter_keys().collect();
    for who in accounts {
        let call = pallet_reward_distribution::Call::set_auto_claim { terms: None };
        must(world, &who, call)?;
    }
    Ok(())
}

fn income_is_paid(world: &mut World) -> Unwound {
    let positions: Vec<_> = pallet_reward_distribution::Positions::<Runtime>::iter_keys().collect();
    for (who, asset) in positions {
        must(
            world,
            &anyone(),
            pallet_reward_distribution::Call::claim_for { asset, who },
        )?;
    }
    Ok(())
}

/// No record, no hold, no deposit, no lien, no income.
fn nothing_is_left() -> Unwound {
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
