// SPDX-License-Identifier: Apache-2.0

use super::*;

/// A proposal of Alice's that Bob and Carol voted down, and that was closed.
fn ended() -> ProposalId {
    let proposal = proposed(ALICE, fee(1));
    assert_ok!(vote(BOB, proposal, false));
    assert_ok!(vote(CAROL, proposal, false));
    assert_ok!(close(proposal));
    proposal
}

#[test]
fn anyone_should_unlock_a_vote_that_has_ended() {
    build_and_execute(|| {
        open_vault();
        let before = stored_records();
        let proposal = ended();
        advance(LOCK);
        events();
        assert_ok!(unlock(proposal, BOB));
        assert_eq!((frozen(BOB), deposited(BOB)), (0, 0));
        assert_eq!(
            events(),
            [Event::Unlocked {
                asset: GPU,
                proposal,
                who: BOB,
                frozen: 0
            }]
        );
        assert_ok!(transfer(GPU, BOB, EVE, 300));
        assert_ok!(unlock(proposal, ALICE));
        assert_ok!(unlock(proposal, CAROL));
        assert_eq!(stored_records(), before);
        for who in [ALICE, BOB, CAROL] {
            assert_eq!(deposited(who), 0);
        }
    });
}

#[test]
fn open_proposal_should_keep_its_votes() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        advance(VOTING);
        // Its time is over, but nobody has closed it.
        assert_noop!(unlock(proposal, ALICE), Error::StillOpen);
        assert_ok!(close(proposal));
        assert_ok!(unlock(proposal, ALICE));
    });
}

#[test]
fn recent_vote_should_be_kept_for_the_lock_period() {
    build_and_execute(|| {
        open_vault();
        let proposal = ended();
        advance(LOCK - 1);
        assert_noop!(unlock(proposal, BOB), Error::StillLocked);
        assert_noop!(transfer(GPU, BOB, EVE, 1), TokenError::Frozen);
        advance(1);
        assert_ok!(unlock(proposal, BOB));
    });
}

#[test]
fn what_was_not_voted_should_have_nothing_to_unlock() {
    build_and_execute(|| {
        open_vault();
        let first = ended();
        advance(LOCK);
        assert_noop!(unlock(first, DAVE), Error::NotVoted);
        assert_noop!(unlock(ProposalId(9), BOB), Error::NotVoted);
        assert_ok!(unlock(first, BOB));
        assert_noop!(unlock(first, BOB), Error::NotVoted);
    });
}

#[test]
fn other_votes_should_keep_what_they_froze() {
    build_and_execute(|| {
        open_vault();
        let second = proposed(BOB, fee(2));
        assert_ok!(vote(CAROL, second, true));
        assert_ok!(transfer(GPU, DAVE, CAROL, 100));
        let first = ended();
        assert_eq!(frozen(CAROL), 300);
        advance(LOCK);
        assert_ok!(unlock(first, CAROL));
        // Of her 300, the 200 that voted on the other stay.
        assert_eq!((frozen(CAROL), deposited(CAROL)), (200, voter_deposit()));
        assert_noop!(transfer(GPU, CAROL, EVE, 101), TokenError::Frozen);
        assert_ok!(transfer(GPU, CAROL, EVE, 100));
        advance(VOTING);
        assert_ok!(close(second));
        assert_ok!(unlock(second, CAROL));
        assert_eq!((frozen(CAROL), deposited(CAROL)), (0, 0));
    });
}

#[test]
fn who_has_lost_its_fractions_should_not_be_in_the_way() {
    build_and_execute(|| {
        open_vault();
        let second = proposed(BOB, fee(2));
        assert_ok!(vote(CAROL, second, true));
        let first = ended();
        sell(GPU);
        burn_all(GPU, CAROL);
        assert_ok!(unlock(first, CAROL));
        assert_eq!(frozen(CAROL), 0);
        assert_ok!(unlock(second, CAROL));
        assert_eq!(deposited(CAROL), 0);
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        let proposal = ended();
        assert_noop!(
            AssetGovernance::unlock(RuntimeOrigin::none(), GPU, proposal, BOB),
            DispatchError::BadOrigin
        );
    });
}
