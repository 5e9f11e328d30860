// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Search memory: how far searches for a free port have come, from one packet to the next.
///
/// Shape    1024 entries in sets of 4; of a full set the one that was used longest ago goes. An
///          entry is for an external address, a protocol, a range of ports and a server: whose
///          packets search does not matter.
/// Threads  One worker's.
/// Memory   About 50 kB, in the object.

#include "base/clock.h"
#include "net/tuple.h"
#include "pool/port_range.h"

#include <array>
#include <cstdint>

namespace sluice::nat {

/// A search through a range of ports, from a random start once around. It is true as long as
/// `endings` is the number of endings toward its server.
struct PortSearch {
    net::Tuple
        reply;  ///< Without its destination port. The protocol 0, which has no ports: not in use.
    pool::PortRange range;
    uint16_t next = 0;      ///< Where to look next, as an offset into the range.
    uint32_t taken = 0;     ///< Ports before it that were found taken, without a gap.
    uint32_t in_a_row = 0;  ///< Of these, those since a free one was last found.
    uint32_t endings = 0;
    Tick used;
    Tick proven;  ///< When the last port was found taken, if all are.

    bool is_over() const { return taken == range.size(); }
};

class SearchMemory {
public:
    /// The search of this reply tuple, whatever its destination port; null when there is none.
    PortSearch* find(net::Tuple reply, pool::PortRange range, Tick now);
    /// A new search in place of another; its tuple, range and `used` are set.
    PortSearch& add(net::Tuple reply, pool::PortRange range, Tick now);
    static void forget(PortSearch& search) { search = {}; }

private:
    static constexpr unsigned kWays = 4;
    static constexpr unsigned kSets = 256;
    using Set = std::array<PortSearch, kWays>;

    Set& set_of(const net::Tuple& reply, pool::PortRange range);

    std::array<Set, kSets> sets_{};
};

}  // namespace sluice::nat
