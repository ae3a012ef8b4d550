// SPDX-License-Identifier: Apache-2.0
// The product by mma.sync, its digests taken in the epilogue: no product is ever stored. sm_80 and later.
#include "layout.cuh"
#include "warp.cuh"

// Bytes of k in a stage of the pipeline.
#define DEPTH 64
// Bytes between rows of digests in shared memory beyond the row's own, so that the rows of a warp lie in different banks.
#define PADDING 16

// Sums in int32 on int8.
template <int DOWN, int ACROSS> struct Integers {
    i32 sums[DOWN][ACROSS][4];

    DEVICE void clear() {
        UNROLL for (int i = 0; i < DOWN; i++)
            UNROLL for (int j = 0; j < ACROSS; j++)
                UNROLL for (int c = 0; c < 4; c++) sums[i][j][c] = 0;
    }
    // What is multiplied: four registers of a row tile of A, two of a column tile of B.
    struct Left {
        u32 word[4];
    };
    struct Right {
        u32 word[2];
    };
    static DEVICE void take(const u32 (&a)[4], Left &left) {
        UNROLL for (int r = 0; r < 4; r++) left.word[r] = a[r];
    }
    static DEVICE void take(u32 b0, u32 b1, Right &right) { right.word[0] = b0, right.word[1] = b1; }
    DEVICE void multiply(int i, int j, const Left &left, const Right &right) {
        multiply_s8(sums[i][j], left.word, right.word[0], right.word[1]);
    }
    DEVICE void stage_done(u32) {}
};

// Sums in float32 on float16, for cards that have little int8: int8 is exact in float16, and a sum of 512 products stays
// within 2^23, where float32 is exact even if the hardware keeps no guard bits. Then it is added to an int32.
template <int DOWN, int ACROSS> struct Floats {
    i32 sums[DOWN][ACROSS][4];
    float parts[DOWN][ACROSS][4];

    DEVICE void clear() {
        UNROLL for (int i = 0; i < DOWN; i++)
            UNROLL for (int j = 0; j < ACROSS; j++)
                UNROLL for (int c = 0; c < 4; c++) sums[i][j][c] = 0, parts[i][j][c] = 0;
    }
    // A register of int8 holds k = 4t .. 4t+3 of a row, where the instruction wants 2t, 2t+1 in one and 2t+8, 2t+9 in another:
    // its halves will do, as A's and B's are taken in the same order, which a dot product does not mind.
    struct Left {
        u32 low[4], high[4];
    };
    struct Right {
        u32 low[2], high[2];
    };
    static DEVICE void take(const u32 (&a)[4], Left &left) {
        UNROLL for (int r = 0; r < 4; r++) to_halves(a[r], left.low[r], left.high[r]);
    }
    static DEVICE void take(u32 b0, u32 b1, Right &right) {
        to_halves(b0, right.low[0], right.high[0]);
        to_halves(b1, right.low[1], right.high[1]);
    }
    DEVICE void multiply(int i, int j, const Left &a, const Right &b) {
        multiply_f16(parts[i][j], a.low[0], a.low[1], a.high[0], a.high[1], b.low[0], b.high[0]);
        multiply_f16(parts[i][j], a.low[2], a.low[3], a.high[2], a.high[3], b.low[1], b.high[1]);
    }
    DEVICE void stage_done(u32 stage) {
        if (stage % (512 / DEPTH) != 512 / DEPTH - 1) return;
        multiply_finish();
        UNROLL for (int i = 0; i < DOWN; i++)
            UNROLL for (int j = 0; j < ACROSS; j++)
                UNROLL for (int c = 0; c < 4; c++) {
                    sums[i][j][c] += to_int(parts[i][j][c]);
                    parts[i][j][c] = 0;
                }
    }
    DEVICE void flush() {
        multiply_finish();
        UNROLL for (int i = 0; i < DOWN; i++)
            UNROLL for (int j = 0; j < ACROSS; j++)
                UNROLL for (int c = 0; c < 4; c++) sums[i][j][c] += to_int(parts[i][j][c]);
    }
};

// One tile of HEIGHT × WIDTH cells a block; a warp computes WARP_HEIGHT × WARP_WIDTH of them. Rows of plain inputs.
template <template <int, int> class SUMS, int HEIGHT, int WIDTH, int WARP_HEIGHT, int WARP_WIDTH, int STAGES>
struct Tiled {
    static constexpr int WARPS_ACROSS = WIDTH / WARP_WIDTH;
    static constexpr int THREADS = HEIGHT / WARP_HEIGHT * WARPS_ACROSS * 32;
    static constexpr int STAGE = (HEIGHT + WIDTH) * DEPTH;
    static constexpr int STRIDE = WIDTH + PADDING;
    static constexpr int DOWN = WARP_HEIGHT / 16, ACROSS = WARP_WIDTH / 8;
    static_assert(HEIGHT * STRIDE <= STAGES * STAGE, "the digests take the place of the stages");

    // Starts the copy of one stage: HEIGHT rows of A, then WIDTH of B.
    static DEVICE void fetch(u8 *stage, const u8 *a, const u8 *b, Place place, u32 k, u32 depth) {
        UNROLL for (u32 i = 0; i < (HEIGHT + WIDTH) * 4 / THREADS; i++) {
            const u32 at = i * THREADS + threadIdx.x, row = at / 4, chunk = at % 4;
            const u32 byte = depth * DEPTH + chunk * 16;
            const u8 *const from = row < HEIGHT
                                       ? a + row_offset(place.down * HEIGHT + row, byte, k)
                                       : b + row_offset(place.across * WIDTH + row - HEIGHT, byte, k);
            copy_async(stage + narrow_offset(row, chunk), from);
        }
    }

    static DEVICE void product(const u8 *a, const u8 *b, u8 *out, u32 rows, u32 k) {
        SHARED_MEMORY(memory);
        const Place place = place_of(blockIdx.x, rows / HEIGHT, rows / WIDTH, 8);
        const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        const u32 first_row = warp / WARPS_ACROSS * WARP_HEIGHT, first_column = warp % WARPS_ACROSS * WARP_WIDTH;
        SUMS<DOWN, ACROSS> cells;
        cells.clear();

        const u32 stages = k / DEPTH;
        UNROLL for (u32 i = 0; i < STAGES - 1; i++) {
            if (i < stages) fetch(memory + i * STAGE, a, b, place, k, i);
            copy_commit();
        }
        for (u32 i = 0; i < stages; i++) {
            copy_wait<STAGES - 2>();
            // Now stage i is here for every thread, and every thread is done with stage i-1, whose place is filled anew.
            __syncthreads();
            const u32 ahead = i + STAGES - 1;
            if (ahead < stages) fetch(memory + ahead % STAGES * STAGE, a, b, place, k, ahead);
            copy_commit();
            const u8 *const stage = memory + i % STAGES * STAGE;
            UNROLL for (u32 half = 0; half < DEPTH / 32; half++) {
                typename SUMS<DOWN, ACROSS>::Left left[DOWN];
                typename SUMS<DOWN, ACROSS>::Right right[ACROSS];
                u32 words[4];
                // Rows 0-7 and 8-15 of the first 16 bytes, then of the second: the order of the registers of A.
                UNROLL for (u32 d = 0; d < DOWN; d++) {
                    load_matrices(words, stage, [=](u32 from) {
                        return narrow_offset(first_row + d * 16 + from % 16, half * 2 + from / 16);
                    });
                    cells.take(words, left[d]);
                }
                // Both chunks of rows 0-7 of B, then of rows 8-15: two registers for each of two neighbouring tiles.
                UNROLL for (u32 c = 0; c < ACROSS; c += 2) {
                    load_matrices(words, stage, [=](u32 from) {
                        return narrow_offset(HEIGHT + first_column + c * 8 + from % 8 + from / 16 * 8,
                                             half * 2 + from / 8 % 2);
                    });
                    cells.take(words[0], words[1], right[c]);
                    cells.take(words[2], words[3], right[c + 1]);
                }
                UNROLL for (int d = 0; d < DOWN; d++)
                    UNROLL for (int c = 0; c < ACROSS; c++) cells.multiply(d, c, left[d], right[c]);
            }
            cells.stage_done(i);
        }
        finish(cells, stages);
        copy_wait<0>();
        __syncthreads();

        // A lane holds two neighbouring cells of row lane / 4 of each 16 × 8, and two of eight rows below.
        UNROLL for (u32 d = 0; d < DOWN; d++)
            UNROLL for (u32 c = 0; c < ACROSS; c++)
                UNROLL for (u32 lower = 0; lower < 2; lower++) {
                    const i32(&sums)[4] = cells.sums[d][c];
                    const u32 pair = digest(sums[2 * lower]) | digest(sums[2 * lower + 1]) << 8;
                    const u32 row = first_row + d * 16 + lower * 8 + lane / 4;
                    const u32 column = first_column + c * 8 + lane % 4 * 2;
                    *(unsigned short *)(memory + row * STRIDE + column) = (unsigned short)pair;
                }
        __syncthreads();
        for (u32 at = threadIdx.x; at < HEIGHT * WIDTH / 16; at += THREADS) {
            const u32 row = at / (WIDTH / 16), column = at % (WIDTH / 16) * 16;
            const u64 to = row_offset(place.down * HEIGHT + row, place.across * WIDTH + column, rows);
            *(Quad *)(out + to) = *(const Quad *)(memory + row * STRIDE + column);
        }
    }

    static DEVICE void finish(Integers<DOWN, ACROSS> &, u32) { multiply_finish(); }
    static DEVICE void finish(Floats<DOWN, ACROSS> &cells, u32 stages) {
        // The least depth, 256, is half a part.
        if (stages % (512 / DEPTH) != 0) cells.flush();
    }
};

KERNEL(128, 1) product_s8_small(const u8 *a, const u8 *b, u8 *digests, u32 rows, u32 k) {
    Tiled<Integers, 64, 64, 32, 32, 4>::product(a, b, digests, rows, k);
}
KERNEL(256, 1) product_s8(const u8 *a, const u8 *b, u8 *digests, u32 rows, u32 k) {
    Tiled<Integers, 128, 256, 64, 64, 4>::product(a, b, digests, rows, k);
}
KERNEL(128, 1) product_f16_small(const u8 *a, const u8 *b, u8 *digests, u32 rows, u32 k) {
    Tiled<Floats, 64, 64, 32, 32, 4>::product(a, b, digests, rows, k);
}
KERNEL(256, 1) product_f16(const u8 *a, const u8 *b, u8 *digests, u32 rows, u32 k) {
    Tiled<Floats, 128, 128, 64, 32, 4>::product(a, b, digests, rows, k);
}
