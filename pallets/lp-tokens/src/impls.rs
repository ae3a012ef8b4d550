// SPDX-License-Identifier: Apache-2.0
//! What the calls and the traits do: collect, settle, then change.

use crate::types::{Account, Balance, Era, Pool, TokenId};
use crate::{Accounts, Config, Eras, Error, Event, Pallet, Pools, Tokens};
use compute_primitives::shares::{scaled, Position};
use compute_primitives::{AssetId, Cash, Collect, Holdings, Revenue};
use frame_support::ensure;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungible::{Inspect as _, Mutate as _};
use frame_support::traits::fungibles::{self, Inspect as _, Mutate as _};
use frame_support::traits::tokens::{DepositConsequence, Fortitude, Preservation, Provenance};
use frame_support::traits::Get;
use frame_support::PalletId;
use sp_runtime::traits::{AccountIdConversion, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

/// Tells the pools' accounts from the pallet's own, which is that of zeros.
const POOL: u8 = 1;

type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// The error of a sum that does not fit, or of one that would be negative: never a wrong number.
pub(crate) fn exact<V>(sum: Option<V>) -> Result<V, DispatchError> {
    sum.ok_or(DispatchError::Arithmetic(ArithmeticError::Overflow))
}

impl<T: Config> Pallet<T> {
    /// The account in which income waits for those who provide liquidity.
    pub fn account_id() -> AccountIdOf<T> {
        T::PalletId::get().into_account_truncating()
    }

    /// The account that has the reserves of the asset's pool, whether there is one or not. It has no key.
    pub fn pool_account(asset: AssetId) -> AccountIdOf<T> {
        T::PalletId::get().into_sub_account_truncating((POOL, asset))
    }

    /// The asset whose pool `who` is, or would be.
    pub fn asset_of(who: &AccountIdOf<T>) -> Option<AssetId> {
        PalletId::try_from_sub_account::<(u8, AssetId)>(who)
            .filter(|(id, (_, asset))| *id == T::PalletId::get() && *who == Self::pool_account(*asset))
            .map(|(_, (_, asset))| asset)
    }

    /// Lets the account live, and gives it the existential deposit beyond what it owes: so it can pay to the last unit.
    pub(crate) fn endow() {
        let account = Self::account_id();
        frame_system::Pallet::<T>::inc_providers(&account);
        let endowment = T::Currency::minimum_balance();
        if T::Currency::balance(&account) < endowment {
            assert!(
                T::Currency::mint_into(&account, endowment).is_ok(),
                "the pallet's account can't be endowed"
            );
        }
    }

    pub(crate) fn known(asset: AssetId) -> Result<Pool, DispatchError> {
        Ok(Pools::<T>::get(asset).ok_or(Error::<T>::UnknownPool)?)
    }

    /// Makes the LP token of the pool whose account is `account`.
    pub(crate) fn do_open(token: TokenId, account: AccountIdOf<T>) -> DispatchResult {
        let asset = Self::asset_of(&account).ok_or(Error::<T>::NotPoolAccount)?;
        ensure!(
            T::Holdings::supply(asset).is_some(),
            Error::<T>::NotFractionalized
        );
        ensure!(
            !Pools::<T>::contains_key(asset) && !Tokens::<T>::contains_key(token),
            Error::<T>::PoolExists
        );
        Tokens::<T>::insert(token, asset);
        Pools::<T>::insert(
            asset,
            Pool {
                token,
                era: 0,
                supply: 0,
                own: 0,
                accounts: 0,
                balance: 0,
                accumulator: Default::default(),
                is_closed: false,
            },
        );
        Self::deposit_event(Event::Opened {
            asset,
            token,
            account,
        });
        Ok(())
    }

    /// Takes what the pool's fractions have earned by now and divides it among the LP tokens as they are, without writing the pool.
    ///
    /// Done before their number changes: so who provides liquidity has what was earned while it did, and nothing else.
    pub(crate) fn collect(asset: AssetId, pool: &mut Pool) -> DispatchResult {
        let amount = T::Income::collect(asset, &Self::pool_account(asset), &Self::account_id())?;
        if amount.is_zero() {
            return Ok(());
        }
        Self::divide(pool, amount)?;
        Self::deposit_event(Event::Collected { asset, amount });
        Ok(())
    }

    /// Divides what came into the pallet's account. As long as there is no one who provides liquidity, it waits for the next.
    fn divide(pool: &mut Pool, amount: Balance) -> DispatchResult {
        pool.balance = exact(pool.balance.checked_add(amount))?;
        match exact(pool.earning())? {
            0 => exact(pool.accumulator.absorb(scaled(amount))),
            earning => exact(pool.accumulator.distribute(amount, earning)),
        }
    }

    /// Brings an account up to now, without writing: tokens of an era that ended are settled, and gone.
    pub(crate) fn settle(
        asset: AssetId,
        pool: &Pool,
        account: &mut Account,
    ) -> Result<Option<Era>, DispatchError> {
        if account.era == pool.era {
            exact(account.position.settle(&pool.accumulator, account.amount))?;
            return Ok(None);
        }
        let mut ended = None;
        if !account.amount.is_zero() {
            let mut era = exact(Eras::<T>::get(asset, account.era))?;
            let at_end = compute_primitives::shares::Accumulator {
                per_share: era.per_share,
                ..Default::default()
            };
            exact(account.position.settle(&at_end, account.amount))?;
            era.unsettled = exact(era.unsettled.checked_sub(account.amount))?;
            ended = Some(era);
        }
        account.amount = 0;
        account.position.checkpoint = pool.accumulator.per_share;
        Ok(ended)
    }

    /// Changes an account of a pool. Income is collected and the account settled before; the change does not touch the supply. The era
    /// that it sees is the one in which the account was last written.
    ///
    /// On an error nothing has changed.
    pub(crate) fn mutate_account<R>(
        asset: AssetId,
        who: &AccountIdOf<T>,
        change: impl FnOnce(&mut Pool, &mut Account) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        with_storage_layer(|| {
            let mut pool = Self::known(asset)?;
            Self::collect(asset, &mut pool)?;
            let stored = Accounts::<T>::get(asset, who);
            let existed = stored.is_some();
            let mut account = stored.unwrap_or_else(|| Account {
                era: pool.era,
                amount: 0,
                position: Position::open(&pool.accumulator),
            });
            let era = account.era;
            if let Some(ended) = Self::settle(asset, &pool, &mut account)? {
                if ended.unsettled.is_zero() {
                    Eras::<T>::remove(asset, era);
                } else {
                    Eras::<T>::insert(asset, era, ended);
                }
            }

            let result = change(&mut pool, &mut account)?;
            account.era = pool.era;

            if account.amount.is_zero() {
                // Less than a unit: it is of use to those who stay.
                exact(pool.accumulator.absorb(account.position.take_residue()))?;
            }
            let exists = !account.amount.is_zero() || !account.position.owed.is_zero();
            if exists {
                Accounts::<T>::insert(asset, who, account);
            } else {
                Accounts::<T>::remove(asset, who);
            }
            pool.accounts = exact(match (existed, exists) {
                (false, true) => pool.accounts.checked_add(1),
                (true, false) => pool.accounts.checked_sub(1),
                _ => Some(pool.accounts),
            })?;
            Self::write(asset, pool);
            Ok(result)
        })
    }

    /// Writes a pool, or removes it if its asset is gone and nobody has anything of it.
    pub(crate) fn write(asset: AssetId, pool: Pool) {
        if pool.is_closed && pool.accounts.is_zero() {
            Tokens::<T>::remove(pool.token);
            Pools::<T>::remove(asset);
        } else {
            Pools::<T>::insert(asset, pool);
        }
    }

    pub(crate) fn do_transfer(
        asset: AssetId,
        who: &AccountIdOf<T>,
        dest: &AccountIdOf<T>,
        amount: Balance,
    ) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let token = Self::known(asset)?.token;
        <Self as fungibles::Mutate<_>>::transfer(token, who, dest, amount, Preservation::Expendable)?;
        Ok(())
    }

    pub(crate) fn do_claim(asset: AssetId, who: AccountIdOf<T>) -> DispatchResult {
        let amount = Self::mutate_account(asset, &who, |pool, account| {
            let mut amount = exact(account.position.take_whole())?;
            // Tokens of an era that ended are settled though they earned less than a unit: else they would keep its record, and the pool's.
            ensure!(
                !amount.is_zero() || account.era != pool.era,
                Error::<T>::NothingToClaim
            );
            if pool.is_closed && pool.accounts == 1 && account.amount.is_zero() {
                // The last of a pool that is gone gets what divisions left over.
                amount = pool.balance;
            }
            pool.balance = exact(pool.balance.checked_sub(amount))?;
            if !amount.is_zero() {
                Self::pay_out(&who, amount)?;
            }
            Ok(amount)
        })?;
        Self::deposit_event(Event::Claimed { asset, who, amount });
        Ok(())
    }

    /// Pays out of the pallet's account, all or nothing.
    fn pay_out(to: &AccountIdOf<T>, amount: Balance) -> DispatchResult {
        match T::Currency::can_deposit(to, amount, Provenance::Extant) {
            DepositConsequence::Success => {}
            DepositConsequence::BelowMinimum => return Err(Error::<T>::BelowExistentialDeposit.into()),
            other => return other.into_result(),
        }
        T::Currency::transfer(&Self::account_id(), to, amount, Preservation::Preserve)?;
        Ok(())
    }

    pub(crate) fn do_dissolve(asset: AssetId) -> DispatchResult {
        let mut pool = Self::known(asset)?;
        ensure!(T::Cash::is_sold(asset), Error::<T>::NotSold);
        let (account, purse) = (Self::pool_account(asset), Self::account_id());

        // What was earned before the sale first: it may have come while there were other tokens.
        Self::collect(asset, &mut pool)?;
        // Also where they are worth nothing: in the pool they would keep the vault from closing.
        let has_fractions = !T::Holdings::balance(asset, &account).is_zero();
        let cash = if has_fractions {
            T::Cash::cash_out(asset, &account, &purse)?
        } else {
            0
        };
        let currency = Self::empty(&account, &purse)?;
        let amount = exact(cash.checked_add(currency))?;
        ensure!(
            has_fractions || !amount.is_zero() || !pool.supply.is_zero(),
            Error::<T>::NothingToDissolve
        );
        Self::divide(&mut pool, amount)?;

        // An asset that is gone takes no income: the last account gets it.
        let left = if exact(pool.earning())?.is_zero() && !pool.is_closed {
            Self::leave(asset, &mut pool)?
        } else {
            0
        };
        Self::end_era(asset, &mut pool)?;
        Self::write(asset, pool);
        Self::deposit_event(Event::Dissolved {
            asset,
            cash,
            currency,
            left,
        });
        Ok(())
    }

    /// From now on there are no tokens. What they earned until now waits for their holders.
    pub(crate) fn end_era(asset: AssetId, pool: &mut Pool) -> DispatchResult {
        let earning = exact(pool.earning())?;
        if !earning.is_zero() {
            let era = Era {
                per_share: pool.accumulator.per_share,
                unsettled: earning,
            };
            Eras::<T>::insert(asset, pool.era, era);
        }
        pool.era = exact(pool.era.checked_add(1))?;
        pool.supply = 0;
        pool.own = 0;
        Ok(())
    }

    pub(crate) fn do_remove_all(asset: AssetId, who: AccountIdOf<T>) -> DispatchResult {
        let account = Self::pool_account(asset);
        let tokens = Self::mutate_account(asset, &who, |pool, provider| {
            let tokens = provider.amount;
            let is_sole = if tokens.is_zero() {
                // What is left is no one's, and keeps the caller, who has all the rest, from redeeming.
                pool.earning() == Some(0) && Self::has_all_but_the_pools(asset, &who)
            } else {
                pool.earning() == Some(tokens)
            };
            ensure!(is_sole, Error::<T>::NotSoleProvider);
            provider.amount = 0;
            pool.supply = 0;
            pool.own = 0;
            Ok(tokens)
        })?;
        let currency = Self::empty(&account, &who)?;
        let fractions =
            T::Fractions::reducible_balance(asset, &account, Preservation::Expendable, Fortitude::Polite);
        T::Fractions::transfer(asset, &account, &who, fractions, Preservation::Expendable)?;
        Self::deposit_event(Event::Emptied {
            asset,
            who,
            tokens,
            currency,
            fractions,
        });
        Ok(())
    }

    /// Whether `who` has all fractions that the pool has not, and either has some. Of a sold asset nobody has: it has claims on cash.
    fn has_all_but_the_pools(asset: AssetId, who: &AccountIdOf<T>) -> bool {
        let pools = T::Holdings::balance(asset, &Self::pool_account(asset));
        let own = T::Holdings::balance(asset, who);
        !T::Cash::is_sold(asset)
            && !pools.is_zero()
            && !own.is_zero()
            && own.checked_add(pools) == Some(T::Holdings::outstanding(asset))
    }

    /// Moves all currency of a pool's account to another.
    fn empty(account: &AccountIdOf<T>, to: &AccountIdOf<T>) -> Result<Balance, DispatchError> {
        let currency = T::Currency::reducible_balance(account, Preservation::Expendable, Fortitude::Polite);
        if !currency.is_zero() {
            T::Currency::transfer(account, to, currency, Preservation::Expendable)?;
        }
        Ok(currency)
    }

    /// Gives the asset, as income, the whole units that nobody has a part in.
    pub(crate) fn leave(asset: AssetId, pool: &mut Pool) -> Result<Balance, DispatchError> {
        let left = exact(pool.accumulator.sweep(0))?;
        if !left.is_zero() {
            pool.balance = exact(pool.balance.checked_sub(left))?;
            T::Revenue::pay_revenue(asset, &Self::account_id(), left)?;
        }
        Ok(left)
    }
}
