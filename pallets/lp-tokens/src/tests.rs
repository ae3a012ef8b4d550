// SPDX-License-Identifier: Apache-2.0

use crate::mock::*;
use crate::{Accounts, Eras, Pools, Tokens};
use compute_primitives::AssetId;
use frame_support::traits::fungibles::{Create, Inspect, Mutate};
use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::{DispatchError, TokenError};

type Error = crate::Error<Test>;
type Event = crate::Event<Test>;

mod accesses;
mod claim;
mod dissolve;
mod fungibles;
mod properties;
mod reap;
mod remove_all_liquidity;
mod transfer;
mod try_state;
mod vault_closed;

const ALICES: Balance = 384;
const BOBS: Balance = 128;

/// Runs a test, and checks every invariant in the end.
fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

#[track_caller]
fn check() {
    assert_ok!(LpTokens::do_try_state());
}

fn create(asset: AssetId, token: u32) -> DispatchResult {
    LpTokens::create(token, LpTokens::pool_account(asset), false, 1)
}

/// As asset-conversion mints it.
#[track_caller]
fn provide(who: AccountId, amount: Balance) {
    if LpTokens::total_issuance(LP) == 0 {
        assert_ok!(LpTokens::mint_into(LP, &LpTokens::pool_account(GPU), LEAST));
    }
    assert_ok!(LpTokens::mint_into(LP, &who, amount));
    check();
}

#[track_caller]
fn burn(who: AccountId, amount: Balance) {
    assert_ok!(LpTokens::burn_from(
        LP,
        &who,
        amount,
        Preservation::Expendable,
        Precision::Exact,
        Fortitude::Polite
    ));
    check();
}

/// The GPU's pool, in which Alice has three quarters of the tokens, and Bob one. A power of two together, so that divisions are exact.
fn pool() {
    assert_ok!(create(GPU, LP));
    provide(ALICE, ALICES);
    provide(BOB, BOBS);
    Twin::reserves(GPU, 5_000, 50);
}

fn claim(who: AccountId) -> Result<Balance, DispatchError> {
    let before = Balances::free_balance(&who);
    LpTokens::claim_for(RuntimeOrigin::signed(CAROL), GPU, who.clone())?;
    check();
    Ok(Balances::free_balance(&who) - before)
}

fn dissolve() -> DispatchResult {
    LpTokens::dissolve(RuntimeOrigin::signed(CAROL), GPU)?;
    check();
    Ok(())
}

fn last_event() -> Event {
    let events: Vec<_> = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::LpTokens(event) => Some(event),
            _ => None,
        })
        .collect();
    events.last().cloned().expect("an event of this pallet")
}
