// SPDX-License-Identifier: Apache-2.0
//! A runtime with the real balances, and twins of the pallets that this one asks.

use crate as pallet_fractional_ownership;
use crate::{Accounts, HoldReason};
use compute_primitives::{
    AssetId, AssetKind, AssetStatus, Custody, Holdings, Income, InspectAsset, OnVaultClosed,
};
use frame_support::traits::fungible::HoldConsideration;
use frame_support::traits::{ConstU128, ConstU64, Contains, LinearStoragePrice};
use frame_support::{derive_impl, parameter_types, PalletId};
use sp_runtime::traits::IdentityLookup;
use sp_runtime::{AccountId32, BuildStorage, DispatchError, DispatchResult, Perbill};

pub type AccountId = AccountId32;
pub type Balance = u128;

/// Existential deposit.
pub const ED: Balance = 100;
/// What each of the people has at genesis.
pub const ENDOWMENT: Balance = 1_000_000;

pub const ALICE: AccountId = AccountId::new([1; 32]);
pub const BOB: AccountId = AccountId::new([2; 32]);
pub const CAROL: AccountId = AccountId::new([3; 32]);
/// Has no currency.
pub const DAVE: AccountId = AccountId::new([4; 32]);

/// Has no currency, and nobody but itself may cash its fractions.
pub const POOL: AccountId = AccountId::new([5; 32]);

/// The least bid.
pub const MINIMUM_BID: Balance = 1_000;
/// Blocks an auction runs.
pub const PERIOD: u64 = 100;
/// Blocks left after a late bid.
pub const EXTENSION: u64 = 10;

/// Alice's GPU.
pub const GPU: AssetId = AssetId(7);
/// Bob's rig.
pub const RIG: AssetId = AssetId(8);
/// Alice's, retired.
pub const SCRAP: AssetId = AssetId(9);
/// No asset.
pub const NONE: AssetId = AssetId(10);

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
    pub type Twin = crate::mock::twin;
    #[runtime::pallet_index(52)]
    pub type FractionalOwnership = pallet_fractional_ownership;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
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
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxFreezes = frame_support::traits::VariantCountOf<RuntimeFreezeReason>;
}

impl twin::Config for Test {}

parameter_types! {
    pub const VaultDepositReason: RuntimeHoldReason = RuntimeHoldReason::FractionalOwnership(HoldReason::VaultDeposit);
    pub const OfferDepositReason: RuntimeHoldReason = RuntimeHoldReason::FractionalOwnership(HoldReason::OfferDeposit);
    pub const MinimumIncrement: Perbill = Perbill::from_percent(5);
    pub const SqueezeOutThreshold: Perbill = Perbill::from_percent(90);
    pub const FractionsPalletId: PalletId = PalletId(*b"ergn/frc");
}

/// A thousand an item and one a byte.
type StoragePrice = LinearStoragePrice<ConstU128<1_000>, ConstU128<1>, Balance>;

impl pallet_fractional_ownership::Config for Test {
    type WeightInfo = ();
    type Currency = Balances;
    type Assets = Twin;
    type Income = Twin;
    type OnVaultClosed = Twin;
    type CashableByOthers = NotPools;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type VaultConsideration = HoldConsideration<AccountId, Balances, VaultDepositReason, StoragePrice>;
    type OfferConsideration = HoldConsideration<AccountId, Balances, OfferDepositReason, StoragePrice>;
    type PalletId = FractionsPalletId;
    type MinimumBid = ConstU128<MINIMUM_BID>;
    type MinimumIncrement = MinimumIncrement;
    type SqueezeOutThreshold = SqueezeOutThreshold;
    type AuctionPeriod = ConstU64<PERIOD>;
    type AuctionExtension = ConstU64<EXTENSION>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Twin;
}

pub struct NotPools;
impl Contains<(AssetId, AccountId)> for NotPools {
    fn contains((asset, who): &(AssetId, AccountId)) -> bool {
        (asset, who) != (&GPU, &POOL)
    }
}

/// Stands for compute-assets and reward-distribution. All it knows is in the storage, so that what fails leaves no trace here either.
#[frame_support::pallet(dev_mode)]
pub mod twin {
    use super::*;
    use frame_support::pallet_prelude::*;

    #[pallet::config]
    pub trait Config: frame_system::Config {}

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Reasons of other parts of the runtime.
    #[pallet::composite_enum]
    pub enum HoldReason {
        Loan,
        Auction,
    }

    #[pallet::composite_enum]
    pub enum FreezeReason {
        Vote,
        Loan,
    }

    /// What was asked of the siblings, in this order.
    #[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
    pub enum Step {
        /// With who had the NFT and the supply at that moment.
        Touch {
            asset: AssetId,
            owner: AccountId,
            supply: Option<Balance>,
        },
        Settle {
            asset: AssetId,
            who: AccountId,
            held: Balance,
            will_hold: Balance,
        },
        Deposit {
            asset: AssetId,
            owner: AccountId,
            vault: AccountId,
        },
        Withdraw {
            asset: AssetId,
            vault: AccountId,
            beneficiary: AccountId,
        },
        /// With what shares the income at that moment.
        Closed { asset: AssetId, supply: Option<Balance> },
    }

    #[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
    pub struct Nft {
        pub owner: AccountId,
        pub status: AssetStatus,
        pub lien: bool,
    }

    #[pallet::storage]
    #[pallet::unbounded]
    pub type Nfts<T> = StorageMap<_, Identity, AssetId, Nft>;

    #[pallet::storage]
    #[pallet::unbounded]
    pub type Steps<T> = StorageValue<_, Vec<Step>, ValueQuery>;

    /// Fractions of each, as the settlements said.
    #[pallet::storage]
    pub type Settled<T> = StorageDoubleMap<_, Identity, AssetId, Identity, AccountId, Balance, ValueQuery>;

    /// Of which assets the closing of the vault fails.
    #[pallet::storage]
    pub type Opposes<T> = StorageMap<_, Identity, AssetId, ()>;

    /// Whose settlement fails.
    #[pallet::storage]
    pub type Fails<T> = StorageMap<_, Identity, AccountId, ()>;
}

pub use twin::{FreezeReason, Step};

pub const CLOSING_FAILED: DispatchError = DispatchError::Other("closing failed");
pub const SETTLEMENT_FAILED: DispatchError = DispatchError::Other("settlement failed");

impl InspectAsset<AccountId> for Twin {
    fn kind(asset: AssetId) -> Option<AssetKind> {
        twin::Nfts::<Test>::get(asset).map(|_| AssetKind::Gpu)
    }
    fn status(asset: AssetId) -> Option<AssetStatus> {
        twin::Nfts::<Test>::get(asset).map(|nft| nft.status)
    }
    fn owner(asset: AssetId) -> Option<AccountId> {
        twin::Nfts::<Test>::get(asset).map(|nft| nft.owner)
    }
    fn operator(_: AssetId) -> Option<AccountId> {
        None
    }
}

impl Custody<AccountId> for Twin {
    fn deposit(asset: AssetId, owner: &AccountId, vault: &AccountId) -> DispatchResult {
        twin::Nfts::<Test>::try_mutate(asset, |nft| {
            let nft = nft.as_mut().ok_or(DispatchError::CannotLookup)?;
            frame_support::ensure!(nft.owner == *owner && !nft.lien, DispatchError::BadOrigin);
            nft.owner = vault.clone();
            nft.lien = true;
            Ok::<_, DispatchError>(())
        })?;
        twin::Steps::<Test>::append(Step::Deposit {
            asset,
            owner: owner.clone(),
            vault: vault.clone(),
        });
        Ok(())
    }

    fn withdraw(asset: AssetId, vault: &AccountId, beneficiary: &AccountId) -> DispatchResult {
        twin::Nfts::<Test>::try_mutate(asset, |nft| {
            let nft = nft.as_mut().ok_or(DispatchError::CannotLookup)?;
            frame_support::ensure!(nft.owner == *vault && nft.lien, DispatchError::BadOrigin);
            nft.owner = beneficiary.clone();
            nft.lien = false;
            Ok::<_, DispatchError>(())
        })?;
        twin::Steps::<Test>::append(Step::Withdraw {
            asset,
            vault: vault.clone(),
            beneficiary: beneficiary.clone(),
        });
        Ok(())
    }
}

impl OnVaultClosed for Twin {
    fn on_vault_closed(asset: AssetId) -> DispatchResult {
        frame_support::ensure!(!twin::Opposes::<Test>::contains_key(asset), CLOSING_FAILED);
        twin::Steps::<Test>::append(Step::Closed {
            asset,
            supply: FractionalOwnership::supply(asset),
        });
        Ok(())
    }
}

impl Income<AccountId> for Twin {
    type Balance = Balance;

    fn touch(asset: AssetId) -> DispatchResult {
        let owner = Self::owner(asset).ok_or(DispatchError::CannotLookup)?;
        let supply = FractionalOwnership::supply(asset);
        twin::Steps::<Test>::append(Step::Touch { asset, owner, supply });
        Ok(())
    }

    fn settle(asset: AssetId, who: &AccountId, held: Balance, will_hold: Balance) -> DispatchResult {
        assert_eq!(
            Accounts::<Test>::get(asset, who).map_or(0, |account| account.free + account.held),
            held,
            "settled after the change, or for another number"
        );
        assert_eq!(
            twin::Settled::<Test>::get(asset, who),
            held,
            "a change before this one was not settled"
        );
        assert_ne!(held, will_hold, "settled for nothing");
        frame_support::ensure!(!twin::Fails::<Test>::contains_key(who), SETTLEMENT_FAILED);
        if will_hold == 0 {
            twin::Settled::<Test>::remove(asset, who);
        } else {
            twin::Settled::<Test>::insert(asset, who, will_hold);
        }
        twin::Steps::<Test>::append(Step::Settle {
            asset,
            who: who.clone(),
            held,
            will_hold,
        });
        Ok(())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Twin {
    fn create_asset(owner: &AccountId) -> Result<AssetId, DispatchError> {
        let asset = AssetId(1_000 + twin::Nfts::<Test>::iter().count() as u64);
        give(asset, owner.clone(), AssetStatus::Active);
        Ok(asset)
    }
}

/// Makes an asset.
pub fn give(asset: AssetId, owner: AccountId, status: AssetStatus) {
    twin::Nfts::<Test>::insert(
        asset,
        twin::Nft {
            owner,
            status,
            lien: false,
        },
    );
}

/// The chain at block 1: Alice has a GPU and one that is retired, Bob a rig; the three have currency.
pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: [ALICE, BOB, CAROL].map(|who| (who, ENDOWMENT)).to_vec(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        give(GPU, ALICE, AssetStatus::Active);
        give(RIG, BOB, AssetStatus::Provisional);
        give(SCRAP, ALICE, AssetStatus::Retired);
    });
    ext
}

/// Runs a test and checks every invariant at its end.
pub fn build_and_execute(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

/// Every invariant of the ledger, and that the income knows exactly what everyone has.
pub fn check() {
    FractionalOwnership::do_try_state().unwrap();
    <FractionalOwnership as frame_support::traits::Hooks<_>>::integrity_test();
    for (asset, who, settled) in twin::Settled::<Test>::iter() {
        assert_eq!(
            FractionalOwnership::balance(asset, &who),
            settled,
            "the income believes something else"
        );
    }
    for (asset, who) in Accounts::<Test>::iter_keys() {
        assert!(
            twin::Settled::<Test>::contains_key(asset, who),
            "the income does not know a holder"
        );
    }
    for (asset, nft) in twin::Nfts::<Test>::iter() {
        let vaulted = crate::Vaults::<Test>::get(asset).is_some_and(|vault| !vault.is_sold());
        assert_eq!(
            vaulted,
            nft.owner == FractionalOwnership::vault_account(asset),
            "vault without NFT or NFT without vault"
        );
        assert_eq!(vaulted, nft.lien, "the lien is not the vault's");
    }
}

/// What was asked of the siblings since the last call of this.
pub fn steps() -> Vec<Step> {
    twin::Steps::<Test>::take()
}

pub fn settle(asset: AssetId, who: AccountId, held: Balance, will_hold: Balance) -> Step {
    Step::Settle {
        asset,
        who,
        held,
        will_hold,
    }
}

pub fn let_settlement_fail(who: AccountId) {
    twin::Fails::<Test>::insert(who, ());
}

pub fn let_settlement_pass(who: AccountId) {
    twin::Fails::<Test>::remove(who);
}
