// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Static mappings: what the operator has given to inside hosts for good, ports (forwards) and
/// whole addresses (one to one).
///
/// Shape    Runs of endpoints and of addresses in sorted arrays, searched both ways: a range of
///          ports or a prefix of addresses is one run. A forward goes before a one-to-one address.
/// Threads  A set is immutable after construction.
/// Cost     contains() and reserves() are two comparisons where the address is beyond the lowest
///          and the highest, outside_of() is one without a mapping; else a binary search over
///          runs, once per flow.

#include "net/ipv6.h"
#include "net/prefix.h"
#include "net/tuple.h"
#include "pool/port_range.h"
#include "pool/runs.h"

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace sluice::pool {

/// What may come in by a static mapping; 0 is no limit.
struct Door {
    uint16_t number = 0;     ///< By which its flows are counted (pool/doors.h); 0: it has none.
    uint32_t max_flows = 0;  ///< At once.
    uint32_t rate = 0;       ///< New flows a second.

    constexpr bool is_limited() const { return max_flows != 0 || rate != 0; }
    constexpr bool operator==(const Door&) const = default;
};

/// Public ports of TCP or UDP from `external` on, and those of an inside host that they stand for.
struct Forward {
    net::Protocol protocol{};
    net::Endpoint external;
    net::Endpoint internal;
    uint16_t ports = 1;     ///< How many, on from both; none passes 65535.
    net::Prefix from = {};  ///< Whose packets may open flows by it; /0: anybody's.
    Door door = {};         ///< Of equal forwards the first one's counts.
    std::optional<net::Ipv6Address> internal6 = {};  ///< For which `internal` stands, as written.

    constexpr bool operator==(const Forward&) const = default;
};

/// Two prefixes of the same length: an address of the one stands for that of the other with the
/// same host bits.
struct OneToOne {
    Be32 external;
    Be32 internal;
    uint8_t length = 32;
    uint16_t zone = 0;  ///< Of the internal ones.
    Door door = {};

    net::AddressRange externals() const;
    constexpr bool operator==(const OneToOne&) const = default;
};

class StaticSet {
public:
    StaticSet() : StaticSet({}, {}) {}
    /// No external endpoint or address is there twice, but that equal forwards may differ in
    /// `from`: who is named by one of them may open flows. Of several forwards to one internal
    /// endpoint the first is that by which it is seen outside. Of prefixes, the inside addresses
    /// in `left_out` are given nothing, nor are their outside ones.
    StaticSet(std::span<const Forward> forwards, std::span<const OneToOne> pairs,
              std::span<const net::InsideAddress> left_out = {});

    /// True for every external address.
    bool contains(Be32 address) const { return may_contain(address) && search(address); }
    /// The inside endpoint that is reached by `external`.
    std::optional<net::Endpoint> inside_of(net::Protocol protocol, net::Endpoint external) const;
    /// True where inside_of() is something, and `source` may open flows to it.
    bool lets_in(net::Protocol protocol, net::Endpoint external, Be32 source) const;
    /// By which a packet for `external` comes in; without a number where inside_of() is nothing.
    Door door_of(net::Protocol protocol, net::Endpoint external) const;
    /// The endpoint by which `internal` is seen outside.
    std::optional<net::Endpoint> outside_of(net::Protocol protocol, net::Endpoint internal) const {
        return externals_.is_empty() ? std::nullopt : search_inside(protocol, internal);
    }
    /// True for the external endpoint of a forward: nobody else may be given it.
    bool reserves(net::Protocol protocol, net::Endpoint external) const {
        return may_contain(external.address) && forward_of(protocol, external) != nullptr;
    }
    /// True when one of these ports is a forward's, which is of TCP or UDP.
    bool reserves_of(Be32 address, PortRange ports) const;

    /// The forward with this external endpoint, the first of equal ones; null where there is none.
    /// By itself: who is told by may_contain() that there is none shall not pay for the search.
    [[gnu::noinline]] const Forward* forward_of(net::Protocol protocol,
                                                net::Endpoint external) const;
    /// The pair that this external address is of.
    const OneToOne* pair_of(Be32 external) const;

private:
    void add_forward(const Forward& forward);
    void add_pair(uint32_t number, std::span<const net::InsideAddress> left_out);
    bool may_contain(Be32 address) const { return address.host() - first_ < span_; }
    std::optional<net::Endpoint> search_inside(net::Protocol protocol,
                                               net::Endpoint internal) const;
    bool search(Be32 address) const { return externals_.find(address.host()) != kNoRun; }

    /// A forward, and whom it and its equals let in.
    struct Known {
        Forward forward;
        std::vector<net::Prefix> from;
    };

    std::vector<Known> forwards_;
    std::vector<OneToOne> pairs_;
    Runs by_external_;  // the number of the forward, by protocol, address and port
    Runs by_internal_;
    Runs one_by_external_;  // the number of the pair, by address
    Runs one_by_internal_;
    Runs externals_;      // all external addresses
    uint32_t first_ = 0;  // the lowest of them
    uint64_t span_ = 0;   // so many addresses on, that included, is beyond the highest
};

}  // namespace sluice::pool
