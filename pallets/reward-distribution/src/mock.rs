// SPDX-License-Identifier: Apache-2.0
//! A chain of three pallets, with a tiny stand-in for the assets and the ledger of fractions. The money is real.

use crate as pallet_reward_distribution;
use crate::{pallet::BooksTotal, types::PerKind, Balance};
use compute_primitives::{
    AssetId, AssetKind, AssetStatus, CensusIndex, Emission, Holdings, Income, InspectAsset,
};
use frame_support::{
    derive_impl, parameter_types,
    sp_runtime::{traits::IdentityLookup, BuildStorage, Perbill},
    traits::{
        fungible::{HoldConsideration, Inspect, Mutate},
        tokens::Preservation,
        ConstU128, ConstU32, ConstU64, Contains, Hooks, LinearStoragePrice,
    },
    Blake2_128Concat, PalletId,
};

pub type AccountId = u64;

pub const ALICE: AccountId = 1;
pub const BOB: AccountId = 2;
pub const CHARLIE: AccountId = 3;
/// A pool: income may not be pushed to it.
pub const POOL: AccountId = 7;
/// Never endowed.
pub const POOR: AccountId = 8;
pub const OPERATOR: AccountId = 9;
pub const VAULT: AccountId = 700;
pub const TREASURY: AccountId = 800;

pub const ED: Balance = 10;
pub const ENDOWMENT: Balance = 100_000;
pub const MAX_SUPPLY: Balance = 10_000_000;
pub const INITIAL: Balance = 10_000;
pub const HALVING: u32 = 10;
pub const VESTING: u64 = 20;
pub const DAY: u64 = 100;
pub const THRESHOLD: Balance = 100;
/// Entries of a log's page, pages of a log, records of a history: few, so that they are soon full.
pub const PAGE: u32 = 3;
pub const PAGES: u32 = 3;
pub const RECORDS: u32 = 4;

pub const ASSET: AssetId = AssetId(7);
pub const GPU: AssetKind = AssetKind::Gpu;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeTask,
        RuntimeHoldReason,
        RuntimeFreezeReason,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(53)]
    pub type RewardDistribution = pallet_reward_distribution::Pallet<Test>;
}

pub type Block = frame_system::mocking::MockBlock<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
}

parameter_types! {
    pub const RewardPalletId: PalletId = PalletId(*b"er/rewrd");
    pub const AutoClaimReason: RuntimeHoldReason =
        RuntimeHoldReason::RewardDistribution(crate::HoldReason::AutoClaim);
}

/// A hundred an item and one a byte.
type StoragePrice = LinearStoragePrice<ConstU128<100>, ConstU128<1>, Balance>;

pub struct NoPools;
impl Contains<(AssetId, AccountId)> for NoPools {
    fn contains((asset, who): &(AssetId, AccountId)) -> bool {
        (*asset, *who) != (ASSET, POOL)
    }
}

impl pallet_reward_distribution::Config for Test {
    type WeightInfo = ();
    type Currency = Balances;
    type Assets = Assets;
    type Holdings = Fractions;
    type PalletId = RewardPalletId;
    type Treasury = ConstU64<TREASURY>;
    type MaxSupply = ConstU128<MAX_SUPPLY>;
    type InitialEmission = ConstU128<INITIAL>;
    type HalvingInterval = ConstU32<HALVING>;
    type FeeRaiseInterval = ConstU64<DAY>;
    type AutoClaimConsideration = HoldConsideration<AccountId, Balances, AutoClaimReason, StoragePrice>;
    type MinimumThreshold = ConstU128<THRESHOLD>;
    type PushFilter = NoPools;
    type LogPageLength = ConstU32<PAGE>;
    type MaxLogPages = ConstU32<PAGES>;
    type MaxRecords = ConstU32<RECORDS>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Fractions;
}

/// Kind, owner, operator.
type Record = (AssetKind, Option<AccountId>, Option<AccountId>);

// In storage, so that what fails is rolled back and `assert_noop!` sees it.
#[frame_support::storage_alias]
type Registry = StorageMap<Mock, Blake2_128Concat, AssetId, Record>;
#[frame_support::storage_alias]
type Supply = StorageMap<Mock, Blake2_128Concat, AssetId, Balance>;
/// Left over by a sale.
#[frame_support::storage_alias]
type Claims = StorageMap<Mock, Blake2_128Concat, AssetId, Balance>;
#[frame_support::storage_alias]
type Held = StorageMap<Mock, Blake2_128Concat, (AssetId, AccountId), Balance>;

pub struct Assets;

impl InspectAsset<AccountId> for Assets {
    fn kind(asset: AssetId) -> Option<AssetKind> {
        Registry::get(asset).map(|record| record.0)
    }
    fn status(asset: AssetId) -> Option<AssetStatus> {
        Registry::get(asset).map(|_| AssetStatus::Active)
    }
    fn owner(asset: AssetId) -> Option<AccountId> {
        Registry::get(asset)?.1
    }
    fn operator(asset: AssetId) -> Option<AccountId> {
        Registry::get(asset)?.2
    }
}

impl Assets {
    pub fn register(asset: AssetId, kind: AssetKind, owner: AccountId, operator: Option<AccountId>) {
        Registry::insert(asset, (kind, Some(owner), operator));
    }

    /// As any marketplace does it: nobody is told.
    pub fn set_owner(asset: AssetId, owner: Option<AccountId>) {
        Registry::mutate(asset, |record| record.as_mut().unwrap().1 = owner);
    }

    pub fn set_operator(asset: AssetId, operator: Option<AccountId>) {
        Registry::mutate(asset, |record| record.as_mut().unwrap().2 = operator);
    }

    pub fn burn(asset: AssetId) {
        Registry::remove(asset);
    }
}

pub struct Fractions;

impl Holdings<AccountId> for Fractions {
    type Balance = Balance;
    fn supply(asset: AssetId) -> Option<Balance> {
        Supply::get(asset)
    }
    fn outstanding(asset: AssetId) -> Balance {
        Supply::get(asset).or(Claims::get(asset)).unwrap_or(0)
    }
    fn balance(asset: AssetId, who: &AccountId) -> Balance {
        Held::get((asset, who)).unwrap_or(0)
    }
}

impl Fractions {
    /// Writes a holding without a word.
    pub fn write(asset: AssetId, who: AccountId, amount: Balance) {
        if amount == 0 {
            Held::remove((asset, who));
        } else {
            Held::insert((asset, who), amount);
        }
    }

    pub fn write_supply(asset: AssetId, supply: Option<Balance>) {
        Supply::set(asset, supply);
    }

    pub fn open(asset: AssetId, supply: Balance) {
        let owner = Assets::owner(asset).unwrap();
        <RewardDistribution as Income<_>>::touch(asset).unwrap();
        Assets::set_owner(asset, Some(VAULT));
        Self::write_supply(asset, Some(supply));
        <RewardDistribution as Income<_>>::settle(asset, &owner, 0, supply).unwrap();
        Self::write(asset, owner, supply);
    }

    pub fn transfer(asset: AssetId, from: AccountId, to: AccountId, amount: Balance) {
        if from == to {
            return;
        }
        let (gives, takes) = (Self::balance(asset, &from), Self::balance(asset, &to));
        <RewardDistribution as Income<_>>::settle(asset, &from, gives, gives - amount).unwrap();
        <RewardDistribution as Income<_>>::settle(asset, &to, takes, takes + amount).unwrap();
        Self::write(asset, from, gives - amount);
        Self::write(asset, to, takes + amount);
    }

    /// The whole asset to `winner`, whose fractions are a part of the price. The others keep theirs, and share no income.
    pub fn sell(asset: AssetId, winner: AccountId) {
        <RewardDistribution as Income<_>>::touch(asset).unwrap();
        let held = Self::balance(asset, &winner);
        if held > 0 {
            <RewardDistribution as Income<_>>::settle(asset, &winner, held, 0).unwrap();
            Self::write(asset, winner, 0);
        }
        let left = Self::supply(asset).unwrap() - held;
        Self::write_supply(asset, None);
        if left > 0 {
            Claims::insert(asset, left);
        }
        Assets::set_owner(asset, Some(winner));
    }

    /// Burns what a sale left over of `who`.
    pub fn cash_out(asset: AssetId, who: AccountId) {
        let held = Self::balance(asset, &who);
        <RewardDistribution as Income<_>>::settle(asset, &who, held, 0).unwrap();
        Self::write(asset, who, 0);
        let left = Claims::get(asset).unwrap() - held;
        if left > 0 {
            Claims::insert(asset, left);
        } else {
            Claims::remove(asset);
        }
    }

    /// By the holder of all.
    pub fn close(asset: AssetId, who: AccountId) {
        let supply = Self::supply(asset).unwrap();
        assert_eq!(Self::balance(asset, &who), supply);
        <RewardDistribution as Income<_>>::settle(asset, &who, supply, 0).unwrap();
        Self::write(asset, who, 0);
        Self::write_supply(asset, None);
        Assets::set_owner(asset, Some(who));
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<AccountId> for Fractions {
    fn create_asset(
        owner: &AccountId,
        supply: Option<Balance>,
    ) -> Result<AssetId, frame_support::pallet_prelude::DispatchError> {
        Assets::register(ASSET, GPU, *owner, Some(*owner));
        if let Some(supply) = supply {
            Self::open(ASSET, supply);
        }
        Ok(ASSET)
    }
    fn transfer(
        asset: AssetId,
        from: &AccountId,
        to: &AccountId,
        amount: Balance,
    ) -> frame_support::pallet_prelude::DispatchResult {
        Fractions::transfer(asset, *from, *to, amount);
        Ok(())
    }
}

pub fn genesis() -> RuntimeGenesisConfig {
    RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig {
            balances: [ALICE, BOB, CHARLIE, OPERATOR, TREASURY]
                .map(|who| (who, ENDOWMENT))
                .into(),
            ..Default::default()
        },
        reward_distribution: pallet_reward_distribution::GenesisConfig {
            vesting_period: VESTING,
            protocol_fee: Perbill::from_percent(2),
            emission_split: PerKind {
                gpu: Perbill::from_percent(80),
                hashrate: Perbill::from_percent(20),
            },
        },
    }
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::new(genesis().build_storage().unwrap());
    // Events are kept from block 1 on.
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Issued at genesis, the pallet's own endowment included.
pub const GENESIS_ISSUANCE: Balance = 5 * ENDOWMENT + ED;

/// Runs a test, then checks every invariant. Nothing but emission mints here, and nothing but slashes burns.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

pub fn check() {
    RewardDistribution::do_try_state().unwrap();
    let totals = BooksTotal::<Test>::get();
    assert_eq!(
        Balances::total_issuance(),
        GENESIS_ISSUANCE + totals.emitted - totals.burnt
    );
    <RewardDistribution as Hooks<_>>::integrity_test();
}

pub fn go_to(block: u64) {
    System::set_block_number(block);
}

pub fn advance(blocks: u64) {
    go_to(System::block_number() + blocks);
}

/// A whole GPU of Alice's, operated by `OPERATOR` for nothing.
pub fn whole_asset() {
    Assets::register(ASSET, GPU, ALICE, Some(OPERATOR));
}

/// Emission for the asset, out of a pot drawn for it.
pub fn emit(amount: Balance) {
    emit_to(ASSET, amount);
}

pub fn emit_to(asset: AssetId, amount: Balance) {
    let mut left = amount;
    while left > 0 {
        let pots = crate::pallet::Pots::<Test>::get();
        if pots.gpu.outstanding == 0 {
            let next = CensusIndex(pots.gpu.drawn_for.0 + 1);
            assert!(
                <RewardDistribution as Emission<_>>::draw(GPU, next) > 0,
                "the schedule ran dry"
            );
            continue;
        }
        let part = left.min(pots.gpu.outstanding);
        <RewardDistribution as Emission<_>>::pay(asset, GPU, part).unwrap();
        left -= part;
    }
}

/// Charlie rents the device.
pub fn earn(amount: Balance) {
    RewardDistribution::pay_revenue(RuntimeOrigin::signed(CHARLIE), ASSET, amount).unwrap();
}

/// Empties an account.
pub fn impoverish(who: AccountId) {
    let all = Balances::balance(&who);
    <Balances as Mutate<_>>::transfer(&who, &BOB, all, Preservation::Expendable).unwrap();
}

pub fn pending(who: AccountId) -> Balance {
    RewardDistribution::pending(ASSET, who)
}

pub fn no_fees() {
    crate::pallet::ProtocolFee::<Test>::put(Perbill::zero());
}

/// Sets an operator's fee without waiting for it to rise.
pub fn operator_fee(fee: Perbill) {
    crate::pallet::OperatorFees::<Test>::insert(ASSET, crate::types::OperatorFee { fee, raised_at: None });
}

pub fn events() -> Vec<crate::Event<Test>> {
    let events = System::events();
    System::reset_events();
    events
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::RewardDistribution(event) => Some(event),
            _ => None,
        })
        .collect()
}
