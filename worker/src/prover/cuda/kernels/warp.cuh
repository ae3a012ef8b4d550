// SPDX-License-Identifier: Apache-2.0
// The instructions of a warp that the product is made of, in PTX; the emulator has them in plain C++.
#pragma once
#include "platform.cuh"

#if defined(__CUDACC__)

// Starts a copy of 16 bytes from device to shared memory.
DEVICE void copy_async(u8 *to, const u8 *from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from));
}
DEVICE void copy_commit() { asm volatile("cp.async.commit_group;"); }
// Waits until at most `PENDING` of the committed groups of copies are under way.
template <int PENDING> DEVICE void copy_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(PENDING)); }

// Loads four matrices of eight rows of 16 bytes. `place(lane)` is where the row stands that a lane names: lane 8·i + r row
// r of matrix i. A lane gets bytes 4·(lane % 4) .. of row lane / 4 of each.
template <class PLACE> DEVICE void load_matrices(u32 (&out)[4], const u8 *base, PLACE place) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(shared_address(base + place(threadIdx.x % 32))));
}

// acc += A · B for A of 16 × 32 and B of 32 × 8 int8.
DEVICE void multiply_s8(i32 (&acc)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+r"(acc[0]), "+r"(acc[1]), "+r"(acc[2]), "+r"(acc[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// acc += A · B for A of 16 × 16 and B of 16 × 8 float16.
DEVICE void multiply_f16(float (&acc)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// The sums may be read: true on a card as soon as the instruction is issued.
DEVICE void multiply_finish() {}

DEVICE u32 permute_bytes(u32 x, u32 y, u32 selector) { return __byte_perm(x, y, selector); }
DEVICE u32 subtract_halves(u32 x, u32 y) {
    u32 out;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(out) : "r"(x), "r"(y));
    return out;
}

DEVICE i32 to_int(float x) { return __float2int_rn(x); }

#else

using emulator::copy_async;
using emulator::copy_commit;
using emulator::copy_wait;
using emulator::load_matrices;
using emulator::multiply_f16;
using emulator::multiply_finish;
using emulator::multiply_s8;
using emulator::permute_bytes;
using emulator::subtract_halves;
using emulator::to_int;

#endif

// Four int8 as two pairs of float16, exactly. With its sign bit flipped a byte is x + 128, and with 0x64 above it the
// float16 1024 + x + 128.
DEVICE void to_halves(u32 bytes, u32 &low, u32 &high) {
    const u32 flipped = bytes ^ 0x80808080, shift = 0x64806480;
    low = subtract_halves(permute_bytes(flipped, 0x64646464, 0x4140), shift);
    high = subtract_halves(permute_bytes(flipped, 0x64646464, 0x4342), shift);
}
