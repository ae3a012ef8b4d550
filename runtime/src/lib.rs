// SPDX-License-Identifier: Apache-2.0
//! Ergon's runtime: composition only. Where the compute pallets meet: [`configs::compute`].
#![cfg_attr(not(feature = "std"), no_std)]
// The runtime's macros nest deeply.
#![recursion_limit = "512"]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod genesis_config_presets;
pub mod weights;

use alloc::{vec, vec::Vec};
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::{runtime_version, RuntimeVersion};

pub use apis::RuntimeApi;
pub use configs::consensus::{BABE_GENESIS_EPOCH_CONFIG, EPOCH_DURATION_IN_SLOTS, SLOT_DURATION};

/// Any of the signature schemes that accounts sign with.
pub type Signature = MultiSignature;
/// An account: the public key's hash or the key itself.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
pub type Address = MultiAddress<AccountId, ()>;
/// Money, in units of 10^-12 EGN.
pub type Balance = u128;
pub type BlockNumber = u32;
pub type Hash = sp_core::H256;
/// Transactions an account has sent.
pub type Nonce = u32;

/// The types that the node works with: it never looks inside a transaction.
pub mod opaque {
    pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

    pub type Block = sp_runtime::generic::Block<super::Header, UncheckedExtrinsic>;
}

pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
pub type SignedBlock = generic::SignedBlock<Block>;
pub type BlockId = generic::BlockId<Block>;

/// 1 EGN.
pub const UNIT: Balance = 1_000_000_000_000;
pub const MILLI_UNIT: Balance = UNIT / 1_000;
/// The least an account may hold.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_UNIT;

pub const MINUTES: BlockNumber = 60_000 / (SLOT_DURATION as BlockNumber);
pub const HOURS: BlockNumber = MINUTES * 60;
pub const DAYS: BlockNumber = HOURS * 24;

/// What a transaction carries besides its call, in the order in which it is checked.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);

pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

impl_opaque_keys! {
    pub struct SessionKeys {
        pub babe: Babe,
        pub grandpa: Grandpa,
    }
}

#[runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: alloc::borrow::Cow::Borrowed("ergon"),
    impl_name: alloc::borrow::Cow::Borrowed("ergon"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

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
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;

    #[runtime::pallet_index(3)]
    pub type Authorship = pallet_authorship;

    #[runtime::pallet_index(4)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(5)]
    pub type TransactionPayment = pallet_transaction_payment;

    #[runtime::pallet_index(6)]
    pub type Session = pallet_session;

    #[runtime::pallet_index(7)]
    pub type Grandpa = pallet_grandpa;

    #[runtime::pallet_index(10)]
    pub type Utility = pallet_utility;

    #[runtime::pallet_index(11)]
    pub type Sudo = pallet_sudo;

    #[runtime::pallet_index(40)]
    pub type Nfts = pallet_nfts;

    #[runtime::pallet_index(41)]
    pub type AssetConversion = pallet_asset_conversion;

    #[runtime::pallet_index(50)]
    pub type ComputeAssets = pallet_compute_assets;

    #[runtime::pallet_index(51)]
    pub type ProofOfCompute = pallet_proof_of_compute;

    #[runtime::pallet_index(52)]
    pub type FractionalOwnership = pallet_fractional_ownership;

    #[runtime::pallet_index(53)]
    pub type RewardDistribution = pallet_reward_distribution;

    #[runtime::pallet_index(54)]
    pub type AssetGovernance = pallet_asset_governance;

    #[runtime::pallet_index(55)]
    pub type LpTokens = pallet_lp_tokens;
}
