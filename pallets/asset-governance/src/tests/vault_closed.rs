// SPDX-License-Identifier: Apache-2.0
//! When the asset is bought out or redeemed while proposals are open.

use super::*;
use compute_primitives::OnVaultClosed;

#[test]
fn open_proposals_should_be_void_and_give_everything_back() {
    build_and_execute(|| {
        open_vault();
        let first = proposed(ALICE, fee(1));
        let second = proposed(BOB, fee(2));
        assert_ok!(vote(ALICE, second, true));
        assert_ok!(vote(CAROL, first, false));
        events();
        sell(GPU);
        assert_eq!(
            events(),
            [Event::Voided {
                asset: GPU,
                proposals: vec![first, second]
            }]
        );
        check();
        // The second had passed. Void ones never do anything.
        for proposal in [first, second] {
            assert_ok!(close(proposal));
            assert_eq!(last_outcome(), Outcome::Void);
        }
        assert_eq!(deeds(), []);
        // Nothing is left to be voted on, so the votes need not wait.
        for (proposal, who) in [(first, ALICE), (second, ALICE), (second, BOB), (first, CAROL)] {
            assert_ok!(unlock(proposal, who));
        }
        for who in [ALICE, BOB, CAROL] {
            assert_eq!((frozen(who), deposited(who)), (0, 0));
        }
        assert_eq!(stored_records(), 0);
    });
}

#[test]
fn votes_should_be_unlocked_in_any_order_with_the_closing() {
    build_and_execute(|| {
        open_vault();
        let proposal = proposed(ALICE, fee(1));
        sell(GPU);
        assert_ok!(unlock(proposal, ALICE));
        cash_all(GPU);
        assert_ok!(close(proposal));
        assert_eq!(stored_records(), 0);
        assert_eq!(deposited(ALICE), 0);
    });
}

#[test]
fn nothing_open_should_be_nothing_to_do() {
    build_and_execute(|| {
        assert_ok!(AssetGovernance::on_vault_closed(GPU));
        open_vault();
        assert_ok!(AssetGovernance::on_vault_closed(GPU));
        assert_eq!(events(), []);
    });
}

#[test]
fn proposals_of_a_former_vault_should_stay_void_in_the_next() {
    build_and_execute(|| {
        open_vault();
        let former = proposed(ALICE, fee(1));
        sell(GPU);
        cash_all(GPU);
        check();

        open(GPU, ALICE, 10);
        assert_noop!(vote(ALICE, former, true), Error::ProposalVoid);
        // The former vote freezes nothing here, and is in the way of nothing.
        assert_eq!(frozen(ALICE), 0);
        let next = proposed(ALICE, fee(2));
        assert_ne!(former, next);
        assert_eq!((tally(next), frozen(ALICE)), ((10, 0), 10));
        assert_ok!(close(former));
        assert_eq!(last_outcome(), Outcome::Void);
        assert_noop!(unlock(former, ALICE), Error::NotVoted);
        assert_ok!(close(next));
        assert_eq!(deeds(), [Deed::FeeSet(GPU, Perbill::from_percent(2))]);
    });
}

#[test]
fn vote_of_a_former_vault_should_be_unlocked_in_the_next() {
    build_and_execute(|| {
        open_vault();
        let former = proposed(ALICE, fee(1));
        sell(GPU);
        cash_all(GPU);
        open(GPU, ALICE, 10);
        assert_noop!(unlock(former, ALICE), Error::StillLocked);
        advance(LOCK);
        assert_ok!(unlock(former, ALICE));
        assert_ok!(close(former));
        assert_eq!((stored_records(), deposited(ALICE)), (0, 0));
    });
}

#[test]
fn sole_holder_should_redeem_once_its_votes_are_unlocked() {
    build_and_execute(|| {
        open(GPU, ALICE, 10);
        let proposal = proposed(ALICE, fee(1));
        assert_noop!(redeem(GPU, ALICE), TokenError::Frozen);
        // It decides alone, so nothing but the lock period keeps it.
        assert_ok!(close(proposal));
        assert_noop!(redeem(GPU, ALICE), TokenError::Frozen);
        advance(LOCK);
        assert_ok!(unlock(proposal, ALICE));
        assert_ok!(redeem(GPU, ALICE));
        assert_eq!(stored_records(), 0);
    });
}
