// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Member of two: a gateway of a cluster that shares two addresses with another, to which flows can
/// be told.

#include "cluster/inbox.h"
#include "config/config.h"
#include "pool/holdings.h"
#include "testbed.h"

#include <chrono>
#include <functional>

namespace sluice::test {

inline constexpr auto kFirstOfTwo = "198.51.100.10";
inline constexpr auto kSecondOfTwo = "198.51.100.11";

/// It holds the one at `index`.
struct MemberOfTwo {
    explicit MemberOfTwo(size_t index, const std::function<void(config::Config&)>& change = {})
        : holdings({ip(kFirstOfTwo), ip(kSecondOfTwo)}), bed(options(index, change)) {
        bed.advance(Duration{300});
    }

    TestbedOptions options(size_t index, const std::function<void(config::Config&)>& change) {
        holdings.extend(std::chrono::steady_clock::now().time_since_epoch() +
                        std::chrono::hours(1));
        holdings.hold(index, true);
        holdings.leave_to_other(1 - index, true);
        TestbedOptions options;
        options.holdings = &holdings;
        options.inbox = &inbox;
        options.secret = index + 1;
        options.start = Tick{static_cast<uint32_t>(1000 + index * 0xfffffff0)};
        options.configure = [change](config::Config& config) {
            config.pool = {{ip(kFirstOfTwo), ip(kSecondOfTwo)}};
            if (change)
                change(config);
        };
        return options;
    }

    pool::Holdings holdings;
    cluster::Inbox inbox;
    Testbed bed;
};

}  // namespace sluice::test
