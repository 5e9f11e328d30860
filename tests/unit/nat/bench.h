// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the tests of this folder stand on: two workers over one table, with a rule and a clock.

#include "catch.h"
#include "conntrack/status.h"
#include "fixed_policy.h"
#include "flow/flow_table.h"
#include "nat/own_flows.h"
#include "packet_builder.h"

#include <memory>
#include <utility>

namespace sluice::nat::testing {

inline constexpr Secret kSecret{1, 2, 3, 4};
inline constexpr auto kServer = "203.0.113.10";
inline constexpr auto kOtherServer = "203.0.113.11";

inline net::Endpoint endpoint(const char* address, uint16_t port) {
    return {test::ip(address), Be16::from_host(port)};
}

inline Be32 host(uint32_t number) {
    return Be32::from_host(0x0a010000 + number);
}

inline net::Tuple udp(Be32 source, uint16_t port, const char* server = kServer) {
    return {
        source, test::ip(server), Be16::from_host(port), Be16::from_host(80), net::Protocol::Udp,
        {}};
}

/// Hosts of 10.1.0.0/16, and so many addresses from 198.51.100.1 on, of which `ports` may be used.
inline RuleParams rule_with(uint32_t addresses, pool::PortRange ports) {
    const Be32 first = test::ip("198.51.100.1");
    return {.inside = {host(0), 16},
            .addresses = {{first, Be32::from_host(first.host() + addresses - 1)}},
            .ports = ports};
}

struct Ground {
    Ground(const HolderParams& holders, RuleParams served_hosts, uint32_t flows)
        : table(make(flows)), served(std::move(served_hosts)), fixed({&served, 1}) {
        fixed.policy.holders = holders;
    }

    static std::unique_ptr<flow::FlowTable> make(uint32_t flows) {
        flow::FlowTableParams params;
        params.capacity = flows;
        params.secret = kSecret;
        return std::move(flow::FlowTable::create(params).value());
    }

    Request outward(const net::Tuple& original) const {
        return Request::outward(original, policy->rules.find(original));
    }

    OwnFlowsParams params() { return {*table, policy, kept, draws, exhaustion, steering, *hosts}; }

    std::unique_ptr<hosts::HostTable> hosts =
        std::move(hosts::HostTable::create({.capacity = 1024, .flows = 1 << 17}).value());
    std::unique_ptr<flow::FlowTable> table;
    RuleParams served;
    test::FixedPolicy fixed;
    const Current& policy = fixed.current;
    const HolderParams& holder_params = fixed.policy.holders;
    const Rule& rule = *policy->rules.find(served.inside.address);
    KeptEndpoints kept = std::move(KeptEndpoints::create({.flows = table->capacity()}).value());
    pool::Draws draws{kSecret};
    pool::Exhaustion exhaustion{rule.pool->size()};
    const io::Steering* steering = nullptr;
    Tick now{0xffff'fff0};  // the clock runs over soon
};

/// One worker's parts, to be used one by one.
struct Hands {
    Hands(Ground& ground, uint8_t worker)
        : member(*ground.table),
          holders({*ground.table, member, stock, counters, worker}, ground.policy),
          mappings(*ground.table, ground.policy),
          ties(holders, mappings),
          allocator(
              {*ground.table, ground.policy, mappings, ground.kept, ground.draws, ground.steering},
              worker) {}

    flow::Member member;
    stats::Counters counters;
    flow::Stock stock{member, 0};
    Holders holders;
    Mappings mappings;
    Ties ties;
    Allocator allocator;
    Trail trail;
};

/// A worker's flows, and flows of UDP that it opens.
struct Opener {
    explicit Opener(Ground& its_ground, uint8_t worker = 0)
        : ground(its_ground),
          member(*ground.table),
          nat(ground.params(), member, counters, worker) {}

    Opening open(Be32 source, uint16_t port, const char* server = kServer) {
        const uint64_t before = probes();
        const Opening opening = nat.open(ground.outward(udp(source, port, server)),
                                         {net::Protocol::Udp, 0, 0}, ground.now);
        nat.finish();
        member.quiescent();
        REQUIRE(probes() - before <= kMaxProbes);
        if (is_answered && opening.outcome == Opening::Outcome::Opened)
            ground.hosts->add_status(opening.flow.index(), ground.table->record(opening.flow),
                                     conntrack::kSeenReply);
        return opening;
    }
    const net::Tuple& reply(const Opening& opening) {
        REQUIRE(opening.outcome == Opening::Outcome::Opened);
        return ground.table->record(opening.flow).key(net::Direction::Reply);
    }
    uint16_t port(const Opening& opening) { return reply(opening).destination_port.host(); }
    void end(uint32_t index) {
        REQUIRE(member.kill(index, ground.table->record(index).life.load()));
    }
    void end(const Opening& opening) { end(opening.flow.index()); }
    uint64_t probes() const { return counters.count[stats::Count::PortProbes].read(); }

    Ground& ground;
    flow::Member member;
    stats::Counters counters;
    OwnFlows nat;
    bool is_answered = false;  ///< Each flow, at once: it gives way to no other.
};

}  // namespace sluice::nat::testing
