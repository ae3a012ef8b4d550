// SPDX-License-Identifier: Apache-2.0
//! Calls of asset-governance.

use super::{Draw, Made};
use crate::scene::*;
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_asset_governance::{Action, Call, ProposalId, Proposals, Voters};
use sp_runtime::Perbill;

fn made(who: AccountId, call: Call<Runtime>) -> Made {
    Some((who, RuntimeCall::AssetGovernance(call)))
}

fn holder(draw: &mut Draw, asset: AssetId) -> AccountId {
    let holders: Vec<_> = holders(asset).into_iter().map(|(who, ..)| who).collect();
    draw.one_of(&holders)
}

/// Often who has most, whose vote decides.
fn voter(draw: &mut Draw, asset: AssetId) -> AccountId {
    let all = holders(asset);
    let most = all
        .into_iter()
        .max_by_key(|(_, free, held)| free.saturating_add(*held))
        .map(|(who, ..)| who);
    if draw.entropy.percent(60) {
        draw.mostly(most)
    } else {
        holder(draw, asset)
    }
}

/// Mostly one that nobody has closed.
fn proposal(draw: &mut Draw) -> (AssetId, ProposalId) {
    let mut all: Vec<_> = Proposals::<Runtime>::iter_keys().collect();
    all.sort();
    match draw.entropy.pick(&all).copied() {
        Some(one) if !draw.entropy.percent(5) => one,
        _ => (draw.asset(), ProposalId(draw.entropy.range(0, 9) as u64)),
    }
}

pub fn propose(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(stands);
    let who = voter(draw, asset);
    // Near what is bid, if anything is.
    let bidden = bid_of(asset).map_or(10 * UNIT, |bid| bid.price);
    let action = match draw.entropy.small(0, 9) {
        0 | 1 => Action::NominateOperator((!draw.entropy.percent(20)).then(|| draw.anyone())),
        2 => Action::SetUri(b"ipfs://voted".to_vec().try_into().unwrap_or_default()),
        3 | 4 => Action::SetOperatorFee(Perbill::from_parts(draw.entropy.small(0, 12_000_000))),
        5 => Action::SetReserve(None),
        6 | 7 => {
            let reserve = match draw.entropy.small(0, 4) {
                0 => draw.entropy.amount(100 * UNIT),
                _ => draw.entropy.range(bidden / 2, bidden.saturating_mul(3) / 2),
            };
            Action::SetReserve(Some(reserve))
        }
        _ => Action::AcceptBid(match draw.entropy.small(0, 4) {
            0 => draw.entropy.amount(100 * UNIT),
            1 => bidden + 1,
            _ => bidden,
        }),
    };
    made(who, Call::propose { asset, action })
}

pub fn vote(draw: &mut Draw) -> Made {
    let now = System::block_number();
    let mut open: Vec<_> = Proposals::<Runtime>::iter()
        .filter(|(asset, _, proposal)| proposal.ends_at > now && stands(*asset))
        .map(|(asset, proposal, _)| (asset, proposal))
        .collect();
    open.sort();
    let (asset, proposal) = match draw.entropy.pick(&open).copied() {
        Some(one) => one,
        None if draw.entropy.percent(15) => proposal(draw),
        None => return propose(draw),
    };
    let mut undecided: Vec<_> = holders(asset)
        .into_iter()
        .map(|(who, ..)| who)
        .filter(|who| {
            let votes = Voters::<Runtime>::get(asset, who).map(|voter| voter.votes);
            !votes.is_some_and(|votes| votes.iter().any(|vote| vote.proposal == proposal))
        })
        .collect();
    undecided.sort();
    let who = if undecided.is_empty() {
        voter(draw, asset)
    } else {
        draw.one_of(&undecided)
    };
    let aye = draw.entropy.percent(70);
    made(who, Call::vote { asset, proposal, aye })
}

pub fn close(draw: &mut Draw) -> Made {
    let now = System::block_number();
    let mut over: Vec<_> = Proposals::<Runtime>::iter()
        .filter(|(.., proposal)| proposal.ends_at <= now)
        .map(|(asset, proposal, _)| (asset, proposal))
        .collect();
    over.sort();
    let (asset, proposal) = match draw.entropy.pick(&over).copied() {
        Some(one) if !draw.entropy.percent(15) => one,
        _ => proposal(draw),
    };
    made(draw.anyone(), Call::close { asset, proposal })
}

pub fn unlock(draw: &mut Draw) -> Made {
    let mut all: Vec<_> = Voters::<Runtime>::iter()
        .flat_map(|(asset, who, voter)| {
            voter
                .votes
                .into_iter()
                .map(move |vote| (asset, who.clone(), vote.proposal))
        })
        .collect();
    all.sort();
    let (asset, who, proposal) = match draw.entropy.pick(&all).cloned() {
        Some(one) => one,
        None => (draw.asset(), draw.anyone(), ProposalId(1)),
    };
    let caller = draw.anyone();
    made(caller, Call::unlock { asset, proposal, who })
}
