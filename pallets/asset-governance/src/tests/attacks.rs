// SPDX-License-Identifier: Apache-2.0
//! What someone might try.

use super::*;

#[test]
fn fractions_bought_for_a_vote_should_not_be_sold_after_it() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(CAROL, Action::NominateOperator(Some(CAROL)));
        // Eve gets a majority for a moment, decides, and wants to give it back in the same block.
        assert_ok!(transfer(GPU, ALICE, EVE, 400));
        assert_ok!(transfer(GPU, BOB, EVE, 300));
        assert_ok!(vote(EVE, proposal, true));
        assert_ok!(close(proposal));
        assert_noop!(unlock(proposal, EVE), Error::StillLocked);
        assert_noop!(transfer(GPU, EVE, ALICE, 400), TokenError::Frozen);
        assert_ok!(offer(GPU, EVE, 400));
        assert_noop!(buy(GPU, EVE, ALICE, 400), TokenError::Frozen);
        advance(LOCK - 1);
        assert_noop!(transfer(GPU, EVE, ALICE, 1), TokenError::Frozen);
        assert_noop!(unlock(proposal, EVE), Error::StillLocked);
    });
}

#[test]
fn a_proposal_of_one_s_own_should_be_no_way_around_the_lock() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(GPU, ALICE, EVE, 400));
        assert_ok!(transfer(GPU, BOB, EVE, 300));
        let proposal = proposed(EVE, Action::AcceptBid(1));
        assert_ok!(close(proposal));
        assert_noop!(transfer(GPU, EVE, ALICE, 1), TokenError::Frozen);
        assert_noop!(unlock(proposal, EVE), Error::StillLocked);
    });
}

#[test]
fn a_vote_in_the_last_block_should_be_locked_beyond_the_end() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(CAROL, fee(1));
        advance(VOTING - 1);
        assert_ok!(vote(BOB, proposal, true));
        advance(1);
        assert_ok!(close(proposal));
        assert_noop!(unlock(proposal, BOB), Error::StillLocked);
        // Who voted early need not wait.
        assert_ok!(unlock(proposal, CAROL));
        advance(LOCK - 1);
        assert_ok!(unlock(proposal, BOB));
    });
}

#[test]
fn no_fraction_should_vote_twice() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, true));
        assert_noop!(transfer(GPU, BOB, EVE, 1), TokenError::Frozen);
        // Fractions that came after may leave again, those that voted may not.
        assert_ok!(transfer(GPU, DAVE, BOB, 100));
        assert_noop!(transfer(GPU, BOB, EVE, 101), TokenError::Frozen);
        assert_ok!(transfer(GPU, BOB, EVE, 100));
        assert_ok!(vote(EVE, proposal, true));
        assert_eq!(tally(proposal), (800, 0));
        let votes = Proposals::<Test>::get(GPU, proposal).unwrap().tally.votes();
        assert!(votes <= SUPPLY);
    });
}

#[test]
fn an_offer_on_hold_should_be_no_way_out() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(offer(GPU, BOB, 300));
        assert_ok!(vote(BOB, proposal, false));
        assert_noop!(buy(GPU, BOB, EVE, 1), TokenError::Frozen);
        // Nor one made after the vote.
        assert_ok!(offer(GPU, ALICE, 400));
        assert_noop!(buy(GPU, ALICE, EVE, 1), TokenError::Frozen);
    });
}

#[test]
fn dust_should_not_propose() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(transfer(GPU, DAVE, EVE, 1));
        assert_noop!(propose(EVE, fee(1)), Error::PartTooSmall);
        assert_noop!(propose(DAVE, fee(1)), Error::PartTooSmall);
    });
}

#[test]
fn the_same_part_should_not_propose_from_account_to_account() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(propose(CAROL, fee(1)));
        assert_noop!(transfer(GPU, CAROL, EVE, 200), TokenError::Frozen);
        assert_noop!(propose(EVE, fee(1)), Error::PartTooSmall);
    });
}

#[test]
fn a_spammer_should_not_keep_others_out() {
    build_and_execute(|| {
        // Four fifths of the asset are one person's, in four accounts; each proposes whenever it can.
        open(GPU, ALICE, SUPPLY);
        for who in [BOB, CAROL, DAVE, EVE] {
            assert_ok!(transfer(GPU, ALICE, who, 200));
        }
        for who in [BOB, CAROL, DAVE, EVE] {
            assert_ok!(propose(who, uri("spam")));
            assert_noop!(propose(who, uri("spam")), Error::AlreadyProposed);
        }
        // There is room for who has the rest: it can't be filled but with fractions.
        let mine = proposed(ALICE, fee(1));
        assert_eq!(AssetGovernance::open_proposals(GPU).len(), 5);
        // And when all have ended, again, whoever comes first.
        advance(VOTING);
        for proposal in AssetGovernance::open_proposals(GPU) {
            assert_ok!(close(proposal));
        }
        for who in [BOB, CAROL, DAVE, EVE] {
            assert_ok!(propose(who, uri("spam")));
        }
        assert_ok!(propose(ALICE, fee(1)));
        assert_ne!(LastProposal::<Test>::get(), mine);
    });
}

#[test]
fn an_old_decision_should_not_be_kept_in_store() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, Action::AcceptBid(1));
        assert_ok!(vote(BOB, proposal, true));
        // Passed; nobody closes it until it suits somebody.
        advance(VOTING + ENACTMENT);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Lapsed);
        assert_eq!(deeds(), []);
    });
}

#[test]
fn a_minority_should_not_sell_by_a_low_reserve() {
    build_and_execute(|| {
        open_vault();
        // Enough for any other action.
        let proposal = proposed(ALICE, Action::SetReserve(Some(1)));
        advance(VOTING);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
    });
}

#[test]
fn votes_of_others_should_not_be_cast_or_unlocked_early_for_them() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, false));
        assert_noop!(unlock(proposal, BOB), Error::StillOpen);
        assert_eq!(tally(proposal), (400, 300));
    });
}

#[test]
fn fractions_burnt_by_force_should_leave_nothing_stuck() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, true));
        // No call does this while the vault stands; if one did, nothing would panic or stay.
        burn_all(GPU, ALICE);
        burn_all(GPU, CAROL);
        burn_all(GPU, DAVE);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Enacted);
        advance(LOCK);
        assert_ok!(unlock(proposal, ALICE));
        assert_ok!(unlock(proposal, BOB));
        assert_eq!((deposited(ALICE), deposited(BOB)), (0, 0));
    });
}
