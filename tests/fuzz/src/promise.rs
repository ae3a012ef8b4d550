// SPDX-License-Identifier: Apache-2.0
//! What a call promises to pay, by the views, before it is made; and whether it did.

use crate::{accounts::Keys, generate::Way};
use compute_primitives::AssetId;
use ergon_runtime::*;
use frame_support::{
    storage::{with_transaction, TransactionOutcome},
    traits::{fungible::Inspect, fungibles},
};
use sp_runtime::DispatchError;

/// A payment to come.
#[derive(Debug)]
pub struct Promise {
    /// What the view says; `None`: it has no answer.
    amount: Option<Balance>,
    payee: AccountId,
    /// What the payee had before, unless it pays a fee by the same call.
    before: Option<Balance>,
}

impl Promise {
    /// What `call` by `who` should pay, and to whom. `None`: it is not a call that pays what waits.
    pub fn of(who: &AccountId, way: Way, call: &RuntimeCall) -> Option<Self> {
        let (amount, payee) = match call {
            RuntimeCall::RewardDistribution(call) => {
                use pallet_reward_distribution::Call;
                let (asset, payee) = match call {
                    Call::claim { asset } => (*asset, who),
                    Call::claim_for { asset, who } => (*asset, who),
                    _ => return None,
                };
                let pending = RewardDistribution::pending(asset, payee.clone());
                // A bounty for whoever pushes is a part of it.
                return Some(Self {
                    amount: Some(pending),
                    payee: payee.clone(),
                    before: None,
                });
            }
            RuntimeCall::LpTokens(call) => {
                use pallet_lp_tokens::Call;
                let (asset, payee) = match call {
                    Call::claim { asset } => (*asset, who),
                    Call::claim_for { asset, who } => (*asset, who),
                    _ => return None,
                };
                (collected(asset, payee), payee)
            }
            RuntimeCall::FractionalOwnership(call) => {
                use pallet_fractional_ownership::Call;
                match call {
                    Call::cash_out { asset } => {
                        (Some(FractionalOwnership::cash_of(*asset, who.clone())), who)
                    }
                    Call::cash_out_for { asset, who } => {
                        (Some(FractionalOwnership::cash_of(*asset, who.clone())), who)
                    }
                    Call::claim_owed { asset, who } => {
                        (Some(FractionalOwnership::owed(*asset, who.clone())), who)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        // The author gets the fees and the tips.
        let fees =
            matches!(way, Way::Transaction { .. }) && (payee == who || payee == Keys::root().account());
        Some(Self {
            amount,
            payee: payee.clone(),
            before: (!fees).then(|| Balances::total_balance(payee)),
        })
    }

    /// The call was accepted: it paid what was promised, into the payee's account, unless the chain notes that as a debt.
    pub fn check(&self) -> Result<(), String> {
        let (mut paid, mut owed) = (0, 0);
        for record in System::read_events_no_consensus() {
            use pallet_fractional_ownership::Event;
            match record.event {
                RuntimeEvent::RewardDistribution(pallet_reward_distribution::Event::Claimed {
                    who,
                    amount,
                    ..
                })
                | RuntimeEvent::LpTokens(pallet_lp_tokens::Event::Claimed { who, amount, .. })
                | RuntimeEvent::FractionalOwnership(Event::OwedPaid { who, amount, .. })
                    if who == self.payee =>
                {
                    paid += amount;
                }
                RuntimeEvent::FractionalOwnership(Event::CashedOut {
                    who,
                    cash,
                    owed: is_owed,
                    ..
                }) if who == self.payee => {
                    paid += cash;
                    if is_owed {
                        owed += cash;
                    }
                }
                _ => {}
            }
        }
        let payee = Keys::name(&self.payee);
        if self.amount != Some(paid) {
            return Err(format!(
                "{payee} saw {:?} coming and {paid} were paid",
                self.amount
            ));
        }
        let Some(before) = self.before else {
            return Ok(());
        };
        let after = Balances::total_balance(&self.payee);
        if before + paid == after + owed {
            Ok(())
        } else {
            Err(format!(
                "{payee} had {before}, was paid {paid}, of which {owed} are owed, and has {after}"
            ))
        }
    }
}

/// What `who` could claim of its LP tokens once the pool's income is collected: it is, for the look of it.
fn collected(asset: AssetId, who: &AccountId) -> Option<Balance> {
    let pending = with_transaction(|| {
        let pending = || {
            let stored = || pallet_lp_tokens::Pools::<Runtime>::get(asset);
            let before = stored().ok_or(DispatchError::CannotLookup)?;
            let amount = LpTokens::tokens(asset, who.clone());
            // Writing what stands there settles, and changes nothing else.
            <LpTokens as fungibles::Unbalanced<AccountId>>::write_balance(before.token, who, amount)?;
            Ok::<_, DispatchError>(match stored() {
                // Its record went: what it had of an era that ended was less than a unit.
                Some(_) if !pallet_lp_tokens::Accounts::<Runtime>::contains_key(asset, who) => 0,
                Some(pool) if pool.is_closed && pool.accounts == 1 && amount == 0 => pool.balance,
                Some(_) => LpTokens::pending(asset, who.clone()),
                // It went with the last account.
                None => before.balance,
            })
        };
        TransactionOutcome::Rollback(pending())
    });
    pending.ok()
}
