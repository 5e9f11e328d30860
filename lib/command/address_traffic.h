// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Address traffic: packets and bytes of each public address, looked at now and then, for metrics.
///
/// Shape    The first kMostTold that have been seen, in that order, and all others together, so
///          that an address stays what it is called by. No figure goes back, although a flow that
///          ends during a look is missing in it. Figures begin at 0 with this object: what flows
///          bring with them from a process before (--state), that one has told.
/// Threads  look() is one thread's; read() any's.
/// Memory   listing/traffic_totals.h, during a look.
/// Cost     A pass over the flow table; where that takes long it comes less often, so that it is
///          5 % of a background CPU at most. Nothing without --accounting.

#include "command/subject.h"
#include "hosts/traffic_table.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::command {

class AddressTraffic {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr size_t kMostTold = 100;

    /// `subject` outlives it, and forwards nothing yet.
    explicit AddressTraffic(const Subject& subject);

    void look(Clock::time_point now);
    std::vector<AddressReport> read() const;

private:
    hosts::SideTraffic since_start(const std::string& name,
                                   const hosts::SideTraffic& traffic) const;
    void take(const std::string& name, const hosts::SideTraffic& traffic);

    const Subject& subject_;
    Clock::time_point next_{};
    std::unordered_map<std::string, hosts::SideTraffic> before_;  // the start, by address

    mutable std::mutex mutex_;  // of what follows
    std::vector<AddressReport> told_;
    std::unordered_map<std::string, size_t> place_;
};

}  // namespace sluice::command
