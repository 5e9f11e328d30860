// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Shared: what all workers share, beside the packets.
///
/// Threads  Immutable, or safe for any worker by itself.

#include "answer/budgets.h"
#include "conntrack/tuning.h"
#include "flow/flow_table.h"
#include "fragment/datagrams.h"
#include "hosts/host_table.h"
#include "link/interfaces.h"
#include "link/next_hops.h"
#include "link/routes.h"
#include "nat/nat.h"
#include "policy/rules.h"
#include "worker/admission.h"

#include <cstdint>

namespace sluice::worker {

/// How the checksums of what arrives are looked at.
enum class Verify : uint8_t { TrustNic, Software, Never };

/// All of it outlives the workers.
struct Shared {
    flow::FlowTable& table;
    const policy::Rules& rules;
    pool::Exhaustion& exhaustion;
    nat::KeptEndpoints& kept_endpoints;
    const pool::Draws& draws;
    const pool::Steering* steering = nullptr;  ///< Null: replies arrive where they arrive.
    const pool::StaticMappings& statics;
    conntrack::Tuning tuning;
    nat::HolderParams holders;
    hosts::HostTable& hosts;
    hosts::Limits host_limits;
    uint32_t reserve = 0;  ///< Records that each worker keeps for a full table.
    const link::Interfaces& interfaces;
    const link::Routes& routes;
    link::NextHops& next_hops;
    const Admission& admission;
    answer::Budgets& budgets;
    Verify verify = Verify::TrustNic;
    fragment::Limits fragments;     ///< Of each worker.
    uint16_t most_mss = 0;          ///< A larger MSS is lowered to it; 0 for never.
    bool clamps_to_mtu = false;     ///< To what the smaller MTU of the ports allows, instead.
    bool reject_invalid = false;    ///< Inside hosts learn by a RST that their segment is invalid.
    bool reject_exhausted = false;  ///< Inside hosts learn that there is no port for their flow.
    unsigned workers = 1;
    bool spread_flows =
        false;  ///< Fewer RX queues than workers: new flows go where their hash says.
};

}  // namespace sluice::worker
