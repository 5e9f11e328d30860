// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Top hosts: the inside hosts with the most flows, external ports, new flows or bytes.
///
/// Shape    Flows and rates are the host table's. Ports are counted from the flow table, for the
///          hosts that are listed and for those that could be among them.
/// Units    A port is one external port of one protocol and public address, however many flows
///          share it; so is an ICMP identifier.
/// Threads  Any, several at once; the table is read by a member for 1 024 records at a time.
/// Memory   Some 40 bytes a host that has flows; 8 bytes a port that is counted.
/// Cost     A pass over the host table, and two or a few over the flow table.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "listing/traffic_totals.h"

#include <cstddef>
#include <vector>

namespace sluice::listing {

/// Of them Bytes is for lists with totals alone.
enum class HostOrder : uint8_t { Flows, Ports, Rate, Bytes };

struct TopHostsWish {
    HostOrder order = HostOrder::Flows;
    size_t count = 20;
    const TrafficTotals* totals = nullptr;
};

struct TopHost {
    hosts::Host host;
    uint32_t ports = 0;
    uint32_t blocks = 0;              ///< Of ports, that it has to itself.
    hosts::SideTraffic traffic = {};  ///< Where there are totals.
};

/// The first `count` hosts by `order`, most first. With totals their traffic is told; by bytes
/// there are hosts, too, that have no flow any more.
std::vector<TopHost> top_hosts(const hosts::HostTable& hosts, flow::FlowTable& flows,
                               const TopHostsWish& wish, Tick now);

}  // namespace sluice::listing
