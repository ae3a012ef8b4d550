// SPDX-License-Identifier: Apache-2.0
//! The one hash of the protocol: keyed BLAKE3, and the two node keys.

/// Output of the hash; also a key, a seed, a root.
pub type Hash = [u8; 32];

/// `KN = BLAKE3("ergon/node/v1")`: key of the inner nodes of a round's tree.
pub const NODE_KEY: Hash = [
    0x8b, 0xde, 0x4e, 0x3e, 0xba, 0x31, 0xa5, 0x17, 0x39, 0x41, 0xb8, 0x75, 0x13, 0x1f, 0x43, 0x2c, 0x2e,
    0xd6, 0x3f, 0xde, 0x21, 0x08, 0x95, 0x1a, 0x87, 0xda, 0xf1, 0xcb, 0x1a, 0x7b, 0x8f, 0x9b,
];

/// `KT = BLAKE3("ergon/top/v1")`: key of the inner nodes of the tree over the rounds' roots.
///
/// A key of its own, so that no node of a round's tree can pass for a node of the top tree.
pub const TOP_KEY: Hash = [
    0xaa, 0xdb, 0xf9, 0x87, 0x94, 0xac, 0x3b, 0x09, 0xcc, 0x3f, 0x63, 0xea, 0xac, 0xc5, 0xc5, 0x4f, 0xd5,
    0xbc, 0x25, 0xbb, 0x4b, 0xf0, 0x63, 0xb7, 0xa7, 0xee, 0x8d, 0xb5, 0x51, 0x8c, 0xdf, 0xb6,
];

/// `kh(K, m)`: BLAKE3 keyed hash of `message`, 32 bytes out.
///
/// Every message of the protocol is at most 64 bytes, so each call is one compression.
pub fn keyed(key: &Hash, message: &[u8]) -> Hash {
    #[cfg(test)]
    tests::CALLS.with(|calls| calls.set(calls.get() + 1));
    *blake3::keyed_hash(key, message).as_bytes()
}

/// Bytes of the longest message: one block of BLAKE3.
#[cfg(feature = "prove")]
const BLOCK: usize = 64;

/// [`keyed`] of many messages of a whole block under one key, several at a time in the machine's vectors. As many hashes are
/// written as there are both messages and places.
///
/// BLAKE3's crate has that for its own inner nodes; a keyed hash of one block is the same compression with other flags
/// (BLAKE3 paper, section 2.2).
#[cfg(feature = "prove")]
pub fn keyed_many(key: &Hash, messages: &[[u8; BLOCK]], hashes: &mut [Hash]) {
    use blake3::{
        platform::{words_from_le_bytes_32, Platform},
        IncrementCounter,
    };

    const CHUNK_START: u8 = 1 << 0;
    const CHUNK_END: u8 = 1 << 1;
    const ROOT: u8 = 1 << 3;
    const KEYED_HASH: u8 = 1 << 4;
    /// As many as the widest vectors hold.
    const AT_ONCE: usize = 16;

    let platform = Platform::detect();
    let key = words_from_le_bytes_32(key);
    for (messages, hashes) in messages.chunks(AT_ONCE).zip(hashes.chunks_mut(AT_ONCE)) {
        let mut inputs = [&[0; BLOCK]; AT_ONCE];
        let mut count = 0;
        for ((input, message), _) in inputs.iter_mut().zip(messages).zip(&*hashes) {
            *input = message;
            count += 1;
        }
        let (inputs, _) = inputs.split_at(count);
        platform.hash_many(
            inputs,
            &key,
            0,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            CHUNK_END | ROOT,
            hashes.as_flattened_mut(),
        );
    }
}

/// Parent of two nodes under a tree's node key: `kh(K, left ‖ right)`.
pub fn node(node_key: &Hash, left: &Hash, right: &Hash) -> Hash {
    keyed(node_key, [*left, *right].as_flattened())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use core::cell::Cell;

    std::thread_local! {
        /// Calls of [`keyed`] on this thread: lets a test show what was refused before any hashing.
        pub static CALLS: Cell<u64> = const { Cell::new(0) };
    }

    #[test]
    fn node_keys_are_the_hashes_of_their_names() {
        assert_eq!(NODE_KEY, *blake3::hash(b"ergon/node/v1").as_bytes());
        assert_eq!(TOP_KEY, *blake3::hash(b"ergon/top/v1").as_bytes());
    }

    #[cfg(feature = "prove")]
    #[test]
    fn many_hashes_are_those_of_each_message() {
        for count in [0, 1, 2, 7, 15, 16, 17, 63, 64, 100] {
            let messages: std::vec::Vec<[u8; 64]> = (0..count)
                .map(|index| core::array::from_fn(|at| (index * 64 + at).to_le_bytes()[0] ^ 0x5a))
                .collect();
            let mut hashes = std::vec![[0xee; 32]; count + 1];
            keyed_many(&NODE_KEY, &messages, &mut hashes);
            for (message, hash) in messages.iter().zip(&hashes) {
                assert_eq!(*hash, keyed(&NODE_KEY, message));
            }
            assert_eq!(hashes.last(), Some(&[0xee; 32]), "nothing past the last");
            let mut fewer = std::vec![[0xee; 32]; count / 2];
            keyed_many(&NODE_KEY, &messages, &mut fewer);
            assert_eq!(fewer, hashes[..count / 2]);
        }
    }

    #[test]
    fn node_is_the_hash_of_both_children_in_order() {
        let (left, right) = ([1; 32], [2; 32]);
        let mut message = [1; 64];
        message[32..].fill(2);
        assert_eq!(node(&NODE_KEY, &left, &right), keyed(&NODE_KEY, &message));
        assert_ne!(node(&NODE_KEY, &left, &right), node(&NODE_KEY, &right, &left));
        assert_ne!(node(&NODE_KEY, &left, &right), node(&TOP_KEY, &left, &right));
    }
}
