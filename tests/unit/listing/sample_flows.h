// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flows for the tests of what operators see, written as one would say them.

#include "catch.h"
#include "conntrack/status.h"
#include "flow/flow_table.h"
#include "listing/flow_entry.h"
#include "net/parse.h"
#include "net/text.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::listing::testing {

using conntrack::TcpState;
using net::Protocol;

inline constexpr Tick kNow{1'000'000};

/// One flow: an inside host toward a server, behind 198.51.100.1.
struct Sample {
    Protocol protocol = Protocol::Tcp;
    int seconds = 100;
    TcpState state = TcpState::None;
    uint8_t status = 0;
    std::string_view source = "10.1.0.10";
    std::string_view destination = "203.0.113.10";
    uint16_t source_port = 40000;  ///< Or the ICMP identifier.
    uint16_t destination_port = 80;
    uint8_t icmp_type = 8;
};

inline net::Tuple original(const Sample& flow) {
    return {.source = *net::parse_address(flow.source),
            .destination = *net::parse_address(flow.destination),
            .source_port = Be16::from_host(flow.source_port),
            .destination_port = flow.protocol == Protocol::Icmp
                                    ? net::icmp_ports(flow.icmp_type, 0)
                                    : Be16::from_host(flow.destination_port),
            .protocol = flow.protocol};
}

inline net::Tuple reply(const Sample& flow) {
    net::Tuple tuple = original(flow).reversed();
    tuple.destination = *net::parse_address("198.51.100.1");
    return tuple;
}

inline FlowEntry entry(const Sample& flow) {
    return {.tuple = {original(flow), reply(flow)},
            .left = Duration::seconds(flow.seconds),
            .state = flow.state,
            .status = flow.status};
}

inline std::unique_ptr<flow::FlowTable> make_table(uint32_t capacity) {
    auto table = flow::FlowTable::create({.capacity = capacity, .max_members = 16});
    REQUIRE(table);
    return std::move(table).value();
}

/// Opens the flow in the table; its record's index. Waits for a record that is about to be free.
inline uint32_t open(flow::FlowTable& table, flow::Member& member, const Sample& flow) {
    uint32_t record = 0;
    while (member.take({&record, 1}) != 1)
        member.quiescent();
    flow::FlowRecord& it = table.record(record);
    it.tuple = {original(flow), reply(flow)};
    it.deadline = kNow + Duration::seconds(flow.seconds);
    it.state = static_cast<uint8_t>(flow.state);
    it.status = flow.status;
    it.owner = 1;
    it.sides = {};
    if (member.insert(record, kNow).outcome != flow::InsertOutcome::Inserted)
        throw std::runtime_error("not inserted");
    return record;
}

/// The nth of many flows that differ in their source ports and addresses.
inline Sample nth(uint32_t n, Sample flow = {.state = TcpState::Established}) {
    static thread_local std::string source;
    source = net::to_string(Be32::from_host(0x0a010000 + n / 60000));
    flow.source = source;
    flow.source_port = static_cast<uint16_t>(1024 + n % 60000);
    flow.destination_port = static_cast<uint16_t>(1 + n / 60000);
    return flow;
}

}  // namespace sluice::listing::testing
