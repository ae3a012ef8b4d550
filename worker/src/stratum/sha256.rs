// SPDX-License-Identifier: Apache-2.0
//! SHA-256d of headers that differ in their nonce alone: what a miner does all day.
//!
//! The first 64 bytes of a header are compressed once; a nonce then takes two compressions, that of the last 16 bytes and that of
//! the digest. Of the result only the highest word is looked at here.

mod lanes;
#[cfg(target_arch = "x86_64")]
mod sha_ni;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    hint::black_box,
    time::{Duration, Instant},
};

/// SHA-256's initial state.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256's round constants.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// A one behind the message, and its length in bits: that of a header, and that of a digest.
const END: u32 = 0x8000_0000;
const HEADER_BITS: u32 = 640;
const DIGEST_BITS: u32 = 256;

/// Nonces that all engines take at once: a batch is a multiple of it.
pub const STEP: u32 = 8;

/// A way to hash on this kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The SHA extensions of x86, two nonces at a time.
    ShaNi,
    /// Eight nonces at a time in AVX2's lanes.
    Avx2,
    /// Eight nonces at a time in plain arrays, on any machine.
    Portable,
}

impl Engine {
    /// All, the likely fastest first.
    pub const ALL: [Self; 3] = [Self::ShaNi, Self::Avx2, Self::Portable];

    /// Those that this machine has the instructions for.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|engine| engine.is_available())
    }

    /// The fastest that this machine has and that hashes Bitcoin's first block right.
    pub fn fastest() -> Self {
        Self::available()
            .filter(|engine| engine.is_right())
            .max_by_key(|engine| engine.hashes_per_second(Duration::from_millis(5)))
            .unwrap_or(Self::Portable)
    }

    /// Whether this machine has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi => {
                is_x86_feature_detected!("sha")
                    && is_x86_feature_detected!("sse4.1")
                    && is_x86_feature_detected!("ssse3")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::ShaNi | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShaNi => "cpu-sha-ni",
            Self::Avx2 => "cpu-avx2",
            Self::Portable => "cpu-portable",
        }
    }

    /// Hashes `8 · batches` headers, from `nonce` on and around; calls `found` with each nonce whose hash has at most `highest` in its four highest
    /// bytes. In plain arrays, if this machine lacks the instructions.
    pub fn scan(self, head: &Head, nonce: u32, batches: u32, highest: u32, found: &mut dyn FnMut(u32)) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the machine has the instructions.
            Self::ShaNi if self.is_available() => unsafe {
                sha_ni::scan(head, nonce, batches, highest, found);
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 if self.is_available() => unsafe {
                lanes::scan_avx2(head, nonce, batches, highest, found);
            },
            _ => lanes::scan(head, nonce, batches, highest, found),
        }
    }

    /// Whether it finds the nonce of Bitcoin's first block, and no other beside it.
    fn is_right(self) -> bool {
        let mut found = Vec::new();
        let begin = GENESIS_NONCE & !(STEP - 1);
        self.scan(&GENESIS, begin, 1, 0, &mut |nonce| found.push(nonce));
        found == [GENESIS_NONCE]
    }

    /// Hashes a second of one thread, measured for so long.
    pub fn hashes_per_second(self, time: Duration) -> u64 {
        let begun = Instant::now();
        let mut nonce = 0u32;
        let mut hashes = 0u64;
        while begun.elapsed() < time {
            self.scan(&GENESIS, nonce, 1_024, 0, &mut |nonce| {
                black_box(nonce);
            });
            nonce = nonce.wrapping_add(1_024 * STEP);
            hashes += u64::from(1_024 * STEP);
        }
        per_second(hashes, begun.elapsed())
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn per_second(count: u64, time: Duration) -> u64 {
    let per_second = u128::from(count) * 1_000_000_000 / time.as_nanos().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

/// Hashes a second of one thread with the crate `sha2`, its state after the first 64 bytes kept too: the yardstick.
pub fn sha2_per_second(time: Duration) -> u64 {
    use sha2::{Digest, Sha256};
    let first = Sha256::new_with_prefix([7; 64]);
    let mut last = [7; 16];
    let begun = Instant::now();
    let mut nonce = 0u32;
    while begun.elapsed() < time {
        for _ in 0..8_192 {
            last[12..].copy_from_slice(&nonce.to_le_bytes());
            let digest = first.clone().chain_update(last).finalize();
            black_box(Sha256::digest(digest));
            nonce = nonce.wrapping_add(1);
        }
    }
    per_second(nonce.into(), begun.elapsed())
}

/// A header without its nonce, ready to be scanned.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The state after the first 64 bytes.
    midstate: [u32; 8],
    /// The three words between these and the nonce.
    last: [u32; 3],
}

/// Bitcoin's first block, with the midstate that the test computes.
const GENESIS: Head = Head {
    midstate: [
        0xbc90_9a33,
        0x6358_bff0,
        0x90cc_ac7d,
        0x1e59_caa8,
        0xc3c8_d8e9,
        0x4f01_03c8,
        0x96b1_8736,
        0x4719_f91b,
    ],
    last: [0x4b1e_5e4a, 0x29ab_5f49, 0xffff_001d],
};
const GENESIS_NONCE: u32 = 0x7c2b_ac1d;

impl Head {
    /// Of a header; its nonce is ignored.
    pub fn new(header: &[u8; 80]) -> Self {
        let mut words = [0; 20];
        for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        let [first @ .., a, b, c, _] = words;
        let mut midstate = INITIAL;
        lanes::compress_one(&mut midstate, first);
        Self {
            midstate,
            last: [a, b, c],
        }
    }

    /// The last block's words, but for the nonce in the fourth.
    fn block(&self) -> [u32; 16] {
        let [a, b, c] = self.last;
        [a, b, c, 0, END, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HEADER_BITS]
    }
}
