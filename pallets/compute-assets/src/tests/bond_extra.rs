// SPDX-License-Identifier: Apache-2.0

use super::*;

fn bond_extra(who: AccountId, amount: Balance) -> DispatchResult {
    dispatch(who, Call::bond_extra { asset: ASSET, amount })
}

#[test]
fn bond_extra_should_raise_the_pledge_of_a_whole_bond() {
    run(|| {
        register(ALICE, Some(1_000));
        events();
        assert_ok!(bond_extra(ALICE, 500));
        assert_eq!(bond(&ALICE), Some((1_500, 1_500, 0)));
        assert_eq!(bond_hold(&ALICE), 1_500);
        assert_eq!(
            events(),
            [Event::BondIncreased {
                asset: ASSET,
                bearer: ALICE,
                added: 500,
                amount: 1_500,
                pledged: 1_500
            }]
        );
    });
}

#[test]
fn bond_extra_should_fill_the_gap_of_a_slashed_bond_first() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_ok!(ComputeAssets::slash(ASSET, &ALICE, 600, None));
        assert_ok!(bond_extra(ALICE, 599));
        assert!(!ComputeAssets::is_whole(ASSET, &ALICE));
        assert_ok!(bond_extra(ALICE, 1));
        assert_eq!(bond(&ALICE), Some((1_000, 1_000, 0)));
        assert!(ComputeAssets::is_whole(ASSET, &ALICE));
    });
}

#[test]
fn bond_extra_should_be_open_to_a_former_bearer() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        appoint(ALICE, BOB, 1_000);
        assert_ok!(bond_extra(ALICE, 5));
        assert_eq!(bond(&ALICE), Some((1_005, 1_005, 50)));
    });
}

#[test]
fn bond_extra_should_add_up_over_assets_of_one_bearer() {
    run(|| {
        register(ALICE, Some(1_000));
        let second = register_with(ALICE, HardwareId([2; 32]), Some(3_000));
        assert_ok!(dispatch(
            ALICE,
            Call::bond_extra {
                asset: second,
                amount: 7
            }
        ));
        assert_eq!(bond_hold(&ALICE), 4_007);
        assert_eq!(ComputeAssets::bonded(ASSET, &ALICE), 1_000);
        assert_eq!(ComputeAssets::bonded(second, &ALICE), 3_007);
    });
}

#[test]
fn bond_extra_should_fail_for_nothing_the_unknown_and_those_without_a_bond() {
    run(|| {
        assert_noop!(bond_extra(ALICE, 1), Error::<Test>::UnknownAsset);
        register(ALICE, Some(1_000));
        assert_noop!(bond_extra(ALICE, 0), Error::<Test>::ZeroAmount);
        assert_noop!(bond_extra(BOB, 1), Error::<Test>::NoBond);
    });
}

#[test]
fn bond_extra_should_fail_without_the_funds_and_past_the_end_of_the_number() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_noop!(bond_extra(ALICE, ENDOWMENT), TokenError::FundsUnavailable);
        assert_noop!(bond_extra(ALICE, Balance::MAX), ArithmeticError::Overflow);
    });
}
