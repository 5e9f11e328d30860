// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Draws: random numbers for ports, that who sees any number of them cannot continue.
///
/// Shape    A keyed function of (number of the decision, number of the draw): no state, so that a
///          decision can be made without being committed. Each worker's decisions have numbers of
///          their own, and no number comes twice under one key.
/// Threads  Immutable after construction.
/// Cost     One SipHash.
/// Source   RFC 6056 §3.3.1, RFC 4086 §6.2.

#include "base/secret.h"

#include <cstdint>

namespace sluice::pool {

class Draws {
public:
    explicit Draws(const Secret& secret) : key_(derive_sip_key(secret, Use::Ports)) {}

    /// A number below `count`, which is at most 65 536; each as likely as the others, to 2^-32.
    uint32_t below(uint32_t count, uint64_t decision, uint64_t draw) const {
        return static_cast<uint32_t>((sip_hash(key_, decision, draw) >> 16) * count >> 48);
    }

    /// The number of a worker's n-th decision.
    static constexpr uint64_t decision(uint8_t worker, uint64_t n) {
        return uint64_t{worker} << 56 | (n & ((uint64_t{1} << 56) - 1));
    }

private:
    SipKey key_;
};

}  // namespace sluice::pool
