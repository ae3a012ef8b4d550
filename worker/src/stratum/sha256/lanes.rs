// SPDX-License-Identifier: Apache-2.0
//! Several nonces side by side, in arrays that the compiler turns into vectors.

use super::{Head, DIGEST_BITS, END, INITIAL, ROUNDS, STEP};

/// Lanes.
const N: usize = 8;

/// One word of every lane.
type Words = [u32; N];

#[inline(always)]
fn each(of: impl Fn(usize) -> u32) -> Words {
    std::array::from_fn(of)
}

#[inline(always)]
fn add<const L: usize>(a: [u32; L], b: [u32; L]) -> [u32; L] {
    std::array::from_fn(|lane| a[lane].wrapping_add(b[lane]))
}

#[inline(always)]
fn xor_rotated<const L: usize>(a: [u32; L], turns: [u32; 3]) -> [u32; L] {
    std::array::from_fn(|lane| {
        let word = a[lane];
        word.rotate_right(turns[0]) ^ word.rotate_right(turns[1]) ^ word.rotate_right(turns[2])
    })
}

#[inline(always)]
fn xor_shifted<const L: usize>(a: [u32; L], turns: [u32; 2], shift: u32) -> [u32; L] {
    std::array::from_fn(|lane| {
        let word = a[lane];
        word.rotate_right(turns[0]) ^ word.rotate_right(turns[1]) ^ (word >> shift)
    })
}

/// SHA-256's compression, in every lane.
#[inline(always)]
fn compress<const L: usize>(state: &mut [[u32; L]; 8], mut w: [[u32; L]; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (round, constant) in ROUNDS.into_iter().enumerate() {
        let at = round % 16;
        if round >= 16 {
            let small1 = xor_shifted(w[(at + 14) % 16], [17, 19], 10);
            let small0 = xor_shifted(w[(at + 1) % 16], [7, 18], 3);
            w[at] = add(add(w[at], small0), add(w[(at + 9) % 16], small1));
        }
        let choice: [u32; L] = std::array::from_fn(|lane| g[lane] ^ (e[lane] & (f[lane] ^ g[lane])));
        let majority: [u32; L] =
            std::array::from_fn(|lane| (a[lane] & b[lane]) | (c[lane] & (a[lane] | b[lane])));
        let first = add(
            add(h, xor_rotated(e, [6, 11, 25])),
            add(choice, add(w[at], [constant; L])),
        );
        let second = add(xor_rotated(a, [2, 13, 22]), majority);
        (h, g, f, e, d, c, b, a) = (g, f, e, add(d, first), c, b, a, add(first, second));
    }
    for (word, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = add(*word, new);
    }
}

/// SHA-256's compression of one block.
pub fn compress_one(state: &mut [u32; 8], block: [u32; 16]) {
    let mut lanes = state.map(|word| [word]);
    compress(&mut lanes, block.map(|word| [word]));
    *state = lanes.map(|[word]| word);
}

#[inline(always)]
fn scan_lanes(head: &Head, mut nonce: u32, batches: u32, highest: u32, found: &mut dyn FnMut(u32)) {
    let block = head.block().map(|word| [word; N]);
    let midstate = head.midstate.map(|word| [word; N]);
    let numbers: Words = [0, 1, 2, 3, 4, 5, 6, 7];
    for _ in 0..batches {
        let mut first = block;
        // The header has the nonce's lowest byte first, SHA-256 reads words the other way round.
        first[3] = each(|lane| nonce.wrapping_add(numbers[lane]).swap_bytes());
        let mut digest = midstate;
        compress(&mut digest, first);
        let [a, b, c, d, e, f, g, h] = digest;
        let zero = [0; N];
        let (end, bits) = ([END; N], [DIGEST_BITS; N]);
        let second = [
            a, b, c, d, e, f, g, h, end, zero, zero, zero, zero, zero, zero, bits,
        ];
        let mut digest = INITIAL.map(|word| [word; N]);
        compress(&mut digest, second);
        for (word, number) in digest[7].into_iter().zip(numbers) {
            if word.swap_bytes() <= highest {
                found(nonce.wrapping_add(number));
            }
        }
        nonce = nonce.wrapping_add(STEP);
    }
}

/// See [`Engine::scan`](super::Engine::scan).
pub fn scan(head: &Head, nonce: u32, batches: u32, highest: u32, found: &mut dyn FnMut(u32)) {
    scan_lanes(head, nonce, batches, highest, found);
}

/// The same, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub fn scan_avx2(head: &Head, nonce: u32, batches: u32, highest: u32, found: &mut dyn FnMut(u32)) {
    scan_lanes(head, nonce, batches, highest, found);
}
