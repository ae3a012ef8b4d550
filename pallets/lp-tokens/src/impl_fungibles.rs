// SPDX-License-Identifier: Apache-2.0
//! LP tokens as FRAME's `fungibles`: what asset-conversion asks of its `PoolAssets`.

use crate::impls::exact;
use crate::types::{Balance, TokenId};
use crate::{Config, Event, Pallet, Pools, Tokens};
use compute_primitives::AssetId;
use frame_support::defensive;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungibles::{Create, Dust, Inspect, Mutate, Refund, Unbalanced};
use frame_support::traits::tokens::{
    DepositConsequence, Fortitude, Preservation, Provenance, WithdrawConsequence,
};
use frame_support::traits::AccountTouch;
use sp_runtime::traits::Zero;
use sp_runtime::{DispatchError, DispatchResult, TokenError};

type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

impl<T: Config> Pallet<T> {
    fn asset_of_token(token: TokenId) -> Result<AssetId, DispatchError> {
        Ok(Tokens::<T>::get(token).ok_or(TokenError::UnknownAsset)?)
    }
}

impl<T: Config> Inspect<AccountIdOf<T>> for Pallet<T> {
    type AssetId = TokenId;
    type Balance = Balance;

    fn total_issuance(token: TokenId) -> Balance {
        Tokens::<T>::get(token)
            .and_then(Pools::<T>::get)
            .map_or(0, |pool| pool.supply)
    }

    fn minimum_balance(_: TokenId) -> Balance {
        1
    }

    fn total_balance(token: TokenId, who: &AccountIdOf<T>) -> Balance {
        Self::balance(token, who)
    }

    fn balance(token: TokenId, who: &AccountIdOf<T>) -> Balance {
        Tokens::<T>::get(token).map_or(0, |asset| Self::tokens_of(asset, who))
    }

    fn reducible_balance(
        token: TokenId,
        who: &AccountIdOf<T>,
        preservation: Preservation,
        _: Fortitude,
    ) -> Balance {
        let balance = Self::balance(token, who);
        if preservation == Preservation::Expendable {
            balance
        } else {
            balance.saturating_sub(Self::minimum_balance(token))
        }
    }

    fn can_deposit(
        token: TokenId,
        who: &AccountIdOf<T>,
        amount: Balance,
        provenance: Provenance,
    ) -> DepositConsequence {
        let Some(asset) = Tokens::<T>::get(token) else {
            return DepositConsequence::UnknownAsset;
        };
        // Sent there, they would be no one's for ever. What is minted there is the least liquidity.
        if provenance == Provenance::Extant && *who == Self::pool_account(asset) {
            return DepositConsequence::Blocked;
        }
        match Self::total_issuance(token).checked_add(amount) {
            None if provenance == Provenance::Minted => DepositConsequence::Overflow,
            _ => DepositConsequence::Success,
        }
    }

    fn can_withdraw(token: TokenId, who: &AccountIdOf<T>, amount: Balance) -> WithdrawConsequence<Balance> {
        if !Tokens::<T>::contains_key(token) {
            return WithdrawConsequence::UnknownAsset;
        }
        match Self::balance(token, who).checked_sub(amount) {
            None => WithdrawConsequence::BalanceLow,
            Some(0) if !amount.is_zero() => WithdrawConsequence::ReducedToZero(0),
            Some(_) => WithdrawConsequence::Success,
        }
    }

    fn asset_exists(token: TokenId) -> bool {
        Tokens::<T>::contains_key(token)
    }
}

impl<T: Config> Unbalanced<AccountIdOf<T>> for Pallet<T> {
    fn handle_dust(_: Dust<AccountIdOf<T>, Self>) {
        // The smallest balance is one token, so less than it is nothing.
        defensive!("LP tokens have no dust");
    }

    fn write_balance(
        token: TokenId,
        who: &AccountIdOf<T>,
        amount: Balance,
    ) -> Result<Option<Balance>, DispatchError> {
        let asset = Self::asset_of_token(token)?;
        if *who == Self::pool_account(asset) {
            return with_storage_layer(|| {
                let mut pool = Self::known(asset)?;
                Self::collect(asset, &mut pool)?;
                pool.own = amount;
                Self::write(asset, pool);
                Ok(None)
            });
        }
        Self::mutate_account(asset, who, |_, account| {
            account.amount = amount;
            Ok(None)
        })
    }

    fn set_total_issuance(token: TokenId, amount: Balance) {
        if let Some(asset) = Tokens::<T>::get(token) {
            Pools::<T>::mutate_extant(asset, |pool| pool.supply = amount);
        }
    }
}

impl<T: Config> Mutate<AccountIdOf<T>> for Pallet<T> {
    /// Moves tokens, or does nothing at all: FRAME's default would ignore that the receiver can't be credited, and lose them.
    fn transfer(
        token: TokenId,
        source: &AccountIdOf<T>,
        dest: &AccountIdOf<T>,
        amount: Balance,
        preservation: Preservation,
    ) -> Result<Balance, DispatchError> {
        let asset = Self::asset_of_token(token)?;
        Self::can_withdraw(token, source, amount).into_result(preservation != Preservation::Expendable)?;
        Self::can_deposit(token, dest, amount, Provenance::Extant).into_result()?;
        if source == dest || amount.is_zero() {
            return Ok(amount);
        }
        with_storage_layer(|| {
            Self::mutate_account(asset, source, |_, account| {
                account.amount = account
                    .amount
                    .checked_sub(amount)
                    .ok_or(TokenError::FundsUnavailable)?;
                Ok(())
            })?;
            Self::mutate_account(asset, dest, |_, account| {
                account.amount = exact(account.amount.checked_add(amount))?;
                Ok(())
            })
        })?;
        Self::deposit_event(Event::Transferred {
            asset,
            from: source.clone(),
            to: dest.clone(),
            amount,
        });
        Ok(amount)
    }

    fn done_mint_into(token: TokenId, who: &AccountIdOf<T>, amount: Balance) {
        if let Some(asset) = Tokens::<T>::get(token) {
            Self::deposit_event(Event::Minted {
                asset,
                who: who.clone(),
                amount,
            });
        }
    }

    fn done_burn_from(token: TokenId, who: &AccountIdOf<T>, amount: Balance) {
        if let Some(asset) = Tokens::<T>::get(token) {
            Self::deposit_event(Event::Burned {
                asset,
                who: who.clone(),
                amount,
            });
        }
    }
}

impl<T: Config> Create<AccountIdOf<T>> for Pallet<T> {
    /// `admin` is the pool's account, and names the asset.
    fn create(token: TokenId, admin: AccountIdOf<T>, _: bool, _: Balance) -> DispatchResult {
        Self::do_open(token, admin)
    }
}

/// An account needs nothing to receive LP tokens, so there is nothing to touch.
impl<T: Config> AccountTouch<TokenId, AccountIdOf<T>> for Pallet<T> {
    type Balance = Balance;

    fn deposit_required(_: TokenId) -> Balance {
        0
    }

    fn should_touch(_: TokenId, _: &AccountIdOf<T>) -> bool {
        false
    }

    fn touch(_: TokenId, _: &AccountIdOf<T>, _: &AccountIdOf<T>) -> DispatchResult {
        Ok(())
    }
}

impl<T: Config> Refund<AccountIdOf<T>> for Pallet<T> {
    type AssetId = TokenId;
    type Balance = Balance;

    fn deposit_held(_: TokenId, _: AccountIdOf<T>) -> Option<(AccountIdOf<T>, Balance)> {
        None
    }

    fn refund(_: TokenId, _: AccountIdOf<T>) -> DispatchResult {
        Err(TokenError::Unsupported.into())
    }
}
