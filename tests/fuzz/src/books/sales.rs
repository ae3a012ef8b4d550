// SPDX-License-Identifier: Apache-2.0
//! The cash of sold assets: proceeds = paid out + owed + left, and nobody is paid more than its floored part.

use super::{ensure, Checked, Holdings};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_fractional_ownership::{Event, HoldReason, Owed, Vaults};
use sp_core::U256;
use std::collections::BTreeMap;

/// One sale whose fractions are not all cashed.
#[derive(Clone, Default, Debug)]
struct Sale {
    proceeds: Balance,
    claims: Balance,
    /// Cashed, whether it was paid at once or is owed.
    cashed: Balance,
    claims_left: Balance,
    /// How often a part was floored.
    floored: Balance,
}

impl Sale {
    fn left(&self) -> Result<Balance, String> {
        self.proceeds
            .checked_sub(self.cashed)
            .ok_or_else(|| format!("more was cashed than was paid: {self:?}"))
    }
}

#[derive(Default)]
pub struct Sales {
    open: BTreeMap<AssetId, Sale>,
    owed: BTreeMap<(AssetId, AccountId), Balance>,
}

/// `amount · part / whole`, floored.
fn floored(amount: Balance, part: Balance, whole: Balance) -> U256 {
    U256::from(amount) * U256::from(part) / U256::from(whole)
}

impl Sales {
    /// Writes down what an event said. `holdings`: as they were before it.
    pub fn enter(&mut self, event: &Event<Runtime>, holdings: &Holdings) -> Checked {
        match event {
            Event::Sold {
                asset,
                price,
                proceeds,
                claims,
                ..
            } => self.sell(*asset, *price, *proceeds, *claims, holdings.supply(*asset)),
            Event::CashedOut {
                asset,
                who,
                amount,
                cash,
                owed,
            } => self.cash(*asset, who, *amount, *cash, *owed),
            Event::OwedPaid { asset, who, amount } => {
                let owed = self.owed.remove(&(*asset, who.clone())).unwrap_or(0);
                ensure(owed == *amount, || {
                    format!("asset {asset} owed {who:?} {owed} and paid {amount}")
                })
            }
            Event::VaultClosed { asset } => {
                let sale = self.open.remove(asset).unwrap_or_default();
                ensure(sale.left()? == 0 && sale.claims_left == 0, || {
                    format!("the sale of asset {asset} ended with something left: {sale:?}")
                })
            }
            _ => Ok(()),
        }
    }

    /// The others are never paid less than their part of the price, and less than a unit more.
    fn sell(
        &mut self,
        asset: AssetId,
        price: Balance,
        proceeds: Balance,
        claims: Balance,
        supply: Balance,
    ) -> Checked {
        ensure(supply > 0, || {
            format!("asset {asset} was sold without a fraction")
        })?;
        let part = U256::from(price) * U256::from(claims);
        let raised = (part + U256::from(supply - 1)) / U256::from(supply);
        let expected = if claims == 0 {
            U256::zero()
        } else {
            raised.max(EXISTENTIAL_DEPOSIT.into())
        };
        ensure(U256::from(proceeds) == expected, || {
            format!(
                "asset {asset}: {claims} of {supply} fractions were bought at {price} for {proceeds}, not {expected}"
            )
        })?;
        let sale = Sale {
            proceeds,
            claims,
            claims_left: claims,
            ..Sale::default()
        };
        ensure(self.open.insert(asset, sale).is_none(), || {
            format!("asset {asset} was sold twice")
        })
    }

    fn cash(
        &mut self,
        asset: AssetId,
        who: &AccountId,
        amount: Balance,
        cash: Balance,
        owed: bool,
    ) -> Checked {
        let sale = self
            .open
            .get_mut(&asset)
            .ok_or_else(|| format!("fractions of asset {asset} were cashed, which was not sold"))?;
        ensure(amount > 0 && amount <= sale.claims_left, || {
            format!("{amount} fractions were cashed: {sale:?}")
        })?;
        let (had, part) = (U256::from(cash), floored(sale.left()?, amount, sale.claims_left));
        ensure(had == part, || {
            format!("{who:?} got {cash} for {amount} fractions instead of {part}: {sale:?}")
        })?;
        // By the whole sale: what others were floored by may come on top, less than a unit of each.
        let fair = floored(sale.proceeds, amount, sale.claims);
        ensure(had >= fair && had <= fair + U256::from(sale.floored), || {
            format!("{who:?} got {cash} for {amount} fractions, of the whole sale {fair}: {sale:?}")
        })?;
        sale.cashed += cash;
        sale.claims_left -= amount;
        sale.floored += 1;
        if owed {
            *self.owed.entry((asset, who.clone())).or_default() += cash;
        }
        Ok(())
    }

    /// The chain says the same, and has the cash.
    pub fn check(&self) -> Checked {
        for (asset, sale) in &self.open {
            let vault = Vaults::<Runtime>::get(asset).ok_or("a sale without a vault")?;
            let left = sale.left()?;
            ensure(
                vault.cash == Some(left) && vault.supply == sale.claims_left,
                || {
                    format!(
                        "asset {asset}: the chain has {:?} for {} fractions, by the events {sale:?}",
                        vault.cash, vault.supply
                    )
                },
            )?;
        }
        let owed: BTreeMap<_, _> = Owed::<Runtime>::iter()
            .map(|(asset, who, amount)| ((asset, who), amount))
            .collect();
        ensure(owed == self.owed, || {
            format!("the chain owes {owed:?}, by the events {:?}", self.owed)
        })?;
        self.check_escrow()
    }

    /// A vault's account has on hold what is left and what is owed, to the unit.
    fn check_escrow(&self) -> Checked {
        use frame_support::traits::fungible::InspectHold;
        let mut expected = BTreeMap::<AssetId, Balance>::new();
        for (asset, sale) in &self.open {
            *expected.entry(*asset).or_default() += sale.left()?;
        }
        for ((asset, _), owed) in &self.owed {
            *expected.entry(*asset).or_default() += owed;
        }
        let reason = RuntimeHoldReason::FractionalOwnership(HoldReason::Buyout);
        for (asset, expected) in expected {
            let account = FractionalOwnership::vault_account(asset);
            let held = Balances::balance_on_hold(&reason, &account);
            ensure(held == expected, || {
                format!("the vault of asset {asset} holds {held} for claims on {expected}")
            })?;
        }
        Ok(())
    }
}
