// SPDX-License-Identifier: Apache-2.0
//! Pools of the currency and fractions: FRAME's asset-conversion over the ledger of fractions, with LP tokens that earn.

use crate::*;
use compute_primitives::{AssetId, OnReap};
use frame_support::{
    parameter_types,
    traits::{
        fungible::{NativeFromLeft, NativeOrWithId, UnionOf},
        ConstU128, ConstU32, Contains,
    },
    weights::Weight,
    PalletId,
};
use frame_system::EnsureRoot;
use pallet_asset_conversion::{PoolLocator, WithFirstAsset};
use pallet_lp_tokens::TokenId;
use sp_core::U256;
use sp_runtime::{traits::TryConvert, DispatchResult, Permill};

/// The currency, or the fractions of an asset.
pub type TradableId = NativeOrWithId<AssetId>;
/// A pool is named by what is in it: the currency first.
pub type PoolId = (TradableId, TradableId);
/// The currency and all fractions, as one `fungibles`.
pub type Tradables = UnionOf<Balances, FractionalOwnership, NativeFromLeft, TradableId, AccountId>;

parameter_types! {
    pub const Currency: TradableId = NativeOrWithId::Native;
    pub const AssetConversionPalletId: PalletId = PalletId(*b"egn/swap");
    pub const LpTokensPalletId: PalletId = PalletId(*b"egn/pool");
    pub const LpFee: Permill = Permill::from_parts(3_000);
    pub const MaxSwapFee: Permill = Permill::from_percent(5);
    pub const NoFee: Permill = Permill::zero();
}

/// A pool's account names its asset, so that the LP tokens know what they are of, and a filter whether an account is a pool's.
pub struct PoolAccount;
impl TryConvert<&PoolId, AccountId> for PoolAccount {
    fn try_convert(id: &PoolId) -> Result<AccountId, &PoolId> {
        match id {
            (NativeOrWithId::Native, NativeOrWithId::WithId(asset)) => Ok(LpTokens::pool_account(*asset)),
            _ => Err(id),
        }
    }
}

type Locator = WithFirstAsset<Currency, AccountId, TradableId, PoolAccount>;

impl pallet_asset_conversion::Config for Runtime {
    type AdminOrigin = EnsureRoot<AccountId>;
    type AssetKind = TradableId;
    type Assets = Tradables;
    type Balance = Balance;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarking::Pairs;
    type HigherPrecisionBalance = U256;
    type LPFee = LpFee;
    type LiquidityWithdrawalFee = NoFee;
    type MaxSwapFee = MaxSwapFee;
    // Fractions for currency for other fractions.
    type MaxSwapPathLength = ConstU32<3>;
    // Whoever adds gets more tokens than this, so loses less than a hundred-thousandth by rounding, whatever the pool was given to raise
    // its tokens' price.
    type MintMinLiquidity = ConstU128<100_000>;
    type PalletId = AssetConversionPalletId;
    type PoolAssetId = TokenId;
    type PoolAssets = LpTokens;
    type PoolId = PoolId;
    type PoolLocator = Locator;
    // An asset has at most one, and its vault paid a deposit.
    type PoolSetupFee = ConstU128<0>;
    type PoolSetupFeeAsset = Currency;
    type PoolSetupFeeTarget = ();
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = SwapWeight;
}

/// What asset-conversion weighs over plain ledgers, and what the ledgers of fractions and of LP tokens do beside it: they settle income.
pub struct SwapWeight;

type PlainWeight = pallet_asset_conversion::weights::SubstrateWeight<Runtime>;

/// Fractions change hands, both sides are settled.
fn fractions_move() -> Weight {
    use pallet_fractional_ownership::{weights::SubstrateWeight, WeightInfo};
    SubstrateWeight::<Runtime>::transfer()
}

/// The pool's income is collected, and one holder of LP tokens settled.
fn tokens_change() -> Weight {
    use pallet_lp_tokens::{weights::SubstrateWeight, WeightInfo};
    SubstrateWeight::<Runtime>::mint()
}

impl pallet_asset_conversion::WeightInfo for SwapWeight {
    fn create_pool() -> Weight {
        PlainWeight::create_pool()
    }
    fn create_pool_with_fee() -> Weight {
        PlainWeight::create_pool_with_fee()
    }
    fn set_pool_fee() -> Weight {
        PlainWeight::set_pool_fee()
    }
    fn add_liquidity() -> Weight {
        // The first liquidity is minted twice, the least of it to the pool.
        PlainWeight::add_liquidity()
            .saturating_add(fractions_move())
            .saturating_add(tokens_change().saturating_mul(2))
    }
    fn remove_liquidity() -> Weight {
        PlainWeight::remove_liquidity()
            .saturating_add(fractions_move())
            .saturating_add(tokens_change())
    }
    fn swap_exact_tokens_for_tokens(n: u32) -> Weight {
        PlainWeight::swap_exact_tokens_for_tokens(n).saturating_add(fractions_move().saturating_mul(n.into()))
    }
    fn swap_tokens_for_exact_tokens(n: u32) -> Weight {
        PlainWeight::swap_tokens_for_exact_tokens(n).saturating_add(fractions_move().saturating_mul(n.into()))
    }
    fn touch(n: u32) -> Weight {
        PlainWeight::touch(n)
    }
    fn get_reserves() -> Weight {
        PlainWeight::get_reserves()
    }
}

impl pallet_lp_tokens::Config for Runtime {
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarking::Pools;
    type Cash = FractionalOwnership;
    type Currency = Balances;
    type Fractions = FractionalOwnership;
    type Holdings = FractionalOwnership;
    type Income = RewardDistribution;
    type PalletId = LpTokensPalletId;
    type Revenue = RewardDistribution;
    type WeightInfo = pallet_lp_tokens::weights::SubstrateWeight<Runtime>;
}

/// Whether an asset's income and cash may be pushed into an account: into every one but that of its own pool. What comes there belongs
/// to whoever has liquidity at that moment, and the providers of before collect it.
///
/// Fractions in the account of another asset's pool nobody could collect, nor those where no pool is: they earn like a gift to it.
pub struct NoPools;
impl Contains<(AssetId, AccountId)> for NoPools {
    fn contains((asset, who): &(AssetId, AccountId)) -> bool {
        LpTokens::asset_of(who) != Some(*asset) || !pallet_lp_tokens::Pools::<Runtime>::contains_key(asset)
    }
}

/// Frees the pool's id: asset-conversion keeps its pools for ever, and an asset that is gone comes never again.
pub struct PoolEnd;
impl OnReap for PoolEnd {
    fn on_reap(asset: AssetId) -> DispatchResult {
        LpTokens::on_reap(asset)?;
        if let Ok(id) = Locator::pool_id(&NativeOrWithId::Native, &NativeOrWithId::WithId(asset)) {
            pallet_asset_conversion::Pools::<Runtime>::remove(&id);
            pallet_asset_conversion::PoolFees::<Runtime>::remove(&id);
        }
        Ok(())
    }
}

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking {
    use super::*;
    use alloc::boxed::Box;
    use frame_support::traits::fungible::Mutate;
    use frame_system::RawOrigin;
    use sp_runtime::traits::StaticLookup;

    pub struct Pairs;
    impl pallet_asset_conversion::BenchmarkHelper<TradableId> for Pairs {
        fn create_pair(_: u32, seed: u32) -> (TradableId, TradableId) {
            (
                NativeOrWithId::Native,
                NativeOrWithId::WithId(AssetId(seed.into())),
            )
        }
    }

    pub struct Pools;
    impl pallet_lp_tokens::benchmarking::BenchmarkHelper<AccountId> for Pools {
        fn add_liquidity(
            asset: AssetId,
            who: &AccountId,
            currency: Balance,
            fractions: Balance,
        ) -> DispatchResult {
            Balances::mint_into(who, currency.saturating_add(UNIT))?;
            let pair = || {
                (
                    Box::new(NativeOrWithId::Native),
                    Box::new(NativeOrWithId::WithId(asset)),
                )
            };
            let origin = RawOrigin::Signed(who.clone());
            if LpTokens::pool(asset).is_none() {
                AssetConversion::create_pool(origin.clone().into(), pair().0, pair().1)?;
            }
            AssetConversion::add_liquidity(
                origin.into(),
                pair().0,
                pair().1,
                currency,
                fractions,
                1,
                1,
                who.clone(),
            )
        }

        fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, sp_runtime::DispatchError> {
            use pallet_reward_distribution::benchmarking::BenchmarkHelper;
            configs::compute::benchmarking::Helper::create_asset(owner, Some(supply))
        }

        fn transfer(asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
            let dest = <Runtime as frame_system::Config>::Lookup::unlookup(to.clone());
            FractionalOwnership::transfer(RawOrigin::Signed(from.clone()).into(), asset, dest, amount)
        }

        fn accrue_income(asset: AssetId) -> DispatchResult {
            use pallet_fractional_ownership::benchmarking::BenchmarkHelper;
            configs::compute::benchmarking::Helper::accrue_income(asset)
        }

        fn sell(asset: AssetId) -> DispatchResult {
            use compute_primitives::Sale;
            let buyer: AccountId = frame_benchmarking::account("buyer", 0, 0);
            Balances::mint_into(&buyer, 1_000 * UNIT)?;
            FractionalOwnership::set_reserve(asset, Some(UNIT))?;
            FractionalOwnership::bid(RawOrigin::Signed(buyer.clone()).into(), asset, 100 * UNIT)?;
            let end = System::block_number().saturating_add(configs::compute::AuctionPeriod::get());
            System::set_block_number(end);
            FractionalOwnership::settle_auction(RawOrigin::Signed(buyer).into(), asset)
        }
    }
}
