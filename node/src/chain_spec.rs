// SPDX-License-Identifier: Apache-2.0

use ergon_runtime::WASM_BINARY;
use sc_service::{ChainType, Properties};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

/// A chain specification without extensions.
pub type ChainSpec = sc_service::GenericChainSpec;

fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "EGN".into());
    properties.insert("tokenDecimals".into(), 12.into());
    properties.insert("ss58Format".into(), 42.into());
    properties
}

fn build(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY.ok_or("this node was built without the runtime's Wasm (SKIP_WASM_BUILD)")?;
    Ok(ChainSpec::builder(wasm, None)
        .with_name(name)
        .with_id(id)
        .with_chain_type(chain_type)
        .with_genesis_config_preset_name(preset)
        .with_properties(properties())
        .build())
}

/// One validator, Alice, who also holds the sudo key; short censuses.
pub fn development() -> Result<ChainSpec, String> {
    build(
        "Ergon Development",
        "ergon_dev",
        ChainType::Development,
        DEV_RUNTIME_PRESET,
    )
}

/// Two validators, Alice and Bob; short censuses.
pub fn local() -> Result<ChainSpec, String> {
    build(
        "Ergon Local Testnet",
        "ergon_local",
        ChainType::Local,
        LOCAL_TESTNET_RUNTIME_PRESET,
    )
}
