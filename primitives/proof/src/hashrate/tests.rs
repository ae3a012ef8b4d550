// SPDX-License-Identifier: Apache-2.0

use super::*;
use hex_literal::hex;

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xaa; 32],
};
const CHALLENGE: Hash = [3; 32];
const OPENING: u32 = 1_800_000_000;
const TIMES: RangeInclusive<u32> = OPENING..=OPENING + 60;

fn share(nonce: u32) -> Share {
    Share {
        extranonce1: [1, 2, 3, 4],
        extranonce2: [5, 6, 7, 8, 9, 10, 11, 12],
        ntime: OPENING + 1,
        nonce,
        version_bits: 0xabcd,
    }
}

fn hash_of(share: &Share) -> U256 {
    share_hash(&device_key(&CHALLENGE, &DEVICE), &CHALLENGE, share)
}

/// The smallest of `hashes` hashes, in increasing order.
fn mine(hashes: u32) -> Vec<Share> {
    let mut all: Vec<_> = (0..hashes)
        .map(|nonce| (hash_of(&share(nonce)), share(nonce)))
        .collect();
    all.sort_by_key(|(hash, _)| *hash);
    all.into_iter().map(|(_, share)| share).take(64).collect()
}

fn check(shares: &[Share]) -> Result<u128, SharesError> {
    verify(&DEVICE, &CHALLENGE, &TIMES, shares)
}

/// Bitcoin's first block, which nobody here made.
#[test]
fn sha256d_of_the_genesis_block_is_its_hash() {
    let header = hex!(
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc8
         1bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
    );
    let mut hash = sha256d(&header);
    hash.reverse();
    assert_eq!(
        hash,
        hex!("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
    );
}

#[test]
fn a_share_takes_22_bytes() {
    assert_eq!(Share::max_encoded_len(), 22);
    assert_eq!(share(1).encode().len(), 22);
}

/// As a reader of Bitcoin's transactions takes it apart.
#[test]
fn the_coinbase_is_a_well_formed_transaction() {
    let coinbase = coinbase(&[0xdd; 32], &[1, 2, 3, 4], &[5; 8]);
    let mut left = &coinbase[..];
    let mut take = |count: usize| {
        let (taken, rest) = left.split_at(count);
        left = rest;
        taken
    };
    assert_eq!(take(4), [1, 0, 0, 0], "version");
    assert_eq!(take(1), [1], "inputs");
    assert_eq!(take(32), [0; 32], "transaction of the input");
    assert_eq!(take(4), [0xff; 4], "its index");
    let script = usize::from(take(1)[0]);
    assert!((2..=100).contains(&script), "a coinbase's script");
    let script = take(script);
    assert_eq!(&script[..4], b"ERGN");
    assert_eq!(script[4..36], [0xdd; 32]);
    assert_eq!(script[36..], [1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5]);
    assert_eq!(take(4), [0xff; 4], "sequence");
    assert_eq!(take(1), [1], "outputs");
    assert_eq!(take(8), [0; 8], "value");
    assert_eq!(take(1), [1], "length of its script");
    assert_eq!(take(1), [0x6a], "OP_RETURN");
    assert_eq!(take(4), [0; 4], "lock time");
    assert_eq!(left, [0; 0]);
}

#[test]
fn the_parts_around_the_extranonces_make_the_coinbase() {
    let key = device_key(&CHALLENGE, &DEVICE);
    let (prefix, suffix) = coinbase_parts(&key);
    let joined = [&prefix[..], &[1, 2, 3, 4], &[5; 8], &suffix[..]].concat();
    assert_eq!(joined, coinbase(&key, &[1, 2, 3, 4], &[5; 8]));
}

#[test]
fn the_header_has_every_field_in_its_place() {
    let header = header(&[0xcc; 32], &[0xee; 32], &share(0x0102_0304));
    // 0x20000000 | 0xabcd << 13
    assert_eq!(header[..4], 0x3579_a000u32.to_le_bytes());
    assert_eq!(header[4..36], [0xcc; 32]);
    assert_eq!(header[36..68], [0xee; 32]);
    assert_eq!(header[68..72], (OPENING + 1).to_le_bytes());
    assert_eq!(header[72..76], [0xff, 0xff, 0, 0x1d]);
    assert_eq!(header[76..], [4, 3, 2, 1]);
    assert_eq!(VERSION | VERSION_MASK, share(0).version() | VERSION_MASK);
}

#[test]
fn the_smallest_hashes_show_about_how_many_there_were() {
    let shares = mine(20_000);
    let hashes = check(&shares).unwrap();
    assert_eq!(Some(hashes), estimate(hash_of(&shares[63])));
    // Four standard errors.
    assert!(hashes.abs_diff(20_000) < 20_000 / 2, "{hashes}");
}

#[test]
fn not_exactly_so_many_shares_are_no_proof() {
    let shares = mine(2_000);
    let more = [&shares[..], &[share(5_000)]].concat();
    for shares in [&shares[..63], &more, &[]] {
        assert_eq!(check(shares), Err(SharesError::Count));
    }
}

#[test]
fn shares_out_of_order_or_twice_are_no_proof() {
    let shares = mine(2_000);
    let mut swapped = shares.clone();
    swapped.swap(10, 11);
    assert_eq!(check(&swapped), Err(SharesError::Order(11)));
    let mut twice = shares.clone();
    twice[1] = twice[0];
    assert_eq!(check(&twice), Err(SharesError::Order(1)));
}

#[test]
fn shares_of_another_time_are_no_proof() {
    let mut shares = mine(2_000);
    for ntime in [TIMES.start() - 1, TIMES.end() + 1] {
        shares[63].ntime = ntime;
        assert_eq!(check(&shares), Err(SharesError::Time(63)));
    }
    assert!(verify(&DEVICE, &CHALLENGE, &(OPENING + 1..=OPENING + 1), &mine(2_000)).is_ok());
}

/// They are not even refused as such: their hashes are others, and no longer the smallest in order.
#[test]
fn shares_of_another_device_or_census_are_no_proof() {
    let shares = mine(2_000);
    for (device, challenge) in [
        (Device { asset: 8, ..DEVICE }, CHALLENGE),
        (
            Device {
                prover: [0xab; 32],
                ..DEVICE
            },
            CHALLENGE,
        ),
        (DEVICE, [4; 32]),
    ] {
        let refused = verify(&device, &challenge, &TIMES, &shares);
        assert!(matches!(refused, Err(SharesError::Order(_))), "{refused:?}");
    }
}

/// Any field changed makes another hash.
#[test]
fn every_field_of_a_share_counts() {
    let original = share(7);
    let changed = [
        Share {
            extranonce1: [0; 4],
            ..original
        },
        Share {
            extranonce2: [0; 8],
            ..original
        },
        Share {
            ntime: OPENING,
            ..original
        },
        Share { nonce: 8, ..original },
        Share {
            version_bits: 0,
            ..original
        },
    ];
    for share in changed {
        assert_ne!(hash_of(&share), hash_of(&original));
    }
}

#[test]
fn to_withhold_a_share_lowers_the_estimate() {
    let shares = mine(20_000);
    let all = check(&shares).unwrap();
    let mut more: Vec<_> = (0..20_000).map(share).collect();
    more.sort_by_key(hash_of);
    for withheld in [0, 30, 63] {
        let mut left = more.clone();
        left.remove(withheld);
        assert!(check(&left[..64]).unwrap() < all);
    }
}

#[test]
fn the_estimate_is_exact_and_bounded() {
    assert_eq!(estimate(U256::zero()), None);
    assert_eq!(estimate(U256::MAX), Some(63));
    assert_eq!(estimate(U256::one() << 255), Some(126));
    // Rounded down: 63 · 2^256 / (2^136 · 5) = 12.6 · 2^120
    assert_eq!(estimate(U256::from(5) << 136), Some((63 << 120) / 5));
    assert_eq!(estimate(U256::from(63) << 128), None);
    assert_eq!(estimate((U256::from(63) << 128) + 1), Some(u128::MAX));
}

#[test]
fn errors_name_the_share() {
    let texts = [
        (SharesError::Count, "a proof has 64 shares"),
        (
            SharesError::Time(2),
            "the time of share 2 is not within the census",
        ),
        (
            SharesError::Order(2),
            "the hash of share 2 is not above the one before",
        ),
        (
            SharesError::Overflow,
            "the shares stand for more hashes than can be counted",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}
