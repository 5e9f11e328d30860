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
    HugePages(HugePages&& other) noexcept : restore_(std::exchange(other.restore_, -1)) {}
    HugePages& operator=(HugePages&& other) noexcept {
        std::swap(restore_, other.restore_);
        return *this;
    }
    ~HugePages();

    /// Sees to it that `bytes` of 2 MB pages are free; an Error when the kernel cannot find them.
    static Result<HugePages> reserve(size_t bytes);

private:
    long restore_ = -1;  ///< Pages that there were; -1 when nothing was changed.
};

}  // namespace sluice::bench
