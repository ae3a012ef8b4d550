// SPDX-License-Identifier: Apache-2.0
// The kernels built for the host: what the tests call.
#include "rounds.cu"

#include "mma.cu"

#undef HEIGHT
#include "wgmma.cu"

#include <string>
#include <tuple>
#include <type_traits>

namespace {

// Calls a kernel with arguments as the driver takes them: a pointer to each.
template <class... P> struct Call {
    void (*kernel)(P...);
    void **arguments;

    template <size_t... I> void run(std::index_sequence<I...>) {
        kernel(*(std::remove_reference_t<P> *)arguments[I]...);
    }
    static void enter(void *self) { ((Call *)self)->run(std::index_sequence_for<P...>()); }
};

template <class... P>
void launch(void (*kernel)(P...), u32 first, u32 blocks, u32 threads, u8 *memory, u32 shared, void **arguments) {
    Call<P...> call{kernel, arguments};
    const std::pair<void (*)(void *), void *> body{Call<P...>::enter, &call};
    for (u32 i = first; i < first + blocks; i++) emulator::run_block(i, threads, memory, shared, body);
}

} // namespace

// Runs blocks `first` .. `first + blocks - 1` of a kernel. 0 where there is no such kernel.
extern "C" int ergon_launch(const char *name, u32 first, u32 blocks, u32 threads, u32 shared, void **arguments) {
    std::unique_ptr<u8[]> owned(new u8[shared + 1024]);
    u8 *const memory = (u8 *)(((size_t)owned.get() + 1023) / 1024 * 1024);
    // What a kernel reads before it wrote it should not look like anything.
    std::memset(memory, 0xA5, shared);
    const std::string wanted(name);
#define TRY(kernel)                                                                                                    \
    if (wanted == #kernel) return launch(kernel, first, blocks, threads, memory, shared, arguments), 1;
    TRY(seed)
    TRY(inputs)
    TRY(digests)
    TRY(leaves)
    TRY(nodes)
    TRY(product_s8_small)
    TRY(product_s8)
    TRY(product_f16_small)
    TRY(product_f16)
    TRY(product_wgmma)
    return 0;
}

extern "C" void ergon_chacha8(const u32 *key, u32 counter, const u32 *nonce, u32 *out) {
    u32 words[8], block[16];
    for (int i = 0; i < 8; i++) words[i] = key[i];
    chacha8(words, counter, nonce[0], nonce[1], nonce[2], block);
    for (int i = 0; i < 16; i++) out[i] = block[i];
}

extern "C" void ergon_keyed_hash(const u32 *key, const u32 *message, u32 *out) {
    u32 words[8], text[16], hash[8];
    for (int i = 0; i < 8; i++) words[i] = key[i];
    for (int i = 0; i < 16; i++) text[i] = message[i];
    keyed_hash(words, text, hash);
    for (int i = 0; i < 8; i++) out[i] = hash[i];
}

extern "C" void ergon_parent(const u32 *left, const u32 *right, u32 *out) {
    u32 l[8], r[8], hash[8];
    for (int i = 0; i < 8; i++) l[i] = left[i], r[i] = right[i];
    parent(l, r, hash);
    for (int i = 0; i < 8; i++) out[i] = hash[i];
}

extern "C" u32 ergon_digest(i32 y) { return digest(y); }
extern "C" u64 ergon_row_offset(u32 row, u32 byte, u32 k) { return row_offset(row, byte, k); }
extern "C" u64 ergon_tile_offset(u32 row, u32 byte, u32 k, u32 height) { return tile_offset(row, byte, k, height); }
extern "C" u32 ergon_narrow_offset(u32 row, u32 chunk) { return narrow_offset(row, chunk); }
extern "C" void ergon_place(u32 block, u32 down, u32 across, u32 together, u32 *out) {
    const Place place = place_of(block, down, across, together);
    out[0] = place.down, out[1] = place.across;
}
