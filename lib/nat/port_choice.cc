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

}  // namespace

Chosen PortChoice::choose(const net::Tuple& original, net::Endpoint target, const Rule& rule,
                          Tick now) {
    rule_ = &rule;
    probes_ = 0;
    net::Tuple reply = original.reversed();
    reply.source = target.address;
    reply.source_port = target.port;
    const bool in_blocks = blocks_.are_used() && !net::is_by_address(original.protocol);
    const Chosen chosen =
        in_blocks ? choose_in_blocks(original, reply, now) : choose_in_pool(original, reply, now);
    counters_.count[Count::PortProbes].add(probes_);
    counters_.probes[stats::probe_bucket(probes_)].add(1);
    return chosen;
}

Chosen PortChoice::choose_in_pool(const net::Tuple& original, net::Tuple& reply, Tick now) {
    const pool::AddressPool& pool = *rule_->pool;
    bool is_last = pool.size() == 1;
    Outcome outcome =
        try_address(reply, first_address(pool, original.source), is_last, original, now);
    bool is_unfinished = outcome == Outcome::Unfinished;
    if (outcome != Outcome::Found && !is_last) {
        std::array<uint32_t, kMostAddresses> order;
        const auto addresses = pool.ranked(original.source, order);
        for (size_t i = 1; i < addresses.size() && outcome != Outcome::Found; ++i) {
            is_last = i + 1 == addresses.size();
            outcome = try_address(reply, addresses[i], is_last, original, now);
            is_unfinished |= outcome == Outcome::Unfinished;
        }
        is_unfinished |= addresses.size() < pool.size();  // the others' ports nobody has looked at
        if (outcome == Outcome::Found)
            counters_.count[Count::AddressChanged].add(1);
    }
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
    if (blocks_.are_used())
        return block_keys(original.source, 0, {}).original;
    net::Tuple reply = original.reversed();
    reply.destination = rule.pool->address(first_address(*rule.pool, original.source));
    return reply;
}

Chosen PortChoice::choose_in_blocks(const net::Tuple& original, net::Tuple& reply, Tick now) {
    const auto search = [&](const Block& block) {
        const pool::PortRange part = rule_->part_of(block.ports, original.protocol, false);
        reply.destination = block.address;
        return try_place(reply, {original, part, part, {}, false, now});
    };
    const auto found = blocks_.find(*rule_, original.source, now, search);
    if (!found.index)
        return {{}, found.reason};
    return {reply, {}, {}, found.index};
}

PortChoice::Outcome PortChoice::try_address(net::Tuple& reply, uint32_t address, bool is_last,
                                            const net::Tuple& original, Tick now) {
    const pool::AddressPool& pool = *rule_->pool;
    reply.destination = pool.address(address);
    const uint16_t own = original.source_port.host();
    const pool::PortRange range = pool::search_range(reply.protocol, own, pool.ports());
    const Place place{original, pool.ports(), range, pool.slot(address), is_last, now};
    if (!net::is_by_address(reply.protocol))
        return try_place(reply, place);
    // One inside host for each address and destination.
    return try_port(reply, 0, now) ? Outcome::Found : say_exhausted(reply, place);
}

PortChoice::Outcome PortChoice::try_place(net::Tuple& reply, const Place& place) {
    const uint16_t own = place.original.source_port.host();
    const PortSearch* const known = searches_.recall(reply, place.range, place.now);
    const bool is_exhausted = known != nullptr && known->is_over();

    const bool may_keep = !(is_exhausted && place.range.contains(own)) && place.ports.contains(own);
    const bool shall_keep = may_keep && (!steers_own_ports() || comes_home(reply, own));
    if (shall_keep && try_port(reply, own, place.now))
        return Outcome::Found;
    if (is_exhausted)
        return say_exhausted(reply, place);
    if (try_known(reply, place))
        return Outcome::Found;
    if (known == nullptr && try_leased(reply, place))
        return Outcome::Found;
    if (known == nullptr && ground_.steering != nullptr &&
        try_homeward(reply, place, place.range, kProbesHomeward))
        return Outcome::Found;
    if (may_keep && !shall_keep && try_port(reply, own, place.now))
        return Outcome::Found;
    const Outcome outcome = search(reply, place);
    return outcome == Outcome::Exhausted ? say_exhausted(reply, place) : outcome;
}

PortChoice::Outcome PortChoice::say_exhausted(const net::Tuple& reply, const Place& place) {
    if (place.slot)
        ground_.exhaustion.add(*place.slot, reply);
    return Outcome::Exhausted;
}

/// The port that the inside endpoint has toward another server, or had.
bool PortChoice::try_known(net::Tuple& reply, const Place& place) {
    const auto external = ground_.changed.find(place.original);
    return external && external->address == reply.destination &&
           place.ports.contains(external->port.host()) &&
           (!steers_own_ports() || comes_home(reply, external->port.host())) &&
           try_port(reply, external->port.host(), place.now);
}

bool PortChoice::try_leased(net::Tuple& reply, const Place& place) {
    if (!place.slot || place.range != pool::leased_ports(place.ports))
        return false;
    const pool::Blocks blocks = ground_.leases.blocks(worker_, *place.slot);
    const unsigned before = probes_;
    for (unsigned i = 0; i < blocks.count; ++i) {
        if (!try_homeward(reply, place, blocks.range[i], kProbesPerBlock))
            continue;
        const bool is_tight = probes_ - before > kProbesPerBlock / 2;
        ground_.leases.found(worker_, *place.slot, is_tight);
        return true;
    }
    ground_.leases.missed(worker_, *place.slot);
    return false;
}

/// Tries `most` ports of the range, from a random start; where it can be told, only such by which
/// replies arrive at this worker.
bool PortChoice::try_homeward(net::Tuple& reply, const Place& place, pool::PortRange range,
                              unsigned most) {
    const uint32_t start = searches_.draw() % range.size();
    unsigned tries = 0;
    for (uint32_t step = 0; step < range.size() && step < kMostSteps && tries < most; ++step) {
        const uint16_t port = range.at(start, step);
        if (!comes_home(reply, port) || reserved_from(reply, port) != 0)
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
PortChoice::Outcome PortChoice::search(net::Tuple& reply, const Place& place) {
    // Half of what is left, so that the host's next address or block gets its turn.
    const unsigned limit = place.is_last ? probes_left() : (probes_left() + 1) / 2;
    return searches_.go_on(reply, place.range, limit, place.now, [&](uint16_t port) -> uint32_t {
        if (const uint32_t reserved = reserved_from(reply, port))
            return reserved;
        return try_port(reply, port, place.now) ? 0 : 1;
    });
}

/// How many ports from this one on are for mappings.
uint32_t PortChoice::reserved_from(const net::Tuple& reply, uint16_t port) const {
    return blocks_.are_used() ? 0 : rule_->reserves(reply.protocol, port);
}

bool PortChoice::try_port(net::Tuple& reply, uint16_t port, Tick now) {
    if (probes_left() == 0 || reserved_from(reply, port) != 0)
        return false;
    ++probes_;
    reply.destination_port = Be16::from_host(port);
    const net::Endpoint external{reply.destination, reply.destination_port};
    return !ground_.statics.reserves(reply.protocol, external) && !ground_.table.find(reply, now);
}

void PortChoice::opened(const net::Tuple& original, const net::Tuple& reply) {
    if (reply.destination_port == original.source_port)
        return;
    counters_.count[Count::PortChanged].add(1);
    ground_.changed.learn(original, {reply.destination, reply.destination_port});
}

}  // namespace sluice::nat
