// SPDX-License-Identifier: BSD-3-Clause
#include "listing/holds.h"

#include "listing/walk.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace sluice::listing {
namespace {

using flow::Kind;
using net::Direction;
using net::Side;
using Tuples = std::array<net::Tuple, 2>;

/// An inside end, and what stands for it outside.
struct HeldEnd {
    net::InsideAddress host;
    net::Protocol protocol;
    Be32 address;
    std::optional<uint16_t> port;
};

/// The source of packets in a direction, and what their answers are sent to.
HeldEnd end_of(const Tuples& tuple, Direction from) {
    const net::Tuple& sent = tuple[index(from)];
    const net::Tuple& answered = tuple[index(opposite(from))];
    // Who answers a ping has no identifier: that is of the one who asks.
    const bool has_port = net::has_ports(sent.protocol) ||
                          (sent.protocol == net::Protocol::Icmp && from == Direction::Original);
    return {sent.inside_source(), sent.protocol, answered.destination,
            has_port ? std::optional(answered.destination_port.host()) : std::nullopt};
}

/// Of a flow; nothing where that end is outside, or where two inside hosts speak untranslated.
std::optional<HeldEnd> inside_end(const Tuples& tuple, net::Sides sides, Direction from) {
    const HeldEnd end = end_of(tuple, from);
    const bool is_inside = sides.enter(from) == Side::Inside;
    const bool is_known_by_itself = end.address == end.host.address;
    if (!is_inside || (sides.leave(from) == Side::Inside && is_known_by_itself))
        return std::nullopt;
    return end;
}

class Asked {
public:
    Asked(const PublicEndpoint& endpoint, uint16_t block_ports)
        : endpoint_(endpoint), block_ports_(block_ports) {}

    /// Calls visit(hold) for each end of what is seen that has the endpoint.
    template <typename Record, typename Visit>
    void for_each_hold(const Record& seen, Visit visit) const {
        switch (static_cast<Kind>(seen.tuple[0].kind)) {
            case Kind::Flow:
                for (const Direction from : {Direction::Original, Direction::Reply})
                    if (const auto end = inside_end(seen.tuple, seen.sides, from))
                        visit_end(Means::Flow, *end, visit);
                return;
            case Kind::Mapping:
                return visit_end(Means::Mapping, end_of(seen.tuple, Direction::Original), visit);
            case Kind::Block:
                return visit_block(seen.tuple, visit);
            case Kind::Contact:      // its mapping says the same
            case Kind::Expectation:  // what its port is of says so, where it is of something
                return;
        }
    }

private:
    template <typename Visit>
    void visit_end(Means means, const HeldEnd& end, Visit visit) const {
        const bool is_meant = end.address == endpoint_.address && endpoint_.is_of(end.protocol) &&
                              (!endpoint_.port || end.port == endpoint_.port);
        if (!is_meant)
            return;
        Hold hold{.means = means, .host = end.host, .protocol = end.protocol};
        if (endpoint_.port)
            hold.first_port = hold.last_port = *endpoint_.port;
        visit(hold);
    }

    /// A block's keys say the inside host, and the first port (nat/holders.h).
    template <typename Visit>
    void visit_block(const Tuples& tuple, Visit visit) const {
        const net::Tuple& reply = tuple[index(Direction::Reply)];
        const uint16_t first = reply.destination_port.host();
        const auto last = static_cast<uint16_t>(first + block_ports_ - 1);
        if (reply.destination == endpoint_.address && endpoint_.is_within(first, last))
            visit(Hold{.means = Means::Block,
                       .host = tuple[0].inside_source(),
                       .first_port = first,
                       .last_port = last});
    }

    const PublicEndpoint& endpoint_;
    uint16_t block_ports_;
};

/// What two records have in common that are one hold.
using HoldKey = std::tuple<Means, uint64_t, std::optional<net::Protocol>, uint16_t>;

HoldKey key_of_hold(const Hold& hold) {
    return {hold.means, hold.host.bits(), hold.protocol, hold.first_port};
}

/// Ageing may be late by some minutes to keep a record from growing older than that.
std::chrono::milliseconds age_of(const Seen& seen, Tick now) {
    const std::chrono::milliseconds age(flow::age_ms(seen.opened, now));
    return std::min(age, kOldestHold);
}

/// Each kind of hold is told how many flows its host has with the endpoint.
void count_flows(std::vector<Hold>& holds) {
    std::map<std::pair<uint64_t, std::optional<net::Protocol>>, uint64_t> flows;
    for (const Hold& hold : holds) {
        if (hold.means != Means::Flow)
            continue;
        flows[{hold.host.bits(), hold.protocol}] += hold.flows;
        flows[{hold.host.bits(), std::nullopt}] += hold.flows;
    }
    for (Hold& hold : holds)
        if (const auto found = flows.find({hold.host.bits(), hold.protocol}); found != flows.end())
            hold.flows = found->second;
}

}  // namespace

std::vector<Hold> holds_of(const PublicEndpoint& endpoint, const Given& given,
                           flow::FlowTable& flows, Tick now) {
    const Asked asked(endpoint, given.block_ports);
    std::map<HoldKey, Hold> found;
    for_each_where(
        flows, now,
        [&](const flow::FlowRecord& record) {
            bool is_wanted = false;
            asked.for_each_hold(record, [&](const Hold&) { is_wanted = true; });
            return is_wanted;
        },
        [&](const Seen& seen) {
            asked.for_each_hold(seen, [&](const Hold& hold) {
                Hold& known = found.emplace(key_of_hold(hold), hold).first->second;
                known.age = std::max(known.age, std::optional(age_of(seen, now)));
                known.flows += hold.means == Means::Flow ? 1 : 0;
            });
        });

    std::vector<Hold> holds(given.holds);
    for (const auto& [key, hold] : found)
        holds.push_back(hold);
    count_flows(holds);
    std::ranges::sort(holds, [](const Hold& a, const Hold& b) {
        return std::tuple(b.flows, a.host.address, a.host.zone, a.means, a.protocol, a.first_port) <
               std::tuple(a.flows, b.host.address, b.host.zone, b.means, b.protocol, b.first_port);
    });
    return holds;
}

}  // namespace sluice::listing
