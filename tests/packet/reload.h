// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reload: another configuration for a testbed whose workers turn.

#include "catch.h"
#include "testbed.h"

#include <atomic>
#include <thread>

namespace sluice::test {

/// Lets `config` hold. Who replaces the policy waits for the workers, so it is another thread.
inline void reload(Testbed& bed, const config::Config& config) {
    const auto policy = bed.gateway().policies().compile(config);
    REQUIRE(policy.ok());
    std::atomic<bool> has_ended{false};
    std::thread other([&] {
        bed.gateway().use(policy.value());
        has_ended = true;
    });
    while (!has_ended)
        bed.run();
    other.join();
}

}  // namespace sluice::test
