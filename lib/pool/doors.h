// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Doors: a number for each static mapping by which outside hosts open flows, so that these can be
/// counted for it.
///
/// Shape    A forward is known by its protocol, public endpoint and ports, a pair by its public
///          prefix. It keeps its number while a policy has it that somebody may go by, and while
///          flows are counted by it: over a reload they stay counted for it, and none that comes
///          gets the number of another. One that has a limit cannot do without a number. One that
///          has none gets a number too, for the limit that it may be given, while more than half
///          of them are free; else its number is 0.
/// Threads  One thread at a time.
/// Memory   2 bytes for each of the numbers that is free, an entry for each that is taken.

#include "pool/static_mappings.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace sluice::pool {

class Doors {
public:
    /// Numbers are from `first`, 1 at least, to `last`.
    Doors(uint16_t first, uint16_t last);

    /// Has a mapping of that edition of the policy have a number. False where it has a limit, and
    /// no number is free. Editions ascend.
    bool take(const Forward& forward, uint32_t edition) {
        return take(key_of(forward), forward.door, edition);
    }
    bool take(const OneToOne& pair, uint32_t edition) {
        return take(key_of(pair), pair.door, edition);
    }
    /// 0 for one without.
    uint16_t number_of(const Forward& forward) const { return find(key_of(forward)); }
    uint16_t number_of(const OneToOne& pair) const { return find(key_of(pair)); }

    /// Takes back what that edition was the first to take. Nobody has gone by it.
    void forget(uint32_t edition) {
        give_back_if([&](const Taken& taken) { return taken.first == edition; });
    }
    /// Takes back the numbers that no edition from `oldest` on has, but those by which flows are
    /// counted: is_counted(number). Nobody goes by an edition before `oldest`.
    template <typename IsCounted>
    void give_back(uint32_t oldest, IsCounted is_counted) {
        give_back_if(
            [&](const Taken& taken) { return taken.last < oldest && !is_counted(taken.number); });
    }

private:
    /// Protocol, 0 for a pair; address; first port, or length; how many ports.
    using Key = std::tuple<uint8_t, uint32_t, uint16_t, uint16_t>;

    struct Taken {
        uint16_t number;
        uint32_t first;  ///< Edition that has taken it.
        uint32_t last;   ///< Likewise.
    };

    static Key key_of(const Forward& forward);
    static Key key_of(const OneToOne& pair);
    bool take(const Key& key, const Door& door, uint32_t edition);
    uint16_t find(const Key& key) const;

    template <typename Goes>
    void give_back_if(Goes goes) {
        std::erase_if(taken_, [&](const auto& entry) {
            const bool is_free = goes(entry.second);
            if (is_free)
                free_.push_back(entry.second.number);
            return is_free;
        });
    }

    std::map<Key, Taken> taken_;
    std::vector<uint16_t> free_;  // the next one last
    size_t kept_back_;            // for those that have limits
};

}  // namespace sluice::pool
