// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Port pressure: toward which destinations a public address runs short of ports.
///
/// Shape    A port is in use toward one destination (address and port) of one protocol; toward
///          another it is free. So each public address has as many ports as its pool gives it for
///          every destination.
/// Units    Ports from 1024 on; an ICMP identifier counts as a port, toward a server.
/// Threads  As the walk's (listing/walk.h).
/// Memory   8 MB, whatever the number of flows: destinations are first counted by a hash, and then
///          exactly where that is high. What stands at the top is exact; of destinations with a
///          few dozen ports in use each some may be missed.
/// Cost     Two passes over the flow table.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "net/tuple.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::listing {

struct Pressure {
    Be32 address;  ///< Public.
    Be32 destination;
    Be16 destination_port;
    net::Protocol protocol{};
    uint32_t used = 0;
};

/// The `count` highest, most ports in use first.
std::vector<Pressure> port_pressure(flow::FlowTable& flows, size_t count, Tick now);

/// Address and port; the address alone of an ICMP server.
std::string destination_of(const Pressure& pressure);

}  // namespace sluice::listing
