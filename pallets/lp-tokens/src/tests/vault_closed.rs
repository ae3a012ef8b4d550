// SPDX-License-Identifier: Apache-2.0
//! A sale dissolves the pool.

use super::*;
use compute_primitives::OnVaultClosed;

fn close() {
    assert_ok!(LpTokens::on_vault_closed(GPU));
    check();
}

#[test]
fn the_pool_of_a_sold_asset_is_dissolved() {
    run(|| {
        pool();
        Twin::sell(GPU, 20);
        close();
        assert_eq!((claim(ALICE), claim(BOB)), (Ok(4_500), Ok(1_500)));
        assert_noop!(dissolve(), Error::NothingToDissolve);
    });
}

#[test]
fn an_asset_that_is_whole_again_keeps_its_pool() {
    run(|| {
        pool();
        let before = Pools::<Test>::get(GPU);
        close();
        assert_eq!(Pools::<Test>::get(GPU), before);
    });
}

#[test]
fn without_a_pool_or_anything_in_it_there_is_nothing_to_do() {
    run(|| {
        Twin::sell(GPU, 20);
        close();
        assert_eq!(Pools::<Test>::get(GPU), None);
        Twin::renew(GPU);

        assert_ok!(create(GPU, LP));
        Twin::sell(GPU, 20);
        System::reset_events();
        close();
        assert_eq!(System::events(), []);
    });
}

/// No pool keeps an asset from being sold.
#[test]
fn what_fails_is_told_and_can_be_tried_again() {
    run(|| {
        pool();
        Twin::earn(GPU, 40);
        Twin::sell(GPU, 20);
        Twin::get_stuck();
        let before = Pools::<Test>::get(GPU);
        close();
        assert_eq!(Pools::<Test>::get(GPU), before);
        assert_eq!(
            last_event(),
            Event::DissolutionFailed {
                asset: GPU,
                error: DispatchError::Unavailable
            }
        );
        twin::Stuck::<Test>::kill();
        assert_ok!(dissolve());
    });
}
