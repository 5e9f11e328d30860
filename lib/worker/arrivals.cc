// SPDX-License-Identifier: BSD-3-Clause
#include "worker/arrivals.h"

#include "link/tag.h"
#include "net/mac.h"
#include "net/parse.h"
#include "worker/fast_path.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <optional>

namespace sluice::worker {

using net::Side;
using stats::Drop;

namespace {

Arrival arrival_of(const link::Interface& interface, policy::Verify verify, const io::Port& port) {
    constexpr uint64_t kBoth = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
    constexpr uint64_t kBothGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    constexpr uint64_t kNever = 1;  // no flags are left of which this could be
    const bool trusts_nic = verify == policy::Verify::TrustNic && port.verifies_checksums();
    Arrival arrival{net::mac_bits(interface.mac),
                    interface.realm == link::Realm::Inside ? Side::Inside : Side::Outside,
                    interface.zone, interface.realm == link::Realm::ByAddress, trusts_nic};
    const bool verifies = verify != policy::Verify::Never;
    if (arrival.has_both_sides || (verifies && !trusts_nic)) {
        arrival.usual_flags = kNever;
        return arrival;
    }
    arrival.flags_seen = RTE_MBUF_F_RX_VLAN_STRIPPED | (verifies ? kBoth : 0);
    arrival.usual_flags = verifies ? kBothGood : 0;
    return arrival;
}

/// Most packets: they have come by the interface that the burst says.
bool has_interface(const Burst& burst, unsigned i) {
    return link::is_untagged_ipv4(burst.mbuf[i]) && burst.from[i] != link::kNoInterface;
}

/// Why a frame is not for this gateway, if it is not.
std::optional<Drop> refuse_frame(const rte_mbuf* mbuf, uint64_t own) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Drop::Truncated;
    const uint64_t to = net::destination_mac(rte_pktmbuf_mtod(mbuf, const void*));
    if (to == own)
        return std::nullopt;
    return (to & net::kGroupMac) != 0 ? Drop::MulticastOrBroadcast : Drop::NotForUs;
}

}  // namespace

Arrivals::Arrivals(const Parts& parts) : parts_(parts) {
    has_tags_.resize(parts_.ports.size());
    for (const link::Interface& interface : parts_.interfaces)
        if (interface.vlan != link::kUntagged)
            has_tags_[interface.port] = true;
    arrivals_.resize(parts_.interfaces.size());
    learn();
}

/// What the first look at a packet is to know, by the policy of this turn.
void Arrivals::learn() {
    verify_ = parts_.policy->verify;
    for (size_t id = 0; id < arrivals_.size(); ++id) {
        const link::Interface& interface = parts_.interfaces[static_cast<link::InterfaceId>(id)];
        arrivals_[id] = arrival_of(interface, verify_, *parts_.ports[interface.port].port);
    }
}

/// What a port without VLANs receives is its interface's, and what was IPv6 is the IPv6 side's.
/// What has the tag of no interface is the untagged one's, if there is one.
void Arrivals::count(const Burst& burst, uint64_t bytes) {
    if (!has_tags_[burst.port] || burst.placed == low_bits(burst.count))
        return parts_.counters.interfaces[burst.from[0]].in.add({burst.count, bytes});
    const link::InterfaceId untagged = parts_.interfaces.find(burst.port, link::kUntagged);
    for (unsigned i = 0; i < burst.count; ++i) {
        if ((burst.placed >> i & 1) != 0) {
            parts_.counters.interfaces[burst.from[i]].in.add({1, burst.mbuf[i]->pkt_len});
            continue;
        }
        const link::Bare bare = link::without_tag(burst.mbuf[i]);
        const link::InterfaceId tagged = parts_.interfaces.find(burst.port, bare.vlan);
        const link::InterfaceId by = tagged == link::kNoInterface ? untagged : tagged;
        if (by != link::kNoInterface)
            parts_.counters.interfaces[by].in.add({1, bare.bytes});
    }
}

void Arrivals::take_each_tag(Burst& burst) {
    for (unsigned i : SetBits{burst.live & ~burst.placed})
        if (!has_interface(burst, i))
            find_interface(burst, i);
}

void Arrivals::parse(Burst& burst, Tick now) {
    for (unsigned i : SetBits{burst.live & burst.plain})
        burst.packet[i] = FastPath::packet_of(burst.mbuf[i]);
    const bool verify = parts_.policy->verify != policy::Verify::Never && !burst.handed_over;
    for (unsigned i : SetBits{burst.live & ~burst.plain}) {
        rte_mbuf* mbuf = burst.mbuf[i];
        if (!has_interface(burst, i) && !find_interface(burst, i)) [[unlikely]]
            continue;
        const Arrival& arrival = arrivals_[burst.from[i]];
        auto reason = refuse_frame(mbuf, arrival.mac);
        if (!reason)
            reason = net::parse(mbuf, burst.packet[i], burst.tuple[i]);
        if (!reason && verify)
            reason = net::verify_checksums(mbuf, burst.packet[i], arrival.trusts_nic);
        if (reason) {
            if (net::ether_type(mbuf) == RTE_ETHER_TYPE_ARP)
                parts_.egress.punt(burst.take(i), {.from = burst.from[i], .punt = link::Punt::Arp});
            else
                parts_.local.refuse(burst, i, *reason, now);
            continue;
        }
        burst.side[i] = arrival.side;
        burst.tuple[i].zone = arrival.zone;
        if (arrival.has_both_sides && !find_side(burst, i, now))
            continue;
        burst.errors |= uint64_t{burst.packet[i].is_icmp_error} << i;
        burst.fragments |= uint64_t{burst.packet[i].is_fragment} << i;
    }
}

/// By its tag, which is taken off once; drops what is of none.
bool Arrivals::find_interface(Burst& burst, unsigned i) {
    const uint64_t bit = uint64_t{1} << i;
    if ((burst.placed & bit) != 0)
        return true;
    burst.placed |= bit;
    const auto stray = link::take_tag(burst.mbuf[i], parts_.interfaces, burst.port, burst.from[i]);
    if (stray)
        parts_.egress.drop(burst.take(i), *stray);
    return !stray;
}

/// Of a packet on an interface of both sides; drops what is of neither.
bool Arrivals::find_side(Burst& burst, unsigned i, Tick now) {
    const auto side = parts_.forwarding.side_of(burst.tuple[i], now);
    if (!side) {
        parts_.egress.drop(burst.take(i), Drop::NoRealm);
        return false;
    }
    burst.side[i] = *side;
    return true;
}

}  // namespace sluice::worker
