// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Crossing: IPv6 that stays IPv6, and goes through the gateway with another prefix.
///
/// Shape    find() says where a packet goes and what it will be, and rewrite() makes it so; between
///          the two the caller may refuse it as it came. There is no flow: from outside comes in
///          whatever is for an address that some pair of prefixes has.
/// Threads  Owned by one worker; the numbers of neighbours are shared.
/// Memory   None.
/// Errors   A drop reason. No source inside leaves that no pair has, and no quote of an ICMPv6
///          error that names such a host.
/// Cost     A search of the pairs, and for hosts on the subnet one of their numbers. Transport
///          headers are read for ICMPv6 errors alone, and no checksum changes.
/// Source   RFC 6296 §3.2 and §3.3; §4.3 (hairpinning); RFC 8200 §3 (hop limit).

#include "base/clock.h"
#include "nat64/addresses.h"
#include "nat64/headers.h"
#include "nat64/nptv6.h"
#include "net/side.h"

#include <optional>
#include <vector>

struct rte_mbuf;

namespace sluice::nat64 {

/// To hosts inside behind a router there, whose number is `via`.
struct HostRoute {
    net::Ipv6Prefix prefix;
    Be32 via;
};

struct CrossingParams {
    std::vector<PrefixPair> pairs;
    std::vector<HostRoute> routes;  ///< The longest prefix wins.
};

/// That of one packet.
struct Way {
    Headers headers;  ///< As it came.
    net::Side from{};
    net::Side to{};
    Be32 via;  ///< The number of the neighbour there.
    net::Ipv6Address source;
    net::Ipv6Address destination;
    bool is_mapped_outward = false;  ///< The source is another than it was.
    bool is_mapped_inward = false;   ///< The destination is.

    size_t bytes() const { return size_t{headers.bytes} + headers.transport_bytes; }
};

class Crossing {
public:
    /// `addresses` outlive this object.
    Crossing(const CrossingParams& params, const Addresses& addresses);

    bool is_on() const { return nptv6_.is_on(); }

    /// Of a packet from way.from with way.headers, to no address of the gateway there; says the
    /// rest.
    std::optional<stats::Drop> find(Way& way, Tick now);
    /// Of the packet of that way, as it came. What is not the packet's is cut off behind it.
    std::optional<stats::Drop> rewrite(rte_mbuf* mbuf, const Way& way) const;
    /// Why nobody outside has this source, if nobody has.
    std::optional<stats::Drop> refuse_source(const net::Ipv6Address& source) const;
    /// Of some pair, on one side or the other.
    bool has(const net::Ipv6Address& address) const {
        return nptv6_.of_inside(address) != nullptr || nptv6_.of_outside(address) != nullptr;
    }
    /// Makes a frame that was to leave on the side `to` what it came as, and says how its sender is
    /// reached: way.from, way.via and way.headers. False where it cannot be told.
    bool restore(rte_mbuf* mbuf, net::Side to, Way& way, Tick now);

private:
    std::optional<stats::Drop> find_outward(Way& way, Tick now);
    std::optional<stats::Drop> find_inward(Way& way, const PrefixPair& pair, Tick now);
    std::optional<stats::Drop> lead_inside(Way& way, Tick now);
    bool may_add(Tick now);
    std::optional<stats::Drop> change_quote(rte_mbuf* mbuf, const Way& way) const;

    Nptv6 nptv6_;
    std::vector<HostRoute> routes_;  // longest first
    const Addresses& addresses_;
    Tick second_;         // in which
    unsigned added_ = 0;  // so many hosts got numbers that had none, from outside
};

}  // namespace sluice::nat64
