// SPDX-License-Identifier: Apache-2.0
// Keyed BLAKE3 of messages of exactly 64 bytes: one compression, the only hash of the protocol that a card computes.
#pragma once
#include "platform.cuh"

DEVICE u32 rotate_right(u32 x, u32 by) { return (x >> by) | (x << (32 - by)); }

DEVICE void blake3_mix(u32 &a, u32 &b, u32 &c, u32 &d, u32 x, u32 y) {
    a += b + x, d = rotate_right(d ^ a, 16);
    c += d, b = rotate_right(b ^ c, 12);
    a += b + y, d = rotate_right(d ^ a, 8);
    c += d, b = rotate_right(b ^ c, 7);
}

// `kh(key, message)`; all words are little-endian.
DEVICE void keyed_hash(const u32 (&key)[8], const u32 (&message)[16], u32 (&out)[8]) {
    // One chunk that is the root, of a keyed hash: CHUNK_START | CHUNK_END | ROOT | KEYED_HASH.
    const u32 flags = 1 | 2 | 8 | 16;
    u32 v[16] = {key[0],     key[1],     key[2],     key[3],     key[4], key[5], key[6], key[7],
                 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0,      0,      64,     flags};
    u32 m[16];
    UNROLL for (int i = 0; i < 16; i++) m[i] = message[i];
    UNROLL for (int round = 0; round < 7; round++) {
        blake3_mix(v[0], v[4], v[8], v[12], m[0], m[1]);
        blake3_mix(v[1], v[5], v[9], v[13], m[2], m[3]);
        blake3_mix(v[2], v[6], v[10], v[14], m[4], m[5]);
        blake3_mix(v[3], v[7], v[11], v[15], m[6], m[7]);
        blake3_mix(v[0], v[5], v[10], v[15], m[8], m[9]);
        blake3_mix(v[1], v[6], v[11], v[12], m[10], m[11]);
        blake3_mix(v[2], v[7], v[8], v[13], m[12], m[13]);
        blake3_mix(v[3], v[4], v[9], v[14], m[14], m[15]);
        const u32 next[16] = {m[2],  m[6], m[3],  m[10], m[7],  m[0],  m[4], m[13],
                              m[1],  m[11], m[12], m[5], m[9],  m[14], m[15], m[8]};
        UNROLL for (int i = 0; i < 16; i++) m[i] = next[i];
    }
    UNROLL for (int i = 0; i < 8; i++) out[i] = v[i] ^ v[i + 8];
}

// Parent of two nodes of a round's tree: `kh(KN, left ‖ right)`.
DEVICE void parent(const u32 (&left)[8], const u32 (&right)[8], u32 (&out)[8]) {
    // BLAKE3("ergon/node/v1").
    const u32 key[8] = {0x3e4ede8b, 0x17a531ba, 0x75b84139, 0x2c431f13,
                        0xde3fd62e, 0x1a950821, 0xcbf1da87, 0x9b8f7b1a};
    u32 message[16];
    UNROLL for (int i = 0; i < 8; i++) message[i] = left[i], message[i + 8] = right[i];
    keyed_hash(key, message, out);
}
