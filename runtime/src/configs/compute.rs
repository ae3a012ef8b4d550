// SPDX-License-Identifier: Apache-2.0
//! Where the compute pallets meet: each one's needs, and who meets them.

pub mod genesis;
pub mod views;

use crate::{
    configs::{
        consensus::SLOT_DURATION,
        pools::{NoPools, PoolEnd},
    },
    *,
};
use frame_support::{
    parameter_types,
    traits::{
        fungible::HoldConsideration, AsEnsureOriginWithArg, ConstU32, ConstU64, ConstU8, Contains, Get,
        LinearStoragePrice, NeverEnsureOrigin,
    },
    weights::Weight,
    PalletId,
};
use pallet_nfts::{PalletFeature, PalletFeatures};
use sp_runtime::{traits::AccountIdConversion, Perbill};

/// What one stored item costs to keep, and each of its bytes.
const ITEM_PRICE: Balance = 10 * MILLI_UNIT;
const BYTE_PRICE: Balance = MILLI_UNIT / 10;

parameter_types! {
    pub const ItemDeposit: Balance = ITEM_PRICE;
    pub const ByteDeposit: Balance = BYTE_PRICE;
    pub const CollectionDeposit: Balance = UNIT;
    pub const MaxSwapDeadline: BlockNumber = 30 * DAYS;
    pub NftsFeatures: PalletFeatures = PalletFeatures::from_disabled(PalletFeature::Attributes.into());
}

impl pallet_nfts::Config for Runtime {
    type ApprovalsLimit = ConstU32<20>;
    type AttributeDepositBase = ItemDeposit;
    type BlockNumberProvider = System;
    type CollectionDeposit = CollectionDeposit;
    type CollectionId = u32;
    // One collection, made at genesis. Another, open to holders of ours, could leave attributes on our items for ever.
    type CreateOrigin = AsEnsureOriginWithArg<NeverEnsureOrigin<AccountId>>;
    type Currency = Balances;
    type DepositPerByte = ByteDeposit;
    type Features = NftsFeatures;
    type ForceOrigin = NeverEnsureOrigin<AccountId>;
    #[cfg(feature = "runtime-benchmarks")]
    type Helper = ();
    type ItemAttributesApprovalsLimit = ConstU32<2>;
    type ItemDeposit = ItemDeposit;
    type ItemId = u64;
    type KeyLimit = ConstU32<64>;
    type Locker = ();
    type MaxAttributesPerCall = ConstU32<10>;
    type MaxDeadlineDuration = MaxSwapDeadline;
    type MaxTips = ConstU32<10>;
    type MetadataDepositBase = ItemDeposit;
    type OffchainPublic = <Signature as Verify>::Signer;
    type OffchainSignature = Signature;
    type RuntimeEvent = RuntimeEvent;
    type StringLimit = ConstU32<256>;
    type ValueLimit = ConstU32<256>;
    type WeightInfo = pallet_nfts::weights::SubstrateWeight<Runtime>;
}

/// Refuses the one call of pallet-nfts by which a holder could destroy a device behind the registry's back.
pub struct NftsFilter;
impl Contains<pallet_nfts::Call<Runtime>> for NftsFilter {
    fn contains(call: &pallet_nfts::Call<Runtime>) -> bool {
        !matches!(
            call,
            pallet_nfts::Call::burn { collection, .. }
                if pallet_compute_assets::Collection::<Runtime>::get() == Some(*collection)
        )
    }
}

parameter_types! {
    pub const ComputeAssetsPalletId: PalletId = PalletId(*b"egn/asst");
    pub const MinimumBond: Balance = 100 * UNIT;
    pub const AnnouncementPeriod: BlockNumber = DAYS;
    pub const AnnouncementHold: RuntimeHoldReason =
        RuntimeHoldReason::ComputeAssets(pallet_compute_assets::HoldReason::Announcement);
    pub const RegistrationHold: RuntimeHoldReason =
        RuntimeHoldReason::ComputeAssets(pallet_compute_assets::HoldReason::Registration);
}

type StoragePrice = LinearStoragePrice<ItemDeposit, ByteDeposit, Balance>;

impl pallet_compute_assets::Config for Runtime {
    type AnnouncementConsideration = HoldConsideration<AccountId, Balances, AnnouncementHold, StoragePrice>;
    type AnnouncementPeriod = AnnouncementPeriod;
    type CollectionId = u32;
    type Currency = Balances;
    type MaxBearers = ConstU32<8>;
    type MinimumBond = MinimumBond;
    type Nfts = Nfts;
    // Proofs first: the last commit's pay must be in the stream before the stream ends.
    // Then what a pool leaves, which is income.
    type OnReap = (ProofOfCompute, (PoolEnd, RewardDistribution));
    type PalletId = ComputeAssetsPalletId;
    type RegistrationConsideration = HoldConsideration<AccountId, Balances, RegistrationHold, StoragePrice>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UriLimit = ConstU32<256>;
    type WeightInfo = pallet_compute_assets::weights::SubstrateWeight<Runtime>;
}

/// BABE's slot of the present block.
pub struct CurrentSlot;
impl Get<u64> for CurrentSlot {
    fn get() -> u64 {
        *pallet_babe::CurrentSlot::<Runtime>::get()
    }
}

/// What a transaction's extensions weigh.
pub struct TransactionOverhead;
impl Get<Weight> for TransactionOverhead {
    fn get() -> Weight {
        use frame_system::ExtensionsWeightInfo as _;
        use pallet_transaction_payment::WeightInfo as _;
        type System = <Runtime as frame_system::Config>::ExtensionsWeightInfo;
        type Payment = <Runtime as pallet_transaction_payment::Config>::WeightInfo;
        [
            System::check_non_zero_sender(),
            System::check_spec_version(),
            System::check_tx_version(),
            System::check_genesis(),
            System::check_mortality_mortal_transaction(),
            System::check_nonce(),
            System::check_weight(),
            Payment::charge_transaction_payment(),
            System::weight_reclaim(),
        ]
        .into_iter()
        .fold(Weight::zero(), Weight::saturating_add)
    }
}

parameter_types! {
    pub const SlashingHorizon: BlockNumber = 7 * DAYS;
}

impl pallet_proof_of_compute::Config for Runtime {
    type Assets = ComputeAssets;
    type Balance = Balance;
    type CurrentSlot = CurrentSlot;
    type Emission = RewardDistribution;
    type MaxAlways = ConstU32<3_000>;
    type MaxCommits = ConstU8<3>;
    type OpeningOverhead = TransactionOverhead;
    type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
    type SlashingHorizon = SlashingHorizon;
    type SlotDuration = ConstU64<SLOT_DURATION>;
    type WeightInfo = pallet_proof_of_compute::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const FractionalOwnershipPalletId: PalletId = PalletId(*b"egn/frac");
    pub const VaultHold: RuntimeHoldReason =
        RuntimeHoldReason::FractionalOwnership(pallet_fractional_ownership::HoldReason::VaultDeposit);
    pub const OfferHold: RuntimeHoldReason =
        RuntimeHoldReason::FractionalOwnership(pallet_fractional_ownership::HoldReason::OfferDeposit);
    pub const MinimumBid: Balance = UNIT;
    pub const MinimumIncrement: Perbill = Perbill::from_percent(5);
    pub const SqueezeOutThreshold: Perbill = Perbill::from_percent(90);
    pub const AuctionPeriod: BlockNumber = 7 * DAYS;
    pub const AuctionExtension: BlockNumber = 30 * MINUTES;
}

impl pallet_fractional_ownership::Config for Runtime {
    type Assets = ComputeAssets;
    type AuctionExtension = AuctionExtension;
    type AuctionPeriod = AuctionPeriod;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarking::Helper;
    // A pool's account has no one who could call for it, and its LP tokens' holders have a way of their own: the pool is dissolved.
    type CashableByOthers = NoPools;
    type Currency = Balances;
    type Income = RewardDistribution;
    type MinimumBid = MinimumBid;
    type MinimumIncrement = MinimumIncrement;
    type OfferConsideration = HoldConsideration<AccountId, Balances, OfferHold, StoragePrice>;
    // Votes are void before anyone is paid.
    type OnVaultClosed = (AssetGovernance, LpTokens);
    type PalletId = FractionalOwnershipPalletId;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
    type SqueezeOutThreshold = SqueezeOutThreshold;
    type VaultConsideration = HoldConsideration<AccountId, Balances, VaultHold, StoragePrice>;
    type WeightInfo = pallet_fractional_ownership::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const RewardDistributionPalletId: PalletId = PalletId(*b"egn/rwrd");
    pub const TreasuryPalletId: PalletId = PalletId(*b"egn/trsy");
    pub Treasury: AccountId = TreasuryPalletId::get().into_account_truncating();
    /// With the emission below, at most 70,128,000 EGN are ever emitted; the rest of the cap is genesis.
    pub const MaxSupply: Balance = 100_000_000 * UNIT;
    pub const InitialEmission: Balance = 1_000 * UNIT;
    /// Four years of one census an hour.
    pub const HalvingInterval: u32 = 35_064;
    pub const FeeRaiseInterval: BlockNumber = DAYS;
    pub const AutoClaimHold: RuntimeHoldReason =
        RuntimeHoldReason::RewardDistribution(pallet_reward_distribution::HoldReason::AutoClaim);
    pub const MinimumThreshold: Balance = UNIT;
}

impl pallet_reward_distribution::Config for Runtime {
    type Assets = ComputeAssets;
    type AutoClaimConsideration = HoldConsideration<AccountId, Balances, AutoClaimHold, StoragePrice>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarking::Helper;
    type Currency = Balances;
    type FeeRaiseInterval = FeeRaiseInterval;
    type HalvingInterval = HalvingInterval;
    type Holdings = FractionalOwnership;
    type InitialEmission = InitialEmission;
    // A page a day, of one census an hour; a month of days in full.
    type LogPageLength = ConstU32<24>;
    type MaxLogPages = ConstU32<32>;
    type MaxRecords = ConstU32<24>;
    type MaxSupply = MaxSupply;
    type MinimumThreshold = MinimumThreshold;
    type PalletId = RewardDistributionPalletId;
    type PushFilter = NoPools;
    type Treasury = Treasury;
    type WeightInfo = pallet_reward_distribution::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const ProposalHold: RuntimeHoldReason =
        RuntimeHoldReason::AssetGovernance(pallet_asset_governance::HoldReason::Proposal);
    pub const VoterHold: RuntimeHoldReason =
        RuntimeHoldReason::AssetGovernance(pallet_asset_governance::HoldReason::Voter);
    pub const MinimumPart: Perbill = Perbill::from_percent(5);
    pub const Quorum: Perbill = Perbill::from_percent(25);
    pub const Approval: Perbill = Perbill::from_percent(50);
    pub const SaleSupport: Perbill = Perbill::from_percent(50);
}

impl pallet_asset_governance::Config for Runtime {
    type Approval = Approval;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarking::Helper;
    type Fractions = FractionalOwnership;
    // Twenty times the least part are the whole: proposals can't fill the list against who has that part.
    type MaxOpen = ConstU32<20>;
    type MinimumPart = MinimumPart;
    type OperatorFees = RewardDistribution;
    type ProposalConsideration = HoldConsideration<AccountId, Balances, ProposalHold, StoragePrice>;
    type Quorum = Quorum;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type Sale = FractionalOwnership;
    type SaleSupport = SaleSupport;
    type Stewardship = ComputeAssets;
    type UriLimit = ConstU32<256>;
    type VoterConsideration = HoldConsideration<AccountId, Balances, VoterHold, StoragePrice>;
    type WeightInfo = pallet_asset_governance::weights::SubstrateWeight<Runtime>;
}

/// What the siblings' benchmarks ask of each other.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) mod benchmarking {
    use super::*;
    use compute_primitives::{AssetId, AssetKind, CensusIndex, Emission, Income, OperatorBond};
    use frame_support::traits::fungible::Mutate;
    use frame_system::{Pallet as System, RawOrigin};
    use sp_runtime::{traits::StaticLookup, DispatchError, DispatchResult};

    pub struct Helper;

    fn create(owner: &AccountId) -> Result<AssetId, DispatchError> {
        <ComputeAssets as OperatorBond<AccountId, BlockNumber>>::create(
            owner,
            AssetKind::Gpu,
            MinimumBond::get(),
        )
    }

    fn draw_next() {
        let last = pallet_reward_distribution::Pots::<Runtime>::get().census();
        <RewardDistribution as Emission<AccountId>>::draw(AssetKind::Gpu, CensusIndex(last.0 + 1));
    }

    impl pallet_fractional_ownership::benchmarking::BenchmarkHelper<AccountId> for Helper {
        fn create_asset(owner: &AccountId) -> Result<AssetId, DispatchError> {
            create(owner)
        }

        fn accrue_income(asset: AssetId) -> DispatchResult {
            draw_next();
            <RewardDistribution as Emission<AccountId>>::pay(asset, AssetKind::Gpu, UNIT)?;
            System::<Runtime>::set_block_number(System::<Runtime>::block_number() + 5);
            // Then the longest way through the log: an entry is closed, and a page of others falls out.
            <RewardDistribution as Income<AccountId>>::touch(asset)?;
            pallet_reward_distribution::benchmarking::fill_log::<Runtime>(asset)?;
            draw_next();
            System::<Runtime>::set_block_number(System::<Runtime>::block_number() + 5);
            Ok(())
        }
    }

    impl pallet_reward_distribution::benchmarking::BenchmarkHelper<AccountId> for Helper {
        fn create_asset(owner: &AccountId, supply: Option<Balance>) -> Result<AssetId, DispatchError> {
            let asset = create(owner)?;
            if let Some(supply) = supply {
                Balances::mint_into(owner, 1_000 * UNIT)?;
                FractionalOwnership::fractionalize(
                    RawOrigin::Signed(owner.clone()).into(),
                    asset,
                    supply,
                    Perbill::zero(),
                )?;
            }
            Ok(asset)
        }

        fn transfer(asset: AssetId, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
            let dest = <Runtime as frame_system::Config>::Lookup::unlookup(to.clone());
            FractionalOwnership::transfer(RawOrigin::Signed(from.clone()).into(), asset, dest, amount)
        }
    }

    impl pallet_asset_governance::benchmarking::BenchmarkHelper<AccountId> for Helper {
        fn create_asset(owner: &AccountId, supply: Balance) -> Result<AssetId, DispatchError> {
            <Self as pallet_reward_distribution::benchmarking::BenchmarkHelper<AccountId>>::create_asset(
                owner,
                Some(supply),
            )
        }

        fn accrue_income(asset: AssetId) -> DispatchResult {
            <Self as pallet_fractional_ownership::benchmarking::BenchmarkHelper<AccountId>>::accrue_income(
                asset,
            )
        }

        fn place_bid(asset: AssetId, price: Balance) -> DispatchResult {
            let bidder: AccountId = frame_benchmarking::account("bidder", 0, 0);
            Balances::mint_into(&bidder, price.saturating_add(UNIT))?;
            FractionalOwnership::bid(RawOrigin::Signed(bidder).into(), asset, price)
        }
    }
}
