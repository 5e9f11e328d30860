// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sizes: how much a gateway's tables hold, and what memory they take.
///
/// Threads  Pure functions of a configuration that has been validated.

#include "config/config.h"
#include "state/image.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::gateway {

/// Every worker's reserve comes on top of what the operator asks for.
uint32_t flow_records(const config::Config& config);
uint32_t host_entries(const config::Config& config);
/// Prefixes whose flows can be counted at once.
uint32_t prefix_entries(const config::Config& config);
/// Hosts whose packets and bytes are counted, with --accounting.
uint32_t total_rows(const config::Config& config);

/// What the flow table, and the numbers of IPv6 hosts, have of memory that outlives the process.
state::Shape state_shape(const config::Config& config);

/// Bytes that the tables of flows, of inside hosts, both of quotas, of kept endpoints and both of
/// totals take, each in a mapping of whole large pages of 2 MB; without what lies in a state file.
std::array<size_t, 7> table_bytes(const config::Config& config);

/// Bytes of ordinary memory beside these: what helpers know of flows, what the other of a pair has
/// told, the numbers of IPv6 hosts, and the sums of hosts while a list of them is made.
size_t heap_bytes(const config::Config& config);

}  // namespace sluice::gateway
