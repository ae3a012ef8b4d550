// SPDX-License-Identifier: Apache-2.0
//! A runtime of this pallet over the real pallet-nfts and pallet-balances.

use crate as pallet_compute_assets;
use crate::*;
use compute_primitives::{AssetId, OnReap, OperatorBond};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::HoldConsideration, AsEnsureOriginWithArg, ConstU128, ConstU32, ConstU64, Contains,
        LinearStoragePrice,
    },
    PalletId,
};
use frame_system::{EnsureNever, EnsureSigned};
use pallet_nfts::{PalletFeature, PalletFeatures};
use sp_runtime::{
    traits::{AccountIdConversion, IdentifyAccount, IdentityLookup, Verify},
    AccountId32, BuildStorage, DispatchError, DispatchResult, MultiSignature,
};

pub type AccountId = AccountId32;
pub type Balance = u128;
type Block = frame_system::mocking::MockBlock<Test>;

pub const ALICE: AccountId = AccountId32::new([1; 32]);
pub const BOB: AccountId = AccountId32::new([2; 32]);
pub const CAROL: AccountId = AccountId32::new([3; 32]);
pub const DAVE: AccountId = AccountId32::new([4; 32]);
pub const EVE: AccountId = AccountId32::new([5; 32]);
/// Keyless, as a vault is.
pub const VAULT: AccountId = AccountId32::new([9; 32]);
/// Has nothing.
pub const NOBODY: AccountId = AccountId32::new([10; 32]);

pub const ENDOWMENT: Balance = 1_000_000;
pub const ED: Balance = 10;
pub const COLLECTION_DEPOSIT: Balance = 100;
pub const ITEM_DEPOSIT: Balance = 20;
pub const MINIMUM_BOND: Balance = 1_000;
pub const ANNOUNCEMENT_PERIOD: u64 = 10;
pub const MAX_BEARERS: u32 = 3;

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
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Nfts = pallet_nfts::Pallet<Test>;
    #[runtime::pallet_index(50)]
    pub type ComputeAssets = pallet_compute_assets::Pallet<Test>;
}

/// What the runtime must refuse: a burnt NFT would leave its asset without an owner.
pub struct NoBurn;
impl Contains<RuntimeCall> for NoBurn {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(
            call,
            RuntimeCall::Nfts(pallet_nfts::Call::burn { collection, .. })
                if Some(*collection) == ComputeAssets::collection()
        )
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type BaseCallFilter = NoBurn;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

parameter_types! {
    pub Features: PalletFeatures = PalletFeatures::from_disabled(PalletFeature::Attributes.into());
}

impl pallet_nfts::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type CollectionId = u32;
    type ItemId = u64;
    type Currency = Balances;
    type CreateOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
    type ForceOrigin = EnsureNever<AccountId>;
    type Locker = ();
    type CollectionDeposit = ConstU128<COLLECTION_DEPOSIT>;
    type ItemDeposit = ConstU128<ITEM_DEPOSIT>;
    type MetadataDepositBase = ConstU128<1>;
    type AttributeDepositBase = ConstU128<1>;
    type DepositPerByte = ConstU128<1>;
    type StringLimit = ConstU32<64>;
    type KeyLimit = ConstU32<10>;
    type ValueLimit = ConstU32<66>;
    type ApprovalsLimit = ConstU32<4>;
    type ItemAttributesApprovalsLimit = ConstU32<2>;
    type MaxTips = ConstU32<4>;
    type MaxDeadlineDuration = ConstU64<10_000>;
    type MaxAttributesPerCall = ConstU32<2>;
    type Features = Features;
    type OffchainSignature = MultiSignature;
    type OffchainPublic = <MultiSignature as Verify>::Signer;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type Helper = ();
    type BlockNumberProvider = System;
}

parameter_types! {
    pub storage ReapFails: bool = false;
    /// Whose bond the reaping of an asset slashes, and by how much.
    pub storage ReapSlashes: Option<(AccountId, Balance)> = None;
    /// Assets whose reaping was announced, with the owner of that moment.
    pub storage ReapsSeen: Vec<(AssetId, AccountId)> = Vec::new();
    pub const AssetsPalletId: PalletId = PalletId(*b"erg/asst");
    pub const RegistrationReason: RuntimeHoldReason = RuntimeHoldReason::ComputeAssets(HoldReason::Registration);
    pub const AnnouncementReason: RuntimeHoldReason = RuntimeHoldReason::ComputeAssets(HoldReason::Announcement);
}

pub struct Reaper;
impl OnReap for Reaper {
    fn on_reap(asset: AssetId) -> DispatchResult {
        if ReapFails::get() {
            return Err(DispatchError::Other("not yet"));
        }
        if let Some((bearer, amount)) = ReapSlashes::get() {
            ComputeAssets::slash(asset, &bearer, amount, None)?;
        }
        let owner = ComputeAssets::nft_owner(asset).expect("told while the owner is known");
        let mut seen = ReapsSeen::get();
        seen.push((asset, owner));
        ReapsSeen::set(&seen);
        Ok(())
    }
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type CollectionId = u32;
    type Nfts = Nfts;
    type OnReap = Reaper;
    type AnnouncementConsideration = HoldConsideration<
        AccountId,
        Balances,
        AnnouncementReason,
        LinearStoragePrice<ConstU128<5>, ConstU128<1>, Balance>,
    >;
    type RegistrationConsideration = HoldConsideration<
        AccountId,
        Balances,
        RegistrationReason,
        LinearStoragePrice<ConstU128<50>, ConstU128<2>, Balance>,
    >;
    type PalletId = AssetsPalletId;
    type MinimumBond = ConstU128<MINIMUM_BOND>;
    type MaxBearers = ConstU32<MAX_BEARERS>;
    type UriLimit = ConstU32<64>;
    type AnnouncementPeriod = ConstU64<ANNOUNCEMENT_PERIOD>;
    type WeightInfo = ();
}

pub fn genesis(balances: Vec<(AccountId, Balance)>) -> sp_runtime::Storage {
    RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances,
            ..Default::default()
        },
        ..Default::default()
    }
    .build_storage()
    .unwrap()
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let pallet: AccountId = AssetsPalletId::get().into_account_truncating();
    let mut balances = vec![(pallet, COLLECTION_DEPOSIT + ED)];
    balances.extend([ALICE, BOB, CAROL, DAVE, EVE].map(|who| (who, ENDOWMENT)));
    let mut ext = sp_io::TestExternalities::new(genesis(balances));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test on a fresh chain and checks the invariants at its end.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check_state();
    });
}

/// The invariants, and what only a test can see: that no hold is left without a bond.
pub fn check_state() {
    ComputeAssets::do_try_state().unwrap();
    for (who, holds) in pallet_balances::Holds::<Test>::iter() {
        let held: Balance = holds
            .iter()
            .filter(|hold| hold.id == HoldReason::Bond.into())
            .map(|hold| hold.amount)
            .sum();
        let bonds: Balance = Bonds::<Test>::iter()
            .filter(|(_, bearer, _)| *bearer == who)
            .map(|(_, _, bond)| bond.amount)
            .sum();
        assert_eq!(held, bonds, "hold and bonds of {who:?}");
    }
}

/// The account of a key.
pub fn account_of(public: sp_core::sr25519::Public) -> AccountId {
    <MultiSignature as Verify>::Signer::from(public).into_account()
}
