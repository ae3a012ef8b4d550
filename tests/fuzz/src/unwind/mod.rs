// SPDX-License-Identifier: Apache-2.0
//! Everything that was begun can be ended, by the calls of those concerned or of anyone, without root: offers are cancelled,
//! votes unlocked, auctions settled, pools left, vaults redeemed or sold, devices retired and reaped, bonds and deposits back, income paid, and then nothing is left.

mod left;
mod sales;

use crate::{
    accounts::Keys,
    chain::Gap,
    generate::Way,
    scene::{bearers, everyone, owner, Scene},
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
    sales::bids_are_over(world)?;
    sales::claims_are_cashed(world)?;
    sales::vaults_are_ended(world)?;
    // What was voted on a vault that ended.
    votes_are_unlocked(world)?;
    devices_are_retired(world)?;
    // Obligations end, and what was paid last vests.
    pass(world, configs::compute::SlashingHorizon::get() + 100)?;
    no_census_runs(world)?;
    bonds_are_released(world)?;
    devices_are_reaped(world)?;
    announcements_are_withdrawn(world)?;
    terms_for_pushes_are_cleared(world)?;
    income_of_pools_is_paid(world)?;
    income_is_paid(world)?;
    left::nothing_is_left()
}

/// A call that may be refused. Whether it was accepted.
fn attempt(world: &mut World, who: &AccountId, call: impl Into<RuntimeCall>) -> Result<bool, String> {
    let accepted = world.call(who.clone(), Way::Signed, call.into())?;
    world.check()?;
    Ok(accepted)
}

/// A call that must go through.
fn must(world: &mut World, who: &AccountId, call: impl Into<RuntimeCall>) -> Unwound {
    let call = call.into();
    let described = format!("{call:?}");
    if attempt(world, who, call)? {
        Ok(())
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

/// What is open is closed, and every vote unlocked.
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

/// Before all other income: what an asset's fractions earned in a pool came there first.
fn income_of_pools_is_paid(world: &mut World) -> Unwound {
    let accounts: Vec<_> = pallet_lp_tokens::Accounts::<Runtime>::iter_keys().collect();
    for (asset, who) in accounts {
        must(world, &anyone(), pallet_lp_tokens::Call::claim_for { asset, who })?;
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
