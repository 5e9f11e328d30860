// SPDX-License-Identifier: BSD-3-Clause
#include "nat/port_choice.h"

#include <algorithm>
#include <array>

namespace sluice::nat {
namespace {

using stats::Count;
using stats::Drop;

/// Ports tried in each leased block before the search goes wider.
constexpr unsigned kProbesPerBlock = 8;

/// Ports tried over the whole range, of those by which replies arrive here, and ports looked at for
/// that: enough for 63 workers.
constexpr unsigned kProbesHomeward = 16;
constexpr uint32_t kMostSteps = 2048;

/// A search that finds a free port after fewer taken ones is not in a crowded place. The next one
/// begins anew elsewhere: to go on would give out one port after the other.
constexpr unsigned kCrowded = 64;

}  // namespace

Chosen PortChoice::choose(const net::Tuple& original, net::Endpoint target, const Rule& rule,
                          Tick now) {
    const pool::AddressPool& pool = *rule.pool;
    rule_ = &rule;
    probes_ = 0;
    net::Tuple reply = original.reversed();
    reply.source = target.address;
    reply.source_port = target.port;
    Place place{original, pool, first_address(pool, original.source), pool.size() == 1, now};
    Outcome outcome = try_address(reply, place);
    bool is_unfinished = outcome == Outcome::Unfinished;
    if (outcome != Outcome::Found && !place.is_last) {
        std::array<uint32_t, kMostAddresses> order;
        const auto addresses = pool.ranked(original.source, order);
        for (size_t i = 1; i < addresses.size() && outcome != Outcome::Found; ++i) {
            place.index = addresses[i];
            place.is_last = i + 1 == addresses.size();
            outcome = try_address(reply, place);
            is_unfinished |= outcome == Outcome::Unfinished;
        }
        if (outcome == Outcome::Found)
            counters_.count[Count::AddressChanged].add(1);
    }
    counters_.count[Count::PortProbes].add(probes_);
    counters_.probes[stats::probe_bucket(probes_)].add(1);
    if (outcome == Outcome::Found)
        return {reply, {}};
    if (net::is_by_address(original.protocol))
        return {{}, Drop::AddressesExhausted};
    return {{}, is_unfinished ? Drop::PortsUnsearched : Drop::PortsExhausted};
}

uint32_t PortChoice::first_address(const pool::AddressPool& pool, Be32 host) {
    Known& known = known_[host.host() % kKnown];
    if (known.host != host || known.pool != &pool)
        known = {host, &pool, pool.first(host).index};
    return known.index;
}

net::Tuple PortChoice::first_guess(const net::Tuple& original, const Rule& rule) {
    net::Tuple reply = original.reversed();
    reply.destination = rule.pool->address(first_address(*rule.pool, original.source));
    return reply;
}

PortChoice::Outcome PortChoice::try_address(net::Tuple& reply, const Place& place) {
    reply.destination = place.pool.address(place.index);
    if (net::is_by_address(reply.protocol))  // one inside host for each address and destination
        return try_port(reply, 0, place.now) ? Outcome::Found : say_exhausted(reply, place);
    const uint16_t own = place.original.source_port.host();
    const pool::PortRange range = pool::search_range(reply.protocol, own, place.pool.ports());
    const PortSearch* const known = recall(reply, range, place.now);
    const bool is_exhausted = known != nullptr && known->is_over();

    const bool may_keep =
        !(is_exhausted && range.contains(own)) && place.pool.ports().contains(own);
    const bool shall_keep = may_keep && (!steers_own_ports() || comes_home(reply, own));
    if (shall_keep && try_port(reply, own, place.now))
        return Outcome::Found;
    if (is_exhausted)
        return say_exhausted(reply, place);
    if (try_known(reply, place))
        return Outcome::Found;
    if (known == nullptr && try_blocks(reply, place, range))
        return Outcome::Found;
    if (known == nullptr && ground_.steering != nullptr &&
        try_homeward(reply, place, range, kProbesHomeward))
        return Outcome::Found;
    if (may_keep && !shall_keep && try_port(reply, own, place.now))
        return Outcome::Found;
    const Outcome outcome = search(reply, place, range);
    return outcome == Outcome::Exhausted ? say_exhausted(reply, place) : outcome;
}

PortChoice::Outcome PortChoice::say_exhausted(const net::Tuple& reply, const Place& place) {
    ground_.exhaustion.add(place.pool.slot(place.index), reply);
    return Outcome::Exhausted;
}

/// The port that the inside endpoint has toward another server, or had.
bool PortChoice::try_known(net::Tuple& reply, const Place& place) {
    const auto external = ground_.changed.find(place.original);
    return external && external->address == reply.destination &&
           place.pool.ports().contains(external->port.host()) &&
           (!steers_own_ports() || comes_home(reply, external->port.host())) &&
           try_port(reply, external->port.host(), place.now);
}

bool PortChoice::try_blocks(net::Tuple& reply, const Place& place, pool::PortRange range) {
    if (range != pool::leased_ports(place.pool.ports()))
        return false;
    const uint32_t slot = place.pool.slot(place.index);
    const pool::Blocks blocks = ground_.leases.blocks(worker_, slot);
    const unsigned before = probes_;
    for (unsigned i = 0; i < blocks.count; ++i) {
        if (!try_homeward(reply, place, blocks.range[i], kProbesPerBlock))
            continue;
        const bool is_tight = probes_ - before > kProbesPerBlock / 2;
        ground_.leases.found(worker_, slot, is_tight);
        return true;
    }
    ground_.leases.missed(worker_, slot);
    return false;
}

/// Tries `most` ports of the range, from a random start; where it can be told, only such by which
/// replies arrive at this worker.
bool PortChoice::try_homeward(net::Tuple& reply, const Place& place, pool::PortRange range,
                              unsigned most) {
    const uint32_t start = random() % range.size();
    unsigned tries = 0;
    for (uint32_t step = 0; step < range.size() && step < kMostSteps && tries < most; ++step) {
        const uint16_t port = range.at(start, step);
        if (!comes_home(reply, port))
            continue;
        ++tries;
        if (try_port(reply, port, place.now))
            return true;
    }
    return false;
}

bool PortChoice::comes_home(const net::Tuple& reply, uint16_t port) const {
    if (ground_.steering == nullptr || !ground_.steering->covers(reply.protocol))
        return true;
    net::Tuple tuple = reply;
    tuple.destination_port = Be16::from_host(port);
    return ground_.steering->leads_to(worker_, tuple);
}

/// Goes through the range, or a part of it: the rest is for the packets to come.
PortChoice::Outcome PortChoice::search(net::Tuple& reply, const Place& place,
                                       pool::PortRange range) {
    // Half of what is left, so that the host's next address gets its turn.
    const unsigned limit = place.is_last ? probes_left() : (probes_left() + 1) / 2;
    PortSearch* known = recall(reply, range, place.now);
    PortSearch search;
    if (known != nullptr) {
        search = *known;
    } else {
        search.range = range;
        // Before the first look: what ends after it is missed by none.
        search.endings = ground_.table.endings().watch(reply);
        search.next = static_cast<uint16_t>(random() % range.size());
    }
    bool found = false;
    for (unsigned step = 0; step < limit && !search.is_over(); ++step) {
        found = try_port(reply, range.at(search.next, 0), place.now);
        if (found)  // it is looked at again, to be found taken by then
            break;
        search.next = static_cast<uint16_t>((search.next + 1u) % range.size());
        ++search.taken;
        ++search.in_a_row;
    }
    if (found && search.in_a_row < kCrowded) {
        if (known != nullptr)
            SearchMemory::forget(*known);
        return Outcome::Found;
    }
    if (known == nullptr)
        known = &memory_.add(reply, range, place.now);
    known->next = search.next;
    known->taken = search.taken;
    known->in_a_row = found ? 0 : search.in_a_row;
    known->endings = search.endings;
    known->proven = place.now;
    if (found)
        return Outcome::Found;
    return known->is_over() ? Outcome::Exhausted : Outcome::Unfinished;
}

/// The search that is under way, or was proven to be in vain, as long as that is true.
PortSearch* PortChoice::recall(const net::Tuple& reply, pool::PortRange range, Tick now) {
    PortSearch* search = memory_.find(reply, range, now);
    if (search == nullptr)
        return nullptr;
    const bool has_ended = search->endings != ground_.table.endings().watch(reply);
    const bool is_old = search->is_over() && !(search->proven + kExhausted).is_after(now);
    if (!has_ended && !is_old)
        return search;
    SearchMemory::forget(*search);
    return nullptr;
}

bool PortChoice::try_port(net::Tuple& reply, uint16_t port, Tick now) {
    if (probes_ == kMaxProbes)
        return false;
    ++probes_;
    reply.destination_port = Be16::from_host(port);
    const net::Endpoint external{reply.destination, reply.destination_port};
    return !ground_.statics.reserves(reply.protocol, external) &&
           !rule_->reserves(reply.protocol, port) && !ground_.table.find(reply, now);
}

void PortChoice::opened(const net::Tuple& original, const net::Tuple& reply) {
    if (reply.destination_port == original.source_port)
        return;
    counters_.count[Count::PortChanged].add(1);
    ground_.changed.learn(original, {reply.destination, reply.destination_port});
}

/// The table's keyed hash in counter mode: who sees the ports of the past cannot foretell the next
/// (RFC 6056 §3.3.1).
uint32_t PortChoice::random() {
    ++draws_;
    net::Tuple block;
    block.unused[0] = 1;  // which no packet's tuple has
    block.source.raw = static_cast<uint32_t>(draws_);
    block.destination.raw = static_cast<uint32_t>(draws_ >> 32);
    block.source_port.raw = worker_;
    return ground_.table.hash(block);
}

}  // namespace sluice::nat
