// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Toeplitz: the hash by which NICs spread packets over their queues (RSS), in software.
///
/// Shape    The hash is linear: each byte's share is looked up by its place and value, and the
///          shares are added without carry. hash() is over both addresses and both ports.
/// Memory   12 kB of tables, in the object.
/// Source   Microsoft, "Verifying the RSS hash calculation"; rte_softrss() of DPDK.

#include "io/port.h"
#include "net/tuple.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::io {

class Toeplitz {
public:
    explicit Toeplitz(std::span<const uint8_t, kRssKeyBytes> key);

    /// Of a TCP or UDP packet over IPv4, as a NIC sees it.
    uint32_t hash(const net::Tuple& tuple) const {
        const uint32_t source = tuple.source.host();
        const uint32_t destination = tuple.destination.host();
        const uint32_t ports =
            uint32_t{tuple.source_port.host()} << 16 | tuple.destination_port.host();
        return share(0, source) ^ share(4, destination) ^ share(8, ports);
    }

private:
    uint32_t share(size_t place, uint32_t word) const {
        return share_[place][word >> 24] ^ share_[place + 1][word >> 16 & 0xff] ^
               share_[place + 2][word >> 8 & 0xff] ^ share_[place + 3][word & 0xff];
    }

    std::array<std::array<uint32_t, 256>, 12> share_{};  // [place of the byte][its value]
};

}  // namespace sluice::io
