// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Static mappings: what the operator has given to inside hosts for good, single ports (forwards)
/// and whole addresses (one to one).
///
/// Shape    Sorted arrays, searched both ways. A forward goes before a one-to-one address.
/// Threads  A set is immutable after construction.
/// Cost     contains() is two comparisons where the address is beyond the lowest and the highest;
///          the others search, once per flow.

#include "net/tuple.h"
#include "pool/port_range.h"

#include <optional>
#include <span>
#include <vector>

namespace sluice::pool {

struct Forward {
    net::Protocol protocol{};
    net::Endpoint external;
    net::Endpoint internal;

    constexpr bool operator==(const Forward&) const = default;
};

struct OneToOne {
    Be32 external;
    Be32 internal;

    constexpr bool operator==(const OneToOne&) const = default;
};

class StaticSet {
public:
    StaticSet() : StaticSet({}, {}) {}
    /// No external endpoint or address is there twice. Of several forwards to one internal endpoint
    /// the first is that by which it is seen outside.
    StaticSet(std::span<const Forward> forwards, std::span<const OneToOne> addresses);

    /// True for every external address.
    bool contains(Be32 address) const {
        return first_ <= address && address <= last_ && search(address);
    }
    /// The inside endpoint that is reached by `external`.
    std::optional<net::Endpoint> inside_of(net::Protocol protocol, net::Endpoint external) const;
    /// The endpoint by which `internal` is seen outside.
    std::optional<net::Endpoint> outside_of(net::Protocol protocol, net::Endpoint internal) const;
    /// True for the external endpoint of a forward: nobody else may be given it.
    bool reserves(net::Protocol protocol, net::Endpoint external) const;
    /// True when one of these ports is a forward's, which is of TCP or UDP.
    bool reserves_of(Be32 address, PortRange ports) const;

private:
    bool search(Be32 address) const;

    std::vector<Forward> by_external_;
    std::vector<Forward> by_internal_;
    std::vector<OneToOne> one_by_external_;
    std::vector<OneToOne> one_by_internal_;
    std::vector<Be32> external_;  // of both, sorted
    Be32 first_;
    Be32 last_;
};

}  // namespace sluice::pool
