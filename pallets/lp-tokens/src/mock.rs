// SPDX-License-Identifier: Apache-2.0
//! A runtime with the real balances, and one twin of all that this pallet asks: fractions, their income, the cash of a sale.

use crate as pallet_lp_tokens;
use compute_primitives::{AssetId, Cash, Collect, Holdings, Revenue};
use frame_support::traits::fungible::Mutate as _;
use frame_support::traits::fungibles::{Dust, Inspect, Mutate, Unbalanced};
use frame_support::traits::tokens::{
    DepositConsequence, Fortitude, Preservation, Provenance, WithdrawConsequence,
};
use frame_support::traits::ConstU128;
use frame_support::{derive_impl, parameter_types, PalletId};
use sp_runtime::traits::IdentityLookup;
use sp_runtime::{AccountId32, BuildStorage, DispatchError, DispatchResult, TokenError};

pub type AccountId = AccountId32;
pub type Balance = u128;

/// Existential deposit.
pub const ED: Balance = 100;
/// What each of the people has at genesis.
pub const ENDOWMENT: Balance = 1_000_000_000;

pub const ALICE: AccountId = AccountId::new([1; 32]);
pub const BOB: AccountId = AccountId::new([2; 32]);
pub const CAROL: AccountId = AccountId::new([3; 32]);
/// Has no currency.
pub const DAVE: AccountId = AccountId::new([4; 32]);

/// An asset in fractions.
pub const GPU: AssetId = AssetId(7);
/// Another.
pub const RIG: AssetId = AssetId(8);
/// A whole one.
pub const WHOLE: AssetId = AssetId(9);

/// The token of the GPU's pool.
pub const LP: u32 = 3;
/// The least liquidity, as the tests mint it.
pub const LEAST: Balance = 100;

type Block = frame_system::mocking::MockBlock<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeViewFunction,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(2)]
    pub type LpTokens = pallet_lp_tokens;
    #[runtime::pallet_index(3)]
    pub type Twin = twin;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountData = pallet_balances::AccountData<Balance>;
    type AccountId = AccountId;
    type Block = Block;
    type Lookup = IdentityLookup<AccountId>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
}

parameter_types! {
    pub const PoolsPalletId: PalletId = PalletId(*b"egn/pool");
}

impl pallet_lp_tokens::Config for Test {
    type WeightInfo = ();
    type Currency = Balances;
    type Holdings = Twin;
    type Fractions = Twin;
    type Income = Twin;
    type Cash = Twin;
    type Revenue = Twin;
    type PalletId = PoolsPalletId;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Twin;
}

/// Stands for fractional-ownership and reward-distribution. All it knows is in the storage, so that what fails leaves no trace here
/// either.
#[frame_support::pallet(dev_mode)]
pub mod twin {
    use super::{AccountId, AssetId, Balance};
    use frame_support::pallet_prelude::*;

    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId> {}

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::storage]
    pub type Supply<T> = StorageMap<_, Twox64Concat, AssetId, Balance>;

    #[pallet::storage]
    pub type Fractions<T> =
        StorageDoubleMap<_, Twox64Concat, AssetId, Twox64Concat, AccountId, Balance, ValueQuery>;

    /// What an account has coming.
    #[pallet::storage]
    pub type Coming<T> =
        StorageDoubleMap<_, Twox64Concat, AssetId, Twox64Concat, AccountId, Balance, ValueQuery>;

    /// What a fraction of a sold asset is paid.
    #[pallet::storage]
    pub type Price<T> = StorageMap<_, Twox64Concat, AssetId, Balance>;

    /// What became an asset's income.
    #[pallet::storage]
    pub type Revenue<T> = StorageMap<_, Twox64Concat, AssetId, Balance, ValueQuery>;

    /// Collecting fails.
    #[pallet::storage]
    pub type Stuck<T> = StorageValue<_, bool, ValueQuery>;
}

impl twin::Config for Test {}

impl Holdings<AccountId> for Twin {
    type Balance = Balance;
    fn supply(asset: AssetId) -> Option<Balance> {
        twin::Supply::<Test>::get(asset).filter(|_| !Self::is_sold(asset))
    }
    fn outstanding(asset: AssetId) -> Balance {
        twin::Supply::<Test>::get(asset).unwrap_or_default()
    }
    fn balance(asset: AssetId, who: &AccountId) -> Balance {
        twin::Fractions::<Test>::get(asset, who)
    }
}

impl Collect<AccountId> for Twin {
    type Balance = Balance;
    fn collect(asset: AssetId, who: &AccountId, payee: &AccountId) -> Result<Balance, DispatchError> {
        if twin::Stuck::<Test>::get() {
            return Err(DispatchError::Unavailable);
        }
        let amount = twin::Coming::<Test>::take(asset, who);
        if amount > 0 {
            Balances::mint_into(payee, amount)?;
        }
        Ok(amount)
    }
}

impl Cash<AccountId> for Twin {
    type Balance = Balance;
    fn is_sold(asset: AssetId) -> bool {
        twin::Price::<Test>::contains_key(asset)
    }
    fn cash_out(asset: AssetId, who: &AccountId, payee: &AccountId) -> Result<Balance, DispatchError> {
        let price = twin::Price::<Test>::get(asset).ok_or(DispatchError::Unavailable)?;
        let amount = price * twin::Fractions::<Test>::take(asset, who);
        Balances::mint_into(payee, amount)?;
        Ok(amount)
    }
}

impl Revenue<AccountId> for Twin {
    type Balance = Balance;
    fn pay_revenue(asset: AssetId, payer: &AccountId, amount: Balance) -> DispatchResult {
        Balances::burn_from(
            payer,
            amount,
            Preservation::Preserve,
            frame_support::traits::tokens::Precision::Exact,
            Fortitude::Polite,
        )?;
        twin::Revenue::<Test>::mutate(asset, |revenue| *revenue += amount);
        Ok(())
    }
}

impl Inspect<AccountId> for Twin {
    type AssetId = AssetId;
    type Balance = Balance;
    fn total_issuance(asset: AssetId) -> Balance {
        Self::outstanding(asset)
    }
    fn minimum_balance(_: AssetId) -> Balance {
        1
    }
    fn total_balance(asset: AssetId, who: &AccountId) -> Balance {
        twin::Fractions::<Test>::get(asset, who)
    }
    fn balance(asset: AssetId, who: &AccountId) -> Balance {
        twin::Fractions::<Test>::get(asset, who)
    }
    fn reducible_balance(asset: AssetId, who: &AccountId, _: Preservation, _: Fortitude) -> Balance {
        twin::Fractions::<Test>::get(asset, who)
    }
    fn can_deposit(_: AssetId, _: &AccountId, _: Balance, _: Provenance) -> DepositConsequence {
        DepositConsequence::Success
    }
    fn can_withdraw(asset: AssetId, who: &AccountId, amount: Balance) -> WithdrawConsequence<Balance> {
        if twin::Fractions::<Test>::get(asset, who) < amount {
            WithdrawConsequence::BalanceLow
        } else {
            WithdrawConsequence::Success
        }
    }
    fn asset_exists(asset: AssetId) -> bool {
        twin::Supply::<Test>::contains_key(asset)
    }
}

impl Unbalanced<AccountId> for Twin {
    fn handle_dust(_: Dust<AccountId, Self>) {}
    fn write_balance(
        asset: AssetId,
        who: &AccountId,
        amount: Balance,
    ) -> Result<Option<Balance>, DispatchError> {
        frame_support::ensure!(Self::asset_exists(asset), TokenError::UnknownAsset);
        twin::Fractions::<Test>::insert(asset, who, amount);
        Ok(None)
    }
    fn set_total_issuance(asset: AssetId, amount: Balance) {
        twin::Supply::<Test>::insert(asset, amount);
    }
}

impl Mutate<AccountId> for Twin {}

impl Twin {
    /// The fractions in a pool earn.
    pub fn earn(asset: AssetId, amount: Balance) {
        twin::Coming::<Test>::mutate(asset, LpTokens::pool_account(asset), |coming| *coming += amount);
    }

    /// What the fractions in a pool earned and nobody collected.
    pub fn coming(asset: AssetId) -> Balance {
        twin::Coming::<Test>::get(asset, LpTokens::pool_account(asset))
    }

    /// A pool's reserves.
    pub fn reserves(asset: AssetId, currency: Balance, fractions: Balance) {
        let pool = LpTokens::pool_account(asset);
        if currency > 0 {
            Balances::mint_into(&pool, currency).unwrap();
        }
        twin::Fractions::<Test>::insert(asset, pool, fractions);
    }

    pub fn give(asset: AssetId, who: AccountId, fractions: Balance) {
        twin::Fractions::<Test>::insert(asset, who, fractions);
    }

    /// The asset is sold as a whole, for so much a fraction.
    pub fn sell(asset: AssetId, price: Balance) {
        twin::Price::<Test>::insert(asset, price);
    }

    /// All fractions of the sold asset were cashed, and it is fractionalized anew.
    pub fn renew(asset: AssetId) {
        twin::Price::<Test>::remove(asset);
    }

    pub fn revenue(asset: AssetId) -> Balance {
        twin::Revenue::<Test>::get(asset)
    }

    /// From now on collecting fails.
    pub fn get_stuck() {
        twin::Stuck::<Test>::put(true);
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Twin {
    fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, DispatchError> {
        twin::Supply::<Test>::insert(WHOLE, supply);
        twin::Fractions::<Test>::insert(WHOLE, owner, supply);
        Ok(WHOLE)
    }
    fn transfer(asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
        <Self as Mutate<_>>::transfer(asset, from, to, amount, Preservation::Expendable).map(|_| ())
    }
    fn add_liquidity(
        asset: AssetId,
        who: &AccountId,
        currency: Balance,
        fractions: Balance,
    ) -> DispatchResult {
        let pool = LpTokens::pool_account(asset);
        if LpTokens::pool(asset).is_none() {
            LpTokens::do_open(LP, pool.clone())?;
            LpTokens::mint_into(LP, &pool, LEAST)?;
        }
        Balances::mint_into(&pool, currency)?;
        <Self as crate::benchmarking::BenchmarkHelper<_>>::transfer(asset, who, &pool, fractions)?;
        LpTokens::mint_into(LP, who, currency).map(|_| ())
    }
    fn accrue_income(asset: AssetId) -> DispatchResult {
        Self::earn(asset, 1_000);
        Ok(())
    }
    fn sell(asset: AssetId) -> DispatchResult {
        Self::sell(asset, 10);
        Ok(())
    }
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: [ALICE, BOB, CAROL].map(|who| (who, ENDOWMENT)).into(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    pallet_lp_tokens::GenesisConfig::<Test>::default()
        .assimilate_storage(&mut storage)
        .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        for asset in [GPU, RIG] {
            twin::Supply::<Test>::insert(asset, 1_000_000);
        }
    });
    ext
}
