// SPDX-License-Identifier: Apache-2.0
//! Every call touches the same storage with one more provider and with a thousand more.

use super::*;
use sp_core::Blake2Hasher;

/// Distinct keys read from the backend, and keys written.
fn accesses(others: u32, prepare: impl FnOnce(), act: impl FnOnce()) -> (usize, usize) {
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        pool();
        for other in 0..others {
            let mut id = [0xee; 32];
            id[..4].copy_from_slice(&other.to_le_bytes());
            assert_ok!(LpTokens::mint_into(LP, &AccountId::new(id), 7));
        }
        Twin::earn(GPU, 1_000_000);
        prepare();
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
fn same(prepare: impl Fn(), act: impl Fn()) {
    let one = accesses(1, &prepare, &act);
    let thousand = accesses(1_000, &prepare, &act);
    assert!(one.0 > 0 && one.1 > 0);
    assert_eq!(one, thousand);
}

#[test]
fn minting_and_burning() {
    same(
        || (),
        || {
            assert_ok!(LpTokens::mint_into(LP, &CAROL, 5));
        },
    );
    same(
        || (),
        || {
            let (expendable, exact) = (Preservation::Expendable, Precision::Exact);
            assert_ok!(LpTokens::burn_from(
                LP,
                &BOB,
                5,
                expendable,
                exact,
                Fortitude::Polite
            ));
        },
    );
}

#[test]
fn calls() {
    same(
        || (),
        || {
            assert_ok!(LpTokens::transfer(RuntimeOrigin::signed(ALICE), GPU, BOB, 5));
        },
    );
    same(
        || (),
        || {
            assert_ok!(LpTokens::claim(RuntimeOrigin::signed(ALICE), GPU));
        },
    );
    same(
        || Twin::sell(GPU, 20),
        || {
            assert_ok!(LpTokens::dissolve(RuntimeOrigin::signed(ALICE), GPU));
        },
    );
}
