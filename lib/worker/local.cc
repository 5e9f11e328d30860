// SPDX-License-Identifier: BSD-3-Clause
#include "worker/local.h"

#include "link/note.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>

namespace sluice::worker {

using net::Protocol;
using stats::Drop;

namespace {

constexpr uint16_t kDhcpServer = 67;
constexpr uint16_t kDhcpClient = 68;
constexpr Be32 kEverybody = Be32::from_host(~uint32_t{0});

}  // namespace

Local::Local(const Shared& shared, const Admission& admission, link::Egress& egress)
    : shared_(shared), admission_(admission), egress_(egress) {
    for (const link::Interface& interface : shared.interfaces) {
        has_twin_.push_back(!interface.twin.empty());
        if (!interface.twin.empty())
            twinned_.push_back(&interface);
    }
}

bool Local::has(const Burst& burst, unsigned i, Drop reason) const {
    return has_twin_[burst.from[i]] && is_kernels(burst, i, reason);
}

bool Local::has_ping(const Burst& burst, unsigned i) const {
    return has_twin_[burst.from[i]] && kernel_has(burst.from[i], burst.tuple[i].destination);
}

bool Local::has_fragment(const Burst& burst, unsigned i, std::optional<Drop> reason) const {
    return reason ? has(burst, i, *reason)
                  : has_ping(burst, i) && !admission_.is_public(burst.tuple[i].destination);
}

bool Local::take_ping(Burst& burst, unsigned i, Tick now) {
    if (!has_ping(burst, i))
        return false;
    give(burst, i, now);
    return true;
}

bool Local::take_fragment(Burst& burst, unsigned i, std::optional<Drop> reason, Tick now) {
    if (!has_fragment(burst, i, reason))
        return false;
    give(burst, i, now);
    return true;
}

void Local::refuse(Burst& burst, unsigned i, Drop reason, Tick now) {
    if (has(burst, i, reason))
        give(burst, i, now);
    else
        egress_.drop(burst.take(i), reason);
}

bool Local::is_kernels(const Burst& burst, unsigned i, Drop reason) const {
    switch (reason) {
        case Drop::ToGateway:
            return kernel_has(burst.from[i], burst.tuple[i].destination);
        case Drop::IcmpErrorUnknown: {  // about what the kernel has sent
            const net::Tuple& quoted = burst.tuple[i];
            return Be32{burst.packet[i].ip->dst_addr} == quoted.destination &&
                   kernel_has(burst.from[i], quoted.destination) &&
                   admission_.is_for_gateway(burst.side[i], burst.packet[i], quoted);
        }
        case Drop::MulticastOrBroadcast:
            return is_dhcp(burst.mbuf[i], burst.from[i]);
        default:
            return false;
    }
}

/// By one of its twins, of that zone where it is inside. What it has not is not given to it: it
/// would forward that.
bool Local::kernel_has(link::InterfaceId from, Be32 address) const {
    return std::ranges::any_of(twinned_, [&](const link::Interface* twinned) {
        return twinned->is_own(address) && (twinned->realm != link::Realm::Inside ||
                                            twinned->zone == egress_.interface(from).zone);
    });
}

/// Of broadcasts the kernel gets those by which addresses are asked for and given.
bool Local::is_dhcp(rte_mbuf* mbuf, link::InterfaceId from) const {
    net::Packet packet;
    net::Tuple tuple;
    if (net::parse(mbuf, packet, tuple) || tuple.protocol != Protocol::Udp || packet.is_fragment)
        return false;
    const uint16_t port = tuple.destination_port.host();
    const auto subnet = egress_.interface(from).subnet_of(tuple.destination);
    const bool is_broadcast =
        tuple.destination == kEverybody ||
        (subnet && subnet->length < 31 && tuple.destination == subnet->broadcast());
    return is_broadcast && (port == kDhcpServer || port == kDhcpClient);
}

void Local::give(Burst& burst, unsigned i, Tick now) {
    const link::InterfaceId from = burst.from[i];
    if (shared_.twins.buckets[from].take(shared_.twins.rate, now))
        egress_.punt(burst.take(i), {.from = from, .punt = link::Punt::Local});
    else
        egress_.drop(burst.take(i), Drop::TwinRate);
}

}  // namespace sluice::worker
