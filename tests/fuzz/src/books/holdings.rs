// SPDX-License-Identifier: Apache-2.0
//! Who has how many fractions, from events alone: what is shared is divided by what was held at that very moment.

use super::{ensure, Checked};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_fractional_ownership::Event;
use std::collections::BTreeMap;

/// Fractions by asset and holder; nobody has none.
#[derive(Default)]
pub struct Holdings(BTreeMap<AssetId, BTreeMap<AccountId, Balance>>);

impl Holdings {
    pub fn of(&self, asset: AssetId) -> impl Iterator<Item = (&AccountId, Balance)> {
        self.0
            .get(&asset)
            .into_iter()
            .flatten()
            .map(|(who, held)| (who, *held))
    }

    pub fn supply(&self, asset: AssetId) -> Balance {
        self.of(asset).map(|(_, held)| held).sum()
    }

    fn add(&mut self, asset: AssetId, who: &AccountId, amount: Balance) {
        if amount > 0 {
            *self.0.entry(asset).or_default().entry(who.clone()).or_default() += amount;
        }
    }

    fn take(&mut self, asset: AssetId, who: &AccountId, amount: Balance) -> Checked {
        let holders = self.0.entry(asset).or_default();
        let held = holders.get(who).copied().unwrap_or(0);
        ensure(held >= amount, || {
            format!("{who:?} gave {amount} fractions of asset {asset} and had {held}")
        })?;
        if held == amount {
            holders.remove(who);
        } else {
            holders.insert(who.clone(), held - amount);
        }
        if holders.is_empty() {
            self.0.remove(&asset);
        }
        Ok(())
    }

    fn transfer(&mut self, asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> Checked {
        self.take(asset, from, amount)?;
        self.add(asset, to, amount);
        Ok(())
    }

    /// Writes down what an event said; answers the asset whose fractions changed hands.
    pub fn enter(&mut self, event: &Event<Runtime>) -> Result<Option<AssetId>, String> {
        let asset = match event {
            Event::Fractionalized {
                asset, who, supply, ..
            } => {
                self.add(*asset, who, *supply);
                asset
            }
            Event::Transferred {
                asset,
                from,
                to,
                amount,
            }
            | Event::TransferredOnHold {
                asset,
                from,
                to,
                amount,
                ..
            }
            | Event::TransferredAndHeld {
                asset,
                from,
                to,
                amount,
                ..
            }
            | Event::Bought {
                asset,
                seller: from,
                buyer: to,
                amount,
                ..
            } => {
                self.transfer(*asset, from, to, *amount)?;
                asset
            }
            Event::Redeemed {
                asset,
                who,
                supply: amount,
            }
            | Event::Burned { asset, who, amount }
            | Event::BurnedHeld {
                asset, who, amount, ..
            }
            | Event::Withdrawn { asset, who, amount }
            | Event::CashedOut {
                asset, who, amount, ..
            } => {
                self.take(*asset, who, *amount)?;
                asset
            }
            Event::Minted { asset, who, amount } | Event::Deposited { asset, who, amount } => {
                self.add(*asset, who, *amount);
                asset
            }
            // The winner's fractions were a part of what it paid.
            Event::Sold {
                asset, buyer, claims, ..
            } => {
                let paid = self.supply(*asset).checked_sub(*claims);
                let paid = paid.ok_or("more fractions were left by a sale than there were")?;
                self.take(*asset, buyer, paid)?;
                asset
            }
            _ => return Ok(None),
        };
        Ok(Some(*asset))
    }

    /// The ledger says the same.
    pub fn check(&self, ledger: &BTreeMap<(AssetId, AccountId), Balance>) -> Checked {
        let mut accounts = 0;
        for (asset, holders) in &self.0 {
            accounts += holders.len();
            for (who, held) in holders {
                let recorded = ledger.get(&(*asset, who.clone())).copied().unwrap_or(0);
                ensure(recorded == *held, || {
                    format!("{who:?} has {recorded} fractions of asset {asset}, by the events {held}")
                })?;
            }
        }
        ensure(accounts == ledger.len(), || {
            format!(
                "{} accounts have fractions, by the events {accounts}",
                ledger.len()
            )
        })
    }
}
