// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/touched.h"

#include "config/mappings.h"
#include "config/read_match.h"
#include "conntrack/status.h"
#include "listing/doomed.h"
#include "listing/walk.h"
#include "net/gre.h"
#include "net/side.h"
#include "net/text.h"

#include <algorithm>
#include <map>
#include <optional>

namespace sluice::gateway {
namespace {

using config::Line;
using config::to_string;
using net::Direction;
using net::Endpoint;
using net::Side;
using policy::Policy;

/// What a flow is made of.
struct Ends {
    net::Tuple original;
    Endpoint inside_source;    ///< As its sender wrote it.
    Endpoint external_source;  ///< As its receiver sees it.
    Endpoint destination;      ///< As its sender wrote it.
    Endpoint target;           ///< Who receives it.
    bool is_from_inside = false;
    bool is_within = false;   ///< From inside to inside, untranslated.
    bool is_related = false;  ///< Another flow has foretold it.
};

/// Rules and mappings know no call IDs.
net::Tuple without_call(const net::Tuple& tuple) {
    return net::is_call(tuple) ? net::by_addresses(tuple) : tuple;
}

Ends ends_of(const net::Tuple& sent, const net::Tuple& answered, net::Sides sides, uint8_t status) {
    const net::Tuple original = without_call(sent);
    const net::Tuple reply = without_call(answered);
    const bool is_from_inside = sides.enter(Direction::Original) == Side::Inside;
    return {original,
            {original.source, original.source_port, original.zone},
            {reply.destination, reply.destination_port},
            {original.destination, original.destination_port},
            {reply.source, reply.source_port, reply.zone},
            is_from_inside,
            is_from_inside && sides.leave(Direction::Original) == Side::Inside &&
                reply == original.reversed(),
            (status & conntrack::kRelated) != 0};
}

/// The source that an inside host has by this policy.
bool allows_source(const Policy& policy, const Ends& ends) {
    const net::Protocol protocol = ends.original.protocol;
    if (policy.rules.denials().holds(ends.original))
        return false;
    if (ends.is_within)
        return policy.inside_routing && policy.rules.serves(ends.inside_source.host());
    if (const auto fixed = policy.statics.outside_of(protocol, ends.inside_source))
        return *fixed == ends.external_source;
    const policy::Rule* rule = policy.rules.find(ends.original);
    if (rule == nullptr)
        return false;
    if (!rule->translates())
        return ends.external_source.address == ends.inside_source.address &&
               ends.external_source.port == ends.inside_source.port;
    return rule->gives(ends.external_source.address) &&
           (net::is_by_address(protocol) ||
            rule->pool->ports().contains(ends.external_source.port.host()));
}

/// Whom a public destination stands for by this policy.
bool allows_target(const Policy& policy, const Ends& ends) {
    const net::Protocol protocol = ends.original.protocol;
    if (const auto fixed = policy.statics.inside_of(protocol, ends.destination))
        return *fixed == ends.target &&
               policy.statics.lets_in(protocol, ends.destination, ends.original.source);
    // Foretold by a server behind a forward: by any port of that address.
    if (ends.is_related && policy.statics.contains(ends.destination.address))
        return true;
    const policy::Rule* rule = policy.rules.find(ends.target.host());
    return rule != nullptr && (rule->independence || ends.is_related) && rule->translates() &&
           rule->gives(ends.destination.address);
}

/// The line of the rule that a flow from inside is of.
std::optional<Line> line_of(const Written& written, const Ends& ends) {
    const policy::Rule* rule =
        ends.is_from_inside ? written.policy.rules.find(ends.original) : nullptr;
    if (rule == nullptr)
        return std::nullopt;
    return written.rules[written.policy.rules.index_of(*rule)];
}

/// The line of the static mapping that a flow comes or goes by.
std::optional<Line> static_line_of(const Policy& policy, const Ends& ends) {
    const net::Protocol protocol = ends.original.protocol;
    const bool goes =
        ends.is_from_inside && policy.statics.outside_of(protocol, ends.inside_source) ==
                                   std::optional(ends.external_source);
    const bool comes =
        policy.statics.inside_of(protocol, ends.destination) == std::optional(ends.target);
    if (!goes && !comes)
        return std::nullopt;
    const Endpoint external = goes ? ends.external_source : ends.destination;
    if (const pool::Forward* forward = policy.statics.forward_of(protocol, external))
        return Line{"forward", to_string(*forward)};
    return Line{"one-to-one", to_string(*policy.statics.pair_of(external.address))};
}

/// The policy lets a flow with these ends be.
bool allows(const Policy& policy, const Ends& ends) {
    const bool is_public_target = ends.destination.address != ends.target.address ||
                                  ends.destination.port != ends.target.port;
    if (!ends.is_from_inside && !is_public_target)
        return policy.rules.exempt_zone(ends.target.address) == ends.target.zone &&
               (ends.is_related || policy.lets_in_untranslated(ends.original));
    return (!ends.is_from_inside || allows_source(policy, ends)) &&
           (!is_public_target || allows_target(policy, ends));
}

bool none_allows(std::span<const Policy* const> policies, const Ends& ends) {
    return std::ranges::none_of(policies, [&](const Policy* each) { return allows(*each, ends); });
}

using Lines = std::vector<Line>;
using Counts = std::vector<uint64_t>;  // by line
using Places = std::map<Line, size_t>;

Places places_of(const Lines& lines) {
    Places places;
    for (size_t i = 0; i < lines.size(); ++i)
        places.emplace(lines[i], i);
    return places;
}

void add(const Places& places, const std::optional<Line>& line, Counts& counts) {
    if (!line)
        return;
    if (const auto place = places.find(*line); place != places.end())
        ++counts[place->second];
}

/// The flow's outside address is of this line of --pool.
void add_pool(const Lines& lines, Be32 address, Counts& counts) {
    for (size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].flag != "pool")
            continue;
        const auto range = net::parse_range(lines[i].value);
        counts[i] += range && range->contains(address);
    }
}

/// A --deny that has come is about flows that it would have refused.
void add_denied(const Lines& lines, const Policy& policy, const Ends& ends, Counts& counts) {
    const uint32_t rule =
        ends.is_from_inside ? policy.rules.denials().find(ends.original) : policy::kNone;
    if (rule == policy::kNone)
        return;
    const std::string text = to_string(policy.rules.denials().matches()[rule]);
    for (size_t i = 0; i < lines.size(); ++i)
        counts[i] += lines[i].flag == "deny" && lines[i].value == text;
}

/// The line of --route or --gateway by which packets go that take this route.
bool is_by(const Line& line, const link::Route& route) {
    if (line.flag == "route")
        return line.value ==
               to_string(config::StaticRoute{route.prefix, route.via, route.zone.value_or(0)});
    const std::string gateway = net::to_string(route.via);
    return line.flag == "gateway" && route.prefix.length == 0 &&
           (line.value == gateway || line.value.starts_with(gateway + ' '));
}

/// The line of --route-from that says whose this address is.
bool is_from(const Line& line, Be32 address) {
    const auto prefix = line.flag == "route-from"
                            ? net::parse_prefix(line.value.substr(0, line.value.find(' ')))
                            : std::nullopt;
    return prefix && prefix->contains(address);
}

/// The route that a packet takes, whichever uplinks live.
const link::Route* route_of(const Policy& policy, Be32 source, net::InsideAddress destination) {
    const link::Leads leads = policy.routes.leads(destination);
    if (leads.in_zone == nullptr || leads.in_zone->zone)  // it leads inside
        return leads.in_zone;
    const net::Tuple leaving{source, destination.address, {}, {}};
    return policy.routes.match_outside(leaving, policy.routes.uplinks().all(), leads);
}

/// The flow's packets go by this line, in one direction or in both.
void add_routes(const Lines& lines, const Policy& policy, const Ends& ends, Counts& counts) {
    const Be32 source = ends.external_source.address;
    const Be32 answers_from = ends.destination.address;
    const link::Route* on = route_of(policy, source, ends.target.host());
    const link::Route* back = route_of(policy, answers_from, ends.original.inside_source());
    for (size_t i = 0; i < lines.size(); ++i)
        counts[i] += (back != nullptr && is_by(lines[i], *back)) ||
                     (on != nullptr && is_by(lines[i], *on)) || is_from(lines[i], source) ||
                     is_from(lines[i], answers_from);
}

/// The flows of a segment that none of the policies would open; within a reading.
std::vector<listing::Doomed> without_ground(flow::FlowTable& table, uint32_t first,
                                            std::span<const Policy* const> policies) {
    std::vector<listing::Doomed> result;
    table.for_each_live(
        first, first + listing::kSegment, [&](uint32_t index, const flow::FlowRecord& record) {
            const Ends ends = ends_of(record.key(Direction::Original), record.key(Direction::Reply),
                                      record.sides, record.status.load(std::memory_order_relaxed));
            // relaxed: in a reading that is in time the record is of one flow only.
            if (record.kind() == flow::Kind::Flow && none_allows(policies, ends))
                result.push_back({index, record.life.load(std::memory_order_relaxed)});
        });
    return result;
}

/// What is counted by flag stands beside each line with it.
void add_settings(const Lines& lines, const TouchedSettings& settings, Counts& counts) {
    for (size_t i = 0; i < lines.size(); ++i)
        if (const auto count = settings.counts().find(lines[i].flag);
            count != settings.counts().end())
            counts[i] = count->second;
}

}  // namespace

Census count_touched(const Present& present, const config::Difference& difference,
                     const Written& before, const Written& after) {
    Census census;
    TouchedSettings settings(difference, before.policy, after.policy, present.naming);
    census.gone.resize(difference.gone.size());
    census.come.resize(difference.come.size());
    const Places gone = places_of(difference.gone);
    const Places come = places_of(difference.come);
    listing::for_each_flow(present.table, present.now, [&](const listing::Seen& seen) {
        const Ends ends = ends_of(seen.key(Direction::Original), seen.key(Direction::Reply),
                                  seen.sides, seen.status);
        census.without_ground += !allows(after.policy, ends);
        add(gone, line_of(before, ends), census.gone);
        add(come, line_of(after, ends), census.come);
        add(gone, static_line_of(before.policy, ends), census.gone);
        add(come, static_line_of(after.policy, ends), census.come);
        add_pool(difference.gone, ends.external_source.address, census.gone);
        add_routes(difference.gone, before.policy, ends, census.gone);
        add_routes(difference.come, after.policy, ends, census.come);
        add_denied(difference.come, after.policy, ends, census.come);
        settings.add(seen);
    });
    settings.look_at(present);
    add_settings(difference.gone, settings, census.gone);
    add_settings(difference.come, settings, census.come);
    return census;
}

bool has_ground(const Policy& policy, const flow::FlowRecord& flow) {
    return allows(policy, ends_of(flow.key(Direction::Original), flow.key(Direction::Reply),
                                  flow.sides, flow.status.load(std::memory_order_relaxed)));
}

uint64_t end_without_ground(flow::FlowTable& table, std::span<const Policy* const> policies) {
    uint64_t ended = 0;
    for (uint32_t first = 0; first < table.capacity(); first += listing::kSegment)
        ended += listing::end_all(table, flow::read_records(table, [&] {
                                      return without_ground(table, first, policies);
                                  }));
    return ended;
}

}  // namespace sluice::gateway
