// SPDX-License-Identifier: BSD-3-Clause
#include "testing/no_memory.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local const std::atomic<bool>* is_short_of_memory = nullptr;
const std::atomic<bool> always{true};
thread_local bool has_little_memory = false;
thread_local unsigned times_left = 0;

void* allocate(size_t bytes) {
    if (has_little_memory && times_left == 0)
        return nullptr;
    if (has_little_memory)
        --times_left;
    // relaxed: whoever sets it waits for what comes of it.
    if (is_short_of_memory != nullptr && is_short_of_memory->load(std::memory_order_relaxed))
        return nullptr;
    return std::malloc(bytes == 0 ? 1 : bytes);
}

}  // namespace

// Those of the library that are not here call these, or have deletes of their own.
void* operator new(size_t bytes) {
    if (void* const memory = allocate(bytes))
        return memory;
    throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
    return allocate(bytes);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

namespace sluice::test {

void starve(const std::atomic<bool>& is_short) {
    is_short_of_memory = &is_short;
}

NoMemory::NoMemory() : before_(is_short_of_memory) {
    is_short_of_memory = &always;
}

NoMemory::~NoMemory() {
    is_short_of_memory = before_;
}

LittleMemory::LittleMemory(unsigned times) {
    times_left = times;
    has_little_memory = true;
}

LittleMemory::~LittleMemory() {
    has_little_memory = false;
}

}  // namespace sluice::test
