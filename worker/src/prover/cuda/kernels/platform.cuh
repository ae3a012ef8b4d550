// SPDX-License-Identifier: Apache-2.0
// What the kernels take from CUDA, and what stands for it where a host compiler builds them for the tests.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

#if defined(__CUDACC__)

#define DEVICE __device__ __forceinline__
// So many threads a block, and registers for so few of them that `blocks` have room at a time.
#define KERNEL(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)
#define UNROLL _Pragma("unroll")
// The kernel's dynamic shared memory. Swizzled tiles want whole kilobytes.
#define SHARED_MEMORY(name) extern __shared__ __align__(1024) u8 name[]

// An address in shared memory as the instructions of PTX take it.
DEVICE u32 shared_address(const void *at) { return (u32)__cvta_generic_to_shared(at); }

#else

#include "emulator.hpp"

#define DEVICE inline
#define KERNEL(threads, blocks) static void
#define UNROLL
#define SHARED_MEMORY(name) u8 *const name = emulator::shared_memory()

DEVICE u32 shared_address(const void *at) { return emulator::shared_address(at); }

#endif

// 16 bytes that are moved at once.
struct alignas(16) Quad {
    u32 word[4];
};
