// SPDX-License-Identifier: BSD-3-Clause
#include "control/twins.h"

#include "base/if_memory_allows.h"
#include "conntrack/tcp_state.h"
#include "link/note.h"
#include "nat/holders.h"
#include "net/icmp.h"
#include "net/mac.h"
#include "net/parse.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace sluice::control {

using net::Endpoint;
using net::Protocol;
using net::Tuple;
using stats::Count;
using stats::Drop;

namespace {

constexpr unsigned kSender = 0;  ///< One worker sends all of it, so that it stays in order.
constexpr Duration kBetweenWalks = Duration::seconds(10);
constexpr Be32 kNobody{};
constexpr Be32 kEverybody = Be32::from_host(~uint32_t{0});
constexpr uint16_t kDhcpServer = 67;
constexpr uint16_t kDhcpClient = 68;

uint64_t key_of(Protocol protocol, Endpoint endpoint) {
    return uint64_t{endpoint.address.host()} << 32 | uint64_t{endpoint.port.host()} << 8 |
           static_cast<uint8_t>(protocol);
}

std::span<const uint8_t> bytes_of(const rte_mbuf& mbuf) {
    return {rte_pktmbuf_mtod(&mbuf, const uint8_t*), rte_pktmbuf_data_len(&mbuf)};
}

/// A client that has no address yet.
bool asks_by_dhcp(const Tuple& tuple) {
    return tuple.source == kNobody && tuple.destination == kEverybody &&
           tuple.protocol == Protocol::Udp && tuple.source_port.host() == kDhcpClient &&
           tuple.destination_port.host() == kDhcpServer;
}

/// Answers come by the packet's source port.
bool has_source_port(const net::Packet& packet, Protocol protocol) {
    if (packet.is_icmp_error || packet.is_fragment)
        return false;
    return protocol != Protocol::Icmp || net::is_icmp_query(packet.icmp_type);
}

}  // namespace

void Twins::take_local(rte_mbuf* mbuf, Tick now) {
    const link::InterfaceId from = link::note_of(mbuf).from;
    const auto twin = std::find_if(params_.twins.begin(), params_.twins.end(),
                                   [&](const Twin& one) { return one.interface == from; });
    if (twin == params_.twins.end() || !twin->tap->write(*mbuf))
        return ground_.outbox.drop(mbuf, Drop::TwinFull);
    net::Packet packet;
    Tuple tuple;
    if (!net::parse(mbuf, packet, tuple)) {
        const Endpoint endpoint{tuple.destination, tuple.destination_port};
        const auto lease = leases_.find(key_of(tuple.protocol, endpoint));
        if (lease != leases_.end())
            keep(lease->second, packet.tcp_flags, now);
    }
    ground_.counters.count[Count::ToTwin].add(1);
    ground_.counters.count[Count::Consumed].add(1);
    rte_pktmbuf_free(mbuf);
}

/// Requests are the gateway's to answer: with the same MAC, and for more addresses.
void Twins::hear_arp(rte_mbuf* mbuf, Tick now) {
    const link::InterfaceId from = link::note_of(mbuf).from;
    for (size_t i = 0; i < params_.twins.size(); ++i) {
        const Twin& twin = params_.twins[i];
        if (twin.interface != from)
            continue;
        const auto arp = net::read_arp(bytes_of(*mbuf));
        const bool is_of_use =
            arp && !ground_.interfaces[from].is_own(arp->sender) &&
            !params_.is_public(arp->sender) &&
            (arp->operation == net::Arp::Operation::Reply || arp->sender == arp->target);
        if (is_of_use && arp_[i].take(params_.rate, now) && twin.tap->write(*mbuf))
            ground_.counters.count[Count::ToTwin].add(1);
    }
}

unsigned Twins::turn(Tick now) {
    unsigned frames = 0;
    for (const Twin& twin : params_.twins) {
        twin.tap->follow(twin.port->has_link(), twin.port->mtu());
        frames += send_all(twin, now);
    }
    if (!next_walk_.is_after(now)) {
        next_walk_ = now + kBetweenWalks;
        give_back_ports(now);
    }
    if (params_.read_listeners && !next_look_.is_after(now))
        look_for_listeners(now);
    return frames;
}

unsigned Twins::send_all(const Twin& twin, Tick now) {
    unsigned frames = 0;
    while (frames < kFramesPerTurn) {
        rte_mbuf* mbuf = rte_pktmbuf_alloc(ground_.packets);
        if (mbuf == nullptr)
            break;
        const uint16_t room = rte_pktmbuf_tailroom(mbuf);
        const size_t bytes = twin.tap->read({rte_pktmbuf_mtod(mbuf, uint8_t*), room});
        if (bytes == 0) {
            rte_pktmbuf_free(mbuf);
            break;
        }
        ++frames;
        rte_pktmbuf_append(mbuf, static_cast<uint16_t>(bytes));
        ground_.counters.count[Count::Originated].add(1);
        ground_.counters.count[Count::FromTwin].add(1);
        if (const auto reason = refuse(mbuf, ground_.interfaces[twin.interface], now))
            ground_.outbox.drop(mbuf, *reason);
        else
            ground_.outbox.send(kSender, twin.interface, mbuf);
    }
    return frames;
}

/// Why a frame of the kernel's does not leave, if it does not.
std::optional<Drop> Twins::refuse(rte_mbuf* mbuf, const link::Interface& interface, Tick now) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Drop::Truncated;
    const auto& frame = *rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*);
    if (std::memcmp(&frame.src_addr, interface.mac.data(), interface.mac.size()) != 0)
        return Drop::TwinSource;
    if (net::ether_type(mbuf) == RTE_ETHER_TYPE_ARP) {
        const auto arp = net::read_arp(bytes_of(*mbuf));
        if (!arp)
            return Drop::ArpMalformed;
        const bool is_known = arp->sender_mac == interface.mac &&
                              (arp->sender == kNobody || is_own(interface, arp->sender));
        return is_known ? std::nullopt : std::optional(Drop::TwinSource);
    }
    net::Packet packet;
    Tuple tuple;
    if (const auto reason = net::parse(mbuf, packet, tuple))
        return reason;
    tuple.zone = interface.zone;  // of what would answer it
    const Be32 source{packet.ip->src_addr};
    if (!is_own(interface, source))
        return asks_by_dhcp(tuple) ? std::nullopt : std::optional(Drop::TwinSource);
    return take_port(packet, tuple, now);
}

/// What leaves outside shows no address from inside.
bool Twins::is_own(const link::Interface& interface, Be32 address) const {
    return interface.realm == link::Realm::Inside
               ? ground_.interfaces.are_own({address, interface.zone})
               : interface.is_own(address);
}

/// Makes the port that a packet of the kernel's is sent from its own, unless it is somebody else's.
std::optional<Drop> Twins::take_port(const net::Packet& packet, const Tuple& tuple, Tick now) {
    if (!has_source_port(packet, tuple.protocol) || !params_.is_public(tuple.source))
        return std::nullopt;
    const Endpoint endpoint{tuple.source, tuple.source_port};
    if (!params_.own_ports->is_at(tuple.source))
        return Drop::TwinSource;  // no twin has that address, so none is answered there
    if (is_taken(tuple, now))
        return Drop::TwinPortTaken;
    Lease* lease = nullptr;
    if (!if_memory_allows([&] { lease = lease_of(tuple.protocol, endpoint, now); })) {
        ground_.counters.count[Count::MemoryShort].add(1);
        return Drop::TwinPortTaken;
    }
    if (lease == nullptr)
        return std::nullopt;
    lease->is_closing &= (packet.tcp_flags & conntrack::kSyn) == 0;
    keep(*lease, packet.tcp_flags, now);
    return std::nullopt;
}

/// That of the port, or a new one; null where the port is the kernel's for good.
Twins::Lease* Twins::lease_of(Protocol protocol, Endpoint endpoint, Tick now) {
    const uint64_t key = key_of(protocol, endpoint);
    if (const auto lease = leases_.find(key); lease != leases_.end())
        return &lease->second;
    if (params_.own_ports->contains(protocol, endpoint))
        return nullptr;
    Lease& lease = leases_.emplace(key, Lease{protocol, endpoint, now, false}).first->second;
    // Relaxed, and yet seen in time by the worker that its answer comes to: that is behind the
    // rings and the wire.
    params_.own_ports->add(protocol, endpoint);
    return &lease;
}

/// By a flow, a mapping or the operator.
bool Twins::is_taken(const Tuple& tuple, Tick now) const {
    const Endpoint endpoint{tuple.source, tuple.source_port};
    return ground_.table.find(tuple.reversed(), now) || is_held(tuple.protocol, endpoint, now);
}

/// By a mapping or the operator, toward everybody.
bool Twins::is_held(Protocol protocol, Endpoint endpoint, Tick now) const {
    return ground_.table.find(nat::mapping_keys(protocol, {}, endpoint).reply, now) ||
           params_.is_forwarded(protocol, endpoint);
}

/// A little in each turn, until all have been read.
void Twins::look_for_listeners(Tick now) {
    if (!params_.read_listeners(listeners_))
        return;
    next_look_ = now + kBetweenLooks;
    const std::vector<io::Listener> listeners = std::exchange(listeners_, {});
    const size_t most = std::min(listeners.size(), kMostListeners);
    for (const io::Listener& listener : std::span(listeners).first(most))
        for (const Twin& twin : params_.twins) {
            const link::Interface& interface = ground_.interfaces[twin.interface];
            if (interface.realm == link::Realm::Inside)
                continue;  // flows are given none of its addresses
            for (const net::Prefix& own : interface.own)
                if (const Be32 address = listener.endpoint.address;
                    address == kNobody || address == own.address)
                    keep_listener(listener.protocol, {own.address, listener.endpoint.port}, now);
        }
}

/// Where a worker has opened a mapping by the port, not having seen it added yet, it is given back:
/// else what comes for the mapping would be the kernel's.
void Twins::keep_listener(Protocol protocol, Endpoint endpoint, Tick now) {
    if (!params_.is_public(endpoint.address))
        return;
    if (is_held(protocol, endpoint, now)) {
        if (leases_.erase(key_of(protocol, endpoint)) != 0)
            params_.own_ports->remove(protocol, endpoint);
        return;
    }
    Lease* lease = lease_of(protocol, endpoint, now);
    if (lease != nullptr && !lease->due.is_after(now + kKeepPort))
        lease->due = now + kKeepPort;
}

void Twins::keep(Lease& lease, uint8_t tcp_flags, Tick now) {
    lease.is_closing |= (tcp_flags & (conntrack::kFin | conntrack::kRst)) != 0;
    if (lease.is_closing)
        lease.due = now + kKeepClosingPort;
    else
        lease.due = now + (lease.protocol == Protocol::Tcp ? kKeepTcpPort : kKeepPort);
}

void Twins::give_back_ports(Tick now) {
    std::erase_if(leases_, [&](const auto& entry) {
        const Lease& lease = entry.second;
        if (lease.due.is_after(now))
            return false;
        params_.own_ports->remove(lease.protocol, lease.endpoint);
        return true;
    });
}

}  // namespace sluice::control
