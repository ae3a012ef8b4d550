// SPDX-License-Identifier: Apache-2.0
//! The genesis presets, by name.

use crate::*;
use alloc::string::ToString;
use frame_support::build_struct_json_patch;
use pallet_asset_governance::Timing;
use pallet_proof_of_compute::{Schedule, WorkLimits};
use serde_json::Value;
use sp_consensus_babe::AuthorityId as BabeId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What every named account of a development chain holds at genesis.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// Blocks over which emission vests on a development chain.
const VESTING_PERIOD: BlockNumber = 20;

/// Blocks of a holders' vote on a development chain.
const TIMING: Timing<BlockNumber> = Timing {
    voting: 40,
    enactment: 40,
    lock: 5,
};

struct Validator {
    account: AccountId,
    keys: SessionKeys,
}

fn validator(sr25519: Sr25519Keyring, ed25519: Ed25519Keyring) -> Validator {
    Validator {
        account: sr25519.to_account_id(),
        keys: SessionKeys {
            babe: BabeId::from(sr25519.public()),
            grandpa: GrandpaId::from(ed25519.public()),
        },
    }
}

fn genesis(validators: Vec<Validator>, endowed: Vec<AccountId>, root: Option<AccountId>) -> Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        babe: pallet_babe::GenesisConfig {
            epoch_config: BABE_GENESIS_EPOCH_CONFIG
        },
        balances: pallet_balances::GenesisConfig {
            balances: endowed
                .into_iter()
                .map(|account| (account, ENDOWMENT))
                .chain(configs::compute::genesis::endowments())
                .collect::<Vec<_>>(),
        },
        session: pallet_session::GenesisConfig {
            keys: validators
                .into_iter()
                .map(|validator| (validator.account.clone(), validator.account, validator.keys))
                .collect::<Vec<_>>(),
        },
        sudo: pallet_sudo::GenesisConfig { key: root },
        proof_of_compute: pallet_proof_of_compute::GenesisConfig {
            schedule: Schedule::DEVELOPMENT,
            limits: WorkLimits::development(),
        },
        reward_distribution: pallet_reward_distribution::GenesisConfig {
            vesting_period: VESTING_PERIOD
        },
        asset_governance: pallet_asset_governance::GenesisConfig { timing: TIMING },
    })
}

/// One validator, Alice, who holds the sudo key; short censuses; shapes XS and S count.
fn development() -> Value {
    genesis(
        vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)],
        Sr25519Keyring::well_known()
            .map(|key| key.to_account_id())
            .collect(),
        Some(Sr25519Keyring::Alice.to_account_id()),
    )
}

/// Two validators, Alice and Bob; otherwise as [`development`].
fn local_testnet() -> Value {
    genesis(
        vec![
            validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
            validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
        ],
        Sr25519Keyring::well_known()
            .map(|key| key.to_account_id())
            .collect(),
        Some(Sr25519Keyring::Alice.to_account_id()),
    )
}

/// The preset named `id` as JSON, a patch of the default genesis.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let preset = match id.as_ref() {
        DEV_RUNTIME_PRESET => development(),
        LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
        _ => return None,
    };
    Some(preset.to_string().into_bytes())
}

pub fn preset_names() -> Vec<PresetId> {
    vec![
        PresetId::from(DEV_RUNTIME_PRESET),
        PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
    ]
}
