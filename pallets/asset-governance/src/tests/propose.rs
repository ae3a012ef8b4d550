// SPDX-License-Identifier: Apache-2.0

use super::*;

#[test]
fn proposal_should_be_open_and_voted_for_by_its_proposer() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(propose(ALICE, fee(1)));
        let proposal = ProposalId(1);
        assert_eq!(tally(proposal), (400, 0));
        assert_eq!(AssetGovernance::open_proposals(GPU), [proposal]);
        assert_eq!(frozen(ALICE), 400);
        assert_eq!(deposited(ALICE), proposal_deposit() + voter_deposit());
        assert_eq!(
            events(),
            [
                Event::Proposed {
                    asset: GPU,
                    proposal,
                    proposer: ALICE,
                    action: fee(1),
                    ends_at: 1 + VOTING
                },
                Event::Voted {
                    asset: GPU,
                    proposal,
                    who: ALICE,
                    aye: true,
                    weight: 400
                }
            ]
        );
    });
}

#[test]
fn whole_assets_should_have_no_votes() {
    build_and_execute(|| {
        assert_noop!(propose(ALICE, fee(1)), Error::NotFractionalized);
        open_vault();
        sell(GPU);
        assert_noop!(propose(ALICE, fee(1)), Error::NotFractionalized);
    });
}

#[test]
fn smaller_parts_should_be_refused() {
    build_and_execute(|| {
        // A fifth of 1,001 is more than 200.
        open(GPU, ALICE, 1_001);
        assert_ok!(transfer(GPU, ALICE, BOB, 200));
        assert_noop!(propose(BOB, fee(1)), Error::PartTooSmall);
        assert_noop!(propose(EVE, fee(1)), Error::PartTooSmall);
        assert_ok!(transfer(GPU, ALICE, BOB, 1));
        assert_ok!(propose(BOB, fee(1)));
    });
}

#[test]
fn fractions_on_hold_should_count() {
    build_and_execute(|| {
        open_vault();
        assert_ok!(offer(GPU, CAROL, 150));
        assert_ok!(propose(CAROL, fee(1)));
        assert_eq!(tally(ProposalId(1)), (200, 0));
        assert_eq!(frozen(CAROL), 200);
    });
}

#[test]
fn nobody_should_propose_on_none_of_all() {
    build_and_execute(|| {
        open(GPU, ALICE, 5);
        burn_all(GPU, ALICE);
        assert_noop!(propose(ALICE, fee(1)), Error::NoFractions);
    });
}

#[test]
fn second_proposal_of_an_account_should_wait_for_the_first_to_end() {
    build_and_execute(|| {
        open_vault();
        let first = proposed(ALICE, fee(1));
        assert_noop!(propose(ALICE, fee(2)), Error::AlreadyProposed);
        // Also when its time is over, until it is closed.
        advance(VOTING);
        assert_noop!(propose(ALICE, fee(2)), Error::AlreadyProposed);
        assert_ok!(close(first));
        assert_ok!(propose(ALICE, fee(2)));
        // On another asset it is not in the way.
        open(RIG, ALICE, 10);
        assert_ok!(propose_on(RIG, ALICE, fee(2)));
    });
}

#[test]
fn list_should_be_full_only_when_everybody_has_proposed_or_fractions_were_added() {
    build_and_execute(|| {
        open(GPU, ALICE, SUPPLY);
        for who in [BOB, CAROL, DAVE, EVE] {
            assert_ok!(transfer(GPU, ALICE, who, 200));
        }
        for who in [ALICE, BOB, CAROL, DAVE, EVE] {
            assert_ok!(propose(who, fee(1)));
        }
        // All fractions are frozen for a proposal. Only new ones can be more.
        mint(GPU, 6, 500);
        assert_noop!(propose(6, fee(1)), Error::TooManyOpen);
        advance(VOTING);
        assert_ok!(close(ProposalId(2)));
        assert_noop!(propose(6, fee(1)), TokenError::FundsUnavailable);
        assert_ok!(transfer(GPU, 6, BOB, 300));
        assert_ok!(propose(BOB, fee(1)));
    });
}

#[test]
fn who_cannot_pay_the_deposits_should_be_refused() {
    build_and_execute(|| {
        open(GPU, POOR, SUPPLY);
        assert_noop!(propose(POOR, fee(1)), TokenError::FundsUnavailable);
        // Enough for the proposal, not for its vote.
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(ALICE),
            POOR,
            proposal_deposit() + ED
        ));
        assert_noop!(propose(POOR, fee(1)), TokenError::FundsUnavailable);
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(ALICE),
            POOR,
            voter_deposit()
        ));
        assert_ok!(propose(POOR, fee(1)));
    });
}

#[test]
fn numbers_should_never_be_given_twice() {
    build_and_execute(|| {
        open_vault();
        open(RIG, BOB, 10);
        assert_eq!(proposed(ALICE, fee(1)), ProposalId(1));
        assert_ok!(propose_on(RIG, BOB, fee(1)));
        advance(VOTING);
        assert_ok!(close(ProposalId(1)));
        cash_all(GPU);
        open(GPU, ALICE, 5);
        assert_eq!(proposed(ALICE, fee(1)), ProposalId(3));
        LastProposal::<Test>::put(ProposalId(u64::MAX));
        assert_noop!(propose_on(RIG, BOB, fee(1)), Error::AlreadyProposed);
        open(AssetId(9), BOB, 1);
        assert_noop!(
            propose_on(AssetId(9), BOB, fee(1)),
            sp_runtime::ArithmeticError::Overflow
        );
    });
}

#[test]
fn unsigned_should_be_refused() {
    build_and_execute(|| {
        open_vault();
        assert_noop!(
            AssetGovernance::propose(RuntimeOrigin::none(), GPU, fee(1)),
            DispatchError::BadOrigin
        );
    });
}
