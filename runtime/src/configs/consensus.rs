// SPDX-License-Identifier: Apache-2.0
//! BABE for blocks, GRANDPA for finality.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64},
};
use sp_consensus_babe::AllowedSlots;
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

/// Length of a slot in milliseconds. It can't change after genesis.
pub const SLOT_DURATION: u64 = 3_000;
/// Length of an epoch, which is a session too. It can't change after genesis.
pub const EPOCH_DURATION_IN_SLOTS: u64 = 200;
/// One slot in four has a primary author.
const PRIMARY_PROBABILITY: (u64, u64) = (1, 4);

/// Secondary slots carry a VRF too: the census draws its seeds from every block's.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
    sp_consensus_babe::BabeEpochConfiguration {
        c: PRIMARY_PROBABILITY,
        allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots,
    };

parameter_types! {
    pub const SessionKeyDeposit: Balance = UNIT;
}

impl pallet_babe::Config for Runtime {
    type DisabledValidators = Session;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type EpochDuration = ConstU64<EPOCH_DURATION_IN_SLOTS>;
    // Equivocations are reported and punished once there is stake to punish.
    type EquivocationReportSystem = ();
    type ExpectedBlockTime = ConstU64<SLOT_DURATION>;
    type KeyOwnerProof = sp_core::Void;
    type MaxAuthorities = ConstU32<100>;
    type MaxNominators = ConstU32<0>;
    type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
    type EquivocationReportSystem = ();
    type KeyOwnerProof = sp_core::Void;
    type MaxAuthorities = ConstU32<100>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<0>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_session::Config for Runtime {
    type Currency = Balances;
    type DisablingStrategy = ();
    type KeyDeposit = SessionKeyDeposit;
    type Keys = SessionKeys;
    type NextSessionRotation = Babe;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    // The validators of genesis, until staking elects others.
    type SessionManager = ();
    type ShouldEndSession = Babe;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_authorship::Config for Runtime {
    type EventHandler = ();
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}
