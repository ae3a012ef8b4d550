// SPDX-License-Identifier: Apache-2.0
//! A deposit, a claim and a settlement touch the same storage with one holder and with a thousand.

use crate::mock::*;
use compute_primitives::{CensusIndex, Emission, Income};
use sp_core::Blake2Hasher;

/// Distinct keys read from the backend, and keys written.
fn accesses(holders: u64, act: impl FnOnce()) -> (usize, usize) {
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        whole_asset();
        operator_fee(sp_runtime::Perbill::from_percent(10));
        Fractions::open(ASSET, 1_000_000);
        for holder in 1..holders {
            Fractions::transfer(ASSET, ALICE, 10_000 + holder, 7);
        }
        emit(1_000);
        advance(3);
        // Once through, so that income meets records that exist.
        earn(1_000);
        <RewardDistribution as Emission<_>>::draw(GPU, CensusIndex(9));
        advance(3);
        check();
        System::reset_events();
    });
    ext.commit_all().unwrap();

    let recorder = sp_trie::recorder::Recorder::<Blake2Hasher>::default();
    ext.execute_with_recorder(recorder.clone(), act);
    let reads = recorder.recorded_keys().values().map(|keys| keys.len()).sum();
    let writes = ext.overlayed_changes().changes().count();
    ext.execute_with(check);
    (reads, writes)
}

#[track_caller]
fn same(act: impl Fn()) {
    let one = accesses(1, &act);
    let thousand = accesses(1_000, &act);
    assert!(one.0 > 0 && one.1 > 0);
    assert_eq!(one, thousand);
}

#[test]
fn a_deposit() {
    same(|| <RewardDistribution as Emission<_>>::pay(ASSET, GPU, 100).unwrap());
}

#[test]
fn a_payment_of_revenue() {
    same(|| earn(500));
}

#[test]
fn a_touch() {
    same(|| <RewardDistribution as Income<_>>::touch(ASSET).unwrap());
}

#[test]
fn a_claim() {
    same(|| RewardDistribution::claim(RuntimeOrigin::signed(ALICE), ASSET).unwrap());
}

#[test]
fn a_push_for_a_bounty() {
    same(|| {
        let terms = crate::types::AutoClaim {
            threshold: THRESHOLD,
            bounty: ED,
        };
        RewardDistribution::set_auto_claim(RuntimeOrigin::signed(ALICE), Some(terms)).unwrap();
        RewardDistribution::claim_for(RuntimeOrigin::signed(BOB), ASSET, ALICE).unwrap();
    });
}

#[test]
fn a_touch_that_lets_a_page_of_the_log_fall_out() {
    same(|| {
        for _ in 0..=PAGE * PAGES {
            let next = CensusIndex(crate::pallet::Pots::<Test>::get().census().0 + 1);
            <RewardDistribution as Emission<_>>::draw(GPU, next);
            earn(100);
        }
        assert!(RewardDistribution::log_of(ASSET, CensusIndex(0), CensusIndex(99))
            .is_some_and(|log| !log.complete));
    });
}

#[test]
fn a_settled_transfer() {
    same(|| Fractions::transfer(ASSET, ALICE, BOB, 11));
}

#[test]
fn a_slash() {
    same(|| <RewardDistribution as Emission<_>>::slash_unvested(ASSET, 100, None).unwrap());
}
