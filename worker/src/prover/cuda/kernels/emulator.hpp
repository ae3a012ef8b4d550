// SPDX-License-Identifier: Apache-2.0
// A card in plain C++, for tests on machines without one: runs a kernel block by block, its threads as coroutines.
//
// What the instructions of a warp do is written down here from the PTX manual's description of their registers, apart from
// the kernels, so that a kernel that mistakes a layout computes something else here too.
//
// Products are put down when issued, and computed where a kernel may first rely on them: so threads need to meet there only.
#pragma once

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <ucontext.h>
#include <utility>
#include <vector>

struct Dimensions {
    unsigned int x, y, z;
};

namespace emulator {

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

[[noreturn]] inline void fail(const char *what) {
    std::fprintf(stderr, "emulator: %s\n", what);
    std::abort();
}

struct WarpProduct {
    bool floats;
    u32 a[4], b[2];
    void *sums;
};

struct GroupProduct {
    u64 a, b;
    i32 *sums;
};

struct Thread {
    enum State { Ready, Meeting, Over } state = Ready;
    // Where it waits, and for how many: __syncthreads is barrier 0 with all threads that are not over.
    u32 barrier = 0, together = 0;
    Dimensions index{};
    bool begun = false;
    ucontext_t start;
    jmp_buf at;
    std::unique_ptr<char[]> stack;
    std::vector<WarpProduct> warp_products;
    std::vector<GroupProduct> group_products;
    // Where the committed groups of those end, and up to where they must be computed now.
    std::vector<size_t> group_ends;
    size_t group_due = 0;
};

struct Block {
    std::vector<Thread> threads;
    u8 *memory = nullptr;
    size_t bytes = 0;
    Thread *now = nullptr;
    Dimensions index{}, size{};
    jmp_buf scheduler;
    const std::pair<void (*)(void *), void *> *body = nullptr;
    // Whether anything happened in this turn of all threads: if nothing did, nothing will, and the kernel hangs.
    bool progress = false;
};

inline thread_local Block *block = nullptr;

inline u8 *shared_memory() { return block->memory; }
inline u32 shared_address(const void *at) {
    const size_t offset = (const u8 *)at - block->memory;
    if (offset >= block->bytes) fail("not an address in shared memory");
    return (u32)offset;
}

// Lets the others run.
inline void yield() {
    Block *const here = block;
    if (_setjmp(here->now->at) == 0) _longjmp(here->scheduler, 1);
}

inline void meet(u32 barrier, u32 together) {
    Thread *const me = block->now;
    me->state = Thread::Meeting, me->barrier = barrier, me->together = together;
    block->progress = true;
    yield();
}

inline void run_warp_products(Thread *warp) {
    const size_t count = warp[0].warp_products.size();
    for (int lane = 0; lane < 32; lane++)
        if (warp[lane].warp_products.size() != count) fail("a warp's lanes multiply unequally often");
    for (size_t p = 0; p < count; p++) {
        signed char a[16][32], b[8][32];
        float fa[16][16], fb[16][8];
        const bool floats = warp[0].warp_products[p].floats;
        auto half = [](u32 bits) -> float {
            // No subnormal, no infinity occurs here.
            bits &= 0xFFFF;
            const u32 single = (bits & 0x8000) << 16 | ((bits >> 10 & 31) + 112) << 23 | (bits & 0x3FF) << 13;
            float out;
            std::memcpy(&out, &single, 4);
            return (bits & 0x7FFF) == 0 ? 0 : out;
        };
        for (int lane = 0; lane < 32; lane++) {
            const WarpProduct &product = warp[lane].warp_products[p];
            const int group = lane / 4, in = lane % 4;
            for (int r = 0; r < 4; r++) {
                const int row = group + r % 2 * 8;
                if (floats)
                    for (int i = 0; i < 2; i++)
                        fa[row][in * 2 + i + r / 2 * 8] = half(product.a[r] >> 16 * i);
                else
                    for (int i = 0; i < 4; i++)
                        a[row][in * 4 + i + r / 2 * 16] = (signed char)(product.a[r] >> 8 * i);
            }
            for (int r = 0; r < 2; r++)
                if (floats)
                    for (int i = 0; i < 2; i++) fb[in * 2 + i + r * 8][group] = half(product.b[r] >> 16 * i);
                else
                    for (int i = 0; i < 4; i++) b[group][in * 4 + i + r * 16] = (signed char)(product.b[r] >> 8 * i);
        }
        i32 cells[16][8] = {};
        float parts[16][8] = {};
        for (int row = 0; row < 16; row++) {
            if (floats)
                for (int i = 0; i < 16; i++)
                    for (int column = 0; column < 8; column++) parts[row][column] += fa[row][i] * fb[i][column];
            else
                for (int column = 0; column < 8; column++)
                    for (int i = 0; i < 32; i++) cells[row][column] += a[row][i] * b[column][i];
        }
        for (int lane = 0; lane < 32; lane++) {
            const WarpProduct &product = warp[lane].warp_products[p];
            for (int c = 0; c < 4; c++) {
                const int row = lane / 4 + c / 2 * 8, column = lane % 4 * 2 + c % 2;
                if (floats) {
                    float &sum = ((float *)product.sums)[c];
                    sum += parts[row][column];
                    // Beyond 2^24 a float32 skips integers; and without guard bits the hardware may a step earlier.
                    if (sum > 8388608.0f || sum < -8388608.0f) fail("a sum of floats may be inexact");
                } else {
                    ((i32 *)product.sums)[c] += cells[row][column];
                }
            }
        }
    }
    for (int lane = 0; lane < 32; lane++) warp[lane].warp_products.clear();
}

// A byte of a matrix of wgmma: rows of 128 bytes, swizzled. Bits 4 to 6 of the address are exchanged by bits 7 to 9.
inline signed char group_byte(u64 descriptor, u32 row, u32 byte) {
    if (descriptor >> 62 != 1) fail("another swizzle than the 128-byte one");
    const u32 start = (u32)(descriptor & 0x3FFF) << 4, eight_rows = (u32)(descriptor >> 32 & 0x3FFF) << 4;
    u32 address = start + row / 8 * eight_rows + row % 8 * 128 + byte;
    address ^= address >> 3 & 0x70;
    if (address >= block->bytes) fail("wgmma reads past the shared memory");
    return (signed char)block->memory[address];
}

inline void run_group_products(Thread *group) {
    const size_t due = group[0].group_due;
    for (u32 t = 0; t < 128; t++)
        if (group[t].group_due != due) fail("a warpgroup's threads multiply unequally often");
    for (size_t p = 0; p < due; p++) {
        const GroupProduct first = group[0].group_products[p];
        signed char a[64][32], b[256][32];
        for (u32 i = 0; i < 32; i++) {
            for (u32 row = 0; row < 64; row++) a[row][i] = group_byte(first.a, row, i);
            for (u32 row = 0; row < 256; row++) b[row][i] = group_byte(first.b, row, i);
        }
        for (u32 t = 0; t < 128; t++) {
            const GroupProduct &product = group[t].group_products[p];
            if (product.a != first.a || product.b != first.b) fail("a warpgroup's descriptors differ");
            for (u32 c = 0; c < 128; c++) {
                const u32 row = t / 32 * 16 + t % 32 / 4 + c / 2 % 2 * 8, column = c / 4 * 8 + t % 4 * 2 + c % 2;
                i32 sum = 0;
                for (int i = 0; i < 32; i++) sum += a[row][i] * b[column][i];
                product.sums[c] += sum;
            }
        }
    }
    for (u32 t = 0; t < 128; t++) {
        auto &products = group[t].group_products;
        products.erase(products.begin(), products.begin() + due);
        auto &ends = group[t].group_ends;
        while (!ends.empty() && ends.front() <= due) ends.erase(ends.begin());
        for (size_t &end : ends) end -= due;
        group[t].group_due = 0;
    }
}

inline void copy_async(u8 *to, const u8 *from) {
    shared_address(to + 15);
    if ((size_t)from % 16 != 0 || shared_address(to) % 16 != 0) fail("a copy is not aligned");
    std::memcpy(to, from, 16);
}
inline void copy_commit() {}
template <int PENDING> inline void copy_wait() {}

template <class PLACE> inline void load_matrices(u32 (&out)[4], const u8 *base, PLACE place) {
    const u32 lane = block->now->index.x % 32;
    for (u32 i = 0; i < 4; i++) {
        const u8 *const row = base + place(8 * i + lane / 4);
        shared_address(row + 15);
        std::memcpy(&out[i], row + lane % 4 * 4, 4);
    }
}

inline void multiply_s8(i32 (&sums)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    block->now->warp_products.push_back({false, {a[0], a[1], a[2], a[3]}, {b0, b1}, sums});
}
inline void multiply_f16(float (&sums)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    block->now->warp_products.push_back({true, {a0, a1, a2, a3}, {b0, b1}, sums});
}
inline void multiply_finish() { meet(0, 0); }

inline u32 permute_bytes(u32 x, u32 y, u32 selector) {
    const u64 both = (u64)y << 32 | x;
    u32 out = 0;
    for (int i = 0; i < 4; i++) out |= (u32)(both >> 8 * (selector >> 4 * i & 7) & 0xFF) << 8 * i;
    return out;
}
// Of float16 between 1024 and 2047, which are integers with a step of 1.
inline u32 subtract_halves(u32 x, u32 y) {
    u32 out = 0;
    for (int i = 0; i < 2; i++) {
        const u32 left = x >> 16 * i & 0xFFFF, right = y >> 16 * i & 0xFFFF;
        if (left >> 10 != 25 || right >> 10 != 25) fail("not a float16 from 1024 to 2047");
        const float difference = (float)(left & 0x3FF) - (float)(right & 0x3FF);
        if (difference == 0) continue;
        u32 bits;
        std::memcpy(&bits, &difference, 4);
        if ((bits & 0x1FFF) != 0) fail("a float16 is inexact");
        const u32 sign = bits >> 16 & 0x8000, exponent = (bits >> 23 & 255) - 112, mantissa = bits >> 13 & 0x3FF;
        out |= (sign | exponent << 10 | mantissa) << 16 * i;
    }
    return out;
}
inline i32 to_int(float x) { return (i32)x; }

// A barrier in shared memory: arrivals that are still missing in this phase, how many a phase takes, its parity, bytes that
// are still missing.
struct Barrier {
    unsigned missing : 12, all : 12, parity : 1;
    int bytes : 32;
};
static_assert(sizeof(Barrier) == 8, "a barrier is a word of 64 bits");
inline Barrier *barrier_of(u64 *at) {
    if (shared_address(at) % 8 != 0) fail("a barrier is not aligned");
    return (Barrier *)at;
}
inline void barrier_settle(Barrier *barrier) {
    if (barrier->missing == 0 && barrier->bytes == 0) {
        barrier->parity ^= 1, barrier->missing = barrier->all;
    }
}
inline void barrier_init(u64 *at, u32 arrivals) {
    Barrier *const barrier = barrier_of(at);
    barrier->missing = barrier->all = arrivals, barrier->parity = 0, barrier->bytes = 0;
}
inline void barrier_publish() {}
inline void barrier_arrive(u64 *at) {
    Barrier *const barrier = barrier_of(at);
    if (barrier->missing == 0) fail("one arrival too many");
    barrier->missing--;
    block->progress = true;
    barrier_settle(barrier);
}
inline void barrier_expect(u64 *at, u32 bytes) {
    barrier_of(at)->bytes += (int)bytes;
    barrier_arrive(at);
}
inline void barrier_wait(u64 *at, u32 parity) {
    while (barrier_of(at)->parity == parity) yield();
}
inline void bulk_copy(u8 *to, const u8 *from, u32 bytes, u64 *at) {
    if (shared_address(to) % 16 != 0 || (size_t)from % 16 != 0 || bytes % 16 != 0) fail("a copy is not aligned");
    shared_address(to + bytes - 1);
    std::memcpy(to, from, bytes);
    Barrier *const barrier = barrier_of(at);
    barrier->bytes -= (int)bytes;
    barrier_settle(barrier);
}
inline void threads_meet(u32 number, u32 threads) { meet(number, threads); }
inline u32 same_in_warp(u32 x) { return x; }
inline void settle(i32 (&)[128]) {}
inline void group_begin() {}
inline void group_multiply(i32 (&sums)[128], u64 a, u64 b) { block->now->group_products.push_back({a, b, sums}); }
inline void group_commit() { block->now->group_ends.push_back(block->now->group_products.size()); }
// What must be over is computed here and not earlier, so that a stage which is filled again too early is seen. The warpgroup
// meets at a barrier that no kernel names.
template <int PENDING> inline void group_wait() {
    Thread *const me = block->now;
    const size_t groups = me->group_ends.size();
    me->group_due = groups > PENDING ? me->group_ends[groups - 1 - PENDING] : 0;
    meet(16 + me->index.x / 128, 128);
}

// Releases those who are all where they wait for each other. Says whether there were any.
inline bool release(Block &here) {
    bool released = false;
    std::vector<Thread *> waiting[32];
    size_t living = 0;
    for (Thread &thread : here.threads) {
        living += thread.state != Thread::Over;
        if (thread.state == Thread::Meeting) waiting[thread.barrier].push_back(&thread);
    }
    for (auto &those : waiting) {
        if (those.empty()) continue;
        const size_t wanted = those[0]->together == 0 ? living : those[0]->together;
        if (those.size() < wanted) continue;
        for (Thread *thread : those) thread->state = Thread::Ready;
        released = true;
    }
    return released;
}

inline void enter(unsigned high, unsigned low) {
    Block *const here = (Block *)((u64)high << 32 | low);
    here->body->first(here->body->second);
    here->now->state = Thread::Over;
    here->progress = true;
    _longjmp(here->scheduler, 1);
}

inline void resume(Block &here, Thread &thread) {
    here.now = &thread;
    if (_setjmp(here.scheduler) == 0) {
        if (thread.begun) _longjmp(thread.at, 1);
        thread.begun = true;
        setcontext(&thread.start);
    }
}

// Runs one block.
inline void run_block(u32 number, u32 size, u8 *memory, size_t bytes,
                      const std::pair<void (*)(void *), void *> &body) {
    static constexpr size_t STACK = 64 * 1024;
    Block here;
    block = &here;
    here.threads = std::vector<Thread>(size);
    here.memory = memory, here.bytes = bytes, here.body = &body;
    here.index = {number, 0, 0}, here.size = {size, 1, 1};
    const u64 address = (u64)&here;
    for (u32 i = 0; i < size; i++) {
        Thread &thread = here.threads[i];
        thread.index = {i, 0, 0};
        thread.stack.reset(new char[STACK]);
        getcontext(&thread.start);
        thread.start.uc_stack.ss_sp = thread.stack.get();
        thread.start.uc_stack.ss_size = STACK;
        thread.start.uc_link = nullptr;
        makecontext(&thread.start, (void (*)())enter, 2, (unsigned)(address >> 32), (unsigned)address);
    }
    for (bool over = false; !over;) {
        here.progress = false;
        // Every other block runs its threads backwards: what depends on their order comes out differently then.
        for (u32 i = 0; i < size; i++) {
            Thread &thread = here.threads[number % 2 == 0 ? i : size - 1 - i];
            if (thread.state == Thread::Ready) resume(here, thread);
        }
        for (size_t warp = 0; warp + 32 <= size; warp += 32) run_warp_products(&here.threads[warp]);
        for (size_t group = 0; group + 128 <= size; group += 128) {
            bool complete = true;
            for (size_t i = group; i < group + 128; i++)
                complete = complete && here.threads[i].state == Thread::Meeting &&
                           here.threads[i].barrier == 16 + group / 128;
            if (complete) run_group_products(&here.threads[group]);
        }
        over = true;
        for (Thread &thread : here.threads) over = over && thread.state == Thread::Over;
        if (!release(here) && !here.progress) fail("the kernel hangs");
    }
    block = nullptr;
}

} // namespace emulator

#define threadIdx (emulator::block->now->index)
#define blockIdx (emulator::block->index)
#define blockDim (emulator::block->size)

inline void __syncthreads() { emulator::meet(0, 0); }
