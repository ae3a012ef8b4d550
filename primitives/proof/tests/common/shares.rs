// SPDX-License-Identifier: Apache-2.0
//! The test vector of hashrate: what is in `vectors/hashrate.json`, made by the miner in plain loops.

use codec::Encode;
use compute_proof::{
    device_key,
    hashrate::{coinbase, estimate, header, sha256d, share_hash},
    prove::mine,
    Device,
};
use primitive_types::U256;
use serde_json::{json, Value};

/// Name of the file, without `.json`.
pub const NAME: &str = "hashrate";

/// The 64 smallest of so many hashes.
const HASHES: u32 = 10_000;

/// As it is shown: like an integer, the largest digit first.
fn number(hash: U256) -> String {
    hex::encode(hash.to_big_endian())
}

/// All of it, anew.
pub fn compute() -> Value {
    let device = Device {
        asset: 7,
        prover: [0xaa; 32],
    };
    let mut challenge = [0; 32];
    for (byte, value) in challenge.iter_mut().zip(0..) {
        *byte = value;
    }
    let opening: u32 = 1_800_000_000;
    let key = device_key(&challenge, &device);
    let mut shares = mine(&device, &challenge, opening + 30, HASHES);
    // One of other extranonces, another time and a rolled version, which none of the others is.
    let first = shares.first_mut().expect("64 shares");
    let smallest = share_hash(&key, &challenge, first);
    for nonce in 0.. {
        let rolled = compute_proof::hashrate::Share {
            extranonce1: [0xde, 0xad, 0xbe, 0xef],
            extranonce2: [1, 2, 3, 4, 5, 6, 7, 8],
            ntime: opening + 7_200,
            nonce,
            version_bits: 0x8001,
        };
        if share_hash(&key, &challenge, &rolled) < smallest {
            *first = rolled;
            break;
        }
    }
    let shown: Vec<Value> = shares
        .iter()
        .map(|share| {
            let coinbase = coinbase(&key, &share.extranonce1, &share.extranonce2);
            let merkle_root = sha256d(&coinbase);
            json!({
                "extranonce1": hex::encode(share.extranonce1),
                "extranonce2": hex::encode(share.extranonce2),
                "ntime": share.ntime,
                "nonce": share.nonce,
                "version_bits": share.version_bits,
                "coinbase": hex::encode(coinbase),
                "header": hex::encode(header(&challenge, &merkle_root, share)),
                "hash": number(share_hash(&key, &challenge, share)),
            })
        })
        .collect();
    let largest = shares
        .last()
        .map(|share| share_hash(&key, &challenge, share))
        .expect("64 shares");
    json!({
        "asset": device.asset.to_string(),
        "prover": hex::encode(device.prover),
        "challenge": hex::encode(challenge),
        "d": hex::encode(key),
        "opening": opening,
        "now": opening + 60,
        "shares": shown,
        "hashes": estimate(largest).expect("fewer than 2^128").to_string(),
        "payload": hex::encode(shares.encode()),
    })
}
