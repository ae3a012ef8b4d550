// SPDX-License-Identifier: Apache-2.0
// ChaCha8 with RFC 7539's layout of the state: the key stream that fills the inputs of a round.
#pragma once
#include "platform.cuh"

DEVICE u32 rotate_left(u32 x, u32 by) { return (x << by) | (x >> (32 - by)); }

DEVICE void chacha_quarter(u32 &a, u32 &b, u32 &c, u32 &d) {
    a += b, d = rotate_left(d ^ a, 16);
    c += d, b = rotate_left(b ^ c, 12);
    a += b, d = rotate_left(d ^ a, 8);
    c += d, b = rotate_left(b ^ c, 7);
}

// Block `counter` of the stream of `key` and a nonce of three words.
DEVICE void chacha8(const u32 (&key)[8], u32 counter, u32 nonce0, u32 nonce1, u32 nonce2, u32 (&out)[16]) {
    const u32 start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1], key[2], key[3],
                           key[4],     key[5],     key[6],     key[7],     counter, nonce0, nonce1, nonce2};
    UNROLL for (int i = 0; i < 16; i++) out[i] = start[i];
    UNROLL for (int pair = 0; pair < 4; pair++) {
        chacha_quarter(out[0], out[4], out[8], out[12]);
        chacha_quarter(out[1], out[5], out[9], out[13]);
        chacha_quarter(out[2], out[6], out[10], out[14]);
        chacha_quarter(out[3], out[7], out[11], out[15]);
        chacha_quarter(out[0], out[5], out[10], out[15]);
        chacha_quarter(out[1], out[6], out[11], out[12]);
        chacha_quarter(out[2], out[7], out[8], out[13]);
        chacha_quarter(out[3], out[4], out[9], out[14]);
    }
    UNROLL for (int i = 0; i < 16; i++) out[i] += start[i];
}
