// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Searches: looks for a free number in a range (of ports, of blocks of ports), for so long as one
/// packet may, and knows where to go on with the next one.
///
/// Shape    1024 entries in sets of 4; of a full set the one that was used longest ago goes. An
///          entry is for a key (what is searched, where and toward whom) and a range: whose packets
///          search does not matter.
/// Threads  One worker's.
/// Memory   About 50 kB, in the object.
/// Source   RFC 6056 §3.3.1: every search begins at random.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "net/tuple.h"
#include "pool/port_range.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::nat {

/// How long a proven exhaustion is believed, if nothing ends meanwhile.
inline constexpr Duration kExhausted = Duration::seconds(1);

/// A search through a range, from a random start once around. It is true as long as `endings` is
/// the number of endings toward its key.
struct PortSearch {
    net::Tuple key;  ///< Without its destination port. Nothing but 0: not in use.
    pool::PortRange range;
    uint16_t next = 0;      ///< Where to look next, as an offset into the range.
    uint32_t taken = 0;     ///< Numbers before it that were found taken, without a gap.
    uint32_t in_a_row = 0;  ///< Of these, those since a free one was last found.
    uint32_t endings = 0;
    Tick used;
    Tick proven;  ///< When the last number was found taken, if all are.

    bool is_over() const { return taken == range.size(); }
};

class Searches {
public:
    enum class Outcome : uint8_t { Found, Exhausted, Unfinished };

    /// `salt` tells the draws of several apart.
    Searches(flow::FlowTable& table, uint16_t salt) : table_(table), salt_(salt) {}

    /// The search of this key, whatever its destination port, that is under way, or was proven to
    /// be in vain, as long as that is true.
    const PortSearch* recall(const net::Tuple& key, pool::PortRange range, Tick now) {
        return find(key, range, now);
    }

    /// Goes through the range, or `limit` steps of it: the rest is for the packets to come.
    /// `taken(number)` says how many numbers are taken from this one on: 0 when it is free, more
    /// than 1 where so many are out of the question. A new search does not begin among those.
    template <typename Taken>
    Outcome go_on(const net::Tuple& key, pool::PortRange range, unsigned limit, Tick now,
                  Taken taken) {
        PortSearch* known = find(key, range, now);
        if (known != nullptr && known->is_over())
            return Outcome::Exhausted;
        PortSearch search = known != nullptr ? *known : begin(key, range);
        bool found = false;
        for (unsigned step = 0; step < limit && !search.is_over(); ++step) {
            const uint16_t number = range.at(search.next, 0);
            const uint32_t passed = std::min(
                {taken(number), uint32_t{range.last} - number + 1, range.size() - search.taken});
            found = passed == 0;
            if (found)  // it is looked at again, to be found taken by then
                break;
            if (passed > 1 && search.taken == 0 && step < kBeginnings) {
                search.next = static_cast<uint16_t>(draw() % range.size());
                continue;
            }
            search.next = static_cast<uint16_t>((search.next + passed) % range.size());
            search.taken += passed;
            search.in_a_row += passed == 1 ? 1 : 0;
        }
        return keep(known, key, search, found, now);
    }

    /// The table's keyed hash in counter mode: who sees the numbers of the past cannot foretell the
    /// next.
    uint32_t draw();

private:
    static constexpr unsigned kBeginnings = 8;
    static constexpr unsigned kWays = 4;
    static constexpr unsigned kSets = 256;
    using Set = std::array<PortSearch, kWays>;

    Set& set_of(const net::Tuple& key, pool::PortRange range);
    PortSearch* find(const net::Tuple& key, pool::PortRange range, Tick now);
    PortSearch begin(const net::Tuple& key, pool::PortRange range);
    PortSearch& add(net::Tuple key, pool::PortRange range, Tick now);
    Outcome keep(PortSearch* known, const net::Tuple& key, const PortSearch& search, bool found,
                 Tick now);

    flow::FlowTable& table_;
    uint16_t salt_;
    uint64_t draws_ = 0;
    std::array<Set, kSets> sets_{};
};

}  // namespace sluice::nat
