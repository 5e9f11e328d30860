// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Edge: where IPv6 frames become those of the gateway's IPv4, and these IPv6 again.
///
/// Shape    Behind it are IPv4 packets from numbers and to them (nat64/addresses.h), and ARP; so
///          everything there serves IPv6 hosts without knowing it.
/// Threads  Owned by one worker; the numbers are shared.
/// Memory   None.
/// Errors   What cannot be said in the other version is dropped by name. No IPv6 frame passes as it
///          is, and none leaves by a port of another side.
/// Source   RFC 6146 §3 (which packets), RFC 7915 (their translation).

#include "nat64/discovery.h"

#include <cstdint>
#include <optional>

struct rte_mbuf;

namespace sluice::nat64 {

struct EdgeParams {
    AddressParams addresses;
    net::MacAddress mac{};        ///< Of the port where the IPv6 side is.
    bool advertises = false;      ///< Hosts are told that the gateway is their router.
    uint8_t port = 0;             ///< The position of that port.
    uint16_t identification = 0;  ///< The first that is given to a packet without.
};

class Edge {
public:
    Edge(const EdgeParams& params, Numbers& numbers)
        : params_(params),
          addresses_(params.addresses, numbers),
          discovery_(addresses_, params.mac, params.advertises) {}
    Edge(const Edge&) = delete;

    /// Of a frame that a port has received. What comes by another port is no IPv6 that is served;
    /// that nothing there uses a number is looked at all the same.
    Entered enter(rte_mbuf* mbuf, uint8_t port, Tick now);
    /// Of a frame to the IPv6 side, complete but for what it says behind its MACs.
    std::optional<stats::Drop> leave(rte_mbuf* mbuf) const;

private:
    bool uses_number(const rte_mbuf* mbuf) const;
    Entered enter_ipv6(rte_mbuf* mbuf, Tick now);
    Entered translate(rte_mbuf* mbuf, const Headers& headers, Tick now);

    EdgeParams params_;
    Addresses addresses_;
    Discovery discovery_;
};

}  // namespace sluice::nat64
