// SPDX-License-Identifier: Apache-2.0
//! Each check notices what it is there for.

use super::*;
use crate::types::{OpenProposal, ProposalOf, VoterOf};
use crate::FreezeReason;
use frame_support::traits::fungibles::MutateFreeze as _;
use sp_runtime::TryRuntimeError;

const FIRST: ProposalId = ProposalId(1);
const SECOND: ProposalId = ProposalId(2);

/// What is said after `spoil` is done to a vault with proposals of Alice's and Bob's, on both of which Carol voted.
fn said(spoil: impl FnOnce()) -> &'static str {
    new_test_ext().execute_with(|| {
        open_vault();
        assert_ok!(propose(ALICE, fee(1)));
        assert_ok!(propose(BOB, fee(2)));
        assert_ok!(vote(CAROL, FIRST, true));
        assert_ok!(vote(CAROL, SECOND, false));
        check();
        spoil();
        match AssetGovernance::do_try_state() {
            Err(TryRuntimeError::Other(said)) => said,
            other => panic!("nothing was noticed: {other:?}"),
        }
    })
}

fn change_proposal(change: impl FnOnce(&mut ProposalOf<Test>)) {
    Proposals::<Test>::mutate(GPU, FIRST, |record| change(record.as_mut().unwrap()));
}

fn change_voter(who: AccountId, change: impl FnOnce(&mut VoterOf<Test>)) {
    Voters::<Test>::mutate(GPU, who, |voter| change(voter.as_mut().unwrap()));
}

#[test]
fn spoilt_proposals_should_be_noticed() {
    assert_eq!(
        said(|| LastProposal::<Test>::put(FIRST)),
        "a proposal with a number not given"
    );
    assert_eq!(
        said(|| Proposals::<Test>::insert(RIG, FIRST, Proposals::<Test>::get(GPU, FIRST).unwrap())),
        "a number given twice"
    );
    assert_eq!(
        said(|| change_proposal(|record| record.ends_at = 2 + VOTING)),
        "a proposal that lasts too long"
    );
}

#[test]
fn spoilt_lists_should_be_noticed() {
    assert_eq!(
        said(|| Open::<Test>::insert(RIG, crate::types::OpenOf::<Test>::default())),
        "an empty list was kept"
    );
    assert_eq!(
        said(|| twin::Sold::<Test>::insert(GPU, ())),
        "open proposals of an asset that is not in fractions"
    );
    assert_eq!(
        said(|| Proposals::<Test>::remove(GPU, FIRST)),
        "an open proposal is missing"
    );
    assert_eq!(
        said(|| change_proposal(|record| record.proposer = CAROL)),
        "an open proposal of another"
    );
    let again = || {
        Open::<Test>::mutate(GPU, |open| {
            open.try_push(OpenProposal {
                proposal: FIRST,
                proposer: ALICE,
            })
            .unwrap()
        })
    };
    assert_eq!(said(again), "two open proposals of one account");
}

#[test]
fn spoilt_voters_should_be_noticed() {
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes.clear())),
        "a voter without votes"
    );
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes[1].proposal = FIRST)),
        "two votes on one proposal"
    );
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes[0].weight = 0)),
        "a vote without weight"
    );
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes[0].proposal = ProposalId(9))),
        "a vote on a proposal not made"
    );
}

#[test]
fn spoilt_tallies_should_be_noticed() {
    let wrong = "a tally is not the sum of the votes";
    assert_eq!(said(|| change_proposal(|record| record.tally.ayes += 1)), wrong);
    assert_eq!(said(|| change_proposal(|record| record.tally.nays += 1)), wrong);
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes[0].aye = false)),
        wrong
    );
    assert_eq!(
        said(|| change_voter(CAROL, |voter| voter.votes[0].weight = Balance::MAX)),
        "the votes overflow"
    );
}

#[test]
fn votes_that_are_not_frozen_should_be_noticed() {
    let thaw = || {
        assert_ok!(Twin::set_freeze(GPU, &FreezeReason::Vote.into(), &CAROL, 199));
    };
    assert_eq!(said(thaw), "a vote that is not frozen");
    assert_eq!(said(|| burn_all(GPU, CAROL)), "a vote of fractions that are gone");
}

#[test]
fn a_proposal_without_its_proposer_s_vote_should_be_noticed() {
    let against = || {
        change_voter(ALICE, |voter| voter.votes[0].aye = false);
        change_proposal(|record| record.tally = Tally { ayes: 200, nays: 400 });
    };
    assert_eq!(said(against), "a proposal without its proposer's vote");
}
