// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::WeightInfo;
use frame_support::assert_storage_noop;

/// A proposal of Alice's for which Bob votes too: 700 of 1,000.
fn passed(action: ActionOf<Test>) -> ProposalId {
    let proposal = proposed(ALICE, action);
    assert_ok!(vote(BOB, proposal, true));
    proposal
}

#[test]
fn decided_proposal_should_be_enacted_before_its_end() {
    build_and_execute(|| {
        open_vault();
        let proposal = passed(fee(1));
        events();
        assert_ok!(close(proposal));
        assert_eq!(deeds(), [Deed::FeeSet(GPU, Perbill::from_percent(1))]);
        assert_eq!(
            events(),
            [Event::Closed {
                asset: GPU,
                proposal,
                outcome: Outcome::Enacted
            }]
        );
        assert_eq!(deposited(ALICE), voter_deposit());
        assert_eq!(AssetGovernance::open_proposals(GPU), []);
        assert_noop!(close(proposal), Error::UnknownProposal);
    });
}

#[test]
fn each_action_should_reach_who_does_it() {
    build_and_execute(|| {
        open_vault();
        let cases = [
            (
                Action::NominateOperator(Some(DAVE)),
                Deed::Nominated(GPU, Some(DAVE)),
            ),
            (Action::NominateOperator(None), Deed::Nominated(GPU, None)),
            (uri("ipfs://a"), Deed::UriSet(GPU, b"ipfs://a".to_vec())),
            (fee(7), Deed::FeeSet(GPU, Perbill::from_percent(7))),
            (Action::SetReserve(Some(500)), Deed::ReserveSet(GPU, Some(500))),
            (Action::SetReserve(None), Deed::ReserveSet(GPU, None)),
            (Action::AcceptBid(300), Deed::BidAccepted(GPU, 300)),
        ];
        for (action, deed) in cases {
            let proposal = passed(action);
            assert_ok!(close(proposal));
            assert_eq!(deeds(), [deed]);
            assert_eq!(last_outcome(), Outcome::Enacted);
        }
    });
}

#[test]
fn undecided_proposal_should_stay_open() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_noop!(close(proposal), Error::Undecided);
        advance(VOTING - 1);
        assert_noop!(close(proposal), Error::Undecided);
        advance(1);
        assert_ok!(close(proposal));
        // 400 of 1,000 are a quorum, and all of them are for it.
        assert_eq!(last_outcome(), Outcome::Enacted);
    });
}

#[test]
fn hopeless_proposal_should_be_rejected_before_its_end() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_ok!(vote(BOB, proposal, false));
        assert_noop!(close(proposal), Error::Undecided);
        // 500 of 1,000 against it.
        assert_ok!(vote(CAROL, proposal, false));
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
        assert_eq!(deeds(), []);
        assert_eq!(deposited(ALICE), voter_deposit());
    });
}

#[test]
fn proposal_without_quorum_should_be_rejected_at_its_end() {
    build_and_execute(|| {
        open_vault();
        // 200 of 1,000 are too few.
        let proposal = proposed(CAROL, fee(1));
        assert_noop!(close(proposal), Error::Undecided);
        advance(VOTING);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
        // 300 are not.
        let proposal = proposed(CAROL, fee(1));
        assert_ok!(vote(DAVE, proposal, true));
        advance(VOTING);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Enacted);
    });
}

#[test]
fn half_of_the_votes_should_not_be_enough() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(BOB, fee(1));
        assert_ok!(vote(CAROL, proposal, false));
        assert_ok!(vote(DAVE, proposal, false));
        advance(VOTING);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
    });
}

#[test]
fn sale_should_need_more_than_half_of_all_fractions() {
    build_and_execute(|| {
        open_vault();
        for action in [
            Action::AcceptBid(1),
            Action::SetReserve(Some(1)),
            Action::SetReserve(None),
        ] {
            // 500 of 1,000, and nobody against it.
            let proposal = proposed(ALICE, action.clone());
            assert_ok!(vote(DAVE, proposal, true));
            assert_noop!(close(proposal), Error::Undecided);
            advance(VOTING);
            assert_ok!(close(proposal));
            assert_eq!(last_outcome(), Outcome::Rejected);
            // 501, and all others against it.
            assert_ok!(unlock(proposal, ALICE));
            assert_ok!(unlock(proposal, DAVE));
            assert_ok!(transfer(GPU, BOB, DAVE, 1));
            let proposal = proposed(ALICE, action);
            assert_ok!(vote(BOB, proposal, false));
            assert_ok!(vote(CAROL, proposal, false));
            assert_noop!(close(proposal), Error::Undecided);
            assert_ok!(vote(DAVE, proposal, true));
            assert_ok!(close(proposal));
            assert_eq!(last_outcome(), Outcome::Enacted);
            // Back to what it was.
            advance(LOCK);
            for who in [ALICE, BOB, CAROL, DAVE] {
                assert_ok!(unlock(proposal, who));
            }
            assert_ok!(transfer(GPU, DAVE, BOB, 1));
        }
    });
}

#[test]
fn passed_proposal_should_lapse_after_its_time_of_enactment() {
    build_and_execute(|| {
        open_vault();
        let first = passed(fee(1));
        let second = proposed(BOB, fee(2));
        assert_ok!(vote(ALICE, second, true));
        advance(VOTING + ENACTMENT - 1);
        assert_ok!(close(first));
        assert_eq!(last_outcome(), Outcome::Enacted);
        deeds();
        advance(1);
        assert_ok!(close(second));
        assert_eq!(last_outcome(), Outcome::Lapsed);
        assert_eq!(deeds(), []);
        assert_eq!(deposited(BOB), voter_deposit());
    });
}

#[test]
fn rejected_proposal_should_be_rejected_however_late() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(CAROL, fee(1));
        advance(10 * (VOTING + ENACTMENT));
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
    });
}

#[test]
fn action_that_fails_should_change_nothing_and_end_its_proposal() {
    build_and_execute(|| {
        open_vault();
        let proposal = passed(fee(1));
        let_deeds_fail(true);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Failed(DEED_FAILED));
        assert_eq!(deeds(), []);
        assert_eq!(deposited(ALICE), voter_deposit());
        assert_eq!(stored_records(), 2);
        let_deeds_fail(false);
        assert_noop!(close(proposal), Error::UnknownProposal);
    });
}

#[test]
fn action_that_ends_the_vault_should_find_its_proposal_ended() {
    build_and_execute(|| {
        open_vault();
        let other = proposed(CAROL, fee(1));
        let proposal = passed(Action::AcceptBid(1));
        crate::mock::twin::Closes::<Test>::put(true);
        assert_ok!(close(proposal));
        crate::mock::twin::Closes::<Test>::kill();
        assert_eq!(last_outcome(), Outcome::Enacted);
        assert_eq!(AssetGovernance::open_proposals(GPU), []);
        assert_ok!(close(other));
        assert_eq!(last_outcome(), Outcome::Void);
    });
}

#[test]
fn what_was_weighed_should_be_what_was_done() {
    build_and_execute(|| {
        open_vault();
        type Weights = <Test as crate::Config>::WeightInfo;
        let weigh = |proposal| {
            AssetGovernance::close(RuntimeOrigin::signed(POOR), GPU, proposal)
                .unwrap()
                .actual_weight
                .unwrap()
        };
        let heaviest = AssetGovernance::heaviest_close();
        for (action, weight) in [
            (Action::NominateOperator(None), Weights::close_nominate_operator()),
            (uri("a"), Weights::close_set_uri()),
            (fee(1), Weights::close_set_operator_fee()),
            (Action::SetReserve(None), Weights::close_set_reserve()),
            (Action::AcceptBid(1), Weights::close_accept_bid()),
        ] {
            let proposal = passed(action);
            assert_eq!(weigh(proposal), weight);
            assert!(weight.all_lte(heaviest));
        }
        let proposal = proposed(CAROL, fee(1));
        advance(VOTING);
        assert_eq!(weigh(proposal), Weights::close_unenacted());
    });
}

#[test]
fn supply_of_the_closing_block_should_count() {
    build_and_execute(|| {
        open_vault();
        // 400 of 1,000 are a quorum, of 1,601 they are none.
        let proposal = proposed(ALICE, fee(1));
        mint(GPU, EVE, 601);
        advance(VOTING);
        assert_ok!(close(proposal));
        assert_eq!(last_outcome(), Outcome::Rejected);
    });
}

#[test]
fn undecided_should_change_nothing() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        assert_storage_noop!(assert_eq!(close(proposal), Err(Error::Undecided.into())));
        assert_noop!(close(ProposalId(9)), Error::UnknownProposal);
        assert_noop!(
            AssetGovernance::close(RuntimeOrigin::none(), GPU, proposal).map_err(|error| error.error),
            DispatchError::BadOrigin
        );
    });
}
