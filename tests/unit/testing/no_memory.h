// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Threads of a test that have no memory: what they ask of operator new they do not get.
///
/// Shape    The test program has its own operator new, which asks whether the calling thread is to
///          have any. Aligned new and new[] are the library's own, and give as ever.
/// Threads  Each has its own lack.

#include <atomic>

namespace sluice::test {

/// The calling thread has no memory whenever `is_short` says so, which outlives it.
void starve(const std::atomic<bool>& is_short);

/// While it lives, the calling thread has none.
class NoMemory {
public:
    NoMemory();
    ~NoMemory();
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;

private:
    const std::atomic<bool>* before_;
};

/// While it lives, the calling thread gets some so many times, and then none.
class LittleMemory {
public:
    explicit LittleMemory(unsigned times);
    ~LittleMemory();
    LittleMemory(const LittleMemory&) = delete;
    LittleMemory& operator=(const LittleMemory&) = delete;
};

}  // namespace sluice::test
