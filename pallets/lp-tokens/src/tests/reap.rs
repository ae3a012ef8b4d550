// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_primitives::OnReap;

fn reap() {
    assert_ok!(LpTokens::on_reap(GPU));
    check();
}

#[test]
fn an_asset_without_a_pool_leaves_nothing() {
    run(|| {
        reap();
        assert_eq!(Pools::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_pool_of_which_nobody_has_anything_goes_at_once() {
    run(|| {
        pool();
        burn(ALICE, ALICES);
        burn(BOB, BOBS);
        Twin::earn(GPU, 5);
        provide(ALICE, 10);
        burn(ALICE, 10);
        reap();
        assert_eq!(Twin::revenue(GPU), 5);
        assert_eq!(
            (Pools::<Test>::iter().count(), Tokens::<Test>::iter().count()),
            (0, 0)
        );
    });
}

#[test]
fn a_pool_of_which_someone_has_something_goes_with_the_last_unit() {
    run(|| {
        pool();
        // Divides into thirds of units.
        provide(CAROL, 256);
        Twin::earn(GPU, 1_000);
        Twin::sell(GPU, 20);
        assert_ok!(dissolve());
        reap();
        let paid = [ALICE, BOB, CAROL].map(|who| claim(who).unwrap());
        assert_eq!(paid.iter().sum::<Balance>(), 7_000);
        assert_eq!(paid[..2], [3_499, 1_166]);
        assert_eq!(
            (Pools::<Test>::iter().count(), Tokens::<Test>::iter().count()),
            (0, 0)
        );
        assert_eq!(Balances::free_balance(LpTokens::account_id()), ED);
    });
}
