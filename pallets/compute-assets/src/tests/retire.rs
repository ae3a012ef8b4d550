// SPDX-License-Identifier: Apache-2.0

use super::*;

fn retire(who: AccountId) -> DispatchResult {
    dispatch(who, Call::retire { asset: ASSET })
}

#[test]
fn retire_should_end_the_life_and_leave_nft_bond_and_operator() {
    run(|| {
        register(ALICE, Some(1_000));
        assert_ok!(ComputeAssets::set_status(ASSET, AssetStatus::Active));
        events();
        assert_ok!(retire(ALICE));
        assert_eq!(status(), AssetStatus::Retired);
        assert_eq!(attribute(ASSET, "status").unwrap(), "retired");
        assert_eq!(ComputeAssets::owner(ASSET), Some(ALICE));
        assert_eq!(ComputeAssets::operator(ASSET), Some(ALICE));
        assert_eq!(bond_hold(&ALICE), 1_000);
        assert_eq!(
            events(),
            [Event::StatusChanged {
                asset: ASSET,
                from: AssetStatus::Active,
                to: AssetStatus::Retired
            }]
        );
        // What still vests travels with it.
        assert_ok!(send_nft(ALICE, ASSET, BOB));
    });
}

#[test]
fn retire_should_void_a_nomination() {
    run(|| {
        register(ALICE, None);
        assert_ok!(dispatch(
            ALICE,
            Call::nominate_operator {
                asset: ASSET,
                nominee: Some(BOB)
            }
        ));
        assert_ok!(retire(ALICE));
        assert_eq!(ComputeAssets::details(ASSET).unwrap().nominee, None);
    });
}

#[test]
fn retire_should_keep_the_bond_slashable() {
    run(|| {
        register(ALICE, Some(1_000));
        oblige(&ALICE, 50);
        assert_ok!(retire(ALICE));
        assert_noop!(
            dispatch(
                EVE,
                Call::release_bond {
                    asset: ASSET,
                    bearer: ALICE
                }
            ),
            Error::<Test>::BondObliged
        );
        assert_ok!(ComputeAssets::slash(ASSET, &ALICE, 1_000, None));
        assert_eq!(bond(&ALICE), Some((0, 1_000, 50)));
    });
}

#[test]
fn retire_should_fail_under_a_lien() {
    run(|| {
        register(ALICE, None);
        assert_ok!(ComputeAssets::add_lien(ASSET));
        assert_noop!(retire(ALICE), Error::<Test>::Encumbered);
        assert_ok!(ComputeAssets::remove_lien(ASSET));
        assert_ok!(retire(ALICE));
    });
}

#[test]
fn retire_should_fail_twice_for_others_and_the_unknown() {
    run(|| {
        assert_noop!(retire(ALICE), Error::<Test>::UnknownAsset);
        register(ALICE, Some(1_000));
        assert_noop!(retire(BOB), Error::<Test>::NotOwner);
        assert_ok!(retire(ALICE));
        assert_noop!(retire(ALICE), Error::<Test>::Retired);
    });
}
