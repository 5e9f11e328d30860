// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// The worker's hot path. One pass of forward() takes one burst from NIC to NIC.

#include "nat/mss_clamp.h"
#include "nat/translate.h"
#include "net/mac.h"
#include "net/parse.h"
#include "worker/worker.h"

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <bit>
#include <optional>

namespace sluice::worker {

using route::Side;
using stats::Drop;

namespace {

/// Why a frame is not for this gateway, if it is not.
std::optional<Drop> refuse_frame(const rte_mbuf* mbuf, uint64_t own) {
    if (rte_pktmbuf_data_len(mbuf) < sizeof(rte_ether_hdr))
        return Drop::Truncated;
    const uint64_t to = net::destination_mac(rte_pktmbuf_mtod(mbuf, const void*));
    if (to == own)
        return std::nullopt;
    return (to & net::kGroupMac) != 0 ? Drop::MulticastOrBroadcast : Drop::NotForUs;
}

/// False for a packet that has the tuple of a flow and yet is none of its own: it comes from where
/// the flow's packets of that direction go, or asks where answers belong.
bool belongs(const flow::FlowRecord& record, net::Direction direction, Side from,
             const net::Packet& packet) {
    const bool asks_back =
        direction == net::Direction::Reply && packet.icmp_type == net::kEchoRequest;
    return record.sides.enter(direction) == from && !asks_back;
}

}  // namespace

/// What a packet goes through, in order.
const std::array<Worker::Stage, 11> Worker::kStages{{
    {"parse", &Worker::parse},            // mbuf: packet and tuple, or ARP for the control core
    {"reassemble", &Worker::reassemble},  // fragment: the first goes on, the others follow it
    {"lookup", &Worker::lookup},          // tuple: flow, or a miss
    {"expect", &Worker::expect},          // miss: what a new flow will read is sent for
    {"track", &Worker::track},          // in turn: flow's state, new flow, another worker, or drop
    {"check", &Worker::check},          // packet: TTL and size allow it to leave
    {"translate", &Worker::translate},  // packet and flow: rewritten headers
    {"clamp_mss", &Worker::clamp_mss},  // SYN, SYN/ACK: an MSS that fits, if --mss-clamp is given
    {"depart", &Worker::depart},    // fragment, or too big: sent from here, with what waits for it
    {"resolve", &Worker::resolve},  // flow: next hop, Ethernet header
    {"transmit", &Worker::transmit},  // all that has gathered: to ports, workers, control core
}};

/// What a fragment does depends on whether those before it have left: a burst with fragments goes
/// in parts, each up to one of them.
void Worker::forward(Burst& burst) {
    burst.live = low_bits(burst.count);
    burst.errors = 0;
    burst.fragments = 0;
    run(burst, 0);
    uint64_t rest = burst.live;
    do {
        const uint64_t stops = rest & burst.fragments;
        burst.live = stops == 0 ? rest : rest & (stops ^ (stops - 1));
        rest &= ~burst.live;
        burst.misses = 0;
        burst.outward = 0;
        burst.fresh = 0;
        burst.leads = 0;
        burst.too_big = 0;
        for (size_t stage = 1; stage < kStages.size(); ++stage)
            run(burst, stage);
    } while (rest != 0);
}

void Worker::run(Burst& burst, size_t stage) {
    if (stage_cycles_.empty())
        return (this->*kStages[stage].run)(burst);
    const uint64_t start = rte_rdtsc();
    (this->*kStages[stage].run)(burst);
    stage_cycles_[stage] += rte_rdtsc() - start;
}

void Worker::parse(Burst& burst) {
    for (unsigned i = 0; params_.prefetch && i < burst.count; ++i)
        rte_prefetch0(rte_pktmbuf_mtod(burst.mbuf[i], void*));

    const bool verify = shared_.verify != Verify::Never && !burst.handed_over;
    for (unsigned i : burst.live_packets()) {
        rte_mbuf* mbuf = burst.mbuf[i];
        const size_t from = index(burst.from[i]);
        auto reason = refuse_frame(mbuf, mac_[from]);
        if (!reason)
            reason = net::parse(mbuf, burst.packet[i], burst.tuple[i]);
        if (!reason && verify)
            reason = net::verify_checksums(mbuf, burst.packet[i], trust_nic_[from]);
        if (reason) {
            if (net::ether_type(mbuf) == RTE_ETHER_TYPE_ARP)
                punt(burst, i, {.from = burst.from[i], .punt = Punt::Arp});
            else
                drop(burst, i, *reason);
            continue;
        }
        burst.errors |= uint64_t{burst.packet[i].is_icmp_error} << i;
        burst.fragments |= uint64_t{burst.packet[i].is_fragment} << i;
    }
}

void Worker::lookup(Burst& burst) {
    if (burst.live == low_bits(burst.count))
        shared_.table.find_bulk(std::span(burst.tuple).first(burst.count), now_,
                                std::span(burst.flow).first(burst.count));
    else
        lookup_live(burst);
    for (unsigned i : SetBits{burst.live & ~burst.errors}) {
        const flow::FlowRef flow = burst.flow[i];
        if (!flow ||
            !belongs(shared_.table.record(flow), flow.direction(), burst.from[i], burst.packet[i]))
            burst.misses |= uint64_t{1} << i;
    }
}

/// Of a burst that has lost packets already, the others' tuples are looked up close together.
void Worker::lookup_live(Burst& burst) {
    std::array<net::Tuple, kBurstSize> tuple;
    std::array<flow::FlowRef, kBurstSize> flow;
    unsigned count = 0;
    for (unsigned i : burst.live_packets())
        tuple[count++] = burst.tuple[i];
    shared_.table.find_bulk(std::span(tuple).first(count), now_, std::span(flow).first(count));
    count = 0;
    for (unsigned i : burst.live_packets())
        burst.flow[i] = flow[count++];
}

/// Those from inside may open flows: what these read is on its way when their turn comes.
void Worker::expect(Burst& burst) {
    if (burst.misses == 0)
        return;
    const SetBits misses{burst.live & burst.misses};
    nat_.prepare(static_cast<unsigned>(std::popcount(misses.bits)));
    for (unsigned i : misses)
        if (burst.from[i] == Side::Inside)
            nat_.expect(burst.tuple[i]);
    for (unsigned i : misses)
        if (burst.from[i] == Side::Inside)
            nat_.expect_host(burst.tuple[i]);
}

/// One packet after the other, as if each had come alone: whatever the lookup of all of them has
/// found, those before it may have opened its flow since, or ended it.
void Worker::track(Burst& burst) {
    for (unsigned i : burst.live_packets())
        if (burst.errors >> i & 1)
            relay_error(burst, i);
        else
            track(burst, i);
    nat_.finish();
}

void Worker::track(Burst& burst, unsigned i) {
    const bool is_met = !(burst.misses >> i & 1) && is_alive(burst.flow[i]);
    if (is_met ? !bring_home(burst, i) : !meet(burst, i))
        return;
    const nat::Tracking tracking = nat_.track(burst.flow[i], burst.segment(i), now_);
    if (tracking.action == conntrack::Action::Refuse)
        refuse(burst, i, tracking.reason);
    else if (tracking.action == conntrack::Action::Reopen && admit(burst, i))
        open_flow(burst, i);
}

/// Looks packet i's flow up again; without one it opens one, or is dropped. True when it is still
/// to be tracked.
bool Worker::meet(Burst& burst, unsigned i) {
    const flow::FlowRef flow = shared_.table.find(burst.tuple[i], now_);
    burst.flow[i] = flow;
    if (flow &&
        belongs(shared_.table.record(flow), flow.direction(), burst.from[i], burst.packet[i]))
        return bring_home(burst, i);
    if (admit(burst, i))
        open_flow(burst, i);
    return (burst.live & ~burst.fresh) >> i & 1;
}

/// After tracking: a reply that cannot go on has been seen here all the same.
void Worker::check(Burst& burst) {
    for (unsigned i : SetBits{burst.live & ~burst.fresh}) {
        const Side side = exit_side(burst.flow[i]);
        if (burst.packet[i].ip->time_to_live <= 1 || burst.packet[i].length > mtu_[index(side)])
            may_leave(burst, i, side);
    }
}

void Worker::translate(Burst& burst) {
    for (unsigned i : burst.live_packets()) {
        const flow::FlowRef flow = burst.flow[i];
        nat::decrement_ttl(burst.packet[i]);
        nat::translate(shared_.table.record(flow), flow.direction(), burst.packet[i]);
    }
}

void Worker::clamp_mss(Burst& burst) {
    if (shared_.most_mss == 0)
        return;
    for (unsigned i : burst.live_packets())
        if ((burst.packet[i].tcp_flags & conntrack::kSyn) != 0 &&
            nat::clamp_mss(burst.packet[i], shared_.most_mss))
            counters_.count[stats::Count::MssClamped].add(1);
}

void Worker::resolve(Burst& burst) {
    const uint32_t generation = shared_.next_hops.generation();
    for (unsigned i : burst.live_packets()) {
        const net::Direction direction = burst.flow[i].direction();
        flow::Hops& hops = shared_.table.record(burst.flow[i]).hops;
        if (hops.generation != generation)
            hops = {{}, generation};
        const route::HopIndex hop = hops.index[index(direction)];
        if (hop != route::kNoHop && send_to_hop(burst.mbuf[i], exit_side(burst.flow[i]), hop))
            burst.end(i);
        else
            find_hop(burst, i);
    }
}

/// Sends to a neighbour; false when its MAC is not known.
bool Worker::send_to_hop(rte_mbuf* mbuf, Side side, route::HopIndex index_of_hop) {
    const route::Hop hop = shared_.next_hops.read(index_of_hop);
    if (!hop.is_resolved())
        return false;
    if (!hop.is_used())
        shared_.next_hops.mark_used(index_of_hop);
    net::write_macs(rte_pktmbuf_mtod(mbuf, void*), hop.mac_bits(), mac_[index(side)]);
    send(mbuf, side);
    return true;
}

/// Sends a frame that is complete.
void Worker::send(rte_mbuf* mbuf, Side side) {
    Batch& batch = outgoing_[index(side)];
    batch.add(mbuf);
    if (batch.is_full())
        flush(side);
}

void Worker::transmit(Burst&) {
    flush();
}

void Worker::flush() {
    flush(Side::Inside);
    flush(Side::Outside);
    for (unsigned owner = 0; owner < handed_over_.size(); ++owner)
        flush_to_worker(owner);
    flush_to_control();
}

}  // namespace sluice::worker
