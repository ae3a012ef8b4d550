// SPDX-License-Identifier: Apache-2.0
// Where things stand: rows, tiles and swizzles. All offsets into device memory are 64 bits wide.
#pragma once
#include "platform.cuh"

// Digest of a cell: `((Y · 0x9E3779B1) mod 2^32) >> 24`.
DEVICE u32 digest(i32 y) { return ((u32)y * 0x9E3779B1u) >> 24; }

// Offset of byte `byte` of row `row` in an input of rows of `k` bytes.
DEVICE u64 row_offset(u32 row, u32 byte, u32 k) { return (u64)row * k + byte; }

// Bytes of k in a row of a tile of the tiled input: one line of the swizzle.
#define LINE 128

// Offset in the tiled input: tiles of `height` rows by 128 bytes, those of the same rows in order of k; inside a tile the
// 16-byte chunks of a row are exchanged as wgmma's 128-byte swizzle has it. A tile is copied to shared memory as it is.
DEVICE u64 tile_offset(u32 row, u32 byte, u32 k, u32 height) {
    const u64 tile = (u64)(row / height) * (k / LINE) + byte / LINE;
    const u32 chunk = (byte / 16 % 8) ^ (row % 8);
    return tile * height * LINE + (row % height) * LINE + chunk * 16 + byte % 16;
}

// Offset in a tile of rows of 64 bytes in shared memory. Chunks are exchanged so that eight rows' equal chunks lie in
// different banks: two rows fill a line of the banks, and four pairs differ by the exchange.
DEVICE u32 narrow_offset(u32 row, u32 chunk) { return row * 64 + ((chunk ^ (row / 2 % 4)) * 16); }

// The tile of a product that block `block` computes, of `down` times `across` tiles. At most `together` rows of tiles are
// walked together, column by column, so that blocks that run at the same time share their inputs in the cache.
struct Place {
    u32 down;
    u32 across;
};
DEVICE Place place_of(u32 block, u32 down, u32 across, u32 together) {
    if (together > down) together = down;
    const u32 strip = block / (together * across);
    const u32 within = block % (together * across);
    return {strip * together + within % together, within / together};
}
