// SPDX-License-Identifier: Apache-2.0
//! Tests by call and by trait. Each ends with every invariant checked.

mod buy;
mod cancel_offer;
mod conformance;
mod fractionalize;
mod freezes;
mod fungibles;
mod holds;
mod offer;
mod properties;
mod redeem;
mod remove_expired_offer;
mod transfer;
mod try_state;
mod views;

use crate::mock::*;
use crate::{Accounts, Event, Pallet};
use compute_primitives::AssetId;
use frame_support::assert_ok;
use frame_support::storage::with_storage_layer;
use frame_support::traits::fungible::{Inspect as _, InspectHold as _};
use sp_runtime::DispatchResult;

pub type Error = crate::Error<Test>;

pub const SUPPLY: Balance = 1_000;

/// As the runtime dispatches a call: what fails leaves nothing.
fn dispatch(call: impl FnOnce() -> DispatchResult) -> DispatchResult {
    with_storage_layer(call)
}

/// All fractions of the GPU in Alice's hands, with its sale open and no steps taken so far.
fn open_vault() {
    assert_ok!(FractionalOwnership::fractionalize(
        RuntimeOrigin::signed(ALICE),
        GPU,
        SUPPLY
    ));
    steps();
    System::reset_events();
}

/// (free, held)
fn fractions(asset: AssetId, who: AccountId) -> (Balance, Balance) {
    Accounts::<Test>::get(asset, who).map_or((0, 0), |account| (account.free, account.held))
}

/// Currency free.
fn free(who: AccountId) -> Balance {
    Balances::balance(&who)
}

/// Currency on hold.
fn deposited(who: AccountId) -> Balance {
    Balances::total_balance_on_hold(&who)
}

fn vault_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::vault_footprint().size)
}

fn offer_deposit() -> Balance {
    1_000 + Balance::from(Pallet::<Test>::offer_footprint().size)
}

/// This pallet's events since the last reset.
fn events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::FractionalOwnership(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Keys in the storage of this pallet.
fn stored_keys() -> usize {
    let prefix = sp_io::hashing::twox_128(b"FractionalOwnership");
    let mut key = prefix.to_vec();
    let mut count = 0;
    while let Some(next) = sp_io::storage::next_key(&key) {
        if !next.starts_with(&prefix) {
            break;
        }
        key = next;
        count += 1;
    }
    count
}
