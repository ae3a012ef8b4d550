// SPDX-License-Identifier: Apache-2.0
//! The SHA extensions of x86. Two nonces are interleaved: one round's latency is then the other one's time to compute.
//!
//! The instructions keep a state in two registers: A, B, E, F and C, D, G, H, the first named in the highest lane.

use super::{Head, DIGEST_BITS, END, INITIAL, ROUNDS, STEP};
use std::arch::x86_64::*;

/// Nonces at a time.
const N: usize = 2;

/// A state as the instructions want it.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

#[target_feature(enable = "sse4.1,ssse3,sha")]
#[inline]
fn words(of: [u32; 4]) -> __m128i {
    let [a, b, c, d] = of.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

impl State {
    #[target_feature(enable = "sse4.1,ssse3,sha")]
    #[inline]
    fn new([a, b, c, d, e, f, g, h]: [u32; 8]) -> Self {
        Self {
            abef: words([f, e, b, a]),
            cdgh: words([h, g, d, c]),
        }
    }

    /// The words A to D and E to H, the first in the lowest lane: as a message has them.
    #[target_feature(enable = "sse4.1,ssse3,sha")]
    #[inline]
    fn to_message(self) -> (__m128i, __m128i) {
        let feba = _mm_shuffle_epi32::<0x1b>(self.abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(self.cdgh);
        // In lanes from the lowest: abef shuffled is A, B, E, F; cdgh shuffled is G, H, C, D.
        (
            _mm_blend_epi16::<0xf0>(feba, dchg),
            _mm_alignr_epi8::<8>(dchg, feba),
        )
    }
}

/// Four rounds with the message words `$m0`, and the words that follow in sixteen rounds' time put into their place.
macro_rules! four_rounds {
    ($states:ident, $messages:ident, $group:literal, $m0:literal, $m1:literal, $m2:literal, $m3:literal) => {
        let [a, b, c, d] = [0, 1, 2, 3].map(|round| ROUNDS[4 * $group + round]);
        let constants = words([a, b, c, d]);
        for (state, message) in $states.iter_mut().zip($messages.iter_mut()) {
            let sums = _mm_add_epi32(message[$m0], constants);
            state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sums);
            state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32::<0x0e>(sums));
            if $group < 12 {
                let next = _mm_sha256msg1_epu32(message[$m0], message[$m1]);
                let next = _mm_add_epi32(next, _mm_alignr_epi8::<4>(message[$m3], message[$m2]));
                message[$m0] = _mm_sha256msg2_epu32(next, message[$m3]);
            }
        }
    };
}

/// SHA-256's compression, of two messages.
#[target_feature(enable = "sse4.1,ssse3,sha")]
#[inline]
fn compress(before: [State; N], mut messages: [[__m128i; 4]; N]) -> [State; N] {
    let mut states = before;
    four_rounds!(states, messages, 0, 0, 1, 2, 3);
    four_rounds!(states, messages, 1, 1, 2, 3, 0);
    four_rounds!(states, messages, 2, 2, 3, 0, 1);
    four_rounds!(states, messages, 3, 3, 0, 1, 2);
    four_rounds!(states, messages, 4, 0, 1, 2, 3);
    four_rounds!(states, messages, 5, 1, 2, 3, 0);
    four_rounds!(states, messages, 6, 2, 3, 0, 1);
    four_rounds!(states, messages, 7, 3, 0, 1, 2);
    four_rounds!(states, messages, 8, 0, 1, 2, 3);
    four_rounds!(states, messages, 9, 1, 2, 3, 0);
    four_rounds!(states, messages, 10, 2, 3, 0, 1);
    four_rounds!(states, messages, 11, 3, 0, 1, 2);
    four_rounds!(states, messages, 12, 0, 1, 2, 3);
    four_rounds!(states, messages, 13, 1, 2, 3, 0);
    four_rounds!(states, messages, 14, 2, 3, 0, 1);
    four_rounds!(states, messages, 15, 3, 0, 1, 2);
    for (state, before) in states.iter_mut().zip(before) {
        state.abef = _mm_add_epi32(state.abef, before.abef);
        state.cdgh = _mm_add_epi32(state.cdgh, before.cdgh);
    }
    states
}

/// See [`Engine::scan`](super::Engine::scan).
#[target_feature(enable = "sse4.1,ssse3,sha")]
pub fn scan(head: &Head, begin: u32, batches: u32, highest: u32, found: &mut dyn FnMut(u32)) {
    let midstate = State::new(head.midstate);
    let initial = State::new(INITIAL);
    let [a, b, c, _, fourth @ .., bits] = head.block();
    let [m1, m2] = [0, 4].map(|at| words([fourth[at], fourth[at + 1], fourth[at + 2], fourth[at + 3]]));
    let m3 = words([fourth[8], fourth[9], fourth[10], bits]);
    let ends = [words([END, 0, 0, 0]), words([0, 0, 0, DIGEST_BITS])];
    let mut nonce = begin;
    for _ in 0..batches {
        for _ in 0..STEP / 2 {
            let nonces = [nonce, nonce.wrapping_add(1)];
            let messages = nonces.map(|nonce| [words([a, b, c, nonce.swap_bytes()]), m1, m2, m3]);
            let digests = compress([midstate; N], messages);
            let messages = digests.map(|digest| {
                let (first, second) = digest.to_message();
                [first, second, ends[0], ends[1]]
            });
            let digests = compress([initial; N], messages);
            for (nonce, digest) in nonces.into_iter().zip(digests) {
                let word = _mm_cvtsi128_si32(digest.cdgh).cast_unsigned();
                if word.swap_bytes() <= highest {
                    found(nonce);
                }
            }
            nonce = nonce.wrapping_add(2);
        }
    }
}
