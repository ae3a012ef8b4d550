// SPDX-License-Identifier: Apache-2.0

use super::*;
use proptest::prelude::*;

fn share(nonce: u32) -> Share {
    Share {
        extranonce1: [0; 4],
        extranonce2: [0; 8],
        ntime: 0,
        nonce,
        version_bits: 0,
    }
}

#[test]
fn fewer_than_enough_stand_for_nothing() {
    let mut best = Best::default();
    for nonce in 1..SHARES {
        assert!(best.offer(nonce.into(), share(nonce)));
    }
    assert_eq!((best.largest(), best.hashes()), (None, None));
    assert!(best.offer(SHARES.into(), share(SHARES)));
    assert_eq!(best.largest(), Some(SHARES.into()));
}

#[test]
fn what_is_older_than_the_opening_is_dropped() {
    let mut best = Best::default();
    for nonce in 1..=SHARES {
        let share = Share {
            ntime: 100 + nonce % 2,
            ..share(nonce)
        };
        best.offer(nonce.into(), share);
    }
    assert!(!best.not_before(100));
    assert!(best.not_before(101));
    assert_eq!(best.len(), CAPACITY / 2);
    assert!(best.shares().iter().all(|share| share.ntime == 101));
    assert_eq!(best.largest(), None);
}

proptest! {
    #[test]
    fn the_smallest_are_kept_once_each_in_order(hashes in prop::collection::vec(0u32..500, 0..400)) {
        let mut best = Best::default();
        for hash in &hashes {
            best.offer((*hash).into(), share(*hash));
            prop_assert!(best.len() <= CAPACITY);
        }
        let mut expected = hashes;
        expected.sort_unstable();
        expected.dedup();
        expected.truncate(CAPACITY);
        let kept: Vec<_> = best.shares().iter().map(|share| share.nonce).collect();
        prop_assert_eq!(kept, expected);
    }
}
