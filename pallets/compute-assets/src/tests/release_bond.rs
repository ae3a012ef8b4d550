// SPDX-License-Identifier: Apache-2.0

use super::*;

fn release(bearer: AccountId) -> DispatchResult {
    dispatch(EVE, Call::release_bond { asset: ASSET, bearer })
}

#[test]
fn release_bond_should_return_a_former_operator_s_bond_after_its_obligation() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        appoint(ALICE, BOB, 1_000);
        System::set_block_number(50);
        assert_noop!(release(ALICE), Error::<Test>::BondObliged);
        next_block();
        events();
        assert_ok!(release(ALICE));
        assert_eq!((bond(&ALICE), bond_hold(&ALICE)), (None, 0));
        assert_eq!(bond_hold(&BOB), 1_000);
        assert_eq!(
            events(),
            [Event::BondReleased {
                asset: ASSET,
                bearer: ALICE,
                amount: 1_000
            }]
        );
    });
}

#[test]
fn release_bond_should_return_what_a_slash_left() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        assert_ok!(dispatch(ALICE, Call::resign_operator { asset: ASSET }));
        assert_ok!(ComputeAssets::slash(ASSET, &ALICE, 1_000, None));
        System::set_block_number(51);
        assert_ok!(release(ALICE));
        assert_eq!((bond(&ALICE), bond_hold(&ALICE)), (None, 0));
    });
}

#[test]
fn release_bond_should_return_the_operator_s_bond_in_retirement() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        System::set_block_number(51);
        assert_noop!(release(ALICE), Error::<Test>::BearerInOffice);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_ok!(release(ALICE));
        assert_eq!(bond_hold(&ALICE), 0);
        // It stays named: its fee of what still vests is its own.
        assert_eq!(ComputeAssets::operator(ASSET), Some(ALICE));
    });
}

#[test]
fn release_bond_should_fail_for_the_unknown() {
    run(|| {
        assert_noop!(release(ALICE), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(release(ALICE), Error::<Test>::NoBond);
    });
}
