// SPDX-License-Identifier: BSD-3-Clause
#include "control/rerouting.h"

#include "conntrack/protocol_state.h"

#include <array>

namespace sluice::control {
namespace {

using conntrack::ProtocolState;
using conntrack::SctpState;
using conntrack::TcpState;
using flow::Kind;
using net::Direction;
using net::Protocol;
using net::Side;

/// What hangs on others goes before them.
constexpr std::array kRounds{Kind::Flow, Kind::Expectation, Kind::Contact, Kind::Mapping};

/// The other end knows the connection by its addresses: no other can take its place.
bool is_established(const flow::FlowRecord& record) {
    // relaxed: whichever of two states is read, the flow has had it.
    const ProtocolState state(record.state.load(std::memory_order_relaxed));
    switch (record.key(Direction::Original).protocol) {
        case Protocol::Tcp:
            return state.tcp() != TcpState::SynSent && state.tcp() != TcpState::SynSent2;
        case Protocol::Sctp:
            return state.sctp() != SctpState::Closed && state.sctp() != SctpState::CookieWait;
        default:
            return false;
    }
}

}  // namespace

void Rerouting::start() {
    period_ = table_.grace().begin();
    is_walking_ = true;
    round_ = 0;
    position_ = 0;
}

unsigned Rerouting::turn() {
    if (!is_walking_ || (period_ && !table_.grace().is_over(*period_)))
        return 0;
    period_.reset();
    unsigned ended = 0;
    table_.for_each_live(
        position_, position_ + kRecordsPerTurn, [&](uint32_t index, flow::FlowRecord& record) {
            // Before the rest is read: a record of another use since has another word.
            const flow::LifeWord life = record.life.load(std::memory_order_acquire);
            if (record.kind() == kRounds[round_] && is_doomed(record))
                ended += member_.kill(index, life);
        });
    position_ += kRecordsPerTurn;
    if (position_ >= table_.capacity()) {
        position_ = 0;
        is_walking_ = ++round_ < kRounds.size();
    }
    counters_.count[stats::Count::FlowsRerouted].add(ended);
    return ended;
}

/// An expectation goes with the mapping of what was told, which would wait for it.
bool Rerouting::is_doomed(const flow::FlowRecord& record) const {
    if (record.kind() == Kind::Expectation) {
        const auto holder = record.holder.see().index();
        return holder && table_.record(*holder).kind() == Kind::Mapping &&
               is_doomed(table_.record(*holder));
    }
    if (record.kind() == Kind::Flow) {
        const bool is_outward = record.sides.enter(Direction::Original) == Side::Inside &&
                                record.sides.leave(Direction::Original) == Side::Outside;
        if (!is_outward || is_established(record))
            return false;
    }
    const Be32 external = record.key(Direction::Reply).destination;
    const auto uplink = policy_->routes.uplinks().of(external);
    return uplink && !link::contains(living_->usable(), *uplink) && may_go_elsewhere(record);
}

/// Its inside endpoint has no public one for good, and its rule has addresses on another uplink.
bool Rerouting::may_go_elsewhere(const flow::FlowRecord& record) const {
    const net::Tuple& original = record.key(Direction::Original);
    if (policy_->statics.outside_of(original.protocol,
                                    {original.source, original.source_port, original.zone}))
        return false;
    const policy::Rule* rule = record.kind() == Kind::Flow
                                   ? policy_->rules.find(original)
                                   : policy_->rules.find(original.inside_source());
    return rule != nullptr && (rule->uplinks & living_->usable()) != 0;
}

}  // namespace sluice::control
