// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Huge pages for as long as a benchmark runs: what the machine lacks is reserved, and given back.

#include "base/result.h"

#include <cstddef>
#include <utility>

namespace sluice::bench {

class HugePages {
public:
    HugePages() = default;
    HugePages(HugePages&& other) noexcept : added_(std::exchange(other.added_, 0)) {}
    HugePages& operator=(HugePages&& other) noexcept {
        std::swap(added_, other.added_);
        return *this;
    }
    ~HugePages();

    /// Sees to it that `bytes` of 2 MB pages are free; an Error when the kernel cannot find them.
    static Result<HugePages> reserve(size_t bytes);

private:
    long added_ = 0;  ///< Pages that the machine has more for us.
};

}  // namespace sluice::bench
