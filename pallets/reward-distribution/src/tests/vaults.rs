// SPDX-License-Identifier: Apache-2.0
//! An asset that is held whole, in fractions, whole again, in fractions again.

use crate::{mock::*, pallet::*};
use compute_primitives::Income;
use frame_support::{assert_ok, traits::fungible::Inspect};

fn per_share() -> sp_core::U256 {
    Ledgers::<Test>::get(ASSET).unwrap().accumulator.per_share
}

#[test]
fn a_second_vault_owes_nothing_for_the_first() {
    run(|| {
        whole_asset();
        no_fees();
        earn(7);
        Fractions::open(ASSET, 16);
        Fractions::transfer(ASSET, ALICE, BOB, 8);
        earn(1_001);
        // Alice claims and sells everything; her position is gone, Bob's stays unclaimed.
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(ALICE), ASSET));
        assert_eq!(Balances::balance(&ALICE), ENDOWMENT + 7 + 500);
        Fractions::transfer(ASSET, ALICE, BOB, 8);
        let first = per_share();
        Fractions::close(ASSET, BOB);
        check();
        assert_eq!(pending(BOB), 500);

        // Whole: his, with the unit that two halves had left over.
        earn(100);
        assert_eq!(pending(BOB), 601);
        check();

        // In fractions again, of another supply: nobody has anything of the first vault's by his fractions.
        Fractions::open(ASSET, 1 << 20);
        Fractions::transfer(ASSET, BOB, ALICE, 1 << 19);
        assert_eq!((pending(ALICE), pending(BOB)), (0, 601));
        assert_eq!(per_share(), first);
        earn(200);
        assert!(per_share() > first);
        assert_eq!((pending(ALICE), pending(BOB)), (100, 701));
    });
}

#[test]
fn a_vault_may_close_in_the_block_in_which_it_opened() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        advance(5);
        Fractions::open(ASSET, 3);
        Fractions::close(ASSET, ALICE);
        assert_eq!(pending(ALICE), 250);
        assert_eq!(pending(VAULT), 0);
        advance(VESTING);
        assert_eq!(pending(ALICE), 1_000);
    });
}

#[test]
fn what_vested_in_the_vault_is_the_holders() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 4);
        emit(1_000);
        advance(5);
        Fractions::close(ASSET, ALICE);
        // Sold the moment it is out.
        Assets::set_owner(ASSET, Some(BOB));
        advance(VESTING);
        assert_eq!((pending(ALICE), pending(BOB)), (250, 750));
    });
}

#[test]
fn the_vault_gets_nothing_between_its_opening_and_the_first_fraction() {
    run(|| {
        whole_asset();
        no_fees();
        emit(1_000);
        advance(5);
        // The order in which a vault opens: touched, the NFT in, then the supply; touched again at any of these points.
        let touch = || <RewardDistribution as Income<_>>::touch(ASSET).unwrap();
        touch();
        Assets::set_owner(ASSET, Some(VAULT));
        touch();
        Fractions::write_supply(ASSET, Some(4));
        touch();
        assert_ok!(<RewardDistribution as Income<_>>::settle(ASSET, &ALICE, 0, 4));
        Fractions::write(ASSET, ALICE, 4);
        assert_eq!((pending(ALICE), pending(VAULT)), (250, 0));
        advance(VESTING);
        assert_eq!((pending(ALICE), pending(VAULT)), (1_000, 0));
    });
}

/// What is sold as a whole earns for its buyer, and what it earned before is still the holders', whenever they come for it.
#[test]
fn what_a_sold_asset_earned_stays_its_holders() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        Fractions::transfer(ASSET, ALICE, BOB, 3);
        Fractions::transfer(ASSET, ALICE, CHARLIE, 1);
        emit(1_000);
        advance(5);
        earn(100);

        Fractions::sell(ASSET, CHARLIE);

        // A quarter of the emission and all of the revenue, by tenths.
        assert_eq!((pending(ALICE), pending(BOB), pending(CHARLIE)), (210, 105, 35));
        check();
        advance(5);
        earn(100);
        // Charlie alone from now on.
        assert_eq!((pending(ALICE), pending(BOB), pending(CHARLIE)), (210, 105, 385));
        check();

        // One claims and is cashed out then, the other the other way round.
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(ALICE), ASSET));
        check();
        Fractions::cash_out(ASSET, BOB);
        check();
        Fractions::cash_out(ASSET, ALICE);
        check();
        assert_eq!((pending(ALICE), pending(BOB)), (0, 105));
        assert_ok!(RewardDistribution::claim(RuntimeOrigin::signed(BOB), ASSET));
        advance(VESTING);
        assert_eq!(pending(CHARLIE), 35 + 750 + 100);

        // And may be divided anew.
        Fractions::open(ASSET, 4);
        earn(8);
        assert_eq!(pending(CHARLIE), 893);
    });
}

/// A bearer's claim is not an income: who gets it after the sale has nothing of what was earned before.
#[test]
fn fractions_that_a_sale_left_over_take_no_income_with_them() {
    run(|| {
        whole_asset();
        no_fees();
        Fractions::open(ASSET, 10);
        earn(100);
        Fractions::sell(ASSET, CHARLIE);
        Fractions::transfer(ASSET, ALICE, BOB, 10);
        check();
        earn(50);
        assert_eq!((pending(ALICE), pending(BOB), pending(CHARLIE)), (100, 0, 50));
        Fractions::cash_out(ASSET, BOB);
        assert_eq!((pending(ALICE), pending(BOB), pending(CHARLIE)), (100, 0, 50));
    });
}
