// SPDX-License-Identifier: Apache-2.0
// All of a round but the product: seed, inputs, digests of a stored product, tree.
#include "blake3.cuh"
#include "chacha.cuh"
#include "layout.cuh"

// seed_t = kh(D, LE32(t) ‖ 0^28 ‖ root_{t-2}). One thread.
KERNEL(32, 1) seed(const u32 *d, u32 round, const u32 *previous_root, u32 *out) {
    if (threadIdx.x != 0) return;
    u32 key[8], message[16], hash[8];
    UNROLL for (int i = 0; i < 8; i++) {
        key[i] = d[i];
        message[i] = i == 0 ? round : 0;
        message[i + 8] = previous_root[i];
    }
    keyed_hash(key, message, hash);
    UNROLL for (int i = 0; i < 8; i++) out[i] = hash[i];
}

// Both inputs of a round, `rows` rows of `k` bytes each. A thread writes one block of key stream: the first
// rows · k / 64 threads those of A, the others those of B. A height of 0 means plain rows, any other tiles of so many.
KERNEL(256, 4) inputs(const u32 *seed, u8 *a, u8 *b, u32 rows, u32 k, u32 height_a, u32 height_b) {
    const u32 per_row = k / 64;
    u32 index = blockIdx.x * 256 + threadIdx.x;
    // At most 2^24 blocks.
    if (index >= 2 * rows * per_row) return;
    const bool is_b = index >= rows * per_row;
    if (is_b) index -= rows * per_row;
    const u32 row = index / per_row, block = index % per_row;
    u32 key[8], words[16];
    UNROLL for (int i = 0; i < 8; i++) key[i] = seed[i];
    chacha8(key, block, row, is_b ? 0x42 : 0x41, 0, words);
    u8 *const to = is_b ? b : a;
    const u32 height = is_b ? height_b : height_a;
    UNROLL for (u32 i = 0; i < 4; i++) {
        const u32 byte = block * 64 + i * 16;
        const u64 at = height == 0 ? row_offset(row, byte, k) : tile_offset(row, byte, k, height);
        *(Quad *)(to + at) = Quad{{words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]}};
    }
}

// Digests of a product that lies in memory: 16 cells a thread.
KERNEL(256, 4) digests(const i32 *product, u8 *out) {
    const u64 first = ((u64)blockIdx.x * 256 + threadIdx.x) * 16;
    Quad bytes;
    UNROLL for (int i = 0; i < 4; i++) {
        const Quad cells = *(const Quad *)(product + first + 4 * i);
        u32 word = 0;
        UNROLL for (int j = 0; j < 4; j++) word |= digest((i32)cells.word[j]) << (8 * j);
        bytes.word[i] = word;
    }
    *(Quad *)(out + first) = bytes;
}

// Of the nodes that threads 0 .. `width`-1 hold, a power of two, thread 0 gets the root.
DEVICE void reduce(u32 (&node)[8], u32 width) {
    SHARED_MEMORY(memory);
    u32 *const nodes = (u32 *)memory;
    for (; width > 1; width /= 2) {
        if (threadIdx.x < width) {
            UNROLL for (int i = 0; i < 8; i++) nodes[threadIdx.x * 8 + i] = node[i];
        }
        __syncthreads();
        if (threadIdx.x < width / 2) {
            u32 left[8], right[8];
            UNROLL for (int i = 0; i < 8; i++) {
                left[i] = nodes[threadIdx.x * 16 + i];
                right[i] = nodes[threadIdx.x * 16 + 8 + i];
            }
            parent(left, right, node);
        }
        __syncthreads();
    }
}

DEVICE void load(const u32 *from, u32 (&to)[8]) {
    UNROLL for (int i = 0; i < 8; i++) to[i] = from[i];
}

// The leaves of a round up to one node for each `per_block` of them, a power of two, 2 to 512. Leaf l is the digests
// 64·l .. 64·l+63 in row-major order, as rows are whole leaves.
KERNEL(256, 4) leaves(const u32 *seed, const u8 *digests, u32 *nodes, u32 per_block) {
    u32 node[8];
    if (threadIdx.x < per_block / 2) {
        u32 key[8], pair[2][8];
        load(seed, key);
        const u64 first = (u64)blockIdx.x * per_block + 2 * threadIdx.x;
        for (int side = 0; side < 2; side++) {
            u32 message[16];
            UNROLL for (int i = 0; i < 4; i++) {
                const Quad quad = *(const Quad *)(digests + (first + side) * 64 + 16 * i);
                UNROLL for (int j = 0; j < 4; j++) message[4 * i + j] = quad.word[j];
            }
            u32 hash[8];
            keyed_hash(key, message, hash);
            UNROLL for (int i = 0; i < 8; i++) {
                if (side == 0) pair[0][i] = hash[i];
                else pair[1][i] = hash[i];
            }
        }
        parent(pair[0], pair[1], node);
    }
    reduce(node, per_block / 2);
    if (threadIdx.x == 0) {
        UNROLL for (int i = 0; i < 8; i++) nodes[(u64)blockIdx.x * 8 + i] = node[i];
    }
}

// The same from nodes.
KERNEL(256, 4) nodes(const u32 *below, u32 *above, u32 per_block) {
    u32 node[8];
    if (threadIdx.x < per_block / 2) {
        u32 left[8], right[8];
        const u64 first = (u64)blockIdx.x * per_block + 2 * threadIdx.x;
        load(below + first * 8, left);
        load(below + first * 8 + 8, right);
        parent(left, right, node);
    }
    reduce(node, per_block / 2);
    if (threadIdx.x == 0) {
        UNROLL for (int i = 0; i < 8; i++) above[(u64)blockIdx.x * 8 + i] = node[i];
    }
}
