// SPDX-License-Identifier: Apache-2.0

use super::*;

fn accept(who: AccountId, bond: Balance) -> DispatchResult {
    dispatch(who, Call::accept_operator { asset: ASSET, bond })
}

fn nominate(nominee: AccountId) {
    assert_ok!(dispatch(
        ALICE,
        Call::nominate_operator {
            asset: ASSET,
            nominee: Some(nominee)
        }
    ));
}

#[test]
fn accept_operator_should_take_office_under_a_bond() {
    run(|| {
        register(ALICE, None);
        nominate(BOB);
        events();
        assert_ok!(accept(BOB, 2_000));

        assert_eq!(ComputeAssets::operator(ASSET), Some(BOB));
        assert_eq!(bond_hold(&BOB), 2_000);
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, None);
        assert_eq!(
            events(),
            [
                Event::BondIncreased {
                    asset: ASSET,
                    bearer: BOB,
                    added: 2_000,
                    amount: 2_000,
                    pledged: 2_000
                },
                Event::OperatorChanged {
                    asset: ASSET,
                    from: None,
                    to: Some(BOB)
                },
            ]
        );
    });
}

#[test]
fn accept_operator_should_free_a_predecessor_without_obligations_at_once() {
    run(|| {
        register(ALICE, Some(1_000));
        nominate(BOB);
        events();
        assert_ok!(accept(BOB, 1_000));
        assert_eq!((bond(&ALICE), bond_hold(&ALICE)), (None, 0));
        assert_eq!(
            events()[0],
            Event::BondReleased {
                asset: ASSET,
                bearer: ALICE,
                amount: 1_000
            }
        );
    });
}

#[test]
fn accept_operator_should_keep_the_predecessor_s_bond_while_it_is_obliged() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        appoint(ALICE, BOB, 1_000);
        assert_eq!(bond(&ALICE), Some((1_000, 1_000, 50)));
        // It can still be slashed.
        assert_ok!(ComputeAssets::slash(ASSET, &ALICE, 400, None));
        assert_eq!(bond_hold(&ALICE), 600);
        assert_eq!(bond_hold(&BOB), 1_000);
    });
}

#[test]
fn accept_operator_should_merge_with_the_bond_of_the_same_person() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        appoint(ALICE, BOB, 1_000);
        appoint(ALICE, ALICE, 200);
        assert_eq!(bond(&ALICE), Some((1_200, 1_200, 50)));
        assert_eq!(bond_hold(&ALICE), 1_200);
        assert_eq!(bond(&BOB), None);

        // What is there already counts towards the minimum, so nothing need be added.
        oblige(&ALICE, 60);
        appoint(ALICE, BOB, 1_000);
        appoint(ALICE, ALICE, 0);
        assert_eq!(bond(&ALICE), Some((1_200, 1_200, 60)));
    });
}

#[test]
fn accept_operator_should_not_make_a_slashed_bond_whole_by_coming_back() {
    run(|| {
        register(ALICE, Some(2_000));
        oblige(&ALICE, 50);
        assert_ok!(ComputeAssets::slash(ASSET, &ALICE, 1_500, None));
        appoint(ALICE, BOB, 1_000);

        nominate(ALICE);
        assert_noop!(accept(ALICE, 499), Error::<Test>::BondTooLow);
        assert_ok!(accept(ALICE, 500));
        assert_eq!(bond(&ALICE), Some((1_000, 2_000, 50)));
        assert!(!ComputeAssets::is_whole(ASSET, &ALICE));
        assert_ok!(dispatch(
            ALICE,
            Call::bond_extra {
                asset: ASSET,
                amount: 1_000
            }
        ));
        assert!(ComputeAssets::is_whole(ASSET, &ALICE));
    });
}

#[test]
fn accept_operator_should_fail_once_the_asset_has_changed_hands() {
    run(|| {
        register(ALICE, None);
        nominate(CAROL);
        assert_ok!(send_nft(ALICE, ASSET, BOB));
        assert_noop!(accept(CAROL, MINIMUM_BOND), Error::<Test>::NominationLapsed);
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, None);

        // The buyer may name the same account.
        assert_ok!(dispatch(
            BOB,
            Call::nominate_operator {
                asset: ASSET,
                nominee: Some(CAROL)
            }
        ));
        assert_ok!(accept(CAROL, MINIMUM_BOND));
    });
}

#[test]
fn accept_operator_should_fail_for_the_unknown_the_unnamed_and_the_retired() {
    run(|| {
        assert_noop!(accept(BOB, MINIMUM_BOND), Error::<Test>::UnknownAsset);
        register(ALICE, None);
        assert_noop!(accept(BOB, MINIMUM_BOND), Error::<Test>::NotNominated);
        nominate(BOB);
        assert_noop!(accept(CAROL, MINIMUM_BOND), Error::<Test>::NotNominated);
        assert_ok!(dispatch(ALICE, Call::retire { asset: ASSET }));
        assert_noop!(accept(BOB, MINIMUM_BOND), Error::<Test>::Retired);
    });
}

#[test]
fn accept_operator_should_fail_below_the_minimum_and_without_the_funds() {
    run(|| {
        register(ALICE, None);
        nominate(BOB);
        assert_noop!(accept(BOB, MINIMUM_BOND - 1), Error::<Test>::BondTooLow);
        assert_noop!(accept(BOB, ENDOWMENT), TokenError::FundsUnavailable);
        assert_noop!(accept(BOB, Balance::MAX), TokenError::FundsUnavailable);
        assert_ok!(accept(BOB, MINIMUM_BOND));
    });
}

#[test]
fn accept_operator_should_fail_past_the_bound_of_bearers_until_one_is_released() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 20);
        appoint(ALICE, BOB, 1_000);
        oblige(&BOB, 30);
        appoint(ALICE, CAROL, 1_000);
        oblige(&CAROL, 30);

        nominate(DAVE);
        assert_noop!(accept(DAVE, 1_000), Error::<Test>::TooManyBearers);
        // Those who have a bond already may come back.
        nominate(ALICE);
        assert_ok!(accept(ALICE, 0));

        // No exit is blocked meanwhile.
        assert_ok!(dispatch(ALICE, Call::resign_operator { asset: ASSET }));
        System::set_block_number(21);
        assert_ok!(dispatch(
            EVE,
            Call::release_bond {
                asset: ASSET,
                bearer: ALICE
            }
        ));
        nominate(DAVE);
        assert_ok!(accept(DAVE, 1_000));
        assert_eq!(Assets::<Test>::get(ASSET).unwrap().bearers, MAX_BEARERS);
    });
}

#[test]
fn accept_operator_should_fit_when_the_predecessor_s_place_becomes_free() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 20);
        appoint(ALICE, BOB, 1_000);
        oblige(&BOB, 30);
        appoint(ALICE, CAROL, 1_000);
        appoint(ALICE, DAVE, 1_000);
        assert_eq!(bond(&CAROL), None);
        assert_eq!(ComputeAssets::operator(ASSET), Some(DAVE));
    });
}
