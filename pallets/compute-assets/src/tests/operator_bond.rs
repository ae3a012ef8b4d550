// SPDX-License-Identifier: Apache-2.0

use super::*;

fn slash(amount: Balance, bounty: Option<(AccountId, Balance)>) -> DispatchResult {
    let bounty = bounty.map(|(reporter, amount)| Bounty { reporter, amount });
    ComputeAssets::slash(ASSET, &ALICE, amount, bounty)
}

#[test]
fn slash_should_burn_the_rest_and_pay_the_reporter_exactly() {
    run(|| {
        register(ALICE, Some(1_000));
        let (issuance, free) = (Balances::total_issuance(), Balances::balance(&ALICE));
        events();
        assert_ok!(slash(300, Some((BOB, 30))));

        assert_eq!(bond(&ALICE), Some((700, 1_000, 0)));
        assert_eq!(bond_hold(&ALICE), 700);
        assert_eq!(Balances::balance(&ALICE), free);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 30);
        assert_eq!(Balances::total_issuance(), issuance - 270);
        assert!(!ComputeAssets::is_whole(ASSET, &ALICE));
        assert_eq!(
            events(),
            [Event::BondSlashed {
                asset: ASSET,
                bearer: ALICE,
                amount: 300,
                bounty: 30,
                reporter: Some(BOB)
            }]
        );
    });
}

#[test]
fn slash_should_burn_all_without_a_reporter() {
    run(|| {
        register(ALICE, Some(1_000));
        let issuance = Balances::total_issuance();
        assert_ok!(slash(1_000, None));
        assert_eq!(Balances::total_issuance(), issuance - 1_000);
        assert_eq!(ComputeAssets::bonded(ASSET, &ALICE), 0);
        assert_eq!(ComputeAssets::operator(ASSET), Some(ALICE));
    });
}

#[test]
fn slash_should_burn_a_bounty_that_its_reporter_can_t_take() {
    run(|| {
        register(ALICE, Some(1_000));
        let issuance = Balances::total_issuance();
        events();
        assert_ok!(slash(300, Some((NOBODY, ED - 1))));
        assert_eq!(Balances::balance(&NOBODY), 0);
        assert_eq!(Balances::total_issuance(), issuance - 300);
        assert_eq!(bond_hold(&ALICE), 700);
        assert_eq!(
            events(),
            [Event::BondSlashed {
                asset: ASSET,
                bearer: ALICE,
                amount: 300,
                bounty: 0,
                reporter: Some(NOBODY)
            }]
        );

        assert_ok!(slash(300, Some((NOBODY, ED))));
        assert_eq!(Balances::balance(&NOBODY), ED);
    });
}

#[test]
fn slash_should_take_the_whole_amount_as_bounty_and_a_reporter_who_is_the_bearer() {
    run(|| {
        register(ALICE, Some(1_000));
        let (issuance, free) = (Balances::total_issuance(), Balances::balance(&ALICE));
        assert_ok!(slash(100, Some((ALICE, 100))));
        assert_eq!(Balances::total_issuance(), issuance);
        assert_eq!(Balances::balance(&ALICE), free + 100);
        assert_eq!(bond_hold(&ALICE), 900);
    });
}

#[test]
fn slash_should_take_frozen_funds() {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    run(|| {
        register(ALICE, Some(1_000));
        Balances::set_lock(*b"a lock__", &ALICE, ENDOWMENT, WithdrawReasons::all());
        assert_ok!(slash(1_000, Some((BOB, 100))));
        assert_eq!(bond_hold(&ALICE), 0);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 100);
    });
}

#[test]
fn slash_should_leave_the_bearer_s_other_bonds() {
    run(|| {
        register(ALICE, Some(1_000));
        let second = register_with(ALICE, HardwareId([2; 32]), Some(2_000));
        assert_ok!(slash(1_000, None));
        assert_eq!(ComputeAssets::bonded(second, &ALICE), 2_000);
        assert!(ComputeAssets::is_whole(second, &ALICE));
        assert_noop!(slash(1, None), Error::<Test>::BondExceeded);
    });
}

#[test]
fn slash_should_fail_past_the_bond_past_the_bounty_and_without_a_bond() {
    run(|| {
        assert_noop!(slash(1, None), Error::<Test>::NoBond);
        register(ALICE, Some(1_000));
        assert_noop!(slash(1_001, None), Error::<Test>::BondExceeded);
        assert_noop!(slash(100, Some((BOB, 101))), Error::<Test>::BountyExceedsSlash);
        assert_noop!(ComputeAssets::slash(ASSET, &BOB, 1, None), Error::<Test>::NoBond);
    });
}

#[test]
fn slash_should_change_nothing_when_the_hold_is_short() {
    new_test_ext().execute_with(|| {
        register(ALICE, Some(1_000));
        // Can't happen; but if a hold went missing, the bounty must not be paid out of the record.
        Bonds::<Test>::mutate(ASSET, ALICE, |bond| bond.as_mut().unwrap().amount = 2_000);
        assert_noop!(slash(1_500, Some((BOB, 150))), TokenError::FundsUnavailable);
        Bonds::<Test>::mutate(ASSET, ALICE, |bond| bond.as_mut().unwrap().amount = 1_000);
        check_state();
    });
}

#[test]
fn oblige_should_only_prolong() {
    run(|| {
        register(ALICE, Some(1_000));
        for (until, expected) in [(50, 50), (40, 50), (60, 60)] {
            oblige(&ALICE, until);
            assert_eq!(bond(&ALICE), Some((1_000, 1_000, expected)));
        }
    });
}

#[test]
fn oblige_should_fail_without_a_bond() {
    run(|| {
        assert_noop!(ComputeAssets::oblige(ASSET, &ALICE, 5), Error::<Test>::NoBond);
        register(ALICE, None);
        assert_noop!(ComputeAssets::oblige(ASSET, &ALICE, 5), Error::<Test>::NoBond);
        assert!(!ComputeAssets::is_whole(ASSET, &ALICE));
        assert_eq!(ComputeAssets::bonded(ASSET, &ALICE), 0);
    });
}

#[cfg(feature = "runtime-benchmarks")]
#[test]
fn create_should_make_active_assets_with_whole_bonds() {
    run(|| {
        for kind in [AssetKind::Gpu, AssetKind::Hashrate] {
            let asset = <ComputeAssets as OperatorBond<_, _>>::create(&NOBODY, kind, 50_000).unwrap();
            assert_eq!(ComputeAssets::status(asset), Some(AssetStatus::Active));
            assert_eq!(ComputeAssets::kind(asset), Some(kind));
            assert_eq!(ComputeAssets::operator(asset), Some(NOBODY));
            assert_eq!(ComputeAssets::bonded(asset, &NOBODY), 50_000);
            assert!(ComputeAssets::is_whole(asset, &NOBODY));
        }
    });
}
