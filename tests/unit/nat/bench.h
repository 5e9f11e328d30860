// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What holders, mappings and blocks stand on, for their tests: two workers over one table, with a
/// rule and a clock.

#include "flow/flow_table.h"
#include "nat/mapper.h"
#include "nat/port_blocks.h"
#include "packet_builder.h"

#include <memory>
#include <utility>
#include <vector>

namespace sluice::nat::testing {

inline net::Endpoint endpoint(const char* address, uint16_t port) {
    return {test::ip(address), Be16::from_host(port)};
}

inline Be32 host(uint32_t number) {
    return Be32::from_host(0x0a010000 + number);
}

struct Ground {
    Ground(const HolderParams& holders, RuleParams served_hosts, uint32_t flows)
        : table(make(flows)), params(holders), served(std::move(served_hosts)) {}

    static std::unique_ptr<flow::FlowTable> make(uint32_t flows) {
        flow::FlowTableParams params;
        params.capacity = flows;
        params.secret = {1, 2, 3, 4};
        return std::move(flow::FlowTable::create(params).value());
    }

    std::unique_ptr<flow::FlowTable> table;
    HolderParams params;
    RuleParams served;
    Rules rules{{&served, 1}, 1};
    const Rule& rule = *rules.find(served.inside.address);
    pool::StaticMappings statics;
    pool::Exhaustion exhaustion{rule.pool->size()};
    Tick now{0xffff'fff0};  // the clock runs over soon
};

/// One worker's.
struct Hands {
    Hands(Ground& ground, uint8_t worker)
        : member(*ground.table),
          holders({*ground.table, member, stock, counters, worker}, ground.params),
          blocks({*ground.table, ground.statics, ground.exhaustion}, ground.params.blocks, holders,
                 counters, worker),
          mapper({*ground.table, ground.rules, ground.statics, ground.exhaustion}, holders, blocks,
                 worker) {}

    flow::Member member;
    stats::Counters counters;
    Stock stock{member, 0};
    Holders holders;
    PortBlocks blocks;
    Mapper mapper;
};

}  // namespace sluice::nat::testing
