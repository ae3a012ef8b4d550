// SPDX-License-Identifier: Apache-2.0
//! The real runtime on a state in memory: blocks with BABE's digests and the timestamp, transactions with signatures and fees.

use crate::accounts::Keys;
use codec::Encode;
use ergon_runtime::*;
use frame_support::{
    storage::{storage_prefix, unhashed},
    traits::{OnFinalize, OnIdle, OnPoll},
    weights::WeightMeter,
};
use sp_consensus_babe::{
    digests::{
        CompatibleDigestItem, PreDigest, PrimaryPreDigest, SecondaryPlainPreDigest, SecondaryVRFPreDigest,
    },
    make_vrf_sign_data, Slot,
};
use sp_core::{crypto::VrfSecret, storage::Storage, H256};
use sp_io::hashing::{blake2_256, twox_128};
use sp_runtime::{
    generic::{Digest, DigestItem, Era},
    traits::Header as _,
    transaction_validity::TransactionValidityError,
    BuildStorage, DispatchError,
};
use std::sync::OnceLock;

/// Slot of the first block. Zero would mean "no block yet" to BABE.
const FIRST_SLOT: u64 = 1_000_000;

/// Blocks from one whose state root is computed to the next: the root is the most expensive part of a small block, and
/// nothing in the runtime reads it.
const ROOT_INTERVAL: u32 = 32;

/// The state of a development chain at genesis.
pub fn genesis() -> &'static Storage {
    static GENESIS: OnceLock<Storage> = OnceLock::new();
    GENESIS.get_or_init(|| {
        let patch = genesis_config_presets::get_preset(&"development".into()).expect("the preset exists");
        let mut json = serde_json::to_value(RuntimeGenesisConfig::default()).expect("a genesis is JSON");
        merge(
            &mut json,
            serde_json::from_slice(&patch).expect("a preset is JSON"),
        );
        let config: RuntimeGenesisConfig = serde_json::from_value(json).expect("a preset is a genesis");
        config.build_storage().expect("a genesis builds")
    })
}

/// RFC 7386, which is what the genesis builder applies.
fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
    match (target, patch) {
        (serde_json::Value::Object(target), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

/// How the next block differs from a plain one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gap {
    /// Slots without a block before it.
    pub empty_slots: u32,
    /// Blocks, with their slots, that are left out before it: time passes, and nothing else happens.
    pub blocks: u32,
    /// Its author shows no VRF.
    pub no_vrf: bool,
}

/// How a transaction ended.
pub enum Outcome {
    /// It did not enter the block.
    Invalid(TransactionValidityError),
    /// It paid its fee, and its call failed.
    Failed(DispatchError),
    Done,
}

/// The block that is being built. Its author is Alice.
pub struct Chain {
    parent: H256,
    number: BlockNumber,
    slot: u64,
}

impl Chain {
    /// Begins block 1. Everything here works on the externalities that are set.
    pub fn start() -> Self {
        let mut chain = Self {
            parent: H256(blake2_256(b"ergon-fuzz genesis")),
            number: 0,
            slot: FIRST_SLOT,
        };
        chain.begin(Gap::default());
        chain
    }

    /// Ends the block and begins the next.
    pub fn next(&mut self, gap: Gap) {
        self.end();
        self.begin(gap);
    }

    fn begin(&mut self, gap: Gap) {
        self.number += 1 + gap.blocks;
        self.slot += 1 + u64::from(gap.blocks) + u64::from(gap.empty_slots);
        // The runtime counts blocks one by one.
        System::set_block_number(self.number - 1);
        let slot = Slot::from(self.slot);
        let digest = Digest {
            logs: vec![DigestItem::babe_pre_digest(self.claim(slot, gap.no_vrf))],
        };
        let header = Header::new(self.number, H256::zero(), H256::zero(), self.parent, digest);
        Executive::initialize_block(&header);
        let now = self.slot * SLOT_DURATION;
        let timestamp = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
        let applied = Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(timestamp));
        assert!(
            matches!(applied, Ok(Ok(()))),
            "the timestamp was refused: {applied:?}"
        );
    }

    /// The author's claim to the slot, with a true VRF.
    fn claim(&self, slot: Slot, no_vrf: bool) -> PreDigest {
        if no_vrf {
            return PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
                authority_index: 0,
                slot,
            });
        }
        let (randomness, epoch) = self.epoch_of(slot);
        let vrf_signature = Keys::author().vrf_sign(&make_vrf_sign_data(&randomness, slot, epoch));
        if self.slot.is_multiple_of(4) {
            PreDigest::Primary(PrimaryPreDigest {
                authority_index: 0,
                slot,
                vrf_signature,
            })
        } else {
            PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
                authority_index: 0,
                slot,
                vrf_signature,
            })
        }
    }

    /// Randomness and index of the epoch in which a block in this slot will be, which may be the next.
    fn epoch_of(&self, slot: Slot) -> ([u8; 32], u64) {
        let (genesis, index) = (
            pallet_babe::GenesisSlot::<Runtime>::get(),
            pallet_babe::EpochIndex::<Runtime>::get(),
        );
        let since = slot.saturating_sub(*genesis);
        if *genesis == 0 || *since < (index + 1) * EPOCH_DURATION_IN_SLOTS {
            (pallet_babe::Randomness::<Runtime>::get(), index)
        } else {
            (
                pallet_babe::NextRandomness::<Runtime>::get(),
                *since / EPOCH_DURATION_IN_SLOTS,
            )
        }
    }

    fn end(&mut self) {
        if self.number.is_multiple_of(ROOT_INTERVAL) {
            self.parent = Executive::finalize_block().hash();
            return;
        }
        // As `Executive::finalize_block` has it, without the roots.
        let limit = configs::system::MAXIMUM_BLOCK_WEIGHT;
        if !System::inherents_applied() {
            System::note_inherents_applied();
            let mut meter = WeightMeter::with_limit(limit);
            AllPalletsWithSystem::on_poll(self.number, &mut meter);
        }
        System::note_finished_extrinsics();
        AllPalletsWithSystem::on_idle(self.number, limit / 2);
        AllPalletsWithSystem::on_finalize(self.number);
        frame_system::InherentsApplied::<Runtime>::kill();
        for item in [&b"ExecutionPhase"[..], b"BlockSize", b"ExtrinsicCount"] {
            unhashed::kill(&storage_prefix(b"System", item));
        }
        let data = storage_prefix(b"System", b"ExtrinsicData");
        let _ = unhashed::clear_prefix(&data, None, None);
        self.parent = H256((self.parent, self.number).using_encoded(blake2_256));
    }

    /// Sends `call` as a transaction of `who`, signed, with its fee and this tip.
    pub fn submit(&self, who: &Keys, call: RuntimeCall, tip: Balance) -> Outcome {
        let extension: TxExtension = (
            frame_system::AuthorizeCall::new(),
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckEra::from(Era::Immortal),
            frame_system::CheckNonce::from(System::account_nonce(who.account())),
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(tip),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
            frame_system::WeightReclaim::new(),
        );
        let payload = match SignedPayload::new(call.clone(), extension.clone()) {
            Ok(payload) => payload,
            Err(error) => return Outcome::Invalid(error),
        };
        let signature = payload.using_encoded(|message| who.sign(message));
        let transaction = UncheckedExtrinsic::new_signed(
            call,
            Address::Id(who.account().clone()),
            Signature::Sr25519(signature),
            extension,
        );
        match Executive::apply_extrinsic(transaction) {
            Err(error) => Outcome::Invalid(error),
            Ok(Err(error)) => Outcome::Failed(error),
            Ok(Ok(())) => Outcome::Done,
        }
    }
}

/// A hash of all that these pallets store.
pub fn fingerprint(pallets: &[&str]) -> [u8; 32] {
    let mut all = Vec::new();
    for pallet in pallets {
        let prefix = twox_128(pallet.as_bytes());
        let mut key = prefix.to_vec();
        while let Some(next) = sp_io::storage::next_key(&key) {
            if !next.starts_with(&prefix) {
                break;
            }
            next.encode_to(&mut all);
            unhashed::get_raw(&next).encode_to(&mut all);
            key = next;
        }
    }
    blake2_256(&all)
}
