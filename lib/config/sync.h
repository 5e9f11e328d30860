// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sync: the other gateway of a pair, as --sync, --sync-… and --role say it.

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

/// By which the two know one another, where they do not by a key; all files, or none.
struct SyncCertificates {
    std::string chain;      ///< Of this gateway's certificate.
    std::string key;        ///< Of its key.
    std::string authority;  ///< Of those whose certificates are believed.
    std::string peer_name;  ///< Empty: the peer's certificate is of its address.

    bool are_used() const { return !chain.empty(); }
};

}  // namespace sluice::config
