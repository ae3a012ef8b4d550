// SPDX-License-Identifier: Apache-2.0

use super::*;

#[test]
fn cash_and_currency_are_divided_by_tokens() {
    run(|| {
        pool();
        Twin::earn(GPU, 40);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        assert_eq!(
            last_event(),
            Event::Dissolved {
                asset: GPU,
                cash: 1_000,
                currency: 5_000,
                left: 0
            }
        );
        assert_eq!(LpTokens::total_issuance(LP), 0);
        for who in [ALICE, BOB, LpTokens::pool_account(GPU)] {
            assert_eq!(LpTokens::tokens(GPU, who), 0);
        }
        assert_eq!(LpTokens::pending(GPU, ALICE), 4_530);
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(4_530), Ok(1_510)));
        // Nothing of the era is left.
        assert_eq!(
            (Accounts::<Test>::iter().count(), Eras::<Test>::iter().count()),
            (0, 0)
        );
    });
}

#[test]
fn tokens_of_an_era_that_ended_are_none_in_the_next() {
    run(|| {
        pool();
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        Twin::renew(GPU);

        provide(CAROL, 768);
        provide(BOB, 256);
        assert_eq!(LpTokens::total_issuance(LP), 1_024 + LEAST);
        assert_eq!(LpTokens::tokens(GPU, BOB), 256);
        Twin::earn(GPU, 1_000);
        // Bob has both: of the first era a quarter of 6,000.
        assert_eq!(claim(BOB), Ok(1_500 + 250));
        assert_eq!(claim(CAROL), Ok(750));
        assert_noop!(
            LpTokens::transfer(RuntimeOrigin::signed(ALICE), GPU, BOB, 1),
            TokenError::FundsUnavailable
        );
        assert_eq!(claim(ALICE), Ok(4_500));
    });
}

#[test]
fn who_was_away_for_several_eras_is_settled_once() {
    run(|| {
        pool();
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        for era in 1..4 {
            provide(BOB, 64);
            Twin::reserves(GPU, 700, 0);
            Twin::earn(GPU, 300);
            assert_ok!(dissolve());
            assert_eq!(Pools::<Test>::get(GPU).unwrap().era, era + 1);
        }
        assert_eq!(LpTokens::pending(GPU, ALICE), 4_500);
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(4_500), Ok(1_500 + 3 * 1_000)));
        assert_eq!(Eras::<Test>::iter().count(), 0);
    });
}

#[test]
fn what_nobody_has_a_part_in_is_the_assets_income() {
    run(|| {
        pool();
        burn(ALICE, ALICES);
        burn(BOB, BOBS);
        Twin::earn(GPU, 9);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        assert_eq!(Twin::revenue(GPU), 6_009);
        assert_eq!(Pools::<Test>::get(GPU).unwrap().balance, 0);
    });
}

#[test]
fn a_pool_that_goes_on_is_not_dissolved() {
    run(|| {
        assert_noop!(dissolve(), Error::UnknownPool);
        pool();
        assert_noop!(dissolve(), Error::NotSold);
    });
}

/// Found by fuzzing: of an asset in 2^64 fractions, some that nobody provided were worth less than a unit, and stayed for ever.
#[test]
fn fractions_that_are_worth_nothing_are_cashed_too() {
    run(|| {
        assert_ok!(create(GPU, LP));
        Twin::reserves(GPU, 0, 50);
        Twin::sell(GPU, 0);
        assert_ok!(dissolve());
        assert_eq!(Twin::balance(GPU, &LpTokens::pool_account(GPU)), 0);
        assert_noop!(dissolve(), Error::NothingToDissolve);
    });
}

#[test]
fn nor_one_that_is_empty() {
    run(|| {
        pool();
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        assert_noop!(dissolve(), Error::NothingToDissolve);
        // What someone sends there later is found.
        Twin::reserves(GPU, 500, 0);
        assert_ok!(dissolve());
        assert_eq!(Twin::revenue(GPU), 500);
    });
}
