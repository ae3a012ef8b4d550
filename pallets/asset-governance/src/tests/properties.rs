// SPDX-License-Identifier: Apache-2.0
//! Random sequences of all calls and of what the ledger does. After each step every invariant holds, and in the end everything
//! comes back.

use super::*;
use crate::mock::twin;
use frame_support::storage::with_storage_layer;
use proptest::prelude::*;

const PEOPLE: [AccountId; 5] = [ALICE, BOB, CAROL, DAVE, EVE];

#[derive(Clone, Debug)]
enum Step {
    Propose(AccountId, u8),
    /// On the n-th latest proposal.
    Vote(AccountId, u64, bool),
    Close(u64),
    Unlock(AccountId, u64),
    Transfer(AccountId, AccountId, Balance),
    Offer(AccountId, Balance),
    Buy(AccountId, AccountId, Balance),
    Mint(AccountId, Balance),
    Wait(u64),
    DeedsFail(bool),
    Sell,
    Reopen(AccountId),
}

fn person() -> impl Strategy<Value = AccountId> {
    prop::sample::select(PEOPLE.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (person(), 0..5u8).prop_map(|(who, action)| Step::Propose(who, action)),
        12 => (person(), 0..6u64, any::<bool>()).prop_map(|(who, back, aye)| Step::Vote(who, back, aye)),
        8 => (0..6u64).prop_map(Step::Close),
        8 => (person(), 0..8u64).prop_map(|(who, back)| Step::Unlock(who, back)),
        6 => (person(), person(), 1..400u128).prop_map(|(from, to, amount)| Step::Transfer(from, to, amount)),
        2 => (person(), 1..400u128).prop_map(|(who, amount)| Step::Offer(who, amount)),
        3 => (person(), person(), 1..400u128).prop_map(|(from, to, amount)| Step::Buy(from, to, amount)),
        1 => (person(), 1..100u128).prop_map(|(who, amount)| Step::Mint(who, amount)),
        4 => prop_oneof![1..LOCK, Just(VOTING / 2), Just(VOTING + ENACTMENT)].prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::DeedsFail),
        1 => Just(Step::Sell),
        1 => person().prop_map(Step::Reopen),
    ]
}

fn action(choice: u8) -> ActionOf<Test> {
    match choice {
        0 => Action::NominateOperator(Some(EVE)),
        1 => uri("ipfs://b"),
        2 => fee(3),
        3 => Action::SetReserve(Some(9)),
        _ => Action::AcceptBid(9),
    }
}

fn back(steps: u64) -> ProposalId {
    ProposalId(LastProposal::<Test>::get().0.saturating_sub(steps))
}

fn take(step: Step) -> DispatchResult {
    match step {
        Step::Propose(who, choice) => propose(who, action(choice)),
        Step::Vote(who, steps, aye) => vote(who, back(steps), aye),
        Step::Close(steps) => close(back(steps)),
        Step::Unlock(who, steps) => unlock(back(steps), who),
        Step::Transfer(from, to, amount) => transfer(GPU, from, to, amount),
        Step::Offer(who, amount) => offer(GPU, who, amount),
        Step::Buy(from, to, amount) => buy(GPU, from, to, amount),
        Step::Mint(who, amount) if twin::Supply::<Test>::contains_key(GPU) => {
            mint(GPU, who, amount);
            Ok(())
        }
        Step::Mint(..) => Ok(()),
        Step::Wait(blocks) => {
            advance(blocks);
            Ok(())
        }
        Step::DeedsFail(fail) => {
            let_deeds_fail(fail);
            Ok(())
        }
        Step::Sell => {
            if twin::Supply::<Test>::contains_key(GPU) {
                sell(GPU);
            }
            Ok(())
        }
        Step::Reopen(who) => {
            if twin::Supply::<Test>::contains_key(GPU) {
                sell(GPU);
            }
            cash_all(GPU);
            open(GPU, who, SUPPLY);
            Ok(())
        }
    }
}

/// Whoever likes closes every proposal and unlocks every vote: nothing is left, and every deposit is back.
fn end() {
    advance(VOTING + ENACTMENT);
    let proposals: Vec<_> = Proposals::<Test>::iter_keys().collect();
    for (_, proposal) in proposals {
        assert_ok!(close(proposal));
    }
    let voters: Vec<_> = Voters::<Test>::iter_keys().collect();
    for (asset, who) in voters {
        for vote in AssetGovernance::votes(asset, who) {
            assert_ok!(unlock(vote.proposal, who));
        }
    }
    assert_eq!(stored_records(), 0);
    for who in PEOPLE {
        assert_eq!((deposited(who), frozen(who)), (0, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_sequences_should_keep_every_invariant(steps in prop::collection::vec(step(), 1..60)) {
        build_and_execute(|| {
            open_vault();
            for step in steps {
                // Most steps are possible, some are not.
                with_storage_layer(|| take(step)).ok();
                check();
            }
            end();
        });
    }
}
