// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Top rows: what `top` shows, made from two readings of a gateway.
///
/// Shape    Plain text, the most important first; whoever shows it cuts what has no room.
/// Units    Packets, flows and drops in a second, over the time between the readings. Where a
///          counter has gone back the gateway has started again, and it counts from 0.
/// Errors   None: what a reading lacks is 0, or has no row.

#include "sluicectl/row_filter.h"

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluicectl {

struct Reading {
    nlohmann::json stats;  ///< Of /v1/stats,
    nlohmann::json hosts;  ///< /v1/hosts
    nlohmann::json ports;  ///< and /v1/ports.
    std::chrono::steady_clock::time_point at = {};
};

/// `most` rows of each list, of drops, hosts and ports those that the filter wants.
std::vector<std::string> top_rows(const Reading& before, const Reading& now, size_t most,
                                  const RowFilter& filter = RowFilter());

}  // namespace sluicectl
