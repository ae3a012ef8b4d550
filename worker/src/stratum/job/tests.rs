// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::stratum::protocol::Message;
use compute_proof::{device_key, hashrate::share_hash, Device};
use hex_literal::hex;
use primitive_types::U256;
use proptest::prelude::*;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};

fn census(challenge: Hash) -> Template {
    Template::census(&DEVICE, 3, challenge, 1_800_000_000, 1_800_000_010)
}

fn upstream(room: usize, extranonce1: &[u8]) -> Template {
    Template {
        source: Source::Upstream { id: "abc".into() },
        previous: [9; 32],
        coinbase1: [&[1, 2, 3], extranonce1].concat(),
        room,
        coinbase2: vec![4, 5],
        branches: vec![[6; 32], [7; 32]],
        version: 0x2000_0000,
        version_mask: 0,
        nbits: 0x1703_4219,
        ntime: 1_800_000_000,
        earliest: 1_800_000_000,
    }
}

/// Bitcoin's first block, which nobody here made: four bytes of its coinbase stand for the extranonces.
#[test]
fn the_first_block_of_bitcoin_is_put_together() {
    let coinbase1 = hex!(
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054
         696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f75742066
         6f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6
         49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6b"
    );
    let template = Template {
        source: Source::Idle,
        previous: [0; 32],
        coinbase1: coinbase1.to_vec(),
        room: 4,
        coinbase2: vec![0; 4],
        branches: Vec::new(),
        version: 1,
        version_mask: 0,
        nbits: 0x1d00_ffff,
        ntime: 1_231_006_505,
        earliest: 0,
    };
    let job = Job::new(JobId(1), Epoch(1), template);
    let extranonces: (&[u8], &[u8]) = (&hex!("f1"), &hex!("1d5fac"));
    let solution = job
        .solution(extranonces, 1_231_006_505, 2_083_236_893, 1)
        .unwrap();
    let mut hash = job.hash(&solution);
    hash.reverse();
    assert_eq!(
        hash,
        hex!("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
    );
    assert!(job.solution((&[1, 2, 3], &[4, 5]), 0, 0, 1).is_none());
}

#[test]
fn the_previous_block_goes_over_the_wire_with_its_words_swapped() {
    let bytes: Hash = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let swapped = swap_words(bytes);
    assert_eq!(swapped[..8], [3, 2, 1, 0, 7, 6, 5, 4]);
    assert_eq!(swap_words(swapped), bytes);
    let job = Job::new(JobId(0x1f), Epoch(0), census(bytes));
    let line = job.notify(Split::CENSUS, true).unwrap();
    let Ok(Message::Request { method, params, .. }) = Message::parse(&line) else {
        panic!("{line}");
    };
    assert_eq!(method, "mining.notify");
    assert_eq!(params[0], "1f");
    assert_eq!(params[1], hex::encode(swapped));
    assert_eq!(params[4], json!([]));
    assert_eq!(params[5], "20000000");
    assert_eq!(params[6], "1d00ffff");
    assert_eq!(params[7], format!("{:08x}", 1_800_000_010));
    assert_eq!(params[8], true);
}

#[test]
fn job_names_are_read_back_and_nothing_else_is() {
    assert_eq!(JobId::parse(&JobId(0xab).to_string()), Some(JobId(0xab)));
    for text in ["", "+1", "-1", " 1", "x", "11111111111111111"] {
        assert_eq!(JobId::parse(text), None, "{text}");
    }
}

#[test]
fn a_split_fits_every_source_whose_room_is_no_smaller() {
    for room in 3..=MAX_ROOM {
        let split = Split::within(room).unwrap();
        assert!(
            split.bytes() <= room && split.bytes() <= CENSUS_ROOM && split.extranonce2 >= 2,
            "{room}"
        );
        let job = Job::new(JobId(0), Epoch(0), upstream(room, &[1; 4]));
        assert!(job.notify(split, false).is_some());
        assert!(Job::new(JobId(0), Epoch(0), census([1; 32]))
            .notify(split, false)
            .is_some());
    }
    assert_eq!(Split::within(2), None);
    assert_eq!(Split::within(12), Some(Split::CENSUS));
    let narrow = Job::new(JobId(0), Epoch(0), upstream(4, &[1; 4]));
    assert_eq!(narrow.notify(Split::CENSUS, false), None);
}

/// What a miner computes from its `mining.notify` and its extranonces, by Stratum's rules.
fn as_a_miner(line: &str, extranonce1: &[u8], extranonce2: &[u8]) -> (Vec<u8>, Hash) {
    let Ok(Message::Request { params, .. }) = Message::parse(line) else {
        panic!("{line}");
    };
    let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
    let coinbase = [
        &bytes(&params[2])[..],
        extranonce1,
        extranonce2,
        &bytes(&params[3]),
    ]
    .concat();
    let branches: Vec<Hash> = params[4]
        .as_array()
        .unwrap()
        .iter()
        .map(|branch| bytes(branch).try_into().unwrap())
        .collect();
    let root = merkle_root(&coinbase, &branches);
    (coinbase, root)
}

proptest! {
    #[test]
    fn a_census_job_hashes_what_the_chain_hashes(
        challenge: [u8; 32], slot: [u8; 4], rolled: [u8; 8], nonce: u32, bits: u16, room in 3usize..=16,
    ) {
        let split = Split::within(room).unwrap();
        let job = Job::new(JobId(5), Epoch(1), census(challenge));
        let (e1, e2) = (&slot[..split.extranonce1], &rolled[..split.extranonce2]);
        let version = hashrate::VERSION | u32::from(bits) << 13;
        let solution = job.solution((e1, e2), 1_800_000_020, nonce, version).unwrap();
        let share = job.share(&solution).unwrap();
        prop_assert_eq!(share.version(), version);
        let key = device_key(&challenge, &DEVICE);
        let hash = U256::from_little_endian(&job.hash(&solution));
        prop_assert_eq!(share_hash(&key, &challenge, &share), hash);
        let (coinbase, _) = as_a_miner(&job.notify(split, false).unwrap(), e1, e2);
        prop_assert_eq!(coinbase, hashrate::coinbase(&key, &share.extranonce1, &share.extranonce2));
    }

    #[test]
    fn a_pools_coinbase_has_its_extranonces_in_place(
        slot: [u8; 4], rolled: [u8; 8], own in prop::collection::vec(any::<u8>(), 0..8), room in 3usize..=16,
    ) {
        let split = Split::within(room).unwrap();
        let job = Job::new(JobId(5), Epoch(1), upstream(room, &own));
        let (e1, e2) = (&slot[..split.extranonce1], &rolled[..split.extranonce2]);
        let solution = job.solution((e1, e2), 0, 0, 0).unwrap();
        prop_assert_eq!(job.extranonce(&solution).len(), room);
        let (coinbase, root) = as_a_miner(&job.notify(split, false).unwrap(), e1, e2);
        let expected = [&[1, 2, 3], &own[..], job.extranonce(&solution), &[4, 5]].concat();
        prop_assert_eq!(root, merkle_root(&coinbase, &[[6; 32], [7; 32]]));
        prop_assert_eq!(coinbase, expected);
        prop_assert!(job.share(&solution).is_none());
    }
}
