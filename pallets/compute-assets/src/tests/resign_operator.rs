// SPDX-License-Identifier: Apache-2.0

use super::*;

fn resign(who: AccountId) -> DispatchResult {
    dispatch(who, Call::resign_operator { asset: ASSET })
}

#[test]
fn resign_operator_should_return_a_free_bond_at_once() {
    run(|| {
        register(ALICE, Some(1_000));
        events();
        assert_ok!(resign(ALICE));
        assert_eq!((bond(&ALICE), bond_hold(&ALICE)), (None, 0));
        assert_eq!(ComputeAssets::operator(ASSET), None);
        assert_eq!(
            events(),
            [
                Event::BondReleased {
                    asset: ASSET,
                    bearer: ALICE,
                    amount: 1_000
                },
                Event::OperatorChanged {
                    asset: ASSET,
                    from: Some(ALICE),
                    to: None
                },
            ]
        );
    });
}

#[test]
fn resign_operator_should_leave_an_obliged_bond() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 10);
        System::set_block_number(10);
        assert_ok!(resign(ALICE));
        assert_eq!(bond(&ALICE), Some((1_000, 1_000, 10)));
        assert_eq!(ComputeAssets::operator(ASSET), None);
    });
}

#[test]
fn resign_operator_should_work_under_liens_and_in_retirement() {
    run(|| {
        register(ALICE, None);
        appoint(ALICE, BOB, 1_000);
        assert_ok!(ComputeAssets::deposit(ASSET, &ALICE, &VAULT));
        assert_ok!(resign(BOB));
        assert_ok!(ComputeAssets::withdraw(ASSET, &VAULT, &ALICE));
        appoint(ALICE, BOB, 1_000);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(resign(BOB));
        assert_eq!(bond_hold(&BOB), 0);
    });
}

#[test]
fn resign_operator_should_leave_office_even_without_its_bond() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(dispatch(
            BOB,
            Call::release_bond {
                asset: ASSET,
                bearer: ALICE
            }
        ));
        assert_ok!(resign(ALICE));
        assert_eq!(ComputeAssets::operator(ASSET), None);
    });
}

#[test]
fn resign_operator_should_fail_for_others_and_the_unknown() {
    run(|| {
        assert_noop!(resign(ALICE), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(resign(ALICE), Error::<Test>::NotOperator);
        appoint(ALICE, BOB, 1_000);
        assert_noop!(resign(ALICE), Error::<Test>::NotOperator);
    });
}
