// SPDX-License-Identifier: Apache-2.0

use super::*;

fn transfer(from: AccountId, to: AccountId, amount: Balance) -> DispatchResult {
    LpTokens::transfer(RuntimeOrigin::signed(from), GPU, to, amount)
}

#[test]
fn what_was_earned_stays_with_who_had_the_tokens() {
    run(|| {
        pool();
        Twin::earn(GPU, 400);
        assert_ok!(transfer(ALICE, CAROL, ALICES));
        assert_eq!(
            last_event(),
            Event::Transferred {
                asset: GPU,
                from: ALICE,
                to: CAROL,
                amount: ALICES
            }
        );
        check();
        Twin::earn(GPU, 40);
        assert_eq!(
            (claim(ALICE), claim(BOB), claim(CAROL)),
            (Ok(300), Ok(110), Ok(30))
        );
    });
}

#[test]
fn to_oneself_changes_nothing() {
    run(|| {
        pool();
        let before = Accounts::<Test>::get(GPU, ALICE);
        assert_ok!(transfer(ALICE, ALICE, ALICES));
        assert_eq!(Accounts::<Test>::get(GPU, ALICE), before);
        assert_eq!(LpTokens::total_issuance(LP), ALICES + BOBS + LEAST);
    });
}

#[test]
fn what_is_refused() {
    run(|| {
        assert_noop!(transfer(ALICE, BOB, 1), Error::UnknownPool);
        pool();
        assert_noop!(transfer(ALICE, BOB, 0), Error::ZeroAmount);
        assert_noop!(transfer(ALICE, BOB, ALICES + 1), TokenError::FundsUnavailable);
        assert_noop!(transfer(CAROL, BOB, 1), TokenError::FundsUnavailable);
        // No one could ever take them out again.
        assert_noop!(
            transfer(ALICE, LpTokens::pool_account(GPU), 1),
            TokenError::Blocked
        );
    });
}
