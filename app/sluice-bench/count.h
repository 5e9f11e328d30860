// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench count`: packets of one kind and no more, for who counts what the worker does for
/// each. Nothing is timed.

#include "rig/options.h"

#include <string>

namespace sluice::bench {

struct CountOptions {
    std::string kind;  ///< One of kCountKinds.
    unsigned batches = 8;
    unsigned burst = 32;
    PageKind pages = PageKind::Huge;
};

/// Packets of known flows, also with --accounting, those of UDP also while somebody watches others;
/// first packets of flows; connections from their first packet to the last.
inline constexpr const char* kCountKinds[] = {"udp",       "udp-watched",    "udp-accounting",
                                              "tcp",       "tcp-accounting", "udp-nat64",
                                              "tcp-nat64", "udp-open",       "tcp-lives"};

/// Prints how many packets, or flows that opened, there were; returns the exit code.
int run_count(const CountOptions& options);

}  // namespace sluice::bench
