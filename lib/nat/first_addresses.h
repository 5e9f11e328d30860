// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// First addresses: that of a pool which an inside host is given first, which takes reading all of
/// the pool to find.
///
/// Shape    A cache with one place for each host and pool, by their hash: whoever comes later takes
///          it. Pools are told apart by where they stand, and outlive what is remembered of them.
/// Threads  One worker's.
/// Memory   6 kB, in the object.

#include "net/tuple.h"
#include "pool/address_pool.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::nat {

class FirstAddresses {
public:
    /// Its index in the pool.
    uint32_t of(const pool::AddressPool& pool, net::InsideAddress host) {
        Known& known = known_[(host.address.host() + pool.slot(0)) % kPlaces];
        if (known.host != host || known.pool != &pool)
            known = {host, &pool, pool.first(host)};
        return known.index;
    }

private:
    static constexpr size_t kPlaces = 256;

    struct Known {
        net::InsideAddress host = Be32{};
        const pool::AddressPool* pool = nullptr;
        uint32_t index = 0;
    };

    std::array<Known, kPlaces> known_{};
};

}  // namespace sluice::nat
