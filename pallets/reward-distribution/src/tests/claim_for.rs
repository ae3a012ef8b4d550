// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*, types::AutoClaim, Balance};
use compute_primitives::{AssetId, AssetKind, Collect};
use frame_support::{assert_noop, assert_ok, sp_runtime::DispatchError, traits::fungible::Inspect};

fn claim_for(who: AccountId) -> frame_support::pallet_prelude::DispatchResult {
    RewardDistribution::claim_for(RuntimeOrigin::signed(CHARLIE), ASSET, who)
}

#[test]
fn anyone_pushes_a_holders_income_to_it() {
    run(|| {
        whole_asset();
        earn(1_000);
        events();
        let before = Balances::balance(&CHARLIE);
        assert_ok!(claim_for(ALICE));
        assert_eq!(
            events(),
            [Event::Claimed {
                asset: ASSET,
                who: ALICE,
                amount: 980
            }]
        );
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT + 980);
        assert_eq!(Balances::balance(&CHARLIE), before);
    });
}

/// For an account that can't call, and to which nobody may push.
#[test]
fn another_pallet_collects_what_an_account_has_coming() {
    run(|| {
        whole_asset();
        earn(1_000);
        assert_eq!(RewardDistribution::collect(ASSET, &ALICE, &BOB), Ok(980));
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT);
        assert_eq!(Balances::balance(&BOB), ENDOWMENT + 980);
        // Nothing is no error.
        assert_eq!(RewardDistribution::collect(ASSET, &ALICE, &BOB), Ok(0));
        no_fees();
        earn(ED - 1);
        assert_noop!(
            RewardDistribution::collect(ASSET, &ALICE, &POOR),
            Error::<Test>::BelowExistentialDeposit
        );
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::claim_for(RuntimeOrigin::none(), ASSET, ALICE),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn fails_as_a_claim_does() {
    run(|| {
        assert_noop!(claim_for(ALICE), Error::<Test>::NothingToClaim);
        whole_asset();
        Assets::set_owner(ASSET, Some(POOR));
        no_fees();
        earn(ED - 1);
        assert_noop!(claim_for(POOR), Error::<Test>::BelowExistentialDeposit);
        Fractions::write_supply(ASSET, Some(1));
        Fractions::write(ASSET, BOB, 1);
        assert_noop!(claim_for(BOB), Error::<Test>::Unsettled);
        Fractions::write(ASSET, BOB, 0);
        Fractions::write_supply(ASSET, None);
    });
}

/// Alice's income is to be pushed from 1,000 units on, for 100.
fn alice_wants_batches() {
    whole_asset();
    no_fees();
    let terms = AutoClaim {
        threshold: 1_000,
        bounty: 100,
    };
    assert_ok!(RewardDistribution::set_auto_claim(
        RuntimeOrigin::signed(ALICE),
        Some(terms)
    ));
}

/// What an account has got since `before`.
fn got(who: AccountId, before: Balance) -> Balance {
    Balances::balance(&who) - before
}

#[test]
fn a_push_from_the_threshold_on_pays_the_bounty_out_of_it() {
    run(|| {
        alice_wants_batches();
        earn(1_000);
        let (alice, charlie) = (Balances::balance(&ALICE), Balances::balance(&CHARLIE));
        events();
        assert_ok!(claim_for(ALICE));
        assert_eq!((got(ALICE, alice), got(CHARLIE, charlie)), (900, 100));
        assert_eq!(
            events(),
            [
                Event::Pushed {
                    asset: ASSET,
                    who: ALICE,
                    caller: CHARLIE,
                    bounty: 100
                },
                Event::Claimed {
                    asset: ASSET,
                    who: ALICE,
                    amount: 1_000
                },
            ]
        );
        // The books know nothing of bounties: it was Alice's.
        assert_eq!(RewardDistribution::books(ASSET).claimed, 1_000);
        assert_eq!(RewardDistribution::owed(ASSET), 0);
    });
}

#[test]
fn the_bounty_does_not_grow_with_what_is_pending() {
    run(|| {
        alice_wants_batches();
        earn(50_000);
        let charlie = Balances::balance(&CHARLIE);
        assert_ok!(claim_for(ALICE));
        assert_eq!(got(CHARLIE, charlie), 100);
    });
}

#[test]
fn crumbs_are_not_pushed_to_whoever_wants_batches() {
    run(|| {
        alice_wants_batches();
        // One unit at a time, and just too little.
        earn(1);
        assert_noop!(claim_for(ALICE), Error::<Test>::BelowThreshold);
        earn(998);
        assert_noop!(claim_for(ALICE), Error::<Test>::BelowThreshold);
        // So nobody can keep it below the threshold for ever, and the push that was wanted comes.
        earn(1);
        assert_ok!(claim_for(ALICE));
    });
}

#[test]
fn splitting_a_claim_earns_no_second_bounty() {
    run(|| {
        alice_wants_batches();
        let (alice, charlie) = (Balances::balance(&ALICE), Balances::balance(&CHARLIE));
        earn(1_999);
        assert_ok!(claim_for(ALICE));
        // All of it left at once: another thousand must come before the next.
        assert_noop!(claim_for(ALICE), Error::<Test>::NothingToClaim);
        earn(999);
        assert_noop!(claim_for(ALICE), Error::<Test>::BelowThreshold);
        earn(1);
        assert_ok!(claim_for(ALICE));
        assert_eq!(Balances::balance(&CHARLIE), charlie - 1_999 - 1_000 + 200);
        assert_eq!(got(ALICE, alice), 1_999 + 1_000 - 200);
    });
}

#[test]
fn the_threshold_is_each_assets_own() {
    run(|| {
        alice_wants_batches();
        let other = compute_primitives::AssetId(8);
        Assets::register(other, GPU, ALICE, None);
        assert_ok!(RewardDistribution::pay_revenue(
            RuntimeOrigin::signed(CHARLIE),
            other,
            999
        ));
        earn(999);
        for asset in [ASSET, other] {
            assert_noop!(
                RewardDistribution::claim_for(RuntimeOrigin::signed(CHARLIE), asset, ALICE),
                Error::<Test>::BelowThreshold
            );
        }
    });
}

#[test]
fn who_pushes_its_own_income_gets_it_all_at_any_time() {
    run(|| {
        alice_wants_batches();
        for amount in [1, 5_000] {
            earn(amount);
            let before = Balances::balance(&ALICE);
            assert_ok!(RewardDistribution::claim_for(
                RuntimeOrigin::signed(ALICE),
                ASSET,
                ALICE
            ));
            assert_eq!(got(ALICE, before), amount);
            earn(amount);
            assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(ALICE), ASSET));
            assert_eq!(got(ALICE, before), 2 * amount);
        }
    });
}

#[test]
fn a_bounty_that_the_caller_cannot_take_stays_with_the_payee() {
    run(|| {
        whole_asset();
        no_fees();
        let terms = AutoClaim {
            threshold: THRESHOLD,
            bounty: ED - 1,
        };
        assert_ok!(RewardDistribution::set_auto_claim(
            RuntimeOrigin::signed(ALICE),
            Some(terms)
        ));
        earn(THRESHOLD);
        let before = Balances::balance(&ALICE);
        events();
        assert_ok!(RewardDistribution::claim_for(
            RuntimeOrigin::signed(POOR),
            ASSET,
            ALICE
        ));
        assert_eq!(got(ALICE, before), THRESHOLD);
        assert_eq!(Balances::balance(&POOR), 0);
        assert_eq!(
            events()[0],
            Event::Pushed {
                asset: ASSET,
                who: ALICE,
                caller: POOR,
                bounty: 0
            }
        );
        assert_eq!(RewardDistribution::books(ASSET).claimed, THRESHOLD);
    });
}

#[test]
fn terms_without_a_bounty_keep_crumbs_away_all_the_same() {
    run(|| {
        whole_asset();
        no_fees();
        let terms = AutoClaim {
            threshold: 1_000,
            bounty: 0,
        };
        assert_ok!(RewardDistribution::set_auto_claim(
            RuntimeOrigin::signed(ALICE),
            Some(terms)
        ));
        earn(999);
        assert_noop!(claim_for(ALICE), Error::<Test>::BelowThreshold);
        earn(1);
        let (alice, charlie) = (Balances::balance(&ALICE), Balances::balance(&CHARLIE));
        assert_ok!(claim_for(ALICE));
        assert_eq!((got(ALICE, alice), got(CHARLIE, charlie)), (1_000, 0));
    });
}

#[test]
fn a_payee_that_cannot_be_paid_costs_nobody_a_bounty() {
    run(|| {
        alice_wants_batches();
        Assets::set_owner(ASSET, Some(POOR));
        earn(1_000);
        // Terms that nobody could set.
        let mut standing = AutoClaims::<Test>::get(ALICE).unwrap();
        standing.terms.bounty = 991;
        AutoClaims::<Test>::insert(POOR, standing);
        // 9 of 1,000 would be left to an account that does not exist.
        assert_noop!(claim_for(POOR), Error::<Test>::BelowExistentialDeposit);
        AutoClaims::<Test>::remove(POOR);
    });
}

/// Nobody collects for the providers of another asset's pool: fractions there earn for whoever has the account.
#[test]
fn income_of_another_asset_is_pushed_into_a_pool() {
    run(|| {
        let other = AssetId(8);
        Assets::register(other, AssetKind::Gpu, ALICE, None);
        Fractions::open(other, 10);
        Fractions::transfer(other, ALICE, POOL, 5);
        no_fees();
        assert_ok!(RewardDistribution::pay_revenue(
            RuntimeOrigin::signed(CHARLIE),
            other,
            1_000
        ));
        assert_ok!(RewardDistribution::claim_for(
            RuntimeOrigin::signed(BOB),
            other,
            POOL
        ));
        assert_eq!(Balances::balance(&POOL), 500);
    });
}

#[test]
fn nothing_is_pushed_into_a_pool() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        Fractions::transfer(ASSET, ALICE, POOL, 5);
        earn(1_000);
        // Whoever trades with the pool at this moment would get what its providers earned.
        assert_noop!(claim_for(POOL), Error::<Test>::NotPushable);
        assert_eq!(pending(POOL), 500);
        // It may take it itself.
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(POOL), ASSET));
        assert_eq!(Balances::balance(&POOL), 500);
    });
}

#[test]
fn a_vaults_account_has_nothing_that_could_be_pushed() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        emit(1_000);
        advance(VESTING);
        earn(1_000);
        assert_noop!(claim_for(VAULT), Error::<Test>::NothingToClaim);
        assert_eq!(pending(ALICE), 2_000);
    });
}
