// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Discovery: neighbours and routers on an IPv6 side, for a gateway that knows them by ARP.
///
/// Shape    What the control core asks and announces by ARP, about numbers, leaves as solicitations
///          and advertisements; what neighbours advertise comes to it as ARP replies. Who solicits
///          the gateway itself is answered here, in the place of its own frame.
/// Threads  Immutable; the pace of advertisements is shared.
/// Errors   A drop reason. As RFC 4861 wants it, only what has not passed a router is believed, and
///          that with a right checksum.
/// Source   RFC 4861 §4 (formats), §7.1 and §6.1 (what is sound), §7.2 and §6.2.6 (answers);
///          RFC 8781 (the prefix that IPv4 is behind, in router advertisements); RFC 8106 §5.1
///          (DNS servers, in these).

#include "nat64/addresses.h"
#include "nat64/headers.h"
#include "nat64/router_pace.h"
#include "net/arp.h"
#include "net/ipv6.h"
#include "net/mac.h"

#include <cstddef>
#include <optional>
#include <span>

struct rte_mbuf;

namespace sluice::nat64 {

/// What becomes of a frame that has come.
struct Entered {
    enum class Fate : uint8_t {
        Passes,      ///< It is no IPv6, and goes on as it is.
        Translated,  ///< It is IPv4 or ARP now, and of its port's IPv6 side.
        Answers,     ///< It has become the answer, and goes back by the port.
        Crosses,     ///< It stays IPv6, and goes through as Edge::way() says.
        Dropped,
    };
    Fate fate = Fate::Passes;
    stats::Drop reason{};  ///< Of Dropped.
    bool is_ipv6 = false;  ///< It came as IPv6 that is served.

    static constexpr Entered dropped(stats::Drop reason) { return {Fate::Dropped, reason}; }
};

/// DNS servers that hosts are told of: they need keep no more (RFC 8106 §5.3.1).
inline constexpr size_t kMostDnsServers = 3;

struct DiscoveryParams {
    net::Side side = net::Side::Inside;  ///< Of that link.
    net::MacAddress mac{};               ///< The gateway's there.
    bool advertises = false;             ///< Hosts are told that the gateway is their router.
    std::span<const net::Ipv6Address> dns = {};  ///< And that these are their DNS servers.
    RouterPace* pace = nullptr;  ///< Of telling all because one has asked; null: none.
};

class Discovery {
public:
    /// `addresses`, the DNS servers' memory and the pace outlive this object.
    Discovery(const Addresses& addresses, const DiscoveryParams& params)
        : addresses_(addresses),
          side_(params.side),
          mac_(params.mac),
          advertises_(params.advertises),
          dns_(params.dns),
          pace_(params.pace) {}

    static bool is_discovery(uint8_t icmpv6_type) {
        return icmpv6_type >= 133 && icmpv6_type <= 137;
    }

    /// Of an ICMPv6 message of these types, whole and in one segment.
    Entered hear(rte_mbuf* mbuf, const Headers& headers, Tick now) const;
    /// ARP of the control core becomes what says the same.
    std::optional<stats::Drop> speak(rte_mbuf* mbuf) const;

private:
    Entered answer_solicitation(rte_mbuf* mbuf, const Headers& headers,
                                std::span<const uint8_t> message) const;
    Entered hear_advertisement(rte_mbuf* mbuf, std::span<const uint8_t> message) const;
    Entered answer_router_solicitation(rte_mbuf* mbuf, const Headers& headers,
                                       std::span<const uint8_t> message, Tick now) const;
    std::optional<stats::Drop> solicit(rte_mbuf* mbuf, const net::Arp& question,
                                       const net::Ipv6Address& target) const;
    bool advertise(rte_mbuf* mbuf, const net::Ipv6Address& own, const net::Ipv6Address& to,
                   const net::MacAddress& mac) const;
    bool advertise_router(rte_mbuf* mbuf, const net::Ipv6Address& to,
                          const net::MacAddress& mac) const;
    struct Message;
    bool write(rte_mbuf* mbuf, const Message& message, std::span<const uint8_t> body) const;

    const Addresses& addresses_;
    net::Side side_;
    net::MacAddress mac_;
    bool advertises_;
    std::span<const net::Ipv6Address> dns_;
    RouterPace* pace_;
};

}  // namespace sluice::nat64
