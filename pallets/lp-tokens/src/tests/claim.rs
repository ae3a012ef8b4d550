// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_primitives::OnReap;

#[test]
fn income_is_divided_by_tokens() {
    run(|| {
        pool();
        Twin::earn(GPU, 1_000);
        // What was not collected yet is not promised.
        assert_eq!(LpTokens::pending(GPU, ALICE), 0);
        assert_eq!(claim(ALICE), Ok(750));
        assert_eq!(LpTokens::pending(GPU, BOB), 250);
        assert_eq!(claim(BOB), Ok(250));
        assert_eq!(
            last_event(),
            Event::Claimed {
                asset: GPU,
                who: BOB,
                amount: 250
            }
        );
        assert_eq!(Pools::<Test>::get(GPU).unwrap().balance, 0);
    });
}

#[test]
fn the_owner_claims_for_itself() {
    run(|| {
        pool();
        Twin::earn(GPU, 4);
        assert_ok!(LpTokens::claim(RuntimeOrigin::signed(ALICE), GPU));
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT + 3);
    });
}

#[test]
fn parts_of_units_are_kept_and_add_up() {
    run(|| {
        pool();
        for _ in 0..400 {
            Twin::earn(GPU, 1);
            // Someone changes something: each unit is collected by itself.
            burn(ALICE, 1);
            provide(ALICE, 1);
        }
        let paid = [claim(ALICE), claim(BOB)].map(|paid| paid.unwrap_or(0));
        assert_eq!(
            paid.iter().sum::<Balance>() + Pools::<Test>::get(GPU).unwrap().balance,
            400
        );
        assert!(
            paid[0] <= 300 && paid[0] >= 299 && paid[1] <= 100 && paid[1] >= 99,
            "{paid:?}"
        );
    });
}

#[test]
fn who_comes_later_has_no_part_in_what_was_earned_before() {
    run(|| {
        pool();
        Twin::earn(GPU, 400);
        provide(CAROL, 1_000_000);
        assert_noop!(
            LpTokens::claim(RuntimeOrigin::signed(CAROL), GPU),
            Error::NothingToClaim
        );
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(300), Ok(100)));
    });
}

#[test]
fn who_has_left_still_gets_what_it_earned() {
    run(|| {
        pool();
        Twin::earn(GPU, 400);
        burn(ALICE, ALICES);
        Twin::earn(GPU, 70);
        assert_eq!(LpTokens::tokens(GPU, ALICE), 0);
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(300), Ok(170)));
        assert!(!Accounts::<Test>::contains_key(GPU, ALICE));
    });
}

#[test]
fn the_least_liquidity_earns_nothing() {
    run(|| {
        assert_ok!(create(GPU, LP));
        provide(ALICE, 1);
        assert_eq!(LpTokens::tokens(GPU, LpTokens::pool_account(GPU)), LEAST);
        Twin::earn(GPU, 77);
        assert_eq!(claim(ALICE), Ok(77));
    });
}

#[test]
fn income_without_providers_waits_for_the_next() {
    run(|| {
        pool();
        burn(ALICE, ALICES);
        burn(BOB, BOBS);
        Twin::earn(GPU, 50);
        provide(CAROL, 16);
        assert_eq!(Pools::<Test>::get(GPU).unwrap().balance, 50);
        Twin::earn(GPU, 1);
        assert_eq!(claim(CAROL), Ok(51));
    });
}

#[test]
fn a_payout_below_the_existential_deposit_waits() {
    run(|| {
        pool();
        assert_ok!(LpTokens::transfer(
            RuntimeOrigin::signed(ALICE),
            GPU,
            DAVE,
            ALICES
        ));
        Twin::earn(GPU, 100);
        assert_noop!(claim(DAVE), Error::BelowExistentialDeposit);
        Twin::earn(GPU, 100);
        assert_eq!(claim(DAVE), Ok(150));
    });
}

/// Else dust of an era that ended would keep its record for ever, and after the asset's end the pool's.
#[test]
fn tokens_of_an_era_that_ended_are_settled_though_they_earned_nothing() {
    run(|| {
        pool();
        provide(ALICE, 10_000_000);
        provide(CAROL, 1);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        assert_ok!(LpTokens::on_reap(GPU));
        // Bob's and Carol's parts are less than a unit; but she is the last, and gets what divisions left over.
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(5_999), Ok(0)));
        assert_eq!(LpTokens::pending(GPU, CAROL), 0);
        assert_eq!(claim(CAROL), Ok(1));
        assert_eq!(Eras::<Test>::iter().count(), 0);
        assert_eq!(Pools::<Test>::get(GPU), None);
        assert_eq!(Balances::free_balance(LpTokens::account_id()), ED);
    });
}

#[test]
fn dust_of_an_era_that_ended_is_settled_in_the_next() {
    run(|| {
        pool();
        provide(ALICE, 10_000_000);
        provide(CAROL, 1);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        assert_eq!(claim(CAROL), Ok(0));
        assert_eq!(
            last_event(),
            Event::Claimed {
                asset: GPU,
                who: CAROL,
                amount: 0
            }
        );
        assert!(!Accounts::<Test>::contains_key(GPU, CAROL));
        assert_noop!(claim(CAROL), Error::NothingToClaim);
    });
}

#[test]
fn without_a_pool_or_a_part_in_it_there_is_nothing() {
    run(|| {
        assert_noop!(claim(ALICE), Error::UnknownPool);
        pool();
        assert_noop!(claim(ALICE), Error::NothingToClaim);
        Twin::earn(GPU, 100);
        assert_noop!(claim(CAROL), Error::NothingToClaim);
        assert_eq!(LpTokens::pending(RIG, ALICE), 0);
    });
}

#[test]
fn what_can_not_be_collected_changes_nothing() {
    run(|| {
        pool();
        Twin::get_stuck();
        assert_noop!(claim(ALICE), DispatchError::Unavailable);
        assert_noop!(LpTokens::mint_into(LP, &ALICE, 5), DispatchError::Unavailable);
        assert_noop!(
            LpTokens::mint_into(LP, &LpTokens::pool_account(GPU), 5),
            DispatchError::Unavailable
        );
        assert_noop!(
            LpTokens::transfer(RuntimeOrigin::signed(ALICE), GPU, BOB, 5),
            DispatchError::Unavailable
        );
    });
}
