// SPDX-License-Identifier: BSD-3-Clause
#include "link/egress.h"

#include "base/bits.h"
#include "link/tag.h"
#include "nat64/kept.h"
#include "nat64/to_ipv6.h"

#include <algorithm>
#include <utility>

namespace sluice::link {

using stats::Count;
using stats::Drop;

namespace {

static_assert(sizeof(Note) <= nat64::kKeptAt && nat64::kKeptEnd <= kNoteBytes);

/// By which a frame leaves that is ready to.
InterfaceId interface_of(const Interfaces& interfaces, PortIndex port, const rte_mbuf* mbuf,
                         VlanId vlan) {
    const auto find = [&](VlanId tag) { return interfaces.find(port, tag); };
    const auto* frame = rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*);
    if (vlan == kUntagged && frame->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
        if (const InterfaceId side = find(kIpv6Side); side != kNoInterface)
            return side;
    const InterfaceId tagged = find(vlan);
    // Else the gateway's kernel has put a tag of its own into it.
    return tagged == kNoInterface ? find(kUntagged) : tagged;
}

uint64_t bytes_of(std::span<rte_mbuf* const> packets) {
    uint64_t bytes = 0;
#pragma GCC unroll 4
    for (const rte_mbuf* mbuf : packets)
        bytes += mbuf->pkt_len;
    return bytes;
}

/// Those of them that are untagged IPv6.
stats::Volume ipv6_of(std::span<rte_mbuf* const> packets) {
    stats::Volume ipv6;
    for (const rte_mbuf* mbuf : packets) {
        const auto* frame = rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*);
        const bool is_ipv6 = frame->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
        ipv6 += {is_ipv6 ? 1U : 0U, is_ipv6 ? mbuf->pkt_len : 0};
    }
    return ipv6;
}

/// False, and the frame is dropped, where there is no room for it. Not inlined, so that what is to
/// be IPv6 has a short way.
[[gnu::noinline]] bool put_tag(Egress& egress, rte_mbuf* mbuf, VlanId vlan,
                               bool port_inserts_tags) {
    if (port_inserts_tags) {
        mbuf->vlan_tci = vlan;
        mbuf->ol_flags |= RTE_MBUF_F_TX_VLAN;
    } else if (!insert_tag(mbuf, vlan)) {
        egress.drop(mbuf, Drop::TxFull);
        return false;
    }
    return true;
}

/// For one more packet, where so many others are yet to be put into that ring.
bool has_room_beside_arp(const Ring& ring, unsigned gathered) {
    constexpr unsigned kArpShare = 4;
    return ring.count() + gathered < ring.capacity() - ring.capacity() / kArpShare;
}

}  // namespace

Egress::Egress(EgressParams params, stats::Counters& counters)
    : params_(std::move(params)),
      counters_(counters),
      outgoing_(params_.ports.size()),
      to_ipv6_(params_.ports.size()),
      handed_over_(params_.to_worker.size()) {
    for (const Interface& interface : params_.interfaces)
        rows_.push_back({net::mac_bits(interface.mac), interface.vlan, interface.port,
                         params_.ports[interface.port].port->inserts_tags()});
    exits_.resize(rows_.size());
    for (size_t port = 0; port < outgoing_.size(); ++port)
        sole_.push_back({params_.interfaces.find(static_cast<PortIndex>(port), kUntagged),
                         params_.interfaces.find(static_cast<PortIndex>(port), kIpv6Side)});
    for (const Interface& interface : params_.interfaces)
        if (interface.vlan != kUntagged && interface.vlan != kIpv6Side)
            sole_[interface.port] = {};
    look_at_ports();
}

void Egress::look_at_ports() {
    generation_ = params_.next_hops.generation();
    living_ = params_.living == nullptr ? kAllUplinks : params_.living->usable();
    least_mtu_ = smallest_mtu_ = UINT16_MAX;
    for (size_t id = 0; id < exits_.size(); ++id) {
        const io::Port& device = *params_.ports[rows_[id].port].port;
        const bool grows = rows_[id].vlan == kIpv6Side;
        Exit& exit = exits_[id];
        exit.mtu = static_cast<uint16_t>(device.mtu() - (grows ? nat64::kGrowth : 0));
        exit.fragment_mtu =
            static_cast<uint16_t>(device.mtu() - (grows ? nat64::kFragmentGrowth : 0));
        exit.has_link = device.has_link();
        least_mtu_ = std::min(least_mtu_, exit.has_link ? exit.mtu : uint16_t{0});
        smallest_mtu_ = std::min(smallest_mtu_, exit.mtu);
    }
}

/// Gives a frame what its interface wants: a tag, or the form of IPv6 when it leaves. False, and
/// the frame is dropped, where there is no room for the tag.
bool Egress::dress(rte_mbuf* mbuf, const Row& row) {
    if (row.vlan != kIpv6Side)
        return put_tag(*this, mbuf, row.vlan, row.port_inserts_tags);
    params_.ipv6->expect(mbuf, row.port);
    to_ipv6_[row.port] |= uint64_t{1} << outgoing_[row.port].count;
    return true;
}

/// Outside is what is inside in no zone.
std::optional<Path> Egress::find(const net::Tuple& leaving, net::Side side, const Leads& leads,
                                 std::optional<UplinkId> uplink) const {
    const Route* route = side == net::Side::Inside ? leads.in_zone
                         : uplink                  ? routes_->match_from(*uplink, leads)
                                  : routes_->match_outside(leaving, living_, leads);
    if (route == nullptr || !params_.interfaces[route->interface].reaches(side))
        return std::nullopt;
    const Toward toward = *Routes::toward(route, leaving.destination);
    return Path{toward.address, toward.interface,
                params_.next_hops.find(toward.interface, toward.address), generation_};
}

void Egress::send(rte_mbuf* mbuf, Path& path) {
    if (path.hop == kNoHop || path.generation != generation_) {
        path.generation = generation_;
        path.hop = params_.next_hops.find(path.interface, path.via);
    }
    if (path.hop != kNoHop) {
        if (send_to(mbuf, path.hop))
            return;
        if (params_.next_hops.read(path.hop).has_failed())
            return set_apart(mbuf, path.interface);
    }
    punt(mbuf, {.punt = Punt::Unresolved, .to = path.interface, .next_hop = path.via});
}

void Egress::hand_over(rte_mbuf* mbuf, unsigned worker, const Note& note) {
    note_of(mbuf) = note;
    handed_over_[worker].add(mbuf);
    if (handed_over_[worker].is_full())
        flush_to_worker(worker);
}

void Egress::punt(rte_mbuf* mbuf, const Note& note) {
    if (note.punt != Punt::Arp && !has_room_beside_arp(*params_.to_control, punted_.count)) {
        note_of(mbuf) = note;
        return drop(mbuf, Drop::PuntFull);
    }
    if (tap_ != nullptr && note.punt == Punt::Unresolved)
        tap_->wait(mbuf, note.to, note.next_hop);
    else if (tap_ != nullptr)
        tap_->hand_up(mbuf);
    note_of(mbuf) = note;
    punted_.add(mbuf);
    if (punted_.is_full())
        flush_to_control();
}

void Egress::drop(rte_mbuf* mbuf, Drop reason) {
    if (tap_ != nullptr)
        tap_->drop(mbuf, reason, note_of(mbuf).to);
    counters_.drop[reason].add(1);
    rte_pktmbuf_free(mbuf);
}

void Egress::drop(std::span<rte_mbuf*> packets, Drop reason) {
    for (size_t i = 0; tap_ != nullptr && i < packets.size(); ++i)
        tap_->drop(packets[i], reason, note_of(packets[i]).to);
    counters_.drop[reason].add(packets.size());
    rte_pktmbuf_free_bulk(packets.data(), static_cast<unsigned>(packets.size()));
}

/// What finds no room ends untold: of so many in one burst the senders would not be told anyway.
void Egress::set_apart(rte_mbuf* mbuf, InterfaceId to) {
    if (!unreachable_.is_full()) {
        if (tap_ != nullptr)
            tap_->put_off(mbuf);
        note_of(mbuf).to = to;
        return unreachable_.add(mbuf);
    }
    counters_.count[Count::IcmpSuppressed].add(1);
    drop(mbuf, Drop::NeighbourFailed);
}

unsigned Egress::take_unreachable(std::span<rte_mbuf*, kBatchSize> packets) {
    std::copy_n(unreachable_.mbuf.begin(), unreachable_.count, packets.begin());
    return std::exchange(unreachable_.count, 0);
}

/// Empties a batch of which the front was taken; the rest is dropped.
void Egress::finish(Batch& batch, unsigned taken, Drop reason) {
    if (taken < batch.count)
        drop(batch.packets().subspan(taken), reason);
    batch.count = 0;
}

void Egress::flush() {
    for (size_t port = 0; port < outgoing_.size(); ++port)
        flush_port(port);
    for (size_t worker = 0; worker < handed_over_.size(); ++worker)
        flush_to_worker(worker);
    flush_to_control();
}

void Egress::flush_port(size_t port) {
    Batch& batch = outgoing_[port];
    const uint64_t leaving = std::exchange(to_ipv6_[port], 0);
    const bool is_ipv6 = leaving == low_bits(batch.count);  // all of it
    if (leaving != 0)
        batch.count =
            params_.ipv6->leave(batch.packets(), leaving, static_cast<PortIndex>(port),
                                [this](rte_mbuf* mbuf, Drop reason) { drop(mbuf, reason); });
    if (batch.count == 0)
        return;
    const TransmitQueue& to = params_.ports[port];
    if (!to.port->has_link())
        return finish(batch, 0, Drop::LinkDown);
    const unsigned sent = transmit(port, is_ipv6);
    counters_.count[Count::Transmitted].add(sent);
    finish(batch, sent, Drop::TxFull);
}

/// Says how many have left, and counts them by interface; `is_ipv6`: all of them.
unsigned Egress::transmit(size_t port, bool is_ipv6) {
    const Sole& sole = sole_[port];
    Batch& batch = outgoing_[port];
    const bool is_shown = tap_ != nullptr && tap_->sees(batch.packets());
    if (is_shown || sole.untagged == kNoInterface)
        return transmit_by_interfaces(port, is_shown);
    const TransmitQueue& to = params_.ports[port];
    const uint64_t bytes = bytes_of(batch.packets());
    const bool has_ipv6 = sole.ipv6_side != kNoInterface;
    const stats::Volume all{batch.count, bytes};
    const stats::Volume ipv6 = !has_ipv6 ? stats::Volume{}
                               : is_ipv6 ? all
                                         : ipv6_of(batch.packets());
    const unsigned sent = to.port->transmit(to.queue, batch.packets());
    // What was taken is the port's now; what was not is still here.
    const std::span<rte_mbuf*> unsent = batch.packets().subspan(sent);
    const stats::Volume out{sent, bytes - bytes_of(unsent)};
    if (!has_ipv6) {
        counters_.interfaces[sole.untagged].out.add(out);
        return sent;
    }
    const stats::Volume left = ipv6_of(unsent);
    const stats::Volume by_side{ipv6.packets - left.packets, ipv6.bytes - left.bytes};
    counters_.interfaces[sole.ipv6_side].out.add(by_side);
    counters_.interfaces[sole.untagged].out.add(
        {out.packets - by_side.packets, out.bytes - by_side.bytes});
    return sent;
}

/// Where the port has several, or somebody watches.
unsigned Egress::transmit_by_interfaces(size_t port, bool is_shown) {
    const TransmitQueue& to = params_.ports[port];
    const std::span<rte_mbuf*> packets = outgoing_[port].packets();
    std::array<InterfaceId, kBatchSize> by;
    std::array<uint32_t, kBatchSize> bytes;
    for (size_t i = 0; i < packets.size(); ++i) {
        const Bare bare = without_tag(packets[i]);
        by[i] =
            interface_of(params_.interfaces, static_cast<PortIndex>(port), packets[i], bare.vlan);
        bytes[i] = bare.bytes;
    }
    // Afterwards the packets are the port's.
    if (is_shown)
        tap_->leave(packets, std::span(by).first(packets.size()));
    const unsigned sent = to.port->transmit(to.queue, packets);
    if (is_shown)
        tap_->left(sent);
    for (unsigned i = 0; i < sent; ++i)
        counters_.interfaces[by[i]].out.add({1, bytes[i]});
    return sent;
}

void Egress::flush_to_worker(size_t worker) {
    Batch& batch = handed_over_[worker];
    if (batch.count == 0)
        return;
    const unsigned put = params_.to_worker[worker]->put(batch.packets());
    counters_.count[Count::Put].add(put);
    counters_.count[Count::Handoff].add(put);
    finish(batch, put, Drop::HandoffFull);
}

void Egress::flush_to_control() {
    if (punted_.count == 0)
        return;
    const unsigned put = params_.to_control->put(punted_.packets());
    counters_.count[Count::Put].add(put);
    counters_.count[Count::Punted].add(put);
    finish(punted_, put, Drop::PuntFull);
}

}  // namespace sluice::link
