// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Outlooks: when the flow table and the ports of public addresses are full, if it goes on so.
///
/// Shape    Looked at every ten seconds. Of ports those sets are followed, an address toward a
///          destination, that are highest, and told of from half of their room on. That a mark is
///          passed, 80, 90 or 95 %, is a line of the log, and an event.
/// Threads  look() is one thread's; the others are any thread's.
/// Memory   kMostSets sets.
/// Cost     Two passes over the flow table; where these take long they come less often, so that
///          they are 5 % of a background CPU at most.

#include "command/passings.h"
#include "command/subject.h"
#include "history/trend.h"
#include "net/tuple.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace sluice::command {

class Outlooks {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr size_t kMostSets = 16;

    /// `subject` outlives it.
    explicit Outlooks(const Subject& subject) : subject_(subject) {}

    void look(Clock::time_point now);

    Outlook flows() const;
    /// Most in use first.
    std::vector<PortOutlook> ports() const;
    /// Of the set of ports that is nearest to full: how full, in thousandths.
    uint32_t fullest() const;
    const Passings& passings() const { return passings_; }

private:
    /// One thing that fills.
    struct Followed {
        history::Trend trend;
        history::Marks marks;
    };
    using Key = std::tuple<Be32, Be32, Be16, net::Protocol>;

    Outlook follow(Followed& followed, uint64_t used, uint64_t room, double seconds) const;
    void look_at_ports(Clock::time_point now);
    void tell(const std::string& whose, Passing passing);

    const Subject& subject_;
    Followed flow_table_;
    std::map<Key, Followed> sets_;
    Clock::time_point next_scan_{};
    Passings passings_;

    mutable std::mutex mutex_;  // of all below
    Outlook flows_;
    std::vector<PortOutlook> ports_;
    uint32_t fullest_ = 0;
};

/// "3 h 20 min", "40 s".
std::string duration_text(uint32_t seconds);

}  // namespace sluice::command
