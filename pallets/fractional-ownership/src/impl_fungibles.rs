// SPDX-License-Identifier: Apache-2.0
//! Fractions as FRAME's `fungibles`: `Inspect`, `Unbalanced`, `Mutate`, `Balanced`, `AccountTouch`, `Refund`.

use crate::types::AccountIdOf;
use crate::{Accounts, BalanceOf, Config, Event, Pallet, Vaults};
use compute_primitives::AssetId;
use frame_support::defensive;
use frame_support::ensure;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungibles::{
    Balanced, Credit, Debt, DecreaseIssuance, Dust, IncreaseIssuance, Inspect, Mutate, Refund, Unbalanced,
};
use frame_support::traits::tokens::{
    DepositConsequence, Fortitude, Precision, Preservation, Provenance, WithdrawConsequence,
};
use frame_support::traits::AccountTouch;
use sp_runtime::traits::{CheckedAdd, CheckedSub, One, Saturating, Zero};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, TokenError};

impl<T: Config> Inspect<AccountIdOf<T>> for Pallet<T> {
    type AssetId = AssetId;
    type Balance = BalanceOf<T>;

    fn total_issuance(asset: AssetId) -> BalanceOf<T> {
        Vaults::<T>::get(asset).map_or_else(Zero::zero, |vault| vault.supply)
    }

    fn minimum_balance(_: AssetId) -> BalanceOf<T> {
        One::one()
    }

    fn total_balance(asset: AssetId, who: &AccountIdOf<T>) -> BalanceOf<T> {
        // The sum is at most the supply. It was checked when it was written.
        Accounts::<T>::get(asset, who)
            .map_or_else(Zero::zero, |account| account.free.saturating_add(account.held))
    }

    fn balance(asset: AssetId, who: &AccountIdOf<T>) -> BalanceOf<T> {
        Accounts::<T>::get(asset, who).map_or_else(Zero::zero, |account| account.free)
    }

    fn reducible_balance(
        asset: AssetId,
        who: &AccountIdOf<T>,
        preservation: Preservation,
        force: Fortitude,
    ) -> BalanceOf<T> {
        let Some(account) = Accounts::<T>::get(asset, who) else {
            return Zero::zero();
        };
        let mut untouchable: BalanceOf<T> = Zero::zero();
        if force == Fortitude::Polite {
            // What is on hold stays, so it counts towards what must stay.
            untouchable = account.frozen.saturating_sub(account.held);
        }
        if preservation != Preservation::Expendable && account.held.is_zero() {
            untouchable = untouchable.max(Self::minimum_balance(asset));
        }
        account.free.saturating_sub(untouchable)
    }

    fn can_deposit(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        provenance: Provenance,
    ) -> DepositConsequence {
        let Some(vault) = Vaults::<T>::get(asset) else {
            return DepositConsequence::UnknownAsset;
        };
        if amount.is_zero() {
            return DepositConsequence::Success;
        }
        // Of a sold asset there are no new fractions: they would be claims on the others' cash.
        let dilutes = vault.is_sold() && provenance == Provenance::Minted;
        // Nor may claims be put where only their holder can cash them.
        let hides = vault.is_sold() && Self::ensure_cashable_by_others(asset, who).is_err();
        if dilutes || hides || *who == Self::vault_account(asset) {
            return DepositConsequence::Blocked;
        }
        // Where fractions exist already, the receiver will not have more than there are.
        let before = if provenance == Provenance::Minted {
            vault.supply
        } else {
            Self::total_balance(asset, who)
        };
        match before.checked_add(&amount) {
            Some(after) if Self::is_within_max_supply(after) => DepositConsequence::Success,
            _ => DepositConsequence::Overflow,
        }
    }

    fn can_withdraw(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> WithdrawConsequence<BalanceOf<T>> {
        if !Vaults::<T>::contains_key(asset) {
            return WithdrawConsequence::UnknownAsset;
        }
        if amount.is_zero() {
            return WithdrawConsequence::Success;
        }
        let account = Accounts::<T>::get(asset, who).unwrap_or_default();
        let Some(free) = account.free.checked_sub(&amount) else {
            return WithdrawConsequence::BalanceLow;
        };
        if amount > Self::reducible_balance(asset, who, Preservation::Expendable, Fortitude::Polite) {
            return WithdrawConsequence::Frozen;
        }
        if free.is_zero() && account.held.is_zero() {
            return WithdrawConsequence::ReducedToZero(Zero::zero());
        }
        WithdrawConsequence::Success
    }

    fn asset_exists(asset: AssetId) -> bool {
        Vaults::<T>::contains_key(asset)
    }
}

impl<T: Config> Unbalanced<AccountIdOf<T>> for Pallet<T> {
    fn handle_dust(dust: Dust<AccountIdOf<T>, Self>) {
        // The smallest balance is one fraction, so less than it is nothing.
        defensive!("fractions have no dust");
        drop(dust.into_credit());
    }

    fn write_balance(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<Option<BalanceOf<T>>, DispatchError> {
        Self::mutate_account(asset, who, |account| {
            account.free = amount;
            Ok(None)
        })
    }

    fn set_total_issuance(asset: AssetId, amount: BalanceOf<T>) {
        Vaults::<T>::mutate_extant(asset, |vault| vault.supply = amount);
    }
}

impl<T: Config> Pallet<T> {
    /// Issues fractions to `who`. The income until now is settled at the former supply.
    fn do_mint(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        Self::can_deposit(asset, who, amount, Provenance::Minted).into_result()?;
        let supply = Self::total_issuance(asset)
            .checked_add(&amount)
            .ok_or(ArithmeticError::Overflow)?;
        ensure!(Self::is_within_max_supply(supply), ArithmeticError::Overflow);
        let actual = Self::increase_balance(asset, who, amount, Precision::Exact)?;
        Self::set_total_issuance(asset, supply);
        Self::deposit_event(Event::Minted {
            asset,
            who: who.clone(),
            amount,
        });
        Ok(actual)
    }
}

impl<T: Config> Mutate<AccountIdOf<T>> for Pallet<T> {
    fn mint_into(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        Self::do_mint(asset, who, amount)
    }

    fn restore(
        asset: AssetId,
        who: &AccountIdOf<T>,
        amount: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        Self::do_mint(asset, who, amount)
    }

    /// Moves fractions, or does nothing at all: FRAME's default would ignore that the receiver can't be credited, and lose them.
    fn transfer(
        asset: AssetId,
        source: &AccountIdOf<T>,
        dest: &AccountIdOf<T>,
        amount: BalanceOf<T>,
        preservation: Preservation,
    ) -> Result<BalanceOf<T>, DispatchError> {
        Self::can_withdraw(asset, source, amount).into_result(preservation != Preservation::Expendable)?;
        Self::can_deposit(asset, dest, amount, Provenance::Extant).into_result()?;
        if source == dest || amount.is_zero() {
            return Ok(amount);
        }
        with_storage_layer(|| {
            Self::debit(asset, source, amount)?;
            Self::credit(asset, dest, amount)
        })?;
        Self::deposit_event(Event::Transferred {
            asset,
            from: source.clone(),
            to: dest.clone(),
            amount,
        });
        Ok(amount)
    }

    fn done_burn_from(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) {
        Self::deposit_event(Event::Burned {
            asset,
            who: who.clone(),
            amount,
        });
    }

    fn done_shelve(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) {
        Self::deposit_event(Event::Burned {
            asset,
            who: who.clone(),
            amount,
        });
    }
}

impl<T: Config> Balanced<AccountIdOf<T>> for Pallet<T> {
    type OnDropDebt = IncreaseIssuance<AccountIdOf<T>, Self>;
    type OnDropCredit = DecreaseIssuance<AccountIdOf<T>, Self>;

    /// Issues nothing: a supply raised before anyone has the fractions would take a part of the income from the holders and
    /// give it to no one. `mint_into` settles first.
    fn issue(asset: AssetId, _: BalanceOf<T>) -> Credit<AccountIdOf<T>, Self> {
        Credit::<AccountIdOf<T>, Self>::zero(asset)
    }

    /// Rescinds nothing: a supply lowered while the holders still have the fractions would promise more income than
    /// there is. `burn_from` settles first.
    fn rescind(asset: AssetId, _: BalanceOf<T>) -> Debt<AccountIdOf<T>, Self> {
        Debt::<AccountIdOf<T>, Self>::zero(asset)
    }

    fn done_deposit(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) {
        Self::deposit_event(Event::Deposited {
            asset,
            who: who.clone(),
            amount,
        });
    }

    fn done_withdraw(asset: AssetId, who: &AccountIdOf<T>, amount: BalanceOf<T>) {
        Self::deposit_event(Event::Withdrawn {
            asset,
            who: who.clone(),
            amount,
        });
    }
}

/// An account needs nothing to receive fractions, so there is nothing to touch.
impl<T: Config> AccountTouch<AssetId, AccountIdOf<T>> for Pallet<T> {
    type Balance = BalanceOf<T>;

    fn deposit_required(_: AssetId) -> BalanceOf<T> {
        Zero::zero()
    }

    fn should_touch(_: AssetId, _: &AccountIdOf<T>) -> bool {
        false
    }

    fn touch(_: AssetId, _: &AccountIdOf<T>, _: &AccountIdOf<T>) -> DispatchResult {
        Ok(())
    }
}

impl<T: Config> Refund<AccountIdOf<T>> for Pallet<T> {
    type AssetId = AssetId;
    type Balance = BalanceOf<T>;

    fn deposit_held(_: AssetId, _: AccountIdOf<T>) -> Option<(AccountIdOf<T>, BalanceOf<T>)> {
        None
    }

    fn refund(_: AssetId, _: AccountIdOf<T>) -> DispatchResult {
        Err(TokenError::Unsupported.into())
    }
}

/// Benchmarks of other pallets make fractions of assets that have no NFT.
#[cfg(feature = "runtime-benchmarks")]
impl<T: Config> frame_support::traits::fungibles::Create<AccountIdOf<T>> for Pallet<T> {
    fn create(asset: AssetId, admin: AccountIdOf<T>, _: bool, _: BalanceOf<T>) -> DispatchResult {
        use frame_support::traits::Consideration;

        ensure!(
            !Vaults::<T>::contains_key(asset),
            crate::Error::<T>::AlreadyFractionalized
        );
        T::VaultConsideration::ensure_successful(&admin, Self::vault_footprint());
        let ticket = T::VaultConsideration::new(&admin, Self::vault_footprint())?;
        Vaults::<T>::insert(
            asset,
            crate::Vault {
                supply: Zero::zero(),
                holders: 0,
                opened_at: frame_system::Pallet::<T>::block_number(),
                depositor: admin,
                ticket,
                royalty: Zero::zero(),
                reserve: None,
                cash: None,
            },
        );
        Ok(())
    }
}
