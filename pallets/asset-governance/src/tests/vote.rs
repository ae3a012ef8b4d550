// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::mock::twin;
use frame_support::traits::fungibles::MutateFreeze;

#[test]
fn vote_should_count_and_freeze_all_fractions_of_the_voter() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(offer(GPU, BOB, 100));
        events();
        assert_ok!(vote(BOB, proposal, false));
        assert_eq!(tally(proposal), (400, 300));
        assert_eq!(frozen(BOB), 300);
        assert_eq!(deposited(BOB), voter_deposit());
        assert_eq!(
            events(),
            [Event::Voted {
                asset: GPU,
                proposal,
                who: BOB,
                aye: false,
                weight: 300
            }]
        );
        assert_noop!(transfer(GPU, BOB, EVE, 1), TokenError::Frozen);
    });
}

#[test]
fn unknown_proposals_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        open(RIG, BOB, 10);
        assert_noop!(vote(BOB, ProposalId(0), true), Error::UnknownProposal);
        assert_noop!(vote(BOB, ProposalId(1), true), Error::UnknownProposal);
        assert_ok!(propose_on(RIG, BOB, fee(1)));
        // Of another asset.
        assert_noop!(vote(BOB, ProposalId(1), true), Error::UnknownProposal);
        let closed = proposed(ALICE, fee(1));
        advance(VOTING);
        assert_ok!(close(closed));
        assert_noop!(vote(BOB, closed, true), Error::UnknownProposal);
    });
}

#[test]
fn void_proposals_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        sell(GPU);
        assert_noop!(vote(BOB, proposal, true), Error::ProposalVoid);
    });
}

#[test]
fn votes_should_count_until_the_end_and_not_at_it() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        advance(VOTING - 1);
        assert_ok!(vote(BOB, proposal, true));
        advance(1);
        assert_noop!(vote(CAROL, proposal, true), Error::VotingOver);
    });
}

#[test]
fn votes_should_count_while_a_decided_proposal_is_not_closed() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, true));
        assert_ok!(vote(CAROL, proposal, false));
        assert_eq!(tally(proposal), (700, 200));
    });
}

#[test]
fn who_has_no_fractions_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_noop!(vote(EVE, proposal, true), Error::NoFractions);
    });
}

#[test]
fn vote_should_be_final() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, false));
        assert_noop!(vote(BOB, proposal, true), Error::VoteIsFinal);
        assert_noop!(vote(ALICE, proposal, false), Error::VoteIsFinal);
        // More fractions do not change that.
        assert_ok!(transfer(GPU, CAROL, BOB, 100));
        assert_noop!(vote(BOB, proposal, true), Error::VoteIsFinal);
    });
}

#[test]
fn fractions_got_since_should_be_added_to_the_vote() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, false));
        assert_noop!(vote(BOB, proposal, false), Error::NothingToAdd);
        assert_ok!(transfer(GPU, CAROL, BOB, 150));
        advance(3);
        events();
        assert_ok!(vote(BOB, proposal, false));
        assert_eq!(tally(proposal), (400, 450));
        assert_eq!(frozen(BOB), 450);
        assert_eq!(deposited(BOB), voter_deposit());
        let votes = AssetGovernance::votes(GPU, BOB);
        assert_eq!(votes.len(), 1);
        assert_eq!((votes[0].weight, votes[0].locked_until), (450, 4 + LOCK));
        assert_eq!(
            events(),
            [Event::Voted {
                asset: GPU,
                proposal,
                who: BOB,
                aye: false,
                weight: 450
            }]
        );
        assert_noop!(vote(BOB, proposal, false), Error::NothingToAdd);
    });
}

#[test]
fn several_votes_should_freeze_the_most_and_cost_one_deposit() {
    build_and_execute(|| {
        open_vault();
        let first = proposed(ALICE, fee(1));
        let second = proposed(BOB, fee(2));
        assert_ok!(vote(CAROL, first, true));
        assert_ok!(transfer(GPU, DAVE, CAROL, 100));
        assert_ok!(vote(CAROL, second, false));
        assert_eq!(frozen(CAROL), 300);
        assert_eq!((tally(first), tally(second)), ((600, 0), (300, 300)));
        assert_eq!(deposited(CAROL), voter_deposit());
        // What did not vote on the first may vote on it now.
        assert_ok!(vote(CAROL, first, true));
        assert_eq!(tally(first), (700, 0));
    });
}

#[test]
fn one_account_should_vote_on_all_that_can_be_open() {
    build_and_execute(|| {
        open(GPU, ALICE, SUPPLY);
        let all = [ALICE, BOB, CAROL, DAVE, EVE];
        for who in &all[1..] {
            assert_ok!(transfer(GPU, ALICE, *who, 200));
        }
        let proposals = all.map(|who| proposed(who, fee(1)));
        for proposal in &proposals[1..] {
            assert_ok!(vote(ALICE, *proposal, true));
        }
        assert_eq!(AssetGovernance::votes(GPU, ALICE).len(), 5);
        assert_eq!(
            (frozen(ALICE), deposited(ALICE)),
            (200, proposal_deposit() + voter_deposit())
        );
        advance(VOTING);
        for (ended, proposal) in proposals.into_iter().enumerate() {
            assert_eq!(frozen(ALICE), 200, "after {ended}");
            assert_ok!(close(proposal));
            assert_ok!(unlock(proposal, ALICE));
        }
        assert_eq!((frozen(ALICE), deposited(ALICE)), (0, 0));
    });
}

#[test]
fn freezes_for_other_reasons_should_stand_beside() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        let loan = twin::FreezeReason::Loan.into();
        assert_ok!(Twin::set_freeze(GPU, &loan, &BOB, 50));
        assert_ok!(vote(BOB, proposal, false));
        assert_eq!(frozen(BOB), 300);
        assert_ok!(vote(CAROL, proposal, false));
        assert_ok!(vote(DAVE, proposal, false));
        assert_ok!(close(proposal));
        advance(LOCK);
        assert_ok!(unlock(proposal, BOB));
        assert_eq!((frozen(BOB), frozen_for_all(GPU, BOB)), (0, 50));
    });
}

#[test]
fn votes_that_ended_should_make_room() {
    build_and_execute(|| {
        open_vault();
        for round in 0..2 * MAX_OPEN {
            let proposal = proposed(ALICE, fee(1));
            assert_ok!(vote(BOB, proposal, round % 2 == 0));
            advance(VOTING);
            assert_ok!(close(proposal));
        }
        assert_eq!(AssetGovernance::votes(GPU, BOB).len(), 1);
        assert_eq!(AssetGovernance::votes(GPU, ALICE).len(), 1);
        assert_eq!(frozen(BOB), 300);
        assert_ok!(unlock(ProposalId(2 * u64::from(MAX_OPEN)), BOB));
        assert_eq!((frozen(BOB), deposited(BOB)), (0, 0));
    });
}

#[test]
fn who_cannot_pay_the_deposit_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(GPU, DAVE, POOR, 50));
        let proposal = proposed(ALICE, fee(1));
        assert_noop!(vote(POOR, proposal, true), TokenError::FundsUnavailable);
    });
}

#[test]
fn votes_beyond_all_numbers_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        Proposals::<Test>::mutate(GPU, proposal, |record| {
            record.as_mut().unwrap().tally.nays = Balance::MAX - 400;
        });
        assert_noop!(vote(BOB, proposal, true), sp_runtime::ArithmeticError::Overflow);
        Proposals::<Test>::mutate(GPU, proposal, |record| {
            record.as_mut().unwrap().tally.nays = 0;
        });
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_noop!(
            AssetGovernance::vote(RuntimeOrigin::none(), GPU, proposal, true),
            DispatchError::BadOrigin
        );
    });
}
