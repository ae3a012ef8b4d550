// SPDX-License-Identifier: Apache-2.0
//! FRAME's own conformance tests for `fungible`, run on the fractions of one asset.
//!
//! They want numbers for accounts, and amounts up to the type's largest: with u64 that is within the bound of 2^64. Left out are
//! `issue_and_resolve_credit`, `rescind_and_settle_debt` and `pair`, as nothing is issued or rescinded without a settlement, and
//! `deactivate_and_reactivate`, as no fractions are inactive.

use crate as pallet_fractional_ownership;
use crate::{Pallet, Vault, Vaults};
use compute_primitives::{AssetId, Income};
use frame_support::derive_impl;
use frame_support::parameter_types;
use frame_support::traits::fungible::{conformance_tests, ItemOf};
use frame_support::traits::{ConstU64, Everything};
use frame_support::PalletId;
use sp_runtime::{BuildStorage, DispatchResult, Perbill};

type Block = frame_system::mocking::MockBlock<Small>;

frame_support::construct_runtime!(
    pub enum Small {
        System: frame_system,
        Balances: pallet_balances,
        Fractions: pallet_fractional_ownership,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Small {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Small {
    type AccountStore = System;
}

pub struct NoIncome;

impl Income<u64> for NoIncome {
    type Balance = u64;
    fn touch(_: AssetId) -> DispatchResult {
        Ok(())
    }
    fn settle(_: AssetId, _: &u64, _: u64, _: u64) -> DispatchResult {
        Ok(())
    }
}

parameter_types! {
    pub const FractionsPalletId: PalletId = PalletId(*b"ergn/frc");
    pub const Tenth: Perbill = Perbill::from_percent(10);
    pub const Most: Perbill = Perbill::from_percent(90);
    pub const Asset: AssetId = AssetId(1);
}

impl pallet_fractional_ownership::Config for Small {
    type WeightInfo = ();
    type Currency = Balances;
    type Assets = ();
    type Income = NoIncome;
    type OnVaultClosed = ();
    type CashableByOthers = Everything;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type VaultConsideration = ();
    type OfferConsideration = ();
    type PalletId = FractionsPalletId;
    type MinimumBid = ConstU64<1>;
    type MinimumIncrement = Tenth;
    type SqueezeOutThreshold = Most;
    type AuctionPeriod = ConstU64<1>;
    type AuctionExtension = ConstU64<1>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = NoAssets;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct NoAssets;

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<u64> for NoAssets {
    fn create_asset(_: &u64) -> Result<AssetId, sp_runtime::DispatchError> {
        Err(sp_runtime::DispatchError::Unavailable)
    }
}

type OneAsset = ItemOf<Pallet<Small>, Asset, u64>;

/// A vault with no fractions yet, which the tests mint.
fn on_one_asset(test: impl FnOnce()) {
    let storage = frame_system::GenesisConfig::<Small>::default()
        .build_storage()
        .unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| {
        let vault = Vault {
            supply: 0,
            holders: 0,
            opened_at: 0,
            depositor: 0,
            ticket: (),
            royalty: Tenth::get(),
            reserve: None,
            cash: None,
        };
        Vaults::<Small>::insert(Asset::get(), vault);
        test();
    });
}

macro_rules! conform {
    ($module:path: $($name:ident $(($argument:expr))?),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                use $module as tests;
                on_one_asset(|| tests::$name::<OneAsset, u64>($($argument)?));
            }
        )*
    };
}

mod mutate {
    use super::*;
    conform! {
        conformance_tests::regular::mutate:
        mint_into_success,
        mint_into_overflow,
        mint_into_below_minimum,
        burn_from_exact_success,
        burn_from_best_effort_success,
        burn_from_exact_insufficient_funds,
        restore_success,
        restore_overflow,
        restore_below_minimum,
        shelve_success,
        shelve_insufficient_funds,
        transfer_success,
        transfer_expendable_all,
        transfer_expendable_dust(None),
        transfer_protect_preserve,
        set_balance_mint_success,
        set_balance_burn_success,
        can_deposit_success,
        can_deposit_below_minimum,
        can_deposit_overflow,
        can_withdraw_success,
        can_withdraw_reduced_to_zero,
        can_withdraw_balance_low,
        reducible_balance_expendable,
        reducible_balance_protect_preserve,
    }
}

mod unbalanced {
    use super::*;
    conform! {
        conformance_tests::regular::unbalanced:
        write_balance,
        decrease_balance_expendable,
        decrease_balance_preserve,
        increase_balance,
        set_total_issuance,
    }
}

mod balanced {
    use super::*;
    conform! {
        conformance_tests::regular::balanced:
        deposit,
        withdraw,
    }
}
