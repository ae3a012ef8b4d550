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

/// Else nobody could ever redeem: of an asset in two fractions, the one in the pool can't be squeezed out.
#[test]
fn where_nobody_provides_who_has_all_other_fractions_gets_what_is_left() {
    run(|| {
        pool();
        burn(ALICE, ALICES);
        burn(BOB, BOBS);
        Twin::reserves(GPU, 0, 50);
        let rest = Twin::total_issuance(GPU) - 50;
        Twin::give(GPU, CAROL, rest - 1);
        assert_noop!(remove_all(CAROL), Error::NotSoleProvider);
        Twin::give(GPU, CAROL, rest);
        assert_noop!(remove_all(ALICE), Error::NotSoleProvider);
        assert_ok!(remove_all(CAROL));
        assert_eq!(Twin::balance(GPU, &CAROL), rest + 50);
        assert_eq!(LpTokens::total_issuance(LP), 0);
        assert!(!Accounts::<Test>::contains_key(GPU, CAROL));
        // Nothing is there any more to be had.
        assert_noop!(remove_all(CAROL), Error::NotSoleProvider);
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
