// SPDX-License-Identifier: BSD-3-Clause

#include "worker/worker.h"

#include "link/note.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <utility>

namespace sluice::worker {

using stats::Count;
using stats::Drop;

namespace {

/// Null where IPv6 is not served.
std::unique_ptr<nat64::Edge> make_edge(const Shared& shared, const WorkerParams& params) {
    if (!shared.ipv6)
        return nullptr;
    return std::make_unique<nat64::Edge>(*shared.ipv6, *shared.numbers, params.id);
}

link::EgressParams egress_params(const Shared& shared, const WorkerParams& params,
                                 const nat64::Edge* ipv6) {
    link::EgressParams egress{
        shared.interfaces,       shared.next_hops,       {},  params.links.to_worker,
        params.links.to_control, &shared.living_uplinks, ipv6};
    for (const PortUse& use : params.ports)
        egress.ports.push_back({use.port, use.tx_queue});
    return egress;
}

}  // namespace

/// What a packet goes through, in order.
const std::array<Worker::Stage, 13> Worker::kStages{{
    // mbuf: plain, of a standing flow: to its port
    {"forward_plain", &Worker::forward_plain},
    // mbuf: packet and tuple, or ARP for the control core
    {"parse", &Worker::step<&Worker::arrivals_, &Arrivals::parse>},
    // fragment: the first goes on, the others follow it
    {"reassemble", &Worker::step<&Worker::fragments_, &Fragments::reassemble>},
    // tuple: flow, or a miss
    {"lookup", &Worker::step<&Worker::tracking_, &Tracking::lookup>},
    // miss: what a new flow will read is sent for
    {"expect", &Worker::step<&Worker::openings_, &Openings::expect>},
    // in turn: flow's state, new flow, another worker, or drop
    {"track", &Worker::step<&Worker::tracking_, &Tracking::track>},
    // of a helped flow: what its data say, its numbers
    {"help", &Worker::step<&Worker::tracking_, &Tracking::help>},
    // packet: TTL and size allow it to leave
    {"check", &Worker::step<&Worker::departure_, &Departure::check>},
    // packet and flow: rewritten headers
    {"translate", &Worker::step<&Worker::departure_, &Departure::translate>},
    // SYN, SYN/ACK: an MSS that fits, if --mss-clamp is given
    {"clamp_mss", &Worker::step<&Worker::departure_, &Departure::clamp_mss>},
    // fragment, or too big: sent from here, with what waits for it
    {"depart", &Worker::step<&Worker::departure_, &Departure::depart>},
    // flow: next hop, Ethernet header
    {"resolve", &Worker::step<&Worker::departure_, &Departure::resolve>},
    // all that has gathered: to ports, workers, control core
    {"transmit", &Worker::transmit},
}};

Worker::Worker(const Shared& shared, WorkerParams params)
    : shared_(shared),
      params_(std::move(params)),
      counters_(shared.interfaces.size()),
      policy_(*shared.policy),
      admission_(shared.interfaces, policy_, shared.twins.own_ports, shared.holdings),
      member_(shared.table, {flow::MemberName::Kind::Worker, static_cast<uint16_t>(params.id)}),
      own_flows_({shared.table, policy_, shared.kept_endpoints, shared.draws, shared.exhaustion,
                  shared.steering, shared.hosts, shared.reserve, shared.twins.own_ports,
                  &shared.quotas, shared.helpers, shared.holdings},
                 member_, counters_, params_.id),
      tap_(shared.watches, shared.table, params_.id),
      edge_(make_edge(shared, params_)),
      egress_(egress_params(shared, params_, edge_.get()), counters_),
      ipv6_crossing_({edge_.get(), shared.interfaces, policy_, shared.budgets, egress_, counters_,
                      params_.packets}),
      ipv6_entry_({edge_.get(), shared.interfaces, egress_, counters_, ipv6_crossing_, tap_}),
      forwarding_({shared.table, policy_, admission_, egress_, shared.helpers, shared.may_inherit,
                   shared.holdings, shared.interfaces.first_inside()}),
      cutter_(egress_, counters_, params_.packets, edge_.get()),
      flow_paths_({shared.table, forwarding_, egress_, cutter_}),
      answers_({policy_, shared.budgets, egress_, counters_, params_.packets, shared.holdings}),
      local_(shared, admission_, egress_),
      arrivals_(
          {shared.interfaces, params_.ports, policy_, forwarding_, local_, egress_, counters_}),
      fast_path_(
          {shared.table, policy_, egress_, arrivals_.by_interface(), counters_, tap_, params_.id}),
      icmp_relay_({shared.table, policy_, forwarding_, egress_, cutter_, answers_, local_,
                   admission_, owners_, ipv6_crossing_, counters_, tap_}),
      fragments_({shared, policy_, admission_, forwarding_, local_, egress_, cutter_, counters_,
                  tap_, params_.id}),
      owners_({policy_, forwarding_, egress_, cutter_, answers_, fragments_, counters_, tap_}),
      handover_({shared.table, policy_, egress_, fragments_, params_.id}),
      openings_({shared, policy_, admission_, forwarding_, own_flows_, egress_, cutter_, answers_,
                 local_, handover_, flow_paths_, owners_, tap_, params_.id}),
      tenure_(shared.holdings),
      tracking_({shared.table, policy_, own_flows_, tenure_, handover_, openings_, owners_,
                 icmp_relay_, answers_, egress_, counters_, tap_, shared.helpers}),
      departure_(
          {shared.table, policy_, flow_paths_, fragments_, answers_, egress_, counters_, tap_}) {}

Worker::~Worker() = default;

unsigned Worker::turn(Tick now) {
    begin_turn(now);
    unsigned packets = 0;
    Burst& burst = burst_;
    for (size_t port = 0; port < params_.ports.size(); ++port) {
        packets += receive(static_cast<link::PortIndex>(port), burst);
        if (burst.count != 0)
            go(burst);
    }
    for (link::Ring* ring : params_.links.from_worker)
        if (ring != nullptr && take_handed_over(*ring, burst) != 0) {
            packets += burst.count;
            go(burst);
        }
    packets += release();
    if (tap_.is_on())
        tap_.take_up({});  // what was kept is as it came
    fragments_.expire(now_);
    end_turn();
    return packets;
}

void Worker::begin_turn(Tick now) {
    now_ = now;
    // Acquire: with the control core's release, before which all flows of the peer were there.
    const bool rested = rests_;
    rests_ = shared_.is_active != nullptr && !shared_.is_active->load(std::memory_order_acquire);
    rests_ |= !tenure_.begin_turn();
    egress_.look_at_ports();
    policy_.follow(shared_.policy);
    egress_.route_by(policy_->routes);
    if (edge_ != nullptr)
        edge_->begin_turn(policy_->zero_checksum, rested && !rests_);
    arrivals_.begin_turn();
    egress_.show(tap_.look(now) ? &tap_ : nullptr);
}

void Worker::end_turn() {
    if (tap_.is_on())
        tap_.publish();
    egress_.show(nullptr);
    member_.quiescent();
}

/// Says how many there were; some of them may have gone another way already.
unsigned Worker::receive(link::PortIndex port, Burst& burst) {
    const PortUse& use = params_.ports[port];
    burst.count = 0;
    if (!use.rx_queue)
        return 0;
    const unsigned received =
        use.port->receive(*use.rx_queue, std::span(burst.mbuf).first(params_.burst));
    burst.count = received;
    burst.port = port;
    counters_.count[Count::Received].add(received);
    burst.placed = 0;
    std::fill_n(burst.from.begin(), received, shared_.interfaces.find(port, link::kUntagged));
    if (edge_ != nullptr && !rests_)  // who stands by answers no neighbour either
        ipv6_entry_.take(burst, now_);
    burst.handed_over = false;
    burst.at_owner = 0;
    return received;
}

/// Of a gateway that stands by, or has no lease, nothing is forwarded, answered or punted.
void Worker::drop_all(Burst& burst) {
    const std::span packets = std::span(burst.mbuf).first(burst.count);
    if (!burst.handed_over) {
        uint64_t bytes = 0;
        for (const rte_mbuf* mbuf : packets)
            bytes += rte_pktmbuf_pkt_len(mbuf);
        arrivals_.count(burst, bytes);
    }
    if (tap_.is_on())
        tap_.take_up({burst.mbuf.data(), burst.from.data(), burst.side.data(), burst.flow.data(),
                      burst.count, burst.handed_over});
    egress_.drop(packets, tenure_.has_lease() ? Drop::Standby : Drop::NoLease);
}

unsigned Worker::take_handed_over(link::Ring& ring, Burst& burst) {
    burst.count = ring.take(burst.mbuf);
    burst.placed = 0;
    burst.at_owner = 0;
    for (unsigned i = 0; i < burst.count; ++i) {
        const link::Note& note = link::note_of(burst.mbuf[i]);
        burst.from[i] = note.from;
        burst.at_owner |= uint64_t{note.for_flow} << i;
    }
    burst.handed_over = true;
    counters_.count[Count::Taken].add(burst.count);
    return burst.count;
}

/// Sends for the headers, where that is wanted, and says how many bytes there are in all, tags in
/// the frames included: that is beside what is read here anyway.
uint64_t Worker::send_for(const Burst& burst) const {
    uint64_t bytes = 0;
    const bool prefetch = params_.prefetch;
#pragma GCC unroll 4
    for (unsigned i = 0; i < burst.count; ++i) {
        const rte_mbuf* mbuf = burst.mbuf[i];
        bytes += mbuf->pkt_len;
        if (prefetch)
            rte_prefetch0(rte_pktmbuf_mtod(mbuf, void*));
    }
    return bytes;
}

/// What a fragment does depends on whether those before it have left: a burst with fragments goes
/// in parts, each up to one of them.
void Worker::forward(Burst& burst) {
    const uint64_t bytes = send_for(burst);
    if (!burst.handed_over)
        arrivals_.count(burst, bytes);
    burst.live = low_bits(burst.count);
    burst.errors = 0;
    burst.fragments = 0;
    if (tap_.is_on())
        tap_.take_up({burst.mbuf.data(), burst.from.data(), burst.side.data(), burst.flow.data(),
                      burst.count, burst.handed_over});
    burst.plain = 0;
    burst.passed = 0;
    burst.guessed = 0;
    run(burst, 0);
    if ((burst.live | burst.passed) == 0)
        return run(burst, kStages.size() - 1);
    burst.opened.clear();
    run(burst, 1);
    uint64_t rest = burst.live;
    do {
        const uint64_t stops = rest & burst.fragments;
        burst.part = stops ^ (stops - 1);  // up to the first of them; all where there is none
        burst.live = rest & burst.part;
        rest &= ~burst.live;
        burst.misses = 0;
        burst.admitted = 0;
        burst.seen = 0;
        burst.outward = 0;
        burst.within = 0;
        burst.ruled = 0;
        burst.fresh = 0;
        burst.leads = 0;
        burst.uncounted = 0;
        burst.too_big = 0;
        burst.routed = 0;
        for (size_t stage = 2; stage < kStages.size(); ++stage)
            run(burst, stage);
    } while ((rest | burst.passed) != 0);
}

void Worker::run(Burst& burst, size_t stage) {
    if (stage_cycles_.empty())
        return (this->*kStages[stage].run)(burst);
    const uint64_t start = rte_rdtsc();
    (this->*kStages[stage].run)(burst);
    stage_cycles_[stage] += rte_rdtsc() - start;
}

/// Not of packets that other workers have received.
void Worker::forward_plain(Burst& burst) {
    if (burst.handed_over || !tenure_.is_settled())
        return;
    arrivals_.take_tags(burst);
    fast_path_.forward(burst, now_);
}

void Worker::transmit(Burst&) {
    icmp_relay_.drop_unreachable(now_);
    egress_.flush();
}

/// Sends what the control core has finished: its own frames, and packets whose hop is known now.
unsigned Worker::release() {
    std::array<rte_mbuf*, kBurstSize> packets;
    const unsigned count = params_.links.from_control->take(packets);
    counters_.count[Count::Taken].add(count);
    if (tap_.is_on())
        tap_.take_up_translated();
    for (rte_mbuf* packet : std::span(packets).first(count)) {
        const link::Note& note = link::note_of(packet);
        if (note.complete) {
            egress_.send(packet, note.to);
            continue;
        }
        if (const auto reason = tenure_.refuse_to_send(packet, shared_.interfaces[note.to].realm)) {
            egress_.drop(packet, *reason);
            continue;
        }
        // Its hop is looked up here: in the ring it could become another neighbour's meanwhile.
        link::Path path{.via = note.next_hop, .interface = note.to};
        egress_.send(packet, path);
    }
    transmit(burst_);
    return count;
}

void Worker::drain() {
    fragments_.clear(Drop::Shutdown);
    Burst& burst = burst_;
    for (link::Ring* ring : params_.links.from_worker)
        while (ring != nullptr && take_handed_over(*ring, burst) != 0)
            egress_.drop(std::span(burst.mbuf).first(burst.count), Drop::Shutdown);
    while (const unsigned count = params_.links.from_control->take(burst.mbuf)) {
        counters_.count[Count::Taken].add(count);
        egress_.drop(std::span(burst.mbuf).first(count), Drop::Shutdown);
    }
}

}  // namespace sluice::worker
