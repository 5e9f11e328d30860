// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Searches: how far one packet has come in looking for a free number in a range (of ports, of
/// blocks of ports), so that the next goes on there.
///
/// Shape    1024 entries in sets of 4; of a full set the one that was used longest ago goes. An
///          entry is for a key (what is searched, where and toward whom) and a range: whose packets
///          search does not matter. To look is one thing, and changes nothing; to remember is
///          another.
/// Threads  One worker's.
/// Memory   About 40 kB, in the object.
/// Source   RFC 6056 §3.3.1: every search begins at random.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "net/tuple.h"
#include "pool/port_range.h"

#include <array>
#include <cstdint>

namespace sluice::nat {

/// How long a proven exhaustion is believed, if nothing ends meanwhile.
inline constexpr Duration kExhausted = Duration::seconds(1);

/// All numbers of a range, each once, in an order that start and stride give.
class Walk {
public:
    Walk() = default;
    /// Both are random numbers below the range's size; the stride becomes one that meets all.
    Walk(pool::PortRange range, uint32_t start, uint32_t stride);

    uint16_t at(uint32_t step) const {
        return range_.at(start_, static_cast<uint32_t>(uint64_t{step} * stride_ % range_.size()));
    }
    pool::PortRange range() const { return range_; }

private:
    pool::PortRange range_;
    uint16_t start_ = 0;
    uint16_t stride_ = 0;
};

/// A search under way, or one that has proven that nothing is free. It is true as long as
/// `endings` is the number of endings toward its key.
struct Search {
    net::Tuple key;  ///< Without its destination port. Nothing but 0: not in use.
    Walk walk;
    uint32_t taken = 0;     ///< Numbers of the walk that were found taken, from its start on.
    uint32_t in_a_row = 0;  ///< Lookups that found so since a free one was last found.
    uint32_t endings = 0;
    bool has_found = false;  ///< The next number is free: it is looked at again, to be found taken.
    Tick used;               ///< When it was last remembered.

    bool is_over() const { return taken == walk.range().size(); }
};

class Searches {
public:
    /// One that `watches` has endings counted, so that it may be remembered.
    explicit Searches(flow::FlowTable& table, bool watches = true)
        : table_(table), watches_(watches) {}

    /// The search of this key, whatever its destination port, that is under way, or was proven to
    /// be in vain, as long as that is true; else null.
    const Search* find(const net::Tuple& key, pool::PortRange range, Tick now) const {
        return in_use_ == 0 ? nullptr : look_up(key, range, now);
    }

    /// Some are remembered.
    bool are_any() const { return in_use_ != 0; }

    /// A search that has looked at nothing yet. What ends toward its key is counted from now on.
    Search begin(const net::Tuple& key, const Walk& walk) const;

    /// Remembers how far a search has come, where that is of use to the next.
    void remember(const Search& search, Tick now);

private:
    static constexpr unsigned kWays = 4;
    static constexpr unsigned kSets = 256;
    using Set = std::array<Search, kWays>;

    const Search* look_up(const net::Tuple& key, pool::PortRange range, Tick now) const;
    static size_t set_of(const net::Tuple& key, pool::PortRange range);

    flow::FlowTable& table_;
    bool watches_;
    unsigned in_use_ = 0;  // entries: none, as long as no place was crowded
    std::array<Set, kSets> sets_{};
};

}  // namespace sluice::nat
