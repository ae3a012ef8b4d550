// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, pallet::*};
use compute_primitives::{AssetId, Income};
use frame_support::{assert_noop, assert_ok, assert_storage_noop, sp_runtime::DispatchError};

fn touch() {
    assert_ok!(RewardDistribution::touch(RuntimeOrigin::signed(BOB), ASSET));
}

#[test]
fn releases_what_has_vested_once() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        events();
        advance(3);
        touch();
        assert_eq!(
            events(),
            [
                Event::Released {
                    asset: ASSET,
                    amount: 150
                },
                Event::HoldersCredited {
                    asset: ASSET,
                    owner: Some(ALICE),
                    amount: 150
                },
            ]
        );
        assert_storage_noop!(touch());
        assert_storage_noop!(<RewardDistribution as Income<_>>::touch(ASSET).unwrap());
        assert_eq!(pending(ALICE), 150);
        advance(VESTING);
        touch();
        assert_eq!(pending(ALICE), 1_000);
        assert!(Ledgers::<Test>::get(ASSET).unwrap().stream.is_none());
    });
}

#[test]
fn a_touch_at_every_block_releases_the_same() {
    run(|| {
        whole_asset();
        no_fees();
        // A prime, so that every block rounds.
        emit(997);
        for _ in 0..VESTING / 2 {
            advance(1);
            touch();
        }
        assert_eq!(pending(ALICE), 498);
        for _ in 0..VESTING / 2 {
            advance(1);
            touch();
        }
        assert_eq!(pending(ALICE), 997);
    });
}

#[test]
fn credits_whoever_holds_the_nft_at_that_moment() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        advance(VESTING / 4);
        touch();
        // Sold where nobody tells us: what nobody had touched goes with it.
        advance(VESTING / 4);
        Assets::set_owner(ASSET, Some(BOB));
        assert_eq!((pending(ALICE), pending(BOB)), (250, 250));
        advance(VESTING / 2);
        assert_eq!((pending(ALICE), pending(BOB)), (250, 750));
    });
}

#[test]
fn parks_what_vests_for_nobody() {
    run(|| {
        whole_asset();
        emit(1_000);
        Assets::set_owner(ASSET, None);
        advance(VESTING);
        touch();
        assert_eq!(RewardDistribution::parked(ASSET), 980);
        assert_storage_noop!(touch());
        Assets::set_owner(ASSET, Some(BOB));
        events();
        touch();
        assert_eq!(
            events(),
            [Event::HoldersCredited {
                asset: ASSET,
                owner: Some(BOB),
                amount: 980
            }]
        );
    });
}

#[test]
fn never_credits_the_vault() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        Fractions::open(ASSET, 4);
        Fractions::transfer(ASSET, ALICE, BOB, 1);
        advance(VESTING);
        touch();
        assert_eq!((pending(ALICE), pending(BOB), pending(VAULT)), (750, 250, 0));
        assert!(!Positions::<Test>::contains_key(VAULT, ASSET));
    });
}

#[test]
fn an_asset_without_income_is_nothing_to_touch() {
    run(|| {
        assert_storage_noop!(touch());
        whole_asset();
        assert_storage_noop!(touch());
        assert_storage_noop!(<RewardDistribution as Income<_>>::touch(AssetId(99)).unwrap());
    });
}

#[test]
fn needs_a_signature() {
    run(|| {
        assert_noop!(
            RewardDistribution::touch(RuntimeOrigin::none(), ASSET),
            DispatchError::BadOrigin
        );
    });
}
