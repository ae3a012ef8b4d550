// SPDX-License-Identifier: Apache-2.0
//! The same books, kept a second time from nothing but events and what accounts held before each step, by other arithmetic.

use crate::scene::holders;
use compute_primitives::{AssetId, CensusIndex};
use ergon_runtime::*;
use pallet_reward_distribution::{math, Ledgers, Positions};
use sp_core::U256;
use std::collections::{BTreeMap, BTreeSet};

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

/// What one account has had coming from one asset since the beginning.
#[derive(Clone, Copy, Default, Debug)]
struct Entitled {
    /// Its exact part of everything shared so far, floored to 2^-64 of a unit each time.
    exact: U256,
    claimed: Balance,
}

#[derive(Clone, Copy, Default)]
struct Census {
    pot: Balance,
    paid: Balance,
}

/// Everything that is kept beside the chain.
#[derive(Default)]
pub struct Books {
    genesis: Balance,
    emitted: Balance,
    burnt: Balance,
    /// Sent to a pallet's account by anyone.
    donated: BTreeMap<AccountId, Balance>,
    income: BTreeMap<AssetId, Income>,
    censuses: BTreeMap<CensusIndex, Census>,
    paid: BTreeSet<(CensusIndex, AssetId)>,
    entitled: BTreeMap<(AssetId, AccountId), Entitled>,
    /// How often what is shared was rounded, by asset.
    roundings: BTreeMap<AssetId, u64>,
    /// Fractions as they were before this step.
    holdings: BTreeMap<AssetId, Vec<(AccountId, Balance)>>,
}

type Checked = Result<(), String>;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(what())
    }
}

impl Books {
    pub fn open() -> Self {
        Self {
            genesis: Balances::total_issuance(),
            ..Self::default()
        }
    }

    /// Somebody burnt its own.
    pub fn burn(&mut self, amount: Balance) {
        self.burnt = self.burnt.saturating_add(amount);
    }

    /// Somebody sent this to `dest`.
    pub fn donate(&mut self, dest: AccountId, amount: Balance) {
        *self.donated.entry(dest).or_default() += amount;
    }

    /// Writes down what a step did. `mixed`: holdings may have changed between two of its events.
    pub fn enter(&mut self, events: &[RuntimeEvent], mixed: bool) -> Checked {
        for event in events {
            match event {
                RuntimeEvent::Balances(pallet_balances::Event::DustLost { amount, .. }) => {
                    self.burnt += amount
                }
                RuntimeEvent::ComputeAssets(pallet_compute_assets::Event::BondSlashed {
                    amount,
                    bounty,
                    ..
                }) => {
                    self.burnt += amount - bounty;
                }
                RuntimeEvent::ProofOfCompute(event) => self.enter_census(event)?,
                RuntimeEvent::RewardDistribution(event) => self.enter_income(event)?,
                _ => {}
            }
        }
        self.enter_holdings(mixed)
    }

    fn enter_census(&mut self, event: &pallet_proof_of_compute::Event<Runtime>) -> Checked {
        use pallet_proof_of_compute::Event;
        match event {
            Event::CensusOpened { census, pot, .. } => {
                self.censuses.insert(*census, Census { pot: *pot, paid: 0 });
            }
            Event::Paid {
                asset,
                census,
                amount,
                ..
            } => {
                let books = self.censuses.entry(*census).or_default();
                books.paid += amount;
                let Census { pot, paid } = *books;
                ensure(paid <= pot, || {
                    format!("census {census} paid {paid} of a pot of {pot}")
                })?;
                ensure(self.paid.insert((*census, *asset)), || {
                    format!("census {census} paid asset {asset} twice")
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    fn enter_income(&mut self, event: &pallet_reward_distribution::Event<Runtime>) -> Checked {
        use pallet_reward_distribution::Event;
        match event {
            Event::EmissionPaid { asset, amount, .. } => {
                self.income.entry(*asset).or_default().emitted += amount;
                self.emitted += amount;
            }
            Event::RevenuePaid { asset, amount, .. } => {
                self.income.entry(*asset).or_default().revenue += amount
            }
            Event::ProtocolFeeTaken { asset, amount } => {
                self.income.entry(*asset).or_default().protocol_fee += amount;
            }
            Event::OperatorFeeTaken {
                asset,
                operator,
                amount,
            } => {
                self.income.entry(*asset).or_default().operator_fee += amount;
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
            } => self.share(*asset, *amount)?,
            Event::Claimed { asset, who, amount } => {
                // A reaped asset's debts outlive its books.
                if let Some(income) = self.income.get_mut(asset) {
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
                self.income.entry(*asset).or_default().slashed += amount;
                self.burnt += amount - bounty;
            }
            Event::BooksClosed { asset, .. } => {
                self.income.remove(asset);
            }
            _ => {}
        }
        Ok(())
    }

    fn credit(&mut self, asset: AssetId, who: &AccountId, scaled: U256) {
        let entitled = self.entitled.entry((asset, who.clone())).or_default();
        entitled.exact += scaled;
    }

    /// Each holder's part, from what it held before this step.
    fn share(&mut self, asset: AssetId, amount: Balance) -> Checked {
        let holdings = self.holdings.get(&asset).cloned().unwrap_or_default();
        let supply: Balance = holdings.iter().map(|(_, held)| *held).sum();
        ensure(supply > 0, || {
            format!("{amount} of asset {asset} were shared among nobody")
        })?;
        for (who, held) in &holdings {
            self.credit(
                asset,
                who,
                math::scaled(amount) * U256::from(*held) / U256::from(supply),
            );
        }
        *self.roundings.entry(asset).or_default() += 1;
        Ok(())
    }

    fn enter_holdings(&mut self, mixed: bool) -> Checked {
        let mut now = BTreeMap::new();
        for asset in pallet_fractional_ownership::Vaults::<Runtime>::iter_keys() {
            let mut held: Vec<_> = holders(asset)
                .into_iter()
                .map(|(who, free, held)| (who, free + held))
                .collect();
            held.sort();
            now.insert(asset, held);
        }
        for asset in now
            .keys()
            .chain(self.holdings.keys())
            .copied()
            .collect::<BTreeSet<_>>()
        {
            if now.get(&asset) != self.holdings.get(&asset) {
                // Who sells all leaves less than a unit behind.
                *self.roundings.entry(asset).or_default() += 4;
            }
        }
        self.holdings = now;
        if mixed {
            // Which event came before which change is not known: start again from what the chain says.
            for ((asset, who), entitled) in &mut self.entitled {
                entitled.exact = real(*asset, who)? + math::scaled(entitled.claimed);
            }
            for (who, asset) in Positions::<Runtime>::iter_keys() {
                let owed = real(asset, &who)?;
                self.entitled.entry((asset, who)).or_insert(Entitled {
                    exact: owed,
                    claimed: 0,
                });
            }
        }
        Ok(())
    }

    /// Holds the two against each other.
    pub fn check(&self) -> Checked {
        self.check_issuance()?;
        self.check_income()?;
        self.check_entitled()?;
        self.check_bonds()?;
        self.check_reward_account()
    }

    /// Total issuance = genesis + emitted − burnt, and it is all in accounts.
    fn check_issuance(&self) -> Checked {
        let (issued, explained) = (
            Balances::total_issuance(),
            self.genesis + self.emitted - self.burnt,
        );
        ensure(issued == explained, || {
            format!(
                "{issued} are issued, but genesis {} + emitted {} − burnt {} = {explained}",
                self.genesis, self.emitted, self.burnt
            )
        })?;
        let held: Balance = frame_system::Account::<Runtime>::iter_values()
            .map(|account| account.data.free + account.data.reserved)
            .sum();
        ensure(held == issued, || {
            format!("{issued} are issued, but accounts hold {held}")
        })
    }

    /// received = claimed + pending + remainder + unvested + parked + slashed + fees, for every asset.
    fn check_income(&self) -> Checked {
        for (asset, income) in &self.income {
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
            let mut owed = ledger.accumulator.remainder;
            for (who, of, _) in Positions::<Runtime>::iter() {
                if of == *asset {
                    owed += real(of, &who)?;
                }
            }
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
    fn check_entitled(&self) -> Checked {
        for ((asset, who), entitled) in &self.entitled {
            let had = real(*asset, who)? + math::scaled(entitled.claimed);
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

    /// Each account's hold = the sum of the bonds recorded for it, for those without a bond too.
    fn check_bonds(&self) -> Checked {
        use frame_support::traits::fungible::InspectHold;
        let mut bonds = BTreeMap::<AccountId, Balance>::new();
        for (_, bearer, bond) in pallet_compute_assets::Bonds::<Runtime>::iter() {
            *bonds.entry(bearer).or_default() += bond.amount;
        }
        let reason = RuntimeHoldReason::ComputeAssets(pallet_compute_assets::HoldReason::Bond);
        for who in frame_system::Account::<Runtime>::iter_keys() {
            let (held, recorded) = (
                Balances::balance_on_hold(&reason, &who),
                bonds.get(&who).copied().unwrap_or(0),
            );
            ensure(held == recorded, || {
                format!("{who:?} has {held} on hold for bonds of {recorded}")
            })?;
        }
        Ok(())
    }

    /// The account in which income waits holds exactly what is owed, its existential deposit and what was given to it.
    fn check_reward_account(&self) -> Checked {
        let account = RewardDistribution::account_id();
        let totals = pallet_reward_distribution::BooksTotal::<Runtime>::get();
        let owed = totals.owed().ok_or("more left the books than came in")?;
        let expected = EXISTENTIAL_DEPOSIT
            + owed
            + pallet_reward_distribution::TreasuryOwed::<Runtime>::get()
            + self.donated.get(&account).copied().unwrap_or(0);
        let held = Balances::free_balance(&account);
        ensure(held == expected, || {
            format!("the account of reward-distribution holds {held} instead of {expected}")
        })
    }
}

/// What the chain owes `who` of the asset, with what was shared and not settled yet, in 2^-64 of a unit.
fn real(asset: AssetId, who: &AccountId) -> Result<U256, String> {
    let Some(mut position) = Positions::<Runtime>::get(who, asset) else {
        return Ok(U256::zero());
    };
    if let Some(ledger) = Ledgers::<Runtime>::get(asset) {
        let held = pallet_fractional_ownership::Accounts::<Runtime>::get(asset, who)
            .map_or(0, |account| account.free + account.held);
        if held > 0 {
            position
                .settle(&ledger.accumulator, held)
                .ok_or_else(|| format!("{who:?} can't be settled for asset {asset}"))?;
        }
    }
    Ok(position.owed)
}
