// SPDX-License-Identifier: BSD-3-Clause
#include "control/neighbours.h"

#include "link/note.h"
#include "net/text.h"

#include <rte_mbuf.h>

#include <string>
#include <utility>

namespace sluice::control {

using link::HopIndex;
using link::InterfaceId;
using link::kNoHop;
using net::Arp;
using stats::Count;
using stats::Drop;

namespace {

/// All removals of a second change the generation close together, so that workers search their
/// routes anew once, not all the time, while somebody scans a subnet.
constexpr Duration kRemovalInterval = Duration::seconds(1);

constexpr unsigned kAsker = 0;  ///< The worker that sends what no worker asked for.

}  // namespace

Neighbours::Neighbours(NeighbourParams params, const link::Interfaces& interfaces,
                       link::NextHops& hops, Outbox& outbox, stats::Counters& counters)
    : params_(std::move(params)),
      interfaces_(interfaces),
      hops_(hops),
      outbox_(outbox),
      counters_(counters),
      waiting_(outbox, counters),
      claim_(interfaces, outbox),
      announcer_(interfaces, outbox, params_.announce_interval),
      entries_(hops.capacity() + size_t{1}) {}

void Neighbours::start(Tick now) {
    next_walk_ = next_removal_ = now;
    if (params_.probes)
        claim_.start(now);
    else
        begin(now);
}

void Neighbours::begin(Tick now) {
    announcer_.start(now);
    ask_for_gateways(now);
}

void Neighbours::ask_for_gateways(Tick now) {
    for (const link::Toward& gateway : params_.gateways) {
        const HopIndex hop = hops_.add(gateway.interface, gateway.address);
        if (hop == kNoHop)
            continue;
        entries_[hop].is_gateway = true;
        if (entries_[hop].stage == Stage::Unknown)  // or a packet has asked for it already
            ask(hop, now);
    }
}

void Neighbours::use_gateways(std::vector<link::Toward> gateways, Tick now) {
    if (gateways == params_.gateways)
        return;
    for (const link::Toward& gateway : params_.gateways)
        if (const HopIndex hop = hops_.find(gateway.interface, gateway.address); hop != kNoHop)
            entries_[hop].is_gateway = entries_[hop].is_silent = false;
    params_.gateways = std::move(gateways);
    if (claim_.is_done())
        ask_for_gateways(now);  // else begin() will
}

void Neighbours::link_came(Tick now) {
    if (!claim_.is_done())
        return;
    announcer_.start(now);
    for (const link::Toward& gateway : params_.gateways) {
        const HopIndex hop = hops_.find(gateway.interface, gateway.address);
        if (hop == kNoHop)
            continue;
        Entry& entry = entries_[hop];
        if (entry.stage == Stage::Failed)
            end_refusal(hop, now);
        if (entry.stage != Stage::Reachable)
            continue;
        // Perhaps another machine is the router by now: everybody is asked.
        entry.stage = Stage::Verifying;
        entry.tries = 1;
        entry.due = now + kArpInterval;
        request(hop, kBroadcast);
    }
}

void Neighbours::stop() {
    waiting_.drop_all(Drop::Shutdown);
}

// What workers punt.

void Neighbours::take_arp(rte_mbuf* mbuf, unsigned worker, Tick now) {
    const InterfaceId interface = link::note_of(mbuf).from;
    const std::span frame(rte_pktmbuf_mtod(mbuf, const uint8_t*), rte_pktmbuf_data_len(mbuf));
    const auto arp = net::read_arp(frame);
    if (!arp) {
        outbox_.drop(mbuf, Drop::ArpMalformed);
        return;
    }
    counters_.count[Count::ArpReceived].add(1);
    counters_.count[Count::Consumed].add(1);
    rte_pktmbuf_free(mbuf);

    const link::Interface& own = interfaces_[interface];
    if (arp->sender_mac == own.mac)
        return;  // our own frame come back
    if (claim_.is_refused_by(*arp, interface, now)) {
        notice(net::to_string(arp->sender_mac) + " has " +
               net::to_string(arp->sender == Be32{} ? arp->target : arp->sender) +
               ", which is to be this gateway's; it is not claimed until that is free "
               "(--claim force takes it)");
        return;
    }
    if (is_own(arp->sender, interface)) {
        defend(*arp, interface, now);
        return;
    }
    learn(*arp, interface, now);
    if (arp->operation == Arp::Operation::Request && is_own(arp->target, interface) &&
        claim_.is_done())
        answer(*arp, interface, worker);
}

bool Neighbours::is_own(Be32 address, InterfaceId interface) const {
    const link::Interface& own = interfaces_[interface];
    return own.answers_for(address) ||
           (own.reaches(net::Side::Outside) && params_.is_public(address));
}

void Neighbours::answer(const Arp& request, InterfaceId interface, unsigned worker) {
    outbox_.send_arp(worker, interface, request.sender_mac,
                     {Arp::Operation::Reply, interfaces_[interface].mac, request.target,
                      request.sender_mac, request.sender});
}

/// RFC 826: the sender of any frame updates what is known of it; new neighbours are those that want
/// something of the gateway. A probe (RFC 5227) has no sender address.
void Neighbours::learn(const Arp& arp, InterfaceId interface, Tick now) {
    if (const HopIndex known = hops_.find(interface, arp.sender); known != kNoHop) {
        enter(known, arp.sender_mac, now);
        return;
    }
    const link::Interface& own = interfaces_[interface];
    if (!is_own(arp.target, interface) || !own.has_on_link(arp.sender) ||
        net::is_martian(arp.sender))
        return;
    if (const HopIndex hop = hops_.add(interface, arp.sender); hop != kNoHop)
        enter(hop, arp.sender_mac, now);
}

void Neighbours::defend(const Arp& arp, InterfaceId interface, Tick now) {
    counters_.count[Count::ArpConflicts].add(1);
    if (has_defended_)
        return;
    has_defended_ = true;
    next_defence_ = now + kDefendInterval;
    announcer_.announce(interface, arp.sender);
    notice("address conflict: " + net::to_string(arp.sender_mac) + " claims " +
           net::to_string(arp.sender) + ", which is this gateway's");
}

void Neighbours::enter(HopIndex hop, const net::MacAddress& mac, Tick now) {
    Entry& entry = entries_[hop];
    if (std::exchange(entry.is_silent, false)) {
        notice("next hop " + net::to_string(hops_.address(hop)) + " is at " + net::to_string(mac));
        announcer_.start(now);  // whatever kept it silent kept it from hearing, too
    }
    if (entry.stage == Stage::Unknown)
        entry.last_used = now;
    entry.stage = Stage::Reachable;
    entry.due = now + kVerifyInterval;
    hops_.resolve(hop, mac);
    waiting_.release(hop);
}

void Neighbours::take_unresolved(rte_mbuf* mbuf, unsigned worker, Tick now) {
    const link::Note& note = link::note_of(mbuf);
    const HopIndex hop = hops_.add(note.to, note.next_hop);
    if (hop == kNoHop) {
        outbox_.drop(mbuf, Drop::NeighbourQueueFull);
        return;
    }
    Entry& entry = entries_[hop];
    entry.last_used = now;
    switch (entry.stage) {
        case Stage::Reachable:
        case Stage::Verifying:
        case Stage::Failed:  // the worker tells the sender
            outbox_.release(worker, mbuf, hop);
            return;
        case Stage::Unknown:
        case Stage::Idle:
            ask(hop, now);
            break;
        case Stage::Asking:
            break;
    }
    waiting_.add(hop, mbuf, worker);
}

// What time brings.

void Neighbours::turn(Tick now) {
    if (claim_.turn(now))
        begin(now);
    announcer_.turn(now);
    if (next_walk_.is_after(now))
        return;
    next_walk_ = now + kNeighbourStep;
    has_defended_ &= next_defence_.is_after(now);
    for (uint32_t hop = 1; hop < entries_.size(); ++hop)
        if (entries_[hop].stage != Stage::Unknown && !entries_[hop].due.is_after(now))
            advance(static_cast<HopIndex>(hop), now);
    if (!next_removal_.is_after(now))
        next_removal_ = now + kRemovalInterval;
}

void Neighbours::advance(HopIndex hop, Tick now) {
    switch (entries_[hop].stage) {
        case Stage::Unknown:
            break;
        case Stage::Idle:
            forget(hop, now);
            break;
        case Stage::Asking:
        case Stage::Verifying:
            ask_again(hop, now);
            break;
        case Stage::Reachable:
            verify(hop, now);
            break;
        case Stage::Failed:
            end_refusal(hop, now);
            break;
    }
}

void Neighbours::ask(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    entry.stage = Stage::Asking;
    entry.tries = 1;
    entry.due = now + kArpInterval;
    request(hop, kBroadcast);
}

void Neighbours::ask_again(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    if (entry.tries == kArpTries) {
        fail(hop, now);
        return;
    }
    ++entry.tries;
    entry.due = now + kArpInterval;
    request(hop, kBroadcast);
}

/// The first question goes to the host alone: the others on the link need not wake up for it.
void Neighbours::verify(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    const bool used = hops_.take_used(hop);
    if (used)
        entry.last_used = now;
    if (!used && !entry.is_gateway) {
        if (now - entry.last_used >= kKeepUnused)
            forget(hop, now);
        else
            entry.due = now + kVerifyInterval;
        return;
    }
    entry.stage = Stage::Verifying;
    entry.tries = 1;
    entry.due = now + kArpInterval;
    request(hop, hops_.read(hop).mac());
}

void Neighbours::fail(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    if (entry.is_gateway && !std::exchange(entry.is_silent, true))
        notice("next hop " + net::to_string(hops_.address(hop)) + " does not answer ARP");
    entry.stage = Stage::Failed;
    entry.due = now + kRefusal;
    hops_.fail(hop);
    waiting_.release(hop);
}

void Neighbours::end_refusal(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    hops_.retry(hop);
    if (entry.is_gateway) {
        ask(hop, now);
        return;
    }
    entry.stage = Stage::Idle;
    entry.due = now + kKeepUnresolved;
}

void Neighbours::forget(HopIndex hop, Tick now) {
    if (next_removal_.is_after(now))
        return;
    hops_.remove(hop);
    entries_[hop] = {};
}

void Neighbours::request(HopIndex hop, const net::MacAddress& destination) {
    const InterfaceId interface = hops_.read(hop).interface();
    const link::Interface& own = interfaces_[interface];
    outbox_.send_arp(kAsker, interface, destination,
                     {Arp::Operation::Request,
                      own.mac,
                      claim_.is_done() ? own.source_toward(hops_.address(hop)) : Be32{},
                      {},
                      hops_.address(hop)});
}

void Neighbours::notice(const std::string& sentence) const {
    if (params_.notice)
        params_.notice(sentence);
}

}  // namespace sluice::control
