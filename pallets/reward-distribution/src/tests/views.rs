// SPDX-License-Identifier: Apache-2.0

use crate::mock::*;
use compute_primitives::{
    api::{Books, PendingReward},
    AssetId,
};
use frame_support::{assert_ok, traits::fungible::Inspect};

#[test]
fn pending_is_what_a_claim_pays() {
    run(|| {
        whole_asset();
        operator_fee(sp_runtime::Perbill::from_percent(7));
        // Never touched: the owner sees what has vested all the same.
        emit(1_237);
        advance(7);
        for who in [ALICE, OPERATOR] {
            let before = Balances::balance(&who);
            let amount = pending(who);
            assert!(amount > 0);
            assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(who), ASSET));
            assert_eq!(Balances::balance(&who), before + amount);
            assert_eq!(pending(who), 0);
        }
        assert_eq!(pending(BOB), 0);
        assert_eq!(RewardDistribution::pending(AssetId(99), ALICE), 0);
    });
}

#[test]
fn pending_rewards_lists_every_asset_of_an_account() {
    run(|| {
        no_fees();
        for (id, amount) in [(1, 100), (2, 0), (3, 300)] {
            Assets::register(AssetId(id), GPU, ALICE, None);
            Fractions::open(AssetId(id), 10);
            Fractions::transfer(AssetId(id), ALICE, BOB, 5);
            if amount > 0 {
                assert_ok!(RewardDistribution::pay_revenue(
                    RuntimeOrigin::signed(CHARLIE),
                    AssetId(id),
                    amount
                ));
            }
        }
        let mut rewards = RewardDistribution::pending_rewards(BOB);
        rewards.sort_by_key(|reward| reward.asset);
        assert_eq!(
            rewards,
            [
                PendingReward {
                    asset: AssetId(1),
                    amount: 50
                },
                PendingReward {
                    asset: AssetId(3),
                    amount: 150
                },
            ]
        );
        assert_eq!(RewardDistribution::pending_rewards(CHARLIE), []);
    });
}

#[test]
fn the_books_balance_as_they_are_shown() {
    run(|| {
        whole_asset();
        assert_eq!(RewardDistribution::books(ASSET), Books::default());
        operator_fee(sp_runtime::Perbill::from_percent(10));
        Fractions::open(ASSET, 7);
        Fractions::transfer(ASSET, ALICE, BOB, 3);
        emit(1_000);
        advance(9);
        earn(100);
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        advance(2);
        let books = RewardDistribution::books(ASSET);
        assert_eq!((books.emitted, books.revenue), (1_000, 100));
        assert_eq!(
            books.emitted + books.revenue,
            books.claimed
                + books.protocol_fee
                + books.slashed
                + RewardDistribution::owed(ASSET)
                + RewardDistribution::unvested(ASSET)
                + RewardDistribution::releasable(ASSET)
                + RewardDistribution::parked(ASSET)
        );
        assert_eq!(RewardDistribution::unvested(ASSET), 450);
        assert_eq!(RewardDistribution::releasable(ASSET), 100);
        assert_eq!(RewardDistribution::max_supply(), MAX_SUPPLY);
    });
}
