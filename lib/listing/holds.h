// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Holds: which inside hosts have a public endpoint, by what, and since when.
///
/// Shape    A hold for each host, means and protocol; for each block, and for each run of forwarded
///          ports. Flows with different destinations share a port, so an endpoint may have several
///          hosts at once.
/// Units    Flows are those that live now, of this host with the endpoint that was asked for, of
///          the hold's protocol where it has one. The age is that of the oldest; one of kOldestHold
///          is that or more.
/// Threads  As the walk's (listing/walk.h).
/// Memory   Some 100 bytes a hold.
/// Cost     A pass over the flow table; only what matches is copied.

#include "base/clock.h"
#include "flow/age.h"
#include "flow/flow_table.h"
#include "listing/public_endpoint.h"
#include "net/tuple.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::listing {

inline constexpr std::chrono::milliseconds kOldestHold{flow::kOldest.milliseconds};

enum class Means : uint8_t {
    Flow,
    Mapping,   ///< Or one that has ended, whose port rests.
    Block,     ///< Of ports, which nobody else is given meanwhile.
    Forward,   ///< By the configuration.
    OneToOne,  ///< Likewise, the whole address.
};

struct Hold {
    Means means = Means::Flow;
    net::InsideAddress host = Be32{};
    std::optional<net::Protocol> protocol = {};  ///< None: all.
    uint16_t first_port = 0;                     ///< Of what is held and was asked for; a block's
    uint16_t last_port = 65535;                  ///< and a forward's are all that it has.
    std::optional<std::chrono::milliseconds> age = {};  ///< None by the configuration.
    uint64_t flows = 0;

    /// It has been there for longer than its age says.
    bool is_older() const { return age && *age >= kOldestHold; }
    bool operator==(const Hold&) const = default;
};

/// What the configuration says about a public endpoint.
struct Given {
    uint16_t block_ports = 0;      ///< In a block; 0: there are none.
    std::vector<Hold> holds = {};  ///< Forward and OneToOne, without flows.
};

/// The hosts with the most flows first.
std::vector<Hold> holds_of(const PublicEndpoint& endpoint, const Given& given,
                           flow::FlowTable& flows, Tick now);

}  // namespace sluice::listing
