// SPDX-License-Identifier: BSD-3-Clause
#include "table_check.h"

#include "net/text.h"

#include <algorithm>
#include <cstring>

namespace sluice::test {
namespace {

using net::Direction;
using net::Endpoint;
using net::Side;

std::string text(net::Protocol protocol, Endpoint endpoint) {
    return net::to_string(endpoint.address) + ':' + std::to_string(endpoint.port.host()) + '/' +
           std::to_string(static_cast<unsigned>(protocol));
}

bool is_same(const net::Tuple& a, const net::Tuple& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

bool has_two(std::vector<net::Tuple>& keys) {
    std::sort(keys.begin(), keys.end(), [](const net::Tuple& a, const net::Tuple& b) {
        return std::memcmp(&a, &b, sizeof a) < 0;
    });
    return std::adjacent_find(keys.begin(), keys.end(), is_same) != keys.end();
}

}  // namespace

void TableCheck::hold(net::Protocol protocol, Endpoint external, Endpoint inside) {
    holds_.push_back({protocol, external, inside});
}

void TableCheck::own(Be32 external, Be32 inside) {
    owns_.push_back({external, inside});
}

bool TableCheck::shows(Be32 external) const {
    return std::find(shown_.begin(), shown_.end(), external) != shown_.end();
}

std::string TableCheck::fault(flow::FlowTable& table, Tick now) const {
    std::vector<net::Tuple> keys;
    std::vector<Hold> holds = holds_;
    std::vector<Hold> ends;
    table.for_each_live(0, table.capacity(), [&](uint32_t, const flow::FlowRecord& record) {
        if (!record.deadline.load().is_after(now))
            return;  // no lookup sees it
        const net::Tuple& original = record.key(Direction::Original);
        const net::Tuple& reply = record.key(Direction::Reply);
        keys.insert(keys.end(), {original, reply});
        const Endpoint source{original.source, original.source_port};
        const Endpoint source_seen{reply.destination, reply.destination_port};
        if (record.kind() == flow::Kind::Mapping)
            holds.push_back({original.protocol, source_seen, source});
        if (record.kind() != flow::Kind::Flow)
            return;
        if (record.sides.enter(Direction::Original) == Side::Inside)
            ends.push_back({original.protocol, source_seen, source});
        if (record.sides.leave(Direction::Original) == Side::Inside)
            ends.push_back({original.protocol,
                            {original.destination, original.destination_port},
                            {reply.source, reply.source_port}});
    });
    if (has_two(keys))
        return "two flows have one key";
    for (const Hold& hold : holds)  // of each other, too
        if (std::string fault = fault_of(hold, holds); !fault.empty())
            return fault;
    for (const Hold& end : ends)
        if (std::string fault = fault_of(end, holds); !fault.empty())
            return fault;
    return {};
}

/// What is wrong with an inside endpoint that is seen outside as it is.
std::string TableCheck::fault_of(const Hold& end, const std::vector<Hold>& holds) const {
    const std::string_view seen_as = " is seen as ";
    const auto what = [&] {
        return text(end.protocol, end.inside).append(seen_as) + text(end.protocol, end.external);
    };
    if (!shows(end.external.address))
        return what() + ", which is not public";
    bool is_held = false;
    for (const Hold& hold : holds) {
        const bool is_inside = hold.inside == end.inside;
        const bool is_external = hold.external == end.external;
        if (hold.protocol != end.protocol || (!is_inside && !is_external))
            continue;
        if (is_inside != is_external)
            return what() + ", but " + text(hold.protocol, hold.external) + " is held by " +
                   text(hold.protocol, hold.inside);
        is_held = true;
    }
    for (const Own& own : owns_) {
        const bool is_inside = own.inside == end.inside.address;
        const bool is_external = own.external == end.external.address;
        if (!is_held && is_inside != is_external)
            return what() + ", but " + net::to_string(own.external) + " is a host's own";
    }
    return {};
}

}  // namespace sluice::test
