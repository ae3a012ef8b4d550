// SPDX-License-Identifier: Apache-2.0

use super::*;

fn remove_all(who: AccountId) -> DispatchResult {
    LpTokens::remove_all_liquidity(RuntimeOrigin::signed(who), GPU)
}

#[test]
fn the_only_provider_gets_the_least_liquidity_too() {
    run(|| {
        pool();
        burn(BOB, BOBS);
        provide(ALICE, BOBS);
        Twin::earn(GPU, 77);
        assert_ok!(remove_all(ALICE));
        assert_eq!(
            last_event(),
            Event::Emptied {
                asset: GPU,
                who: ALICE,
                tokens: ALICES + BOBS,
                currency: 5_000,
                fractions: 50
            }
        );
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT + 5_000);
        assert_eq!(Twin::balance(GPU, &ALICE), 50);
        assert_eq!(LpTokens::total_issuance(LP), 0);
        check();
        // What the fractions earned until then is Alice's as ever.
        assert_eq!(claim(ALICE), Ok(77));
        assert!(!Accounts::<Test>::contains_key(GPU, ALICE));

        // The next begins anew.
        provide(BOB, 5);
        assert_eq!(LpTokens::total_issuance(LP), 5 + LEAST);
    });
}

#[test]
fn as_long_as_there_is_another_there_is_no_such_thing() {
    run(|| {
        assert_noop!(remove_all(ALICE), Error::UnknownPool);
        pool();
        assert_noop!(remove_all(ALICE), Error::NotSoleProvider);
        assert_noop!(remove_all(CAROL), Error::NotSoleProvider);
        burn(ALICE, ALICES);
        assert_noop!(remove_all(ALICE), Error::NotSoleProvider);
        assert_ok!(remove_all(BOB));
        assert_noop!(remove_all(BOB), Error::NotSoleProvider);
    });
}
