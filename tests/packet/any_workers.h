// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Testbeds of one worker and of several in turn, also with fewer queues than workers: packets of a
/// flow come to others than its owner.

#include "catch.h"
#include "testbed.h"

namespace sluice::test {

/// A generator: the test case runs once with each.
inline TestbedOptions any_workers() {
    struct Row {
        unsigned workers;
        uint16_t queues;
    };
    const Row row = GENERATE(values<Row>({{1, 1}, {2, 2}, {3, 3}, {3, 1}}));
    CAPTURE(row.workers, row.queues);
    return {.workers = row.workers, .rx_queues = row.queues};
}

}  // namespace sluice::test
