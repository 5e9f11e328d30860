// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pages: large memory taken once at start, zeroed and touched, so that no packet pays for a fault.
///
/// Memory   Anonymous mapping, huge (2 MB, else 1 GB) or ordinary; given back by the destructor.
/// Errors   An Error that names the size needed and how to get it.

#include "base/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace sluice {

enum class PageKind { Ordinary, Huge };

// Of memory that is mapped already. Both say false with errno set.
/// Takes it from a NUMA node: before the first touch.
bool bind_pages(std::span<std::byte> memory, int numa_node);
/// Faults every page in for writing.
bool touch_pages(std::span<std::byte> memory);

/// As messages say it: "150 MB", rounded up.
std::string megabytes(size_t bytes);

class Pages {
public:
    Pages() = default;
    Pages(Pages&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
    Pages& operator=(Pages&& other) noexcept {
        std::swap(memory_, other.memory_);
        return *this;
    }
    ~Pages();

    /// Maps at least `bytes`, on `numa_node` where it is not -1.
    static Result<Pages> map(size_t bytes, PageKind kind, int numa_node);

    std::span<std::byte> memory() const { return memory_; }

private:
    std::span<std::byte> memory_;
};

}  // namespace sluice
