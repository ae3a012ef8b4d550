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
    let asset = draw.asset_where(|asset| supply(asset).is_some());
    let who = holder(draw, asset);
    let action = match draw.entropy.small(0, 6) {
        0 | 1 => Action::NominateOperator((!draw.entropy.percent(20)).then(|| draw.anyone())),
        2 => Action::SetUri(b"ipfs://voted".to_vec().try_into().unwrap_or_default()),
        3 | 4 => Action::SetOperatorFee(Perbill::from_parts(draw.entropy.small(0, 12_000_000))),
        5 => Action::SetReserve(Some(draw.entropy.amount(100 * UNIT))),
        _ => Action::AcceptBid(draw.entropy.amount(100 * UNIT)),
    };
    made(who, Call::propose { asset, action })
}

pub fn vote(draw: &mut Draw) -> Made {
    let (asset, proposal) = proposal(draw);
    let (who, aye) = (holder(draw, asset), draw.entropy.percent(70));
    made(who, Call::vote { asset, proposal, aye })
}

pub fn close(draw: &mut Draw) -> Made {
    let (asset, proposal) = proposal(draw);
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
