// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Heads: where the chains of a host table begin, and by which hash that of a host is found.
///
/// Shape    A power of two of words, each the first entry of a chain.
/// Threads  Any; docs/host-table.md says how the words change.

#include "base/bits.h"
#include "net/tuple.h"

#include <atomic>
#include <cstdint>
#include <span>

namespace sluice::hosts {

class Heads {
public:
    Heads() = default;
    Heads(std::span<std::atomic<uint32_t>> words, uint64_t secret)
        : words_(words), secret_(mix(secret)) {}

    /// Who looks for a host several times hashes it once.
    uint64_t hash(net::InsideAddress host) const { return mix(secret_ ^ host.bits()); }
    std::atomic<uint32_t>& of(uint64_t hash) const { return words_[hash & (words_.size() - 1)]; }

private:
    std::span<std::atomic<uint32_t>> words_;
    uint64_t secret_ = 0;
};

}  // namespace sluice::hosts
