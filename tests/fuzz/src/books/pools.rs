// SPDX-License-Identifier: Apache-2.0
//! Pools and their LP tokens: collected + dissolved = claimed + left + balance, everyone has its part and nothing on top, and no
//! rounding of a pool is at the expense of those who stay in it.

use super::{ensure, Checked, Entitled};
use compute_primitives::AssetId;
use ergon_runtime::*;
use pallet_lp_tokens::{Accounts, Eras, Event, Pools};
use pallet_reward_distribution::math;
use sp_core::{U256, U512};
use std::collections::BTreeMap;

/// What is kept of one pool.
#[derive(Default)]
struct Pool {
    /// Came as income of the pool's fractions.
    collected: Balance,
    /// Came from the end of the pool.
    dissolved: Balance,
    claimed: Balance,
    /// Went to the asset, since nobody had a part in it.
    left: Balance,
    /// Of `left`, what no event of ours named yet.
    unnamed: Balance,
    /// LP tokens that earn, by holder.
    tokens: BTreeMap<AccountId, Balance>,
    /// The pool's own LP tokens, which don't.
    own: Balance,
    /// Came while nobody had tokens that earn, and went without having been shared. In 2^-64 of a unit.
    waited: U256,
    unwaited: U256,
    entitled: BTreeMap<AccountId, Entitled>,
    /// What roundings may have moved from one to another, in 2^-64 of a unit.
    slack: U256,
    before: Reserves,
}

/// What is in a pool.
#[derive(Clone, Copy, Default, Debug)]
struct Reserves {
    currency: Balance,
    fractions: Balance,
    supply: Balance,
    era: u32,
}

impl Reserves {
    fn look(asset: AssetId, pool: &pallet_lp_tokens::Pool) -> Self {
        let account = LpTokens::pool_account(asset);
        Self {
            currency: Balances::free_balance(&account),
            fractions: FractionalOwnership::account(asset, account).free,
            supply: pool.supply,
            era: pool.era,
        }
    }

    /// What an LP token is worth, as the square of the mean of both reserves, never falls: neither by a swap nor by who comes or goes.
    fn is_worth_at_least(&self, before: &Self) -> bool {
        let worth = |reserves: &Self, supply: Balance| {
            U512::from(reserves.currency)
                * U512::from(reserves.fractions)
                * U512::from(supply)
                * U512::from(supply)
        };
        // Without tokens nobody has a part in what is there.
        before.supply == 0 || worth(self, before.supply) >= worth(before, self.supply)
    }
}

impl Pool {
    fn earning(&self) -> Balance {
        self.tokens.values().sum()
    }

    /// Divides what came among those who have tokens now.
    fn share(&mut self, amount: Balance) -> Checked {
        self.waited += math::scaled(amount);
        let earning = U256::from(self.earning());
        if earning.is_zero() {
            return Ok(());
        }
        let waits = self.waited.checked_sub(self.unwaited);
        let all = waits.ok_or("a pool left more to its asset than it had")?;
        (self.waited, self.unwaited) = (U256::zero(), U256::zero());
        for (who, held) in &self.tokens {
            let entitled = self.entitled.entry(who.clone()).or_default();
            entitled.exact += all * U256::from(*held) / earning;
        }
        // The chain carries over what does not divide.
        self.slack += earning + U256::from(self.tokens.len());
        Ok(())
    }

    fn give(&mut self, asset: AssetId, who: &AccountId, amount: Balance) {
        if *who == LpTokens::pool_account(asset) {
            self.own += amount;
        } else if amount > 0 {
            *self.tokens.entry(who.clone()).or_default() += amount;
        }
    }

    fn take(&mut self, asset: AssetId, who: &AccountId, amount: Balance) -> Checked {
        let held = self.tokens.get(who).copied().unwrap_or(0);
        ensure(held >= amount, || {
            format!("{who:?} gave {amount} LP tokens of asset {asset} and had {held}")
        })?;
        if held == amount {
            self.tokens.remove(who);
            // What was less than a unit is the others'.
            self.slack += math::scaled(1);
        } else {
            self.tokens.insert(who.clone(), held - amount);
        }
        Ok(())
    }
}

#[derive(Default)]
pub struct PoolBooks(BTreeMap<AssetId, Pool>);

impl PoolBooks {
    fn pool(&mut self, asset: AssetId) -> Result<&mut Pool, String> {
        self.0
            .get_mut(&asset)
            .ok_or_else(|| format!("an event of a pool of asset {asset}, which was never opened"))
    }

    /// Writes down what an event said.
    pub fn enter(&mut self, event: &Event<Runtime>) -> Checked {
        match event {
            Event::Opened { asset, .. } => {
                let former = self.0.insert(*asset, Pool::default());
                ensure(former.is_none(), || format!("asset {asset} got a second pool"))
            }
            Event::Collected { asset, amount } => {
                let pool = self.pool(*asset)?;
                pool.collected += amount;
                pool.share(*amount)
            }
            Event::Minted { asset, who, amount } => {
                self.pool(*asset)?.give(*asset, who, *amount);
                Ok(())
            }
            Event::Burned { asset, who, amount } => self.pool(*asset)?.take(*asset, who, *amount),
            Event::Transferred {
                asset,
                from,
                to,
                amount,
            } => {
                let pool = self.pool(*asset)?;
                pool.take(*asset, from, *amount)?;
                pool.give(*asset, to, *amount);
                Ok(())
            }
            Event::Claimed { asset, who, amount } => {
                let pool = self.pool(*asset)?;
                pool.claimed += amount;
                pool.entitled.entry(who.clone()).or_default().claimed += amount;
                Ok(())
            }
            Event::Emptied {
                asset, who, tokens, ..
            } => {
                let pool = self.pool(*asset)?;
                pool.take(*asset, who, *tokens)?;
                pool.own = 0;
                // What is added in the same step is a new pool's: its first tokens are a root, rounded down.
                pool.before = Reserves::default();
                ensure(pool.tokens.is_empty(), || {
                    format!("{who:?} emptied the pool of asset {asset}, where others have tokens")
                })
            }
            Event::Dissolved {
                asset,
                cash,
                currency,
                left,
            } => {
                let pool = self.pool(*asset)?;
                pool.dissolved += cash + currency;
                pool.share(cash + currency)?;
                ensure(pool.unnamed == *left, || {
                    format!(
                        "a pool of asset {asset} left {left}, and {} were paid",
                        pool.unnamed
                    )
                })?;
                pool.unnamed = 0;
                // Each of them is settled later, and less than a unit of it is the others'.
                pool.slack += math::scaled(1) * U256::from(pool.tokens.len());
                pool.tokens.clear();
                pool.own = 0;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A pool gave this to the asset as income.
    pub fn leave(&mut self, asset: AssetId, amount: Balance) -> Checked {
        let pool = self.pool(asset)?;
        pool.left += amount;
        pool.unnamed += amount;
        pool.unwaited += math::scaled(amount);
        Ok(())
    }

    /// The chain says the same, and no one has more than its part.
    pub fn check(&mut self, donated: Balance) -> Checked {
        let mut waiting = 0;
        for (asset, pool) in &mut self.0 {
            let stored = Pools::<Runtime>::get(asset);
            let balance = stored.as_ref().map_or(0, |stored| stored.balance);
            waiting += balance;
            let (came, went) = (
                pool.collected + pool.dissolved,
                pool.claimed + pool.left + balance,
            );
            ensure(came == went, || {
                format!("the pool of asset {asset} had {came}, of which {went} are accounted for")
            })?;
            for (who, entitled) in &pool.entitled {
                let had = real(*asset, stored.as_ref(), who)? + math::scaled(entitled.claimed);
                ensure(
                    had <= entitled.exact + pool.slack && entitled.exact <= had + pool.slack,
                    || {
                        format!(
                            "{who:?} has had and has coming {had}/2^64 of the pool of asset {asset}, but its part is {}/2^64",
                            entitled.exact
                        )
                    },
                )?;
            }
            let Some(stored) = stored else {
                continue;
            };
            let (earning, supply) = (pool.earning(), pool.earning() + pool.own);
            ensure(
                stored.supply == supply && stored.earning() == Some(earning),
                || {
                    format!(
                        "asset {asset} has {} LP tokens, by the events {supply}",
                        stored.supply
                    )
                },
            )?;
            let now = Reserves::look(*asset, &stored);
            ensure(
                now.era != pool.before.era || now.is_worth_at_least(&pool.before),
                || {
                    format!(
                        "LP tokens of asset {asset} lost worth: {:?} to {now:?}",
                        pool.before
                    )
                },
            )?;
            pool.before = now;
        }
        let (expected, held) = (
            EXISTENTIAL_DEPOSIT + waiting + donated,
            Balances::free_balance(LpTokens::account_id()),
        );
        ensure(held == expected, || {
            format!("the account of lp-tokens holds {held} instead of {expected}")
        })
    }
}

/// What the chain owes `who` of a pool, in 2^-64 of a unit, of what was collected.
fn real(asset: AssetId, pool: Option<&pallet_lp_tokens::Pool>, who: &AccountId) -> Result<U256, String> {
    let (Some(pool), Some(account)) = (pool, Accounts::<Runtime>::get(asset, who)) else {
        return Ok(U256::zero());
    };
    let until = if account.era == pool.era || account.amount == 0 {
        pool.accumulator.per_share
    } else {
        Eras::<Runtime>::get(asset, account.era)
            .ok_or("an era is missing")?
            .per_share
    };
    let each = until
        .checked_sub(account.position.checkpoint)
        .ok_or("an account is ahead of its pool")?;
    Ok(account.position.owed + each * U256::from(account.amount))
}
