// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sync: the other gateway of a pair, as --sync, --sync-key, --sync-flows and --role say it.

#include "net/tuple.h"

#include <cstdint>
#include <string>

namespace sluice::config {

/// Which of the two the gateway is when it starts.
enum class Role : uint8_t { Active, Standby };

/// Which flows the peer is told.
enum class SyncFlows : uint8_t {
    Assured,  ///< Those that have been answered, and would be kept in a full table.
    All,
};

struct Sync {
    net::Endpoint listen;    ///< Of this machine's kernel.
    net::Endpoint peer;      ///< Of the other's.
    uint8_t priority = 100;  ///< Of two that are active the one with less steps back.
};

}  // namespace sluice::config
