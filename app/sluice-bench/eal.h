// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// EAL for a benchmark: memory for rte_hash on the first allowed CPU, no devices.

#include "base/memory.h"
#include "base/result.h"

#include <utility>

namespace sluice::bench {

class Eal {
public:
    Eal(Eal&& other) noexcept : is_started_(std::exchange(other.is_started_, false)) {}
    Eal& operator=(Eal&&) = delete;
    ~Eal();

    static Result<Eal> start(size_t bytes, PageKind pages);

private:
    Eal() = default;
    bool is_started_ = true;
};

/// Moves the calling thread away from EAL's CPU, when it may use another.
void pin_to_another_cpu();

}  // namespace sluice::bench
