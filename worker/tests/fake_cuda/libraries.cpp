// SPDX-License-Identifier: Apache-2.0
// CUDA's driver, NVRTC and cuBLASLt in one library that has as many of their functions as the worker calls, on the emulated
// card: so that what calls them is run on machines without a card. What is wrong with the card stands in the variable
// FAKE_CUDA, as words: no-device, not-ready, ecc=N (from the Nth launch on), spoilt=KERNEL (from its first launch on), no-memory,
// free=MIB, capability=MAJOR.MINOR, wrong.
#include "../../src/prover/cuda/kernels/host.cpp"

#include <algorithm>
#include <map>
#include <thread>

namespace {

enum Result { Success = 0, InvalidValue = 1, OutOfMemory = 2, NoDevice = 100, InvalidDevice = 101, InvalidContext = 201,
              Ecc = 214, InvalidHandle = 400, NotFound = 500, IllegalInstruction = 715, NotReady = 802 };

// The number or text after `word=`; nothing where the word is not there.
const char *told(const char *word) {
    const char *const all = std::getenv("FAKE_CUDA");
    const char *const at = all == nullptr ? nullptr : std::strstr(all, word);
    return at == nullptr ? nullptr : at + std::strlen(word);
}

#ifndef OLD

struct Event {
    bool recorded = false;
};
struct Function {
    std::string name;
    unsigned shared = 48 << 10;
};
struct Module {
    std::string image;
};

int contexts = 0, launches = 0;
bool spoilt = false;
char context;
thread_local void *current = nullptr;
std::map<u64, std::unique_ptr<u8[]>> memory;

Result health() {
    const char *const at = told("ecc=");
    if (at != nullptr && launches >= std::atoi(at)) return Ecc;
    if (spoilt) return IllegalInstruction;
    return current == &context ? Success : InvalidContext;
}

std::map<u64, size_t> sizes;

// Whether all of that is the card's memory.
bool owns(u64 at, size_t bytes) {
    auto next = sizes.upper_bound(at);
    if (next == sizes.begin()) return false;
    --next;
    return at + bytes <= next->first + next->second;
}

#endif

} // namespace

extern "C" {

int cuInit(unsigned) { return told("no-device") ? NoDevice : told("not-ready") ? NotReady : Success; }

#ifndef OLD

int cuGetErrorName(int, const char **out) { return *out = "FAKE", Success; }
int cuGetErrorString(int error, const char **out) {
    return *out = error == Ecc ? "uncorrectable ECC error encountered" : "something else", Success;
}
int cuDeviceGetCount(int *out) { return *out = 1, Success; }
int cuDeviceGet(int *out, int ordinal) { return *out = ordinal, ordinal == 0 ? Success : InvalidDevice; }
int cuDeviceGetName(char *out, int length, int) { return std::snprintf(out, (size_t)length, "Fake card"), Success; }
int cuDeviceGetUuid(void *out, int) { return std::memset(out, 0xAB, 16), Success; }
int cuDeviceTotalMem_v2(size_t *out, int) { return *out = 16ull << 30, Success; }
int cuDeviceGetAttribute(int *out, int attribute, int) {
    const char *const capability = told("capability=");
    const int major = capability == nullptr ? 9 : std::atoi(capability);
    const int minor = capability == nullptr ? 0 : std::atoi(std::strchr(capability, '.') + 1);
    *out = attribute == 75 ? major : attribute == 76 ? minor : 0;
    return Success;
}
int cuDevicePrimaryCtxRetain(void **out, int) { return contexts++, *out = &context, Success; }
int cuDevicePrimaryCtxRelease_v2(int) { return contexts-- > 0 ? Success : InvalidContext; }
int cuCtxGetCurrent(void **out) { return *out = current, Success; }
int cuCtxSetCurrent(void *to) { return current = to, Success; }
int cuCtxSynchronize() { return health(); }
int cuCtxGetStreamPriorityRange(int *least, int *greatest) { return *least = 0, *greatest = -5, Success; }
int cuStreamCreateWithPriority(void **out, unsigned, int) { return *out = new int, health(); }
int cuStreamDestroy_v2(void *stream) { return delete (int *)stream, Success; }
int cuStreamSynchronize(void *) { return health(); }
int cuStreamWaitEvent(void *, void *event, unsigned) { return ((Event *)event)->recorded ? health() : InvalidHandle; }
int cuEventCreate(void **out, unsigned) { return *out = new Event, health(); }
int cuEventDestroy_v2(void *event) { return delete (Event *)event, Success; }
int cuEventRecord(void *event, void *) { return ((Event *)event)->recorded = true, health(); }

int cuModuleLoadData(void **out, const void *image) {
    if (std::strncmp((const char *)image, "fake of ", 8) != 0) return InvalidValue;
    return *out = new Module{(const char *)image}, health();
}
int cuModuleUnload(void *module) { return delete (Module *)module, Success; }
int cuModuleGetFunction(void **out, void *module, const char *name) {
    if (((Module *)module)->image.find(std::string(") ") + name + "(") == std::string::npos) return NotFound;
    return *out = new Function{name}, health();
}
int cuFuncSetAttribute(void *function, int attribute, int value) {
    // The most of dynamic shared memory in bytes; and which part of the first cache is shared memory, in percent.
    if (attribute == 9) return value >= 0 && value <= 100 ? health() : InvalidValue;
    if (attribute != 8) return InvalidValue;
    return ((Function *)function)->shared = (unsigned)value, health();
}
int cuLaunchKernel(void *function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned, unsigned,
                   unsigned shared, void *, void **arguments, void **) {
    const Function &kernel = *(Function *)function;
    if (y != 1 || z != 1 || shared > kernel.shared) return InvalidValue;
    launches++;
    const char *const bad = told("spoilt=");
    if (bad != nullptr && std::strncmp(bad, kernel.name.c_str(), kernel.name.size()) == 0) spoilt = true;
    if (Result found = health()) return found == Ecc || found == IllegalInstruction ? Success : found;
    const unsigned workers = std::max(1u, std::min(blocks, std::thread::hardware_concurrency()));
    std::vector<std::thread> crew;
    bool known = true;
    for (unsigned i = 0; i < workers; i++) {
        const unsigned first = blocks / workers * i, end = i + 1 == workers ? blocks : first + blocks / workers;
        crew.emplace_back([=, &kernel, &known] {
            if (!ergon_launch(kernel.name.c_str(), first, end - first, threads, shared, arguments)) known = false;
        });
    }
    for (std::thread &worker : crew) worker.join();
    if (told("wrong") && kernel.name.rfind("product", 0) == 0) **(u8 **)arguments[2] ^= 1;
    return known ? Success : NotFound;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
    const char *const mib = told("free=");
    // Class S fits, and class M does not, which takes the emulated card minutes.
    *total = 16ull << 30, *free = (size_t)(mib == nullptr ? 336 : std::atoll(mib)) << 20;
    return health();
}
int cuMemAlloc_v2(u64 *out, size_t bytes) {
    if (told("no-memory")) return OutOfMemory;
    std::unique_ptr<u8[]> owned(new u8[bytes + 256]);
    *out = ((u64)owned.get() + 255) / 256 * 256;
    sizes[*out] = bytes;
    memory[*out] = std::move(owned);
    return health();
}
int cuMemFree_v2(u64 at) { return sizes.erase(at), memory.erase(at) == 1 ? Success : InvalidValue; }
int cuMemcpyHtoDAsync_v2(u64 to, const void *from, size_t bytes, void *) {
    if (!owns(to, bytes)) return InvalidValue;
    return std::memcpy((void *)to, from, bytes), health();
}
int cuMemcpyDtoH_v2(void *to, u64 from, size_t bytes) {
    if (!owns(from, bytes)) return InvalidValue;
    return std::memcpy(to, (const void *)from, bytes), health();
}

// NVRTC: what it makes of a program is its text, which names the kernels.
struct Program {
    std::string text;
};
int nvrtcCreateProgram(void **out, const char *source, const char *, int headers, const char *const *texts,
                       const char *const *names) {
    for (int i = 0; i < headers; i++)
        if (std::strlen(texts[i]) == 0 || std::strstr(names[i], ".cuh") == nullptr) return 3;
    return *out = new Program{std::string("fake of ") + source}, 0;
}
int nvrtcCompileProgram(void *, int options, const char *const *all) {
    return options > 0 && std::strncmp(all[0], "--gpu-architecture=", 19) == 0 ? 0 : 5;
}
int nvrtcGetNumSupportedArchs(int *out) { return *out = 2, 0; }
int nvrtcGetSupportedArchs(int *out) { return out[0] = 80, out[1] = 90, 0; }
int nvrtcDestroyProgram(void **program) { return delete (Program *)*program, *program = nullptr, 0; }
int nvrtcGetCUBINSize(void *program, size_t *out) { return *out = ((Program *)program)->text.size() + 1, 0; }
int nvrtcGetCUBIN(void *program, char *out) { return std::strcpy(out, ((Program *)program)->text.c_str()), 0; }
int nvrtcGetPTXSize(void *program, size_t *out) { return nvrtcGetCUBINSize(program, out); }
int nvrtcGetPTX(void *program, char *out) { return nvrtcGetCUBIN(program, out); }
int nvrtcGetProgramLogSize(void *, size_t *out) { return *out = 1, 0; }
int nvrtcGetProgramLog(void *, char *out) { return *out = 0, 0; }

// cuBLASLt, column by column as its manual has it: D = op(A) · op(B) in int8 and int32, with A transposed.
struct Layout {
    int type;
    u64 rows, columns;
    long long stride;
};
struct Description {
    int compute, scale, transposed_a = 0, transposed_b = 0;
};
struct Heuristic {
    u64 algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
int cublasLtCreate(void **out) { return *out = new int, 0; }
int cublasLtDestroy(void *handle) { return delete (int *)handle, 0; }
int cublasLtMatrixLayoutCreate(void **out, int type, u64 rows, u64 columns, long long stride) {
    return *out = new Layout{type, rows, columns, stride}, 0;
}
int cublasLtMatrixLayoutDestroy(void *layout) { return delete (Layout *)layout, 0; }
int cublasLtMatmulDescCreate(void **out, int compute, int scale) {
    Description *const description = new Description;
    description->compute = compute, description->scale = scale;
    return *out = description, 0;
}
int cublasLtMatmulDescDestroy(void *description) { return delete (Description *)description, 0; }
int cublasLtMatmulDescSetAttribute(void *description, int attribute, const void *value, size_t bytes) {
    if (bytes != 4 || (attribute != 3 && attribute != 4)) return 7;
    Description &of = *(Description *)description;
    std::memcpy(attribute == 3 ? &of.transposed_a : &of.transposed_b, value, 4);
    return 0;
}
int cublasLtMatmulPreferenceCreate(void **out) { return *out = new int, 0; }
int cublasLtMatmulPreferenceDestroy(void *preference) { return delete (int *)preference, 0; }
int cublasLtMatmulPreferenceSetAttribute(void *, int attribute, const void *, size_t bytes) {
    return attribute == 1 && bytes == 8 ? 0 : 7;
}
int cublasLtMatmulAlgoGetHeuristic(void *, void *description, void *a, void *b, void *c, void *d, void *, int, void *out,
                                   int *count) {
    const Layout &left = *(Layout *)a, &right = *(Layout *)b, &to = *(Layout *)d;
    const Description &of = *(Description *)description;
    const bool types = left.type == 3 && right.type == 3 && to.type == 10 && of.compute == 72 && of.scale == 10;
    // op(A) has as many columns as op(B) rows; what int8 wants besides: A transposed, strides of four.
    const bool shapes = of.transposed_a == 1 && of.transposed_b == 0 && left.rows == right.rows &&
                        left.columns == to.rows && right.columns == to.columns && c == d && left.stride % 4 == 0 &&
                        right.stride % 4 == 0 && to.stride % 4 == 0;
    if (!types || !shapes) return 15;
    Heuristic &found = *(Heuristic *)out;
    std::memset(&found, 0, sizeof found);
    found.algorithm[0] = 0xA160;
    return *count = 1, 0;
}
int cublasLtMatmul(void *, void *, const int *alpha, const signed char *a, void *a_layout, const signed char *b,
                   void *b_layout, const int *beta, const void *, void *, int *d, void *d_layout, const u64 *algorithm,
                   void *, size_t workspace, void *) {
    const Layout &left = *(Layout *)a_layout, &right = *(Layout *)b_layout, &to = *(Layout *)d_layout;
    if (*alpha != 1 || *beta != 0 || algorithm[0] != 0xA160 || workspace == 0) return 7;
    for (u64 column = 0; column < to.columns; column++)
        for (u64 row = 0; row < to.rows; row++) {
            const signed char *const x = a + row * (u64)left.stride, *const y = b + column * (u64)right.stride;
            int sum = 0;
            for (u64 i = 0; i < left.rows; i++) sum += x[i] * y[i];
            d[column * (u64)to.stride + row] = sum;
        }
    return 0;
}

#endif
}
