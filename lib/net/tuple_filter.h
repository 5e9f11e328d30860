// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple filter: which packets or flows are meant, by addresses, ports, protocol and zone.
///
/// Shape    All that is given must hold; an empty one matches everything.
/// Threads  A plain value.

#include "net/prefix.h"
#include "net/tuple.h"

#include <cstdint>
#include <optional>

namespace sluice::net {

struct TupleFilter {
    std::optional<Prefix> source;
    std::optional<Prefix> destination;
    std::optional<uint16_t> source_port;  ///< Of protocols that have ports: TCP, UDP and the like.
    std::optional<uint16_t> destination_port;
    std::optional<Protocol> protocol;
    std::optional<uint16_t> zone = {};  ///< Of an inside end; 0: no end is of another.

    bool is_empty() const {
        return !source && !destination && !source_port && !destination_port && !protocol && !zone;
    }
    /// A flow, by the tuple of its original direction, and the zones of both.
    bool matches(const Tuple& original, const Tuple& reply) const {
        return is_of_zone(original.zone, reply.zone) && has_fields(original);
    }
    bool matches(const Tuple& tuple) const { return matches(tuple, tuple); }

private:
    bool is_of_zone(uint16_t one, uint16_t other) const {
        if (!zone)
            return true;
        return *zone == 0 ? one == 0 && other == 0 : *zone == one || *zone == other;
    }
    bool has_fields(const Tuple& tuple) const {
        if ((source && !source->contains(tuple.source)) ||
            (destination && !destination->contains(tuple.destination)) ||
            (protocol && *protocol != tuple.protocol))
            return false;
        if (!source_port && !destination_port)
            return true;
        return has_ports(tuple.protocol) &&
               (!source_port || *source_port == tuple.source_port.host()) &&
               (!destination_port || *destination_port == tuple.destination_port.host());
    }
};

}  // namespace sluice::net
