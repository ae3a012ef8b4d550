// SPDX-License-Identifier: Apache-2.0
//! Tests by call and by what others do. Each ends with every invariant checked.

mod accesses;
mod attacks;
mod close;
mod genesis;
mod properties;
mod propose;
mod try_state;
mod unlock;
mod vault_closed;
mod views;
mod vote;

use crate::math::Tally;
use crate::mock::*;
use crate::types::{Action, ActionOf, Balance, Outcome, ProposalId};
use crate::{Call, Event, LastProposal, Open, Proposals, Voters};
use compute_primitives::AssetId;
use frame_support::traits::fungible::InspectHold as _;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::Dispatchable;
use sp_runtime::{DispatchError, DispatchResult, Perbill, TokenError};

pub type Error = crate::Error<Test>;

pub const SUPPLY: Balance = 1_000;

/// As the runtime dispatches a call: what fails leaves nothing.
fn dispatch(who: AccountId, call: Call<Test>) -> DispatchResult {
    RuntimeCall::from(call)
        .dispatch(RuntimeOrigin::signed(who))
        .map(|_| ())
        .map_err(|error| error.error)
}

fn propose_on(asset: AssetId, who: AccountId, action: ActionOf<Test>) -> DispatchResult {
    dispatch(who, Call::propose { asset, action })
}

fn propose(who: AccountId, action: ActionOf<Test>) -> DispatchResult {
    propose_on(GPU, who, action)
}

fn vote(who: AccountId, proposal: ProposalId, aye: bool) -> DispatchResult {
    dispatch(
        who,
        Call::vote {
            asset: GPU,
            proposal,
            aye,
        },
    )
}

/// By someone who holds nothing.
fn close(proposal: ProposalId) -> DispatchResult {
    dispatch(POOR, Call::close { asset: GPU, proposal })
}

/// By someone who holds nothing.
fn unlock(proposal: ProposalId, who: AccountId) -> DispatchResult {
    dispatch(
        POOR,
        Call::unlock {
            asset: GPU,
            proposal,
            who,
        },
    )
}

fn fee(percent: u32) -> ActionOf<Test> {
    Action::SetOperatorFee(Perbill::from_percent(percent))
}

fn uri(text: &str) -> ActionOf<Test> {
    Action::SetUri(text.as_bytes().to_vec().try_into().unwrap())
}

/// The GPU in a thousand fractions: Alice 400, Bob 300, Carol 200, Dave 100.
fn open_vault() {
    open(GPU, ALICE, SUPPLY);
    for (who, amount) in [(BOB, 300), (CAROL, 200), (DAVE, 100)] {
        assert_ok!(transfer(GPU, ALICE, who, amount));
    }
    System::reset_events();
}

/// A proposal of `who`'s.
fn proposed(who: AccountId, action: ActionOf<Test>) -> ProposalId {
    assert_ok!(propose(who, action));
    LastProposal::<Test>::get()
}

fn tally(proposal: ProposalId) -> (Balance, Balance) {
    let Tally { ayes, nays } = Proposals::<Test>::get(GPU, proposal).unwrap().tally;
    (ayes, nays)
}

/// All deposits of an account.
fn deposited(who: AccountId) -> Balance {
    Balances::total_balance_on_hold(&who)
}

/// This pallet's events since the last call of this.
fn events() -> Vec<Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::AssetGovernance(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// How the last closed proposal ended.
fn last_outcome() -> Outcome {
    events()
        .into_iter()
        .rev()
        .find_map(|event| match event {
            Event::Closed { outcome, .. } => Some(outcome),
            _ => None,
        })
        .expect("a proposal was closed")
}

/// Keys in the storage of this pallet, but for its settings.
fn stored_records() -> usize {
    Proposals::<Test>::iter().count() + Open::<Test>::iter().count() + Voters::<Test>::iter().count()
}
