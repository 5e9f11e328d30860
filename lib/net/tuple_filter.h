// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tuple filter: which packets or flows are meant, by addresses, ports, protocol and zone.
///
/// Shape    All that is given must hold; an empty one matches everything. What is asked of each
///          packet is asked of its tuple's two words first: TupleMask.
/// Threads  A plain value.

#include "net/prefix.h"
#include "net/tuple.h"

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace sluice::net {

/// The bits that all tuples have which a filter matches.
class TupleMask {
public:
    TupleMask() = default;
    TupleMask(const Tuple& mask, const Tuple& value)
        : mask_(words_of(mask)), value_(words_of(value)) {}

    bool meets(const Tuple& tuple) const {
        const Words words = words_of(tuple);
        return (((words[0] ^ value_[0]) & mask_[0]) | ((words[1] ^ value_[1]) & mask_[1])) == 0;
    }

private:
    using Words = std::array<uint64_t, 2>;
    static Words words_of(const Tuple& tuple) { return std::bit_cast<Words>(tuple); }

    Words mask_{};
    Words value_{};
};

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

    /// What matches meets it, and maybe more: see is_mask().
    TupleMask mask() const {
        constexpr auto kWholePort = Be16::from_host(0xffff);
        Tuple mask{};
        Tuple value{};
        if (source) {
            mask.source = Be32::from_host(source->mask());
            value.source = source->network().address;
        }
        if (destination) {
            mask.destination = Be32::from_host(destination->mask());
            value.destination = destination->network().address;
        }
        if (source_port) {
            mask.source_port = kWholePort;
            value.source_port = Be16::from_host(*source_port);
        }
        if (destination_port) {
            mask.destination_port = kWholePort;
            value.destination_port = Be16::from_host(*destination_port);
        }
        if (protocol) {
            mask.protocol = Protocol{0xff};
            value.protocol = *protocol;
        }
        return {mask, value};
    }
    /// The mask says all that there is to say: what meets it matches.
    bool is_mask() const {
        const bool names_ports = source_port || destination_port;
        return !zone && (!names_ports || (protocol && has_ports(*protocol)));
    }

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
