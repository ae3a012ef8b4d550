// SPDX-License-Identifier: Apache-2.0
//! The same books, kept a second time from nothing but events, by other arithmetic.

mod holdings;
mod income;
mod pools;
mod sales;

use compute_primitives::{AssetId, CensusIndex};
use ergon_runtime::*;
use holdings::Holdings;
use income::IncomeBooks;
use pools::PoolBooks;
use sales::Sales;
use sp_core::U256;
use std::collections::{BTreeMap, BTreeSet};

/// What one account has had coming from one asset, or from one pool, since the beginning.
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
    burnt: Balance,
    /// Sent to a pallet's account by anyone.
    donated: BTreeMap<AccountId, Balance>,
    censuses: BTreeMap<CensusIndex, Census>,
    paid: BTreeSet<(CensusIndex, AssetId)>,
    holdings: Holdings,
    income: IncomeBooks,
    sales: Sales,
    pools: PoolBooks,
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

    /// Writes down what a step did, event by event, in their order.
    pub fn enter(&mut self, events: &[RuntimeEvent]) -> Checked {
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
                RuntimeEvent::RewardDistribution(event) => {
                    if let pallet_reward_distribution::Event::RevenuePaid { asset, payer, amount } = event {
                        if *payer == LpTokens::account_id() {
                            self.pools.leave(*asset, *amount)?;
                        }
                    }
                    self.burnt += self.income.enter(event, &self.holdings)?;
                }
                RuntimeEvent::FractionalOwnership(event) => {
                    self.sales.enter(event, &self.holdings)?;
                    if let Some(asset) = self.holdings.enter(event)? {
                        self.income.round(asset);
                    }
                }
                RuntimeEvent::LpTokens(event) => self.pools.enter(event)?,
                _ => {}
            }
        }
        Ok(())
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

    /// Holds the two against each other.
    pub fn check(&mut self) -> Checked {
        let fractions: BTreeMap<_, _> = pallet_fractional_ownership::Accounts::<Runtime>::iter()
            .map(|(asset, who, account)| ((asset, who), account.free + account.held))
            .collect();
        self.holdings.check(&fractions)?;
        self.check_issuance()?;
        self.income.check(&fractions)?;
        self.sales.check()?;
        let lp_tokens = self.donated.get(&LpTokens::account_id());
        self.pools.check(lp_tokens.copied().unwrap_or(0))?;
        self.check_bonds()?;
        self.check_reward_account()
    }

    /// Total issuance = genesis + emitted − burnt, and it is all in accounts.
    fn check_issuance(&self) -> Checked {
        let (issued, explained) = (
            Balances::total_issuance(),
            self.genesis + self.income.emitted() - self.burnt,
        );
        ensure(issued == explained, || {
            format!(
                "{issued} are issued, but genesis {} + emitted {} − burnt {} = {explained}",
                self.genesis,
                self.income.emitted(),
                self.burnt
            )
        })?;
        let held: Balance = frame_system::Account::<Runtime>::iter_values()
            .map(|account| account.data.free + account.data.reserved)
            .sum();
        ensure(held == issued, || {
            format!("{issued} are issued, but accounts hold {held}")
        })
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
