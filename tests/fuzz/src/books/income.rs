// SPDX-License-Identifier: Apache-2.0
//! Income of assets: received = claimed + pending + remainder + unvested + parked + slashed + fees, and everyone has its part.

use super::{ensure, Checked, Entitled, Holdings};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_reward_distribution::{math, Event, Ledgers, Positions};
use sp_core::U256;
use std::collections::BTreeMap;

/// An asset's income, by what events said of it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Income {
    emitted: Balance,
    revenue: Balance,
    claimed: Balance,
    protocol_fee: Balance,
    operator_fee: Balance,
    slashed: Balance,
}

#[derive(Default)]
pub struct IncomeBooks {
    emitted: Balance,
    assets: BTreeMap<AssetId, Income>,
    entitled: BTreeMap<(AssetId, AccountId), Entitled>,
    /// How often what is shared was rounded, by asset.
    roundings: BTreeMap<AssetId, u64>,
}

impl IncomeBooks {
    /// Minted since genesis.
    pub fn emitted(&self) -> Balance {
        self.emitted
    }

    /// Fractions changed hands: who sells all leaves less than a unit behind.
    pub fn round(&mut self, asset: AssetId) {
        *self.roundings.entry(asset).or_default() += 4;
    }

    /// Writes down what an event said; answers what it burnt.
    pub fn enter(&mut self, event: &Event<Runtime>, holdings: &Holdings) -> Result<Balance, String> {
        let mut burnt = 0;
        match event {
            Event::EmissionPaid { asset, amount, .. } => {
                self.assets.entry(*asset).or_default().emitted += amount;
                self.emitted += amount;
            }
            Event::RevenuePaid { asset, amount, .. } => {
                self.assets.entry(*asset).or_default().revenue += amount
            }
            Event::ProtocolFeeTaken { asset, amount } => {
                self.assets.entry(*asset).or_default().protocol_fee += amount;
            }
            Event::OperatorFeeTaken {
                asset,
                operator,
                amount,
            } => {
                self.assets.entry(*asset).or_default().operator_fee += amount;
                self.credit(*asset, operator, math::scaled(*amount));
            }
            Event::HoldersCredited {
                asset,
                owner: Some(owner),
                amount,
            } => {
                self.credit(*asset, owner, math::scaled(*amount));
            }
            Event::HoldersCredited {
                asset,
                owner: None,
                amount,
            } => self.share(*asset, *amount, holdings)?,
            Event::Claimed { asset, who, amount } => {
                // A reaped asset's debts outlive its books.
                if let Some(income) = self.assets.get_mut(asset) {
                    income.claimed += amount;
                }
                self.entitled.entry((*asset, who.clone())).or_default().claimed += amount;
            }
            Event::UnvestedSlashed {
                asset,
                amount,
                bounty,
                ..
            } => {
                self.assets.entry(*asset).or_default().slashed += amount;
                burnt = amount - bounty;
            }
            Event::BooksClosed { asset, .. } => {
                self.assets.remove(asset);
            }
            _ => {}
        }
        Ok(burnt)
    }

    fn credit(&mut self, asset: AssetId, who: &AccountId, scaled: U256) {
        let entitled = self.entitled.entry((asset, who.clone())).or_default();
        entitled.exact += scaled;
    }

    /// Each holder's part, from what it holds now.
    fn share(&mut self, asset: AssetId, amount: Balance, holdings: &Holdings) -> Checked {
        let supply = holdings.supply(asset);
        ensure(supply > 0, || {
            format!("{amount} of asset {asset} were shared among nobody")
        })?;
        for (who, held) in holdings.of(asset) {
            let part = math::scaled(amount) * U256::from(held) / U256::from(supply);
            self.credit(asset, who, part);
        }
        *self.roundings.entry(asset).or_default() += 1;
        Ok(())
    }

    /// Holds both against the chain. `fractions`: those of each holder.
    pub fn check(&self, fractions: &BTreeMap<(AssetId, AccountId), Balance>) -> Checked {
        let owed = owed(fractions)?;
        self.check_assets(&owed)?;
        self.check_entitled(&owed)
    }

    /// received = claimed + pending + remainder + unvested + parked + slashed + fees, for every asset.
    fn check_assets(&self, owed: &Owed) -> Checked {
        let lowest = AccountId::new([0; 32]);
        for (asset, income) in &self.assets {
            let chain = RewardDistribution::books(*asset);
            let chain = Income {
                emitted: chain.emitted,
                revenue: chain.revenue,
                claimed: chain.claimed,
                protocol_fee: chain.protocol_fee,
                operator_fee: chain.operator_fee,
                slashed: chain.slashed,
            };
            ensure(chain == *income, || {
                format!("asset {asset}: the chain's books say {chain:?}, its events {income:?}")
            })?;
            let Some(ledger) = Ledgers::<Runtime>::get(asset) else {
                continue;
            };
            let owed = owed
                .range((*asset, lowest.clone())..)
                .take_while(|((of, _), _)| of == asset)
                .fold(ledger.accumulator.remainder, |sum, (_, owed)| sum + *owed);
            let in_stream = ledger.in_stream().ok_or("a stream released more than it had")?;
            let rest = income.claimed + income.protocol_fee + income.slashed + in_stream + ledger.parked;
            let received = income.emitted + income.revenue;
            ensure(math::scaled(received) == math::scaled(rest) + owed, || {
                format!(
                    "asset {asset} received {received}, of which {rest} and {owed}/2^64 are accounted for"
                )
            })?;
        }
        Ok(())
    }

    /// Everyone has had and has coming its exact part, but for what was rounded.
    fn check_entitled(&self, owed: &Owed) -> Checked {
        for (key, entitled) in &self.entitled {
            let (asset, who) = key;
            let owed = owed.get(key).copied().unwrap_or_default();
            let had = owed + math::scaled(entitled.claimed);
            let off = if had > entitled.exact {
                had - entitled.exact
            } else {
                entitled.exact - had
            };
            let roundings = self.roundings.get(asset).copied().unwrap_or(0);
            ensure(off <= U256::from(roundings + 1) << 64, || {
                format!(
                    "asset {asset}: {who:?} has had and has coming {had}/2^64, but its part is {}/2^64",
                    entitled.exact
                )
            })?;
        }
        Ok(())
    }
}

/// What each account has coming of each asset, in 2^-64 of a unit.
type Owed = BTreeMap<(AssetId, AccountId), U256>;

/// What the chain owes everyone, with what was shared and not settled yet.
fn owed(fractions: &BTreeMap<(AssetId, AccountId), Balance>) -> Result<Owed, String> {
    let accumulators: BTreeMap<_, _> = Ledgers::<Runtime>::iter()
        .map(|(asset, ledger)| (asset, ledger.accumulator))
        .collect();
    let mut owed = Owed::new();
    for (who, asset, mut position) in Positions::<Runtime>::iter() {
        let key = (asset, who);
        if let (Some(held), Some(accumulator)) = (fractions.get(&key), accumulators.get(&asset)) {
            position
                .settle(accumulator, *held)
                .ok_or_else(|| format!("{:?} can't be settled for asset {asset}", key.1))?;
        }
        owed.insert(key, position.owed);
    }
    Ok(owed)
}
