// SPDX-License-Identifier: BSD-3-Clause
#include "why/exit_answer.h"

#include "link/interfaces.h"
#include "link/next_hops.h"
#include "nat64/zero_checksum.h"
#include "net/tuple.h"
#include "worker/ipv6_crossing.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <cstddef>
#include <cstdint>

namespace sluice::why {

namespace {

bool is_ipv6_side(const worker::Shared& shared, const link::Path& path) {
    return shared.interfaces[path.interface].vlan == link::kIpv6Side;
}

}  // namespace

Exit exit_answer(const worker::Shared& shared, const link::Exit& exit, const link::Path& path) {
    const size_t mtu = is_ipv6_side(shared, path) ? worker::ipv6_mtu(exit) : exit.mtu;
    const link::Hop hop = shared.next_hops.read(path.hop);
    const bool is_known = path.hop != link::kNoHop;
    return {.path = path,
            .mtu = static_cast<uint16_t>(mtu),
            .has_link = exit.has_link,
            .has_mac = is_known && hop.is_resolved(),
            .has_failed = is_known && !hop.is_resolved() && hop.has_failed(),
            .mac = hop.mac()};
}

/// What comes here of a datagram in fragments is its first one.
bool lacks_checksum(const worker::Shared& shared, const policy::Policy& policy, const Exit& exit,
                    const net::Packet& packet) {
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.transport);
    return packet.ip->next_proto_id == static_cast<uint8_t>(net::Protocol::Udp) &&
           udp->dgram_cksum == 0 && is_ipv6_side(shared, exit.path) &&
           !nat64::is_computed(policy.zero_checksum, packet.is_fragment);
}

}  // namespace sluice::why
