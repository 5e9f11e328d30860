// SPDX-License-Identifier: BSD-3-Clause
#include "nat/allocator.h"

#include "nat/own_port.h"

#include <algorithm>
#include <array>
#include <span>

namespace sluice::nat {
namespace {

using net::Endpoint;
using pool::PortRange;
using stats::Drop;

/// Lookups of numbers that fit, drawn at random; and numbers drawn for them, enough for 63 workers.
constexpr unsigned kSomeTries = 16;
constexpr uint32_t kSomeSteps = 2048;

/// Numbers that a search goes past, those that are reserved without a lookup.
constexpr unsigned kMostSteps = 8192;

/// Lookups in a block that is new, and so free.
constexpr unsigned kNewBlockProbes = 16;

constexpr size_t kMostBlocks = 64;  ///< Of a host, as the configuration allows.

Decision not_found(Drop reason) {
    Decision decision;
    decision.reason = reason;
    return decision;
}

/// It is proven that there is nothing, of which a host has not had its share.
bool is_exhausted(const Decision& decision) {
    return !decision.external &&
           (decision.reason == Drop::PortsExhausted || decision.reason == Drop::AddressesExhausted);
}

Decision at(Endpoint external) {
    Decision decision;
    decision.external = {external.address, external.port};
    return decision;
}

/// A block of ports that others get unless somebody answers after all.
bool is_taken_back(const flow::FlowRecord& block) {
    // relaxed: marks that stand alone.
    const uint8_t state = block.state.load(std::memory_order_relaxed);
    return (state & (kClosing | kProven)) == kClosing;
}

/// A host may have blocks of other rules' pools, and of pools that its rule has lost.
bool is_of_pool(Be32 address, PortRange block, const pool::AddressPool& pool) {
    return pool.contains(address) && pool.ports().contains(block.first) &&
           pool.ports().contains(block.last);
}

/// As many hang on a block as it has ports: that most of them go elsewhere helps the host little.
bool is_used_up(flow::FlowRecord& block, uint32_t ports) {
    // relaxed: a count that is out of date by one makes no other reason untrue.
    return block.holding().dependents.load(std::memory_order_relaxed) >= ports;
}

/// The tuple of the replies is another's, or the packet's own: who sends to his own public endpoint
/// would be answered by what he has sent.
bool is_used(const flow::FlowTable& table, const Request& request, Decision& decision, Tick now) {
    const net::Tuple reply = request.reply(*decision.external);
    decision.reply_hash = hash_of(table, request.ahead, reply);
    return reply == request.original ||
           is_held(table.find(*decision.reply_hash, reply, now), request.ended);
}

Walk draw_walk(const pool::Draws& draws, PortRange range, pool::Draw& draw) {
    const uint32_t start = draws.below(range.size(), draw);
    const uint32_t stride = draws.below(range.size(), draw);
    return {range, start, stride};
}

bool holds_any(const pool::Holdings& holdings, const pool::AddressPool& pool) {
    for (uint32_t i = 0; i < pool.size(); ++i)
        if (holdings.has(pool.address(i)))
            return true;
    return false;
}

/// A decision, as far as this gateway of a cluster may carry it out: what a static mapping says, or
/// one that stands, is asked here alone. What others have is no want of ports. A host outside may
/// be seen as one of theirs.
Decision within_holdings(const pool::Holdings& holdings, const Request& request,
                         const Decision& decision) {
    const bool is_for_others =
        decision.external
            ? (!request.is_inward() && !holdings.has(decision.external->address)) ||
                  (request.is_for_inside() && !holdings.has(request.original.destination))
            : request.rule != nullptr && request.rule->translates() &&
                  !holds_any(holdings, request.rule->pool_at(request.uplink));
    return is_for_others ? not_found(Drop::NotHeld) : decision;
}

}  // namespace

Decision Allocator::decide(const Request& request, Tick now, Trail& trail) const {
    trail.clear();
    Decision decision;
    if (searches_.are_any() || !take_own_port({params_, first_}, request, now, decision))
        decision = decide_at_length(request, now, trail);
    if (params_.holdings != nullptr)
        decision = within_holdings(*params_.holdings, request, decision);
    return decision;
}

Decision Allocator::decide_at_length(const Request& request, Tick now, Trail& trail) const {
    Decision decision = decide_source(request, now, trail);
    const bool is_given = !decision.is_searched || decision.mapped != nullptr;
    if (decision.external && is_given && is_used(params_.table, request, decision, now))
        return not_found(Drop::EndpointTaken);
    decision.is_filtered = decision.external && request.mapping &&
                           !params_.mappings.lets_in(*request.mapping, *decision.external, now);
    return decision;
}

/// From outside the source stays; from inside it becomes what a mapping says, else what is free.
Decision Allocator::decide_source(const Request& request, Tick now, Trail& trail) const {
    const Endpoint inside = request.source();
    if (request.external || request.is_inward() || request.keeps_source)
        return at(request.external.value_or(inside));
    if (const auto fixed = params_.policy->statics.outside_of(request.original.protocol, inside))
        return at(*fixed);
    if (request.rule == nullptr)
        return not_found(Drop::ForeignSource);
    if (!request.rule->translates())
        return at(inside);
    return decide_at_uplinks(request, now, trail);
}

/// At the uplink that was chosen; and at others where it is proven that nothing is left there.
Decision Allocator::decide_at_uplinks(const Request& request, Tick now, Trail& trail) const {
    Decision decision = decide_at_uplink(request, request.uplink, now, trail);
    for (link::UplinkSet left = request.others; left != 0 && is_exhausted(decision);) {
        const UplinkId other = params_.policy->routes.uplinks().choose(request.original, left);
        const unsigned probes = decision.probes;
        decision = decide_at_uplink(request, other, now, trail);
        decision.probes += probes;
        left &= ~link::only(other);
    }
    return decision;
}

Decision Allocator::decide_at_uplink(const Request& request, std::optional<UplinkId> uplink,
                                     Tick now, Trail& trail) const {
    const Endpoint inside = request.source();
    const net::Protocol protocol = request.original.protocol;
    const Independence* mapped = request.rule->independence_of(protocol, inside.port.host());
    Wish wish{.rule = *request.rule,
              .pool = request.rule->pool_at(uplink),
              .key = mapped != nullptr ? mapping_keys(protocol, {}, {}).reply : request.reply({}),
              .ahead = request.ahead,
              .host = inside.host(),
              .own = inside.port.host(),
              .mapped = mapped,
              .now = now,
              .draw = {request.original, now},
              .trail = trail,
              .ended = request.ended};
    if (request.public_address && wish.pool.contains(*request.public_address))
        wish.only = request.public_address;
    if (mapped != nullptr)
        return decide_mapping(wish, inside);
    wish.kept = find_kept(params_, request, now);
    Decision decision = find(wish);
    if (decision.external)
        decision.reply_hash = wish.hash;
    return decision;
}

Decision Allocator::decide_mapping(Wish& wish, Endpoint inside) const {
    const auto mapping = params_.mappings.of(wish.key.protocol, inside, wish.now);
    Decision decision = mapping ? at(params_.mappings.external_of(*mapping)) : find(wish);
    decision.mapped = wish.mapped;
    decision.mapping = mapping;
    return decision;
}

Decision Allocator::find(Wish& wish) const {
    const bool has_ports = !net::is_by_address(wish.key.protocol);
    Decision decision =
        block_params().size != 0 && has_ports ? find_in_blocks(wish) : find_in_pool(wish);
    decision.is_searched = true;
    decision.probes = wish.probes;
    decision.is_elsewhere = wish.is_elsewhere;
    return decision;
}

Decision Allocator::find_in_pool(Wish& wish) const {
    if (wish.kept && wish.may_be_at(wish.kept->address) && wish.pool.contains(wish.kept->address) &&
        try_kept(wish, wish.pool.ports()))
        return at(wish.found());
    const Looked looked = look_through_pool(wish);
    if (looked == Looked::Found)
        return at(wish.found());
    if (net::is_by_address(wish.key.protocol))
        return not_found(Drop::AddressesExhausted);
    return not_found(looked == Looked::Unfinished ? Drop::PortsUnsearched : Drop::PortsExhausted);
}

/// In those that the host has, then in a new one.
Decision Allocator::find_in_blocks(Wish& wish) const {
    std::array<Place, kMostBlocks> blocks;
    size_t count = 0;
    std::optional<uint16_t> missing;
    bool is_closing = false;  // one that it has: it gets no other until that has gone
    for (uint16_t ordinal = 0; ordinal < block_params().per_host; ++ordinal)
        if (const auto block = block_of(wish.host, ordinal, wish.now)) {
            if (is_taken_back(params_.table.record(*block->block)))
                is_closing = true;
            else if (is_of_pool(block->address, block->ports, wish.pool) &&
                     wish.may_be_at(block->address))
                blocks[count++] = *block;
        } else if (!missing) {
            missing = ordinal;
        }
    wish.left -= missing ? kBlockProbes : 0;
    const auto of_block = [&](const Place& block) {
        Decision decision = at(wish.found());
        decision.block = block.block;
        return decision;
    };
    const std::span held(blocks.data(), count);
    for (const Place& block : held)
        if (wish.kept && wish.kept->address == block.address &&
            try_kept(wish, wish.ports_in(block.ports)))
            return of_block(block);
    bool is_unfinished = false;
    for (const Place& block : held) {
        const Looked looked = look(wish, {block.address, wish.ports_in(block.ports)});
        if (looked == Looked::Found)
            return of_block(block);
        is_unfinished |= looked == Looked::Unfinished &&
                         !is_used_up(params_.table.record(*block.block), block.ports.size());
    }
    if (missing && !is_closing)
        return find_in_new_block(wish, *missing);
    return not_found(is_unfinished ? Drop::PortsUnsearched : Drop::HostBlocks);
}

Decision Allocator::find_in_new_block(Wish& wish, uint16_t ordinal) const {
    Wish block = wish;
    block.key = block_keys(Be32{}, 0, {}).reply;
    block.own.reset();
    block.left = kBlockProbes - kNewBlockProbes;
    const Looked looked = look_through_pool(block);
    wish.probes = block.probes;
    wish.draw = block.draw;
    wish.is_elsewhere = block.is_elsewhere;
    if (looked != Looked::Found)
        return not_found(looked == Looked::Full ? Drop::BlocksExhausted : Drop::PortsUnsearched);

    const uint16_t first = block.found().port.host();
    const PortRange ports{first, static_cast<uint16_t>(first + block_params().size - 1)};
    wish.left = kNewBlockProbes;
    if (look(wish, {block.found().address, wish.ports_in(ports)}) != Looked::Found)
        return not_found(Drop::PortsUnsearched);
    Decision decision = at(wish.found());
    decision.new_block = {ordinal, block.found()};
    return decision;
}

/// The host's addresses, best first.
Allocator::Looked Allocator::look_through_pool(Wish& wish) const {
    const pool::AddressPool& pool = wish.pool;
    if (wish.only)
        return look_at_address(wish, *pool.index_of(*wish.only), true);
    const uint32_t first = first_.of(pool, wish.host);
    Looked looked = look_at_address(wish, first, pool.size() == 1);
    if (looked == Looked::Found || pool.size() == 1)
        return looked;
    std::array<uint32_t, kMostAddresses> order;
    const auto addresses = pool.ranked(wish.host, order);
    // The ports of those beyond nobody has looked at.
    bool is_unfinished = looked == Looked::Unfinished || addresses.size() < pool.size();
    wish.is_elsewhere = true;
    for (size_t i = 1; i < addresses.size(); ++i) {
        looked = look_at_address(wish, addresses[i], i + 1 == addresses.size());
        if (looked == Looked::Found)
            return looked;
        is_unfinished |= looked == Looked::Unfinished;
    }
    return is_unfinished ? Looked::Unfinished : Looked::Full;
}

Allocator::Looked Allocator::look_at_address(Wish& wish, uint32_t index, bool is_last) const {
    const pool::AddressPool& pool = wish.pool;
    if (!is_usable(params_.holdings, pool.address(index)))
        return Looked::Full;
    PortRange ports = wish.mapped != nullptr ? wish.mapped->external : pool.ports();
    if (!wish.own)
        ports = pool::BlockGrid{block_params().size}.numbers(pool.ports());
    else if (net::is_by_address(wish.key.protocol))
        ports = {0, 0};  // one inside host for each address and destination
    const Looked looked = look(wish, {pool.address(index), ports, is_last});
    Trail& trail = wish.trail;
    if (looked == Looked::Full && trail.fulls_ < trail.full_.size()) {
        trail.full_[trail.fulls_++] = pool.slot(index);
        trail.key_ = wish.key;
    }
    return looked;
}

Allocator::Looked Allocator::look(Wish& wish, const Place& place) const {
    if (place.ports.size() == 0)
        return Looked::Full;
    wish.key.destination = place.address;
    if (wish.own && net::is_by_address(wish.key.protocol))  // no search to remember
        return try_number(wish, 0) ? Looked::Found : Looked::Full;
    const PortRange range =
        wish.own ? pool::search_range(wish.key.protocol, *wish.own, place.ports) : place.ports;
    const Search* const known = searches_.find(wish.key, range, wish.now);
    const bool is_full = known != nullptr && known->is_over();

    const bool may_keep =
        wish.own && place.ports.contains(*wish.own) && !(is_full && range.contains(*wish.own));
    const bool keeps_last = may_keep && steers_own_ports(wish) && !fits(wish, *wish.own);
    if (may_keep && !keeps_last && try_number(wish, *wish.own))
        return Looked::Found;
    if (is_full)
        return Looked::Full;
    // A search that begins does so at random: where all fit, that is as good.
    const bool is_choosy = wish.own && (wish.mapped != nullptr || is_steered(wish));
    if ((known != nullptr || is_choosy) && try_some(wish, range))
        return Looked::Found;
    if (keeps_last && try_number(wish, *wish.own))
        return Looked::Found;
    Search from = known != nullptr
                      ? *known
                      : searches_.begin(wish.key, draw_walk(params_.draws, range, wish.draw));
    return search(wish, from, place.is_last, may_keep);
}

/// The endpoint that the inside one has toward another server.
bool Allocator::try_kept(Wish& wish, PortRange ports) const {
    const uint16_t port = wish.kept->port.host();
    wish.key.destination = wish.kept->address;
    return ports.contains(port) && (!steers_own_ports(wish) || fits(wish, port)) &&
           try_number(wish, port);
}

/// Some of those that fit.
bool Allocator::try_some(Wish& wish, PortRange range) const {
    const Walk walk = draw_walk(params_.draws, range, wish.draw);
    unsigned tries = 0;
    const uint32_t steps = std::min(range.size(), kSomeSteps);
    for (uint32_t step = 0; step < steps && tries < kSomeTries; ++step) {
        const uint16_t number = walk.at(step);
        if (is_reserved(wish, number) || !fits(wish, number))
            continue;
        ++tries;
        if (try_number(wish, number))
            return true;
    }
    return false;
}

/// Goes through the range, or a part of it: the rest is for the packets to come. Unless the place
/// is the last, half of what is left of the lookups is for the host's next ones.
Allocator::Looked Allocator::search(Wish& wish, Search& search, bool is_last,
                                    bool has_tried_own) const {
    const unsigned rest = is_last ? 0 : wish.left / 2;
    bool found = false;
    for (unsigned step = 0; step < kMostSteps && wish.left > rest && !search.is_over(); ++step) {
        const uint16_t number = search.walk.at(search.taken);
        const unsigned before = wish.probes;
        found = !(has_tried_own && number == *wish.own) && try_number(wish, number);
        if (found)
            break;
        ++search.taken;
        search.in_a_row += wish.probes - before;
    }
    Trail& trail = wish.trail;
    search.has_found = found;
    if (trail.searches_ < trail.search_.size())
        trail.search_[trail.searches_++] = search;
    if (found)
        return Looked::Found;
    return search.is_over() ? Looked::Full : Looked::Unfinished;
}

/// Looks whether a number is free at the address in hand, and leaves it in the key if so.
bool Allocator::try_number(Wish& wish, uint16_t number) const {
    if (wish.left == 0 || is_reserved(wish, number))
        return false;
    --wish.left;
    ++wish.probes;
    if (!wish.own)
        number = pool::BlockGrid{block_params().size}.ports(number).first;
    wish.key.destination_port = Be16::from_host(number);
    wish.hash = hash_of(params_.table, wish.ahead, wish.key);
    return !is_held(params_.table.find(wish.hash, wish.key, wish.now), wish.ended);
}

/// Given to others by the operator, or the gateway's own, or for mappings.
bool Allocator::is_reserved(const Wish& wish, uint16_t number) const {
    const Be32 address = wish.key.destination;
    if (!wish.own)
        return params_.policy->statics.reserves_of(
            address, pool::BlockGrid{block_params().size}.ports(number));
    return nat::is_reserved(params_, wish.rule, wish.key.protocol,
                            {address, Be16::from_host(number)}, wish.mapped != nullptr);
}

bool Allocator::fits(const Wish& wish, uint16_t number) const {
    if (wish.own && wish.mapped != nullptr)
        return ((number ^ *wish.own) & 1) == 0;
    if (!is_steered(wish))
        return true;
    net::Tuple reply = wish.key;
    reply.destination_port = Be16::from_host(number);
    return params_.steering->leads_to(worker_, reply);
}

bool Allocator::is_steered(const Wish& wish) const {
    return params_.steering != nullptr && wish.mapped == nullptr &&
           params_.steering->covers(wish.key.protocol);
}

bool Allocator::steers_own_ports(const Wish& wish) const {
    return is_steered(wish) && params_.steering->covers_own_ports();
}

std::optional<Allocator::Place> Allocator::block_of(net::InsideAddress host, uint16_t ordinal,
                                                    Tick now) const {
    const auto index = params_.table.find(block_keys(host, ordinal, {}).original, now);
    if (!index)
        return std::nullopt;
    const net::Tuple& reply = params_.table.record(index).key(net::Direction::Reply);
    const uint16_t first = reply.destination_port.host();
    const auto last = static_cast<uint16_t>(first + block_params().size - 1);
    return Place{reply.destination, {first, last}, true, index.index()};
}

net::Tuple Allocator::first_guess(const net::Tuple& original, const Rule& rule) const {
    return nat::first_guess({params_, first_}, original, rule);
}

void Allocator::learn(const Trail& trail, pool::Exhaustion& exhaustion, Tick now) {
    for (const Search& search : std::span(trail.search_).first(trail.searches_))
        searches_.remember(search, now);
    for (const uint32_t slot : std::span(trail.full_).first(trail.fulls_))
        exhaustion.add(slot, trail.key_);
}

}  // namespace sluice::nat
