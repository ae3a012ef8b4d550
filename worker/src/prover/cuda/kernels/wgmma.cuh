// SPDX-License-Identifier: Apache-2.0
// Hopper's instructions: barriers in shared memory, bulk copies, products of a warpgroup.
#pragma once
#include "platform.cuh"

// What wgmma is told of a matrix in shared memory whose rows are lines of 128 bytes, exchanged by the 128-byte swizzle:
// the address in units of 16 bytes, the distance of 1024 bytes from eight rows to the next eight, and the kind of swizzle.
// (The distance along k is not used with this swizzle; 1 by convention.)
DEVICE u64 describe(u32 address) {
    return (u64)(address >> 4 & 0x3FFF) | 1ull << 16 | (u64)(1024 >> 4) << 32 | 1ull << 62;
}

#if defined(__CUDACC__)

DEVICE void barrier_init(u64 *barrier, u32 arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
// Lets the unit that copies see the barriers.
DEVICE void barrier_publish() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
DEVICE void barrier_arrive(u64 *barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
// Arrives, and has the phase last until `bytes` are copied too.
DEVICE void barrier_expect(u64 *barrier, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
                 : "memory");
}
// Waits until the phase of this parity is over.
DEVICE void barrier_wait(u64 *barrier, u32 parity) {
    asm volatile("{\n"
                 ".reg .pred done;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@done bra over;\n"
                 "bra again;\n"
                 "over:\n"
                 "}" ::"r"(shared_address(barrier)),
                 "r"(parity)
                 : "memory");
}
// Starts a copy that counts its bytes at `barrier`.
DEVICE void bulk_copy(u8 *to, const u8 *from, u32 bytes, u64 *barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                     shared_address(to)),
                 "l"(from), "r"(bytes), "r"(shared_address(barrier))
                 : "memory");
}
// Waits for all `threads` that name barrier `number`, which is not 0.
DEVICE void threads_meet(u32 number, u32 threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(number), "r"(threads) : "memory");
}

// Of lane 0, for all lanes of the warp: the compiler then knows that they have the same.
DEVICE u32 same_in_warp(u32 x) { return __shfl_sync(0xFFFFFFFF, x, 0); }

// The sums are the tensor cores' until a wait: nothing of them is computed earlier, or later, than here.
DEVICE void settle(i32 (&sums)[128]) {
    UNROLL for (int i = 0; i < 128; i++) asm volatile("" : "+r"(sums[i])::"memory");
}

DEVICE void group_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void group_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING> DEVICE void group_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

#define SUMS_4(i) "+r"(sums[i]), "+r"(sums[i + 1]), "+r"(sums[i + 2]), "+r"(sums[i + 3])
#define SUMS_16(i) SUMS_4(i), SUMS_4(i + 4), SUMS_4(i + 8), SUMS_4(i + 12)
#define SUMS_64(i) SUMS_16(i), SUMS_16(i + 16), SUMS_16(i + 32), SUMS_16(i + 48)

// sums += A · Bᵀ for 64 rows of A and 256 of B, 32 int8 each. A lane of warp w holds, of rows 16w + lane/4 and 8 below, two
// neighbouring cells of every eight columns.
DEVICE void group_multiply(i32 (&sums)[128], u64 a, u64 b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8 {"
                 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
                 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
                 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
                 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
                 "%128, %129, 1;"
                 : SUMS_64(0), SUMS_64(64)
                 : "l"(a), "l"(b));
}

#else

using emulator::barrier_arrive;
using emulator::barrier_expect;
using emulator::barrier_init;
using emulator::barrier_publish;
using emulator::barrier_wait;
using emulator::bulk_copy;
using emulator::group_begin;
using emulator::group_commit;
using emulator::group_multiply;
using emulator::group_wait;
using emulator::same_in_warp;
using emulator::settle;
using emulator::threads_meet;

#endif
