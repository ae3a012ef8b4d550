// SPDX-License-Identifier: Apache-2.0
//! Calls of proof-of-compute: real work of the smallest shape, and false claims.

use super::{Draw, Made};
use crate::scene::*;
use compute_primitives::{
    api::{Phase, RatingInfo},
    AssetId, AssetKind, AssetStatus, InspectAsset,
};
use compute_proof::{
    hashrate::SHARES,
    prove::{self, Reference},
    Class, Device, MAX_ROUNDS,
};
use ergon_runtime::*;
use frame_support::traits::Get;
use pallet_proof_of_compute::{Call, Schedule};
use sp_core::H256;

fn made(who: AccountId, call: Call<Runtime>) -> Made {
    Some((who, RuntimeCall::ProofOfCompute(call)))
}

fn rating(asset: AssetId) -> Option<RatingInfo<AccountId, Hash, BlockNumber>> {
    ProofOfCompute::rating_info(asset)
}

/// Whether the asset committed in this census.
fn has_committed(draw: &Draw, asset: AssetId) -> bool {
    let census = draw.scene.census.index;
    rating(asset)
        .and_then(|rating| rating.commit)
        .is_some_and(|commit| commit.census == census)
}

pub fn commit(draw: &mut Draw) -> Made {
    let can = |asset| {
        is_live(asset)
            && has_whole_bond(asset)
            && <ComputeAssets as InspectAsset<AccountId>>::kind(asset) == Some(AssetKind::Gpu)
    };
    // Most commit once a census; some replace their commit.
    let again = draw.entropy.percent(10);
    let committed: Vec<_> = draw
        .scene
        .assets
        .iter()
        .copied()
        .filter(|asset| has_committed(draw, *asset))
        .collect();
    let fits = |asset| can(asset) && (again || !committed.contains(&asset));
    let asset = draw.asset_where(fits);
    if !fits(asset) && !draw.entropy.percent(15) {
        // What would make one fit.
        return if draw.entropy.percent(50) {
            super::assets::bond_extra(draw)
        } else {
            super::assets::register(draw)
        };
    }
    if committed.contains(&asset) && !again && !draw.entropy.percent(10) {
        return None;
    }
    let who = draw.mostly(operator(asset));
    let info = &draw.scene.census;
    let (mut census, mut challenge) = (info.index, info.challenge);
    let mut class = Class::Xs.index();
    let mut rounds = draw.entropy.small(1, 3);
    let mut commitment = H256(draw.entropy.bytes::<8>().repeat(4).try_into().unwrap_or_default());
    match draw.entropy.small(0, 99) {
        // A false claim: mostly as large as an honest one, seldom enormous.
        0..=14 => {}
        15 => {
            class = draw.entropy.small(0, 5) as u8;
            rounds = draw.entropy.small(0, MAX_ROUNDS + 1);
        }
        16 => census.0 = census.0.wrapping_add(1),
        17 => challenge = H256::repeat_byte(1),
        _ => {
            let device = Device {
                asset: asset.0,
                prover: who.clone().into(),
            };
            let store = prove::prove(&mut Reference, &challenge.0, &device, Class::Xs, rounds).ok()?;
            commitment = H256(store.claim().commitment);
            draw.secrets.work.insert(asset, (census, store));
        }
    }
    made(
        who,
        Call::commit {
            asset,
            census,
            challenge,
            class,
            rounds,
            commitment,
        },
    )
}

/// True hashes, few as they are.
pub fn submit_shares(draw: &mut Draw) -> Made {
    let can = |asset| {
        is_live(asset) && <ComputeAssets as InspectAsset<AccountId>>::kind(asset) == Some(AssetKind::Hashrate)
    };
    let asset = draw.asset_where(can);
    if !can(asset) && !draw.entropy.percent(10) {
        return None;
    }
    let who = draw.mostly(operator(asset));
    let info = &draw.scene.census;
    let (mut census, mut challenge) = (info.index, info.challenge);
    let device = Device {
        asset: asset.0,
        prover: who.clone().into(),
    };
    let slot = configs::compute::CurrentSlot::get();
    let now = u32::try_from(slot * SLOT_DURATION / 1_000).ok()?;
    let hashes = draw.entropy.small(SHARES, 200);
    let mut shares = prove::mine(&device, &challenge.0, now, hashes);
    match draw.entropy.small(0, 39) {
        0 => {
            shares.pop();
        }
        1 => shares.swap(0, 1),
        2 => shares.iter_mut().for_each(|share| share.ntime = 0),
        3 => census.0 = census.0.wrapping_add(1),
        4 => challenge = H256::repeat_byte(1),
        _ => {}
    }
    let shares = shares.try_into().ok()?;
    made(
        who,
        Call::submit_shares {
            asset,
            census,
            challenge,
            shares,
        },
    )
}

pub fn open(draw: &mut Draw) -> Made {
    let census = draw.scene.census.index;
    let due = |asset: AssetId| {
        rating(asset)
            .and_then(|rating| rating.commit)
            .is_some_and(|commit| commit.census == census && !commit.opened && commit.drawn == Some(true))
    };
    let able = |draw: &Draw, asset: AssetId| {
        let work = draw.secrets.work.get(&asset).filter(|(of, _)| *of == census);
        let commit = rating(asset).and_then(|rating| rating.commit);
        work.zip(commit).is_some_and(|((_, store), commit)| {
            commit
                .matrix
                .is_some_and(|claim| claim.commitment.0 == store.claim().commitment)
        })
    };
    let ready: Vec<_> = draw
        .scene
        .assets
        .iter()
        .copied()
        .filter(|asset| due(*asset) && able(draw, *asset))
        .collect();
    let asset = match draw.entropy.pick(&ready) {
        Some(asset) if !draw.entropy.percent(4) => *asset,
        _ if !draw.entropy.percent(10) => return None,
        _ => draw.asset(),
    };
    let prover = rating(asset)
        .and_then(|rating| rating.commit)
        .map(|commit| commit.prover);
    let who = draw.mostly(prover);
    let mut open_seed = draw.scene.census.open_seed.unwrap_or_default();
    let opening = draw
        .secrets
        .work
        .get(&asset)
        .and_then(|(_, store)| prove::open(&mut Reference, store, &open_seed.0).ok());
    let (mut top, mut samples) = match opening {
        Some(opening) => (H256(opening.top), opening.samples),
        None => (H256::zero(), vec![0; draw.entropy.below(3_000)]),
    };
    match draw.entropy.small(0, 39) {
        0 => {
            let at = draw.entropy.below(samples.len());
            if let Some(byte) = samples.get_mut(at) {
                *byte ^= 1;
            }
        }
        1 => {
            samples.pop();
        }
        2 => top.0[0] ^= 1,
        3 => open_seed.0[0] ^= 1,
        _ => {}
    }
    let samples = samples.try_into().ok()?;
    made(
        who,
        Call::open {
            asset,
            census,
            open_seed,
            top,
            samples,
        },
    )
}

pub fn report(draw: &mut Draw) -> Made {
    let missed = |asset| {
        rating(asset)
            .and_then(|rating| rating.commit)
            .is_some_and(|commit| !commit.opened && commit.drawn == Some(true))
    };
    let asset = draw.asset_where(missed);
    if !missed(asset) && !draw.entropy.percent(25) {
        return None;
    }
    let census = rating(asset)
        .and_then(|rating| rating.commit)
        .map_or(draw.scene.census.index, |commit| commit.census);
    // Also by who can't take a bounty.
    let who = if draw.entropy.percent(30) {
        draw.poor()
    } else {
        draw.anyone()
    };
    made(who, Call::report { asset, census })
}

pub fn settle(draw: &mut Draw) -> Made {
    let waits = |asset| rating(asset).is_some_and(|rating| rating.commit.is_some());
    let asset = draw.asset_where(waits);
    if !waits(asset) && !draw.entropy.percent(15) {
        return None;
    }
    let who = draw.anyone();
    made(who, Call::settle { asset })
}

pub fn mark_offline(draw: &mut Draw) -> Made {
    let missed = |asset| {
        rating(asset).is_some_and(|rating| rating.missed >= 3)
            && <ComputeAssets as InspectAsset<AccountId>>::status(asset) == Some(AssetStatus::Active)
    };
    let asset = draw.asset_where(missed);
    if !missed(asset) && !draw.entropy.percent(20) {
        return None;
    }
    let who = draw.anyone();
    made(who, Call::mark_offline { asset })
}

/// Whether a census runs, so that its schedule can't be set.
pub fn census_runs(draw: &Draw) -> bool {
    matches!(
        draw.scene.phase(),
        Phase::Work | Phase::Seed | Phase::Open | Phase::Report
    )
}

pub fn set_schedule(draw: &mut Draw) -> Option<RuntimeCall> {
    if census_runs(draw) && !draw.entropy.percent(20) {
        return super::rewards::set_protocol_fee(draw);
    }
    let entropy = &mut draw.entropy;
    let [window, open, report] = [6, 6, 3].map(|most| {
        let least = u32::from(!entropy.percent(3));
        entropy.small(least, most)
    });
    let seed_blocks = entropy.small(1, 4);
    let phases = window + seed_blocks + open + report;
    let least = u32::from(!entropy.percent(5));
    let gap = phases + entropy.small(least, 8);
    let trigger = *entropy.pick(&[1 << 63, u64::MAX, 1 << 62, u64::MAX, 0])?;
    let schedule = Schedule {
        window,
        seed_blocks,
        open,
        report,
        gap,
        trigger,
    };
    Some(RuntimeCall::ProofOfCompute(Call::set_schedule { schedule }))
}
