// SPDX-License-Identifier: Apache-2.0
//! Calls of reward-distribution.

use super::{Draw, Made};
use crate::scene::*;
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_reward_distribution::{
    types::{AutoClaim, PerKind},
    AutoClaims, Call, OperatorFees, Positions,
};
use sp_runtime::Perbill;

fn made(who: AccountId, call: Call<Runtime>) -> Made {
    Some((who, RuntimeCall::RewardDistribution(call)))
}

/// Mostly someone to whom the asset owes something, also one that is gone.
fn creditor(draw: &mut Draw) -> (AssetId, AccountId) {
    let mut all: Vec<(AccountId, AssetId)> = Positions::<Runtime>::iter_keys()
        .filter(|(who, asset)| RewardDistribution::pending(*asset, who.clone()) > 0)
        .collect();
    all.sort();
    match draw.entropy.pick(&all).cloned() {
        Some((who, asset)) if !draw.entropy.percent(10) => (asset, who),
        _ => {
            let asset = draw.asset();
            let who = draw.mostly(owner(asset));
            (asset, who)
        }
    }
}

pub fn claim(draw: &mut Draw) -> Made {
    let (asset, who) = creditor(draw);
    made(who, Call::claim { asset })
}

pub fn claim_for(draw: &mut Draw) -> Made {
    let (asset, payee) = creditor(draw);
    let who = draw.anyone();
    made(who, Call::claim_for { asset, who: payee })
}

pub fn pay_revenue(draw: &mut Draw) -> Made {
    let (asset, who) = (draw.asset(), draw.anyone());
    let natural = if draw.entropy.percent(60) {
        draw.entropy.range(1, 100)
    } else {
        10 * UNIT
    };
    let amount = draw.entropy.amount(natural.min(spendable(&who)));
    made(who, Call::pay_revenue { asset, amount })
}

pub fn set_operator_fee(draw: &mut Draw) -> Made {
    let asset = draw.asset_where(is_whole);
    let who = draw.mostly(owner(asset));
    let now = OperatorFees::<Runtime>::get(asset).fee.deconstruct();
    let fee = match draw.entropy.small(0, 9) {
        0 => draw.entropy.small(0, 1_000_000_000),
        1 => now + 10_000_001,
        2 => now / 2,
        3 => 0,
        _ => now + draw.entropy.small(0, 10_000_000),
    };
    made(
        who,
        Call::set_operator_fee {
            asset,
            fee: Perbill::from_parts(fee),
        },
    )
}

pub fn touch(draw: &mut Draw) -> Made {
    let (asset, who) = (draw.asset(), draw.anyone());
    made(who, Call::touch { asset })
}

pub fn set_auto_claim(draw: &mut Draw) -> Made {
    let who = draw.anyone();
    if AutoClaims::<Runtime>::contains_key(&who) && draw.entropy.percent(50) {
        return made(who, Call::set_auto_claim { terms: None });
    }
    let threshold = draw.entropy.range(UNIT, 20 * UNIT);
    let bounty = draw.entropy.amount(threshold / 10);
    made(
        who,
        Call::set_auto_claim {
            terms: Some(AutoClaim { threshold, bounty }),
        },
    )
}

pub fn set_protocol_fee(draw: &mut Draw) -> Option<RuntimeCall> {
    let fee = Perbill::from_parts(draw.entropy.small(0, 220_000_000));
    Some(RuntimeCall::RewardDistribution(Call::set_protocol_fee { fee }))
}

pub fn set_emission_split(draw: &mut Draw) -> Option<RuntimeCall> {
    let gpu = draw.entropy.small(500_000_000, 1_000_000_000);
    let hashrate = draw.entropy.small(0, 1_050_000_000 - gpu);
    let split = PerKind {
        gpu: Perbill::from_parts(gpu),
        hashrate: Perbill::from_parts(hashrate),
    };
    Some(RuntimeCall::RewardDistribution(Call::set_emission_split {
        split,
    }))
}
