// SPDX-License-Identifier: Apache-2.0
//! Tests, a file for each call or trait.

mod accept_operator;
mod announce;
mod asset_life;
mod bond_extra;
mod custody;
mod genesis;
mod nfts_calls;
mod nominate_operator;
mod operator_bond;
mod reap;
mod register;
mod release_bond;
mod resign_operator;
mod retire;
mod sequences;
mod set_metadata;
mod stewardship;
mod try_state;
mod views;
mod withdraw_announcement;

pub use crate::{mock::*, *};
pub use compute_primitives::{
    AssetId, AssetKind, AssetLife, AssetStatus, Bounty, Custody, HardwareId, InspectAsset, Liens,
    OperatorBond,
};
pub use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::{Inspect, InspectHold},
        tokens::nonfungibles_v2::Inspect as _,
    },
};
pub use sp_core::H256;
pub use sp_runtime::{traits::Dispatchable, ArithmeticError, DispatchError, DispatchResult, TokenError};

/// The first asset of a test.
pub const ASSET: AssetId = AssetId(1);
pub const SALT: [u8; 32] = [7; 32];
pub const HARDWARE: HardwareId = HardwareId([0xab; 32]);

/// Dispatches as the chain does: through the call filter, and in a transaction of its own.
pub fn dispatch(who: AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
    call.into()
        .dispatch(RuntimeOrigin::signed(who))
        .map(|_| ())
        .map_err(|error| error.error)
}

pub fn next_block() {
    System::set_block_number(System::block_number() + 1);
}

pub fn uri(text: &str) -> UriOf<Test> {
    text.as_bytes().to_vec().try_into().unwrap()
}

pub fn announce(who: AccountId, hardware: HardwareId) -> DispatchResult {
    let commitment = ComputeAssets::commitment(&who, &hardware, &SALT);
    dispatch(who, Call::announce { commitment })
}

pub fn register_call(hardware: HardwareId, bond: Option<Balance>) -> Call<Test> {
    Call::register {
        kind: AssetKind::Gpu,
        hardware,
        salt: SALT,
        uri: uri("ipfs://asset"),
        bond,
    }
}

/// Announces and registers, a block later.
pub fn register_with(who: AccountId, hardware: HardwareId, bond: Option<Balance>) -> AssetId {
    assert_ok!(announce(who.clone(), hardware));
    next_block();
    assert_ok!(dispatch(who, register_call(hardware, bond)));
    LastAssetId::<Test>::get()
}

/// Registers `ASSET` for `who`.
pub fn register(who: AccountId, bond: Option<Balance>) {
    assert_eq!(register_with(who, HARDWARE, bond), ASSET);
}

/// Puts `nominee` into office at `ASSET`.
pub fn appoint(owner: AccountId, nominee: AccountId, bond: Balance) {
    assert_ok!(dispatch(
        owner,
        Call::nominate_operator {
            asset: ASSET,
            nominee: Some(nominee.clone())
        }
    ));
    assert_ok!(dispatch(nominee, Call::accept_operator { asset: ASSET, bond }));
}

pub fn oblige(bearer: &AccountId, until: u64) {
    assert_ok!(ComputeAssets::oblige(ASSET, bearer, until));
}

pub fn bond(bearer: &AccountId) -> Option<(Balance, Balance, u64)> {
    Bonds::<Test>::get(ASSET, bearer).map(|bond| (bond.amount, bond.pledged, bond.obliged_until))
}

pub fn bond_hold(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Bond.into(), who)
}

pub fn status() -> AssetStatus {
    ComputeAssets::status(ASSET).unwrap()
}

pub fn attribute(asset: AssetId, key: &str) -> Option<String> {
    let collection = ComputeAssets::collection().unwrap();
    let value = Nfts::system_attribute(&collection, Some(&asset.0), key.as_bytes())?;
    Some(String::from_utf8(value).unwrap())
}

/// This pallet's events since the last call, oldest first.
pub fn events() -> Vec<Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::ComputeAssets(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// An NFT moves by pallet-nfts' own call.
pub fn send_nft(from: AccountId, asset: AssetId, to: AccountId) -> DispatchResult {
    let collection = ComputeAssets::collection().unwrap();
    dispatch(
        from,
        pallet_nfts::Call::transfer {
            collection,
            item: asset.0,
            dest: to,
        },
    )
}
