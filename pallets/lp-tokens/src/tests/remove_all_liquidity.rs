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

/// What comes into an empty pool's account by hand would keep everyone from redeeming as well.
#[test]
fn a_gift_to_an_empty_pool_is_taken_out_by_who_has_the_rest() {
    run(|| {
        assert_ok!(create(GPU, LP));
        let rest = Twin::total_issuance(GPU) - 5;
        Twin::give(GPU, LpTokens::pool_account(GPU), 5);
        Twin::give(GPU, CAROL, rest);
        assert_noop!(remove_all(ALICE), Error::NotSoleProvider);
        assert_ok!(remove_all(CAROL));
        assert_eq!(Twin::balance(GPU, &CAROL), rest + 5);
    });
}

/// Of a sold asset nobody redeems any more: what a pool without providers has then is the asset's income, not the last holder's.
#[test]
fn claims_on_cash_are_no_reason_to_take_what_is_left() {
    run(|| {
        pool();
        burn(ALICE, ALICES);
        burn(BOB, BOBS);
        Twin::give(GPU, CAROL, Twin::total_issuance(GPU) - 50);
        Twin::sell(GPU, 20);
        assert_noop!(remove_all(CAROL), Error::NotSoleProvider);
        // Nor who has nothing, of an asset whose fractions are all in the pool.
        Twin::renew(GPU);
        Twin::give(GPU, LpTokens::pool_account(GPU), Twin::total_issuance(GPU));
        Twin::give(GPU, CAROL, 0);
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
