// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Book: what a benchmark knows of its flows, by their number.
///
/// Shape    A flow's original tuple follows from its number; of 65 536 inside hosts each talks to
///          256 servers (or more), by one port and then, from flow 2^24 on, by the next. What the
///          gateway has made of it, and how far each end of a TCP connection has counted, is kept.
/// Memory   16 bytes a flow; a number beyond the capacity takes the place of an older one.

#include "net/tuple.h"

#include <array>
#include <cstdint>
#include <vector>

namespace sluice::bench {

class Book {
public:
    /// Of so many servers.
    Book(net::Protocol protocol, uint32_t capacity, unsigned server_bits = 8)
        : protocol_(protocol), server_bits_(server_bits), entries_(capacity) {}

    net::Protocol protocol() const { return protocol_; }
    net::Tuple original(uint64_t flow) const;
    /// By which the flow's replies arrive, once learn() has been told.
    net::Tuple reply(uint64_t flow) const;
    /// By which a packet of `direction` arrives.
    net::Tuple arriving(uint64_t flow, net::Direction direction) const {
        return direction == net::Direction::Original ? original(flow) : reply(flow);
    }
    /// By which it leaves.
    net::Tuple leaving(uint64_t flow, net::Direction direction) const {
        return arriving(flow, net::opposite(direction)).reversed();
    }
    void learn(uint64_t flow, Be32 address, Be16 port);

    /// The next sequence number of each end, by the direction in which it sends.
    std::array<uint32_t, 2>& next(uint64_t flow) { return entry(flow).next; }
    /// What a make-up of its packet will read, on its way to the cache.
    void prefetch(uint64_t flow) const { __builtin_prefetch(&entries_[flow % entries_.size()]); }

private:
    struct Entry {
        Be32 address;
        Be16 port;
        uint16_t unused = 0;
        std::array<uint32_t, 2> next{};
    };
    Entry& entry(uint64_t flow) { return entries_[flow % entries_.size()]; }

    net::Protocol protocol_;
    unsigned server_bits_;
    std::vector<Entry> entries_;
};

}  // namespace sluice::bench
