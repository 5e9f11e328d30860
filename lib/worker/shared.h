// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Shared: what all workers share, beside the packets.
///
/// Threads  Immutable, or safe for any worker by itself.

#include "answer/budgets.h"
#include "answer/token_bucket.h"
#include "flow/flow_table.h"
#include "fragment/datagrams.h"
#include "helper/helped.h"
#include "hosts/host_table.h"
#include "link/interfaces.h"
#include "link/next_hops.h"
#include "nat/own_flows.h"
#include "nat64/edge.h"
#include "observe/watches.h"
#include "policy/current.h"
#include "pool/holdings.h"
#include "pool/own_ports.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::worker {

/// What workers know of the kernel's twins of interfaces.
struct Twins {
    const pool::OwnPorts* own_ports = nullptr;    ///< Null where there is no twin.
    answer::Rate rate = {};                       ///< Of packets for the kernel, by each.
    std::span<answer::TokenBucket> buckets = {};  ///< By interface.
};

/// All of it outlives the workers.
struct Shared {
    flow::FlowTable& table;
    const policy::Current& policy;  ///< Each worker follows it, once a turn.
    pool::Exhaustion& exhaustion;
    nat::KeptEndpoints& kept_endpoints;
    const pool::Draws& draws;
    const io::Steering* steering = nullptr;  ///< Null: replies arrive where they arrive.
    hosts::HostTable& hosts;
    hosts::Quotas& quotas;
    uint32_t reserve = 0;  ///< Records that each worker keeps for a full table.
    const link::Interfaces& interfaces;
    link::NextHops& next_hops;
    const link::LivingUplinks& living_uplinks;
    const observe::Watches& watches;
    answer::Budgets& budgets;
    fragment::Limits fragments;  ///< Of each worker.
    unsigned workers = 1;
    bool spread_flows =
        false;  ///< Fewer RX queues than workers: new flows go where their hash says.
    bool may_inherit = false;  ///< Flows may be there that none of its policies has opened.
    Twins twins = {};
    helper::Helped* helpers = nullptr;           ///< Null: no flow is helped.
    std::optional<nat64::EdgeParams> ipv6 = {};  ///< Nothing: IPv6 is not served.
    nat64::Numbers* numbers = nullptr;           ///< Of IPv6 hosts, where it is.
    /// Whether this gateway forwards, where it is one of two; null: it does.
    const std::atomic<bool>* is_active = nullptr;
    /// Of a cluster's public addresses, where it is one of its gateways; null: they are all its
    /// own.
    const pool::Holdings* holdings = nullptr;
};

}  // namespace sluice::worker
