// SPDX-License-Identifier: Apache-2.0
// The product by wgmma, its digests taken in the epilogue. sm_90a alone.
//
// The inputs are drawn as tiles that already look as shared memory must (layout.cuh), so one instruction copies a tile and
// no descriptor of a tensor is needed. Two warpgroups multiply, and a thread of one more warp copies: registers are left for
// a block of `inputs` or `leaves` beside this one, which so hide behind the product.
#include "layout.cuh"
#include "wgmma.cuh"

#define HEIGHT 128
#define WIDTH 256
#define STAGES 4
#define TILE_A (HEIGHT * LINE)
#define TILE_B (WIDTH * LINE)
#define STAGE (TILE_A + TILE_B)
#define STRIDE (WIDTH + 16)
// Twice as high as a tile is wide: the 132 tiles that a card works at are then nearly as wide as high.
#define TOGETHER 16

// Dynamic shared memory: the stages, then a barrier for "filled" and one for "read" for each; see `Tiles::WGMMA` in cuda/plan.rs.
KERNEL(288, 1) product_wgmma(const u8 *a, const u8 *b, u8 *digests, u32 rows, u32 k) {
    SHARED_MEMORY(memory);
    u64 *const filled = (u64 *)(memory + STAGES * STAGE), *const read = filled + STAGES;
    const Place place = place_of(blockIdx.x, rows / HEIGHT, rows / WIDTH, TOGETHER);
    const u32 steps = k / LINE, group = same_in_warp(threadIdx.x / 128);
    if (threadIdx.x == 0) {
        for (u32 i = 0; i < STAGES; i++) {
            barrier_init(filled + i, 1);
            barrier_init(read + i, 2);
        }
        barrier_publish();
    }
    __syncthreads();

    if (group == 2) {
        if (threadIdx.x != 256) return;
        const u8 *const from_a = a + tile_offset(place.down * HEIGHT, 0, k, HEIGHT);
        const u8 *const from_b = b + tile_offset(place.across * WIDTH, 0, k, WIDTH);
        for (u32 step = 0; step < steps; step++) {
            const u32 i = step % STAGES;
            // A barrier is in phase 0 at first: the phase "before" it, of parity 1, counts as over.
            barrier_wait(read + i, (step / STAGES + 1) % 2);
            barrier_expect(filled + i, STAGE);
            u8 *const stage = memory + i * STAGE;
            bulk_copy(stage, from_a + (u64)step * TILE_A, TILE_A, filled + i);
            bulk_copy(stage + TILE_A, from_b + (u64)step * TILE_B, TILE_B, filled + i);
        }
        return;
    }

    i32 sums[128];
    UNROLL for (int i = 0; i < 128; i++) sums[i] = 0;
    const u32 first_row = group * 64, in_group = threadIdx.x % 128;
    for (u32 step = 0; step < steps; step++) {
        const u32 i = step % STAGES;
        barrier_wait(filled + i, step / STAGES % 2);
        u8 *const stage = memory + i * STAGE;
        const u64 left = describe(shared_address(stage + first_row * LINE));
        const u64 right = describe(shared_address(stage + TILE_A));
        settle(sums);
        group_begin();
        // 32 bytes further along k are two units of 16 in the address.
        UNROLL for (u32 part = 0; part < LINE / 32; part++) group_multiply(sums, left + 2 * part, right + 2 * part);
        group_commit();
        // The products of the step before are over: its stage may be filled again.
        group_wait<1>();
        settle(sums);
        if (step > 0 && in_group == 0) barrier_arrive(read + (step - 1) % STAGES);
    }
    group_wait<0>();
    settle(sums);
    // Both groups have read all: the digests take the place of the stages.
    threads_meet(1, 256);
    const u32 row = first_row + in_group / 32 * 16 + in_group % 32 / 4;
    UNROLL for (u32 c = 0; c < WIDTH / 8; c++)
        UNROLL for (u32 lower = 0; lower < 2; lower++) {
            const u32 pair = digest(sums[4 * c + 2 * lower]) | digest(sums[4 * c + 2 * lower + 1]) << 8;
            const u32 column = c * 8 + in_group % 4 * 2;
            *(unsigned short *)(memory + (row + 8 * lower) * STRIDE + column) = (unsigned short)pair;
        }
    threads_meet(1, 256);
    for (u32 at = threadIdx.x; at < HEIGHT * WIDTH / 16; at += 256) {
        const u32 down = at / (WIDTH / 16), column = at % (WIDTH / 16) * 16;
        const u64 to = row_offset(place.down * HEIGHT + down, place.across * WIDTH + column, rows);
        *(Quad *)(digests + to) = *(const Quad *)(memory + down * STRIDE + column);
    }
}
