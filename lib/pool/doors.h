// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Doors: a number for each static mapping by which outside hosts open flows, so that these can be
/// counted for it.
///
/// Shape    A forward is known by its protocol, public endpoint and ports, a pair by its public
///          prefix. Its number is for good: over a reload its flows stay counted for it, and none
///          that comes gets the number of another.
/// Threads  One thread at a time.
/// Errors   Those beyond the last number share it, and what they may have.

#include "pool/static_mappings.h"

#include <cstdint>
#include <map>
#include <tuple>

namespace sluice::pool {

class Doors {
public:
    /// Numbers are from `first` to `last`.
    Doors(uint16_t first, uint16_t last) : next_(first), last_(last) {}

    uint16_t number_of(const Forward& forward) {
        return find_or_add({static_cast<uint8_t>(forward.protocol), forward.external.address.host(),
                            forward.external.port.host(), forward.ports});
    }
    uint16_t number_of(const OneToOne& pair) {
        return find_or_add({0, pair.external.host(), pair.length, 0});
    }

private:
    /// Protocol, 0 for a pair; address; first port, or length; how many ports.
    using Key = std::tuple<uint8_t, uint32_t, uint16_t, uint16_t>;

    uint16_t find_or_add(const Key& key) {
        const auto [place, is_new] = known_.emplace(key, next_);
        if (is_new && next_ < last_)
            ++next_;
        return place->second;
    }

    std::map<Key, uint16_t> known_;
    uint16_t next_;
    uint16_t last_;
};

}  // namespace sluice::pool
