// SPDX-License-Identifier: Apache-2.0

use super::*;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};
const CHALLENGE: Hash = [3; 32];

fn best(of: &Device, shares: u32) -> Best {
    let key = device_key(&CHALLENGE, of);
    let mut best = Best::default();
    for nonce in 0..shares {
        let share = Share {
            extranonce1: [1; 4],
            extranonce2: [2; 8],
            ntime: 5,
            nonce,
            version_bits: 6,
        };
        best.offer(share_hash(&key, &CHALLENGE, &share), share);
    }
    best
}

#[test]
fn shares_come_back_as_they_were_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), DEVICE).unwrap();
    assert!(store.load(1, &CHALLENGE).unwrap().is_empty());
    for count in [3, 200] {
        let best = best(&DEVICE, count);
        store.save(1, &CHALLENGE, &best).unwrap();
        let again = Store::new(folder.path(), DEVICE)
            .unwrap()
            .load(1, &CHALLENGE)
            .unwrap();
        assert_eq!((again.shares(), again.largest()), (best.shares(), best.largest()));
    }
    assert!(store.load(1, &[4; 32]).unwrap().is_empty());
}

#[test]
fn a_damaged_file_yields_nothing_better_than_was_mined() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), DEVICE).unwrap();
    let best = best(&DEVICE, 10_000);
    store.save(1, &CHALLENGE, &best).unwrap();
    let path = store.path(1, &CHALLENGE);
    let good = fs::read(&path).unwrap();
    assert_eq!(good.len() as u64, MAX_BYTES - 2);
    for at in [0, 1, 5, 700, 1_400] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let found = store.load(1, &CHALLENGE).unwrap();
        assert!(found
            .largest()
            .is_none_or(|largest| Some(largest) >= best.largest()));
        fs::write(&path, &good[..at]).unwrap();
        assert!(store.load(1, &CHALLENGE).unwrap().is_empty());
    }
    fs::write(&path, vec![0xff; 1 << 20]).unwrap();
    assert!(store.load(1, &CHALLENGE).unwrap().is_empty());
}

#[test]
fn forget_deletes_earlier_censuses_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), DEVICE).unwrap();
    for census in 1..=4 {
        store.save(census, &CHALLENGE, &best(&DEVICE, 2)).unwrap();
    }
    fs::write(store.folder.join("0000000004-x.part"), b"half").unwrap();
    store.forget(3).unwrap();
    let left = [1, 2, 3, 4].map(|census| store.load(census, &CHALLENGE).unwrap().len());
    assert_eq!(left, [0, 0, 2, 2]);
    assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 2);
}
