// SPDX-License-Identifier: BSD-3-Clause
#include "control/neighbours.h"

#include "link/note.h"
#include "net/text.h"

#include <rte_mbuf.h>

#include <algorithm>
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

/// As many hosts are remembered that have asked for the gateway, as a part of the places.
constexpr uint32_t kAskersShare = 4;

constexpr unsigned kAsker = 0;  ///< The worker that sends what no worker asked for.

constexpr uint32_t as_ms(Duration duration) {
    return static_cast<uint32_t>(duration.milliseconds);
}

bool contains(const std::vector<link::Toward>& all, const link::Toward& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Neighbours::Neighbours(NeighbourParams params, const link::Interfaces& interfaces,
                       link::NextHops& hops, Outbox& outbox, stats::Counters& counters)
    : params_(std::move(params)),
      interfaces_(interfaces),
      hops_(hops),
      outbox_(outbox),
      counters_(counters),
      own_(params_.own, interfaces, outbox, counters),
      waiting_(outbox, counters),
      askers_(std::max(1U, hops.capacity() / kAskersShare)),
      entries_(hops) {}

void Neighbours::start(Tick now, bool takes_over) {
    next_walk_ = next_removal_ = now;
    entries_.limit_looks(kVerifyInterval, now);  // who has stood by may have done so for weeks
    pin(now);
    if (takes_over)
        own_.take_over(now);
    if (takes_over || own_.start(now))
        begin(now);
}

/// Gives places to those that keep them, before anybody else takes one.
void Neighbours::pin(Tick now) {
    for (const FixedNeighbour& fixed : params_.fixed)
        if (const HopIndex hop = hops_.add(fixed.toward.interface, fixed.toward.address);
            hop != kNoHop) {
            entries_.change(hop, Stage::Fixed);
            entries_[hop].due = now;
            hops_.resolve(hop, fixed.mac);
        }
    pin_gateways(now);
}

void Neighbours::pin_gateways(Tick now) {
    for (const link::Toward& gateway : params_.gateways) {
        const HopIndex hop = hops_.add(gateway.interface, gateway.address);
        if (hop == kNoHop)
            continue;
        Entry& entry = entries_[hop];
        entry.is_gateway = true;
        entry.is_watched = contains(params_.watched, gateway);
        if (entry.stage == Stage::Unknown)
            entries_.change(hop, Stage::Idle);
        entry.due = now;
    }
}

void Neighbours::begin(Tick now) {
    for (const link::Toward& gateway : params_.gateways) {
        const HopIndex hop = hops_.find(gateway.interface, gateway.address);
        if (hop != kNoHop && entries_[hop].stage == Stage::Idle)
            ask(hop, now);
    }
}

void Neighbours::use_gateways(std::vector<link::Toward> gateways, std::vector<link::Toward> watched,
                              Tick now) {
    if (gateways == params_.gateways)
        return;
    for (const link::Toward& gateway : params_.gateways)
        if (const HopIndex hop = hops_.find(gateway.interface, gateway.address); hop != kNoHop)
            entries_[hop].is_gateway = entries_[hop].is_watched = entries_[hop].is_silent = false;
    params_.gateways = std::move(gateways);
    params_.watched = std::move(watched);
    pin_gateways(now);
    if (own_.are_claimed())
        begin(now);
}

void Neighbours::announce_by(const policy::Announcing& announcing, Tick now) {
    if (own_.announce_by(announcing, now))
        begin(now);
}

void Neighbours::link_came(Tick now) {
    if (!own_.are_claimed())
        return;
    own_.announce(now);
    for (const link::Toward& gateway : params_.gateways) {
        const HopIndex hop = hops_.find(gateway.interface, gateway.address);
        if (hop == kNoHop)
            continue;
        Entry& entry = entries_[hop];
        if (entry.stage == Stage::Failed)
            end_refusal(hop, now);
        if (entry.stage != Stage::Reachable)
            continue;
        // Perhaps another machine is the router by now: everybody is asked, and believed.
        entries_.change(hop, Stage::Verifying);
        entry.is_open = true;
        entry.tries = 1;
        entry.due = now + kArpInterval;
        request(hop, kBroadcast);
    }
}

void Neighbours::stop(Drop reason) {
    waiting_.drop_all(reason);
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

    if (arp->sender_mac == interfaces_[interface].mac)
        return;  // our own frame come back
    if (own_.is_conflict(*arp, interface, now))
        return;
    learn(*arp, interface, now);
    own_.answer(*arp, interface, worker);
}

/// A probe (RFC 5227) has no sender address, an announcement nothing that it wants of the gateway.
void Neighbours::learn(const Arp& arp, InterfaceId interface, Tick now) {
    if (const HopIndex known = hops_.find(interface, arp.sender); known != kNoHop) {
        hear(known, arp, now);
        return;
    }
    if (!own_.contain(arp.target, interface) || !interfaces_[interface].has_on_link(arp.sender) ||
        net::is_martian(arp.sender))
        return;
    if (const auto other = askers_.add(interface, arp.sender, arp.sender_mac, now))
        tell_conflict(arp, *other, now);
}

/// What a frame says of a hop that is known. Where a MAC has it, another is believed only when the
/// first has not answered.
void Neighbours::hear(HopIndex hop, const Arp& arp, Tick now) {
    const Entry& entry = entries_[hop];
    const link::Hop word = hops_.read(hop);
    if (word.is_resolved() && word.mac() != arp.sender_mac && !entry.is_open)
        contest(hop, arp, now);
    else if (entry.stage != Stage::Fixed)
        enter(hop, arp.sender_mac, now);
}

void Neighbours::contest(HopIndex hop, const Arp& arp, Tick now) {
    const net::MacAddress holder = hops_.read(hop).mac();
    tell_conflict(arp, holder, now);
    Entry& entry = entries_[hop];
    if (entry.stage == Stage::Contested || entry.stage == Stage::Fixed)
        return;
    entries_.change(hop, Stage::Contested);
    entry.claimant = arp.sender_mac;
    entry.tries = 0;
    entry.due = entry.confirmed + kLockTime;
    if (now.ms_since(entry.confirmed) >= as_ms(kLockTime))
        ask_holder(hop, now);
}

void Neighbours::tell_conflict(const Arp& claim, const net::MacAddress& holder, Tick now) {
    counters_.count[Count::NeighbourConflicts].add(1);
    if (saying_.take(now))
        notice("neighbour " + net::to_string(claim.sender) + " is at " + net::to_string(holder) +
               ", and " + net::to_string(claim.sender_mac) + " claims to be it");
}

void Neighbours::enter(HopIndex hop, const net::MacAddress& mac, Tick now) {
    Entry& entry = entries_[hop];
    if (std::exchange(entry.is_silent, false)) {
        notice("next hop " + net::to_string(hops_.address(hop)) + " is at " + net::to_string(mac));
        own_.announce(now);  // whatever kept it silent kept it from hearing, too
    }
    const link::Hop before = hops_.read(hop);
    if (before.is_resolved() && before.mac() != mac)
        counters_.count[Count::NeighboursMoved].add(1);
    entries_.change(hop, Stage::Reachable);
    entry.is_open = false;
    entry.due = now + (entry.is_watched ? kWatchInterval : kVerifyInterval);
    entry.confirmed = now;
    hops_.resolve(hop, mac);
    waiting_.release(hop);
}

void Neighbours::take_unresolved(rte_mbuf* mbuf, unsigned worker, Tick now) {
    const link::Note& note = link::note_of(mbuf);
    const HopIndex hop = admit(note.to, note.next_hop, now);
    if (hop == kNoHop) {
        outbox_.drop(mbuf, Drop::NeighbourTableFull);
        return;
    }
    Entry& entry = entries_[hop];
    entry.last_used = now;
    switch (entry.stage) {
        case Stage::Reachable:
        case Stage::Verifying:
        case Stage::Contested:
        case Stage::Fixed:
        case Stage::Failed:  // the worker tells the sender
            outbox_.release(worker, mbuf);
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

void Neighbours::take_stranger(rte_mbuf* mbuf, Tick now) {
    const link::Note& note = link::note_of(mbuf);
    const HopIndex hop = admit(note.from, note.next_hop, now);
    // What it sends is no use of the place: forged sources shall not keep theirs.
    if (hop != kNoHop &&
        (entries_[hop].stage == Stage::Unknown || entries_[hop].stage == Stage::Idle))
        ask(hop, now);
    outbox_.drop(mbuf, Drop::StrictSource);
}

/// A neighbour's place, a new one if he has none; kNoHop where there is none for him.
HopIndex Neighbours::admit(InterfaceId interface, Be32 address, Tick now) {
    if (const HopIndex known = hops_.find(interface, address); known != kNoHop)
        return known;
    const auto mac = askers_.take(interface, address, now);
    if (!mac && !entries_.may_ask())
        return kNoHop;
    const HopIndex hop = hops_.add(interface, address);
    if (hop != kNoHop && mac)
        enter(hop, *mac, now);
    return hop;
}

// What time brings.

void Neighbours::turn(Tick now) {
    if (own_.turn(now))
        begin(now);
    if (next_walk_.is_after(now))
        return;
    next_walk_ = now + kNeighbourStep;
    saying_.turn(now);
    askers_.turn(now);
    for (uint32_t i = 1; i < entries_.size(); ++i) {
        const auto hop = static_cast<HopIndex>(i);
        if (entries_[hop].stage != Stage::Unknown && !entries_[hop].due.is_after(now))
            advance(hop, now);
    }
    if (!next_removal_.is_after(now))
        next_removal_ = now + kRemovalInterval;
    make_room(now);
}

void Neighbours::advance(HopIndex hop, Tick now) {
    switch (entries_[hop].stage) {
        case Stage::Unknown:
            break;
        case Stage::Fixed:
            entries_[hop].due = now + kVerifyInterval;
            break;
        case Stage::Idle:
            leave_idle(hop, now);
            break;
        case Stage::Asking:
        case Stage::Verifying:
            ask_again(hop, now);
            break;
        case Stage::Contested:
            ask_holder(hop, now);
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
    entries_.change(hop, Stage::Asking);
    entry.asked = now;
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
    entry.is_open = true;
    entry.due = now + kArpInterval;
    request(hop, kBroadcast);
}

/// Of a hop that another claims, its MAC alone is asked; where it is silent the claim stands.
void Neighbours::ask_holder(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    if (entry.tries == kArpTries) {
        enter(hop, entry.claimant, now);
        return;
    }
    ++entry.tries;
    entry.due = now + kHolderInterval;
    request(hop, hops_.read(hop).mac());
}

/// The first question goes to the host alone: the others on the link need not wake up for it.
void Neighbours::verify(HopIndex hop, Tick now) {
    const uint32_t unused_ms = entries_.unused_ms(hop, now);
    Entry& entry = entries_[hop];
    if (unused_ms >= as_ms(kVerifyInterval) && !entry.is_gateway) {
        if (unused_ms < as_ms(kKeepUnused))
            entry.due = now + kVerifyInterval;
        else if (!next_removal_.is_after(now))
            entries_.forget(hop);
        return;
    }
    entries_.change(hop, Stage::Verifying);
    entry.tries = 1;
    entry.due = now + kArpInterval;
    request(hop, hops_.read(hop).mac());
}

void Neighbours::fail(HopIndex hop, Tick now) {
    Entry& entry = entries_[hop];
    if (entry.is_gateway && !std::exchange(entry.is_silent, true))
        notice("next hop " + net::to_string(hops_.address(hop)) + " does not answer ARP");
    entries_.change(hop, Stage::Failed);
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
    entries_.change(hop, Stage::Idle);
    entry.due = now + kKeepUnresolved;
}

void Neighbours::leave_idle(HopIndex hop, Tick now) {
    if (entries_[hop].is_gateway)
        entries_[hop].due = now + kKeepUnresolved;  // begin() asks for it
    else if (!next_removal_.is_after(now))
        entries_.forget(hop);
}

/// Makes places free ahead of who will want them.
void Neighbours::make_room(Tick now) {
    for (const HopIndex hop : entries_.excess(now)) {
        counters_.count[Count::NeighboursEvicted].add(1);
        waiting_.drop(hop, Drop::NeighbourTableFull);
        entries_.forget(hop);
    }
}

void Neighbours::request(HopIndex hop, const net::MacAddress& destination) {
    const InterfaceId interface = hops_.read(hop).interface();
    const link::Interface& own = interfaces_[interface];
    outbox_.send_arp(kAsker, interface, destination,
                     {Arp::Operation::Request,
                      own.mac,
                      own_.are_claimed() ? own.source_toward(hops_.address(hop)) : Be32{},
                      {},
                      hops_.address(hop)});
}

void Neighbours::notice(const std::string& sentence) const {
    if (params_.own.notice)
        params_.own.notice(sentence);
}

}  // namespace sluice::control
